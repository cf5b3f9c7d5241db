//! The server's handshake gives the same result however the request is cut, and answers well-formed
//! HTTP whatever it was sent.

use crate::http;
use crate::input::{Cuts, Input};
use polywire::handshake::{
    Headers, OriginPolicy, Refusal, Response, ServerHandshake, ServerPolicy, Upgrade,
};
use polywire::{Config, Instant, Limits};
use std::sync::Arc;
use std::task::Poll;

const NOW: Instant = Instant::ZERO;

pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let policy = Arc::new(policy(&mut input));
    let config = Arc::new(config(&mut input));
    let cuts = Cuts::read(&mut input);
    let header = (input.chunk(), input.chunk());
    let stream = input.rest();

    let whole = run(&policy, &config, &Cuts::WHOLE, stream, header);
    assert_eq!(whole, run(&policy, &config, &cuts, stream, header), "{cuts:?}");
    if stream.len() <= 2048 {
        assert_eq!(whole, run(&policy, &config, &Cuts::bytewise(), stream, header));
    }
}

fn policy(input: &mut Input<'_>) -> ServerPolicy {
    let listed = || vec!["http://example.com".to_owned(), "null".to_owned()];
    ServerPolicy {
        origins: match input.below(3) {
            0 => OriginPolicy::Any,
            1 => OriginPolicy::SameOrigin,
            _ => OriginPolicy::List(listed()),
        },
        subprotocols: vec!["chat".to_owned(), "superchat".to_owned()],
    }
}

pub(crate) fn config(input: &mut Input<'_>) -> Config {
    let limits = Limits {
        head_size: input.one_of(&[16 << 10, 4096, 300, 20]),
        head_lines: input.one_of(&[100, 100, 8, 1]),
        ..Limits::default()
    };
    let mut config = Config { limits, ..Config::default() };
    if input.flag() {
        config.deflate = None;
    }
    config
}

/// What a run comes to: the bytes to send, and what was understood.
#[derive(Debug, PartialEq)]
enum Outcome {
    Pending(Vec<u8>),
    Refused(String, Vec<u8>),
    Accepted { response: Vec<u8>, target: String, agreement: String, leftover: Vec<u8> },
}

fn run(
    policy: &Arc<ServerPolicy>,
    config: &Arc<Config>,
    cuts: &Cuts,
    stream: &[u8],
    header: (&[u8], &[u8]),
) -> Outcome {
    let mut handshake = ServerHandshake::new(policy.clone(), config.clone(), NOW);
    let mut upgrade: Option<Upgrade> = None;
    for piece in cuts.pieces(stream) {
        match handshake.receive(piece, NOW) {
            Poll::Pending => {}
            Poll::Ready(Ok(ready)) => assert!(upgrade.replace(ready).is_none(), "ready twice"),
            Poll::Ready(Err(refusal)) => {
                assert!(upgrade.is_none(), "refused after it was ready");
                assert_eq!(handshake.deadline(), None);
                return refused(&refusal);
            }
        }
    }
    let Some(mut upgrade) = upgrade else {
        let Poll::Ready(Err(refusal)) = handshake.receive_eof() else {
            panic!("the end of the stream is overlooked")
        };
        let Outcome::Refused(_, bytes) = refused(&refusal) else { unreachable!() };
        return Outcome::Pending(bytes);
    };
    let (name, value) = header;
    let _ = upgrade.add_header(&String::from_utf8_lossy(name), value);
    let target = upgrade.request().target.clone();
    check_refusal_of_application(header);
    match handshake.accept(upgrade) {
        Err(refusal) => refused(&refusal),
        Ok((response, established)) => {
            let bytes = response.to_bytes();
            check_accepted(&bytes);
            Outcome::Accepted {
                response: bytes,
                target,
                agreement: format!("{:?}", established.agreement),
                leftover: established.leftover,
            }
        }
    }
}

fn refused(refusal: &Refusal) -> Outcome {
    let bytes = refusal.response.to_bytes();
    let head = http::read(&bytes);
    let status = refusal.response.status;
    assert!((400..=599).contains(&status), "refused with {status}");
    assert!(head.line.starts_with(&format!("HTTP/1.1 {status} ")), "{}", head.line);
    assert!(head.only("connection").to_ascii_lowercase().starts_with(b"close"));
    assert_eq!(head.only("content-length"), head.body.len().to_string().as_bytes());
    assert_eq!(status == 426, head.all("upgrade").count() == 1, "{head:?}");
    Outcome::Refused(refusal.to_string(), bytes)
}

fn check_accepted(bytes: &[u8]) {
    let head = http::read(bytes);
    assert_eq!(head.line, "HTTP/1.1 101 Switching Protocols");
    assert_eq!(head.only("upgrade"), b"websocket");
    assert_eq!(head.only("connection"), b"Upgrade");
    assert_eq!(head.only("sec-websocket-accept").len(), 28);
    assert!(head.all("sec-websocket-protocol").count() <= 1);
    assert!(head.all("sec-websocket-extensions").count() <= 1);
    assert!(head.body.is_empty());
}

/// An application that refuses with what it was sent cannot be made to inject anything.
fn check_refusal_of_application((name, value): (&[u8], &[u8])) {
    let mut headers = Headers::new();
    let _ = headers.push(&String::from_utf8_lossy(name), value);
    if let Ok(response) = Response::refusal(403, headers, value) {
        let head = http::read(&response.to_bytes());
        assert_eq!(head.body, value);
        assert!(head.fields.len() <= 3, "{head:?}");
    }
}
