//! Frames, written and read apart from the core.
//!
//! Owns a strict reader of what a connection sends, and a writer of frames as the fuzzer wants them,
//! right or wrong. Knows nothing of connections.

use crate::input::Input;
use polywire::Role;

/// A frame that keeps the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub first: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn opcode(&self) -> u8 {
        self.first & 0x0f
    }

    pub fn fin(&self) -> bool {
        self.first & 0x80 != 0
    }

    pub fn compressed(&self) -> bool {
        self.first & 0x40 != 0
    }
}

const CLOSE: u8 = 8;
const PONG: u8 = 10;

/// Reads what an end with `role` sent, and panics at everything that it must not send: RFC 6455
/// sections 5.1 to 5.6. A frame that is not complete ends the output of a connection given up.
pub fn read(role: Role, deflate: bool, mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut in_message = false;
    while let Some((frame, rest)) = split(role, bytes) {
        // RFC 6455 section 5.5.2: pings are answered until the peer's close frame comes.
        let closed = frames.iter().any(|earlier| earlier.opcode() == CLOSE);
        assert!(!closed || frame.opcode() == PONG, "{frame:?} after a close");
        let reserved = frame.first & 0x70;
        assert!(reserved == 0 || deflate && reserved == 0x40, "reserved bits in {frame:?}");
        match frame.opcode() {
            0 => {
                assert!(in_message && !frame.compressed(), "a stray continuation: {frame:?}");
                in_message = !frame.fin();
            }
            1 | 2 => {
                assert!(!in_message, "a message inside a message: {frame:?}");
                in_message = !frame.fin();
            }
            8..=10 => {
                assert!(frame.fin() && !frame.compressed(), "a broken control frame: {frame:?}");
                assert!(frame.payload.len() <= 125, "a long control frame: {frame:?}");
            }
            _ => panic!("a reserved opcode: {frame:?}"),
        }
        if frame.opcode() == CLOSE {
            check_close(&frame.payload);
        }
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn check_close(payload: &[u8]) {
    if let Some((code, reason)) = payload.split_first_chunk() {
        let code = u16::from_be_bytes(*code);
        assert!(matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999), "close code {code}");
        assert!(std::str::from_utf8(reason).is_ok(), "a reason that is not UTF-8");
    } else {
        assert!(payload.is_empty(), "a close frame of one byte");
    }
}

/// The first frame, unmasked, if all of it is there.
fn split(role: Role, bytes: &[u8]) -> Option<(Frame, &[u8])> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    assert_eq!(second & 0x80 != 0, role == Role::Client, "the mask bit of a {role:?}");
    let (len, rest) = match second & 0x7f {
        126 => {
            let (len, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*len)), rest)
        }
        127 => {
            let (len, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*len), rest)
        }
        len => (u64::from(len), rest),
    };
    let least = match second & 0x7f {
        126 => 126,
        127 => 1 << 16,
        _ => 0,
    };
    assert!(len >= least && len >> 63 == 0, "length {len} is not minimal");
    let (key, rest) = match role {
        Role::Client => rest.split_first_chunk()?,
        Role::Server => (&[0; 4], rest),
    };
    let (payload, rest) = rest.split_at_checked(usize::try_from(len).ok()?)?;
    let payload = payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    Some((Frame { first, payload }, rest))
}

/// The whole frames at the front of what clients send in the vectors, right or wrong.
pub fn read_leniently(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while bytes.get(1).is_some_and(|second| second & 0x80 != 0 && second & 0x7f < 126)
        && let Some((frame, rest)) = split(Role::Client, bytes)
    {
        frames.push(frame);
        bytes = rest;
    }
    frames
}

/// The length of the whole frame at the front of `bytes` as its header announces it, right or wrong;
/// nothing while the header is incomplete.
pub fn announced(bytes: &[u8]) -> Option<u64> {
    let (&[_, second], rest) = bytes.split_first_chunk()?;
    let (len, header) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
        len => (u64::from(len), 2),
    };
    let header = header + if second & 0x80 == 0 { 0 } else { 4 };
    (bytes.len() >= header).then(|| len.saturating_add(header as u64))
}

/// What is there of the frame in which the stream ends.
pub fn unfinished(mut bytes: &[u8]) -> &[u8] {
    while let Some(len) = announced(bytes)
        && let Some(rest) = usize::try_from(len).ok().and_then(|len| bytes.get(len..))
    {
        bytes = rest;
    }
    bytes
}

/// Writes a frame as an end with `role` masks it, its length in the fewest bytes.
pub fn write(role: Role, first: u8, payload: &[u8], output: &mut Vec<u8>) {
    let form = match payload.len() {
        0..126 => Form::Short,
        126..=0xffff => Form::Two,
        _ => Form::Eight,
    };
    write_as(role, first, form, payload, output);
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Short,
    Two,
    Eight,
}

fn write_as(role: Role, first: u8, form: Form, payload: &[u8], output: &mut Vec<u8>) {
    let mask_bit = if role == Role::Client { 0x80 } else { 0 };
    output.push(first);
    match form {
        Form::Short => output.push(mask_bit | payload.len() as u8),
        Form::Two => {
            output.push(mask_bit | 126);
            output.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
        Form::Eight => {
            output.push(mask_bit | 127);
            output.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    let key: [u8; 4] = if role == Role::Client { [0x37, 0xfa, 0x21, first] } else { [0; 4] };
    if role == Role::Client {
        output.extend_from_slice(&key);
    }
    output.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
}

/// The stream of an end with `role`: raw bytes, or frames that are mostly right, so that the fuzzer
/// need not find out how to mask.
pub fn stream(role: Role, mut input: Input<'_>) -> Vec<u8> {
    if input.flag() {
        return input.rest().to_vec();
    }
    let mut output = Vec::new();
    while !input.is_empty() {
        let first = input.byte();
        let form = input.byte();
        let payload = input.chunk();
        match form {
            0xfe => write_as(role, first, Form::Two, payload, &mut output),
            0xff => write_as(role, first, Form::Eight, payload, &mut output),
            0xfd => write(role.peer(), first, payload, &mut output),
            // Content of one character: long messages from short inputs.
            0xf0..0xfd => {
                let payload = vec![payload.first().copied().unwrap_or(b'x'); payload.len() * 40];
                write(role, first, &payload, &mut output);
            }
            _ => write(role, first, payload, &mut output),
        }
    }
    output
}
