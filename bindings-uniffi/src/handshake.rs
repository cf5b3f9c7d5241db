//! Opening handshakes, and URLs.
//!
//! Owns how the two of `polywire_bridge::opening` cross the border, each behind a lock. Over heads they are for
//! hosts with an HTTP of their own, such as HTTP/2 with the extended CONNECT of RFC 8441.

use crate::bytes::Blob;
use crate::connection::instant;
use crate::failure::Failure;
use crate::http::{Header, Request, Response, fields, pairs};
use crate::settings::Settings;
use polywire::handshake::{self, Agreement, HandshakeError, HttpVersion, Upgrade};
use polywire::{Instant, UsageError};
use polywire_bridge::opening::{self, Location};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A `ws://` or `wss://` URL, taken apart.
#[uniffi::remote(Record)]
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
#[uniffi::export]
pub fn locate(url: &str, redirect: Option<String>) -> Result<Location, Failure> {
    Ok(opening::locate(url, redirect.as_deref())?)
}

/// The client's handshake.
#[derive(Debug, uniffi::Object)]
pub struct ClientHandshake {
    client: Mutex<opening::Client>,
}

#[uniffi::export]
impl ClientHandshake {
    /// Over a byte stream; it starts now. The nonce has 16 bytes; without one it is random.
    #[uniffi::constructor]
    pub fn new(
        url: &str,
        subprotocols: Vec<String>,
        headers: Vec<Header>,
        settings: &Settings,
        nonce: Option<Blob>,
        now: i64,
    ) -> Result<Self, Failure> {
        let given = nonce.map(|nonce| nonce.as_bytes().try_into()).transpose();
        let given = given.map_err(|_| Failure::setting("nonce", "16 bytes"))?;
        let nonce = given.unwrap_or_else(polywire_bridge::clock::random);
        let (url, options) = opening::asked(url, subprotocols, pairs(&headers))?;
        let now = instant(now);
        let client = opening::Client::over_stream(&url, &options, &settings.config, nonce, now)?;
        Ok(Self { client: Mutex::new(client) })
    }

    /// Over HTTP/2 or HTTP/3.
    #[uniffi::constructor]
    pub fn over_heads(
        url: &str,
        subprotocols: Vec<String>,
        headers: Vec<Header>,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let (url, options) = opening::asked(url, subprotocols, pairs(&headers))?;
        let client = opening::Client::over_heads(&url, &options, &settings.config, None)?;
        Ok(Self { client: Mutex::new(client) })
    }

    /// The bytes to send.
    pub fn request(&self) -> Blob {
        locked(&self.client).bytes().into()
    }

    /// The fields to send over HTTP/2 or HTTP/3, pseudo-headers first.
    pub fn fields(&self) -> Vec<Header> {
        fields(locked(&self.client).request().fields())
    }

    /// Takes bytes from the server, until there is a result.
    pub fn receive(&self, bytes: &[u8], now: i64) -> Result<Option<Agreement>, Failure> {
        self.step(|client| client.receive(bytes, instant(now)))
    }

    /// Takes note that the server ended the stream.
    pub fn receive_eof(&self) -> Result<Option<Agreement>, Failure> {
        self.step(opening::Client::receive_eof)
    }

    /// Ends the handshake if its time is up.
    pub fn handle_timeout(&self, now: i64) -> Result<Option<Agreement>, Failure> {
        self.step(|client| client.handle_timeout(instant(now)))
    }

    /// When to call that, if nothing happens before.
    pub fn deadline(&self) -> Option<i64> {
        micros(locked(&self.client).deadline())
    }

    /// The result of a response over HTTP/2 or HTTP/3.
    pub fn verify(&self, status: u16, fields: Vec<Header>) -> Result<Option<Agreement>, Failure> {
        let (version, headers) = (HttpVersion::Http2, opening::headers(pairs(&fields))?);
        let response = handshake::Response { version, status, headers, ..Default::default() };
        self.step(|client| client.verify(response))
    }

    /// The response that agreed.
    pub fn response(&self) -> Option<Response> {
        locked(&self.client).response().map(Response::received)
    }

    /// The first bytes of the connection, once: give them to it before any others.
    pub fn leftover(&self) -> Blob {
        locked(&self.client).take_leftover()[..].into()
    }
}

