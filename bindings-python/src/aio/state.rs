//! What a protocol object knows, behind its lock.
//!
//! Owns the messages that wait for `recv()`, the bytes that wait because there are enough of those, and
//! how the connection ended. Makes `str` and `bytes`, and calls nothing else of Python: nothing here can
//! come back while the lock is held.

use super::ticket::Ticket;
use super::wire::Wire;
use polywire::{Connection, Ended, Event, Events, Instant, Socket, Violation};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::collections::VecDeque;

/// A message that waits to be received.
pub(super) enum Item {
    Text(Py<PyString>),
    /// Text that is wanted as bytes.
    TextBytes(Py<PyBytes>),
    Binary(Py<PyBytes>),
}

/// What Python is told once the lock is open.
pub(super) enum News {
    Pong(Vec<u8>, f64),
    Ended,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) connection: Option<Connection>,
    pub(super) wire: Wire,
    pub(super) event_loop: Option<Py<PyAny>>,
    pub(super) inbox: VecDeque<Item>,
    /// Bytes that were read and not decoded, from `held_at` on.
    held: Vec<u8>,
    held_at: usize,
    /// Messages above which reading stops, and down to which it goes on.
    pub(super) high: usize,
    pub(super) low: usize,
    pub(super) is_reading_paused: bool,
    /// The peer's stream ended behind the bytes held.
    is_eof_held: bool,
    /// The next event ends the connection, and waits until the messages before it are answered.
    pub(super) is_end_next: bool,
    /// The application closes: what nobody receives any more is dropped, so that the peer's close is
    /// found behind it.
    pub(super) is_leaving: bool,
    /// The last `recv` asked for text as bytes.
    pub(super) wants_bytes: bool,
    /// What the task that waits was given.
    pub(super) ticket: Option<Ticket>,
    /// One that is done, to be used again.
    pub(super) spare: Option<Ticket>,
    /// Frames are gathered until the outermost input is taken.
    pub(super) corked: u32,
    pub(super) now: Instant,
    pub(super) timer: Option<Py<PyAny>>,
    pub(super) timer_at: Instant,
    /// What was last done with the socket.
    pub(super) socket: Option<Socket>,
    pub(super) end: End,
}

/// How the connection ended, as far as it is known.
#[derive(Default)]
pub(super) struct End {
    pub(super) received: Option<(Option<u16>, String)>,
    /// The peer's close frame came before one was sent.
    pub(super) received_first: bool,
    pub(super) violation: Option<Violation>,
    pub(super) ended: Option<Ended>,
    /// The transport is gone.
    pub(super) is_lost: bool,
}

impl State {
    /// Decodes what was read, as far as there is room for messages.
    pub(super) fn take(&mut self, py: Python<'_>, chunk: &mut [u8], news: &mut Vec<News>) {
        if self.is_holding() {
            self.held.extend_from_slice(chunk);
            return;
        }
        let rest = self.decode(py, chunk, false, news).len();
        if rest > 0 {
            let taken = chunk.len() - rest;
            self.held.extend_from_slice(chunk.get(taken..).unwrap_or_default());
        }
    }

    /// Decodes what was held back, as far as there is room again. `may_end` says that nothing more can be
    /// answered before the end.
    pub(super) fn refill(&mut self, py: Python<'_>, may_end: bool, news: &mut Vec<News>) {
        let mut held = std::mem::take(&mut self.held);
        let from = self.held_at.min(held.len());
        let rest = self.decode(py, &mut held[from..], may_end, news).len();
        if rest > 0 {
            self.held_at = held.len() - rest;
            self.held = held;
            return;
        }
        self.held_at = 0;
        if !self.is_end_next && std::mem::take(&mut self.is_eof_held) {
            self.eof(py, news);
        }
    }

    /// The peer's stream ended.
    pub(super) fn eof(&mut self, py: Python<'_>, news: &mut Vec<News>) {
        if self.is_holding() || self.is_end_next {
            self.is_eof_held = true;
            return;
        }
        self.drain(py, news, Connection::receive_eof);
    }

    pub(super) fn timeout(&mut self, py: Python<'_>, news: &mut Vec<News>) {
        self.drain(py, news, Connection::handle_timeout);
    }

