//! Both ends fed with bytes: cuts, limits, deadlines, and what lies behind a head.

extern crate alloc;

use alloc::sync::Arc;
use core::task::Poll;
use core::time::Duration;
use polywire::handshake::{
    ClientHandshake, ClientOptions, Established, Fault, Refusal, Request, Response,
    ServerHandshake, ServerPolicy, Upgrade, Url,
};
use polywire::{Config, Instant, Limits, Timeouts};

const NOW: Instant = Instant::ZERO;

fn config() -> Config {
    Config { deflate: None, ..Config::default() }
}

fn server() -> ServerHandshake {
    let policy = ServerPolicy { subprotocols: vec!["b".into()], ..ServerPolicy::default() };
    ServerHandshake::new(Arc::new(policy), Arc::new(config()), NOW)
}

fn client() -> (ClientHandshake, Vec<u8>) {
    let url = Url::parse("ws://localhost:8080/chat").expect("valid");
    let subprotocols = vec!["a".to_owned(), "b".to_owned()];
    let options = ClientOptions { subprotocols, ..ClientOptions::default() };
    ClientHandshake::new(&url, &options, &config(), [7; 16], NOW).expect("valid")
}

/// The pieces of `bytes` at cuts that `seed` makes; all of one byte for seed 0.
fn pieces(bytes: &[u8], mut seed: u64) -> Vec<&[u8]> {
    let mut rest = bytes;
    let mut pieces = Vec::new();
    while !rest.is_empty() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005);
        let length = usize::try_from(seed >> 58).expect("six bits") + 1;
        let (piece, after) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

fn upgrade(server: &mut ServerHandshake, pieces: &[&[u8]]) -> Option<Result<Upgrade, Refusal>> {
    let mut decided = None;
    for piece in pieces {
        if let Poll::Ready(result) = server.receive(piece, NOW) {
            assert!(decided.replace(result).is_none(), "ready twice");
        }
    }
    decided
}

fn established(mut client: ClientHandshake, pieces: &[&[u8]]) -> (Established<Response>, usize) {
    for (index, piece) in pieces.iter().enumerate() {
        if let Poll::Ready(result) = client.receive(piece, NOW) {
            return (result.expect("a valid response"), index + 1);
        }
    }
    panic!("not decided");
}

#[test]
fn client_and_server_agree_at_any_cut() {
    for seed in 0..300 {
        let (client, request) = client();
        let mut server = server();
        assert_eq!(client.request().target, "/chat");
        let mut sent = request.clone();
        sent.extend_from_slice(b"early");
        let upgrade = upgrade(&mut server, &pieces(&sent, seed)).expect("decided").expect("valid");
        let (response, at_server): (Response, Established<Request>) =
            server.accept(upgrade).expect("little early data");
        assert_eq!(at_server.leftover, b"early");

        let mut answered = response.to_bytes();
        answered.extend_from_slice(b"\x81\x05Hello");
        let answered = pieces(&answered, seed);
        let (at_client, used) = established(client, &answered);
        let rest = [at_client.leftover, answered[used..].concat()].concat();
        assert_eq!(rest, b"\x81\x05Hello");
        assert_eq!(at_client.agreement, at_server.agreement);
        assert_eq!(at_client.agreement.subprotocol.as_deref(), Some("b"));
        assert_eq!(at_client.head.headers, response.headers);
    }
}

#[test]
fn nothing_behind_a_refused_request_is_read() {
    let smuggled = b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n\
                     GET /secret HTTP/1.1\r\nHost: a\r\n\r\n";
    for seed in 0..20 {
        let mut server = server();
        let refusal = upgrade(&mut server, &pieces(smuggled, seed)).expect("decided");
        assert_eq!(refusal.expect_err("no key").error.fault, Fault::ConnectionMissing);
        assert!(server.receive(&client().1, NOW).is_pending());
        assert!(server.receive_eof().is_pending() && server.deadline().is_none());
    }
}

#[test]
fn a_client_that_does_not_wait_is_bounded() {
    let (_, request) = client();
    let mut server = server();
    let Poll::Ready(Ok(upgrade)) = server.receive(&request, NOW) else { panic!("refused") };
    for _ in 0..1000 {
        assert!(server.receive(&[0; 1024], NOW).is_pending());
    }
    let refusal = server.accept(upgrade).expect_err("too much early data");
    assert_eq!((refusal.error.fault, refusal.response.status), (Fault::EarlyData, 400));
}

