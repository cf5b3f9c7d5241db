//! Codes, as they are sent in front of what they are for.
//!
//! Owns the lengths of codes in a row as runs, and the codes for those. RFC 1951 section 3.2.7.

use super::alphabet::{Codes, DISTANCES, FIRST_LENGTH, LITERALS};
use super::bits::Writer;
use super::huffman::{self, Code};

/// Symbols of runs: a length of 0 to 15, or one of those below.
const RUNS: usize = 19;

/// The last length 3 to 6 times more.
const SAME: u8 = 16;
/// 0 from 3 to 10 times.
const ZEROS: u8 = 17;
/// 0 from 11 to 138 times.
const MANY_ZEROS: u8 = 18;

/// The order in which the lengths of the codes for runs are sent: the last ones are often 0.
const ORDER: [u8; RUNS] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

const NO_CODES: [Code; RUNS] = no_codes();

/// A description that can be weighed before it is written.
pub(super) struct Description {
    /// How many codes of each kind are described.
    literals: usize,
    distances: usize,
    /// The symbol, and what stands behind it.
    runs: [(u8, u8); LITERALS + DISTANCES],
    count: usize,
    codes: [Code; RUNS],
    /// How many codes for runs are described.
    described: usize,
}

impl Description {
    pub(super) fn of(codes: &Codes) -> Self {
        let mut own = Self {
            literals: used(&codes.literals).max(FIRST_LENGTH),
            distances: used(&codes.distances).max(1),
            runs: [(0, 0); LITERALS + DISTANCES],
            count: 0,
            codes: NO_CODES,
            described: 0,
        };
        let mut lengths = [0; LITERALS + DISTANCES];
        let described = codes.literals[..own.literals].iter();
        let described = described.chain(&codes.distances[..own.distances]);
        for (length, code) in lengths.iter_mut().zip(described) {
            *length = code.length;
        }
        let mut counts = [0; RUNS];
        own.find_runs(&lengths[..own.literals + own.distances], &mut counts);
        huffman::assign(&counts, 7, &mut own.codes);
        let is_used = |&symbol: &u8| own.codes[usize::from(symbol)].length > 0;
        let last = ORDER.iter().rposition(is_used).expect("there are always two");
        own.described = (last + 1).max(4);
        own
    }

    fn find_runs(&mut self, lengths: &[u8], counts: &mut [u16; RUNS]) {
        let mut put = |symbol: u8, behind: usize| {
            self.runs[self.count] = (symbol, behind as u8);
            self.count += 1;
            counts[usize::from(symbol)] += 1;
        };
        let mut at = 0;
        while at < lengths.len() {
            let length = lengths[at];
            let mut left = lengths[at..].iter().take_while(|&&other| other == length).count();
            at += left;
            if length > 0 {
                put(length, 0);
                left -= 1;
            }
            while left >= 3 {
                let (symbol, run, least) = match (length, left) {
                    (0, 11..) => (MANY_ZEROS, left.min(138), 11),
                    (0, _) => (ZEROS, left, 3),
                    _ => (SAME, left.min(6), 3),
                };
                put(symbol, run - least);
                left -= run;
            }
            for _ in 0..left {
                put(length, 0);
            }
        }
    }

    /// How long it is.
    pub(super) fn bits(&self) -> usize {
        let run = |&(symbol, _): &(u8, u8)| {
            let code = self.codes[usize::from(symbol)];
            usize::from(code.length + code.extra)
        };
        5 + 5 + 4 + 3 * self.described + self.runs[..self.count].iter().map(run).sum::<usize>()
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.push((self.literals - FIRST_LENGTH) as u64, 5);
        writer.push((self.distances - 1) as u64, 5);
        writer.push((self.described - 4) as u64, 4);
        for &symbol in &ORDER[..self.described] {
            writer.push(u64::from(self.codes[usize::from(symbol)].length), 3);
        }
        for &(symbol, behind) in &self.runs[..self.count] {
            let code = self.codes[usize::from(symbol)];
            let bits = u64::from(code.bits) | u64::from(behind) << code.length;
            writer.push(bits, code.length + code.extra);
        }
    }
}

/// How many codes must be described.
fn used(codes: &[Code]) -> usize {
    codes.iter().rposition(|code| code.length > 0).map_or(0, |last| last + 1)
}

const fn no_codes() -> [Code; RUNS] {
    let mut codes = [Code { bits: 0, length: 0, extra: 0 }; RUNS];
    codes[SAME as usize].extra = 2;
    codes[ZEROS as usize].extra = 3;
    codes[MANY_ZEROS as usize].extra = 7;
    codes
}
