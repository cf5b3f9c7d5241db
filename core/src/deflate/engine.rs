//! The two decompressors behind one face.
//!
//! Owns the choice between `miniz_oxide` and zlib-rs and what both must be able to do. Knows nothing of
//! messages, connections or pools. The dispatch is one predictable branch per step; a trait object would
//! cost as much and allow less.

#[cfg(feature = "zlib")]
use super::zlib;
use super::{DeflateEngine, miniz};

/// Where a step of decompression stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// All input is used: more is needed.
    Starved,
    /// The space is used: there may be more output.
    Full,
    /// A block ended and the caller asked to stop there.
    Boundary,
    /// A block with BFINAL set ended; the rest of the input starts at a byte boundary.
    Final,
    /// What comes next is not DEFLATE.
    Invalid,
}

/// What a step of decompression did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) consumed: usize,
    pub(super) written: usize,
    pub(super) stop: Stop,
}

/// A raw DEFLATE decompressor.
#[derive(Debug)]
pub(super) enum Decompressor {
    Miniz(miniz::Decompressor),
    #[cfg(feature = "zlib")]
    Zlib(zlib::Decompressor),
}

impl Decompressor {
    pub(super) fn new(engine: DeflateEngine) -> Self {
        match engine {
            DeflateEngine::Miniz => Self::Miniz(miniz::Decompressor::new()),
            #[cfg(feature = "zlib")]
            DeflateEngine::Zlib => Self::Zlib(zlib::Decompressor::new()),
        }
    }

    /// Expects the header of a block next, after the plain text `recent`.
    pub(super) fn restart(&mut self, recent: &[u8]) {
        match self {
            Self::Miniz(engine) => engine.restart(),
            #[cfg(feature = "zlib")]
            Self::Zlib(engine) => engine.restart(recent),
        }
        let _ = recent;
    }

    /// Writes to `text[from..]`; `text[..from]` is the plain text before.
    pub(super) fn step(
        &mut self,
        input: &[u8],
        text: &mut [u8],
        from: usize,
        stop_at_block: bool,
    ) -> Step {
        match self {
            Self::Miniz(engine) => engine.step(input, text, from, stop_at_block),
            #[cfg(feature = "zlib")]
            Self::Zlib(engine) => engine.step(input, &mut text[from..], stop_at_block),
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Miniz(_) => miniz::Decompressor::HEAP_BYTES,
            #[cfg(feature = "zlib")]
            Self::Zlib(_) => zlib::Decompressor::HEAP_BYTES,
        }
    }
}
