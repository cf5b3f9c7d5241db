//! zlib-rs as the engine.
//!
//! Owns the peculiarities of zlib-rs 0.6: which window it must be given, when its output is complete,
//! how it is told of plain text it did not see. Knows nothing of messages. RFC 7692 section 7.2.

use super::engine::{Setting, Step, Stop};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status};

/// Measured on JSON at 12 bits: from 8 to 5 the engine shrinks from 270 to 165 KB, and the ratio stays
/// within 1 % up to 16 KiB.
const MEM_LEVEL: i32 = 5;

/// Compressed bytes pass through here, because the engine writes only to initialised memory.
const SCRATCH: usize = 16 << 10;

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

pub(super) struct Compressor {
    deflate: Box<Deflate>,
    scratch: Box<[u8]>,
    window_bits: u8,
    level: u8,
}

impl Compressor {
    pub(super) fn new(setting: Setting) -> Self {
        let (level, window_bits) = (setting.level, Self::own_window_bits(setting.window_bits));
        let config = DeflateConfig {
            window_bits: -i32::from(window_bits),
            level: level.into(),
            mem_level: MEM_LEVEL,
            ..DeflateConfig::default()
        };
        let deflate = Box::new(Deflate::new_with_config(config));
        Self { deflate, scratch: vec![0; SCRATCH].into(), window_bits, level }
    }

    pub(super) fn fits(&self, window_bits: u8) -> bool {
        self.window_bits == Self::own_window_bits(window_bits)
    }

    pub(super) fn begin(&mut self, level: u8, history: [&[u8]; 2]) {
        self.deflate.reset();
        if self.level != level {
            self.deflate.set_level(level.into()).expect("nothing is pending after a reset");
            self.level = level;
        }
        for part in history {
            if !part.is_empty() {
                let taken = self.advance(part);
                debug_assert!(taken, "a raw stream takes a dictionary before its first byte");
            }
        }
    }

    /// Within a stream, `set_level` fails where the level changes the algorithm: it gives the engine
    /// no space to flush to.
    pub(super) fn resume(&self, level: u8) -> bool {
        self.level == level
    }

    pub(super) fn compress(&mut self, mut input: &[u8], most: usize, output: &mut Vec<u8>) -> bool {
        let end = output.len().saturating_add(most);
        loop {
            let (total_in, total_out) = (self.deflate.total_in(), self.deflate.total_out());
            //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
            //# If the resulting data does not end with an empty DEFLATE block with no compression (the "BTYPE" bits are set to 00), append an empty DEFLATE block with no compression to the tail end.
            //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
            //# When any DEFLATE block with the "BFINAL" bit set to 1 doesn't end at a byte boundary, an endpoint MUST add minimal padding bits of 0 to make it end at a byte boundary.
            // A flush appends that block, and no block is final.
            self.deflate
                .compress(input, &mut self.scratch, DeflateFlush::SyncFlush)
                .expect("a compressor fails only when it is misconfigured");
            input = &input[(self.deflate.total_in() - total_in) as usize..];
            let written = (self.deflate.total_out() - total_out) as usize;
            if output.len() + written > end {
                return false;
            }
            output.extend_from_slice(&self.scratch[..written]);
            // The flush is complete only when it left space unused.
            if written < self.scratch.len() && input.is_empty() {
                return true;
            }
        }
    }

    pub(super) fn advance(&mut self, plaintext: &[u8]) -> bool {
        self.deflate.set_dictionary(plaintext).is_ok()
    }

    /// Measured with a counting allocator: the window and its chains, and what does not depend on it.
    pub(super) fn heap_bytes(&self) -> usize {
        (4 << self.window_bits) + 148_608 + size_of::<Deflate>() + self.scratch.len()
    }

    /// A raw stream of 8 bits panics, and one of 9 reaches back 2^9 - 262 = 250 bytes at most, which
    /// is within 2^8: zlib keeps a margin of its longest match.
    //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
    //# An endpoint MUST NOT use an LZ77 sliding window longer than 32,768 bytes to compress messages to send.
    fn own_window_bits(window_bits: u8) -> u8 {
        window_bits.max(9)
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "zlib-rs with {} bits at level {}", self.window_bits, self.level)
    }
}
