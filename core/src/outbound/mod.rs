//! The sending half: from commands to bytes.
//!
//! Owns what this end says. Knows of the peer only what the state of the connection tells.

pub(crate) mod framer;
pub(crate) mod message;
pub(crate) mod pongs;
pub(crate) mod prepared;
pub(crate) mod queue;
pub(crate) mod sender;
