//! A connection under any sequence of bytes, commands and time: nothing panics, memory is bounded, the
//! end comes once and last, what goes out are frames, and the host is never left without something to
//! wait for.

use crate::frames;
use crate::input::Input;
use crate::outgoing::Outgoing;
use crate::settings::{START, Settings};
use crate::transcript::Transcript;
use polywire::{CloseCode, Connection, Contexts, Event, Instant, Socket, UsageError};
use std::time::Duration;

/// Most operations of one input, repetitions included.
const OPERATIONS: usize = 2000;

pub fn check(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let mut run = Run::new(Settings::read(&mut input));
    // What leaks a little each time is seen when it happens often.
    let rounds = 1 + input.below(64);
    let mut operations = 0;
    for _ in 0..rounds {
        let mut round = input.clone();
        while !round.is_empty() && operations < OPERATIONS {
            run.operation(&mut round);
            run.check();
            operations += 1;
        }
    }
    run.finish();
}

struct Run {
    settings: Settings,
    connection: Connection,
    now: Instant,
    transcript: Transcript,
    output: Vec<u8>,
    /// The largest message that was handed over to be sent.
    largest: usize,
    /// The largest chunk that was received.
    chunk: usize,
    aborted: bool,
}

impl Run {
    fn new(settings: Settings) -> Self {
        let connection = settings.connection();
        Self {
            settings,
            connection,
            now: START,
            transcript: Transcript::default(),
            output: Vec::new(),
            largest: 0,
            chunk: 0,
            aborted: false,
        }
    }

    fn operation(&mut self, input: &mut Input<'_>) {
        match input.below(16) {
            0 => {
                let bytes = input.chunk();
                self.receive(input.byte(), bytes);
            }
            1 | 2 => self.receive_frame(input),
            3 => self.receive_answering(input),
            4..=6 => self.send(input),
            7 => {
                let payload = input.chunk();
                let sender = self.connection.sender(self.now);
                let result = if payload.len().is_multiple_of(2) {
                    sender.ping(payload)
                } else {
                    sender.pong(payload)
                };
                assert!(payload.len() <= 125 || result == Err(UsageError::ControlTooLong));
            }
            8 => self.close(input),
            9 => self.advance(Duration::from_millis(u64::from(input.byte()) * 10)),
            10 => self.advance(Duration::from_secs(u64::from(input.byte()))),
            11 => self.advance_to_deadline(),
            12 => {
                let count = input.length();
                self.transmit(count);
            }
            13 => self.transmit_into(input.length()),
            14 => self.connection.shrink(),
            _ => self.end(input.byte()),
        }
    }

    fn end(&mut self, how: u8) {
        match how {
            0..64 => self.transcript.drain(self.connection.receive_eof(self.now)),
            64..72 => {
                self.connection.sender(self.now).abort();
                self.aborted = true;
            }
            // Time that runs backwards counts as standing still.
            72..80 => self.transcript.drain(self.connection.handle_timeout(Instant::ZERO)),
            _ => self.transmit(usize::MAX),
        }
    }

    fn receive_frame(&mut self, input: &mut Input<'_>) {
        let first = input.byte();
        let payload = input.chunk();
        let how = input.byte();
        let mut frame = Vec::new();
        frames::write(self.settings.role.peer(), first, payload, &mut frame);
        self.receive(how, &frame);
    }

    fn receive(&mut self, how: u8, bytes: &[u8]) {
        self.chunk = self.chunk.max(bytes.len());
        match how % 4 {
            0 | 1 => {
                self.transcript.drain(self.connection.receive_in(&mut bytes.to_vec(), self.now))
            }
            2 => {
                // The host stops after one event and forgets the rest.
                let mut chunk = bytes.to_vec();
                let mut events = self.connection.receive_in(&mut chunk, self.now);
                if let Some((event, _)) = events.next() {
                    self.transcript.take(event);
                }
            }
            _ => self.receive_own(how, bytes),
        }
    }

