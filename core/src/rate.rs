//! Token buckets.
//!
//! Owns the arithmetic of "so much per second, so much at once". Knows nothing of what is counted.

use crate::limits::Rate;
use crate::time::Instant;

/// Tokens of which each unit takes one, refilled at a steady rate.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: Rate,
    /// Millionths of a token: at one token per second a microsecond brings one.
    micro_tokens: u64,
    refilled: Instant,
}

const TOKEN: u64 = 1_000_000;

impl Bucket {
    pub(crate) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, micro_tokens: u64::from(rate.burst) * TOKEN, refilled: now }
    }

    /// Takes `units` tokens, or none and returns false when there are too few.
    pub(crate) fn take(&mut self, units: u64, now: Instant) -> bool {
        let elapsed = now.saturating_since(self.refilled).as_micros();
        let elapsed = u64::try_from(elapsed).unwrap_or(u64::MAX);
        let refill = elapsed.saturating_mul(u64::from(self.rate.per_second));
        let full = u64::from(self.rate.burst) * TOKEN;
        self.micro_tokens = self.micro_tokens.saturating_add(refill).min(full);
        self.refilled = self.refilled.max(now);
        match self.micro_tokens.checked_sub(units.saturating_mul(TOKEN)) {
            Some(left) => {
                self.micro_tokens = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Bucket;
    use crate::limits::Rate;
    use crate::time::Instant;

    #[test]
    fn a_burst_then_the_rate() {
        let at = Instant::from_micros;
        let mut bucket = Bucket::new(Rate { per_second: 10, burst: 3 }, at(0));
        assert!(bucket.take(3, at(0)));
        assert!(!bucket.take(1, at(99_999)));
        assert!(bucket.take(1, at(100_000)));
        assert!(!bucket.take(4, at(u64::MAX)), "never more than the burst at once");
        assert!(bucket.take(3, at(u64::MAX)));
    }
}
