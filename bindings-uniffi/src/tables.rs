//! The tables by which the other side gives names to numbers.
//!
//! Owns no entry: they are those of `polywire_bridge::codes`.

use polywire_bridge::codes::{self, Entry as Code};

/// A code, and what is known about it without an occurrence.
#[uniffi::remote(Record)]
pub struct Code {
    /// The stable code.
    pub code: String,
    /// `violation`, `usage` or `handshake`.
    pub origin: String,
    /// The close code of a violation, the status of a handshake's fault, 0 for misuse.
    pub number: u16,
    /// The section of the RFC, empty for misuse.
    pub section: String,
    /// What should have come.
    pub expected: String,
}

/// Every code, violations first, at the index by which events name them.
#[uniffi::export]
pub fn codes() -> Vec<Code> {
    codes::all().collect()
}

/// What can end a connection, at the index by which events name it.
#[uniffi::export]
pub fn causes() -> Vec<String> {
    codes::CAUSES.map(str::to_owned).to_vec()
}
