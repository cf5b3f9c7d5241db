//! A client and a server, joined in memory.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use polywire::handshake::Agreement;
use polywire::{
    Cause, CloseCode, Config, Connection, Delivery, Event, Instant, OwnedEvent, Prepared, Role,
    Rule, Socket,
};
use std::sync::Arc;
use std::time::Duration;

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
fn only_large_messages_that_were_gathered_are_given_away() {
    let (mut client, mut server) = pair();
    let now = Instant::ZERO;
    for length in [99, 100] {
        client.sender(now).send(vec![7; length]).unwrap();
        client.sender(now).send_part(&vec![8; length][..], false).unwrap();
        client.sender(now).send_part("".as_bytes(), true).unwrap();
    }
    let mut bytes = client.transmit().flatten().copied().collect::<Vec<u8>>();
    let mut events = server.receive_in(&mut bytes, now);
    let mut owned = Vec::new();
    while let Some((event, _)) = events.next_owned_from(100) {
        owned.push(match event {
            OwnedEvent::Binary(bytes) => (true, bytes.len()),
            OwnedEvent::Other(Event::Binary(bytes)) => (false, bytes.len()),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(owned, [(false, 99), (false, 99), (false, 100), (true, 100)]);
}

#[test]
fn the_end_can_be_held_until_messages_are_answered() {
    let now = Instant::ZERO;
    let close = b"\x88\x80\0\0\0\0".as_slice();
    let reserved_opcode = b"\x83\x80\0\0\0\0".as_slice();
    let unmasked = b"\x81\x01".as_slice();
    for end in [close, reserved_opcode, unmasked] {
        let (mut client, mut server) = pair();
        client.sender(now).send("question").unwrap();
        let mut bytes = client.transmit().flatten().copied().collect::<Vec<u8>>();
        bytes.extend_from_slice(end);
        let mut events = server.receive_in(&mut bytes, now);
        assert!(matches!(events.next(), Some((Event::Text("question"), _))));
        events.hold_end();
        assert!(events.next().is_none());
        assert!(events.is_before_end());
        let rest = events.into_rest();

        // The answer is sent between the batches, in front of the close frame.
        server.sender(now).send("answer").unwrap();
        let mut events = server.receive_in(rest, now);
        assert!(matches!(events.next(), Some((Event::Close { .. } | Event::Failed(_), _))));
        assert!(!events.is_before_end());
        let output: Vec<u8> = server.transmit().flatten().copied().collect();
        assert!(output.starts_with(b"\x81\x06answer\x88"));
    }
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

/// A client in the middle of a binary message of 64 KiB, of which 40 000 bytes are there.
fn amid_a_long_message() -> Connection {
    let (mut client, _) = pair();
    let mut start = [&b"\x82\x7f\0\0\0\0\0\x01\0\0"[..], &[7; 40_000]].concat();
    assert!(client.receive_in(&mut start, Instant::ZERO).next().is_none());
    client
}

#[test]
fn more_than_the_space_counts_as_the_space() {
    let mut client = amid_a_long_message();
    let space = client.receive_buffer();
    space.fill(7);
    let rest = 65_536 - 40_000 - space.len();
    assert!(client.received(1_000_000, Instant::ZERO).next().is_none());
    assert!(client.received(1, Instant::ZERO).next().is_none(), "its space was not asked for");
    let mut rest = vec![7; rest];
    let mut events = client.receive_in(&mut rest, Instant::ZERO);
    assert!(matches!(events.next(), Some((Event::Binary(bytes), _)) if bytes.len() == 65_536));
}

#[test]
fn a_connection_that_ended_gathers_nothing() {
    let mut client = amid_a_long_message();
    let held = client.heap_bytes();
    client.sender(Instant::ZERO).abort();
    for _ in 0..100 {
        assert!(!client.receive_buffer().is_empty());
        let mut events = client.received(100, Instant::ZERO);
        while events.next().is_some() {}
    }
    assert!(client.heap_bytes() <= held + 1024, "{} after {held}", client.heap_bytes());
}

#[test]
fn nothing_is_no_sign_of_life() {
    let (mut client, _) = pair();
    let (deadline, later) = (client.wants().deadline, Instant::from_micros(10_000_000));
    assert!(client.receive_in(&mut [], later).next().is_none());
    assert!(client.received(0, later).next().is_none());
    assert_eq!(client.wants().deadline, deadline);
    assert!(client.receive_in(&mut [0x81], later).next().is_none());
    assert_ne!(client.wants().deadline, deadline);
}

#[test]
fn a_violation_left_behind_its_content_is_due_at_once_and_outlives_other_ends() {
    let config = Arc::new(Config { delivery: Delivery::Streamed, ..Config::default() });
    let (agreement, now) = (Agreement::default(), Instant::ZERO);
    for eof in [false, true] {
        let mut client = Connection::new(Role::Client, config.clone(), &agreement, [1; 32], now);
        client.sender(now).close(None, "").unwrap();
        let mut chunk = *b"\x81\x02a\xff";
        let mut events = client.receive_in(&mut chunk, now);
        assert!(matches!(events.next(), Some((Event::Chunk { last: false, .. }, _))));
        assert!(events.into_rest().is_empty());
        assert_eq!(client.wants().deadline, Some(now));

        let late = now + Duration::from_secs(100);
        let mut events = if eof { client.receive_eof(now) } else { client.handle_timeout(late) };
        assert!(matches!(events.next(), Some((Event::Failed(_), _))));
        let Some((Event::Ended(ended), _)) = events.next() else { panic!("no end") };
        assert_eq!(ended.cause, Cause::Violation(Rule::TextNotUtf8));
    }
}

#[test]
fn the_close_frame_of_this_end_can_be_asked_for() {
    let (mut client, mut server) = pair();
    let now = Instant::ZERO;
    assert_eq!(client.sender(now).sent_close(), None);
    client.sender(now).close(Some(CloseCode(4000)), "enough").unwrap();
    assert_eq!(client.sender(now).sent_close(), Some((Some(CloseCode(4000)), "enough")));
    carry(&mut client, &mut server, now);
    assert_eq!(server.sender(now).sent_close(), Some((Some(CloseCode(4000)), "")));

    let (mut client, mut server) = pair();
    let mut unmasked = [0x81, 0];
    while server.receive_in(&mut unmasked, now).next().is_some() {}
    let rule = Rule::MaskMissing;
    assert_eq!(server.sender(now).sent_close(), Some((Some(rule.close_code()), rule.code())));
    client.sender(now).close(None, "").unwrap();
    assert_eq!(client.sender(now).sent_close(), Some((None, "")));
}

#[test]
fn a_host_can_answer_what_lies_before_the_end() {
    let bad = b"\x81\x01\xff".as_slice();
    for (end, code) in [(&b"\x88\x02\x03\xe8"[..], 1000), (b"\x83\x00", 1002), (bad, 1007)] {
        let (mut client, _) = pair();
        let now = Instant::ZERO;
        // Nothing behind the end is taken for a message.
        let mut chunk = [b"\x81\x01a\x82\x01b", end, b"\x81\x01c"].concat();
        let mut events = client.receive_in(&mut chunk, now);
        events.hold_end();
        let mut seen = 0;
        while let Some((event, _)) = events.next() {
            assert!(matches!(event, Event::Text("a") | Event::Binary(b"b")));
            seen += 1;
        }
        assert_eq!(seen, 2);
        assert!(events.is_before_end());
        let rest = events.into_rest();
        client.sender(now).send("an answer").unwrap();
        assert_eq!(client.sender(now).sent_close(), None);

        let mut events = client.receive_in(rest, now);
        let (event, sender) = events.next().unwrap_or_else(|| panic!("no event for {code}"));
        assert!(matches!(event, Event::Close { .. } | Event::Failed(_)));
        assert_eq!(sender.sent_close().unwrap().0, Some(CloseCode(code)));
        assert!(sender.send("too late").is_err());
        while let Some((event, _)) = events.next() {
            assert!(matches!(event, Event::Ended(_)), "{event:?}");
        }
    }
}
