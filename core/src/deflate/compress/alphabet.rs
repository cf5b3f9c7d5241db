//! What the symbols of DEFLATE stand for.
//!
//! Owns the two alphabets, the codes that both ends know, and the text as symbols. RFC 1951 sections 3.2.5
//! and 3.2.6.

use super::huffman::{Code, SYMBOLS};
use super::matches::Match;

/// Bytes, the end of a block, and lengths.
pub(super) const LITERALS: usize = SYMBOLS;

/// The end of a block.
pub(super) const END: usize = 256;

/// The symbol of the shortest length.
pub(super) const FIRST_LENGTH: usize = 257;

/// Distances; the last two do not exist.
pub(super) const DISTANCES: usize = 32;

const LENGTHS: usize = 29;

/// Codes for all symbols.
pub(super) struct Codes {
    pub(super) literals: [Code; LITERALS],
    pub(super) distances: [Code; DISTANCES],
}

/// In the place of a distance where there is none. It has a code without bits.
const NO_DISTANCE: u32 = 31;

/// A byte of the text, or a match: the symbol, what stands behind it in 5 bits, the symbol of the distance in
/// 5 bits, and what stands behind that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token(u32);

impl Token {
    #[inline(always)]
    pub(super) const fn literal(byte: u8) -> Self {
        Self(byte as u32 | NO_DISTANCE << 14)
    }

    #[inline(always)]
    pub(super) fn repeat(found: Match) -> Self {
        let length = (found.length - 3) & 0xff;
        let symbol = LENGTH_SYMBOLS[length];
        let behind = length as u32 - u32::from(LENGTH_STARTS[usize::from(symbol)]);
        let symbol = FIRST_LENGTH as u32 + u32::from(symbol);
        let (distance, within) = distance(found.distance as u32 - 1);
        Self(symbol | behind << 9 | distance << 14 | within << 19)
    }

    #[inline(always)]
    pub(super) const fn literal_symbol(self) -> usize {
        (self.0 & 0x1ff) as usize
    }

    #[inline(always)]
    pub(super) const fn distance_symbol(self) -> usize {
        (self.0 >> 14 & 0x1f) as usize
    }

    /// Its bits, and how many they are. The same steps for both kinds: which one comes next cannot be
    /// predicted.
    #[inline(always)]
    pub(super) fn bits(self, codes: &Codes) -> (u64, u8) {
        let code = codes.literals[self.literal_symbol()];
        let distance = codes.distances[self.distance_symbol()];
        let length = u64::from(code.bits) | u64::from(self.0 >> 9 & 0x1f) << code.length;
        let behind = u64::from(distance.bits) | u64::from(self.0 >> 19) << distance.length;
        let count = code.length + code.extra;
        (length | behind << count, count + distance.length + distance.extra)
    }
}

/// Of a distance less 1: the number of its highest bit, twice, and the bit below that.
#[inline(always)]
const fn distance(distance: u32) -> (u32, u32) {
    if distance < 4 {
        return (distance, 0);
    }
    let extra = distance.ilog2() - 1;
    (2 * extra + (distance >> extra), distance & ((1 << extra) - 1))
}

/// Lengths less 3: the least of each symbol.
static LENGTH_STARTS: [u8; LENGTHS] = length_starts();
static LENGTH_SYMBOLS: [u8; 256] = length_symbols();

/// The codes that need not be sent.
pub(super) static FIXED: Codes = fixed();

/// No symbol has a code yet; what stands behind each is the same for all.
pub(super) const NO_CODES: Codes = no_codes();

/// Four symbols for each number of bits behind them; the longest length has a symbol of its own.
const fn length_extra(symbol: usize) -> u8 {
    match symbol {
        0..8 | 28 => 0,
        _ => symbol as u8 / 4 - 1,
    }
}

const fn length_starts() -> [u8; LENGTHS] {
    let mut starts = [0; LENGTHS];
    let mut symbol = 1;
    while symbol < LENGTHS - 1 {
        starts[symbol] = starts[symbol - 1] + (1 << length_extra(symbol - 1));
        symbol += 1;
    }
    starts[LENGTHS - 1] = 255;
    starts
}

const fn length_symbols() -> [u8; 256] {
    let starts = length_starts();
    let mut symbols = [0; 256];
    let (mut symbol, mut length) = (0, 0);
    while length < 256 {
        if symbol + 1 < LENGTHS && starts[symbol + 1] as usize == length {
            symbol += 1;
        }
        symbols[length] = symbol as u8;
        length += 1;
    }
    symbols
}

const fn no_codes() -> Codes {
    const NONE: Code = Code { bits: 0, length: 0, extra: 0 };
    let mut codes = Codes { literals: [NONE; LITERALS], distances: [NONE; DISTANCES] };
    let mut symbol = 0;
    while symbol < LENGTHS {
        codes.literals[FIRST_LENGTH + symbol].extra = length_extra(symbol);
        symbol += 1;
    }
    // Two symbols for each number of bits behind them.
    let mut symbol = 4;
    while symbol < 30 {
        codes.distances[symbol].extra = symbol as u8 / 2 - 1;
        symbol += 1;
    }
    codes
}

const fn fixed() -> Codes {
    let mut codes = no_codes();
    let mut symbol = 0;
    while symbol < LITERALS {
        let (bits, length) = match symbol {
            0..=143 => (0b0011_0000 + symbol, 8),
            144..=255 => (0b1_1001_0000 + symbol - 144, 9),
            256..=279 => (symbol - 256, 7),
            _ => (0b1100_0000 + symbol - 280, 8),
        };
        codes.literals[symbol].bits = (bits as u16).reverse_bits() >> (16 - length);
        codes.literals[symbol].length = length;
        symbol += 1;
    }
    let mut symbol = 0;
    while symbol < 30 {
        codes.distances[symbol].bits = (symbol as u16).reverse_bits() >> 11;
        codes.distances[symbol].length = 5;
        symbol += 1;
    }
    codes
}
