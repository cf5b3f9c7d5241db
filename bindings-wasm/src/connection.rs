//! A connection at the border.
//!
//! Owns how bytes, events and commands cross it: input through space in the module's memory, events one by
//! one as the words of `polywire_bridge::record`. Knows nothing of what they
//! mean; that is the core.

use polywire::handshake::Agreement;
use polywire::{CloseCode, Config, Instant, Message, Role, UsageError};
use polywire_bridge::codes;
use polywire_bridge::record::{self, WORDS};
use polywire_bridge::script::{self, instant};
use polywire_bridge::settings::{self, Value};
use std::sync::Arc;
use wasm_bindgen::prelude::*;

/// What is thrown: the code, a NUL, and the sentence. `js/errors.js` makes an error of it.
pub(crate) fn thrown(code: &str, text: &str) -> JsValue {
    format!("{code}\0{text}").into()
}

fn misused(error: UsageError) -> JsValue {
    thrown(error.code(), &error.to_string())
}

/// Every code and the names of what ends a connection, as JSON.
#[wasm_bindgen]
pub fn tables() -> String {
    script::tables()
}

/// A violation as a sentence.
#[wasm_bindgen]
pub fn violation_text(rule: usize, found: f64, offset: f64) -> String {
    codes::describe(rule, found as u64, offset as u64)
}

/// Settings that any number of connections share.
#[wasm_bindgen]
pub struct Settings(pub(crate) Arc<Config>);

#[wasm_bindgen]
impl Settings {
    /// From names with their values, each a number, a string, a boolean or null.
    #[wasm_bindgen(constructor)]
    pub fn new(names: Vec<String>, values: Vec<JsValue>) -> Result<Self, JsValue> {
        let value = |value: JsValue| match (value.as_string(), value.as_bool()) {
            (Some(name), _) => Value::Name(name),
            (None, Some(flag)) => Value::Flag(flag),
            (None, None) if value.is_null() || value.is_undefined() => Value::Unlimited,
            (None, None) => Value::Number(value.as_f64().unwrap_or(f64::NAN)),
        };
        let pairs = names.into_iter().zip(values.into_iter().map(value));
        let config = settings::config(Config::default(), pairs)
            .map_err(|error| thrown("", &error.to_string()))?;
        Ok(Self(Arc::new(config)))
    }
}

/// A message for many connections.
#[wasm_bindgen]
pub struct Prepared(polywire::Prepared);

#[wasm_bindgen]
impl Prepared {
    /// See [`Connection::send`].
    #[wasm_bindgen(constructor)]
    pub fn new(is_text: bool, bytes: &[u8], level: u8) -> Result<Self, JsValue> {
        Ok(Self(polywire::Prepared::new(message(is_text, bytes, level)?)))
    }
}

/// A connection after the opening handshake.
#[wasm_bindgen]
pub struct Connection {
    core: polywire::Connection,
    /// Bytes that arrived: those before `taken` are decoded, those behind `filled` are none.
    input: Vec<u8>,
    taken: usize,
    filled: usize,
    /// The last event.
    record: [u32; WORDS],
    payload: Vec<u8>,
}

#[wasm_bindgen]
impl Connection {
    /// `deflate`: what was agreed, as four numbers; none of them: no compression.
    #[wasm_bindgen(constructor)]
    pub fn new(
        client: bool,
        settings: &Settings,
        deflate: &[u8],
        seed: &[u8],
        now: f64,
    ) -> Result<Self, JsValue> {
        let seed = seed.try_into().map_err(|_| thrown("", "a seed has 32 bytes"))?;
        let role = if client { Role::Client } else { Role::Server };
        let agreement = Agreement { subprotocol: None, deflate: script::params(deflate) };
        let core = polywire::Connection::new(
            role,
            Arc::clone(&settings.0),
            &agreement,
            seed,
            instant(now),
        );
        Ok(Self {
            core,
            input: Vec::new(),
            taken: 0,
            filled: 0,
            record: [0; WORDS],
            payload: Vec::new(),
        })
    }

    /// Where to put bytes that arrived: behind those that no event was taken from yet.
    pub fn space(&mut self, length: usize) -> *mut u8 {
        self.input.copy_within(self.taken..self.filled, 0);
        self.filled -= self.taken;
        self.taken = 0;
        let end = self.filled + length;
        if self.input.len() < end {
            self.input.resize(end, 0);
        }
        self.input[self.filled..].as_mut_ptr()
    }

    /// They are there.
    pub fn filled(&mut self, length: usize) {
        self.filled = (self.filled + length).min(self.input.len());
    }

    /// The stream ended.
    pub fn receive_eof(&mut self, now: f64) {
        self.taken = self.filled;
        let _ = self.core.receive_eof(instant(now));
    }

