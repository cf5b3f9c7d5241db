//! The commands: everything that this end can say.
//!
//! Owns whether something may be said now; how it becomes bytes is the `framer`'s. A command is carried
//! out whole or refused whole. Knows nothing of sockets.

use super::framer::{Compressor, Framer};
use super::message::{Compression, Kind, Message, Payload};
use super::pongs::Pongs;
use super::prepared::Prepared;
use super::queue::Transmit;
use crate::close::CloseCode;
use crate::config::Config;
use crate::error::{Rule, UsageError};
use crate::event::Cause;
use crate::frame::close::ClosePayload;
use crate::frame::encoder::{FrameKind, encode};
use crate::frame::opcode::Opcode;
use crate::keepalive::{Due, Heartbeat};
use crate::random::Random;
use crate::role::Role;
use crate::state::{Lifecycle, Wants};
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::mem::size_of;

/// The sending half of a connection.
///
/// Borrow it with [`Connection::sender`](crate::Connection::sender), or take it from
/// [`Events::next`](crate::Events::next) to answer inside the event loop. Commands put bytes into a
/// bounded queue; [`transmit`](Self::transmit) lends them to the socket.
#[derive(Debug)]
pub struct Sender {
    config: Arc<Config>,
    pub(crate) state: Lifecycle,
    pub(crate) heartbeat: Heartbeat,
    framer: Framer,
    /// The message that is being sent in parts.
    parts: Option<Parts>,
    pongs: Pongs,
    keepalive_pings: u32,
    /// What the close frame said that this end sent.
    sent_close: Option<Box<ClosePayload>>,
    /// This end only looks on: nothing goes out that the caller did not ask for.
    observer: bool,
    pub(crate) now: Instant,
    /// When a message, or a part of one, was last sent or received.
    pub(crate) last_message: Instant,
}

#[derive(Clone, Copy, Debug)]
struct Parts {
    kind: Kind,
    compressed: bool,
}

impl Sender {
    pub(crate) fn new(
        role: Role,
        config: Arc<Config>,
        compressor: Option<Compressor>,
        seed: [u8; 32],
        now: Instant,
    ) -> Self {
        let keys = (role == Role::Client).then(|| Random::new(seed));
        Self {
            state: Lifecycle::new(role, config.timeouts.close),
            heartbeat: Heartbeat::new(now),
            framer: Framer::new(keys, compressor),
            parts: None,
            pongs: Pongs::default(),
            keepalive_pings: 0,
            sent_close: None,
            observer: false,
            now,
            last_message: now,
            config,
        }
    }

