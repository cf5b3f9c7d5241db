//! A compressor made for messages.
//!
//! Owns how a text is taken apart into literals and matches, at the effort of each level, and the flush
//! behind a message. `matches` knows where text occurred before, `block` how blocks are written, `huffman`
//! which codes they use, `bits` how bits become bytes. RFC 1951; RFC 7692 section 7.2.1.
//!
//! Compressors of files look at megabytes; their set-up for a stream and their work for each flush cost more
//! than a message of some hundred bytes. Here a new context costs nothing but its text, a flush nothing but
//! its bits, and codes are made for a block only where they can pay.

mod alphabet;
mod bits;
mod block;
mod description;
mod huffman;
mod matches;

use alloc::vec::Vec;
use bits::Writer;
use block::Block;
use core::fmt;
use matches::{Matches, SHORTEST, Search};

/// How a level looks for matches.
#[derive(Clone, Copy, Debug)]
struct Effort {
    search: Search,
    /// A shorter match than this is taken only if none that is longer begins one byte later.
    patience: u16,
    /// Every place can be found again.
    thorough: bool,
}

const fn effort(depth: u16, nice: u16, patience: u16, thorough: bool) -> Effort {
    Effort { search: Search { depth, nice }, patience, thorough }
}

impl Effort {
    /// Of places in a row that are not searched for, every how many can be found again: of a match of this
    /// length, whose text stood there before, few.
    const fn stride(self, length: usize) -> usize {
        match length / 16 {
            _ if self.thorough => 1,
            0..2 => 2,
            stride => stride,
        }
    }
}

/// From level 1 to 9.
const EFFORTS: [Effort; 9] = [
    effort(1, 32, 0, false),
    effort(2, 32, 0, false),
    effort(4, 32, 0, false),
    effort(4, 32, 8, false),
    effort(6, 32, 8, false),
    effort(6, 32, 12, false),
    effort(16, 64, 32, true),
    effort(64, 128, 128, true),
    effort(1024, 258, 258, true),
];

/// A raw DEFLATE compressor that keeps distances within a window.
pub(super) struct Compressor {
    matches: Matches,
    block: Block,
}

impl Compressor {
    pub(super) fn new(window_bits: u8) -> Self {
        Self { matches: Matches::new(window_bits), block: Block::new() }
    }

    /// Whether its window is this one.
    pub(super) fn fits(&self, window_bits: u8) -> bool {
        self.matches.window() == 1 << window_bits
    }

    /// Forgets its context and takes that of `history`.
    pub(super) fn begin(&mut self, history: [&[u8]; 2]) {
        self.matches.forget();
        for part in history {
            self.advance(part);
        }
    }

    /// Adds to the context what went to the peer without this engine.
    pub(super) fn advance(&mut self, mut text: &[u8]) {
        while !text.is_empty() {
            let taken = self.matches.append(text);
            text = &text[taken..];
        }
    }

    /// Appends `input` compressed, up to and including the empty block of a flush. Stops and returns
    /// false as soon as that takes more than `most` bytes: the context is useless then.
    pub(super) fn compress(
        &mut self,
        input: &[u8],
        level: u8,
        most: usize,
        output: &mut Vec<u8>,
    ) -> bool {
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
        //# If the resulting data does not end with an empty DEFLATE block with no compression (the "BTYPE" bits are set to 00), append an empty DEFLATE block with no compression to the tail end.
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
        //# When any DEFLATE block with the "BFINAL" bit set to 1 doesn't end at a byte boundary, an endpoint MUST add minimal padding bits of 0 to make it end at a byte boundary.
        // That block is appended, and no block is final.
        const EMPTY: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
        let end = output.len().saturating_add(most);
        let effort = EFFORTS[usize::from(level.clamp(1, 9)) - 1];
        let mut writer = Writer::new(output);
        // What is taken apart, but not written yet, is the front of `unwritten`.
        let (mut unwritten, mut parsed) = (input, 0);
        self.block.clear();
        while parsed < unwritten.len() {
            parsed += self.parse(&unwritten[parsed..], effort);
            if parsed == unwritten.len() || self.block.is_full() {
                let (text, rest) = unwritten.split_at(parsed);
                if !self.block.write(text, end, &mut writer) {
                    return false;
                }
                self.block.clear();
                (unwritten, parsed) = (rest, 0);
            }
        }
        if writer.length_with(3) + EMPTY.len() > end {
            return false;
        }
        writer.push(0b000, 3);
        writer.align().extend_from_slice(&EMPTY);
        true
    }

    /// Takes as much of `input` apart as there is room for, and returns how much.
    fn parse(&mut self, input: &[u8], effort: Effort) -> usize {
        let (matches, block) = (&mut self.matches, &mut self.block);
        let taken = matches.append(input);
        let end = matches.text().len();
        let mut at = end - taken;
        matches.chain_until(at, effort.stride(0));
        while at + SHORTEST <= end {
            let Some(mut found) = matches.find(at, SHORTEST - 1, effort.search) else {
                block.literal(matches.text()[at]);
                at += 1;
                continue;
            };
            while found.length < usize::from(effort.patience) && at + 1 + SHORTEST <= end {
                let Some(longer) = matches.find(at + 1, found.length, effort.search) else { break };
                block.literal(matches.text()[at]);
                at += 1;
                found = longer;
            }
            block.repeat(found);
            at += found.length;
            matches.chain_until(at, effort.stride(found.length));
        }
        for &byte in &matches.text()[at..] {
            block.literal(byte);
        }
        taken
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.matches.heap_bytes() + self.block.heap_bytes()
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a compressor with a window of {} bytes", self.matches.window())
    }
}

#[cfg(test)]
mod tests;