    pub(super) fn is_holding(&self) -> bool {
        self.held_at < self.held.len()
    }

    /// Whether reading should stop, go on, or neither.
    pub(super) fn reading(&self) -> Option<bool> {
        let is_full = self.is_holding() || self.inbox.len() > self.high;
        if self.is_reading_paused {
            let has_room = !self.is_holding() && self.inbox.len() <= self.low;
            (has_room || self.is_leaving).then_some(true)
        } else {
            (is_full && !self.is_leaving).then_some(false)
        }
    }

    /// Takes the events of `chunk` until there are enough messages, and up to what ends the connection
    /// if messages wait before it; returns what is left of it.
    fn decode<'b>(
        &mut self,
        py: Python<'_>,
        chunk: &'b mut [u8],
        may_end: bool,
        news: &mut Vec<News>,
    ) -> &'b mut [u8] {
        let Some(connection) = &mut self.connection else { return chunk };
        let closed_first = connection.sender(self.now).sent_close().is_some();
        let mut events = connection.receive_in(chunk, self.now);
        let mut sink = Sink {
            inbox: &mut self.inbox,
            end: &mut self.end,
            news,
            high: self.high,
            wants_bytes: self.wants_bytes,
            is_leaving: self.is_leaving,
            closed_first,
        };
        if !may_end {
            events.hold_end();
        }
        while sink.has_room()
            && let Some((event, _)) = events.next()
        {
            sink.take(py, event);
        }
        self.is_end_next = events.is_before_end();
        events.into_rest()
    }

    /// Takes the events of an input without bytes: no message is among them.
    fn drain(
        &mut self,
        py: Python<'_>,
        news: &mut Vec<News>,
        input: impl FnOnce(&mut Connection, Instant) -> Events<'_, 'static>,
    ) {
        let Some(connection) = &mut self.connection else { return };
        let mut events = input(connection, self.now);
        let mut sink = Sink {
            inbox: &mut self.inbox,
            end: &mut self.end,
            news,
            high: self.high,
            wants_bytes: self.wants_bytes,
            is_leaving: self.is_leaving,
            closed_first: true,
        };
        while let Some((event, _)) = events.next() {
            sink.take(py, event);
        }
    }
}

/// Where events go.
struct Sink<'a> {
    inbox: &'a mut VecDeque<Item>,
    end: &'a mut End,
    news: &'a mut Vec<News>,
    high: usize,
    wants_bytes: bool,
    is_leaving: bool,
    /// A close frame of this end went out before.
    closed_first: bool,
}

impl Sink<'_> {
    #[inline]
    fn has_room(&self) -> bool {
        self.is_leaving || self.inbox.len() <= self.high
    }

    #[inline]
    fn take(&mut self, py: Python<'_>, event: Event<'_>) {
        match event {
            Event::Text(text) => {
                let wants_bytes = self.wants_bytes;
                self.keep(|| {
                    if wants_bytes {
                        Item::TextBytes(PyBytes::new(py, text.as_bytes()).unbind())
                    } else {
                        Item::Text(PyString::new(py, text).unbind())
                    }
                });
            }
            Event::Binary(bytes) => {
                self.keep(|| Item::Binary(PyBytes::new(py, bytes).unbind()));
            }
            event => self.note(event),
        }
    }

    #[inline]
    fn keep(&mut self, item: impl FnOnce() -> Item) {
        if !self.is_leaving || self.inbox.len() <= self.high {
            self.inbox.push_back(item());
        }
    }

    #[cold]
    fn note(&mut self, event: Event<'_>) {
        match event {
            Event::Pong { payload, rtt: Some(rtt) } => {
                self.news.push(News::Pong(payload.to_vec(), rtt.as_secs_f64()));
            }
            Event::Close { code, reason } => {
                self.end.received = Some((code.map(|code| code.0), reason.to_owned()));
                self.end.received_first = !self.closed_first;
            }
            Event::Failed(violation) => self.end.violation = Some(violation),
            Event::Ended(ended) => {
                self.end.ended = Some(ended);
                self.news.push(News::Ended);
            }
            _ => {}
        }
    }
}
