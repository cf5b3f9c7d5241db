//! What crosses the border to JavaScript, in Node and through WebAssembly.
//!
//! Owns its notation: times are milliseconds, fields that come in are names and values in turn, in which a
//! character is a byte, and what goes out is JSON. An outcome is an object; of a failure it has only `error`. Knows
//! nothing of either border, and of handshakes only how [`opening`](crate::opening) tells them.

use crate::codes;
use crate::json::Json;
use crate::opening::{self, headers};
use polywire::handshake::{
    Agreement, ClientOptions, HandshakeError, HttpVersion, Request, Response, ServerPolicy,
    Upgrade, Url,
};
use polywire::{Config, DeflateParams, Instant};
use std::sync::Arc;

/// The time of a host.
pub fn instant(millis: f64) -> Instant {
    Instant::from_micros((millis * 1000.0) as u64)
}

/// The time for a host.
pub fn millis(instant: Option<Instant>) -> Option<f64> {
    instant.map(|at| at.as_micros() as f64 / 1000.0)
}

/// Every code as `codes`, violations first, and what can end a connection as `causes`: at the index by which
/// records name them.
pub fn tables() -> String {
    Json::object(|json| {
        json.key("codes").items(codes::all(), |json, entry| {
            json.braces(|json| {
                json.key("code").text(entry.code);
                json.key("origin").text(entry.origin.name());
                json.key("number").number(entry.number);
                json.key("section").text(entry.section);
                json.key("expected").text(entry.expected);
            });
        });
        json.key("causes").items(codes::CAUSES, Json::text);
    })
}

/// A URL taken apart; with `redirect` where that location leads from it, and whether to the same origin.
pub fn locate(url: &str, redirect: Option<&str>) -> String {
    let located = Url::parse(url).and_then(|first| {
        let url = redirect.map_or_else(|| Ok(first.clone()), |to| first.redirect(to))?;
        Ok((url.is_same_origin(&first), url))
    });
    let (same_origin, url) = match located {
        Ok(located) => located,
        Err(error) => return failure(&error, None),
    };
    Json::object(|json| {
        json.key("secure").flag(url.is_secure());
        json.key("host").text(url.host());
        json.key("port").number(url.port());
        json.key("target").text(url.target());
        json.key("authority").text(&url.authority());
        match url.credentials() {
            Some((user, password)) => {
                json.key("credentials").items([user, password], Json::text);
            }
            None => json.key("credentials").null(),
        }
        json.key("sameOrigin").flag(same_origin);
    })
}

/// The response by which an application refuses, as `response`.
pub fn refusal(status: u16, fields: &[String], body: &[u8]) -> String {
    let made = headers(pairs(fields)).and_then(|headers| Response::refusal(status, headers, body));
    match made {
        Ok(made) => Json::object(|json| response(json.key("response"), Some(&made))),
        Err(error) => failure(&error, None),
    }
}

/// A client's opening handshake.
#[derive(Debug)]
pub struct Client(opening::Client);

impl Client {
    /// See [`opening::Client::over_stream`].
    ///
    /// # Errors
    ///
    /// What cannot be requested.
    pub fn over_stream(
        url: &str,
        subprotocols: Vec<String>,
        fields: &[String],
        config: &Config,
        nonce: [u8; 16],
        now: f64,
    ) -> Result<Self, HandshakeError> {
        let (url, options) = (Url::parse(url)?, options(subprotocols, fields)?);
        opening::Client::over_stream(&url, &options, config, nonce, instant(now)).map(Self)
    }

    /// See [`opening::Client::over_heads`].
    ///
    /// # Errors
    ///
    /// What cannot be requested.
    pub fn over_heads(
        url: &str,
        subprotocols: Vec<String>,
        fields: &[String],
        config: &Config,
        nonce: Option<[u8; 16]>,
    ) -> Result<Self, HandshakeError> {
        let (url, options) = (Url::parse(url)?, options(subprotocols, fields)?);
        opening::Client::over_heads(&url, &options, config, nonce).map(Self)
    }

