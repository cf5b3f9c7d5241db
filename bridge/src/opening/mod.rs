//! Opening handshakes as a binding holds them: one [`Client`], one [`Server`].
//!
//! Each goes over a byte stream or over heads that a host parsed, takes what a language has (lists of names and
//! values), and keeps what belongs to its end: the heads, and the bytes behind them. Owns how the core's machines
//! and functions become these two, and no decision: what makes a handshake valid is the core's. RFC 6455 section
//! 4, RFC 8441.

mod client;
mod server;

pub use client::Client;
pub use server::Server;

use polywire::handshake::{HandshakeError, Headers, OriginPolicy, ServerPolicy};
use std::sync::Arc;

/// Checked header fields from names and values.
///
/// # Errors
///
/// The first that cannot stand in a head.
pub fn headers<N: AsRef<str>, V: AsRef<[u8]>>(
    fields: impl IntoIterator<Item = (N, V)>,
) -> Result<Headers, HandshakeError> {
    let mut headers = Headers::new();
    for (name, value) in fields {
        headers.push(name.as_ref(), value.as_ref())?;
    }
    Ok(headers)
}

/// What a server accepts without asking the application: pages of any origin, or those of a list, or without
/// both its own; and its subprotocols, the preferred one first.
pub fn policy(
    any_origin: bool,
    origins: Option<Vec<String>>,
    subprotocols: Vec<String>,
) -> Arc<ServerPolicy> {
    let origins = match origins {
        _ if any_origin => OriginPolicy::Any,
        Some(origins) => OriginPolicy::List(origins),
        None => OriginPolicy::SameOrigin,
    };
    Arc::new(ServerPolicy { origins, subprotocols })
}
