//! The last bytes of plain text of one direction.
//!
//! Owns what a folded context keeps between messages: a ring of at most 2^w bytes that any engine can
//! be started from. Knows nothing of engines or of DEFLATE. RFC 7692 sections 7.1.1 and 7.1.2.

use alloc::vec::Vec;

/// A ring that grows with what arrives and never beyond its limit.
///
/// A ring and not a sliding buffer: a short message then costs the copy of its own bytes, and the
/// memory is exactly the window.
#[derive(Debug, Default)]
pub(super) struct History {
    bytes: Vec<u8>,
    /// Where the oldest byte stands once the ring is full, 0 before.
    oldest: usize,
    limit: usize,
}

impl History {
    /// Keeps at most `limit` bytes; with 0 it keeps and allocates nothing.
    pub(super) const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), oldest: 0, limit }
    }

    /// Adds the newest bytes.
    pub(super) fn push(&mut self, data: &[u8]) {
        let data = &data[data.len().saturating_sub(self.limit)..];
        let (added, wrapped) = data.split_at(data.len().min(self.limit - self.bytes.len()));
        self.reserve(added.len());
        self.bytes.extend_from_slice(added);
        let (upper, lower) = wrapped.split_at(wrapped.len().min(self.limit - self.oldest));
        self.bytes[self.oldest..][..upper.len()].copy_from_slice(upper);
        self.bytes[..lower.len()].copy_from_slice(lower);
        self.oldest += wrapped.len();
        if self.oldest >= self.limit {
            self.oldest -= self.limit;
        }
    }

    /// The bytes in order: the older and the newer part.
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        let (newer, older) = self.bytes.split_at(self.oldest);
        [older, newer]
    }

    /// Whether more bytes would teach little.
    pub(super) fn is_half_full(&self) -> bool {
        self.bytes.len() >= self.limit / 2
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Doubles, but never beyond the limit.
    fn reserve(&mut self, additional: usize) {
        let needed = self.bytes.len() + additional;
        if needed > self.bytes.capacity() {
            let capacity = (self.bytes.capacity() * 2).clamp(needed, self.limit);
            self.bytes.reserve_exact(capacity - self.bytes.len());
        }
    }
}
