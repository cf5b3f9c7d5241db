//! The receiving half: from bytes to events.
//!
//! Owns what the peer said and has not been handed out yet. Knows of this end only what must be said
//! in answer: pongs, the closing handshake, the end.

pub(crate) mod assembly;
pub(crate) mod events;
pub(crate) mod input;
pub(crate) mod receiver;
pub(crate) mod tap;
