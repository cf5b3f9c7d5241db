//! Unpredictable numbers from one seed.
//!
//! Owns the expansion of a connection's seed into masking keys (RFC 6455 sections 5.3 and 10.3) and
//! the nonce of the handshake. Has no entropy of its own: the caller brings the seed, so every run
//! can be repeated, and no two connections may share one.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of unpredictable bytes.
//= https://www.rfc-editor.org/rfc/rfc6455#section-5.3
//# The masking key needs to be unpredictable; thus, the masking key MUST be derived from a strong
//# source of entropy, and the masking key for a given frame MUST NOT make it simple for a
//# server/proxy to predict the masking key for a subsequent frame.
#[derive(Debug)]
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    #[inline]
    pub(crate) fn mask(&mut self) -> [u8; 4] {
        self.0.next_u32().to_le_bytes()
    }
}
