//! Heads of HTTP, as the other side sees them.
//!
//! Owns the conversion between the core's heads and plain records. Decides nothing about them.

use crate::bytes::Blob;
use crate::failure::Failure;
use polywire::handshake::{self, Headers};

/// A header field. Its value is bytes: peers send more than ASCII.
#[derive(Debug, uniffi::Record)]
pub struct Header {
    /// The name, in any case.
    pub name: String,
    /// The value.
    pub value: Blob,
}

impl Header {
    fn new(name: &str, value: &[u8]) -> Self {
        Self { name: name.to_owned(), value: value.into() }
    }
}

/// The fields as the core wants them.
pub(crate) fn headers(fields: &[Header]) -> Result<Headers, Failure> {
    let mut headers = Headers::new();
    for field in fields {
        headers.push(&field.name, field.value.as_bytes())?;
    }
    Ok(headers)
}

pub(crate) fn fields<'a>(fields: impl Iterator<Item = (String, &'a [u8])>) -> Vec<Header> {
    fields.map(|(name, value)| Header { name, value: value.into() }).collect()
}

fn listed(headers: &Headers) -> Vec<Header> {
    headers.iter().map(|(name, value)| Header::new(name, value)).collect()
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
    pub(crate) fn received(response: handshake::Response) -> Self {
        let handshake::Response { status, headers, body, .. } = response;
        Self { status, headers: listed(&headers), body: body[..].into() }
    }

    /// With the fields of HTTP/2, whatever it goes over: over HTTP/1.1 its bytes are sent.
    pub(crate) fn to_send(response: &handshake::Response) -> Self {
        let headers = fields(response.fields());
        Self { status: response.status, headers, body: response.body[..].into() }
    }
}

/// A request for a WebSocket.
#[derive(Debug, uniffi::Record)]
pub struct Request {
    /// Path and query.
    pub target: String,
    /// The header fields.
    pub headers: Vec<Header>,
}

impl From<&handshake::Request> for Request {
    fn from(request: &handshake::Request) -> Self {
        Self { target: request.target.clone(), headers: listed(&request.headers) }
    }
}
