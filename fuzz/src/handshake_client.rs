//! The client's handshake sends well-formed HTTP whatever it was asked for, and gives the same result
//! however the response is cut.

use crate::handshake_server::config;
use crate::http;
use crate::input::{Cuts, Input};
use polywire::handshake::{ClientHandshake, ClientOptions, HandshakeError, Headers, Url};
use polywire::{Config, Instant};
use std::task::Poll;

const NOW: Instant = Instant::ZERO;
/// The nonce of RFC 6455 section 1.3, so that the vectors' responses are accepted.
pub const NONCE: [u8; 16] = *b"the sample nonce";

pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let config = config(&mut input);
    let cuts = Cuts::read(&mut input);
    let url = String::from_utf8_lossy(input.chunk()).into_owned();
    let options = options(&mut input);
    let (Some(url), Some(options)) = (self::url(&url), options) else { return };
    let stream = input.rest();

    let whole = run(&url, &options, &config, &Cuts::WHOLE, stream);
    assert_eq!(whole, run(&url, &options, &config, &cuts, stream), "{cuts:?}");
    if stream.len() <= 2048 {
        assert_eq!(whole, run(&url, &options, &config, &Cuts::bytewise(), stream));
    }
}

/// An empty URL stands for a plain one. Any that parses is itself again after it was written.
fn url(text: &str) -> Option<Url> {
    let url = Url::parse(if text.is_empty() { "ws://example.com/chat" } else { text }).ok()?;
    let scheme = if url.is_secure() { "wss" } else { "ws" };
    let written = format!("{scheme}://{}{}", url.authority(), url.target());
    let again = Url::parse(&written).expect("the parts of a URL make a URL");
    assert_eq!((again.host(), again.port()), (url.host(), url.port()), "{written}");
    assert_eq!(again.target(), url.target());
    let _ = url.redirect(text);
    Some(url)
}

fn options(input: &mut Input<'_>) -> Option<ClientOptions> {
    let mut options = ClientOptions::default();
    for _ in 0..input.below(3) {
        options.subprotocols.push(String::from_utf8_lossy(input.chunk()).into_owned());
    }
    let mut headers = Headers::new();
    for _ in 0..input.below(3) {
        let name = String::from_utf8_lossy(input.chunk()).into_owned();
        headers.push(&name, input.chunk()).ok()?;
    }
    options.headers = headers;
    Some(options)
}

#[derive(Debug, PartialEq)]
enum Outcome {
    /// The application asked for what cannot be sent.
    NotSent(String),
    Failed {
        error: String,
        status: Option<u16>,
        body: Vec<u8>,
    },
    Established {
        agreement: String,
        leftover: Vec<u8>,
    },
}

fn run(url: &Url, options: &ClientOptions, config: &Config, cuts: &Cuts, stream: &[u8]) -> Outcome {
    let (mut handshake, request) = match ClientHandshake::new(url, options, config, NONCE, NOW) {
        Ok(made) => made,
        Err(error) => {
            assert!(error.fault.code().starts_with("option."), "{error}");
            return Outcome::NotSent(error.to_string());
        }
    };
    check_request(&request, url, options);
    let mut rest = stream;
    for piece in cuts.pieces(stream) {
        rest = &rest[piece.len()..];
        match handshake.receive(piece, NOW) {
            Poll::Pending => {}
            Poll::Ready(Ok(established)) => {
                assert_eq!(handshake.deadline(), None);
                return Outcome::Established {
                    agreement: format!("{:?}", established.agreement),
                    leftover: [&established.leftover, rest].concat(),
                };
            }
            Poll::Ready(Err(error)) => return failed(error),
        }
    }
    match handshake.receive_eof() {
        Poll::Ready(Err(error)) => failed(error),
        other => panic!("{other:?} at the end of the stream"),
    }
}

fn failed(error: HandshakeError) -> Outcome {
    assert!(!error.fault.code().starts_with("option."), "{error}");
    let text = error.to_string();
    let (status, body) = match error.response {
        Some(response) => (Some(response.status), response.body),
        None => (None, Vec::new()),
    };
    Outcome::Failed { error: text, status, body }
}

fn check_request(bytes: &[u8], url: &Url, options: &ClientOptions) {
    let head = http::read(bytes);
    assert_eq!(head.line, format!("GET {} HTTP/1.1", url.target()));
    assert_eq!(head.line.matches(' ').count(), 2, "{}", head.line);
    assert_eq!(head.only("host"), url.authority().as_bytes());
    assert_eq!(head.only("upgrade"), b"websocket");
    assert_eq!(head.only("connection"), b"Upgrade");
    assert_eq!(head.only("sec-websocket-version"), b"13");
    assert_eq!(head.only("sec-websocket-key").len(), 24);
    let offered: Vec<_> = head.all("sec-websocket-protocol").collect();
    assert_eq!(offered.len(), usize::from(!options.subprotocols.is_empty()));
    assert!(head.body.is_empty(), "something behind the head");
}
