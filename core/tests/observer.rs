//! What a connection does that only looks on, and what its tap is shown.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use polywire::handshake::Agreement;
use polywire::{
    Config, Connection, Contexts, DeflateConfig, DeflateParams, Delivery, Event, FrameHeader,
    Instant, Limits, Place, Role, Tap, Violation,
};
use std::sync::{Arc, Mutex};

/// Writes down what it is shown; the pieces of a payload are joined.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Shown>>);

#[derive(Clone, Debug, Default, PartialEq)]
struct Shown {
    frames: Vec<String>,
    places: Vec<Place>,
    faults: Vec<String>,
}

impl Log {
    fn shown(&self) -> Shown {
        self.0.lock().unwrap().clone()
    }
}

impl Tap for Log {
    fn header(&mut self, header: &FrameHeader) {
        let line = format!("{:02x} {} ", header.first, header.payload_len);
        self.0.lock().unwrap().frames.push(line);
    }

    fn place(&mut self, place: Place) {
        self.0.lock().unwrap().places.push(place);
    }

    fn payload(&mut self, bytes: &[u8]) {
        let mut shown = self.0.lock().unwrap();
        shown.frames.last_mut().unwrap().push_str(&bytes.escape_ascii().to_string());
    }

    fn end(&mut self, content: u64) {
        let mut shown = self.0.lock().unwrap();
        shown.frames.last_mut().unwrap().push_str(&format!(", adds {content}"));
    }

    fn violation(&mut self, violation: &Violation) {
        let line = format!("{} {}", violation.rule.code(), violation.found);
        self.0.lock().unwrap().faults.push(line);
    }
}

fn client(config: Config) -> Connection {
    let params = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };
    let agreement = Agreement { subprotocol: None, deflate: Some(params) };
    Connection::new(Role::Client, Arc::new(config), &agreement, [1; 32], Instant::ZERO)
}

/// What the tap is shown of `bytes` in chunks of `size`, and the events.
fn observe(config: &Config, bytes: &[u8], size: usize) -> (Shown, Vec<String>) {
    let (mut connection, log) = (client(config.clone()), Log::default());
    connection.set_lenient_tap(Box::new(log.clone()));
    let mut seen = Vec::new();
    for chunk in bytes.chunks(size) {
        let mut chunk = chunk.to_vec();
        let mut events = connection.receive_in(&mut chunk, Instant::ZERO);
        while let Some((event, _)) = events.next() {
            seen.push(format!("{event:?}"));
        }
    }
    assert_eq!(connection.sender(Instant::ZERO).queued(), 0, "an observer answers nothing");
    (log.shown(), seen)
}

#[test]
fn a_strict_tap_sees_the_frames_and_the_fault() {
    let (mut connection, log) = (client(Config::default()), Log::default());
    connection.set_tap(Box::new(log.clone()));
    let mut bytes = *b"\x01\x02ab\x89\x01p\x80\x01c\x83\x00";
    let mut events = connection.receive_in(&mut bytes, Instant::ZERO);
    while events.next().is_some() {}
    let shown = log.shown();
    assert_eq!(shown.frames, ["01 2 ab, adds 2", "89 1 p, adds 0", "80 1 c, adds 1", "83 0 "]);
    assert_eq!(shown.faults, ["frame.reserved_opcode 3"]);
}

/// An unknown opcode, a message inside a message, a mask, a long ping, a text cut inside a character,
/// a close code that must not be sent; whole messages between them.
const BROKEN: &[u8] = b"\x83\x01x\x01\x01a\x82\x01b\x80\x01c\x82\x81\0\0\0\0d\x89\x7e\x00\x7e\
    0123456789012345678901234567890123456789012345678901234567890123456789\
    01234567890123456789012345678901234567890123456789012345\
    \x81\x03ok\xc3\x88\x02\x03\xed\x81\x01e";

#[test]
fn an_observer_goes_on_behind_every_fault_at_every_cut() {
    for delivery in [Delivery::Whole, Delivery::Streamed] {
        let config = Config { delivery, ..Config::default() };
        let (shown, seen) = observe(&config, BROKEN, BROKEN.len());
        assert_eq!(
            shown.faults,
            [
                "frame.reserved_opcode 3",
                "message.expected_continuation 2",
                "frame.mask_unexpected 1",
                "control.too_long 126",
                "text.not_utf8 2",
                "close.code_invalid 1005",
            ]
        );
        if delivery == Delivery::Whole {
            let close = "Close { code: None, reason: \"\" }";
            assert_eq!(seen, ["Text(\"ac\")", "Binary([100])", close, "Text(\"e\")"]);
        }
        for size in 1..20 {
            assert_eq!(observe(&config, BROKEN, size).0, shown, "in chunks of {size}");
        }
    }
}

