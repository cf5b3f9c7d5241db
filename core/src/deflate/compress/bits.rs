//! Bits on their way into bytes, low bit first.
//!
//! Owns the order of bits in a byte (RFC 1951 section 3.1.1). Knows nothing of what they mean.

use alloc::vec::Vec;

/// Appends to `output`. Whole bytes leave at once; the rest waits for more, or for [`Writer::align`].
#[derive(Debug)]
pub(super) struct Writer<'a> {
    output: &'a mut Vec<u8>,
    waiting: u64,
    /// Bits that wait, below 8 between calls.
    count: u32,
}

impl<'a> Writer<'a> {
    pub(super) fn new(output: &'a mut Vec<u8>) -> Self {
        Self { output, waiting: 0, count: 0 }
    }

    /// Appends the low `count` bits of `bits`, at most 56; those above are 0.
    #[inline(always)]
    pub(super) fn push(&mut self, bits: u64, count: u8) {
        debug_assert!(count <= 56 && bits >> count == 0, "{count} bits of {bits:#x}");
        self.waiting |= bits << self.count;
        self.count += u32::from(count);
        // Always eight bytes, of which those that are not whole are taken back: no branch to mispredict.
        let whole = self.output.len() + self.count as usize / 8;
        self.output.extend_from_slice(&self.waiting.to_le_bytes());
        self.output.truncate(whole);
        self.waiting >>= self.count & !7;
        self.count &= 7;
    }

    /// Appends bits of 0 up to the next byte, and gives the bytes that were written so far.
    pub(super) fn align(&mut self) -> &mut Vec<u8> {
        self.push(0, (8 - self.count as u8) % 8);
        self.output
    }

    /// How long the output is once `more` bits were appended and aligned.
    pub(super) fn length_with(&self, more: usize) -> usize {
        self.output.len() + (self.count as usize + more).div_ceil(8)
    }
}
