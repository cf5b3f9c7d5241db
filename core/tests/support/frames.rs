//! Output taken apart: a frame parser of its own, so that the core is not judged by itself.

use super::data::{bytes, hex, short, string};
use super::inflate::Inflater;
use serde_json::Value;
use std::collections::VecDeque;

#[derive(Debug)]
pub(crate) struct Frame {
    fin: bool,
    rsv1: bool,
    opcode: u8,
    payload: Vec<u8>,
}

/// Splits output into frames and unmasks them. `masked` says what every frame must be.
pub(crate) fn parse(mut output: &[u8], masked: bool) -> Result<VecDeque<Frame>, String> {
    let mut frames = VecDeque::new();
    while let [first, second, rest @ ..] = output {
        if first & 0x30 != 0 || (second & 0x80 != 0) != masked {
            return Err(format!("a frame that begins with {first:02x} {second:02x}"));
        }
        let (len, rest) = match second & 0x7f {
            126 => number(rest, 2, 126)?,
            127 => number(rest, 8, 0x1_0000)?,
            len => (usize::from(len), rest),
        };
        let (key, rest) = rest.split_at_checked(if masked { 4 } else { 0 }).ok_or("half a key")?;
        let (payload, rest) = rest.split_at_checked(len).ok_or("half a payload")?;
        let mut payload = payload.to_vec();
        for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
            *byte ^= key;
        }
        frames.push_back(Frame {
            fin: first & 0x80 != 0,
            rsv1: first & 0x40 != 0,
            opcode: first & 0x0f,
            payload,
        });
        output = rest;
    }
    if output.is_empty() { Ok(frames) } else { Err("half a header".into()) }
}

fn number(bytes: &[u8], len: usize, least: usize) -> Result<(usize, &[u8]), String> {
    let (number, rest) = bytes.split_at_checked(len).ok_or("half a length")?;
    let number = number.iter().fold(0, |number, &byte| number << 8 | usize::from(byte));
    if number < least { Err("a length that is not minimal".into()) } else { Ok((number, rest)) }
}

/// Takes the frames that `expected` describes off the front of `frames`.
pub(crate) fn expect(
    frames: &mut VecDeque<Frame>,
    expected: &Value,
    inflater: &mut Option<Inflater>,
) -> Result<(), String> {
    let first = frames.pop_front().ok_or_else(|| format!("no frame for {}", short(expected)))?;
    let compressed = match &expected["deflated"] {
        Value::Null if expected.get("deflated").is_some() => first.rsv1,
        deflated => deflated.as_bool().unwrap_or(false),
    };
    let told = told(&first);
    if first.rsv1 != compressed {
        return Err(format!("expected {}, found {told}", short(expected)));
    }
    let (opcode, wanted) = wanted(expected);
    let found = if compressed {
        let message = whole(&first, frames, expected)?;
        inflater.as_mut().ok_or("compression without agreement")?.message(&message)?
    } else {
        if first.fin != expected["fin"].as_bool().unwrap_or(true) {
            return Err(format!("expected {}, found {told}", short(expected)));
        }
        first.payload
    };
    match wanted {
        Wanted::Prefix(prefix) if first.opcode == opcode && found.starts_with(&prefix) => Ok(()),
        Wanted::Exactly(payload) if first.opcode == opcode && found == payload => Ok(()),
        _ => Err(format!("expected {}, found {told}", short(expected))),
    }
}

/// The payload of a compressed message, whose fragments must be `fragments` in number.
fn whole(first: &Frame, frames: &mut VecDeque<Frame>, expected: &Value) -> Result<Vec<u8>, String> {
    let mut message = first.payload.clone();
    let (mut fin, mut count) = (first.fin, 1);
    while !fin {
        let next = frames.pop_front().ok_or("a message without an end")?;
        if next.opcode != 0 || next.rsv1 {
            return Err(format!("expected a continuation, found {}", told(&next)));
        }
        message.extend(next.payload);
        (fin, count) = (next.fin, count + 1);
    }
    let fragments = expected["fragments"].as_u64().unwrap_or(1);
    if count == fragments { Ok(message) } else { Err(format!("{count} fragments")) }
}

enum Wanted {
    Exactly(Vec<u8>),
    Prefix(Vec<u8>),
}

fn wanted(expected: &Value) -> (u8, Wanted) {
    let fields = expected.as_object().expect("an expected frame is an object");
    if let Some(code) = fields.get("close") {
        let payload = code.as_u64().map_or(Vec::new(), |code| (code as u16).to_be_bytes().into());
        let wanted = match fields.get("reason") {
            None if payload.is_empty() => Wanted::Exactly(payload),
            None => Wanted::Prefix(payload),
            Some(reason) => Wanted::Exactly([payload, string(reason).into_bytes()].concat()),
        };
        return (8, wanted);
    }
    let kinds = [("continuation", 0), ("binary", 2), ("ping", 9), ("pong", 10)];
    let found = kinds.iter().find_map(|&(kind, opcode)| Some((opcode, fields.get(kind)?)));
    let (opcode, payload) = found.map_or_else(
        || (1, string(&fields["text"]).into_bytes()),
        |(opcode, payload)| (opcode, bytes(payload)),
    );
    (opcode, Wanted::Exactly(payload))
}

pub(crate) fn told(frame: &Frame) -> String {
    let Frame { fin, rsv1, opcode, payload } = frame;
    let shown = &payload[..payload.len().min(64)];
    format!("opcode {opcode:#x} fin {fin} rsv1 {rsv1} payload {} ({})", hex(shown), payload.len())
}
