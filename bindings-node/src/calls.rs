//! Calls that are not made for every message: opening and dropping connections, control frames, the
//! tables of codes.

use crate::connections::{self, Slot};
use crate::settings::Config;
use crate::{commands, inbox};
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;
use polywire::handshake::Agreement;
use polywire::{Connection, Instant, Role};
use polywire_bridge::script::{self, instant};
use polywire_bridge::{clock, codes, record};
use std::sync::Arc;

/// Opens a connection; returns its id. `deflate` is what was agreed, as four numbers, or none of them. Without a
/// seed it is random, without a time the clock's holds.
#[napi]
pub fn open(
    is_server: bool,
    config: &Config,
    deflate: &[u8],
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
    let agreement = Agreement { deflate: script::params(deflate), subprotocol: None };
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

/// What the host's loop should do next, as `script::wants` tells it, and whether messages can be sent; nothing for
/// a connection that was dropped.
#[napi]
pub fn wants(id: u32) -> Option<Vec<f64>> {
    connections::with(id, |slot| {
        let open = slot.connection.sender(Instant::ZERO).is_open();
        let mut wants = script::wants(slot.connection.wants()).to_vec();
        wants.push(open.into());
        wants
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

/// All codes and the names of what ends a connection, in the order by which records and outcomes count them.
#[napi]
pub fn tables() -> String {
    script::tables()
}

/// What happened, in words.
#[napi]
pub fn describe(rule: u32, found: f64, offset: f64) -> String {
    codes::describe(rule as usize, found as u64, offset as u64)
}

/// The numbers on which both sides of the border agree: the words in front of the records of a table, the words of
/// a record, what stands where a word has no value, and the outcome for text that is not UTF-8.
#[napi]
pub fn layout() -> Vec<u32> {
    vec![inbox::STATUS as u32, record::WORDS as u32, record::NONE, commands::NOT_TEXT]
}
