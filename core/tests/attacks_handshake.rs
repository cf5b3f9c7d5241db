//! Known attacks on the opening handshake, each with a bound on memory and work.
//!
//! What an attack must lead to stands in `tests/vectors/handshake-*.json` wherever it is small enough
//! to be data; here is what needs size. `docs/attacks.md` lists them all.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod counting;

use core::task::Poll;
use counting::{Cost, measure};
use polywire::handshake::{
    ClientHandshake, ClientOptions, Fault, Headers, Response, ServerHandshake, ServerPolicy, Url,
};
use polywire::{Config, Instant, Limits};
use std::sync::Arc;
use std::time::{Duration, Instant as Clock};

const NOW: Instant = Instant::ZERO;
const KIB: isize = 1 << 10;

const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Version: 13\r\n";
const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

fn server(config: &Arc<Config>) -> ServerHandshake {
    ServerHandshake::new(Arc::new(ServerPolicy::default()), Arc::clone(config), NOW)
}

fn client(config: &Config) -> ClientHandshake {
    let url = Url::parse("ws://example.com/chat").unwrap();
    let options = ClientOptions { subprotocols: vec!["chat".into()], ..ClientOptions::default() };
    ClientHandshake::new(&url, &options, config, *b"the sample nonce", NOW).unwrap().0
}

/// The end that reads a head.
enum End {
    Client(Box<ClientHandshake>),
    Server(ServerHandshake),
}

impl End {
    fn both(config: &Arc<Config>) -> [Self; 2] {
        [Self::Client(Box::new(client(config))), Self::Server(server(config))]
    }

    /// The head of the other end, without the blank line.
    fn head(&self) -> &'static str {
        match self {
            Self::Client(_) => RESPONSE,
            Self::Server(_) => REQUEST,
        }
    }

    /// What it makes of the bytes: a fault, or nothing for an agreement.
    fn receive(&mut self, bytes: &[u8]) -> Poll<Option<Fault>> {
        match self {
            Self::Client(own) => own.receive(bytes, NOW).map(|outcome| Some(outcome.err()?.fault)),
            Self::Server(own) => {
                own.receive(bytes, NOW).map(|outcome| Some(outcome.err()?.error.fault))
            }
        }
    }
}

#[test]
fn a_head_of_16_mib_in_small_writes_costs_the_limit() {
    let config = Arc::new(Config::default());
    for mut end in End::both(&config) {
        let mut pieces = vec![end.head().to_owned()];
        // A single line, and many.
        for line in [format!("X: {}", "a".repeat(1021)), format!("X: {}\r\n", "a".repeat(1019))] {
            pieces.truncate(1);
            pieces.extend(std::iter::repeat_n(line, 16 << 10));
            let mut decided = Vec::new();
            let mut fresh = match end {
                End::Client(_) => End::Client(Box::new(client(&config))),
                End::Server(_) => End::Server(server(&config)),
            };
            let (cost, ()) = measure(|| {
                for piece in &pieces {
                    if let Poll::Ready(fault) = fresh.receive(piece.as_bytes()) {
                        decided.push(fault);
                    }
                }
            });
            assert_eq!(decided, [Some(Fault::HeadTooLong)]);
            assert!(cost.peak <= 40 * KIB && cost.allocations <= 40, "{cost:?}");
            end = fresh;
        }
    }
}

#[test]
fn a_head_of_single_bytes_costs_what_it_brings() {
    let config = Arc::new(Config::default());
    for mut end in End::both(&config) {
        let bytes = format!("{}X: {}", end.head(), "a".repeat(15_000));
        let (cost, ()) = measure(|| {
            for byte in bytes.as_bytes() {
                assert!(end.receive(&[*byte]).is_pending());
            }
        });
        assert!(cost.peak <= 33 * KIB && cost.allocations <= 20, "{cost:?}");
    }
}

