//! The protocol object that an asyncio loop reads into.
//!
//! Owns the order of things around the lock: input is taken and decoded, the task that waits is run,
//! what it sends is gathered and goes out in one write, and then the socket, the timer and the reading
//! are as the core wants them. The handshake and everything else that is not hot is Python's, in
//! subclasses; what they are asked for has a name that begins with `_on_`.

use super::attached::Attached;
use super::awaitable::{self, Kind};
use super::shared;
use super::state::{Item, News, State};
use super::ticket::Ticket;
use super::wire::Wire;
use crate::errors;
use crate::settings::{Agreement, Settings};
use polywire::{CloseCode, Connection, Instant, Message, Role, Sender, Socket, UsageError};
use polywire_bridge::{clock, codes};
use pyo3::exceptions::{PyBufferError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use pyo3::{PyTraverseError, PyVisit, intern};
use std::cell::RefMut;
use std::sync::Arc;

/// An asyncio protocol, server or client, from the end of its handshake on.
#[pyclass(frozen, subclass, module = "polywire._polywire")]
pub(super) struct Protocol(Attached<State>);

/// What there is for a `recv`.
pub(super) enum Received {
    Item(Item),
    /// This will be woken when there is something.
    Wait(Ticket),
    /// Nothing, and no ticket that could be used again.
    Nothing,
    /// Another task waits already.
    Busy,
    Ended,
}

impl Protocol {
    pub(super) fn lock(&self, py: Python<'_>) -> RefMut<'_, State> {
        self.0.lock(py)
    }

    /// Takes bytes that the loop has read into the buffer.
    pub(super) fn buffer_updated(slf: &Bound<'_, Self>, count: usize) -> PyResult<()> {
        let received = shared::read(count, |chunk| Self::receive(slf, chunk));
        received.unwrap_or_else(|| Err(PyBufferError::new_err("nothing was read into the buffer")))
    }

    /// Takes bytes that arrived.
    fn receive(slf: &Bound<'_, Self>, chunk: &mut [u8]) -> PyResult<()> {
        let mut news = Vec::new();
        let mut state = slf.get().lock(slf.py());
        if state.connection.is_some() {
            state.corked += 1;
            state.now = clock::now();
            state.take(slf.py(), chunk, &mut news);
            return Self::react(slf, state, news, true);
        }
        drop(state);
        let bytes = PyBytes::new(slf.py(), chunk);
        slf.call_method1(intern!(slf.py(), "_on_handshake"), (bytes,)).map(drop)
    }

    /// Takes an input that is not bytes.
    fn input(
        slf: &Bound<'_, Self>,
        input: impl FnOnce(&mut State, Python<'_>, &mut Vec<News>),
    ) -> PyResult<()> {
        Self::input_before_end(slf, true, input)
    }

    /// The same; `goes_on` says whether the end is taken once what is before it was shown.
    fn input_before_end(
        slf: &Bound<'_, Self>,
        goes_on: bool,
        input: impl FnOnce(&mut State, Python<'_>, &mut Vec<News>),
    ) -> PyResult<()> {
        let mut news = Vec::new();
        let mut state = slf.get().lock(slf.py());
        state.corked += 1;
        state.now = clock::now();
        input(&mut state, slf.py(), &mut news);
        Self::react(slf, state, news, goes_on)
    }

    /// Lets the application see what came, then does what is left to do.
    fn react<'a>(
        slf: &'a Bound<'_, Self>,
        state: RefMut<'a, State>,
        mut news: Vec<News>,
        goes_on: bool,
    ) -> PyResult<()> {
        let (mut state, mut told) = Self::show(slf, state, &news);
        if goes_on && state.is_end_next && state.corked == 1 {
            // The messages before the end were shown, and answered if they are at once.
            news.clear();
            state.refill(slf.py(), true, &mut news);
            let (after, shown) = Self::show(slf, state, &news);
            (state, told) = (after, told.and(shown));
        }
        state.corked -= 1;
        if state.corked > 0 {
            return told;
        }
        told.and(Self::settle_locked(slf, state))
    }

    /// Runs the task that waits, if there is something for it, and tells the news, all with the lock open.
    fn show<'a>(
        slf: &'a Bound<'_, Self>,
        mut state: RefMut<'a, State>,
        news: &[News],
    ) -> (RefMut<'a, State>, PyResult<()>) {
        let is_due = !state.inbox.is_empty() || state.end.ended.is_some();
        let ticket = if is_due { state.ticket.take() } else { None };
        drop(state);
        let mut told = Ok(());
        let mut spare = None;
        if let Some(ticket) = ticket {
            told = ticket.wake(slf.py());
            spare = ticket.renewed(slf.py());
        }
        told = told.and_then(|()| Self::tell(slf, news));
        let mut state = slf.get().lock(slf.py());
        if state.spare.is_none() {
            state.spare = spare;
        }
        (state, told)
    }

    fn tell(slf: &Bound<'_, Self>, news: &[News]) -> PyResult<()> {
        let py = slf.py();
        for news in news {
            match news {
                News::Pong(payload, rtt) => {
                    let payload = PyBytes::new(py, payload);
                    slf.call_method1(intern!(py, "_on_pong"), (payload, *rtt))?;
                }
                News::Ended => {
                    slf.call_method0(intern!(py, "_on_end"))?;
                }
            }
        }
        Ok(())
    }

    /// Writes what is queued, and brings socket, timer and reading to where they should be.
    pub(super) fn settle(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::settle_locked(slf, slf.get().lock(slf.py()))
    }

    fn settle_locked(slf: &Bound<'_, Self>, state: RefMut<'_, State>) -> PyResult<()> {
        let mut state = Self::flush_locked(slf, state)?;
        let Some(connection) = &state.connection else { return Ok(()) };
        let wants = connection.wants();
        let socket = (state.socket != Some(wants.socket)).then_some(wants.socket);
        state.socket = Some(wants.socket);
        let is_sooner = |deadline: &Instant| state.timer.is_none() || *deadline < state.timer_at;
        let (deadline, reading) = (wants.deadline.filter(is_sooner), state.reading());
        drop(state);
        match socket {
            None | Some(Socket::Keep) => {}
            Some(Socket::ShutdownWrite) => {
                slf.call_method0("_shutdown_write")?;
            }
            Some(Socket::Close) => {
                slf.call_method0("_close_transport")?;
            }
        }
        if let Some(deadline) = deadline {
            Self::set_timer(slf, deadline)?;
        }
        reading.map_or(Ok(()), |reading| Self::set_reading(slf, reading))
    }

    #[cold]
    fn set_timer(slf: &Bound<'_, Self>, deadline: Instant) -> PyResult<()> {
        let py = slf.py();
        let (before, event_loop) = {
            let mut state = slf.get().lock(slf.py());
            if state.end.is_lost {
                return Ok(());
            }
            let event_loop = state.event_loop.as_ref().map(|own| own.clone_ref(py));
            (state.timer.take(), event_loop)
        };
        if let Some(timer) = before {
            timer.call_method0(py, "cancel")?;
        }
        let Some(event_loop) = event_loop else { return Ok(()) };
        let delay = deadline.saturating_since(clock::now()).as_secs_f64();
        let callback = slf.getattr(intern!(py, "_on_timer"))?;
        let timer = event_loop.call_method1(py, intern!(py, "call_later"), (delay, callback))?;
        let mut state = slf.get().lock(slf.py());
        state.timer = Some(timer);
        state.timer_at = deadline;
        Ok(())
    }

    #[cold]
    fn set_reading(slf: &Bound<'_, Self>, reading: bool) -> PyResult<()> {
        let py = slf.py();
        let transport = {
            let mut state = slf.get().lock(slf.py());
            state.is_reading_paused = !reading;
            let now = clock::now();
            if let Some(connection) = &mut state.connection {
                if reading { connection.resume_reading(now) } else { connection.pause_reading(now) }
            }
            state.wire.transport.as_ref().map(|transport| transport.clone_ref(py))
        };
        let Some(transport) = transport else { return Ok(()) };
        if transport.call_method0(py, "is_closing")?.is_truthy(py)? {
            return Ok(());
        }
        let method = if reading { "resume_reading" } else { "pause_reading" };
        transport.call_method0(py, method).map(drop)
    }

    /// The next message, if there is one.
    pub(super) fn next(slf: &Bound<'_, Self>, wants_bytes: bool) -> PyResult<Received> {
        let mut is_refilled = false;
        loop {
            let mut state = slf.get().lock(slf.py());
            state.wants_bytes = wants_bytes;
            let item = state.inbox.pop_front();
            let is_held_back = state.is_holding() || state.is_reading_paused || state.is_end_next;
            if is_held_back && !is_refilled && state.inbox.len() <= state.low {
                drop(state);
                is_refilled = true;
                let may_end = item.is_none();
                Self::input_before_end(slf, may_end, |state, py, news| {
                    state.refill(py, may_end, news);
                })?;
                match item {
                    Some(item) => return Ok(Received::Item(item)),
                    None => continue,
                }
            }
            return Ok(match item {
                Some(item) => Received::Item(item),
                None if state.end.ended.is_some() || state.end.is_lost => Received::Ended,
                None if state.ticket.is_some() => Received::Busy,
                None => match state.spare.take() {
                    Some(spare) => {
                        state.ticket = Some(spare.clone_ref(slf.py()));
                        Received::Wait(spare)
                    }
                    None => Received::Nothing,
                },
            });
        }
    }

    /// A new ticket, for which its task is woken when there is something to receive.
    #[cold]
    pub(super) fn wait(slf: &Bound<'_, Self>) -> PyResult<Ticket> {
        let py = slf.py();
        let event_loop = slf.get().lock(py).event_loop.as_ref().map(|own| own.clone_ref(py));
        let event_loop =
            event_loop.ok_or_else(|| PyTypeError::new_err("no connection was made"))?;
        let ticket = Ticket::new(py, event_loop.bind(py))?;
        slf.get().lock(py).ticket = Some(ticket.clone_ref(py));
        Ok(ticket)
    }

    /// A task no longer waits.
    pub(super) fn forget(&self, py: Python<'_>, ticket: &Ticket) {
        let mut state = self.lock(py);
        let is_own = state.ticket.as_ref().is_some_and(|known| known.is(ticket));
        let forgotten = if is_own { state.ticket.take() } else { None };
        drop(state);
        if let Some(forgotten) = forgotten {
            forgotten.drop_ref(py);
        }
    }

    /// Carries out a command, and writes what it queued.
    fn command(
        slf: &Bound<'_, Self>,
        command: impl FnOnce(&mut Sender) -> Result<(), UsageError>,
    ) -> PyResult<()> {
        let (result, is_corked) = {
            let mut guard = slf.get().lock(slf.py());
            let state = &mut *guard;
            state.now = clock::now();
            let result = match &mut state.connection {
                Some(connection) => command(connection.sender(state.now)),
                None => Err(UsageError::NotOpen),
            };
            (result, state.corked > 0)
        };
        result.map_err(|error| errors::usage(slf.py(), error))?;
        if is_corked { Ok(()) } else { Self::settle(slf) }
    }
}

#[pymethods]
impl Protocol {
    #[new]
    #[pyo3(signature = (*_arguments, **_options))]
    fn new(_arguments: &Bound<'_, PyTuple>, _options: Option<&Bound<'_, PyAny>>) -> Self {
        Self(Attached::default())
    }

    #[pyo3(signature = (data, /))]
    fn data_received(slf: &Bound<'_, Self>, mut data: Vec<u8>) -> PyResult<()> {
        Self::receive(slf, &mut data)
    }

    /// Takes a transport, with the number of messages above which it is paused and down to which it
    /// is resumed.
    #[pyo3(signature = (transport, event_loop, high, low))]
    fn _attach(
        &self,
        py: Python<'_>,
        transport: &Bound<'_, PyAny>,
        event_loop: Py<PyAny>,
        high: Option<usize>,
        low: Option<usize>,
    ) -> PyResult<()> {
        let wire = Wire::new(transport)?;
        let mut state = self.lock(py);
        state.event_loop = Some(event_loop);
        state.high = high.unwrap_or(usize::MAX);
        state.low = low.unwrap_or(usize::MAX).min(state.high);
        let before = std::mem::replace(&mut state.wire, wire);
        drop(state);
        drop(before);
        Ok(())
    }

    /// Begins the connection, behind a handshake. `leftover` are its first bytes.
    fn _open(
        slf: &Bound<'_, Self>,
        is_client: bool,
        settings: &Settings,
        agreement: &Agreement,
        mut leftover: Vec<u8>,
    ) -> PyResult<()> {
        let role = if is_client { Role::Client } else { Role::Server };
        let (config, now) = (Arc::clone(&settings.0), clock::now());
        let connection = Connection::new(role, config, &agreement.0, clock::random(), now);
        let is_lost = {
            let mut state = slf.get().lock(slf.py());
            state.connection = Some(connection);
            state.end.is_lost
        };
        Self::input_before_end(slf, false, |state, py, news| {
            state.take(py, &mut leftover, news);
            if is_lost {
                state.eof(py, news);
            }
        })?;
        if !slf.get().lock(slf.py()).is_end_next {
            return Ok(());
        }
        // Whoever opened it gets a turn to answer what came with the handshake.
        let event_loop =
            slf.get().lock(slf.py()).event_loop.as_ref().map(|own| own.clone_ref(slf.py()));
        let Some(event_loop) = event_loop else { return Ok(()) };
        event_loop.call_method1(slf.py(), "call_soon", (slf.getattr("_go_on")?,)).map(drop)
    }

    /// Takes the end that was held back.
    fn _go_on(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::input(slf, |_, _, _| {})
    }

    /// The peer's stream ended.
    fn _eof(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::input(slf, State::eof)
    }

    /// The transport is gone.
    fn _lost(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let (wire, timer) = {
            let mut state = slf.get().lock(slf.py());
            state.end.is_lost = true;
            (std::mem::take(&mut state.wire), state.timer.take())
        };
        drop(wire);
        if let Some(timer) = timer {
            timer.call_method0(py, "cancel")?;
        }
        Self::input(slf, State::eof)
    }

    /// The deadline that was asked for has come, or one that has moved since.
    fn _on_timer(slf: &Bound<'_, Self>) -> PyResult<()> {
        let timer = slf.get().lock(slf.py()).timer.take();
        drop(timer);
        Self::input(slf, State::timeout)
    }

    fn pause_writing(&self, py: Python<'_>) {
        self.lock(py).wire.is_paused = true;
    }

    fn resume_writing(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().lock(slf.py()).wire.is_paused = false;
        Self::settle(slf)?;
        slf.call_method0(intern!(slf.py(), "_on_drain")).map(drop)
    }

    /// Receives the next message.
    #[pyo3(signature = (decode=None))]
    fn recv<'py>(slf: &Bound<'py, Self>, decode: Option<bool>) -> PyResult<Bound<'py, PyAny>> {
        awaitable::create(slf, Kind::Receive, None, decode)
    }

    fn __aiter__<'a, 'py>(slf: &'a Bound<'py, Self>) -> &'a Bound<'py, Self> {
        slf
    }

    fn __anext__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        awaitable::create(slf, Kind::Iterate, None, None)
    }

    /// Sends a message.
    #[pyo3(signature = (message, *, text=None))]
    fn send<'py>(
        slf: &Bound<'py, Self>,
        message: Bound<'py, PyAny>,
        text: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        awaitable::create(slf, Kind::Send, Some(message), text)
    }

    /// Sends a message, or the next part of one, whatever the transport still has to write.
    #[pyo3(signature = (data, is_text, last=None))]
    fn _send_now(
        slf: &Bound<'_, Self>,
        data: &[u8],
        is_text: bool,
        last: Option<bool>,
    ) -> PyResult<()> {
        let message: Message<'_> =
            if is_text { errors::utf8(slf.py(), data)?.into() } else { data.into() };
        Self::command(slf, |sender| match last {
            None => sender.send(message),
            Some(last) => sender.send_part(message, last),
        })
    }

    fn _ping(slf: &Bound<'_, Self>, payload: &[u8]) -> PyResult<()> {
        Self::command(slf, |sender| sender.ping(payload))
    }

    fn _pong(slf: &Bound<'_, Self>, payload: &[u8]) -> PyResult<()> {
        Self::command(slf, |sender| sender.pong(payload))
    }

    /// Starts the closing handshake.
    fn _close(slf: &Bound<'_, Self>, code: Option<u16>, reason: &str) -> PyResult<()> {
        Self::command(slf, |sender| sender.close(code.map(CloseCode), reason))?;
        slf.get().lock(slf.py()).is_leaving = true;
        Self::input(slf, |state, py, news| state.refill(py, true, news))
    }

    /// Gives the connection up.
    fn _abort(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::input(slf, |state, py, news| {
            let now = state.now;
            if let Some(connection) = &mut state.connection {
                connection.sender(now).abort();
            }
            state.timeout(py, news);
        })
    }

    /// Whether messages can be sent.
    #[getter]
    fn _is_open(&self, py: Python<'_>) -> bool {
        let mut state = self.lock(py);
        let now = state.now;
        state.connection.as_mut().is_some_and(|connection| connection.sender(now).is_open())
    }

    /// Whether the transport holds more than its limit.
    #[getter]
    fn _is_paused(&self, py: Python<'_>) -> bool {
        self.lock(py).wire.is_paused
    }

    /// The close frames: `(code, reason)` of the received and the sent, and whether the received one
    /// came first.
    #[getter]
    fn _close_frames(&self, py: Python<'_>) -> CloseFrames {
        let mut state = self.lock(py);
        let now = state.now;
        let sent = state.connection.as_mut().and_then(|connection| {
            let (code, reason) = connection.sender(now).sent_close()?;
            Some((code.map(|code| code.0), reason.to_owned()))
        });
        (state.end.received.clone(), sent, state.end.received_first)
    }

    /// How the connection ended: the cause, the code, and what the peer did wrong.
    #[getter]
    fn _ending<'py>(&self, py: Python<'py>) -> PyResult<Option<Ending<'py>>> {
        let (ended, violation) = {
            let state = self.lock(py);
            (state.end.ended, state.end.violation)
        };
        let violation = violation.map(|violation| errors::violation(py, violation)).transpose()?;
        Ok(ended.map(|ended| (codes::cause_name(ended.cause), ended.code.0, violation)))
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let Some(state) = self.0.look(&visit) else { return Ok(()) };
        visit.call(&state.event_loop)?;
        visit.call(&state.timer)?;
        visit.call(state.ticket.as_ref().map(Ticket::object))?;
        visit.call(state.spare.as_ref().map(Ticket::object))?;
        visit.call(&state.wire.transport)
    }

    fn __clear__(&self, py: Python<'_>) {
        let (wire, ticket, timer, event_loop) = {
            let mut state = self.lock(py);
            let wire = std::mem::take(&mut state.wire);
            (wire, state.ticket.take(), state.timer.take(), state.event_loop.take())
        };
        drop((wire, ticket, timer, event_loop));
    }
}

type CloseFrame = Option<(Option<u16>, String)>;
type CloseFrames = (CloseFrame, CloseFrame, bool);
type Ending<'py> = (&'static str, u16, Option<Bound<'py, PyAny>>);
