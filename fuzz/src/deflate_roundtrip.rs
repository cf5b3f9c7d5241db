//! Compressed messages from one end to the other: every parameter, engine, context and level, and
//! payloads that refer back to what was sent long before.

use crate::input::Input;
use crate::outgoing::Outgoing;
use crate::pair::Pair;
use crate::settings::{DEFLATE, Settings};

/// Most messages of one input, and the most text of one message.
const MESSAGES: usize = 24;
const LONGEST: usize = 80 << 10;

pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let client = settings(&mut input);
    let server = settings(&mut input);
    let mut pair = Pair::new(client, server);
    let mut material = Vec::new();
    for _ in 0..MESSAGES {
        if input.is_empty() {
            break;
        }
        let how = input.byte();
        let when = input.byte();
        let payload = payload(&mut input, &mut material);
        let speaker = usize::from(when & 1);
        pair.send(speaker, &Outgoing::new(how, &payload));
        if when & 2 == 0 {
            pair.deliver(speaker, usize::MAX, when & 4 != 0);
        }
    }
    pair.finish();
}

fn settings(input: &mut Input<'_>) -> Settings {
    let chosen = [DEFLATE | input.byte(), input.byte(), 0, 0];
    let mut settings = Settings::read(&mut Input::new(&chosen));
    settings.config.limits.send_queue = 4 << 20;
    if let Some(deflate) = &mut settings.config.deflate {
        deflate.level = 1 + input.byte() % 9;
        deflate.threshold = input.one_of(&[0, 1, 128]);
    }
    settings
}

/// A message of literals, runs, noise, and copies of what any message said before.
fn payload(input: &mut Input<'_>, material: &mut Vec<u8>) -> Vec<u8> {
    let mut payload = Vec::new();
    for _ in 0..input.below(8) {
        let piece = match input.below(4) {
            0 => input.chunk().to_vec(),
            1 => vec![input.byte(); input.length()],
            2 => noise(input.byte(), input.length()),
            _ => {
                let distance = usize::from(u16::from_be_bytes([input.byte(), input.byte()]));
                let start = material.len().saturating_sub(distance);
                let end = material.len().min(start + input.length());
                material[start..end].to_vec()
            }
        };
        material.extend_from_slice(&piece);
        payload.extend(piece);
    }
    payload.truncate(LONGEST);
    payload
}

fn noise(seed: u8, len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32 ^ u32::from(seed);
    let next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        // Few enough symbols to be worth a code, now and then.
        if seed & 1 == 0 { state as u8 } else { b'a' + (state & 7) as u8 }
    };
    std::iter::repeat_with(next).take(len).collect()
}