#[test]
fn two_thousand_headers_are_refused_and_the_next_client_is_served() {
    let config = Arc::new(Config::default());
    let many = ["GET /chat HTTP/1.1\r\nHost: example.com\r\n", &"a: b\r\n".repeat(2000)].concat();
    let mut own = server(&config);
    let (cost, outcome) = measure(|| own.receive(many.as_bytes(), NOW));
    let Poll::Ready(Err(refusal)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((refusal.error.fault, refusal.response.status), (Fault::HeadTooManyLines, 431));
    assert!(cost.peak <= 40 * KIB, "{cost:?}");
    let next = server(&config).receive(format!("{REQUEST}\r\n").as_bytes(), NOW);
    assert!(matches!(next, Poll::Ready(Ok(_))));
}

/// Header fields that made others take quadratic or exponential time, of about `len` bytes.
fn hostile_fields(len: usize) -> Vec<(&'static str, String)> {
    let mut numbers = String::new();
    let mut number = 0_u32;
    while numbers.len() < len {
        number += 1;
        numbers.push_str(&format!("{number:x},"));
    }
    let mut fields = vec![
        ("Sec-WebSocket-Protocol", format!("b{}x", " ".repeat(len))),
        ("Sec-WebSocket-Protocol", format!("b{}", ",".repeat(len))),
        ("Sec-WebSocket-Protocol", numbers),
        ("Sec-WebSocket-Extensions", format!("a; b=\"{}", "\\c".repeat(len / 2))),
        ("Sec-WebSocket-Extensions", format!("a; b=\"{}", "\\".repeat(len))),
        ("Sec-WebSocket-Extensions", format!("a{}x", " ".repeat(len))),
        ("Sec-WebSocket-Extensions", format!("a{}", ";b".repeat(len / 2))),
        ("Sec-WebSocket-Extensions", format!("a{}", ",a".repeat(len / 2))),
        ("Sec-WebSocket-Extensions", format!("permessage-deflate{}", "; a=1".repeat(len / 5))),
        ("Sec-WebSocket-Extensions", "permessage-deflate; a, ".repeat(len / 23)),
        ("Origin", format!("http://{}", "a.".repeat(len / 2))),
        ("Cookie", format!("a{}", "=;".repeat(len / 2))),
    ];
    for name in ["Connection", "Upgrade"] {
        fields.push((name, " ,".repeat(len / 2)));
        fields.push((name, format!("a{}b", " \t".repeat(len / 2))));
        fields.push((name, format!("{}Upgrade", "x,".repeat(len / 2))));
    }
    fields
}

/// Gives a head with this field to each end.
fn cost_of(config: &Arc<Config>, name: &str, value: &str) -> [(Cost, Option<Fault>); 2] {
    End::both(config).map(|mut end| {
        let head = format!("{}{name}: {value}\r\n\r\n", end.head());
        let (cost, outcome) = measure(|| end.receive(head.as_bytes()));
        let Poll::Ready(fault) = outcome else { panic!("{name}: undecided") };
        (cost, fault)
    })
}

#[test]
fn hostile_fields_cost_what_they_bring() {
    let config = Arc::new(Config::default());
    for ((name, half), (_, whole)) in hostile_fields(4 << 10).iter().zip(hostile_fields(8 << 10)) {
        let (half, whole) = (cost_of(&config, name, half), cost_of(&config, name, &whole));
        for ((half, _), (whole, fault)) in half.iter().zip(whole) {
            assert_ne!(fault, Some(Fault::HeadTooLong), "{name}");
            assert!(whole.bytes <= 3 * half.bytes, "{name}: {half:?}, {whole:?}");
            assert!(whole.allocations <= 40 + 5 * half.allocations / 2, "{name}: {whole:?}");
            assert!(whole.peak <= 700 * KIB, "{name}: {whole:?}");
        }
    }
}

/// Only time can tell what is not allocated: at 1 MiB, linear work takes milliseconds and quadratic
/// work takes minutes.
#[test]
fn hostile_fields_of_a_mebibyte_take_linear_time() {
    let limits = Limits { head_size: 2 << 20, ..Limits::default() };
    let config = Arc::new(Config { limits, ..Config::default() });
    for (name, value) in hostile_fields(1 << 20) {
        let begin = Clock::now();
        cost_of(&config, name, &value);
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(5), "{name}: {} took {took:?}", &value[..20]);
    }
}

