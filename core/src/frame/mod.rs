//! Frames: RFC 6455 section 5.
//!
//! Owns the bytes of a frame: opcodes, headers, and the rules that a single frame must keep. Knows
//! nothing of messages.

pub(crate) mod close;
pub(crate) mod decoder;
pub(crate) mod encoder;
pub(crate) mod header;
pub(crate) mod opcode;