    fn receive_own(&mut self, how: u8, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let space = self.connection.receive_buffer();
            assert!(!space.is_empty(), "no space to read into");
            let (now, after) = bytes.split_at(space.len().min(bytes.len()));
            space[..now.len()].copy_from_slice(now);
            bytes = after;
            let mut events = self.connection.received(now.len(), self.now);
            // Events that are left come with the next call.
            if how & 0x80 != 0
                && let Some((event, _)) = events.next()
            {
                self.transcript.take(event);
            } else {
                self.transcript.drain(events);
            }
        }
        self.transcript.drain(self.connection.received(0, self.now));
    }

    /// Answers inside the event loop, as an echo does.
    fn receive_answering(&mut self, input: &mut Input<'_>) {
        let mut bytes = input.chunk().to_vec();
        let mut events = self.connection.receive_in(&mut bytes, self.now);
        while let Some((event, sender)) = events.next() {
            self.transcript.take(event);
            let (len, result) = match event {
                Event::Text(text) => (text.len(), sender.send(text)),
                Event::Binary(bytes) => (bytes.len(), sender.send(bytes)),
                Event::Chunk { data, last } => {
                    (data.as_bytes().len(), sender.send_part(data, last))
                }
                Event::Ended(_) => {
                    assert_eq!(sender.send(""), Err(UsageError::NotOpen));
                    (0, Ok(()))
                }
                _ => (0, Ok(())),
            };
            if result.is_ok() {
                self.largest = self.largest.max(len);
            }
        }
    }

    fn send(&mut self, input: &mut Input<'_>) {
        let outgoing = Outgoing::read(input);
        self.largest = self.largest.max(outgoing.bytes.len());
        let sender = self.connection.sender(self.now);
        let (was_open, queued) = (sender.is_open(), sender.queued());
        let result = outgoing.send(sender);
        assert!(was_open || result == Err(UsageError::NotOpen), "sent while closing");
        assert!(result.is_ok() || sender.queued() == queued, "a refused command queued something");
    }

    fn close(&mut self, input: &mut Input<'_>) {
        let code = CloseCode(u16::from_be_bytes([input.byte(), input.byte()]));
        let reason = String::from_utf8_lossy(input.chunk()).into_owned();
        let code = (code.0 != 0).then_some(code);
        let _ = self.connection.sender(self.now).close(code, &reason);
    }

    fn advance(&mut self, by: Duration) {
        self.now = self.now + by;
        self.handle_timeout();
    }

    fn advance_to_deadline(&mut self) {
        if let Some(deadline) = self.connection.wants().deadline {
            self.now = self.now.max(deadline);
        }
        self.handle_timeout();
    }

    fn handle_timeout(&mut self) {
        self.transcript.drain(self.connection.handle_timeout(self.now));
        let deadline = self.connection.wants().deadline;
        let later = self.now < deadline.unwrap_or(Instant::from_micros(u64::MAX));
        assert!(
            later || self.now.as_micros() == u64::MAX,
            "{deadline:?} stays behind {:?}",
            self.now
        );
    }

    fn transmit(&mut self, count: usize) {
        let queued: Vec<u8> = self.connection.transmit().flatten().copied().collect();
        let count = count.min(queued.len());
        self.output.extend_from_slice(&queued[..count]);
        self.connection.transmitted(count);
    }

    fn transmit_into(&mut self, len: usize) {
        let mut buffer = vec![0; len];
        let count = self.connection.sender(self.now).transmit_into(&mut buffer);
        self.output.extend_from_slice(&buffer[..count]);
    }

    fn check(&self) {
        let wants = self.connection.wants();
        let waits = wants.read || wants.write || wants.deadline.is_some();
        assert!(wants.socket == Socket::Close || waits, "nothing to wait for: {wants:?}");
        if self.transcript.has_ended() {
            let queued = self.connection.transmit().flatten().count() > 0;
            assert!(wants.socket != Socket::Keep || queued, "kept without need: {wants:?}");
        }
        assert!(!wants.write || self.connection.transmit().next().is_some(), "nothing to write");
        let held = self.connection.heap_bytes();
        assert!(held <= self.bound(), "{held} bytes of heap, expected at most {}", self.bound());
    }

    /// What the limits allow to hold: vectors grow by doubling.
    fn bound(&self) -> usize {
        let limits = &self.settings.config.limits;
        let message = usize::try_from(limits.message_size).expect("a small limit");
        // A piece that is inflated is as long as 256 bytes can make it, and stands there as text too.
        let inbound = 4 * message.max(self.chunk);
        let pongs = usize::from(limits.queued_pongs) * 131 + 8 * 139;
        let outbound = 4 * (limits.send_queue + self.largest + pongs);
        let deflate = match (self.settings.deflate, self.settings.config.deflate.as_ref()) {
            (Some(_), Some(config)) if config.contexts == Contexts::Dedicated => 1 << 20,
            // What was said before, and the engines that unfinished messages hold in both directions.
            (Some(_), _) => (80 << 10) + (448 << 10),
            (None, _) => 0,
        };
        // The own read buffer, pings that await their pong, bookkeeping.
        inbound + outbound + deflate + (128 << 10) + (16 << 10)
    }

    /// Everything that is left goes out, time ends, and so does the connection.
    fn finish(mut self) {
        self.transmit(usize::MAX);
        self.transcript.drain(self.connection.receive_eof(self.now));
        self.transmit(usize::MAX);
        assert!(self.transcript.has_ended(), "the end of the stream ends the connection");
        self.advance(Duration::from_secs(1 << 40));
        self.check();
        assert_eq!(self.connection.wants().socket, Socket::Close);
        if !self.aborted {
            frames::read(self.settings.role, self.settings.deflate.is_some(), &self.output);
        }
    }
}
