//! The little of HTTP that the opening handshake needs.

pub(crate) mod grammar;