#[test]
fn an_endless_head_is_refused_at_the_limit() {
    let line = [b"X: ".to_vec(), vec![b'a'; 1019], b"\r\n".to_vec()].concat();
    let mut server = server();
    let (mut decided, mut accepted) = (None, 0);
    // 16 MiB in pieces of 1 KiB, of which 16 KiB are looked at.
    for piece in core::iter::once(&b"GET / HTTP/1.1\r\n"[..])
        .chain(core::iter::repeat_n(&line[..], 16 << 10))
    {
        match server.receive(piece, NOW) {
            Poll::Ready(result) => decided = Some(result),
            Poll::Pending if decided.is_none() => accepted += piece.len(),
            Poll::Pending => {}
        }
    }
    let refusal = decided.expect("decided").expect_err("too long");
    assert_eq!((refusal.error.fault, refusal.response.status), (Fault::HeadTooLong, 431));
    assert!(accepted <= Limits::default().head_size);
}

#[test]
fn many_headers_are_refused_however_short() {
    let many =
        ["GET / HTTP/1.1\r\n", &"a:\r\n".repeat(2000), "Upgrade: websocket\r\n\r\n"].concat();
    let refusal =
        upgrade(&mut server(), &[many.as_bytes()]).expect("decided").expect_err("too many");
    assert_eq!((refusal.error.fault, refusal.response.status), (Fault::HeadTooManyLines, 431));

    let (mut client, _) = client();
    let many = ["HTTP/1.1 101 X\r\n", &"a:\r\n".repeat(2000)].concat();
    let Poll::Ready(Err(error)) = client.receive(many.as_bytes(), NOW) else {
        panic!("not refused")
    };
    assert_eq!(error.fault, Fault::HeadTooManyLines);
}

#[test]
fn heads_at_the_limit_are_fine() {
    let (_, request) = client();
    let lines = request.split(|&byte| byte == b'\n').count() - 3;
    for (head_size, head_lines, fits) in [
        (request.len(), lines, true),
        (request.len() - 1, lines, false),
        (request.len(), lines - 1, false),
        (0, 0, false),
    ] {
        let limits = Limits { head_size, head_lines, ..Limits::default() };
        let config = Config { limits, ..config() };
        let mut server = ServerHandshake::new(Arc::default(), Arc::new(config), NOW);
        let outcome = server.receive(&request, NOW);
        assert_eq!(matches!(outcome, Poll::Ready(Ok(_))), fits, "{head_size} {head_lines}");
    }
}

#[test]
fn time_is_limited_however_busy_the_peer_is() {
    let timeouts = Timeouts { handshake: Some(Duration::from_secs(1)), ..Timeouts::default() };
    let config = Config { timeouts, ..config() };
    let late = NOW + Duration::from_secs(1);
    let mut server = ServerHandshake::new(Arc::default(), Arc::new(config.clone()), NOW);
    assert_eq!(server.deadline(), Some(late));
    assert!(server.receive(b"GET / HTTP", NOW).is_pending());
    assert!(server.handle_timeout(NOW).is_pending());
    let Poll::Ready(Err(refusal)) = server.receive(b"/1.1\r\n", late) else {
        panic!("not refused")
    };
    assert_eq!((refusal.error.fault, refusal.response.status), (Fault::Timeout, 408));

    let url = Url::parse("ws://a/").expect("valid");
    let options = ClientOptions::default();
    let (mut client, _) =
        ClientHandshake::new(&url, &options, &config, [0; 16], NOW).expect("valid");
    assert_eq!(client.deadline(), Some(late));
    assert!(client.receive(b"HTTP/1.1 101", NOW).is_pending());
    let Poll::Ready(Err(error)) = client.handle_timeout(late) else { panic!("not failed") };
    assert_eq!((error.fault, client.deadline()), (Fault::Timeout, None));

    let timeouts = Timeouts { handshake: None, ..Timeouts::default() };
    let server = ServerHandshake::new(Arc::default(), Arc::new(Config { timeouts, ..config }), NOW);
    assert_eq!(server.deadline(), None);
}

#[test]
fn a_stream_that_ends_early_is_no_handshake() {
    for length in [0, 1, 100] {
        let (mut client, request) = client();
        let mut server = server();
        assert!(server.receive(&request[..length], NOW).is_pending());
        let Poll::Ready(Err(refusal)) = server.receive_eof() else { panic!("not refused") };
        assert_eq!(refusal.error.fault, Fault::StreamEnded);
        let Poll::Ready(Err(error)) = client.receive_eof() else { panic!("not failed") };
        assert_eq!((error.fault, error.response), (Fault::StreamEnded, None));
    }
}

#[test]
fn random_bytes_and_mangled_heads_never_panic() {
    let mut seed = 1_u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize
    };
    let (_, request) = client();
    let response =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    for _ in 0..20_000 {
        let mut heads = [request.clone(), response.to_vec()];
        for head in &mut heads {
            for _ in 0..1 + random() % 4 {
                let at = random() % head.len();
                head[at] = (random() & 0xff) as u8;
            }
        }
        let _ = server().receive(&heads[0], NOW);
        let _ = client().0.receive(&heads[1], NOW);
    }
}
