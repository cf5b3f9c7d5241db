//! The split never matters: the same bytes give the same events, answers and last state, however they
//! are cut, by whichever door they come, and whole or in pieces.

use crate::frames;
use crate::input::{Cuts, Input};
use crate::settings::{START, Settings};
use crate::transcript::Transcript;
use polywire::{Connection, Delivery, FrameHeader, Rule, Tap, Violation, Wants};
use std::sync::{Arc, Mutex, MutexGuard};

/// The door by which bytes come.
#[derive(Clone, Copy, Debug)]
enum Door {
    In,
    /// One event at a time: the rest is brought again.
    Paused,
    Own,
}

/// Everything that can be seen of a run.
#[derive(Debug, PartialEq)]
struct Run {
    transcript: Transcript,
    output: Vec<u8>,
    wants: Wants,
    tapped: Vec<Tapped>,
    /// Apart from the rest: a violation is told as soon as it is found, wherever in the frame that is.
    violations: Vec<Violation>,
}

pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let settings = Settings::read(&mut input);
    let tap = input.one_of(&[None, None, Some(false), Some(true)]);
    let cuts = Cuts::read(&mut input);
    let stream = frames::stream(settings.role.peer(), input);

    let whole = run(&settings, tap, &Cuts::WHOLE, Door::In, &stream);
    for door in [Door::In, Door::Paused, Door::Own] {
        let cut = run(&settings, tap, &cuts, door, &stream);
        assert_eq!(whole, cut, "{cuts:?} by {door:?}");
    }
    if stream.len() <= 1024 {
        let bytewise = run(&settings, tap, &Cuts::bytewise(), Door::In, &stream);
        assert_eq!(whole, bytewise, "byte by byte");
    }
    if tap.is_none() {
        let tapped = run(&settings, Some(false), &Cuts::WHOLE, Door::In, &stream);
        assert_eq!(whole.transcript, tapped.transcript, "a strict tap changes nothing");
    }
    // An observer goes on behind a broken message, whose pieces would be taken for the next one's.
    if tap != Some(true) {
        check_delivery(settings, &whole, &cuts, &stream, tap);
        check_close(&whole);
    }
}

/// The other delivery tells the same messages, and the same of everything else.
fn check_delivery(
    mut settings: Settings,
    whole: &Run,
    cuts: &Cuts,
    stream: &[u8],
    tap: Option<bool>,
) {
    settings.config.delivery = match settings.config.delivery {
        Delivery::Whole => Delivery::Streamed,
        Delivery::Streamed => Delivery::Whole,
    };
    let other = run(&settings, tap, cuts, Door::In, stream);
    assert_eq!(whole.transcript.without_pieces(), other.transcript.without_pieces());
    assert_eq!(whole.output, other.output);
}

/// A violation is closed with its code, unless a close frame went out before.
fn check_close(run: &Run) {
    if let Some(violation) = run.transcript.failure() {
        let code = violation.rule.close_code().0.to_be_bytes();
        let reason = violation.rule.code().as_bytes();
        assert!(run.output.len() >= code.len() + reason.len(), "no close frame: {violation}");
        assert!(Rule::ALL.contains(&violation.rule));
    }
}

fn run(settings: &Settings, tap: Option<bool>, cuts: &Cuts, door: Door, stream: &[u8]) -> Run {
    let mut connection = settings.connection();
    let tapped = Arc::new(Mutex::new(Record::default()));
    match tap {
        None => {}
        Some(false) => connection.set_tap(Box::new(Recorder(tapped.clone()))),
        Some(true) => connection.set_lenient_tap(Box::new(Recorder(tapped.clone()))),
    }
    let mut transcript =
        if tap == Some(true) { Transcript::of_observer() } else { Transcript::default() };
    for piece in cuts.pieces(stream) {
        bring(&mut connection, door, piece, &mut transcript);
    }
    let wants = connection.wants();
    transcript.drain(connection.receive_eof(START));
    assert!(transcript.has_ended(), "the end of the stream ends the connection");
    let mut output = Vec::new();
    loop {
        let before = output.len();
        output.extend(connection.transmit().flatten());
        connection.transmitted(output.len() - before);
        if output.len() == before {
            break;
        }
    }
    frames::read(settings.role, settings.deflate.is_some(), &output);
    drop(connection);
    let tapped = Arc::into_inner(tapped).expect("the connection is gone");
    let Record { mut tapped, violations } = tapped.into_inner().expect("no panic inside");
    if tap == Some(false) && !violations.is_empty() {
        trim_last_frame(&mut tapped);
    }
    Run { transcript, output, wants, tapped, violations }
}

/// A strict connection fails as soon as it can, with as much of the frame as came by then: only the
/// first two bytes of its header do not depend on the split.
fn trim_last_frame(tapped: &mut Vec<Tapped>) {
    let frame = tapped.iter().rposition(|tapped| matches!(tapped, Tapped::Header(_)));
    tapped.truncate(frame.map_or(0, |frame| frame + 1));
    if let Some(Tapped::Header(header)) = tapped.last_mut() {
        let FrameHeader { offset, first, second, .. } = *header;
        let payload_len = u64::from(second & 0x7f);
        *header = FrameHeader { offset, first, second, mask: None, payload_len, header_len: 2 };
    }
}

fn bring(connection: &mut Connection, door: Door, piece: &[u8], transcript: &mut Transcript) {
    match door {
        Door::In => transcript.drain(connection.receive_in(&mut piece.to_vec(), START)),
        Door::Paused => {
            let mut chunk = piece.to_vec();
            let mut rest = &mut chunk[..];
            loop {
                let mut events = connection.receive_in(rest, START);
                let Some((event, _)) = events.next() else {
                    assert!(events.into_rest().is_empty(), "bytes that nobody wants");
                    break;
                };
                transcript.take(event);
                rest = events.into_rest();
            }
        }
        Door::Own => {
            let mut rest = piece;
            while !rest.is_empty() {
                let space = connection.receive_buffer();
                assert!(!space.is_empty(), "no space to read into");
                let (now, after) = rest.split_at(space.len().min(rest.len()));
                space[..now.len()].copy_from_slice(now);
                transcript.drain(connection.received(now.len(), START));
                rest = after;
            }
        }
    }
}

#[derive(Debug, PartialEq)]
enum Tapped {
    Header(FrameHeader),
    Payload(Vec<u8>),
    End(u64),
}

#[derive(Debug, Default)]
struct Record {
    tapped: Vec<Tapped>,
    violations: Vec<Violation>,
}

/// Writes down what a tap is shown, the pieces of a payload joined.
struct Recorder(Arc<Mutex<Record>>);

impl Recorder {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().expect("no panic inside")
    }
}

impl Tap for Recorder {
    fn header(&mut self, header: &FrameHeader) {
        self.record().tapped.push(Tapped::Header(*header));
    }

    fn payload(&mut self, bytes: &[u8]) {
        let tapped = &mut self.record().tapped;
        match tapped.last_mut() {
            _ if bytes.is_empty() => {}
            Some(Tapped::Payload(before)) => before.extend_from_slice(bytes),
            _ => tapped.push(Tapped::Payload(bytes.to_vec())),
        }
    }

    fn end(&mut self, content: u64) {
        self.record().tapped.push(Tapped::End(content));
    }

    fn violation(&mut self, violation: &Violation) {
        self.record().violations.push(*violation);
    }
}
