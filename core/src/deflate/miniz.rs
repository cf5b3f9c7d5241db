//! `miniz_oxide` as the decompressor.
//!
//! Owns the peculiarities of `miniz_oxide` 0.9: it decompresses next to the plain text that came before.
//! Knows nothing of messages. RFC 7692 section 7.2.2.

use super::engine::{Step, Stop};
use alloc::boxed::Box;
use core::fmt;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

pub(super) struct Decompressor {
    inflate: Box<DecompressorOxide>,
}

impl Decompressor {
    pub(super) const HEAP_BYTES: usize = size_of::<DecompressorOxide>();

    pub(super) fn new() -> Self {
        Self { inflate: Box::default() }
    }

    pub(super) fn restart(&mut self) {
        self.inflate.init();
    }

    /// Matches are read from `text[..from]`: never in wrapping mode, in which a distance beyond the
    /// start would read what another connection left in the buffer.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        text: &mut [u8],
        from: usize,
        stop_at_block: bool,
    ) -> Step {
        let mut flags = TINFL_FLAG_HAS_MORE_INPUT | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        if stop_at_block {
            flags |= TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
        }
        let (status, consumed, written) = decompress(&mut self.inflate, input, text, from, flags);
        let stop = match status {
            TINFLStatus::NeedsMoreInput => Stop::Starved,
            TINFLStatus::HasMoreOutput => Stop::Full,
            TINFLStatus::BlockBoundary => Stop::Boundary,
            TINFLStatus::Done => Stop::Final,
            _ => Stop::Invalid,
        };
        Step { consumed, written, stop }
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("miniz_oxide")
    }
}
