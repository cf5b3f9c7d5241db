//! Time and entropy of a native host, which the core takes as arguments.

use polywire::Instant;
use std::sync::LazyLock;

/// Microseconds since the first call in this process: one epoch for all connections.
pub fn now() -> Instant {
    static EPOCH: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    Instant::from_micros(u64::try_from(EPOCH.elapsed().as_micros()).unwrap_or(u64::MAX))
}

/// Fresh entropy: the seed of a connection, the nonce of a handshake.
///
/// # Panics
///
/// When the operating system has none: no connection is safe then.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system has entropy");
    bytes
}
