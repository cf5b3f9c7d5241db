//! The header of a frame, as bytes and as values.
//!
//! Owns the layout of RFC 6455 section 5.2. Judges nothing: which headers are allowed is decided by
//! `decoder`.
//!
//! ```text
//!   7 6 5 4 3 2 1 0   7 6 5 4 3 2 1 0
//!  +-+-+-+-+-------+ +-+-------------+ +---------------+ +----------------+
//!  |F|R|R|R|opcode | |M| length      | | extended      | | masking key    |
//!  |I|S|S|S|       | |A| 0..=125     | | length: 0, 2  | | 0 or 4 bytes   |
//!  |N|1|2|3|       | |S| 126: 2 more | | or 8 bytes    | |                |
//!  | | | | |       | |K| 127: 8 more | |               | |                |
//!  +-+-+-+-+-------+ +-+-------------+ +---------------+ +----------------+
//! ```

use super::opcode::Opcode;

/// The most bytes a header can take: two, an eight-byte length, a four-byte key.
pub(crate) const MAX_LEN: usize = 14;

pub(crate) const FIN: u8 = 0x80;
pub(crate) const RESERVED: u8 = 0x70;
pub(crate) const RSV1: u8 = 0x40;
pub(crate) const MASKED: u8 = 0x80;
pub(crate) const LENGTH: u8 = 0x7f;

/// The header of a frame as it arrived, whether or not it keeps the rules.
///
/// This is what a [`Tap`](crate::Tap) sees of a frame before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Where the frame starts, in bytes received since the handshake.
    pub offset: u64,
    /// The first byte: FIN, the three reserved bits, the opcode.
    pub first: u8,
    /// The second byte: the mask bit, and the length or the number that announces a longer one.
    pub second: u8,
    /// The masking key, if the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// The length of the payload.
    pub payload_len: u64,
    /// The length of the header itself, 2 to 14 bytes.
    pub header_len: u8,
}

impl FrameHeader {
    /// Reads a header from the start of `bytes`, or `None` while it is incomplete. It judges nothing.
    #[inline]
    //= https://www.rfc-editor.org/rfc/rfc6455#section-6.2
    //# Incoming data MUST be parsed as WebSocket frames as defined in Section 5.2.
    pub fn parse(bytes: &[u8], offset: u64) -> Option<Self> {
        let (&first, rest) = bytes.split_first()?;
        let (&second, rest) = rest.split_first()?;
        let (payload_len, rest) = match second & LENGTH {
            126 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*length), rest)
            }
            short => (u64::from(short), rest),
        };
        let (mask, rest) = if second & MASKED == 0 {
            (None, rest)
        } else {
            let (key, rest) = rest.split_first_chunk()?;
            (Some(*key), rest)
        };
        let header_len = (bytes.len() - rest.len()) as u8;
        Some(Self { offset, first, second, mask, payload_len, header_len })
    }

    /// Whether this is the last fragment of its message.
    pub const fn fin(&self) -> bool {
        self.first & FIN != 0
    }

    /// The reserved bits: RSV1 is 4, RSV2 is 2, RSV3 is 1.
    pub const fn reserved(&self) -> u8 {
        (self.first & RESERVED) >> 4
    }

    /// The opcode, or `None` for a reserved one.
    pub const fn opcode(&self) -> Option<Opcode> {
        Opcode::from_nibble(self.first)
    }
}
