//! Commands of JavaScript to a connection.
//!
//! Owns how a command and its outcome are written as numbers. Whether it may be carried out now is the
//! core's to say. Knows nothing of N-API.

use crate::connections::{Slot, prepared};
use polywire::{CloseCode, Instant, Message, Prepared, UsageError};

/// Bits that say what is special about a message.
pub(crate) mod flag {
    /// It is text.
    pub(crate) const TEXT: u32 = 1;
    /// It must not be compressed.
    pub(crate) const UNCOMPRESSED: u32 = 2;
    /// More parts of it follow.
    pub(crate) const MORE: u32 = 4;
    /// It is no part of a message in progress.
    pub(crate) const WHOLE: u32 = 8;
    /// It is a part of a message, the last unless more follow.
    pub(crate) const PART: u32 = 16;
}

/// The outcome of a command that was carried out. Others are the place of a usage error in its list,
/// counted from 1, or [`NOT_TEXT`].
const DONE: u32 = 0;

/// What was to be sent as text is not UTF-8.
pub(crate) const NOT_TEXT: u32 = 255;

/// The outcome for a connection that was dropped.
pub(crate) fn gone() -> u32 {
    outcome(Err(UsageError::NotOpen))
}

pub(crate) fn outcome(result: Result<(), UsageError>) -> u32 {
    match result {
        Ok(()) => DONE,
        Err(error) => {
            let place = UsageError::ALL.iter().position(|&other| other == error);
            place.map_or(NOT_TEXT - 1, |place| place as u32 + 1)
        }
    }
}

/// A message with these flags, or `None` if it is not text.
pub(crate) fn message(bytes: &[u8], flags: u32) -> Option<Message<'_>> {
    let message: Message<'_> = if flags & flag::TEXT == 0 {
        bytes.into()
    } else {
        core::str::from_utf8(bytes).ok()?.into()
    };
    Some(if flags & flag::UNCOMPRESSED == 0 { message } else { message.uncompressed() })
}

/// Sends a message, or a part of one.
pub(crate) fn send(slot: &mut Slot, bytes: &[u8], flags: u32) -> u32 {
    let now = slot.now();
    send_at(slot, now, bytes, flags)
}

fn send_at(slot: &mut Slot, now: Instant, bytes: &[u8], mut flags: u32) -> u32 {
    if flags & (flag::WHOLE | flag::PART) == 0
        && let Some(is_text) = slot.part_is_text
    {
        // What the caller does not call a part of the message in progress is one all the same, and the
        // first part said which kind it is.
        flags = flags & !flag::TEXT | flag::PART | if is_text { flag::TEXT } else { 0 };
    }
    let Some(message) = message(bytes, flags) else { return NOT_TEXT };
    let sender = slot.connection.sender(now);
    if flags & (flag::PART | flag::MORE) == 0 {
        return outcome(sender.send(message));
    }
    let last = flags & flag::MORE == 0;
    let result = sender.send_part(message, last);
    if result.is_ok() {
        slot.part_is_text = (!last).then_some(flags & flag::TEXT != 0);
    }
    outcome(result)
}

/// Sends messages that stand side by side in `bytes`. Each of `words` has the length of one, and above it
/// the flags. A connection that takes no more messages drops them.
pub(crate) fn send_all(slot: &mut Slot, mut bytes: &[u8], words: &[u32]) {
    // Reading the clock costs as much as framing a small message.
    let now = slot.now();
    for word in words {
        let (flags, length) = (word >> LENGTH_BITS, word & ((1 << LENGTH_BITS) - 1));
        let Some((message, rest)) = bytes.split_at_checked(length as usize) else { return };
        bytes = rest;
        if send_at(slot, now, message, flags) != DONE {
            return;
        }
    }
}

/// How much of a word is the length.
const LENGTH_BITS: u32 = 24;

/// Sends a large message without a copy of it: its header goes to the front of `header`, and the caller
/// writes both. Returns the outcome and the length of the header, which is 0 where the message was queued
/// instead.
pub(crate) fn send_through(
    slot: &mut Slot,
    bytes: &[u8],
    flags: u32,
    header: &mut [u8],
) -> (u32, usize) {
    if slot.part_is_text.is_some() {
        return (send(slot, bytes, flags), 0);
    }
    let Some(message) = message(bytes, flags) else { return (NOT_TEXT, 0) };
    let now = slot.now();
    let mut placed = 0;
    let write = |slices: &[&[u8]]| match (slices, header.len()) {
        ([head, payload], room) if payload.as_ptr() == bytes.as_ptr() && head.len() <= room => {
            header[..head.len()].copy_from_slice(head);
            placed = head.len();
            head.len() + payload.len()
        }
        _ => 0,
    };
    let result = slot.connection.sender(now).send_through(message, write);
    (outcome(result), placed)
}

/// Sends a message that was prepared.
pub(crate) fn send_prepared(slot: &mut Slot, id: u32) -> u32 {
    let now = slot.now();
    match prepared(id) {
        Some(prepared) => outcome(slot.connection.sender(now).send_prepared(&prepared)),
        None => gone(),
    }
}

/// Prepares a message for many connections, or `None` if it is not text.
pub(crate) fn prepare(bytes: &[u8], flags: u32) -> Option<Prepared> {
    message(bytes, flags).map(Prepared::new)
}

/// Moves what is queued into `out`; returns how many bytes.
pub(crate) fn transmit(slot: &mut Slot, out: &mut [u8]) -> usize {
    // Writing takes no notice of the time, and time never runs backwards.
    slot.connection.sender(Instant::ZERO).transmit_into(out)
}

pub(crate) fn ping(slot: &mut Slot, payload: &[u8]) -> u32 {
    let now = slot.now();
    outcome(slot.connection.sender(now).ping(payload))
}

pub(crate) fn pong(slot: &mut Slot, payload: &[u8]) -> u32 {
    let now = slot.now();
    outcome(slot.connection.sender(now).pong(payload))
}

pub(crate) fn close(slot: &mut Slot, code: Option<u16>, reason: &str) -> u32 {
    let now = slot.now();
    outcome(slot.connection.sender(now).close(code.map(CloseCode), reason))
}

pub(crate) fn abort(slot: &mut Slot) {
    let now = slot.now();
    slot.connection.sender(now).abort();
}