    /// Sends a message: `&str`, `String`, `&[u8]`, `Vec<u8>`, or a [`Message`] with options.
    ///
    /// # Errors
    ///
    /// [`UsageError::NotOpen`] once the connection is closing, [`UsageError::QueueFull`] while the
    /// queue holds its limit, [`UsageError::MessageInProgress`] inside a message sent in parts.
    #[inline]
    //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
    //# To _Send a WebSocket Message_ comprising of /data/ over a WebSocket connection, an endpoint
    //# MUST perform the following steps.
    pub fn send<'m>(&mut self, message: impl Into<Message<'m>>) -> Result<(), UsageError> {
        self.admit_message()?;
        let Message { kind, payload, compression } = message.into();
        self.framer.message(kind, payload, compression, &self.config);
        Ok(())
    }

    /// Sends a message as [`send`](Self::send) does, but offers it to the socket first: `write` gets the
    /// slices of the frame and returns how many bytes the socket took. The rest is queued.
    ///
    /// Use it where a socket can be tried without waiting: a server's payload then goes out without
    /// being copied at all. `write` is called at most once, and not while anything is queued, since
    /// that goes out first.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_through<'m>(
        &mut self,
        message: impl Into<Message<'m>>,
        write: impl FnOnce(&[&[u8]]) -> usize,
    ) -> Result<(), UsageError> {
        self.admit_message()?;
        let Message { kind, payload, compression } = message.into();
        let bytes = payload.as_bytes();
        if self.framer.passes_through(bytes, compression, &self.config) {
            let frame = FrameKind::whole(kind.opcode());
            if !self.framer.masks() {
                let header = encode(frame, bytes.len(), None);
                let written = write(&[header.as_bytes(), bytes]);
                if written < header.as_bytes().len() + bytes.len() {
                    self.framer.rest(&header, bytes, written);
                }
                return Ok(());
            }
            if let Payload::Borrowed(bytes) = payload {
                let written = write(&[self.framer.alone(frame, bytes)]);
                self.transmitted(written);
                return Ok(());
            }
        }
        let first = self.framer.queue.is_empty();
        self.framer.message(kind, payload, compression, &self.config);
        if first {
            let mut queued = self.framer.queue.slices();
            let header = queued.next().unwrap_or_default();
            let written = match queued.next() {
                None => write(&[header]),
                Some(payload) => write(&[header, payload]),
            };
            self.transmitted(written);
        }
        Ok(())
    }

    /// Sends the next part of a message, and with `last` ends it. The first part decides whether the
    /// message is text or binary, and whether it is compressed.
    ///
    /// Use it when the whole is not known yet, or too large to hold. Pings, pongs and the close frame
    /// may go out between parts; other messages may not.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), and [`UsageError::PartOfOtherKind`].
    pub fn send_part<'m>(
        &mut self,
        part: impl Into<Message<'m>>,
        last: bool,
    ) -> Result<(), UsageError> {
        self.admit()?;
        let Message { kind, payload, compression } = part.into();
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.4
        //# The fragments of one message MUST NOT be interleaved between the fragments of another
        //# message unless an extension has been negotiated that can interpret the interleaving.
        if self.parts.is_some_and(|parts| parts.kind != kind) {
            return Err(UsageError::PartOfOtherKind);
        }
        let first = self.parts.is_none();
        let Parts { compressed, .. } = *self.parts.get_or_insert_with(|| Parts {
            kind,
            compressed: self.framer.can_compress()
                && self.config.deflate.is_some()
                && compression != Compression::Never,
        });
        //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
        //# The opcode (frame-opcode) of the first frame containing the data MUST be set to the
        //# appropriate value from Section 5.2 for data that is to be interpreted by the recipient
        //# as text or binary data.
        let opcode = if first { kind.opcode() } else { Opcode::Continuation };
        //= https://www.rfc-editor.org/rfc/rfc7692#section-6.1
        //# An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and non-first
        //# fragments of a data message.
        //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
        //# The FIN bit (frame-fin) of the last frame containing the data MUST be set to 1 as
        //# defined in Section 5.2.
        let frame = FrameKind { opcode, fin: last, compressed: compressed && first };
        if compressed {
            self.framer.compressed_part(frame, payload.as_bytes(), compression);
        } else {
            self.framer.frame(frame, payload);
        }
        self.last_message = self.now;
        if last {
            self.parts = None;
        }
        Ok(())
    }

    /// Sends a message that was prepared for many connections.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), UsageError> {
        self.admit_message()?;
        self.framer.prepared(prepared, &self.config);
        Ok(())
    }

    /// Sends a ping. Its pong arrives as [`Event::Pong`](crate::Event::Pong) with the round trip.
    ///
    /// # Errors
    ///
    /// [`UsageError::ControlTooLong`], [`UsageError::NotOpen`], [`UsageError::QueueFull`].
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.control(Opcode::Ping, payload)?;
        self.heartbeat.pinged(payload, self.now);
        Ok(())
    }

    /// Sends a pong that answers no ping, as a sign of life (RFC 6455 section 5.5.3). Pings are
    /// answered without it.
    ///
    /// # Errors
    ///
    /// [`UsageError::ControlTooLong`], [`UsageError::NotOpen`], [`UsageError::QueueFull`].
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), UsageError> {
        self.control(Opcode::Pong, payload)
    }

    /// Starts the closing handshake. Messages that the peer sent before it closes still arrive.
    ///
    /// # Errors
    ///
    /// [`UsageError::CloseCodeInvalid`], [`UsageError::CloseReasonTooLong`],
    /// [`UsageError::CloseReasonWithoutCode`], and [`UsageError::NotOpen`] when it started already.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.2
    //# To _Start the WebSocket Closing Handshake_ with a status code (Section 7.4) /code/ and an
    //# optional close reason (Section 7.1.6) /reason/, an endpoint MUST send a Close control frame,
    //# as described in Section 5.5.1, whose status code is set to /code/ and whose close reason is
    //# set to /reason/.
    pub fn close(&mut self, code: Option<CloseCode>, reason: &str) -> Result<(), UsageError> {
        let payload = ClosePayload::new(code, reason)?;
        if !self.state.is_open() {
            return Err(UsageError::NotOpen);
        }
        self.push_close(&payload);
        self.state.close_sent(None, self.now);
        Ok(())
    }

    /// Gives the connection up: the queue is dropped, and the socket is to be closed at once.
    pub fn abort(&mut self) {
        self.state.abort(self.now);
        self.framer.queue.clear();
    }

    /// The queued bytes in order, slice by slice.
    #[inline]
    //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
    //# The frame(s) that have been formed MUST be transmitted over the underlying network
    //# connection.
    pub fn transmit(&self) -> Transmit<'_> {
        self.framer.queue.slices()
    }

    /// Tells that the socket took the first `count` queued bytes.
    #[inline]
    pub fn transmitted(&mut self, count: usize) {
        self.framer.queue.advance(count);
        if self.pongs.left(self.framer.queue.sent()) {
            self.answer_waiting_ping();
        }
    }

    /// Moves queued bytes into a buffer of the caller's; returns how many.
    ///
    /// Use it where the platform wants its own memory, instead of [`transmit`](Self::transmit) and
    /// [`transmitted`](Self::transmitted).
    pub fn transmit_into(&mut self, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        for slice in self.framer.queue.slices() {
            let count = slice.len().min(buffer.len() - filled);
            buffer[filled..filled + count].copy_from_slice(&slice[..count]);
            filled += count;
        }
        self.transmitted(filled);
        filled
    }

    /// How many bytes are queued.
    #[inline]
    pub fn queued(&self) -> usize {
        self.framer.queue.len()
    }

    /// What this end's close frame says, once one is queued: it was asked for, answers the peer's, or
    /// tells why the connection fails.
    pub fn sent_close(&self) -> Option<(Option<CloseCode>, &str)> {
        self.sent_close.as_ref().map(|payload| payload.parts())
    }

    /// Whether messages can be sent: the connection is neither closing nor ended.
    pub fn is_open(&self) -> bool {
        self.state.is_open()
    }
}

