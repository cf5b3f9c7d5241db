//! Opening handshakes at the border.
//!
//! Owns how they cross it: heads and outcomes as JSON, in which header values have a character for each
//! byte. Knows nothing of what makes a handshake valid; that is the core.

use crate::connection::{Settings, instant, millis, thrown};
use crate::json::Json;
use core::task::Poll;
use polywire::handshake::{
    Agreement, ClientOptions, HandshakeError, Headers, HttpVersion, OriginPolicy, Refusal, Request,
    Response, ServerPolicy, Url,
};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

fn refused(error: HandshakeError) -> JsValue {
    thrown(error.fault.code(), &error.to_string())
}

/// The bytes of a text in which each character stands for one.
fn latin1(text: &str) -> Result<Vec<u8>, JsValue> {
    let byte = |character| u8::try_from(u32::from(character)).ok();
    let bytes: Option<Vec<u8>> = text.chars().map(byte).collect();
    bytes.ok_or_else(|| thrown("option.header", "option.header: a header's characters are bytes"))
}

/// Names and values in turn.
fn headers(fields: &[String]) -> Result<Headers, JsValue> {
    let mut headers = Headers::new();
    for pair in fields.chunks_exact(2) {
        headers.push(&pair[0], &latin1(&pair[1])?).map_err(refused)?;
    }
    Ok(headers)
}

fn fields<'a, Name: AsRef<str>>(json: &mut Json, fields: impl Iterator<Item = (Name, &'a [u8])>) {
    json.items(fields, |json, (name, value)| {
        json.items([0, 1], |json, part| match part {
            0 => json.text(name.as_ref()),
            _ => json.latin1(value),
        });
    });
}

fn agreement(json: &mut Json, agreement: &Agreement) {
    json.key("subprotocol").text_or_null(agreement.subprotocol.as_deref());
    json.key("deflate").deflate(agreement.deflate);
}

fn response(json: &mut Json, it: &Response) {
    json.braces(|json| {
        json.key("status").number(it.status);
        json.key("reason").text(&it.reason);
        fields(json.key("headers"), it.headers.iter());
        json.key("body").latin1(&it.body);
    });
}

fn error(json: &mut Json, it: &HandshakeError) {
    json.braces(|json| {
        json.key("code").text(it.fault.code());
        json.key("message").text(&it.to_string());
        match &it.response {
            Some(it) => response(json.key("response"), it),
            None => json.key("response").null(),
        }
    });
}

/// A URL taken apart, as JSON; with `location` where a redirect from it leads.
#[wasm_bindgen]
pub fn parse_url(url: &str, location: Option<String>) -> Result<String, JsValue> {
    let parsed = Url::parse(url).map_err(refused)?;
    let it = match location {
        Some(location) => parsed.redirect(&location).map_err(refused)?,
        None => parsed,
    };
    Ok(Json::object(|json| {
        json.key("secure").flag(it.is_secure());
        json.key("host").text(it.host());
        json.key("port").number(it.port());
        json.key("target").text(it.target());
        json.key("authority").text(&it.authority());
        match it.credentials() {
            Some((user, password)) => {
                json.key("credentials").items([user, password], Json::text);
            }
            None => json.key("credentials").null(),
        }
    }))
}

/// A client's handshake over a byte stream.
#[wasm_bindgen]
pub struct ClientHandshake {
    core: polywire::handshake::ClientHandshake,
    request: Vec<u8>,
    leftover: Vec<u8>,
}

fn client_options(subprotocols: Vec<String>, fields: &[String]) -> Result<ClientOptions, JsValue> {
    Ok(ClientOptions { subprotocols, headers: headers(fields)? })
}

#[wasm_bindgen]
impl ClientHandshake {
    /// It starts now.
    #[wasm_bindgen(constructor)]
    pub fn new(
        url: &str,
        subprotocols: Vec<String>,
        fields: Vec<String>,
        settings: &Settings,
        nonce: &[u8],
        now: f64,
    ) -> Result<Self, JsValue> {
        let url = Url::parse(url).map_err(refused)?;
        let options = client_options(subprotocols, &fields)?;
        let nonce = nonce.try_into().map_err(|_| thrown("", "a nonce has 16 bytes"))?;
        let now = instant(now);
        let made =
            polywire::handshake::ClientHandshake::new(&url, &options, &settings.0, nonce, now);
        let (core, request) = made.map_err(refused)?;
        Ok(Self { core, request, leftover: Vec::new() })
    }

