//! `miniz_oxide` as the engine.
//!
//! Owns the peculiarities of `miniz_oxide` 0.9: it decompresses next to the plain text that came before,
//! and its compressor knows neither windows nor dictionaries. Knows nothing of messages. RFC 7692
//! section 7.2.

use super::engine::{Setting, Step, Stop};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use miniz_oxide::DataFormat;
use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_HAS_MORE_INPUT, TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// How much history is compressed again before a message.
///
/// Measured on JSON messages of 1 KiB at level 6 and 12 bits on 256 connections, microseconds and
/// ratio: nothing 24 and .37, 256 bytes 36 and .29, 1 KiB 45 and .24, 2 KiB 66 and .22, all 114 and .21.
const PRIMED: usize = 1 << 10;

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

/// Distances stay below 2^w because the engine never sees more than 2^w bytes between two moments at
/// which it forgets everything: `reset` between messages, a full flush within one.
pub(super) struct Compressor {
    deflate: Box<CompressorOxide>,
    /// Bytes that the engine remembers at most: those since it last forgot.
    remembered: usize,
    setting: Setting,
}

impl Compressor {
    /// Measured with a counting allocator, most of it in boxes of its own.
    pub(super) const HEAP_BYTES: usize = 319_326;

    pub(super) fn new(setting: Setting) -> Self {
        let flags = create_comp_flags_from_zip_params(setting.level.into(), -15, 0);
        Self { deflate: Box::new(CompressorOxide::new(flags)), remembered: 0, setting }
    }

    /// Without dictionaries, the end of the history is compressed for nobody.
    pub(super) fn begin(&mut self, setting: Setting, history: [&[u8]; 2], expected: usize) {
        self.forget(setting);
        // Half of what the window leaves, so that the messages after this one can go on from here.
        let primed = (self.window().saturating_sub(expected) / 2).min(PRIMED);
        let mut skipped = (history[0].len() + history[1].len()).saturating_sub(primed);
        for part in history {
            let (_, kept) = part.split_at(skipped.min(part.len()));
            skipped = skipped.saturating_sub(part.len());
            if !kept.is_empty() {
                compress_to_output(&mut self.deflate, kept, TDEFLFlush::Sync, |_| true);
                self.remembered += kept.len();
            }
        }
    }

    /// A change of level would leave hash chains of another kind behind.
    pub(super) fn resume(&mut self, setting: Setting, expected: usize) -> bool {
        self.setting == setting && self.remembered.saturating_add(expected) <= self.window()
    }

    pub(super) fn compress(&mut self, mut input: &[u8], most: usize, output: &mut Vec<u8>) -> bool {
        let end = output.len().saturating_add(most);
        loop {
            let (chunk, rest) = input.split_at(input.len().min(self.window() - self.remembered));
            let flush = if rest.is_empty() { TDEFLFlush::Sync } else { TDEFLFlush::Full };
            let (status, _) = compress_to_output(&mut self.deflate, chunk, flush, |bytes| {
                let fits = output.len() + bytes.len() <= end;
                if fits {
                    output.extend_from_slice(bytes);
                }
                fits
            });
            if status != TDEFLStatus::Okay {
                return false;
            }
            if rest.is_empty() {
                self.remembered = self.remembered.saturating_add(chunk.len());
                return true;
            }
            self.remembered = 0;
            input = rest;
        }
    }

    fn forget(&mut self, setting: Setting) {
        self.deflate.reset();
        if self.setting.level != setting.level {
            self.deflate.set_format_and_level(DataFormat::Raw, setting.level);
        }
        self.setting = setting;
        self.remembered = 0;
    }

    /// What the engine may remember; its own limit is 2^15.
    //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
    //# If the "agreed parameters" contain the "client_max_window_bits" extension parameter with a value of w, the client MUST NOT use an LZ77 sliding window longer than the w-th power of 2 bytes to compress messages to send.
    //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
    //# If the "agreed parameters" contain the "server_max_window_bits" extension parameter with a value of w, the server MUST NOT use an LZ77 sliding window longer than the w-th power of 2 bytes to compress messages to send.
    fn window(&self) -> usize {
        if self.setting.window_bits < 15 { 1 << self.setting.window_bits } else { usize::MAX }
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "miniz_oxide at level {}", self.setting.level)
    }
}