    /// The deadline has come.
    pub fn handle_timeout(&mut self, now: f64) {
        let _ = self.core.handle_timeout(instant(now));
    }

    /// Decodes up to the next event; whether there is one. One at a time, so that each can be answered
    /// before the next is answered or fails the connection.
    pub fn next(&mut self, now: f64) -> bool {
        let Self { core, input, record, payload, .. } = self;
        let mut events = core.receive_in(&mut input[self.taken..self.filled], instant(now));
        let found = match events.next() {
            None => false,
            Some((event, _)) => {
                payload.clear();
                payload.extend_from_slice(record::payload(&event));
                *record = record::words(&event, 0);
                true
            }
        };
        self.taken = self.filled - events.into_rest().len();
        found
    }

    /// The host stops reading for a while.
    pub fn pause_reading(&mut self, now: f64) {
        self.core.pause_reading(instant(now));
    }

    /// The host reads again.
    pub fn resume_reading(&mut self, now: f64) {
        self.core.resume_reading(instant(now));
    }

    /// Where the record of the event is.
    pub fn record(&self) -> *const u32 {
        self.record.as_ptr()
    }

    /// Where its payload is.
    pub fn payload(&self) -> *const u8 {
        self.payload.as_ptr()
    }

    /// Read, write, socket (0 keep, 1 shut down the writing side, 2 close), deadline.
    pub fn wants(&self) -> Vec<f64> {
        script::wants(self.core.wants()).to_vec()
    }

    /// Takes up to `most` queued bytes.
    pub fn transmit(&mut self, most: usize) -> Vec<u8> {
        let sender = self.core.sender(Instant::ZERO);
        let mut bytes = vec![0; sender.queued().min(most)];
        let count = sender.transmit_into(&mut bytes);
        bytes.truncate(count);
        bytes
    }

    /// Bytes in the queue.
    pub fn queued(&mut self) -> usize {
        self.core.sender(Instant::ZERO).queued()
    }

    /// Whether messages can be sent.
    pub fn is_open(&mut self) -> bool {
        self.core.sender(Instant::ZERO).is_open()
    }

    /// Bytes of heap that the core holds for it.
    pub fn heap_bytes(&self) -> usize {
        self.core.heap_bytes()
    }

    /// Sends a message. `level`: 0 uncompressed, 1 to 9, else as configured.
    pub fn send(
        &mut self,
        is_text: bool,
        bytes: &[u8],
        level: u8,
        now: f64,
    ) -> Result<(), JsValue> {
        let message = message(is_text, bytes, level)?;
        self.core.sender(instant(now)).send(message).map_err(misused)
    }

    /// Sends a part of a message.
    pub fn send_part(
        &mut self,
        is_text: bool,
        bytes: &[u8],
        last: bool,
        level: u8,
        now: f64,
    ) -> Result<(), JsValue> {
        let message = message(is_text, bytes, level)?;
        self.core.sender(instant(now)).send_part(message, last).map_err(misused)
    }

    /// Sends a message that was prepared for many connections.
    pub fn send_prepared(&mut self, prepared: &Prepared, now: f64) -> Result<(), JsValue> {
        self.core.sender(instant(now)).send_prepared(&prepared.0).map_err(misused)
    }

    /// Sends a ping.
    pub fn ping(&mut self, payload: &[u8], now: f64) -> Result<(), JsValue> {
        self.core.sender(instant(now)).ping(payload).map_err(misused)
    }

    /// Sends a pong.
    pub fn pong(&mut self, payload: &[u8], now: f64) -> Result<(), JsValue> {
        self.core.sender(instant(now)).pong(payload).map_err(misused)
    }

    /// Starts the closing handshake.
    pub fn close(&mut self, code: Option<u16>, reason: &str, now: f64) -> Result<(), JsValue> {
        self.core.sender(instant(now)).close(code.map(CloseCode), reason).map_err(misused)
    }

    /// Gives the connection up.
    pub fn abort(&mut self, now: f64) {
        self.core.sender(instant(now)).abort();
    }

    /// Gives back what a burst needed.
    pub fn shrink(&mut self) {
        self.core.shrink();
        if self.taken == self.filled {
            (self.input, self.taken, self.filled) = Default::default();
        }
    }
}

/// JavaScript's strings come as UTF-8: wasm-bindgen replaces lone surrogates on the way.
fn message(is_text: bool, bytes: &[u8], level: u8) -> Result<Message<'_>, JsValue> {
    let message = if is_text {
        let text = str::from_utf8(bytes).map_err(|_| thrown("", "text is UTF-8"))?;
        Message::from(text)
    } else {
        Message::from(bytes)
    };
    Ok(match level {
        0 => message.uncompressed(),
        1..=9 => message.level(level),
        _ => message,
    })
}
