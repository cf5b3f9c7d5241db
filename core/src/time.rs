//! Points in time, as the caller's clock counts them.
//!
//! Owns the one representation of time in the core. Knows no clock: every method that depends on
//! time takes an [`Instant`], so each run can be repeated, and a browser, a phone and a simulation
//! drive the same code.

use core::ops::Add;
use core::time::Duration;

/// A point in time: microseconds since an epoch of the caller's choice.
///
/// Use whatever monotonic clock the platform has; only differences matter. It must not run
/// backwards: a time earlier than one already given counts as that earlier one.
///
/// ```
/// use core::time::Duration;
/// use polywire::Instant;
///
/// let start = Instant::from_micros(5);
/// assert_eq!((start + Duration::from_millis(1)).as_micros(), 1005);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The epoch itself.
    pub const ZERO: Self = Self(0);

    /// The point `micros` microseconds after the epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// The time that passed since `earlier`, or zero when `earlier` is later.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at the end of time: a timeout of centuries is a timeout that never fires.
    #[inline]
    fn add(self, duration: Duration) -> Self {
        let micros = duration
            .as_secs()
            .saturating_mul(1_000_000)
            .saturating_add(u64::from(duration.subsec_micros()));
        Self(self.0.saturating_add(micros))
    }
}
