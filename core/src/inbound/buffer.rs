//! A byte buffer that can also be read into.
//!
//! Owns the distinction between filled and merely initialised bytes, so that the space given to a
//! socket is zeroed once in its life and not before each read.

use crate::kernels::{Mask, append_masked};
use alloc::vec::Vec;

#[derive(Debug, Default)]
pub(crate) struct Buffer {
    /// All of it is initialised; the first `filled` bytes count.
    bytes: Vec<u8>,
    filled: usize,
}

impl Buffer {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.filled
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.filled = 0;
    }

    /// Appends masked bytes, unmasked.
    pub(crate) fn append_masked(&mut self, source: &[u8], mask: Mask) {
        self.append_with(|bytes| append_masked(bytes, source, mask));
    }

    /// Lets `append` add to the filled bytes.
    pub(crate) fn append_with<R>(&mut self, append: impl FnOnce(&mut Vec<u8>) -> R) -> R {
        self.bytes.truncate(self.filled);
        let result = append(&mut self.bytes);
        self.filled = self.bytes.len();
        result
    }

    /// Space for `len` more bytes, behind the filled ones.
    pub(crate) fn space(&mut self, len: usize) -> &mut [u8] {
        let end = self.filled + len;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        &mut self.bytes[self.filled..end]
    }

    /// Counts the first `len` bytes of the space as filled, and returns them.
    pub(crate) fn fill(&mut self, len: usize) -> &mut [u8] {
        let start = self.filled;
        self.filled = self.bytes.len().min(start + len);
        &mut self.bytes[start..self.filled]
    }

    /// The filled bytes, to be worked on in place.
    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.filled]
    }

    /// Drops the first `len` filled bytes.
    pub(crate) fn remove_front(&mut self, len: usize) {
        self.bytes.copy_within(len..self.filled, 0);
        self.filled -= len;
    }

    /// Gives back what lies beyond the filled bytes, down to `keep`.
    pub(crate) fn shrink(&mut self, keep: usize) {
        self.bytes.truncate(self.filled.max(keep));
        self.bytes.shrink_to_fit();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity()
    }
}
