//! How input is cut: where it is must not matter.

#[derive(Clone, Copy, Debug)]
pub(crate) enum Cut {
    Whole,
    Bytes,
    Random(u64),
}

impl Cut {
    /// The lengths of the pieces of `len` bytes.
    pub(crate) fn pieces(self, len: usize) -> Vec<usize> {
        match self {
            Self::Whole => vec![len],
            Self::Bytes => vec![1; len],
            Self::Random(seed) => {
                let mut dice = Dice::new(seed);
                // From a few bytes to large pieces, so that every part of a frame is cut somewhere.
                let most = 1 << (1 + dice.below(12));
                let mut left = len;
                let mut pieces = Vec::new();
                while left > 0 {
                    let piece = (1 + dice.below(most)).min(left);
                    pieces.push(piece);
                    left -= piece;
                }
                pieces
            }
        }
    }
}

/// Small and good enough to cut bytes: SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % bound.max(1) as u64) as usize
    }
}
