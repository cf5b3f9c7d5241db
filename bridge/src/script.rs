//! What crosses the border to JavaScript, in Node and through WebAssembly.
//!
//! Owns its notation: times are milliseconds, header fields are names and values in turn, in which a character is a
//! byte, and what goes out is JSON. An outcome is an object; of a failure it has only `error`. It is short, since
//! hosts with an HTTP of their own know the heads: they are told when they are asked for. Knows nothing of either
//! border, and of handshakes only how [`opening`] tells them.

use crate::codes;
use crate::json::Json;
use crate::opening::{self, Client, Server, headers};
use polywire::handshake::{
    Agreement, HandshakeError, HttpVersion, Request, Response, ServerPolicy, Upgrade,
};
use polywire::{Config, DeflateParams, Instant, Socket, Wants};
use std::borrow::Cow;
use std::sync::Arc;

/// The time of a host.
pub fn instant(millis: f64) -> Instant {
    Instant::from_micros((millis * 1000.0) as u64)
}

/// The time for a host.
pub fn millis(instant: Option<Instant>) -> Option<f64> {
    instant.map(|at| at.as_micros() as f64 / 1000.0)
}

/// What a host does next: read, write (each 0 or 1), the socket (0 keep, 1 shut down the writing side, 2 close),
/// and the deadline, infinite without one.
pub fn wants(wants: Wants) -> [f64; 4] {
    let socket = match wants.socket {
        Socket::Keep => 0.0,
        Socket::ShutdownWrite => 1.0,
        Socket::Close => 2.0,
    };
    let deadline = millis(wants.deadline).unwrap_or(f64::INFINITY);
    [wants.read.into(), wants.write.into(), socket, deadline]
}

/// Parameters of permessage-deflate from four numbers: server and client start afresh, server's and client's
/// window. None of them: no compression.
pub const fn params(numbers: &[u8]) -> Option<DeflateParams> {
    let [server_fresh, client_fresh, server_bits, client_bits] = *numbers else { return None };
    Some(DeflateParams {
        server_no_context_takeover: server_fresh != 0,
        client_no_context_takeover: client_fresh != 0,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits,
    })
}

/// Every code as `codes`, violations first, and what can end a connection as `causes`: at the index by which
/// records name them.
pub fn tables() -> String {
    Json::object(|json| {
        json.key("codes").items(codes::all(), |json, entry| {
            json.braces(|json| {
                json.key("code").text(&entry.code);
                json.key("origin").text(&entry.origin);
                json.key("number").number(entry.number);
                json.key("section").text(&entry.section);
                json.key("expected").text(&entry.expected);
            });
        });
        json.key("causes").items(codes::CAUSES, Json::text);
    })
}

