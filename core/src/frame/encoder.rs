//! Writing frame headers.
//!
//! Owns the bytes in front of a payload that this end sends. Knows nothing of where they go.

use super::header::{FIN, MASKED, RSV1};
use super::opcode::Opcode;
use alloc::vec::Vec;

/// A header ready to be sent.
///
/// It is put together in a register: pieces stored one by one would have to be read back as one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EncodedHeader {
    bytes: [u8; 16],
    len: u8,
}

impl EncodedHeader {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// Appends the header. Eight bytes, or all its room, are copied and the excess cut off: a copy of
    /// a fixed size takes an instruction or two, one of a variable size a call.
    #[inline(always)]
    pub(crate) fn append_to(&self, buffer: &mut Vec<u8>) {
        let end = buffer.len() + usize::from(self.len);
        match self.bytes.first_chunk::<8>() {
            Some(short) if self.len <= 8 => buffer.extend_from_slice(short),
            _ => buffer.extend_from_slice(&self.bytes),
        }
        buffer.truncate(end);
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
#[inline(always)]
pub(crate) fn encode(kind: FrameKind, payload_len: usize, key: Option<[u8; 4]>) -> EncodedHeader {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    //# MUST be 0 unless an extension is negotiated that defines meanings for non-zero values.
    let first =
        kind.opcode as u8 | if kind.fin { FIN } else { 0 } | if kind.compressed { RSV1 } else { 0 };
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.2
    //# Note that in all cases, the minimal number of bytes MUST be used to encode the length
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.3
    //# A masked frame MUST have the field frame-masked set to 1, as defined in Section 5.2.
    let (mask_bit, key, key_len) = match key {
        Some(key) => (MASKED, u128::from(u32::from_le_bytes(key)), 4),
        None => (0, 0, 0),
    };
    // The first byte lowest. Extended lengths are swapped to stand in network byte order.
    let start = |length| u128::from(first) | u128::from(mask_bit | length) << 8;
    let (word, len) = match payload_len {
        0..=125 => (start(payload_len as u8) | key << 16, 2),
        126..=0xffff => {
            let length = u128::from((payload_len as u16).swap_bytes());
            (start(126) | length << 16 | key << 32, 4)
        }
        _ => {
            let length = u128::from((payload_len as u64).swap_bytes());
            (start(127) | length << 16 | key << 80, 10)
        }
    };
    EncodedHeader { bytes: word.to_le_bytes(), len: len + key_len }
}

#[cfg(test)]
mod tests {
    use super::{FrameKind, Opcode, encode};

    #[test]
    fn lengths_take_the_fewest_bytes() {
        let binary = FrameKind::whole(Opcode::Binary);
        let header = |len| encode(binary, len, None).as_bytes().to_vec();
        assert_eq!(header(0), [0x82, 0]);
        assert_eq!(header(125), [0x82, 125]);
        assert_eq!(header(126), [0x82, 126, 0, 126]);
        assert_eq!(header(0xffff), [0x82, 126, 0xff, 0xff]);
        assert_eq!(header(0x1_0000), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        let masked = encode(binary, 0x1_0000, Some([1, 2, 3, 4]));
        assert_eq!(masked.as_bytes(), [0x82, 255, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4]);
    }
}