#[test]
fn bytes_beyond_ascii_are_an_error_and_no_panic() {
    let config = Arc::new(Config::default());
    let fields = [
        "Host",
        "Upgrade",
        "Connection",
        "Sec-WebSocket-Key",
        "Sec-WebSocket-Version",
        "Sec-WebSocket-Accept",
        "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions",
        "Origin",
    ];
    for name in fields {
        for (added, bad) in [&b"\xff\xfe\x80"[..], b"a\xff", b"\xc3\xa9", b"chat, \x80"]
            .into_iter()
            .flat_map(|bad| [(true, bad), (false, bad)])
        {
            for mut end in End::both(&config) {
                let lines = end.head().split("\r\n").filter(|line| {
                    added || !line.to_ascii_lowercase().starts_with(&name.to_ascii_lowercase())
                });
                let mut head = lines.collect::<Vec<_>>().join("\r\n").into_bytes();
                head.extend([name.as_bytes(), b": ", bad, b"\r\n\r\n"].concat());
                let Poll::Ready(fault) = end.receive(&head) else { panic!("{name} undecided") };
                // A field that means nothing in this direction, or that another line speaks for.
                let harmless = matches!(
                    (name, &end),
                    ("Sec-WebSocket-Accept", End::Server(_))
                        | (
                            "Host" | "Origin" | "Sec-WebSocket-Key" | "Sec-WebSocket-Version",
                            End::Client(_)
                        )
                ) || (added && matches!(name, "Upgrade" | "Connection"));
                assert!(fault.is_some() || harmless, "{name} {added}: {}", bad.escape_ascii());
            }
        }
    }
}

#[test]
fn ten_thousand_refusals_leave_nothing_behind() {
    let config = Arc::new(Config::default());
    let request = format!("{REQUEST}\r\nearly data");
    let refuse = || {
        let mut own = server(&config);
        let Poll::Ready(Ok(upgrade)) = own.receive(request.as_bytes(), NOW) else { panic!() };
        let refusal = Response::refusal(403, Headers::new(), b"not you").unwrap();
        // The order in which an application lets go of the two must not matter.
        drop(own);
        drop(upgrade);
        refusal.to_bytes().len()
    };
    refuse();
    let (cost, _) = measure(|| (0..10_000).map(|_| refuse()).sum::<usize>());
    assert_eq!(cost.live, 0);
}

#[test]
fn what_follows_a_refused_upgrade_is_not_read_and_not_kept() {
    let config = Arc::new(Config::default());
    let smuggled = REQUEST.replace("Sec-WebSocket-Key", "X-Key");
    let mut own = server(&config);
    let Poll::Ready(Err(refusal)) = own.receive(format!("{smuggled}\r\n").as_bytes(), NOW) else {
        panic!("not refused")
    };
    assert_eq!(refusal.response.headers.first("Connection"), Some(&b"close"[..]));
    let second = "GET /secret HTTP/1.1\r\nHost: example.com\r\n\r\n".repeat(1000);
    let (cost, ()) = measure(|| {
        for _ in 0..1000 {
            assert!(own.receive(second.as_bytes(), NOW).is_pending());
            assert!(own.receive(REQUEST.as_bytes(), NOW).is_pending());
        }
    });
    assert_eq!((cost.allocations, cost.live), (0, 0));
}

#[test]
fn the_body_of_a_refusal_is_kept_to_its_start() {
    let config = Config::default();
    for framing in ["", "Content-Length: 1099511627776\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut own = client(&config);
        let head = format!("HTTP/1.1 503 Busy\r\n{framing}\r\nFFFFFFFF\r\n");
        let mut outcome = own.receive(head.as_bytes(), NOW);
        let (cost, ()) = measure(|| {
            for _ in 0..16 << 10 {
                if outcome.is_pending() {
                    outcome = own.receive(&[b'a'; 1024], NOW);
                }
            }
        });
        let Poll::Ready(Err(error)) = outcome else { panic!("{outcome:?}") };
        assert_eq!((error.fault, error.response.unwrap().body.len()), (Fault::Status, 4096));
        assert!(cost.peak <= 10 * KIB, "{cost:?}");
    }
}
