//! Blocks of DEFLATE.
//!
//! Owns what stands in a block, and which of the three kinds of block is the shortest. `alphabet` knows what
//! symbols stand for, `description` how codes are sent. Knows nothing of how matches are found.
//! RFC 1951 section 3.2.3.

use super::alphabet::{self, Codes, DISTANCES, END, LITERALS, Token};
use super::bits::Writer;
use super::description::Description;
use super::huffman::{self, Code};
use super::matches::Match;
use alloc::vec::Vec;

/// Below this many bits, a block is not worth codes of its own. Measured on JSON: their description takes
/// 300 to 500 bits, and to find them two microseconds.
const FIXED_IS_BEST: usize = 1024;

/// After so many symbols others may be frequent. With what may be added at once, counts stay within 16 bits.
const FULL: usize = 8 << 10;

/// What a stored block has beside its text, at most: up to the next byte, and the length twice.
const STORED: usize = 7 + 32;

/// What stands in a block, and how often.
pub(super) struct Block {
    tokens: Vec<Token>,
    literals: [u16; LITERALS],
    distances: [u16; DISTANCES],
}

impl Block {
    pub(super) fn new() -> Self {
        Self { tokens: Vec::new(), literals: [0; LITERALS], distances: [0; DISTANCES] }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.tokens.capacity() * size_of::<Token>()
    }

    /// Empties it.
    pub(super) fn clear(&mut self) {
        self.tokens.clear();
        self.literals = [0; LITERALS];
        self.distances = [0; DISTANCES];
        self.literals[END] = 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.tokens.len() >= FULL
    }

    #[inline(always)]
    pub(super) fn literal(&mut self, byte: u8) {
        self.literals[usize::from(byte)] += 1;
        self.tokens.push(Token::literal(byte));
    }

    #[inline(always)]
    pub(super) fn repeat(&mut self, found: Match) {
        let token = Token::repeat(found);
        self.literals[token.literal_symbol()] += 1;
        self.distances[token.distance_symbol()] += 1;
        self.tokens.push(token);
    }

    /// Writes it. `text` is what it stands for. Returns false without writing anything if the output would
    /// grow beyond `end`.
    pub(super) fn write(&self, text: &[u8], end: usize, writer: &mut Writer<'_>) -> bool {
        let fixed = self.bits(&alphabet::FIXED);
        let own = (fixed > FIXED_IS_BEST).then(|| self.own_codes());
        let own = own.as_ref().map(|(codes, description)| {
            (codes, description, description.bits() + self.bits(codes))
        });
        let coded = own.map_or(fixed, |(.., bits)| bits.min(fixed));
        let stored = STORED + 8 * text.len();
        let length = u16::try_from(text.len()).ok().filter(|_| own.is_some() && stored < coded);
        let bits = if length.is_some() { stored } else { coded };
        if writer.length_with(3 + bits) > end {
            return false;
        }
        match (length, own) {
            (Some(length), _) => store(text, length, writer),
            (None, Some((codes, description, bits))) if bits < fixed => {
                writer.push(0b100, 3);
                description.write(writer);
                self.write_tokens(codes, writer);
            }
            _ => {
                writer.push(0b010, 3);
                self.write_tokens(&alphabet::FIXED, writer);
            }
        }
        true
    }

    /// The best codes for what stands in the block.
    fn own_codes(&self) -> (Codes, Description) {
        let mut codes = alphabet::NO_CODES;
        huffman::assign(&self.literals, huffman::LONGEST, &mut codes.literals);
        huffman::assign(&self.distances, huffman::LONGEST, &mut codes.distances);
        let description = Description::of(&codes);
        (codes, description)
    }

    fn bits(&self, codes: &Codes) -> usize {
        let weigh = |(&count, code): (&u16, &Code)| {
            u32::from(count) * (u32::from(code.length) + u32::from(code.extra))
        };
        let literals: u32 = self.literals.iter().zip(&codes.literals).map(weigh).sum();
        let distances: u32 = self.distances.iter().zip(&codes.distances).map(weigh).sum();
        (literals + distances) as usize
    }

    fn write_tokens(&self, codes: &Codes, writer: &mut Writer<'_>) {
        for token in &self.tokens {
            let (bits, count) = token.bits(codes);
            writer.push(bits, count);
        }
        let end = codes.literals[END];
        writer.push(u64::from(end.bits), end.length);
    }
}

fn store(text: &[u8], length: u16, writer: &mut Writer<'_>) {
    writer.push(0b000, 3);
    let output = writer.align();
    output.extend_from_slice(&length.to_le_bytes());
    output.extend_from_slice(&(!length).to_le_bytes());
    output.extend_from_slice(text);
}
