//! A decoder of DEFLATE that reports how far back every match reaches. Shares no code with the engines.

use alloc::vec;
use alloc::vec::Vec;

/// Decodes `wire` as a message behind the plain text `text`, appends what it says, and returns the
/// largest distance in it. Panics at anything that RFC 1951 or RFC 7692 section 7.2.2 does not allow.
pub(super) fn walk(wire: &[u8], text: &mut Vec<u8>) -> usize {
    let mut data = wire.to_vec();
    data.extend([0x00, 0x00, 0xff, 0xff]);
    let mut walker = Walker { bits: Bits { data: &data, position: 0 }, text, farthest: 0 };
    while walker.bits.position < data.len() * 8 {
        walker.block();
    }
    walker.farthest
}

const LENGTHS: [(usize, usize); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

struct Walker<'a> {
    bits: Bits<'a>,
    text: &'a mut Vec<u8>,
    farthest: usize,
}

impl Walker<'_> {
    fn block(&mut self) {
        let last = self.bits.take(1) == 1;
        match self.bits.take(2) {
            0 => self.stored(),
            1 => {
                let lengths: Vec<u8> = (0..288)
                    .map(|symbol| match symbol {
                        0..=143 => 8,
                        144..=255 => 9,
                        256..=279 => 7,
                        _ => 8,
                    })
                    .collect();
                self.compressed(&Code::new(&lengths), &Code::new(&[5; 30]));
            }
            2 => {
                let (literals, distances) = self.codes();
                self.compressed(&literals, &distances);
            }
            other => panic!("block type {other}"),
        }
        if last {
            self.bits.align();
        }
    }

    fn stored(&mut self) {
        self.bits.align();
        let (length, check) = (self.bits.take(16), self.bits.take(16));
        assert_eq!(length, check ^ 0xffff);
        for _ in 0..length {
            let byte = self.bits.take(8) as u8;
            self.text.push(byte);
        }
    }

    fn codes(&mut self) -> (Code, Code) {
        let literals = 257 + self.bits.take(5);
        let distances = 1 + self.bits.take(5);
        let count = 4 + self.bits.take(4);
        let mut lengths = [0; 19];
        ORDER[..count].iter().for_each(|&symbol| lengths[symbol] = self.bits.take(3) as u8);
        let code = Code::new(&lengths);
        let mut all: Vec<u8> = Vec::new();
        while all.len() < literals + distances {
            let (value, repeat) = match code.symbol(&mut self.bits) {
                16 => (*all.last().expect("a length before"), 3 + self.bits.take(2)),
                17 => (0, 3 + self.bits.take(3)),
                18 => (0, 11 + self.bits.take(7)),
                length => (length as u8, 1),
            };
            all.extend(vec![value; repeat]);
        }
        assert_eq!(all.len(), literals + distances);
        (Code::new(&all[..literals]), Code::new(&all[literals..]))
    }

    fn compressed(&mut self, literals: &Code, distances: &Code) {
        loop {
            match literals.symbol(&mut self.bits) {
                literal @ 0..=255 => self.text.push(literal as u8),
                256 => return,
                symbol => {
                    let (base, extra) = LENGTHS[symbol - 257];
                    let length = base + self.bits.take(extra);
                    let symbol = distances.symbol(&mut self.bits);
                    let extra = (symbol / 2).saturating_sub(1);
                    let base =
                        if symbol < 2 { symbol + 1 } else { 1 + ((2 + symbol % 2) << extra) };
                    let distance = base + self.bits.take(extra);
                    self.copy(distance, length);
                }
            }
        }
    }

    fn copy(&mut self, distance: usize, length: usize) {
        self.farthest = self.farthest.max(distance);
        assert!(distance <= self.text.len(), "a distance of {distance} is before the start");
        (0..length).for_each(|_| self.text.push(self.text[self.text.len() - distance]));
    }
}

struct Bits<'a> {
    data: &'a [u8],
    position: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        (0..count).fold(0, |value, index| {
            let byte = self.data[self.position / 8];
            let bit = usize::from(byte >> (self.position % 8) & 1);
            self.position += 1;
            value | bit << index
        })
    }

    fn align(&mut self) {
        self.position = self.position.next_multiple_of(8);
    }
}

/// A canonical Huffman code: how many symbols have each length, and the symbols in order.
struct Code {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; 16];
        lengths.iter().for_each(|&length| counts[usize::from(length)] += 1);
        counts[0] = 0;
        let mut symbols: Vec<usize> =
            (0..lengths.len()).filter(|&symbol| lengths[symbol] > 0).collect();
        symbols.sort_by_key(|&symbol| lengths[symbol]);
        Self { counts, symbols }
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.take(1);
            if code < first + count {
                return self.symbols[index + code - first];
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        panic!("no such code");
    }
}
