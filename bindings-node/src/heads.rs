//! Heads of requests and responses as JavaScript knows them.
//!
//! Names and values are strings in which each character is one byte, as in Node's own `http`.

use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use polywire::handshake::{Agreement, HandshakeError, Headers, Refusal, Response, Url};
use polywire::{DeflateParams, Instant};

/// A time of JavaScript: milliseconds of any epoch.
pub(crate) fn instant(millis: f64) -> Instant {
    Instant::from_micros((millis * 1000.0) as u64)
}

/// Milliseconds again.
pub(crate) fn millis(instant: Option<Instant>) -> Option<f64> {
    instant.map(|at| at.as_micros() as f64 / 1000.0)
}

/// The bytes of a string whose characters are bytes. Others become `?`, as in a URL's query.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Header fields from names and values that take turns.
pub(crate) fn headers(flat: &[String]) -> Result<Headers, HandshakeError> {
    let mut headers = Headers::new();
    for field in flat.as_chunks::<2>().0 {
        headers.push(&field[0], &bytes(&field[1]))?;
    }
    Ok(headers)
}

/// Names and values that take turns.
pub(crate) fn flat<'a, N: Into<String>>(
    fields: impl Iterator<Item = (N, &'a [u8])>,
) -> Vec<String> {
    fields.flat_map(|(name, value)| [name.into(), text(value)]).collect()
}

/// What permessage-deflate does on a connection.
#[napi(object)]
pub struct Params {
    /// The server starts each message with an empty window.
    pub server_no_context_takeover: bool,
    /// The client does.
    pub client_no_context_takeover: bool,
    /// The window of the server's compressor.
    pub server_max_window_bits: u8,
    /// The window of the client's.
    pub client_max_window_bits: u8,
}

impl Params {
    pub(crate) fn into_core(self) -> DeflateParams {
        DeflateParams {
            server_no_context_takeover: self.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover,
            server_max_window_bits: self.server_max_window_bits,
            client_max_window_bits: self.client_max_window_bits,
        }
    }

    fn from_core(params: DeflateParams) -> Self {
        Self {
            server_no_context_takeover: params.server_no_context_takeover,
            client_no_context_takeover: params.client_no_context_takeover,
            server_max_window_bits: params.server_max_window_bits,
            client_max_window_bits: params.client_max_window_bits,
        }
    }
}

/// A response.
#[napi(object)]
pub struct Head {
    /// The status.
    pub status: u16,
    /// The reason phrase.
    pub reason: String,
    /// Header fields: names and values take turns.
    pub headers: Vec<String>,
    /// The same as HTTP/2 has them.
    pub fields: Vec<String>,
    /// The body, or its start.
    pub body: Buffer,
    /// All of it as HTTP/1.1 has it.
    pub bytes: Buffer,
}

impl Head {
    pub(crate) fn new(response: &Response) -> Self {
        Self {
            status: response.status,
            reason: response.reason.clone(),
            headers: flat(response.headers.iter()),
            fields: flat(response.fields()),
            body: response.body.clone().into(),
            bytes: response.to_bytes().into(),
        }
    }
}

/// A handshake that succeeded.
#[napi(object)]
pub struct Agreed {
    /// The subprotocol.
    pub subprotocol: Option<String>,
    /// How messages are compressed.
    pub deflate: Option<Params>,
    /// The response, sent or received.
    pub response: Option<Head>,
    /// Bytes behind the head of the other end.
    pub leftover: Option<Buffer>,
}

impl Agreed {
    pub(crate) fn new(agreement: Agreement) -> Self {
        Self {
            subprotocol: agreement.subprotocol,
            deflate: agreement.deflate.map(Params::from_core),
            response: None,
            leftover: None,
        }
    }
}

/// A handshake that failed, and why.
#[napi(object)]
pub struct Failure {
    /// The stable code of the fault.
    pub code: String,
    /// What was expected, and what came.
    pub message: String,
    /// The response: the server's to send, or what the client got.
    pub response: Option<Head>,
}

impl Failure {
    pub(crate) fn new(error: &HandshakeError) -> Self {
        Self {
            code: error.fault.code().into(),
            message: error.to_string(),
            response: error.response.as_deref().map(Head::new),
        }
    }

    pub(crate) fn refusal(refusal: &Refusal) -> Self {
        Self { response: Some(Head::new(&refusal.response)), ..Self::new(&refusal.error) }
    }
}

/// A URL taken apart.
#[napi(object)]
pub struct Location {
    /// Whether TLS is used.
    pub secure: bool,
    /// The host to connect to.
    pub host: String,
    /// The port to connect to.
    pub port: u16,
    /// Path and query.
    pub target: String,
    /// Host and port as `Host` has them.
    pub authority: String,
    /// User name and password.
    pub credentials: Option<Vec<String>>,
    /// Of a redirect: whether it leads to the same scheme, host and port.
    pub same_origin: bool,
}

/// Parses a URL, or resolves a redirect from it.
#[napi]
pub fn locate(url: String, redirect: Option<String>) -> Either<Location, Failure> {
    let parsed = Url::parse(&url).and_then(|first| {
        let url = match &redirect {
            Some(location) => first.redirect(location)?,
            None => first.clone(),
        };
        Ok((url.is_same_origin(&first), url))
    });
    match parsed {
        Err(error) => Either::B(Failure::new(&error)),
        Ok((same_origin, url)) => Either::A(Location {
            secure: url.is_secure(),
            host: url.host().into(),
            port: url.port(),
            target: url.target().into(),
            authority: url.authority(),
            credentials: url.credentials().map(|(user, pass)| vec![user.into(), pass.into()]),
            same_origin,
        }),
    }
}