impl Sender {
    /// Answers a ping, at once or, while many answers wait to be written, only the latest.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
    //# Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already
    //# received a Close frame.
    pub(crate) fn answer_ping(&mut self, payload: &[u8]) {
        if self.observer || !self.config.answer_pings || !self.state.is_receiving() {
            return;
        }
        if self.pongs.admit(payload, self.config.limits.queued_pongs) {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
            //# A Pong frame sent in response to a Ping frame must have identical "Application data" as
            //# found in the message body of the Ping frame being replied to.
            self.framer.control(Opcode::Pong, payload);
            let queue = &self.framer.queue;
            self.pongs.queued_to(queue.sent() + queue.len() as u64);
        }
    }

    #[cold]
    fn answer_waiting_ping(&mut self) {
        let payload = self.pongs.take_waiting();
        self.answer_ping(&payload);
        self.pongs.recycle(payload);
    }

    /// Takes note of the peer's close frame, and answers it unless it is itself an answer.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    //# If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint
    //# MUST send a Close frame in response.
    pub(crate) fn close_received(&mut self, code: Option<CloseCode>) {
        if !self.observer && self.state.close_received(code, self.now) {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
            //# It SHOULD do so as soon as practical.
            self.push_close(&ClosePayload::echo(code));
        }
    }

    /// Fails the connection because the peer broke a rule.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    //# If _The WebSocket Connection is Established_ prior to the point where the endpoint is required
    //# to _Fail the WebSocket Connection_, the endpoint SHOULD send a Close frame with an appropriate
    //# status code (Section 7.4) before proceeding to _Close the WebSocket Connection_.
    pub(crate) fn fail(&mut self, rule: Rule) {
        //= https://www.rfc-editor.org/rfc/rfc6455#section-10.7
        //# If the invalid data was received after a successful WebSocket handshake, the endpoint
        //# SHOULD send a Close frame with an appropriate status code (Section 7.4) before
        //# proceeding to _Close the WebSocket Connection_.
        self.close_abruptly(rule.close_code(), rule.code());
        self.state.violated(rule, self.now);
    }

    /// Looks on from now on, or takes part again.
    pub(crate) fn set_observer(&mut self, observer: bool) {
        self.observer = observer;
    }

