//! Events on their way to JavaScript: records in a table, payloads where JavaScript can see them.
//!
//! Owns where a payload is put and what the status words say. What a record says is the bridge's. Knows
//! neither N-API nor sockets.
//!
//! The table begins with [`STATUS`] words about the connection after the call; records follow. The first
//! word of a record has the kind in its low byte and the [`space`] of the payload above it.

use crate::connections::{Slot, keep_large};
use polywire::{Event, Events, Instant, OwnedEvent, Socket};
use polywire_bridge::record::{self, kind};

/// Words in front of the records.
pub(crate) const STATUS: usize = 8;

/// A payload of this size is worth a buffer of its own.
const LARGE: usize = 8 << 10;

/// Where a payload lies.
pub(crate) mod space {
    /// In the chunk that was received.
    pub(crate) const CHUNK: u32 = 0;
    /// In the slab.
    pub(crate) const SLAB: u32 = 1;
    /// In a buffer of its own; the offset is the number by which it is taken.
    pub(crate) const LARGE: u32 = 2;
}

/// Bits of the status word 1.
pub(crate) mod flag {
    /// The socket should be read.
    pub(crate) const READ: u32 = 1;
    /// The writing side of the socket should be shut down.
    pub(crate) const SHUTDOWN: u32 = 2;
    /// The socket should be closed.
    pub(crate) const CLOSE: u32 = 4;
    /// Messages can be sent.
    pub(crate) const OPEN: u32 = 8;
    /// More events wait: the table was too small, or the end was held back.
    pub(crate) const MORE: u32 = 16;
    /// There is something to write.
    pub(crate) const WRITE: u32 = 32;
}

/// The memory of a call.
pub(crate) struct Inbox<'m> {
    table: &'m mut [u32],
    /// The word at which the next record begins.
    next: usize,
    slab: &'m mut [u8],
    used: usize,
    /// An end is held back.
    more: bool,
}

impl<'m> Inbox<'m> {
    /// Memory in which the slab's first `used` bytes are taken. `None` if it has no room for one record.
    pub(crate) fn new(table: &'m mut [u32], slab: &'m mut [u8], used: usize) -> Option<Self> {
        let fits = STATUS + record::WORDS <= table.len() && used <= slab.len();
        fits.then_some(Self { table, next: STATUS, slab, used, more: false })
    }

    fn has_room(&self) -> bool {
        self.next + record::WORDS <= self.table.len()
    }

    /// Takes events while there is room. `chunk` is where they may be lent from. Returns how many bytes
    /// of it are left.
    pub(crate) fn fill(&mut self, mut events: Events<'_, '_>, chunk: Range) -> usize {
        while self.has_room()
            && let Some((event, _)) = events.next_owned_from(LARGE)
        {
            match event {
                OwnedEvent::Text(text) => self.push_owned(kind::TEXT, text.into_bytes()),
                OwnedEvent::Binary(bytes) => self.push_owned(kind::BINARY, bytes),
                OwnedEvent::Other(event) => self.push(&event, chunk),
            }
            // What is answered to a message goes out in front of the close frame that ends it all.
            events.hold_end();
        }
        self.more |= events.is_before_end();
        events.into_rest().len()
    }

    #[inline]
    fn push(&mut self, event: &Event<'_>, chunk: Range) {
        let payload = record::payload(event);
        let (space, offset) = match chunk.offset_of(payload) {
            Some(offset) => (space::CHUNK, offset),
            None => self.copy(payload),
        };
        let mut words = record::words(event, offset);
        words[0] |= space << 8;
        self.put(words);
    }

    /// A large message, which goes to JavaScript without being copied.
    #[cold]
    fn push_owned(&mut self, kind: u32, payload: Vec<u8>) {
        let length = u32::try_from(payload.len()).unwrap_or(record::NONE);
        let offset = keep_large(payload);
        self.put([kind | space::LARGE << 8, offset, length, 0, 0, 0, 0, 0]);
    }

    #[inline]
    fn put(&mut self, words: [u32; record::WORDS]) {
        if let Some(place) = self.table.get_mut(self.next..self.next + record::WORDS) {
            place.copy_from_slice(&words);
            self.next += record::WORDS;
        }
    }

    fn copy(&mut self, payload: &[u8]) -> (u32, u32) {
        let end = self.used + payload.len();
        match self.slab.get_mut(self.used..end) {
            Some(place) if payload.len() < LARGE => {
                place.copy_from_slice(payload);
                let offset = self.used;
                self.used = end;
                (space::SLAB, offset as u32)
            }
            _ => (space::LARGE, keep_large(payload.to_vec())),
        }
    }

    /// Writes the status, and returns how many records there are.
    pub(crate) fn finish(self, slot: &mut Slot, now: Instant, left: usize) -> u32 {
        let wants = slot.connection.wants();
        let mut flags = match wants.socket {
            Socket::Keep => 0,
            Socket::ShutdownWrite => flag::SHUTDOWN,
            Socket::Close => flag::CLOSE,
        };
        let sender = slot.connection.sender(now);
        for (flag, holds) in [
            (flag::READ, wants.read),
            (flag::WRITE, wants.write),
            (flag::OPEN, sender.is_open()),
            (flag::MORE, self.more || !self.has_room()),
        ] {
            flags |= if holds { flag } else { 0 };
        }
        let queued = sender.queued();
        // A timer that rings too early costs less than one that is set anew for each message.
        let timer = wants.deadline.filter(|&at| slot.timer.is_none_or(|set| at < set));
        let millis = timer.map_or(record::NONE, |at| {
            slot.timer = Some(at);
            let micros = at.saturating_since(now).as_micros();
            u32::try_from(micros.div_ceil(1000)).unwrap_or(record::NONE - 1)
        });
        let words = [left as u32, flags, queued as u32, millis, self.used as u32];
        if let Some(status) = self.table.get_mut(..words.len()) {
            status.copy_from_slice(&words);
        }
        ((self.next - STATUS) / record::WORDS) as u32
    }
}

/// The addresses of a chunk, to see what is lent from it.
#[derive(Clone, Copy)]
pub(crate) struct Range {
    start: usize,
    length: usize,
    /// Bytes in front of it, which were taken before: offsets count them.
    taken: usize,
}

impl Range {
    pub(crate) const EMPTY: Self = Self { start: 0, length: 0, taken: 0 };

    pub(crate) fn of(chunk: &[u8], taken: usize) -> Self {
        Self { start: chunk.as_ptr().addr(), length: chunk.len(), taken }
    }

    fn offset_of(self, payload: &[u8]) -> Option<u32> {
        let offset = payload.as_ptr().addr().wrapping_sub(self.start);
        (offset < self.length).then_some((offset + self.taken) as u32)
    }
}
