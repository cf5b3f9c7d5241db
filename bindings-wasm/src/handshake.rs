//! Opening handshakes at the border.
//!
//! Owns the list of calls; how they are told is `polywire_bridge::script`'s: fields that come in are names and
//! values in turn, outcomes are JSON. Knows nothing of what makes a handshake valid; that is the core.

use crate::connection::{Settings, thrown};
use polywire::handshake::{HandshakeError, ServerPolicy};
use polywire_bridge::{opening, script};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

fn failed(error: HandshakeError) -> JsValue {
    thrown(error.fault.code(), &error.to_string())
}

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

/// A client's handshake.
#[wasm_bindgen]
pub struct Client(script::Client);

#[wasm_bindgen]
impl Client {
    /// Over a byte stream; it starts now.
    #[wasm_bindgen(constructor)]
    pub fn new(
        url: &str,
        subprotocols: Vec<String>,
        fields: Vec<String>,
        settings: &Settings,
        nonce: &[u8],
        now: f64,
    ) -> Result<Self, JsValue> {
        let nonce = nonce.try_into().map_err(|_| thrown("", "a nonce has 16 bytes"))?;
        script::Client::over_stream(url, subprotocols, &fields, &settings.0, nonce, now)
            .map(Self)
            .map_err(failed)
    }

    /// Over HTTP/2 or HTTP/3.
    pub fn over_heads(
        url: &str,
        subprotocols: Vec<String>,
        fields: Vec<String>,
        settings: &Settings,
    ) -> Result<Self, JsValue> {
        script::Client::over_heads(url, subprotocols, &fields, &settings.0, None)
            .map(Self)
            .map_err(failed)
    }

    /// The request.
    pub fn request(&self) -> String {
        self.0.request()
    }

    /// Takes bytes; the outcome, once.
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

    /// The outcome of a response over HTTP/2.
    pub fn verify(&mut self, status: u16, fields: Vec<String>) -> Option<String> {
        self.0.verify("2.0", status, &fields)
    }

    /// The bytes behind the response.
    pub fn leftover(&mut self) -> Vec<u8> {
        self.0.take_leftover()
    }
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

/// A server's handshake.
#[wasm_bindgen]
pub struct Server(script::Server);

#[wasm_bindgen]
impl Server {
    /// It starts now.
    #[wasm_bindgen(constructor)]
    pub fn new(policy: &Policy, settings: &Settings, now: f64) -> Self {
        Self(script::Server::new(&policy.0, &settings.0, now))
    }

    /// Takes bytes; the request or the failure, once.
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

    /// Takes the fields of an extended CONNECT instead of bytes.
    pub fn examine_fields(&mut self, fields: Vec<String>) -> String {
        self.0.examine_fields(&fields)
    }

    /// Answers this subprotocol, or none.
    pub fn choose(&mut self, subprotocol: Option<String>) -> Option<String> {
        self.0.choose(subprotocol.as_deref())
    }

    /// Adds a header to the response.
    pub fn add_header(&mut self, name: &str, value: &str) -> Option<String> {
        self.0.add_header(name, value)
    }

    /// Accepts; the outcome.
    pub fn accept(&mut self) -> Option<String> {
        self.0.accept()
    }

    /// The bytes behind the request.
    pub fn leftover(&mut self) -> Vec<u8> {
        self.0.take_leftover()
    }
}
