//! One direction of a byte stream under simulated time.
//!
//! Owns what a network may do to bytes: delay, split and merge them, take only some, lose or change
//! some, end the stream or fall silent anywhere. Knows nothing of what the bytes mean.

use crate::dice::Dice;
use polywire::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// What goes wrong at a byte of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The stream ends before this byte; the writer does not notice.
    End(usize),
    /// Nothing arrives from this byte on, not even an end; the writer does not notice.
    Silence(usize),
    /// The writer's socket takes no byte from this one on.
    Block(usize),
    /// This byte arrives changed.
    Flip(usize, u8),
    /// So many bytes from this one on vanish.
    Lose(usize, usize),
}

impl Fault {
    /// Whether everything that arrives is as it was sent.
    pub(crate) fn keeps_bytes(self) -> bool {
        !matches!(self, Self::Flip(..) | Self::Lose(..))
    }
}

/// How a link behaves where nothing goes wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// Delays are drawn up to this.
    pub(crate) delay: Duration,
    /// Bytes that may be on their way or wait to be read.
    pub(crate) capacity: usize,
    /// Writes and reads move at most a number of bytes drawn up to this.
    pub(crate) piece: usize,
}

#[derive(Debug)]
pub(crate) struct Pipe {
    fault: Fault,
    manner: Manner,
    dice: Dice,
    /// Every byte that the writer wrote.
    pub(crate) written: Vec<u8>,
    /// Every byte that goes to the reader.
    wire: Vec<u8>,
    /// Until when which bytes of the wire arrive.
    arrivals: VecDeque<(Instant, usize)>,
    arrived: usize,
    read: usize,
    end: Option<Instant>,
    shut: bool,
    reader_gone: bool,
    /// The writer has yet to learn that nobody reads.
    pub(crate) resets_writer: bool,
}

/// What a read gives.
pub(crate) enum Read<'a> {
    Nothing,
    Bytes(&'a [u8]),
    End,
}

impl Pipe {
    pub(crate) fn new(fault: Fault, manner: Manner, dice: Dice) -> Self {
        Self {
            fault,
            manner,
            dice,
            written: Vec::new(),
            wire: Vec::new(),
            arrivals: VecDeque::new(),
            arrived: 0,
            read: 0,
            end: (fault == Fault::End(0)).then_some(Instant::ZERO),
            shut: false,
            reader_gone: false,
            resets_writer: false,
        }
    }

    pub(crate) fn is_faultless(&self) -> bool {
        self.fault == Fault::None
    }

    /// How many bytes the writer's socket takes now.
    pub(crate) fn room(&self) -> usize {
        assert!(!self.shut, "a write after the end of the stream");
        let left = match self.fault {
            Fault::Block(at) => at - self.written.len(),
            _ => usize::MAX,
        };
        self.manner.capacity.saturating_sub(self.wire.len() - self.read).min(left)
    }

    /// Takes as many bytes as it likes; none when there is no room.
    pub(crate) fn write(&mut self, bytes: &[u8], now: Instant) -> usize {
        let most = self.room().min(bytes.len());
        if most == 0 {
            return 0;
        }
        let count = most.min(1 + self.dice.below(self.manner.piece));
        for &byte in &bytes[..count] {
            let at = self.written.len();
            self.written.push(byte);
            match self.fault {
                Fault::End(from) | Fault::Silence(from) if at >= from => {}
                Fault::Lose(from, len) if (from..from + len).contains(&at) => {}
                Fault::Flip(from, change) if at == from => self.wire.push(byte ^ change),
                _ => self.wire.push(byte),
            }
        }
        if self.reader_gone {
            self.resets_writer = true;
            self.forget();
            return count;
        }
        let arrival = self.arrival(now);
        self.arrivals.push_back((arrival, self.wire.len()));
        if matches!(self.fault, Fault::End(from) if self.written.len() >= from) {
            self.end.get_or_insert(arrival);
        }
        count
    }

    /// The writer ends the stream.
    pub(crate) fn shut(&mut self, now: Instant) {
        self.shut = true;
        let end = self.arrival(now);
        if !self.is_silent() {
            self.end.get_or_insert(end);
        }
    }

    /// The reader closes its socket. Like TCP, this resets the connection when anything is unread.
    pub(crate) fn reader_closes(&mut self) {
        self.reader_gone = true;
        self.resets_writer = self.read < self.wire.len();
        self.forget();
    }

    /// Nobody will read what is left.
    fn forget(&mut self) {
        self.wire.truncate(self.read);
        self.arrived = self.read;
        self.arrivals.clear();
    }

    /// The other end closed before it had read everything: what is on its way from there is lost.
    pub(crate) fn reset(&mut self, now: Instant) {
        if !self.is_silent() {
            self.forget();
            self.end = Some(now);
        }
    }

    /// Reads up to `most` bytes of those that have arrived.
    pub(crate) fn read(&mut self, most: usize, now: Instant) -> Read<'_> {
        while let Some(&(_, until)) = self.arrivals.front().filter(|(at, _)| *at <= now) {
            self.arrivals.pop_front();
            self.arrived = until;
        }
        let most = most.min(1 + self.dice.below(self.manner.piece));
        let count = most.min(self.arrived - self.read);
        if count > 0 {
            let start = self.read;
            self.read += count;
            return Read::Bytes(&self.wire[start..self.read]);
        }
        match self.end {
            Some(end) if end <= now && self.read == self.wire.len() => Read::End,
            _ => Read::Nothing,
        }
    }

    /// The bytes that were read.
    pub(crate) fn tape(&self) -> &[u8] {
        &self.wire[..self.read]
    }

    /// When something arrives next.
    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        if self.arrived > self.read {
            return Some(Instant::ZERO);
        }
        self.arrivals.front().map(|&(at, _)| at).or(self.end)
    }

    fn is_silent(&self) -> bool {
        match self.fault {
            Fault::Silence(from) | Fault::Block(from) => self.written.len() >= from,
            _ => false,
        }
    }

    /// Bytes never overtake one another.
    fn arrival(&mut self, now: Instant) -> Instant {
        let micros = self.manner.delay.as_micros() as usize;
        let after = now + Duration::from_micros(self.dice.below(micros + 1) as u64);
        self.arrivals.back().map_or(after, |&(last, _)| last.max(after))
    }
}