#[test]
fn an_observer_is_told_what_a_frame_is_to_its_message() {
    let stream = b"\x01\x01a\x89\x00\x83\x00\x80\x01b\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00";
    let part = |first, last, compressed| Place::Message { first, last, compressed };
    let expected = [
        part(true, false, false),
        Place::Control,
        Place::PassedOver,
        part(false, true, false),
        part(true, true, true),
    ];
    assert_eq!(observe(&Config::default(), stream, stream.len()).0.places, expected);
}

#[test]
fn a_compressed_message_that_was_given_up_leaves_the_next_one_whole() {
    let limits = Limits { fragments: 1, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    // A stored block of nine bytes, of which the second fragment is one too many; then "ok".
    let bytes = b"\x42\x07\x00\x09\x00\xf6\xffab\x80\x07cdefghi\xc2\x08\x00\x02\x00\xfd\xffok\x00";
    let (shown, seen) = observe(&config, bytes, bytes.len());
    assert_eq!(shown.faults, ["limit.fragments 2"]);
    assert_eq!(seen, ["Binary([111, 107])"]);
}

#[test]
fn an_observer_can_start_in_the_middle_of_a_compressed_stream() {
    // "Hello", then the same by a match alone (RFC 7692 section 7.2.3.2).
    let (first, second) =
        (b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", b"\xc1\x05\xf2\x00\x11\x00\x00");
    for contexts in [Contexts::Folded, Contexts::Dedicated] {
        let deflate = DeflateConfig { contexts, ..DeflateConfig::default() };
        let config = Config { deflate: Some(deflate), ..Config::default() };
        let mut earlier = client(config.clone());
        earlier.set_lenient_tap(Box::new(Log::default()));
        let mut bytes = *first;
        let (start, end) = bytes.split_at_mut(4);
        while earlier.receive_in(start, Instant::ZERO).next().is_some() {}
        assert_eq!(earlier.context(), None, "inside a message");
        while earlier.receive_in(end, Instant::ZERO).next().is_some() {}
        let context = earlier.context().unwrap();
        assert_eq!(context, b"Hello");

        let mut later = client(config);
        later.resume_context(&context);
        later.set_lenient_tap(Box::new(Log::default()));
        let mut bytes = *second;
        let mut events = later.receive_in(&mut bytes, Instant::ZERO);
        assert!(matches!(events.next(), Some((Event::Text("Hello"), _))));
    }
}

#[test]
fn nothing_is_due_to_an_observer() {
    let mut connection = client(Config::default());
    connection.set_lenient_tap(Box::new(Log::default()));
    assert_eq!(connection.wants().deadline, None);
    for seconds in [20, 40, 60] {
        let now = Instant::from_micros(seconds * 1_000_000);
        assert!(connection.handle_timeout(now).next().is_none());
        assert_eq!(connection.sender(now).queued(), 0);
    }
}

#[test]
fn a_broken_compressed_message_leaves_the_next_one_whole() {
    // A text message with a byte that is not UTF-8, then "Hello", both in fixed codes.
    let stream = b"\xc1\x08\xf3\x58\xcd\xc9\x89\x07\0\0\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\0\0";
    for size in [1, 3, stream.len()] {
        let (_, seen) = observe(&Config::default(), stream, size);
        assert_eq!(seen, ["Text(\"Hello\")"], "in pieces of {size}");
    }
}

#[test]
fn a_message_that_was_given_up_can_be_referred_back_to() {
    let limits = Limits { fragments: 1, ..Limits::default() };
    let config = Config { limits, ..Config::default() };
    // "Hello" in two fragments, of which the second is one too many; then the same by a match alone
    // (RFC 7692 section 7.2.3.2).
    let stream = b"\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
    for size in [1, 3, stream.len()] {
        let (shown, seen) = observe(&config, stream, size);
        assert_eq!(shown.faults, ["limit.fragments 2"], "in pieces of {size}");
        assert_eq!(seen, ["Text(\"Hello\")"], "in pieces of {size}");
    }
}
