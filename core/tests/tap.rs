//! What a tap sees, and what a lenient one passes over.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use polywire::handshake::Agreement;
use polywire::{
    Config, Connection, DeflateParams, Event, FrameHeader, Instant, Opcode, Role, Tap, Violation,
};
use std::sync::{Arc, Mutex};

const NOW: Instant = Instant::ZERO;

/// Writes down what it sees, a line for each frame and each violation.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<(Vec<String>, Vec<u8>)>>);

impl Notes {
    fn note(&self, line: String) {
        self.0.lock().unwrap().0.push(line);
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().0.clone()
    }
}

impl Tap for Notes {
    fn header(&mut self, header: &FrameHeader) {
        let opcode = header.opcode().map_or("?".into(), |opcode| format!("{opcode:?}"));
        let (fin, length) = (header.fin(), header.payload_len);
        self.note(format!("{} {opcode} fin={fin} {length}", header.offset));
        self.0.lock().unwrap().1.clear();
    }

    fn payload(&mut self, bytes: &[u8]) {
        self.0.lock().unwrap().1.extend_from_slice(bytes);
    }

    fn end(&mut self, content: u64) {
        let payload = self.0.lock().unwrap().1.escape_ascii().to_string();
        self.note(format!("  {payload:?} adds {content}"));
    }

    fn violation(&mut self, violation: &Violation) {
        self.note(format!("  {} at {}", violation.rule.code(), violation.offset));
    }
}

fn connection(role: Role, deflate: bool) -> Connection {
    let params = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };
    let agreement = Agreement { subprotocol: None, deflate: deflate.then_some(params) };
    Connection::new(role, Arc::new(Config::default()), &agreement, [7; 32], NOW)
}

/// The notes and the events for `bytes`, which must not depend on the cut.
fn observe(deflate: bool, lenient: bool, bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let mut outcomes = [bytes.len(), 1, 3].map(|size| {
        let notes = Notes::default();
        // A client's decoder reads what a server sends, without masks.
        let mut connection = connection(Role::Client, deflate);
        if lenient {
            connection.set_lenient_tap(Box::new(notes.clone()));
        } else {
            connection.set_tap(Box::new(notes.clone()));
        }
        let mut seen = Vec::new();
        for piece in bytes.to_vec().chunks_mut(size) {
            let mut events = connection.receive_in(piece, NOW);
            while let Some((event, _)) = events.next() {
                seen.push(format!("{event:?}"));
            }
        }
        if lenient {
            assert_eq!(connection.transmit().count(), 0, "an observer says nothing");
            assert!(matches!(connection.receive_eof(NOW).next(), Some((Event::Ended(_), _))));
        }
        (notes.lines(), seen)
    });
    let [_, by_byte, by_three] = &outcomes;
    assert_eq!(*by_byte, outcomes[0]);
    assert_eq!(*by_three, outcomes[0]);
    core::mem::take(&mut outcomes[0])
}

#[test]
fn a_tap_sees_every_frame_and_what_it_adds() {
    let frames = b"\x01\x02He\x89\x01?\x80\x03llo\xc2\x07\xf2\x48\xcd\xc9\xc9\x07\x00";
    let (notes, events) = observe(true, false, frames);
    let expected = [
        "0 Text fin=false 2",
        "  \"He\" adds 2",
        "4 Ping fin=true 1",
        "  \"?\" adds 0",
        "7 Continuation fin=true 3",
        "  \"llo\" adds 3",
        "12 Binary fin=true 7",
        "  \"\\\\xf2H\\\\xcd\\\\xc9\\\\xc9\\\\x07\\\\x00\" adds 5",
    ];
    assert_eq!(notes, expected);
    assert_eq!(events, ["Ping([63])", "Text(\"Hello\")", "Binary([72, 101, 108, 108, 111])"]);
}

#[test]
fn a_tap_sees_the_violation_that_fails_the_connection() {
    let (notes, events) = observe(false, false, b"\x81\x02ok\x83\x00");
    assert_eq!(notes[2..], ["4 ? fin=true 0", "  frame.reserved_opcode at 4"]);
    assert!(events[1].starts_with("Failed"));
    let (notes, _) = observe(false, false, b"\x81\x02a\xff");
    assert!(notes.contains(&String::from("  text.not_utf8 at 0")), "{notes:?}");
}

#[test]
fn a_lenient_tap_reports_and_goes_on() {
    let mut bytes = Vec::new();
    bytes.extend(b"\xb1\x01a"); // Two reserved bits.
    bytes.extend(b"\x83\x01b"); // A reserved opcode.
    bytes.extend(b"\x81\x81\0\0\0\0c"); // A mask from a server.
    bytes.extend(b"\x81\x7e\0\x01d"); // A length in more bytes than it needs.
    bytes.extend(b"\x09\x01e"); // A ping in fragments.
    bytes.extend(b"\x80\x01f"); // A continuation of nothing.
    bytes.extend(b"\x01\x01g\x81\x01h\x80\x01i"); // A message inside a message.
    bytes.extend(b"\x81\x02\xff\xff"); // Not UTF-8.
    bytes.extend(b"\x88\x01j"); // A close frame of one byte.
    bytes.extend(b"\x81\x04last"); // After the close frame.
    let (notes, events) = observe(false, true, &bytes);
    let violations: Vec<&str> = notes
        .iter()
        .filter_map(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split_once(" at ").map(|(code, _)| code))
        .collect();
    let expected = [
        "frame.reserved_bits",
        "frame.reserved_opcode",
        "frame.mask_unexpected",
        "frame.length_not_minimal",
        "control.fragmented",
        "message.unexpected_continuation",
        "message.expected_continuation",
        "text.not_utf8",
        "close.payload_truncated",
    ];
    assert_eq!(violations, expected);
    let expected = [
        "Text(\"c\")",
        "Text(\"d\")",
        "Text(\"gi\")",
        "Close { code: None, reason: \"\" }",
        "Text(\"last\")",
    ];
    assert_eq!(events, expected);
}

#[test]
fn an_opcode_is_named_by_its_nibble() {
    for nibble in 0..=15 {
        let known = matches!(nibble, 0..=2 | 8..=10);
        let opcode = Opcode::from_nibble(nibble);
        assert_eq!(opcode.map(|opcode| opcode as u8), known.then_some(nibble));
    }
}