    /// Time passed; it never runs backwards.
    #[inline]
    pub(crate) fn set_now(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// So many bytes arrived: any is a sign of life, none is not.
    #[inline]
    pub(crate) fn arrived(&mut self, count: usize, now: Instant) {
        self.set_now(now);
        if count > 0 {
            self.heartbeat.received(self.now);
        }
    }

    /// The host stops to read, or reads again.
    pub(crate) fn listen(&mut self, listening: bool, now: Instant) {
        self.set_now(now);
        self.heartbeat.listen(listening, self.now);
    }

    /// Does what is due, and tells what the silence of the peer asked for.
    pub(crate) fn handle_timeout(&mut self) -> Due {
        self.state.handle_timeout(self.now);
        if self.observer || !self.state.is_open() {
            return Due::Nothing;
        }
        if self.idle_deadline().is_some_and(|deadline| deadline <= self.now) {
            self.close_idle();
            return Due::Nothing;
        }
        let keepalive = self.config.timeouts.keepalive;
        let due =
            keepalive.map_or(Due::Nothing, |settings| self.heartbeat.due(&settings, self.now));
        match due {
            Due::Nothing => {}
            Due::Ping => self.ping_for_life(),
            Due::GiveUp => self.give_up_on_life(),
        }
        due
    }

    pub(crate) fn wants(&self) -> Wants {
        let mut deadline = self.state.deadline();
        if self.state.is_open() && !self.observer {
            deadline = sooner(deadline, self.keepalive_deadline());
            deadline = sooner(deadline, self.idle_deadline());
        }
        if self.state.has_announcement() {
            deadline = sooner(deadline, Some(self.now));
        }
        let queue_is_empty = self.framer.queue.is_empty();
        Wants {
            read: self.state.wants_read(),
            write: self.state.wants_write() && !queue_is_empty,
            socket: self.state.socket(queue_is_empty),
            deadline,
        }
    }

    fn keepalive_deadline(&self) -> Option<Instant> {
        let keepalive = self.config.timeouts.keepalive.as_ref();
        keepalive.map(|settings| self.heartbeat.deadline(settings))
    }

    fn idle_deadline(&self) -> Option<Instant> {
        self.config.timeouts.idle.map(|idle| self.last_message + idle)
    }

    /// Asks a silent peer for a sign of life.
    fn ping_for_life(&mut self) {
        // A peer that does not read would not see it.
        if self.framer.queue.len() >= self.config.limits.send_queue {
            return;
        }
        self.keepalive_pings += 1;
        let payload = self.keepalive_pings.to_be_bytes();
        self.framer.control(Opcode::Ping, &payload);
        self.heartbeat.pinged(&payload, self.now);
    }

    /// Ends the connection because no sign of life came.
    fn give_up_on_life(&mut self) {
        self.close_abruptly(CloseCode::INTERNAL_ERROR, "keepalive.timeout");
        self.state.pong_timed_out(self.now);
    }

    /// Closes because nothing was said for too long.
    fn close_idle(&mut self) {
        self.close_abruptly(CloseCode::GOING_AWAY, "idle.timeout");
        self.state.close_sent(Some(Cause::IdleTimeout), self.now);
    }

    /// Gives back what a burst needed.
    pub(crate) fn shrink(&mut self) {
        self.framer.queue.shrink();
        self.pongs.shrink();
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let close = self.sent_close.as_ref().map_or(0, |_| size_of::<ClosePayload>());
        close + self.framer.heap_bytes() + self.heartbeat.heap_bytes() + self.pongs.heap_bytes()
    }

    #[inline]
    fn admit(&self) -> Result<(), UsageError> {
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
        //# The application MUST NOT send any more data frames after sending a Close frame.
        //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
        //# The endpoint MUST ensure the WebSocket connection is in the OPEN state (cf. Sections 4.1
        //# and 4.2.2.)
        //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
        //# If at any point the state of the WebSocket connection changes, the endpoint MUST abort
        //# the following steps.
        if !self.state.is_open() {
            return Err(UsageError::NotOpen);
        }
        if self.framer.queue.len() >= self.config.limits.send_queue {
            return Err(UsageError::QueueFull);
        }
        Ok(())
    }

    #[inline]
    fn admit_message(&mut self) -> Result<(), UsageError> {
        self.admit()?;
        if self.parts.is_some() {
            return Err(UsageError::MessageInProgress);
        }
        self.last_message = self.now;
        Ok(())
    }

    fn control(&mut self, opcode: Opcode, payload: &[u8]) -> Result<(), UsageError> {
        if payload.len() > 125 {
            return Err(UsageError::ControlTooLong);
        }
        self.admit()?;
        self.framer.control(opcode, payload);
        Ok(())
    }

    fn push_close(&mut self, payload: &ClosePayload) {
        self.framer.control(Opcode::Close, payload.as_bytes());
        self.sent_close = Some(Box::new(*payload));
    }

    /// Queues a close frame without waiting for the peer's, unless one went out before.
    fn close_abruptly(&mut self, code: CloseCode, reason: &str) {
        if self.state.is_open()
            && let Ok(payload) = ClosePayload::new(Some(code), reason)
        {
            self.push_close(&payload);
        }
    }
}

fn sooner(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, None) => one,
        (None, other) => other,
    }
}
