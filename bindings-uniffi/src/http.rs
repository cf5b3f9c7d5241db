//! Heads of HTTP, as the other side sees them.
//!
//! Owns the conversion between the core's heads and plain records. Decides nothing about them.

use crate::bytes::Blob;
use polywire::handshake::{self, Upgrade};

/// A header field. Its value is bytes: peers send more than ASCII.
#[derive(Debug, uniffi::Record)]
pub struct Header {
    /// The name, in any case.
    pub name: String,
    /// The value.
    pub value: Blob,
}

/// The fields as the core takes them.
pub(crate) fn pairs(fields: &[Header]) -> impl Iterator<Item = (&str, &[u8])> {
    fields.iter().map(|field| (&field.name[..], field.value.as_bytes()))
}

pub(crate) fn fields<'a, N: Into<String>>(
    fields: impl Iterator<Item = (N, &'a [u8])>,
) -> Vec<Header> {
    fields.map(|(name, value)| Header { name: name.into(), value: value.into() }).collect()
}

/// A response: the server's, or the one to send.
#[derive(Debug, uniffi::Record)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<Header>,
    /// The body; of a received response its start only.
    pub body: Blob,
}

impl Response {
    pub(crate) fn received(response: &handshake::Response) -> Self {
        let handshake::Response { status, headers, body, .. } = response;
        Self { status: *status, headers: fields(headers.iter()), body: body[..].into() }
    }

    /// With the fields of HTTP/2, whatever it goes over: over HTTP/1.1 its bytes are sent.
    pub(crate) fn to_send(response: &handshake::Response) -> Self {
        Self { headers: fields(response.fields()), ..Self::received(response) }
    }
}

/// A valid request for a WebSocket, which the application may accept or refuse.
#[derive(Debug, uniffi::Record)]
pub struct Request {
    /// Path and query.
    pub target: String,
    /// The header fields.
    pub headers: Vec<Header>,
    /// The origin of the page behind it, if it comes from a browser.
    pub origin: Option<String>,
    /// The subprotocols that the client offers.
    pub subprotocols: Vec<String>,
}

impl From<&Upgrade> for Request {
    fn from(upgrade: &Upgrade) -> Self {
        Self {
            target: upgrade.request().target.clone(),
            headers: fields(upgrade.request().headers.iter()),
            origin: upgrade.origin().map(str::to_owned),
            subprotocols: upgrade.subprotocols().to_vec(),
        }
    }
}
