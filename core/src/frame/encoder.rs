//! Writing frame headers.
//!
//! Owns the bytes in front of a payload that this end sends. Knows nothing of where they go.

use super::header::{FIN, MASKED, MAX_LEN, RSV1};
use super::opcode::Opcode;

/// A header ready to be sent: at most 14 bytes, kept inline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodedHeader {
    bytes: [u8; MAX_LEN],
    len: u8,
}

impl EncodedHeader {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

/// What the header of an outgoing frame says besides its length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameKind {
    pub(crate) opcode: Opcode,
    pub(crate) fin: bool,
    pub(crate) compressed: bool,
}

impl FrameKind {
    /// A frame that is a message, or a control frame, by itself.
    pub(crate) const fn whole(opcode: Opcode) -> Self {
        Self { opcode, fin: true, compressed: false }
    }
}

/// Encodes a header with the length in the fewest bytes.
#[inline]
pub(crate) fn encode(kind: FrameKind, payload_len: usize, key: Option<[u8; 4]>) -> EncodedHeader {
    let mut bytes = [0; MAX_LEN];
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    //# MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.
    bytes[0] =
        kind.opcode as u8 | if kind.fin { FIN } else { 0 } | if kind.compressed { RSV1 } else { 0 };
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    //# Note that in all cases, the minimal number of bytes MUST be used to encode the length
    let mut len = match payload_len {
        0..=125 => {
            bytes[1] = payload_len as u8;
            2
        }
        126..=0xffff => {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&(payload_len as u16).to_be_bytes());
            4
        }
        _ => {
            bytes[1] = 127;
            bytes[2..10].copy_from_slice(&(payload_len as u64).to_be_bytes());
            10
        }
    };
    if let Some(key) = key {
        bytes[1] |= MASKED;
        bytes[len..len + 4].copy_from_slice(&key);
        len += 4;
    }
    EncodedHeader { bytes, len: len as u8 }
}
