//! Calls that are not made for every message: opening and dropping connections, control frames, the
//! tables of codes.

use crate::connections::{self, Slot};
use crate::heads::{Params, instant, millis};
use crate::settings::Config;
use crate::{commands, inbox};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use polywire::handshake::Agreement;
use polywire::{Connection, Instant, Role, Socket, Violation};
use polywire_bridge::{clock, codes, record};
use std::sync::Arc;

/// Opens a connection; returns its id. Without a seed it is random, without a time the clock's holds.
#[napi]
pub fn open(
    is_server: bool,
    config: &Config,
    deflate: Option<Params>,
    seed: Option<&[u8]>,
    now: Option<f64>,
) -> napi::Result<u32> {
    let role = if is_server { Role::Server } else { Role::Client };
    let seed = match seed {
        Some(bytes) => {
            bytes.try_into().map_err(|_| napi::Error::from_reason("a seed has 32 bytes"))?
        }
        None => clock::random(),
    };
    let time = now.map(instant);
    let agreement = Agreement { deflate: deflate.map(Params::into_core), subprotocol: None };
    let start = time.unwrap_or_else(clock::now);
    let connection = Connection::new(role, Arc::clone(&config.0), &agreement, seed, start);
    Ok(connections::keep_connection(Slot::new(connection, time)))
}

/// Drops a connection. Its id may be given to another.
#[napi]
pub fn drop_connection(id: u32) {
    connections::drop_connection(id);
}

/// From now on this time holds for the connection, and no clock.
#[napi]
pub fn set_time(id: u32, now: f64) {
    connections::with(id, |slot| slot.set_time(instant(now)));
}

/// Sends a ping; returns the outcome.
#[napi]
pub fn ping(id: u32, payload: &[u8]) -> u32 {
    connections::with(id, |slot| commands::ping(slot, payload)).unwrap_or_else(commands::gone)
}

/// Sends a pong; returns the outcome.
#[napi]
pub fn pong(id: u32, payload: &[u8]) -> u32 {
    connections::with(id, |slot| commands::pong(slot, payload)).unwrap_or_else(commands::gone)
}

/// Starts the closing handshake; returns the outcome.
#[napi]
pub fn close(id: u32, code: Option<u16>, reason: String) -> u32 {
    connections::with(id, |slot| commands::close(slot, code, &reason))
        .unwrap_or_else(commands::gone)
}

/// Gives a connection up.
#[napi]
pub fn abort(id: u32) {
    connections::with(id, commands::abort);
}

/// Tells that the host stops reading for a while, or reads again.
#[napi]
pub fn read_on(id: u32, reads: bool) {
    connections::with(id, |slot| {
        let now = slot.now();
        if reads {
            slot.connection.resume_reading(now);
        } else {
            slot.connection.pause_reading(now);
        }
    });
}

/// How many bytes are queued.
#[napi]
pub fn queued(id: u32) -> u32 {
    let queued = connections::with(id, |slot| {
        // The count takes no notice of the time, and time never runs backwards.
        slot.connection.sender(Instant::ZERO).queued()
    });
    u32::try_from(queued.unwrap_or(0)).unwrap_or(u32::MAX)
}

/// How many bytes of heap a connection holds.
#[napi]
pub fn heap_bytes(id: u32) -> u32 {
    let bytes = connections::with(id, |slot| slot.connection.heap_bytes()).unwrap_or(0);
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// What the host's loop should do next.
#[napi(object)]
pub struct Wants {
    /// Whether to read from the socket.
    pub read: bool,
    /// Whether there is something to write.
    pub write: bool,
    /// `keep`, `shutdown_write` or `close`.
    pub socket: String,
    /// When to tell the connection the time, in milliseconds of its clock.
    pub deadline: Option<f64>,
    /// Whether messages can be sent.
    pub open: bool,
}

/// What the host's loop should do next; nothing for a connection that was dropped.
#[napi]
pub fn wants(id: u32) -> Option<Wants> {
    connections::with(id, |slot| {
        let wants = slot.connection.wants();
        let socket = match wants.socket {
            Socket::Keep => "keep",
            Socket::ShutdownWrite => "shutdown_write",
            Socket::Close => "close",
        };
        let open = slot.connection.sender(Instant::ZERO).is_open();
        let deadline = millis(wants.deadline);
        Wants { read: wants.read, write: wants.write, socket: socket.into(), deadline, open }
    })
}

/// Takes a payload that was too large for the slab.
#[napi]
pub fn take_large(id: u32) -> Buffer {
    connections::take_large(id).into()
}

/// Prepares a message for many connections; returns its id, or nothing if it is not text.
#[napi]
pub fn prepare(bytes: &[u8], flags: u32) -> Option<u32> {
    commands::prepare(bytes, flags).map(connections::keep_prepared)
}

/// Drops a prepared message.
#[napi]
pub fn drop_prepared(id: u32) {
    connections::drop_prepared(id);
}

/// A code that a user can meet.
#[napi(object)]
pub struct Code {
    /// The stable code.
    pub code: String,
    /// `violation`, `usage` or `handshake`.
    pub origin: String,
    /// The close code, the HTTP status, or 0.
    pub number: u16,
    /// The section of the RFC.
    pub section: String,
    /// What should have come.
    pub expected: String,
}

/// All codes; violations and usage errors in the order by which records and outcomes count them.
#[napi]
pub fn all_codes() -> Vec<Code> {
    let code = |entry: codes::Entry| Code {
        code: entry.code.into(),
        origin: entry.origin.name().into(),
        number: entry.number,
        section: entry.section.into(),
        expected: entry.expected.into(),
    };
    codes::all().map(code).collect()
}

/// The names of what ends a connection, in the order by which records count them.
#[napi]
pub fn causes() -> Vec<&'static str> {
    codes::CAUSES.to_vec()
}

/// What happened, in words.
#[napi]
pub fn describe(rule: u32, found: f64, offset: f64) -> String {
    let rule = polywire::Rule::ALL.get(rule as usize);
    let tell = |&rule| Violation { rule, found: found as u64, offset: offset as u64 }.to_string();
    rule.map(tell).unwrap_or_default()
}

/// The numbers on which both sides of the border agree.
#[napi(object)]
pub struct Layout {
    /// Words in front of the records of a table.
    pub status: u32,
    /// Words of a record.
    pub words: u32,
    /// Where a word has no value.
    pub none: u32,
    /// The outcome for text that is not UTF-8.
    pub not_text: u32,
}

/// The numbers on which both sides of the border agree.
#[napi]
pub fn layout() -> Layout {
    Layout {
        status: inbox::STATUS as u32,
        words: record::WORDS as u32,
        none: record::NONE,
        not_text: commands::NOT_TEXT,
    }
}
