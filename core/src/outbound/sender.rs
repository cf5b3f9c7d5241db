//! The commands: everything that this end can say.
//!
//! Owns the path from a command to queued bytes: state, then compression, then frame, then mask, then
//! queue. A command is carried out whole or refused whole. Knows nothing of sockets.

use super::message::{Compression, Kind, Message, Payload};
use super::prepared::Prepared;
use super::queue::{Large, Queue, Transmit};
use crate::close::{CloseCode, ClosePayload};
use crate::config::{Config, Role};
use crate::connection::Wants;
use crate::deflate::Deflation;
use crate::error::{Rule, UsageError};
use crate::event::Cause;
use crate::frame::encoder::{FrameKind, encode};
use crate::frame::header::MAX_LEN;
use crate::frame::opcode::Opcode;
use crate::keepalive::{Due, Heartbeat};
use crate::kernels::{Mask, append_masked, apply_mask};
use crate::random::Random;
use crate::state::Lifecycle;
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::size_of;

/// Payloads from this size up are queued as they are, where they are owned or shared: below it a copy
/// costs less than a further slice in the vectored write.
const LARGE: usize = 1024;

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
    queue: Queue,
    /// Masking keys, of which only a client has need.
    keys: Option<Box<Random>>,
    deflation: Option<Box<Deflation>>,
    window_bits: u8,
    /// The message that is being sent in parts.
    parts: Option<Parts>,
    queued_pongs: u16,
    /// The latest ping, when too many pongs are queued to answer each.
    latest_ping: Vec<u8>,
    latest_ping_unanswered: bool,
    keepalive_pings: u32,
    pub(crate) now: Instant,
    /// When the last message was sent or received.
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
        compressor: Option<(Deflation, u8)>,
        seed: [u8; 32],
        now: Instant,
    ) -> Self {
        let (deflation, window_bits) = compressor.unzip();
        Self {
            state: Lifecycle::new(role, config.timeouts.close),
            heartbeat: Heartbeat::new(now),
            queue: Queue::default(),
            keys: (role == Role::Client).then(|| Box::new(Random::new(seed))),
            deflation: deflation.map(Box::new),
            window_bits: window_bits.unwrap_or_default(),
            parts: None,
            queued_pongs: 0,
            latest_ping: Vec::new(),
            latest_ping_unanswered: false,
            keepalive_pings: 0,
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
        if self.deflation.is_some()
            && self.should_compress(payload.as_bytes().len(), compression)
            && self.push_compressed(kind, payload.as_bytes(), compression)
        {
            return Ok(());
        }
        //= https://www.rfc-editor.org/rfc/rfc7692#section-6.1
        //# An endpoint MUST use the following algorithm to send a message in the form of an
        //# uncompressed message.
        self.push(FrameKind::whole(kind.opcode()), payload);
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
            compressed: self.deflation.is_some() && compression != Compression::Never,
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
        match &mut self.deflation {
            Some(deflation) if compressed => {
                let start = reserve_header(self.queue.buffer());
                let level = compression.level();
                deflation.part(payload.as_bytes(), last, level, self.queue.buffer());
                self.finish_frame(start, frame);
            }
            _ => self.push(frame, payload),
        }
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
        let compressed = match (&mut self.deflation, &self.config.deflate) {
            (Some(deflation), Some(config)) => prepared
                .compressed(self.window_bits, config)
                .inspect(|_| deflation.record(prepared.payload())),
            _ => None,
        };
        let opcode = prepared.kind().opcode();
        let frame = FrameKind { opcode, fin: true, compressed: compressed.is_some() };
        if self.keys.is_some() {
            let payload = compressed.map_or(prepared.payload(), |form| form.payload());
            self.push(frame, Payload::Borrowed(payload));
        } else {
            let bytes = compressed.map_or(prepared.plain(), |form| &form.frame);
            self.push_bytes(Payload::Shared(Arc::clone(bytes)));
        }
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
        self.queue.clear();
    }

    /// The queued bytes in order, slice by slice.
    #[inline]
    //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
    //# The frame(s) that have been formed MUST be transmitted over the underlying network
    //# connection.
    pub fn transmit(&self) -> Transmit<'_> {
        self.queue.slices()
    }

    /// Tells that the socket took the first `count` queued bytes.
    pub fn transmitted(&mut self, count: usize) {
        self.queue.advance(count);
        if self.queue.is_empty() {
            self.queued_pongs = 0;
            if core::mem::take(&mut self.latest_ping_unanswered) {
                let payload = core::mem::take(&mut self.latest_ping);
                self.answer_ping(&payload);
                self.latest_ping = payload;
            }
        }
    }

    /// Moves queued bytes into a buffer of the caller's; returns how many.
    ///
    /// Use it where the platform wants its own memory, instead of [`transmit`](Self::transmit) and
    /// [`transmitted`](Self::transmitted).
    pub fn transmit_into(&mut self, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        for slice in self.queue.slices() {
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
        self.queue.len()
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
        if !self.config.answer_pings || !self.state.is_open() {
            return;
        }
        if self.queued_pongs < self.config.limits.queued_pongs {
            self.queued_pongs += 1;
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.3
            //# A Pong frame sent in response to a Ping frame must have identical "Application data" as
            //# found in the message body of the Ping frame being replied to.
            self.push(FrameKind::whole(Opcode::Pong), Payload::Borrowed(payload));
        } else {
            self.latest_ping_unanswered = true;
            self.latest_ping.clear();
            self.latest_ping.extend_from_slice(payload);
        }
    }

    /// Takes note of the peer's close frame, and answers it unless it is itself an answer.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    //# If an endpoint receives a Close frame and did not previously send a Close frame, the endpoint
    //# MUST send a Close frame in response.
    pub(crate) fn close_received(&mut self, code: Option<CloseCode>) {
        if self.state.close_received(code, self.now) {
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

    /// Time passed; it never runs backwards.
    #[inline]
    pub(crate) fn set_now(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    /// Bytes arrived.
    #[inline]
    pub(crate) fn arrived(&mut self, now: Instant) {
        self.set_now(now);
        self.heartbeat.received(self.now);
    }

    /// Does what is due, and tells what the silence of the peer asked for.
    pub(crate) fn handle_timeout(&mut self) -> Due {
        self.state.handle_timeout(self.now);
        if !self.state.is_open() {
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
        let open = self.state.is_open();
        let deadlines = [
            self.state.deadline(),
            self.state.has_announcement().then_some(self.now),
            if open { self.keepalive_deadline() } else { None },
            if open { self.idle_deadline() } else { None },
        ];
        Wants {
            read: self.state.wants_read(),
            write: self.state.wants_write() && !self.queue.is_empty(),
            socket: self.state.socket(self.queue.is_empty()),
            deadline: deadlines.into_iter().flatten().min(),
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
        self.keepalive_pings += 1;
        let payload = self.keepalive_pings.to_be_bytes();
        self.push(FrameKind::whole(Opcode::Ping), Payload::Borrowed(&payload));
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
        self.queue.shrink();
        if !self.latest_ping_unanswered {
            self.latest_ping = Vec::new();
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let deflation = self.deflation.as_ref();
        self.queue.heap_bytes()
            + self.heartbeat.heap_bytes()
            + self.keys.as_ref().map_or(0, |_| size_of::<Random>())
            + deflation.map_or(0, |deflation| size_of::<Deflation>() + deflation.heap_bytes())
            + self.latest_ping.capacity()
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
        if self.queue.len() >= self.config.limits.send_queue {
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
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5
        //# All control frames MUST have a payload length of 125 bytes or less and MUST NOT be
        //# fragmented.
        if payload.len() > 125 {
            return Err(UsageError::ControlTooLong);
        }
        self.admit()?;
        self.push(FrameKind::whole(opcode), Payload::Borrowed(payload));
        Ok(())
    }

    fn should_compress(&self, len: usize, compression: Compression) -> bool {
        let threshold =
            self.config.deflate.as_ref().map_or(usize::MAX, |deflate| deflate.threshold);
        compression != Compression::Never && len >= threshold
    }

    /// Queues a message compressed, or returns false when that would not make it shorter.
    //= https://www.rfc-editor.org/rfc/rfc7692#section-6.1
    //# An endpoint MUST use the following algorithm to send a message in the form of a compressed
    //# message.
    fn push_compressed(&mut self, kind: Kind, payload: &[u8], compression: Compression) -> bool {
        let Some(deflation) = &mut self.deflation else { return false };
        let buffer = self.queue.buffer();
        let start = reserve_header(buffer);
        if !deflation.message(payload, compression.level(), buffer) {
            buffer.truncate(start);
            return false;
        }
        let frame = FrameKind { opcode: kind.opcode(), fin: true, compressed: true };
        self.finish_frame(start, frame);
        true
    }

    /// Puts the header before a payload that was appended behind the room reserved at `start`.
    fn finish_frame(&mut self, start: usize, frame: FrameKind) {
        let buffer = self.queue.buffer();
        let key = self.keys.as_mut().map(|keys| keys.mask());
        let payload_len = buffer.len() - start - MAX_LEN;
        let header = encode(frame, payload_len, key);
        let payload_at = start + header.as_bytes().len();
        buffer[start..payload_at].copy_from_slice(header.as_bytes());
        buffer.copy_within(start + MAX_LEN.., payload_at);
        buffer.truncate(payload_at + payload_len);
        if let Some(key) = key {
            apply_mask(&mut buffer[payload_at..], Mask::new(key));
        }
    }

    fn push_close(&mut self, payload: &ClosePayload) {
        self.push(FrameKind::whole(Opcode::Close), Payload::Borrowed(payload.as_bytes()));
    }

    /// Queues a close frame without waiting for the peer's, unless one went out before.
    fn close_abruptly(&mut self, code: CloseCode, reason: &str) {
        if self.state.is_open()
            && let Ok(payload) = ClosePayload::new(Some(code), reason)
        {
            self.push_close(&payload);
        }
    }

    /// Queues a frame.
    #[inline]
    fn push(&mut self, frame: FrameKind, payload: Payload<'_>) {
        let len = payload.as_bytes().len();
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.1
        //# a client MUST mask all frames that it sends to the server
        if let Some(keys) = &mut self.keys {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.3
            //# When preparing a masked frame, the client MUST pick a fresh masking key from the set of
            //# allowed 32-bit values.
            //= https://www.rfc-editor.org/rfc/rfc6455#section-10.3
            //# Clients MUST choose a new masking key for each frame, using an algorithm that cannot
            //# be predicted by end applications that provide data.
            let key = keys.mask();
            //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
            //# If the data is being sent by the client, the frame(s) MUST be masked as defined in
            //# Section 5.3.
            let header = encode(frame, len, Some(key));
            header.append_to(self.queue.buffer());
            match payload {
                Payload::Owned(mut bytes) if len >= LARGE => {
                    apply_mask(&mut bytes, Mask::new(key));
                    self.queue.park(Large::Owned(bytes));
                }
                payload => {
                    append_masked(self.queue.buffer(), payload.as_bytes(), Mask::new(key));
                }
            }
        } else {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.1
            //# A server MUST NOT mask any frames that it sends to the client.
            //= https://www.rfc-editor.org/rfc/rfc6455#section-6.1
            //# An endpoint MUST encapsulate the /data/ in a WebSocket frame as defined in Section
            //# 5.2.
            let header = encode(frame, len, None);
            header.append_to(self.queue.buffer());
            self.push_bytes(payload);
        }
    }

    /// Queues bytes as they are.
    #[inline]
    fn push_bytes(&mut self, bytes: Payload<'_>) {
        match bytes {
            Payload::Owned(bytes) if bytes.len() >= LARGE => self.queue.park(Large::Owned(bytes)),
            Payload::Shared(bytes) if bytes.len() >= LARGE => self.queue.park(Large::Shared(bytes)),
            bytes => self.queue.buffer().extend_from_slice(bytes.as_bytes()),
        }
    }
}

impl Compression {
    fn level(self) -> Option<u8> {
        match self {
            Self::Level(level) => Some(level),
            Self::Configured | Self::Never => None,
        }
    }
}

/// Makes room for the longest header; returns where it starts.
fn reserve_header(buffer: &mut Vec<u8>) -> usize {
    let start = buffer.len();
    buffer.extend_from_slice(&[0; MAX_LEN]);
    start
}