    /// The bytes to send.
    pub fn request(&self) -> Vec<u8> {
        self.request.clone()
    }

    /// Takes bytes; the outcome as JSON, once.
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Option<String> {
        let outcome = self.core.receive(bytes, instant(now));
        self.outcome(outcome)
    }

    /// The stream ended.
    pub fn receive_eof(&mut self) -> Option<String> {
        let outcome = self.core.receive_eof();
        self.outcome(outcome)
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: f64) -> Option<String> {
        let outcome = self.core.handle_timeout(instant(now));
        self.outcome(outcome)
    }

    /// When it comes.
    pub fn deadline(&self) -> f64 {
        millis(self.core.deadline())
    }

    /// The bytes behind the response.
    pub fn leftover(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.leftover)
    }

    fn outcome(
        &mut self,
        outcome: Poll<Result<polywire::handshake::Established<Response>, HandshakeError>>,
    ) -> Option<String> {
        let Poll::Ready(outcome) = outcome else { return None };
        Some(Json::object(|json| match outcome {
            Ok(established) => {
                agreement(json, &established.agreement);
                response(json.key("response"), &established.head);
                self.leftover = established.leftover;
            }
            Err(it) => error(json.key("error"), &it),
        }))
    }
}

/// A client's request over HTTP/2 or HTTP/3.
#[wasm_bindgen]
pub struct ExtendedConnect(polywire::handshake::Offer);

#[wasm_bindgen]
impl ExtendedConnect {
    /// The request.
    #[wasm_bindgen(constructor)]
    pub fn new(
        url: &str,
        subprotocols: Vec<String>,
        fields: Vec<String>,
        settings: &Settings,
    ) -> Result<Self, JsValue> {
        let url = Url::parse(url).map_err(refused)?;
        let options = client_options(subprotocols, &fields)?;
        let deflate = settings.0.deflate.as_ref();
        let offer = polywire::handshake::Offer::extended_connect(&url, &options, deflate);
        offer.map(Self).map_err(refused)
    }

    /// Its fields, pseudo-headers first, as JSON.
    pub fn fields(&self) -> String {
        let mut json = Json::default();
        fields(&mut json, self.0.request().fields());
        json.finish()
    }

    /// What was agreed on, as JSON.
    pub fn verify(&self, status: u16, fields: Vec<String>) -> Result<String, JsValue> {
        let (version, headers) = (HttpVersion::Http2, headers(&fields)?);
        let response = Response { version, status, headers, ..Response::default() };
        let agreed = self.0.verify(&response).map_err(refused)?;
        Ok(Json::object(|json| agreement(json, &agreed)))
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
        let origins = match origins {
            _ if any_origin => OriginPolicy::Any,
            Some(origins) => OriginPolicy::List(origins),
            None => OriginPolicy::SameOrigin,
        };
        Self(Arc::new(ServerPolicy { origins, subprotocols }))
    }
}

/// A server's handshake over a byte stream, or of a request that came over HTTP/2.
#[wasm_bindgen]
pub struct ServerHandshake {
    core: Option<polywire::handshake::ServerHandshake>,
    upgrade: Option<polywire::handshake::Upgrade>,
    /// What to send.
    response: Response,
    leftover: Vec<u8>,
}

#[wasm_bindgen]
impl ServerHandshake {
    /// It starts now.
    #[wasm_bindgen(constructor)]
    pub fn new(policy: &Policy, settings: &Settings, now: f64) -> Self {
        let (policy, config) = (Arc::clone(&policy.0), Arc::clone(&settings.0));
        let core = polywire::handshake::ServerHandshake::new(policy, config, instant(now));
        Self { core: Some(core), ..Self::empty() }
    }

    /// For an extended CONNECT: a handshake that waits for nothing.
    pub fn for_fields() -> Self {
        Self::empty()
    }

    /// Takes bytes; the request or the refusal as JSON, once.
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Option<String> {
        let outcome = self.core.as_mut()?.receive(bytes, instant(now));
        self.outcome(outcome)
    }

