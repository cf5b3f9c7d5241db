//! The two engines behind one face.
//!
//! Owns the choice between `miniz_oxide` and zlib-rs and what both must be able to do. Knows nothing of
//! messages, connections or pools. The dispatch is one predictable branch per step; a trait object would
//! cost as much and allow less.

#[cfg(feature = "zlib")]
use super::zlib;
use super::{DeflateEngine, miniz};
use alloc::vec::Vec;

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

/// A raw DEFLATE compressor that keeps distances within a window.
#[derive(Debug)]
pub(super) enum Compressor {
    Miniz(miniz::Compressor),
    #[cfg(feature = "zlib")]
    Zlib(zlib::Compressor),
}

impl Compressor {
    pub(super) fn new(engine: DeflateEngine, setting: Setting) -> Self {
        match engine {
            DeflateEngine::Miniz => Self::Miniz(miniz::Compressor::new(setting)),
            #[cfg(feature = "zlib")]
            DeflateEngine::Zlib => Self::Zlib(zlib::Compressor::new(setting)),
        }
    }

    /// Whether it can serve this window.
    pub(super) fn fits(&self, window_bits: u8) -> bool {
        let _ = window_bits;
        match self {
            Self::Miniz(_) => true,
            #[cfg(feature = "zlib")]
            Self::Zlib(engine) => engine.fits(window_bits),
        }
    }

    /// Forgets its context and takes that of `history`. At least `expected` bytes will follow.
    pub(super) fn begin(&mut self, setting: Setting, history: [&[u8]; 2], expected: usize) {
        match self {
            Self::Miniz(engine) => engine.begin(setting, history, expected),
            #[cfg(feature = "zlib")]
            Self::Zlib(engine) => engine.begin(setting.level, history),
        }
    }

    /// Goes on with the context of the message before. Returns false if the engine cannot: then the
    /// message must `begin`.
    pub(super) fn resume(&mut self, setting: Setting, expected: usize) -> bool {
        match self {
            Self::Miniz(engine) => engine.resume(setting, expected),
            #[cfg(feature = "zlib")]
            Self::Zlib(engine) => engine.resume(setting.level),
        }
    }

    /// Appends `input` compressed, up to and including the empty block of a flush. Stops and returns
    /// false as soon as that takes more than `most` bytes: the context is useless then.
    pub(super) fn compress(&mut self, input: &[u8], most: usize, output: &mut Vec<u8>) -> bool {
        match self {
            Self::Miniz(engine) => engine.compress(input, most, output),
            #[cfg(feature = "zlib")]
            Self::Zlib(engine) => engine.compress(input, most, output),
        }
    }

    /// Adds to the context what went to the peer without this engine. Returns false if the engine
    /// cannot: then the next message must `begin`.
    pub(super) fn advance(&mut self, plaintext: &[u8]) -> bool {
        let _ = plaintext;
        match self {
            Self::Miniz(_) => false,
            #[cfg(feature = "zlib")]
            Self::Zlib(engine) => engine.advance(plaintext),
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Miniz(_) => miniz::Compressor::HEAP_BYTES,
            #[cfg(feature = "zlib")]
            Self::Zlib(engine) => engine.heap_bytes(),
        }
    }
}

/// How hard a compressor tries, and how far back it may point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    /// 1 to 9.
    pub(super) level: u8,
    /// 8 to 15.
    pub(super) window_bits: u8,
}
