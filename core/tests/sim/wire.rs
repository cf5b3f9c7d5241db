//! The bytes of one end, taken apart by a parser of its own: so the core is not judged by itself.
//!
//! Owns where frames begin and end, and the rules that a stream of frames must keep whatever is said
//! in it. Knows nothing of compression.

use polywire::Role;
use std::ops::Range;

#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) fin: bool,
    pub(crate) opcode: u8,
    pub(crate) payload: Vec<u8>,
    /// Where it ends in the stream.
    pub(crate) end: usize,
}

impl Frame {
    pub(crate) fn is_close(&self) -> bool {
        self.opcode == 8
    }

    pub(crate) fn close_code(&self) -> u16 {
        match self.payload[..] {
            [high, low, ..] => u16::from_be_bytes([high, low]),
            _ => 1005,
        }
    }

    pub(crate) fn ends_message(&self) -> bool {
        self.fin && self.opcode < 8
    }
}

/// The length of the head at the front of `stream`, if it is complete.
pub(crate) fn head_len(stream: &[u8]) -> Option<usize> {
    stream.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The whole frames behind the first `start` bytes of `stream`, and whether a part of one is left.
pub(crate) fn frames(stream: &[u8], start: usize) -> (Vec<Frame>, bool) {
    let mut frames = Vec::new();
    let mut at = start;
    while let Some((frame, end)) = frame(stream, at) {
        frames.push(frame);
        at = end;
    }
    (frames, at < stream.len())
}

/// Where the stream brings bytes of messages: the payloads of data frames, as far as they are there,
/// and the last byte of the header where one is empty.
pub(crate) fn message_bytes(stream: &[u8], start: usize) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = start;
    while let Some(header) = header(stream, at) {
        if stream[at] & 0x0f < 8 {
            let begin = header.payload.start.min(header.payload.end - 1);
            spans.push(begin..header.payload.end.min(stream.len()));
        }
        at = header.payload.end;
    }
    spans
}

struct Header {
    key: [u8; 4],
    payload: Range<usize>,
}

fn header(stream: &[u8], start: usize) -> Option<Header> {
    let &second = stream.get(start + 1)?;
    let (extended, short) = match second & 0x7f {
        126 => (2, 0),
        127 => (8, 0),
        short => (0, u64::from(short)),
    };
    let mut at = start + 2;
    let number = stream.get(at..at + extended)?.iter();
    let len = number.fold(short, |len, &byte| len << 8 | u64::from(byte));
    at += extended;
    let mut key = [0; 4];
    if second & 0x80 != 0 {
        key.copy_from_slice(stream.get(at..at + 4)?);
        at += 4;
    }
    let end = usize::try_from(len).ok().and_then(|len| at.checked_add(len))?;
    Some(Header { key, payload: at..end })
}

fn frame(stream: &[u8], start: usize) -> Option<(Frame, usize)> {
    let Header { key, payload } = header(stream, start)?;
    let (first, end) = (stream[start], payload.end);
    let masked = stream.get(payload)?.iter().zip(key.iter().cycle());
    let payload = masked.map(|(byte, key)| byte ^ key).collect();
    Some((Frame { fin: first & 0x80 != 0, opcode: first & 0x0f, payload, end }, end))
}

/// Checks everything that an end wrote behind its head: masks, reserved bits, the order of fragments,
/// and that nothing but pongs follows a close frame.
pub(crate) fn check(role: Role, stream: &[u8], start: usize) {
    let (frames, cut) = frames(stream, start);
    let mut in_message = false;
    let mut begin = start;
    for (index, frame) in frames.iter().enumerate() {
        let (first, second) = (stream[begin], stream[begin + 1]);
        begin = frame.end;
        assert_eq!(second & 0x80 != 0, role == Role::Client, "the mask of frame {index}");
        assert_eq!(first & 0x30, 0, "reserved bits in frame {index}");
        match frame.opcode {
            0 => assert!(in_message, "a continuation of nothing"),
            1 | 2 => assert!(!in_message, "a message inside another"),
            8..=10 => {
                assert!(frame.fin && frame.payload.len() <= 125, "control frame {frame:?}");
                assert_eq!(first & 0x40, 0, "a compressed control frame");
            }
            other => panic!("opcode {other}"),
        }
        if frame.opcode < 8 {
            assert!(frame.opcode != 0 || first & 0x40 == 0, "RSV1 on a continuation");
            in_message = !frame.fin;
        }
        if frame.is_close() {
            // RFC 6455 section 5.5.2: pings are answered until the peer's close frame comes.
            let pongs = frames[index + 1..].iter().all(|frame| frame.opcode == 10);
            let last = frames.last().map_or(start, |frame| frame.end);
            let pongs = pongs && (!cut || stream[last] == 0x8a);
            assert!(pongs, "other than pongs after the close frame");
            assert_ne!(frame.payload.len(), 1, "half a status code");
        }
    }
}
