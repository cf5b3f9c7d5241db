//! A client and a server, joined in memory.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use polywire::handshake::Agreement;
use polywire::{
    Cause, CloseCode, Config, Connection, DeflateParams, Event, FrameHeader, Instant, Prepared,
    Role, Socket, Tap, Violation,
};
use std::sync::Arc;

fn pair() -> (Connection, Connection) {
    let config = Arc::new(Config::default());
    let agreement = Agreement::default();
    let client = Connection::new(Role::Client, config.clone(), &agreement, [1; 32], Instant::ZERO);
    let server = Connection::new(Role::Server, config, &agreement, [2; 32], Instant::ZERO);
    (client, server)
}

/// Carries everything that `from` has queued to `to`, and returns what `to` makes of it.
fn carry(from: &mut Connection, to: &mut Connection, now: Instant) -> Vec<String> {
    let mut bytes = from.transmit().flatten().copied().collect::<Vec<u8>>();
    from.transmitted(bytes.len());
    let mut seen = Vec::new();
    let mut events = to.receive_in(&mut bytes, now);
    while let Some((event, sender)) = events.next() {
        if let (Event::Text(text), true) = (event, sender.is_open()) {
            sender.send(text).unwrap();
        }
        seen.push(format!("{event:?}"));
    }
    seen
}

#[test]
fn an_echo_and_a_clean_end() {
    let (mut client, mut server) = pair();
    let now = Instant::ZERO;
    client.sender(now).send("hello").unwrap();
    client.sender(now).send_part("in ", false).unwrap();
    client.sender(now).ping(b"?").unwrap();
    client.sender(now).send_part("parts", true).unwrap();
    client.sender(now).send_prepared(&Prepared::new(vec![7; 2000])).unwrap();
    let seen = carry(&mut client, &mut server, now);
    assert_eq!(seen[..3], ["Text(\"hello\")", "Ping([63])", "Text(\"in parts\")"]);
    let seen = carry(&mut server, &mut client, now);
    assert_eq!(seen[0], "Text(\"hello\")");
    assert_eq!(seen[1], "Pong { payload: [63], rtt: Some(0ns) }");

    client.sender(now).close(Some(CloseCode::NORMAL), "bye").unwrap();
    let seen = carry(&mut client, &mut server, now);
    let close = "Close { code: Some(1000), reason: \"bye\" }";
    assert_eq!(seen.iter().filter(|event| *event == close).count(), 1);
    let ended = format!("Ended(Ended {{ cause: {:?}, code: 1000 }})", Cause::Closed);
    assert_eq!(seen.last(), Some(&ended));
    carry(&mut server, &mut client, now);
    assert_eq!(server.wants().socket, Socket::ShutdownWrite);
    assert_eq!(client.wants().socket, Socket::Keep);
    let mut events = client.receive_eof(now);
    assert!(matches!(events.next(), Some((Event::Ended(_), _))));
    assert!(events.next().is_none());
    assert_eq!(client.wants().socket, Socket::Close);
}

struct Blind;

impl Tap for Blind {
    fn header(&mut self, _: &FrameHeader) {}
    fn payload(&mut self, _: &[u8]) {}
    fn end(&mut self, _: u64) {}
    fn violation(&mut self, _: &Violation) {}
}

#[test]
fn an_observer_reads_on_behind_a_broken_compressed_message() {
    // A text message with a byte that is not UTF-8, then "Hello", both in fixed codes.
    let stream = *b"\xc1\x08\xf3\x58\xcd\xc9\x89\x07\0\0\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\0\0";
    let params = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };
    let agreement = Agreement { deflate: Some(params), ..Agreement::default() };
    for cut in [1, 3, stream.len()] {
        let config = Arc::new(Config::default());
        let mut observer =
            Connection::new(Role::Client, config, &agreement, [0; 32], Instant::ZERO);
        observer.set_lenient_tap(Box::new(Blind));
        let mut texts = Vec::new();
        for chunk in { stream }.chunks_mut(cut) {
            let mut events = observer.receive_in(chunk, Instant::ZERO);
            while let Some((event, _)) = events.next() {
                texts.push(format!("{event:?}"));
            }
        }
        assert_eq!(texts, ["Text(\"Hello\")"], "in pieces of {cut}");
    }
}
