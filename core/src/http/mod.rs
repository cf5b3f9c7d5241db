//! The little of HTTP that the opening handshake needs.
//!
//! Owns the grammar of header values, the search for the end of a head, and the framing of the body
//! of a refusal (RFC 9110, RFC 9112). Knows nothing of WebSocket: that is `handshake`.

pub(crate) mod body;
pub(crate) mod grammar;
pub(crate) mod reader;