impl ClientHandshake {
    fn step<F>(&self, step: F) -> Result<Option<Agreement>, Failure>
    where
        F: FnOnce(&mut opening::Client) -> Option<Result<Agreement, HandshakeError>>,
    {
        Ok(step(&mut locked(&self.client)).transpose()?)
    }
}

/// The server's handshake.
#[derive(Debug, uniffi::Object)]
pub struct ServerHandshake {
    server: Mutex<opening::Server>,
}

#[uniffi::export]
impl ServerHandshake {
    /// It starts now. Pages of any origin may connect, or those of a list, or without both those of this server;
    /// of the subprotocols the preferred one comes first.
    #[uniffi::constructor]
    pub fn new(
        any_origin: bool,
        origins: Option<Vec<String>>,
        subprotocols: Vec<String>,
        settings: &Settings,
        now: i64,
    ) -> Self {
        let policy = opening::policy(any_origin, origins, subprotocols);
        let server = opening::Server::new(policy, Arc::clone(&settings.config), instant(now));
        Self { server: Mutex::new(server) }
    }

    /// Takes bytes from the client; gives a valid request, once.
    pub fn receive(&self, bytes: &[u8], now: i64) -> Result<Option<Request>, Failure> {
        self.step(|server| server.receive(bytes, instant(now)))
    }

    /// Takes note that the client ended the stream.
    pub fn receive_eof(&self) -> Result<Option<Request>, Failure> {
        self.step(opening::Server::receive_eof)
    }

    /// Refuses a request that is not complete when its time is up.
    pub fn handle_timeout(&self, now: i64) -> Result<Option<Request>, Failure> {
        self.step(|server| server.handle_timeout(instant(now)))
    }

    /// When to call that, if nothing happens before.
    pub fn deadline(&self) -> Option<i64> {
        micros(locked(&self.server).deadline())
    }

    /// Takes the fields of a request over HTTP/2 or HTTP/3 instead, pseudo-headers included.
    pub fn examine(&self, fields: Vec<Header>) -> Result<Option<Request>, Failure> {
        let request = handshake::Request::from_fields(pairs(&fields))?;
        self.step(|server| Some(server.examine(request)))
    }

    /// Answers this subprotocol, or none.
    pub fn choose(&self, subprotocol: Option<String>) -> Result<(), Failure> {
        let mut server = locked(&self.server);
        let upgrade = server.upgrade().ok_or(UsageError::NotOpen)?;
        Ok(upgrade.choose(subprotocol.as_deref())?)
    }

    /// Adds a header to the response.
    pub fn add_header(&self, header: Header) -> Result<(), Failure> {
        let mut server = locked(&self.server);
        let upgrade = server.upgrade().ok_or(UsageError::NotOpen)?;
        Ok(upgrade.add_header(&header.name, header.value.as_bytes())?)
    }

    /// Accepts the request.
    pub fn accept(&self) -> Result<Agreement, Failure> {
        Ok(locked(&self.server).accept().ok_or(UsageError::NotOpen)??)
    }

    /// The bytes to send over a byte stream, once it is decided. After those of a refusal close it.
    pub fn answer(&self) -> Blob {
        let server = locked(&self.server);
        server.response().map(handshake::Response::to_bytes).unwrap_or_default()[..].into()
    }

    /// The same over HTTP/2 or HTTP/3.
    pub fn response(&self) -> Option<Response> {
        locked(&self.server).response().map(Response::to_send)
    }

    /// The first bytes of the connection, once: give them to it before any others.
    pub fn leftover(&self) -> Blob {
        locked(&self.server).take_leftover()[..].into()
    }
}

impl ServerHandshake {
    fn step<F>(&self, step: F) -> Result<Option<Request>, Failure>
    where
        F: FnOnce(&mut opening::Server) -> Option<Result<&Upgrade, HandshakeError>>,
    {
        let mut server = locked(&self.server);
        Ok(step(&mut server).transpose()?.map(Request::from))
    }
}

/// The bytes of a response by which the application refuses. Close the socket after them.
#[uniffi::export]
pub fn refusal(status: u16, fields: Vec<Header>, body: &[u8]) -> Result<Blob, Failure> {
    Ok(handshake::Response::refusal(status, opening::headers(pairs(&fields))?, body)?.to_bytes()[..].into())
}

fn locked<T>(end: &Mutex<T>) -> MutexGuard<'_, T> {
    end.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(deadline: Option<Instant>) -> Option<i64> {
    deadline.map(|deadline| i64::try_from(deadline.as_micros()).unwrap_or(i64::MAX))
}