/// A URL taken apart; with `redirect` where that location leads from it, and whether to the same origin.
pub fn locate(url: &str, redirect: Option<&str>) -> String {
    let it = match opening::locate(url, redirect) {
        Ok(location) => location,
        Err(error) => return failure(&error, None),
    };
    Json::object(|json| {
        json.key("secure").flag(it.secure);
        json.key("host").text(&it.host);
        json.key("port").number(it.port);
        json.key("target").text(&it.target);
        json.key("authority").text(&it.authority);
        match it.user.zip(it.password) {
            Some((user, password)) => {
                json.key("credentials").items([&user, &password], |json, text| json.text(text));
            }
            None => json.key("credentials").null(),
        }
        json.key("sameOrigin").flag(it.same_origin);
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

/// The opening handshake of either end.
///
/// What belongs to the other end has no outcome here.
#[derive(Debug)]
pub enum Handshake {
    /// A client's.
    Client(Client),
    /// A server's.
    Server(Server),
}

impl Handshake {
    /// A client's, which starts now. `over` is `stream`, or the version of HTTP whose heads the host sends and
    /// parses: `1.1`, or `2.0` for the extended CONNECT. The nonce is random, and used only once.
    ///
    /// # Errors
    ///
    /// What cannot be requested.
    pub fn client(
        url: &str,
        subprotocols: Vec<String>,
        fields: &[String],
        config: &Config,
        over: &str,
        nonce: [u8; 16],
        now: f64,
    ) -> Result<Self, HandshakeError> {
        let (url, options) = opening::asked(url, subprotocols, pairs(fields))?;
        let client = match over {
            "stream" => Client::over_stream(&url, &options, config, nonce, instant(now)),
            "2.0" => Client::over_heads(&url, &options, config, None),
            _ => Client::over_heads(&url, &options, config, Some(nonce)),
        };
        client.map(Self::Client)
    }

    /// A server's, which starts now.
    pub fn server(policy: &Arc<ServerPolicy>, config: &Arc<Config>, now: f64) -> Self {
        Self::Server(Server::new(Arc::clone(policy), Arc::clone(config), instant(now)))
    }

    /// Takes bytes; the outcome, once. That of a client is what was agreed on, that of a server what is asked for.
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Option<String> {
        let now = instant(now);
        let outcome = match self {
            Self::Client(client) => client.receive(bytes, now)?.map(agreed),
            Self::Server(server) => server.receive(bytes, now)?.map(asked),
        };
        Some(self.told(outcome))
    }

    /// The stream ended.
    pub fn receive_eof(&mut self) -> Option<String> {
        let outcome = match self {
            Self::Client(client) => client.receive_eof()?.map(agreed),
            Self::Server(server) => server.receive_eof()?.map(asked),
        };
        Some(self.told(outcome))
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: f64) -> Option<String> {
        let now = instant(now);
        let outcome = match self {
            Self::Client(client) => client.handle_timeout(now)?.map(agreed),
            Self::Server(server) => server.handle_timeout(now)?.map(asked),
        };
        Some(self.told(outcome))
    }

    /// When it comes.
    pub fn deadline(&self) -> Option<f64> {
        millis(match self {
            Self::Client(client) => client.deadline(),
            Self::Server(server) => server.deadline(),
        })
    }

    /// The request, as far as it is known. A client's over a byte stream is the `bytes` of it.
    pub fn request(&self) -> String {
        match self {
            Self::Client(client) if !client.bytes().is_empty() => {
                Json::object(|json| json.key("bytes").latin1(client.bytes()))
            }
            Self::Client(client) => request(Some(client.request())),
            Self::Server(server) => request(server.request()),
        }
    }

    /// The response that was received, or that is to be sent.
    pub fn response(&self) -> String {
        Json::value(|json| response(json, self.answer()))
    }

    /// The bytes behind the head of the other end, once: they are the first of the connection.
    pub fn take_leftover(&mut self) -> Vec<u8> {
        match self {
            Self::Client(client) => client.take_leftover(),
            Self::Server(server) => server.take_leftover(),
        }
    }

    /// For a client: the outcome of a response that the host parsed. `version` is that of HTTP.
    pub fn verify(&mut self, version: &str, status: u16, fields: &[String]) -> Option<String> {
        let Self::Client(client) = self else { return None };
        let version = self::version(version);
        let outcome = match headers(pairs(fields)) {
            Err(error) => Err(error),
            Ok(headers) => {
                let response = Response { version, status, headers, ..Response::default() };
                client.verify(response)?.map(agreed)
            }
        };
        Some(self.told(outcome))
    }

    /// For a server: what a head of HTTP/1 that the host parsed asks for.
    pub fn examine(
        &mut self,
        method: String,
        target: String,
        version: &str,
        fields: &[String],
    ) -> Option<String> {
        let Self::Server(server) = self else { return None };
        let version = self::version(version);
        let outcome = headers(pairs(fields)).and_then(|headers| {
            let request = Request { version, method, target, headers, ..Request::default() };
            server.examine(request).map(asked)
        });
        Some(self.told(outcome))
    }

    /// For a server: what the fields of an extended CONNECT ask for.
    pub fn examine_fields(&mut self, fields: &[String]) -> Option<String> {
        let Self::Server(server) = self else { return None };
        let fields: Vec<_> = pairs(fields).collect();
        let fields = fields.iter().map(|(name, value)| (*name, &value[..]));
        let request = Request::from_fields(fields);
        let outcome = request.and_then(|request| server.examine(request).map(asked));
        Some(self.told(outcome))
    }

    /// For a server: answers this subprotocol, or none; what is wrong with that.
    pub fn choose(&mut self, subprotocol: Option<&str>) -> Option<String> {
        let Self::Server(server) = self else { return None };
        let chosen = server.upgrade()?.choose(subprotocol);
        chosen.err().map(|error| failure(&error, None))
    }

    /// For a server: adds a header to the response; what is wrong with it.
    pub fn add_header(&mut self, name: &str, value: &str) -> Option<String> {
        let Self::Server(server) = self else { return None };
        let added = server.upgrade()?.add_header(name, &latin1(value));
        added.err().map(|error| failure(&error, None))
    }

    /// For a server: accepts. The outcome, with the `bytes` to send over HTTP/1.1; nothing where there is no request.
    pub fn accept(&mut self) -> Option<String> {
        let Self::Server(server) = self else { return None };
        let outcome = server.accept()?.map(|agreement| {
            let bytes = server.response().map(Response::to_bytes).unwrap_or_default();
            Json::object(|json| {
                agreement_in(json, &agreement);
                json.key("bytes").latin1(&bytes);
            })
        });
        Some(self.told(outcome))
    }

    const fn answer(&self) -> Option<&Response> {
        match self {
            Self::Client(client) => client.response(),
            Self::Server(server) => server.response(),
        }
    }

    /// An outcome, or the failure, with the response that belongs to it.
    fn told(&self, outcome: Result<String, HandshakeError>) -> String {
        outcome.unwrap_or_else(|error| {
            failure(&error, error.response.as_deref().or_else(|| self.answer()))
        })
    }
}

fn version(name: &str) -> HttpVersion {
    match name {
        "1.0" => HttpVersion::Http10,
        "2.0" => HttpVersion::Http2,
        _ => HttpVersion::Http11,
    }
}

fn pairs(fields: &[String]) -> impl Iterator<Item = (&str, Cow<'_, [u8]>)> {
    fields.as_chunks::<2>().0.iter().map(|[name, value]| (name.as_str(), latin1(value)))
}

/// The bytes of a text whose characters are bytes. Others become 0, which the core refuses in a field.
fn latin1(text: &str) -> Cow<'_, [u8]> {
    if text.is_ascii() {
        return text.as_bytes().into();
    }
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(0)).collect()
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

/// What a request asks for.
fn asked(upgrade: &Upgrade) -> String {
    Json::object(|json| {
        json.key("origin").text_or_null(upgrade.origin());
        json.key("subprotocols").items(upgrade.subprotocols(), |json, name| json.text(name));
        json.key("subprotocol").text_or_null(upgrade.subprotocol());
    })
}

/// What both ends agreed on.
fn agreed(agreement: Agreement) -> String {
    Json::object(|json| agreement_in(json, &agreement))
}

fn agreement_in(json: &mut Json, agreement: &Agreement) {
    json.key("subprotocol").text_or_null(agreement.subprotocol.as_deref());
    deflate(json.key("deflate"), agreement.deflate);
}

fn request(request: Option<&Request>) -> String {
    let Some(request) = request else { return Json::value(Json::null) };
    Json::object(|json| {
        json.key("method").text(&request.method);
        json.key("target").text(&request.target);
        list(json.key("headers"), request.headers.iter());
        list(json.key("fields"), request.fields());
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
    json.alternating(fields, |json, name| json.text(name.as_ref()), Json::latin1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_byte_is_refused_in_a_header() {
        let fields = |value: &str| [String::from("x-name"), String::from(value)];
        assert!(refusal(403, &fields("h\u{e9}"), b"").starts_with("{\"response\":{"));
        let refused = refusal(403, &fields("\u{20ac}"), b"");
        assert!(refused.starts_with("{\"error\":{\"code\":\"option.header\""), "{refused}");
    }
}
