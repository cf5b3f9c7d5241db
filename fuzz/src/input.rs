//! The fuzzer's bytes as choices.
//!
//! Owns the format of an input: a few bytes of settings, then the subject as it is. So the frames and
//! heads of the vectors can be written down as seeds, and mutations of them stay frames and heads; a
//! derived format would scatter them. Knows nothing of the targets.

/// Choices, read from the front. Behind the end every choice is zero.
#[derive(Clone, Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    pub fn below(&mut self, bound: usize) -> usize {
        usize::from(self.byte()) % bound
    }

    pub fn flag(&mut self) -> bool {
        self.byte() & 1 != 0
    }

    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// A length: each small one, and a few that stand for the large.
    pub fn length(&mut self) -> usize {
        length(self.byte())
    }

    pub fn bytes(&mut self, len: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        front
    }

    /// Bytes behind their length.
    pub fn chunk(&mut self) -> &'a [u8] {
        let len = self.length();
        self.bytes(len)
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Up to 199 as it is; above, in steps up to some 9 KiB.
fn length(byte: u8) -> usize {
    match usize::from(byte) {
        small @ 0..200 => small,
        large => 200 + (large - 200) * (large - 200) * 3,
    }
}

/// Where a stream is cut: lengths that repeat.
#[derive(Clone, Debug)]
pub struct Cuts(Vec<usize>);

impl Cuts {
    pub const WHOLE: Self = Self(Vec::new());

    pub fn read(input: &mut Input<'_>) -> Self {
        let count = input.below(8);
        Self(input.bytes(count).iter().map(|&byte| length(byte)).collect())
    }

    pub fn bytewise() -> Self {
        Self(vec![1])
    }

    /// Splits `bytes`. Some pieces may be empty.
    pub fn pieces<'b>(&self, bytes: &'b [u8]) -> Vec<&'b [u8]> {
        if self.0.iter().all(|&len| len == 0) {
            return vec![bytes];
        }
        let mut rest = bytes;
        let mut pieces = Vec::new();
        for &len in self.0.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(len.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces
    }
}