    /// Takes the fields of an extended CONNECT.
    pub fn receive_fields(
        &mut self,
        fields: Vec<String>,
        policy: &Policy,
        settings: &Settings,
    ) -> Result<String, JsValue> {
        let values: Result<Vec<_>, _> =
            fields.chunks_exact(2).map(|pair| latin1(&pair[1])).collect();
        let values = values?;
        let names = fields.chunks_exact(2).map(|pair| &pair[0][..]);
        let request = Request::from_fields(names.zip(values.iter().map(|value| &value[..])));
        let request = request.map_err(refused)?;
        let deflate = settings.0.deflate.as_ref();
        let outcome = polywire::handshake::Upgrade::examine(request, &policy.0, deflate);
        Ok(self.outcome(Poll::Ready(outcome)).unwrap_or_default())
    }

    /// The stream ended.
    pub fn receive_eof(&mut self) -> Option<String> {
        let outcome = self.core.as_mut()?.receive_eof();
        self.outcome(outcome)
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: f64) -> Option<String> {
        let outcome = self.core.as_mut()?.handle_timeout(instant(now));
        self.outcome(outcome)
    }

    /// When it comes.
    pub fn deadline(&self) -> f64 {
        millis(self.core.as_ref().and_then(polywire::handshake::ServerHandshake::deadline))
    }

    /// Answers this subprotocol, or none.
    pub fn choose(&mut self, subprotocol: Option<String>) -> Result<(), JsValue> {
        self.upgrade()?.choose(subprotocol.as_deref()).map_err(refused)
    }

    /// Adds a header to the response.
    pub fn add_header(&mut self, name: &str, value: &str) -> Result<(), JsValue> {
        let value = latin1(value)?;
        self.upgrade()?.add_header(name, &value).map_err(refused)
    }

    /// Accepts: what was agreed on as JSON, or the error of a refusal.
    pub fn accept(&mut self) -> Result<String, JsValue> {
        self.upgrade()?;
        let Some(upgrade) = self.upgrade.take() else { return Ok(String::new()) };
        let (response, agreed) = match self.core.take() {
            None => upgrade.accept(),
            Some(core) => match core.accept(upgrade) {
                Ok((response, established)) => {
                    self.leftover = established.leftover;
                    (response, established.agreement)
                }
                Err(refusal) => return Ok(self.refusal(refusal)),
            },
        };
        self.response = response;
        Ok(Json::object(|json| agreement(json, &agreed)))
    }

    /// Refuses.
    pub fn refuse(&mut self, status: u16, fields: Vec<String>, body: &[u8]) -> Result<(), JsValue> {
        self.response = Response::refusal(status, headers(&fields)?, body).map_err(refused)?;
        self.upgrade = None;
        Ok(())
    }

    /// The bytes to send over HTTP/1.1.
    pub fn response(&self) -> Vec<u8> {
        self.response.to_bytes()
    }

    /// The status to send over HTTP/2.
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// The fields to send over HTTP/2, as JSON.
    pub fn fields(&self) -> String {
        let mut json = Json::default();
        fields(&mut json, self.response.fields());
        json.finish()
    }

    /// The bytes behind the request.
    pub fn leftover(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.leftover)
    }

    fn empty() -> Self {
        Self { core: None, upgrade: None, response: Response::default(), leftover: Vec::new() }
    }

    fn upgrade(&mut self) -> Result<&mut polywire::handshake::Upgrade, JsValue> {
        self.upgrade.as_mut().ok_or_else(|| thrown("", "there is no request to answer"))
    }

    fn outcome(
        &mut self,
        outcome: Poll<Result<polywire::handshake::Upgrade, Refusal>>,
    ) -> Option<String> {
        let upgrade = match outcome {
            Poll::Pending => return None,
            Poll::Ready(Err(refusal)) => return Some(self.refusal(refusal)),
            Poll::Ready(Ok(upgrade)) => upgrade,
        };
        let json = Json::object(|json| {
            let request = upgrade.request();
            json.key("method").text(&request.method);
            json.key("target").text(&request.target);
            fields(json.key("headers"), request.headers.iter());
            json.key("origin").text_or_null(upgrade.origin());
            json.key("subprotocols").items(upgrade.subprotocols(), |json, name| json.text(name));
            json.key("subprotocol").text_or_null(upgrade.subprotocol());
        });
        self.upgrade = Some(upgrade);
        Some(json)
    }

    fn refusal(&mut self, refusal: Refusal) -> String {
        self.response = *refusal.response;
        Json::object(|json| error(json.key("error"), &refusal.error))
    }
}
