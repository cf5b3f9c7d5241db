//! Opening handshakes: over heads that Node parses, and over bytes.
//!
//! Owns the list of calls; how they are told is the bridge's `script`: fields that come in are names and values in
//! turn, outcomes are JSON. Knows nothing of what makes a handshake valid; that is the core.

use crate::settings::{Config, Policy};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use polywire_bridge::{clock, script};

/// A URL taken apart, or where a redirect from it leads.
#[napi]
pub fn locate(url: String, redirect: Option<String>) -> String {
    script::locate(&url, redirect.as_deref())
}

/// The response by which an application refuses.
#[napi]
pub fn refusal(status: u16, headers: Vec<String>, body: &[u8]) -> String {
    script::refusal(status, &headers, body)
}

/// The handshake of either end.
#[napi]
pub struct Handshake(script::Handshake);

#[napi]
impl Handshake {
    /// A client's, which starts at `now`. A nonce that is not given is random.
    #[napi(factory)]
    pub fn client(
        url: String,
        subprotocols: Vec<String>,
        headers: Vec<String>,
        config: &Config,
        over: String,
        nonce: Option<&[u8]>,
        now: f64,
    ) -> Result<Self, napi::Error<&'static str>> {
        let nonce = nonce.and_then(|bytes| bytes.try_into().ok()).unwrap_or_else(clock::random);
        script::Handshake::client(&url, subprotocols, &headers, &config.0, &over, nonce, now)
            .map(Self)
            .map_err(|error| napi::Error::new(error.fault.code(), error.to_string()))
    }

    /// A server's, which starts at `now`.
    #[napi(factory)]
    pub fn server(policy: &Policy, config: &Config, now: f64) -> Self {
        Self(script::Handshake::server(&policy.0, &config.0, now))
    }

    /// Takes bytes from the other end; the outcome, once.
    #[napi(catch_unwind)]
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Option<String> {
        self.0.receive(bytes, now)
    }

    /// Notes the end of the stream.
    #[napi]
    pub fn receive_eof(&mut self) -> Option<String> {
        self.0.receive_eof()
    }

    /// Ends the handshake if its time is up.
    #[napi]
    pub fn handle_timeout(&mut self, now: f64) -> Option<String> {
        self.0.handle_timeout(now)
    }

    /// When the time is up, if it is limited.
    #[napi]
    pub fn deadline(&self) -> Option<f64> {
        self.0.deadline()
    }

    /// The request.
    #[napi]
    pub fn request(&self) -> String {
        self.0.request()
    }

    /// The response.
    #[napi]
    pub fn response(&self) -> String {
        self.0.response()
    }

    /// The bytes behind the head of the other end, once.
    #[napi]
    pub fn leftover(&mut self) -> Buffer {
        self.0.take_leftover().into()
    }

    /// For a client: the outcome of a response that Node parsed. `version` is that of HTTP.
    #[napi(catch_unwind)]
    pub fn verify(&mut self, version: String, status: u16, headers: Vec<String>) -> Option<String> {
        self.0.verify(&version, status, &headers)
    }

    /// For a server: checks a request that Node parsed; `headers` are its raw headers.
    #[napi(catch_unwind)]
    pub fn examine(
        &mut self,
        method: String,
        target: String,
        version: String,
        headers: Vec<String>,
    ) -> Option<String> {
        self.0.examine(method, target, &version, &headers)
    }

    /// For a server: checks the header fields of an extended CONNECT.
    #[napi(catch_unwind)]
    pub fn examine_fields(&mut self, fields: Vec<String>) -> Option<String> {
        self.0.examine_fields(&fields)
    }

    /// For a server: answers this subprotocol, or none.
    #[napi]
    pub fn choose(&mut self, subprotocol: Option<String>) -> Option<String> {
        self.0.choose(subprotocol.as_deref())
    }

    /// For a server: adds a header to the response.
    #[napi]
    pub fn add_header(&mut self, name: String, value: String) -> Option<String> {
        self.0.add_header(&name, &value)
    }

    /// For a server: accepts; the outcome.
    #[napi]
    pub fn accept(&mut self) -> Option<String> {
        self.0.accept()
    }
}
