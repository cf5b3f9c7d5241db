//! zlib-rs as the decompressor.
//!
//! Owns the peculiarities of zlib-rs 0.6: how it is told of plain text it did not see, and how it says that
//! it stops. Knows nothing of messages. RFC 7692 section 7.2.2.

use super::engine::{Step, Stop};
use alloc::boxed::Box;
use core::fmt;
use zlib_rs::{Inflate, InflateFlush, Status};

pub(super) struct Decompressor {
    inflate: Box<Inflate>,
}

impl Decompressor {
    /// Measured with a counting allocator: the state with its window of 32 KiB.
    pub(super) const HEAP_BYTES: usize = 47_552 + size_of::<Inflate>();

    pub(super) fn new() -> Self {
        Self { inflate: Box::new(Inflate::new(false, 15)) }
    }

    pub(super) fn restart(&mut self, recent: &[u8]) {
        self.inflate.reset(false);
        if !recent.is_empty() {
            self.inflate
                .set_dictionary(recent)
                .expect("a raw stream takes a dictionary at any time");
        }
    }

    pub(super) fn step(&mut self, input: &[u8], space: &mut [u8], stop_at_block: bool) -> Step {
        let flush = if stop_at_block { InflateFlush::Block } else { InflateFlush::NoFlush };
        let (total_in, total_out) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, space, flush);
        let consumed = (self.inflate.total_in() - total_in) as usize;
        let written = (self.inflate.total_out() - total_out) as usize;
        let stop = match status {
            Err(_) => Stop::Invalid,
            Ok(Status::StreamEnd) => Stop::Final,
            Ok(_) if written == space.len() => Stop::Full,
            Ok(_) if consumed < input.len() => Stop::Boundary,
            Ok(_) => Stop::Starved,
        };
        Step { consumed, written, stop }
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("zlib-rs")
    }
}
