//! The connection's own read buffer.
//!
//! Owns the space that is given to a socket, how much of it, and the bytes there that no event was
//! taken from yet. The space is zeroed once, when the buffer grows, and not before each read. Knows
//! nothing of what the bytes mean.

use alloc::vec::Vec;

/// How much is read at a time by a connection that is quiet.
const SMALLEST_READ: usize = 512;

/// And by one whose reads are always full: what the first-level cache still holds while it is unmasked.
/// With 64 KiB messages of 1 KiB took a third longer.
const LARGEST_READ: usize = 16 << 10;

#[derive(Debug)]
pub(crate) struct Input {
    /// All of it is initialised; the first `filled` bytes wait.
    bytes: Vec<u8>,
    filled: usize,
    /// The decoder's offset when the first byte of the buffer was next.
    offset: u64,
    read: usize,
    /// The length of the space that was given out, until bytes of it are read.
    given: usize,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), filled: 0, offset: 0, read: SMALLEST_READ, given: 0 }
    }

    /// Space for the next read, behind what waits.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        let end = self.filled + self.read;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        self.given = self.read;
        &mut self.bytes[self.filled..end]
    }

    /// Takes the space back, unread.
    #[inline]
    pub(crate) fn withdraw(&mut self) {
        self.given = 0;
    }

    /// How many of `count` bytes can have been read: no more than there was space for, and only once.
    pub(crate) fn admit(&mut self, count: usize) -> usize {
        count.min(core::mem::take(&mut self.given))
    }

    /// Counts the first `count` bytes of the space as read; returns everything that waits.
    pub(crate) fn fill(&mut self, count: usize) -> &mut [u8] {
        if count == self.read {
            self.read = (self.read * 2).min(LARGEST_READ);
        }
        self.filled = self.bytes.len().min(self.filled + count);
        &mut self.bytes[..self.filled]
    }

    /// Drops the bytes that the decoder has taken.
    pub(crate) fn drop_taken(&mut self, offset: u64) {
        let taken = usize::try_from(offset - self.offset).unwrap_or(usize::MAX).min(self.filled);
        self.bytes.copy_within(taken..self.filled, 0);
        self.filled -= taken;
        self.offset = offset;
    }

    /// Gives the buffer back, if nothing waits in it and nobody is reading into it.
    pub(crate) fn shrink(&mut self) {
        if self.filled == 0 && self.given == 0 {
            *self = Self { offset: self.offset, ..Self::new() };
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}
