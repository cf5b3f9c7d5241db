//! An event as eight words, for borders that are crossed once for a whole batch.
//!
//! | word | |
//! |---|---|
//! | 0 | the kind, a constant of [`kind`] |
//! | 1, 2 | where the payload begins and how long it is, in a space that the binding says |
//! | 3 | chunk: 1 if it is the last; close, ended: the code, [`NONE`] without; failed: the rule's index |
//! | 4 | ended: the cause's index; failed: what was found, its low half; pong: the round trip, its low half |
//! | 5 | ended: the rule's index or [`NONE`]; failed, pong: the high half, both [`NONE`] without round trip |
//! | 6, 7 | failed: the offset of the frame in the stream, low and high half |
//!
//! Indices are those of [`codes`](crate::codes). Round trips are in microseconds.

use crate::codes::{cause_index, rule_index};
use polywire::{Cause, Data, Event};

/// Words in a record.
pub const WORDS: usize = 8;

/// Where a word has no value.
pub const NONE: u32 = u32::MAX;

/// What a record is about.
pub mod kind {
    /// A whole text message.
    pub const TEXT: u32 = 1;
    /// A whole binary message.
    pub const BINARY: u32 = 2;
    /// A piece of a text message.
    pub const TEXT_CHUNK: u32 = 3;
    /// A piece of a binary message.
    pub const BINARY_CHUNK: u32 = 4;
    /// A ping, which is answered already.
    pub const PING: u32 = 5;
    /// A pong.
    pub const PONG: u32 = 6;
    /// The peer's close frame; its reason is the payload.
    pub const CLOSE: u32 = 7;
    /// The peer broke a rule.
    pub const FAILED: u32 = 8;
    /// The end, last and once.
    pub const ENDED: u32 = 9;
}

/// The bytes that belong to an event: content, reason, or nothing.
pub fn payload<'a>(event: &Event<'a>) -> &'a [u8] {
    match *event {
        Event::Text(text) => text.as_bytes(),
        Event::Binary(bytes) | Event::Ping(bytes) => bytes,
        Event::Chunk { data, .. } => data.as_bytes(),
        Event::Pong { payload, .. } => payload,
        Event::Close { reason, .. } => reason.as_bytes(),
        Event::Failed(_) | Event::Ended(_) => &[],
    }
}

/// The record of an event whose payload was put at `offset`.
pub fn words(event: &Event<'_>, offset: u32) -> [u32; WORDS] {
    let length = u32::try_from(payload(event).len()).unwrap_or(NONE);
    let [kind, code, low, high] = match *event {
        Event::Text(_) => [kind::TEXT, 0, 0, 0],
        Event::Binary(_) => [kind::BINARY, 0, 0, 0],
        Event::Chunk { data: Data::Text(_), last } => [kind::TEXT_CHUNK, last.into(), 0, 0],
        Event::Chunk { data: Data::Binary(_), last } => [kind::BINARY_CHUNK, last.into(), 0, 0],
        Event::Ping(_) => [kind::PING, 0, 0, 0],
        Event::Pong { rtt, .. } => {
            let micros = rtt.map_or(u64::MAX, |rtt| rtt.as_micros().try_into().unwrap_or(u64::MAX));
            [kind::PONG, 0, low(micros), high(micros)]
        }
        Event::Close { code, .. } => {
            [kind::CLOSE, code.map_or(NONE, |code| u32::from(code.0)), 0, 0]
        }
        Event::Failed(violation) => {
            let found = violation.found;
            [kind::FAILED, index(rule_index(violation.rule)), low(found), high(found)]
        }
        Event::Ended(ended) => {
            let rule = match ended.cause {
                Cause::Violation(rule) => index(rule_index(rule)),
                _ => NONE,
            };
            [kind::ENDED, ended.code.0.into(), index(cause_index(ended.cause)), rule]
        }
    };
    let at = match *event {
        Event::Failed(violation) => violation.offset,
        _ => 0,
    };
    [kind, offset, length, code, low, high, self::low(at), self::high(at)]
}

fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}

fn low(value: u64) -> u32 {
    (value & u64::from(u32::MAX)) as u32
}

fn high(value: u64) -> u32 {
    (value >> 32) as u32
}
