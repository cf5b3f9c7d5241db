//! A connection, behind a lock.
//!
//! Owns how calls become those of the core's `Connection`: every one brings time in, and a
//! batch back, with at most `take` bytes to write. `take` is 0 while the caller still
//! writes what it was given: what it has not asked for stays in the bounded queue.

use crate::batch::{Batch, Rest};
use crate::bytes::Blob;
use crate::failure::Failure;
use crate::settings::Settings;
use polywire::handshake::Agreement;
use polywire::{CloseCode, Events, Instant, Message, Role, UsageError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Payload after which a batch is full. One more message may follow, so it can be larger.
const FULL: usize = 1 << 20;

/// A chunk of this size or less is kept for the next one; a larger one is given back.
const KEPT_INPUT: usize = 256 << 10;

/// Which end of the connection this is.
#[uniffi::remote(Enum)]
pub enum Role {
    /// It connected.
    Client,
    /// It was connected to.
    Server,
}

/// One end of a connection, from the end of the opening handshake on. It does no I/O.
#[derive(Debug, uniffi::Object)]
pub struct Connection {
    engine: Mutex<Engine>,
}

#[derive(Debug)]
struct Engine {
    connection: polywire::Connection,
    /// What arrived last: the core unmasks in place, and the caller's memory is not to be written to.
    input: Vec<u8>,
    /// How much of it was looked at.
    taken: usize,
    /// What the last batch left.
    rest: Rest,
    /// The batch of the last call by number, whose memory is used again.
    kept: Option<Blob>,
}

/// A message that is sent to several connections.
#[derive(Debug, uniffi::Object)]
pub struct Prepared {
    prepared: polywire::Prepared,
}

#[uniffi::export]
impl Prepared {
    /// A text message, or a binary one.
    #[uniffi::constructor]
    pub fn new(content: &[u8], text: bool) -> Result<Self, Failure> {
        Ok(Self { prepared: polywire::Prepared::new(message(content, text, true)?) })
    }
}

#[uniffi::export]
impl Connection {
    /// A connection whose handshake ended in `agreement`. Times are microseconds of any clock that does
    /// not run backwards.
    #[uniffi::constructor]
    pub fn new(role: Role, settings: &Settings, agreement: Agreement, now: i64) -> Self {
        let config = Arc::clone(&settings.config);
        let seed = polywire_bridge::clock::random();
        let connection = polywire::Connection::new(role, config, &agreement, seed, instant(now));
        let engine =
            Engine { connection, input: Vec::new(), taken: 0, rest: Rest::Taken, kept: None };
        Self { engine: Mutex::new(engine) }
    }

    /// Takes bytes that arrived.
    pub fn receive(&self, bytes: &[u8], now: i64, take: u32) -> Blob {
        self.lock().receive(bytes, instant(now), take)
    }

    /// Takes note that the peer's stream ended.
    pub fn receive_eof(&self, now: i64, take: u32) -> Blob {
        self.lock().happen(instant(now), take, polywire::Connection::receive_eof)
    }

    /// Does what is due.
    pub fn handle_timeout(&self, now: i64, take: u32) -> Blob {
        self.lock().happen(instant(now), take, polywire::Connection::handle_timeout)
    }

    /// Takes bytes to write.
    pub fn transmit(&self, now: i64, take: u32) -> Blob {
        self.lock().answer(instant(now), take)
    }

    /// Sends a message. `compress` off sends it as it is, even where compression was negotiated.
    pub fn send(
        &self,
        content: &[u8],
        text: bool,
        compress: bool,
        now: i64,
        take: u32,
    ) -> Result<Blob, Failure> {
        let message = message(content, text, compress)?;
        self.command(now, take, |sender| sender.send(message))
    }

    /// Sends the next part of a message.
    pub fn send_part(
        &self,
        content: &[u8],
        text: bool,
        last: bool,
        now: i64,
        take: u32,
    ) -> Result<Blob, Failure> {
        let message = message(content, text, true)?;
        self.command(now, take, |sender| sender.send_part(message, last))
    }

    /// Sends a message that was prepared for several connections.
    pub fn send_prepared(&self, message: &Prepared, now: i64, take: u32) -> Result<Blob, Failure> {
        self.command(now, take, |sender| sender.send_prepared(&message.prepared))
    }

    /// Sends a ping.
    pub fn ping(&self, payload: &[u8], now: i64, take: u32) -> Result<Blob, Failure> {
        self.command(now, take, |sender| sender.ping(payload))
    }

    /// Sends a pong that answers no ping, or one that is not answered by itself.
    pub fn pong(&self, payload: &[u8], now: i64, take: u32) -> Result<Blob, Failure> {
        self.command(now, take, |sender| sender.pong(payload))
    }

    /// Starts the closing handshake.
    pub fn close_with(
        &self,
        code: Option<u16>,
        reason: &str,
        now: i64,
        take: u32,
    ) -> Result<Blob, Failure> {
        self.command(now, take, |sender| sender.close(code.map(CloseCode), reason))
    }

    /// Gives the connection up.
    pub fn abort(&self, now: i64) -> Blob {
        let mut engine = self.lock();
        engine.connection.sender(instant(now)).abort();
        engine.happen(instant(now), 0, polywire::Connection::handle_timeout)
    }

    /// Takes note that the socket is not read for a while, because the application is behind: the silence
    /// of the peer does not count.
    pub fn pause_reading(&self, now: i64) -> Blob {
        let mut engine = self.lock();
        engine.connection.pause_reading(instant(now));
        engine.answer(instant(now), 0)
    }

    /// Takes note that it is read again.
    pub fn resume_reading(&self, now: i64) -> Blob {
        let mut engine = self.lock();
        engine.connection.resume_reading(instant(now));
        engine.answer(instant(now), 0)
    }

    /// How many bytes of heap the connection holds in the core.
    pub fn heap_bytes(&self) -> u64 {
        self.lock().connection.heap_bytes() as u64
    }

    /// What [`polywire_call`](crate::direct::polywire_call) takes, as long as this object is not freed.
    pub fn address(&self) -> u64 {
        core::ptr::from_ref(self) as u64
    }
}

/// The numbers of the calls of [`polywire_call`](crate::direct::polywire_call).
pub mod call {
    /// `receive`.
    pub const RECEIVE: u32 = 0;
    /// `receive_eof`.
    pub const RECEIVE_EOF: u32 = 1;
    /// `handle_timeout`.
    pub const HANDLE_TIMEOUT: u32 = 2;
    /// `transmit`.
    pub const TRANSMIT: u32 = 3;
    /// `ping`.
    pub const PING: u32 = 4;
    /// `pong`.
    pub const PONG: u32 = 5;
    /// `send`: this, and the bits below.
    pub const SEND: u32 = 16;
    /// The content is text.
    pub const TEXT: u32 = 1;
    /// It may be compressed.
    pub const COMPRESS: u32 = 2;
    /// `send_part` instead.
    pub const PART: u32 = 4;
    /// The part is the last.
    pub const LAST: u32 = 8;
}

impl Connection {
    fn lock(&self) -> MutexGuard<'_, Engine> {
        // Foreign code never runs under the lock, so a panic here is a fault of the core, which keeps its
        // state valid at every step.
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call by number; the batch stays in the connection until the next one. `None` if there is no such
    /// call, or text is not UTF-8.
    pub(crate) fn call(
        &self,
        call: u32,
        bytes: &mut [u8],
        now: i64,
        take: u32,
    ) -> Option<Result<*const u8, UsageError>> {
        let mut engine = self.lock();
        let now = instant(now);
        let batch = match call {
            call::RECEIVE => engine.receive_in(bytes, now, take),
            call::RECEIVE_EOF => engine.happen(now, take, polywire::Connection::receive_eof),
            call::HANDLE_TIMEOUT => {
                // Something is due where little happens: what a burst needed goes back.
                engine.kept = None;
                engine.happen(now, take, polywire::Connection::handle_timeout)
            }
            _ => {
                if let Err(error) = engine.say(call, bytes, now)? {
                    return Some(Err(error));
                }
                engine.answer(now, take)
            }
        };
        Some(Ok(engine.kept.insert(batch).as_bytes().as_ptr()))
    }

    fn command(
        &self,
        now: i64,
        take: u32,
        command: impl FnOnce(&mut polywire::Sender) -> Result<(), UsageError>,
    ) -> Result<Blob, Failure> {
        let mut engine = self.lock();
        let now = instant(now);
        command(engine.connection.sender(now))?;
        Ok(engine.answer(now, take))
    }
}

impl Engine {
    fn receive(&mut self, bytes: &[u8], now: Instant, take: u32) -> Blob {
        if self.taken == self.input.len() {
            self.input.clear();
            self.taken = 0;
            if self.input.capacity() > KEPT_INPUT {
                self.input = Vec::new();
            }
        }
        self.input.extend_from_slice(bytes);
        let mut batch = self.batch(self.input.len() - self.taken);
        let chunk = &mut self.input[self.taken..];
        let mut events = self.connection.receive_in(chunk, now);
        self.rest = fill(&mut batch, &mut events);
        let rest = events.into_rest().len();
        self.taken = self.input.len() - rest;
        batch.finish(&mut self.connection, take as usize, self.rest, now)
    }

    /// Takes bytes where they lie. Only what a full batch left waits in memory of its own.
    fn receive_in(&mut self, bytes: &mut [u8], now: Instant, take: u32) -> Blob {
        if self.taken < self.input.len() {
            return self.receive(bytes, now, take);
        }
        let mut batch = self.batch(bytes.len());
        let mut events = self.connection.receive_in(bytes, now);
        self.rest = fill(&mut batch, &mut events);
        let rest = events.into_rest();
        (self.input, self.taken) = (rest.to_vec(), 0);
        batch.finish(&mut self.connection, take as usize, self.rest, now)
    }

    fn happen<F>(&mut self, now: Instant, take: u32, input: F) -> Blob
    where
        F: FnOnce(&mut polywire::Connection, Instant) -> Events<'_, 'static>,
    {
        let mut batch = self.batch(0);
        let mut events = input(&mut self.connection, now);
        while let Some((event, _)) = events.next() {
            batch.push(&event);
        }
        batch.finish(&mut self.connection, take as usize, self.rest, now)
    }

    /// A command by number, if there is one.
    fn say(&mut self, call: u32, bytes: &[u8], now: Instant) -> Option<Result<(), UsageError>> {
        let sender = self.connection.sender(now);
        let has = |bit| call & bit != 0;
        Some(match call {
            call::TRANSMIT => Ok(()),
            call::PING => sender.ping(bytes),
            call::PONG => sender.pong(bytes),
            call::SEND..32 => {
                let message = message(bytes, has(call::TEXT), has(call::COMPRESS)).ok()?;
                if has(call::PART) {
                    sender.send_part(message, has(call::LAST))
                } else {
                    sender.send(message)
                }
            }
            _ => return None,
        })
    }

    /// Nothing happened: what is to be written, and what is next.
    fn answer(&mut self, now: Instant, take: u32) -> Blob {
        let expected = self.connection.sender(now).queued().min(take as usize);
        let batch = self.batch(expected);
        batch.finish(&mut self.connection, take as usize, self.rest, now)
    }

    /// A batch in memory that is there, unless it is the memory of an unusual burst.
    fn batch(&mut self, expected: usize) -> Batch {
        match self.kept.take() {
            Some(memory) if memory.capacity() <= 2 * FULL => Batch::within(memory),
            _ => Batch::new(expected),
        }
    }
}

/// Takes events until there are none, or the batch is full, or the end comes behind messages, which may still
/// be answered.
fn fill(batch: &mut Batch, events: &mut Events<'_, '_>) -> Rest {
    while batch.payload_len() < FULL {
        let Some((event, _)) = events.next() else {
            let ends = batch.has_messages() && events.is_before_end();
            return if ends { Rest::End } else { Rest::Taken };
        };
        batch.push(&event);
        if batch.has_messages() {
            events.hold_end();
        }
    }
    Rest::Full
}

fn message(content: &[u8], text: bool, compress: bool) -> Result<Message<'_>, Failure> {
    let message = if text {
        Message::from(core::str::from_utf8(content).map_err(|_| not_text())?)
    } else {
        Message::from(content)
    };
    Ok(if compress { message } else { message.uncompressed() })
}

fn not_text() -> Failure {
    Failure::setting("text", "UTF-8")
}

pub(crate) fn instant(micros: i64) -> Instant {
    Instant::from_micros(micros.try_into().unwrap_or(0))
}
