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

use polywire::handshake::{
    ClientOptions, HandshakeError, Headers, OriginPolicy, ServerPolicy, Url,
};
use std::sync::Arc;

/// A `ws://` or `wss://` URL, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Whether the connection runs through TLS.
    pub secure: bool,
    /// The host to connect to; an IPv6 address is without its brackets.
    pub host: String,
    /// The port to connect to.
    pub port: u16,
    /// Path and query.
    pub target: String,
    /// Host and port as they stand in `Host`.
    pub authority: String,
    /// The user's name, decoded.
    pub user: Option<String>,
    /// The password, decoded.
    pub password: Option<String>,
    /// Whether a redirect leads to the same scheme, host and port.
    pub same_origin: bool,
}

/// Takes a URL apart; with `redirect` where that `Location` leads from it.
///
/// # Errors
///
/// What is wrong with either.
pub fn locate(url: &str, redirect: Option<&str>) -> Result<Location, HandshakeError> {
    let first = Url::parse(url)?;
    let url = redirect.map_or_else(|| Ok(first.clone()), |to| first.redirect(to))?;
    let (user, password) = url.credentials().unzip();
    Ok(Location {
        secure: url.is_secure(),
        host: url.host().to_owned(),
        port: url.port(),
        target: url.target().to_owned(),
        authority: url.authority(),
        user: user.map(str::to_owned),
        password: password.map(str::to_owned),
        same_origin: url.is_same_origin(&first),
    })
}

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

/// What a client asks for, and where.
///
/// # Errors
///
/// What is wrong with the URL, or cannot be sent.
pub fn asked<N: AsRef<str>, V: AsRef<[u8]>>(
    url: &str,
    subprotocols: Vec<String>,
    fields: impl IntoIterator<Item = (N, V)>,
) -> Result<(Url, ClientOptions), HandshakeError> {
    Ok((Url::parse(url)?, ClientOptions { subprotocols, headers: headers(fields)? }))
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
