//! Opening handshakes at the border.
//!
//! Owns the list of calls; how they are told is `polywire_bridge::script`'s: fields that come in are names and
//! values in turn, outcomes are JSON. Knows nothing of what makes a handshake valid; that is the core.

use crate::connection::{Settings, thrown};
use polywire::handshake::ServerPolicy;
use polywire_bridge::{opening, script};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// A URL taken apart; with `redirect` where that location leads from it.
#[wasm_bindgen]
pub fn locate(url: &str, redirect: Option<String>) -> String {
    script::locate(url, redirect.as_deref())
}

/// The response by which an application refuses.
#[wasm_bindgen]
pub fn refusal(status: u16, fields: Vec<String>, body: &[u8]) -> String {
    script::refusal(status, &fields, body)
}

/// Which pages may connect, and which subprotocols are spoken.
#[wasm_bindgen]
pub struct Policy(Arc<ServerPolicy>);

#[wasm_bindgen]
impl Policy {
    /// `any_origin`, or a list of them; neither: those of this server.
    #[wasm_bindgen(constructor)]
    pub fn new(any_origin: bool, origins: Option<Vec<String>>, subprotocols: Vec<String>) -> Self {
        Self(opening::policy(any_origin, origins, subprotocols))
    }
}

/// The handshake of either end.
#[wasm_bindgen]
pub struct Handshake(script::Handshake);

#[wasm_bindgen]
impl Handshake {
    /// A client's, which starts now.
    pub fn client(
        url: &str,
        subprotocols: Vec<String>,
        fields: Vec<String>,
        settings: &Settings,
        over: &str,
        nonce: &[u8],
        now: f64,
    ) -> Result<Self, JsValue> {
        let nonce = nonce.try_into().map_err(|_| thrown("", "a nonce has 16 bytes"))?;
        script::Handshake::client(url, subprotocols, &fields, &settings.0, over, nonce, now)
            .map(Self)
            .map_err(|error| thrown(error.fault.code(), &error.to_string()))
    }

    /// A server's, which starts now.
    pub fn server(policy: &Policy, settings: &Settings, now: f64) -> Self {
        Self(script::Handshake::server(&policy.0, &settings.0, now))
    }

    /// Takes bytes from the other end; the outcome, once.
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Option<String> {
        self.0.receive(bytes, now)
    }

    /// The stream ended.
    pub fn receive_eof(&mut self) -> Option<String> {
        self.0.receive_eof()
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: f64) -> Option<String> {
        self.0.handle_timeout(now)
    }

    /// When it comes.
    pub fn deadline(&self) -> Option<f64> {
        self.0.deadline()
    }

    /// The request.
    pub fn request(&self) -> String {
        self.0.request()
    }

    /// The response.
    pub fn response(&self) -> String {
        self.0.response()
    }

    /// The bytes behind the head of the other end, once.
    pub fn leftover(&mut self) -> Vec<u8> {
        self.0.take_leftover()
    }

    /// For a client: the outcome of a response over HTTP/2.
    pub fn verify(&mut self, status: u16, fields: Vec<String>) -> Option<String> {
        self.0.verify("2.0", status, &fields)
    }

    /// For a server: takes the fields of an extended CONNECT instead of bytes.
    pub fn examine_fields(&mut self, fields: Vec<String>) -> Option<String> {
        self.0.examine_fields(&fields)
    }

    /// For a server: answers this subprotocol, or none.
    pub fn choose(&mut self, subprotocol: Option<String>) -> Option<String> {
        self.0.choose(subprotocol.as_deref())
    }

    /// For a server: adds a header to the response.
    pub fn add_header(&mut self, name: &str, value: &str) -> Option<String> {
        self.0.add_header(name, value)
    }

    /// For a server: accepts; the outcome.
    pub fn accept(&mut self) -> Option<String> {
        self.0.accept()
    }
}