    /// The request: its `headers`, its `fields` over HTTP/2, and its `bytes`.
    pub fn request(&self) -> String {
        let request = self.0.request();
        Json::object(|json| {
            list(json.key("headers"), request.headers.iter());
            list(json.key("fields"), request.fields());
            json.key("bytes").latin1(self.0.bytes());
        })
    }

    /// Takes bytes; the outcome, once.
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Option<String> {
        let outcome = self.0.receive(bytes, instant(now))?;
        Some(self.told(outcome))
    }

    /// The stream ended.
    pub fn receive_eof(&mut self) -> Option<String> {
        let outcome = self.0.receive_eof()?;
        Some(self.told(outcome))
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: f64) -> Option<String> {
        let outcome = self.0.handle_timeout(instant(now))?;
        Some(self.told(outcome))
    }

    /// When it comes.
    pub fn deadline(&self) -> Option<f64> {
        millis(self.0.deadline())
    }

    /// The outcome of a response that the host parsed. `version` is that of HTTP.
    pub fn verify(&mut self, version: &str, status: u16, fields: &[String]) -> Option<String> {
        let headers = match headers(pairs(fields)) {
            Ok(headers) => headers,
            Err(error) => return Some(failure(&error, None)),
        };
        let version = self::version(version);
        let outcome =
            self.0.verify(Response { version, status, headers, ..Response::default() })?;
        Some(self.told(outcome))
    }

    /// See [`opening::Client::take_leftover`].
    pub fn take_leftover(&mut self) -> Vec<u8> {
        self.0.take_leftover()
    }

    fn told(&self, outcome: Result<Agreement, HandshakeError>) -> String {
        match outcome {
            Ok(agreement) => agreed(&agreement, self.0.response()),
            Err(error) => failure(&error, error.response.as_deref()),
        }
    }
}

/// A server's opening handshake.
#[derive(Debug)]
pub struct Server(opening::Server);

impl Server {
    /// It starts now.
    pub fn new(policy: &Arc<ServerPolicy>, config: &Arc<Config>, now: f64) -> Self {
        Self(opening::Server::new(Arc::clone(policy), Arc::clone(config), instant(now)))
    }

    /// Takes bytes; the request or the failure, once.
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Option<String> {
        let outcome = self.0.receive(bytes, instant(now))?.map(request);
        Some(self.told(outcome))
    }

    /// The stream ended.
    pub fn receive_eof(&mut self) -> Option<String> {
        let outcome = self.0.receive_eof()?.map(request);
        Some(self.told(outcome))
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: f64) -> Option<String> {
        let outcome = self.0.handle_timeout(instant(now))?.map(request);
        Some(self.told(outcome))
    }

    /// When it comes.
    pub fn deadline(&self) -> Option<f64> {
        millis(self.0.deadline())
    }

    /// The request or the failure, for a head of HTTP/1 that the host parsed.
    pub fn examine(
        &mut self,
        method: String,
        target: String,
        version: &str,
        fields: &[String],
    ) -> String {
        let version = self::version(version);
        let outcome = headers(pairs(fields)).and_then(|headers| {
            let request = Request { version, method, target, headers, ..Request::default() };
            self.0.examine(request).map(self::request)
        });
        self.told(outcome)
    }

    /// The same for the fields of an extended CONNECT.
    pub fn examine_fields(&mut self, fields: &[String]) -> String {
        let fields: Vec<_> = pairs(fields).collect();
        let fields = fields.iter().map(|(name, value)| (*name, &value[..]));
        let outcome = Request::from_fields(fields)
            .and_then(|request| self.0.examine(request).map(self::request));
        self.told(outcome)
    }

    /// Answers this subprotocol, or none; what is wrong with that.
    pub fn choose(&mut self, subprotocol: Option<&str>) -> Option<String> {
        let chosen = self.0.upgrade()?.choose(subprotocol);
        chosen.err().map(|error| failure(&error, None))
    }

