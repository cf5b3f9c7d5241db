//! The four-bit opcode of a frame.
//!
//! Owns the meaning of opcodes (RFC 6455 sections 5.2 and 11.8). Knows nothing of headers.

/// What a frame carries: RFC 6455 section 5.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Opcode {
    /// `0x0`: the next fragment of the message in progress.
    Continuation = 0x0,
    /// `0x1`: a text message, or its first fragment.
    Text = 0x1,
    /// `0x2`: a binary message, or its first fragment.
    Binary = 0x2,
    /// `0x8`: the closing handshake.
    Close = 0x8,
    /// `0x9`: a request for a pong.
    Ping = 0x9,
    /// `0xa`: the answer to a ping, or an unasked sign of life.
    Pong = 0xa,
}

impl Opcode {
    /// The opcode for the low four bits of `nibble`, or `None` for a reserved one.
    pub const fn from_nibble(nibble: u8) -> Option<Self> {
        match nibble & 0x0f {
            0x0 => Some(Self::Continuation),
            0x1 => Some(Self::Text),
            0x2 => Some(Self::Binary),
            0x8 => Some(Self::Close),
            0x9 => Some(Self::Ping),
            0xa => Some(Self::Pong),
            _ => None,
        }
    }

    /// Whether this is a control frame: the highest of the four bits is set (RFC 6455 section 5.5).
    pub const fn is_control(self) -> bool {
        self as u8 & 0x08 != 0
    }
}
