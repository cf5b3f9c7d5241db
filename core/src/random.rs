//! Unpredictable numbers from one seed.
//!
//! Owns the expansion of a connection's seed into masking keys (RFC 6455 sections 5.3 and 10.3) and
//! the nonce of the handshake. Has no entropy of its own: the caller brings the seed, so every run
//! can be repeated, and no two connections may share one.

use core::fmt;
use rand_chacha::ChaCha8Core;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::rand_core::block::Generator;

/// Words that the generator makes at a time.
const BLOCK: usize = 64;

/// A stream of unpredictable bytes.
//= https://www.rfc-editor.org/rfc/rfc6455#section-5.3
//# The masking key needs to be unpredictable; thus, the masking key MUST be derived from a strong
//# source of entropy, and the masking key for a given frame MUST NOT make it simple for a
//# server/proxy to predict the masking key for a subsequent frame.
// Not `ChaCha8Rng`, whose way to the next word is too long to be inlined where a frame is made.
pub(crate) struct Random {
    generator: ChaCha8Core,
    words: [u32; BLOCK],
    /// How many of them are used.
    used: usize,
}

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { generator: ChaCha8Core::from_seed(seed), words: [0; BLOCK], used: BLOCK }
    }

    #[inline]
    pub(crate) fn mask(&mut self) -> [u8; 4] {
        if self.used >= BLOCK {
            self.refill();
        }
        let word = self.words[self.used];
        self.used += 1;
        word.to_le_bytes()
    }

    #[cold]
    fn refill(&mut self) {
        self.generator.generate(&mut self.words);
        self.used = 0;
    }
}

impl fmt::Debug for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys that are to come are a secret.
        f.write_str("Random")
    }
}