    /// Adds a header to the response; what is wrong with it.
    pub fn add_header(&mut self, name: &str, value: &str) -> Option<String> {
        let added = self.0.upgrade()?.add_header(name, &latin1(value));
        added.err().map(|error| failure(&error, None))
    }

    /// Accepts: the outcome, unless there is no request.
    pub fn accept(&mut self) -> Option<String> {
        let outcome = self.0.accept()?;
        let accepted = outcome.map(|agreement| agreed(&agreement, self.0.response()));
        Some(self.told(accepted))
    }

    /// See [`opening::Server::take_leftover`].
    pub fn take_leftover(&mut self) -> Vec<u8> {
        self.0.take_leftover()
    }

    fn told(&self, outcome: Result<String, HandshakeError>) -> String {
        outcome.unwrap_or_else(|error| failure(&error, self.0.response()))
    }
}

fn options(subprotocols: Vec<String>, fields: &[String]) -> Result<ClientOptions, HandshakeError> {
    Ok(ClientOptions { subprotocols, headers: headers(pairs(fields))? })
}

fn version(name: &str) -> HttpVersion {
    match name {
        "1.0" => HttpVersion::Http10,
        "2.0" => HttpVersion::Http2,
        _ => HttpVersion::Http11,
    }
}

fn pairs(fields: &[String]) -> impl Iterator<Item = (&str, Vec<u8>)> {
    fields.as_chunks::<2>().0.iter().map(|[name, value]| (name.as_str(), latin1(value)))
}

/// The bytes of a text whose characters are bytes. Others become `?`, as in a URL's query.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')).collect()
}

fn failure(error: &HandshakeError, response: Option<&Response>) -> String {
    Json::object(|json| {
        json.key("error").braces(|json| {
            json.key("code").text(error.fault.code());
            json.key("message").text(&error.to_string());
            self::response(json.key("response"), response);
        });
    })
}

fn request(upgrade: &Upgrade) -> String {
    Json::object(|json| {
        let request = upgrade.request();
        json.key("method").text(&request.method);
        json.key("target").text(&request.target);
        list(json.key("headers"), request.headers.iter());
        json.key("origin").text_or_null(upgrade.origin());
        json.key("subprotocols").items(upgrade.subprotocols(), |json, name| json.text(name));
        json.key("subprotocol").text_or_null(upgrade.subprotocol());
    })
}

fn agreed(agreement: &Agreement, response: Option<&Response>) -> String {
    Json::object(|json| {
        json.key("subprotocol").text_or_null(agreement.subprotocol.as_deref());
        deflate(json.key("deflate"), agreement.deflate);
        self::response(json.key("response"), response);
    })
}

fn response(json: &mut Json, response: Option<&Response>) {
    let Some(response) = response else { return json.null() };
    json.braces(|json| {
        json.key("status").number(response.status);
        json.key("reason").text(&response.reason);
        list(json.key("headers"), response.headers.iter());
        list(json.key("fields"), response.fields());
        json.key("body").latin1(&response.body);
        json.key("bytes").latin1(&response.to_bytes());
    });
}

/// The parameters of permessage-deflate, or nothing.
pub fn deflate(json: &mut Json, params: Option<DeflateParams>) {
    let Some(params) = params else { return json.null() };
    json.braces(|json| {
        json.key("serverNoContextTakeover").flag(params.server_no_context_takeover);
        json.key("clientNoContextTakeover").flag(params.client_no_context_takeover);
        json.key("serverMaxWindowBits").number(params.server_max_window_bits);
        json.key("clientMaxWindowBits").number(params.client_max_window_bits);
    });
}

fn list<'a, N: AsRef<str>>(json: &mut Json, fields: impl Iterator<Item = (N, &'a [u8])>) {
    json.items(fields, |json, (name, value)| {
        json.items([0, 1], |json, part| match part {
            0 => json.text(name.as_ref()),
            _ => json.latin1(value),
        });
    });
}
