//! The two ends of a connection.
//!
//! Owns the distinction that most rules of RFC 6455 depend on. Knows nothing of the rules.

/// Which end of the connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The end that opened the connection, and masks what it sends.
    Client,
    /// The end that accepted it.
    Server,
}

impl Role {
    /// The other end.
    pub const fn peer(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}
