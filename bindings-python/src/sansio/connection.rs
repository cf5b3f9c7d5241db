//! A connection without sockets.
//!
//! Owns the shape of events in Python: tuples whose first element is the name that the vectors use.

use super::{instant, locked};
use crate::errors;
use crate::settings::{Agreement, Settings};
use polywire::{
    Cause, CloseCode, Data, Event, Events, Instant, Message, Prepared, Role, Sender, Socket,
    UsageError,
};
use polywire_bridge::{clock, codes};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use std::sync::{Arc, Mutex};

/// One end of a connection after its handshake. Times are in microseconds of any clock.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct Connection(Mutex<polywire::Connection>);

/// What the host should do next.
#[pyclass(frozen, get_all, module = "polywire._polywire")]
pub(crate) struct Wants {
    read: bool,
    write: bool,
    /// `"keep"`, `"shutdown_write"` or `"close"`.
    socket: &'static str,
    deadline: Option<u64>,
}

type Told<'py> = PyResult<Vec<Bound<'py, PyTuple>>>;

#[pymethods]
impl Connection {
    #[new]
    #[pyo3(signature = (role, settings, agreement=None, *, seed=None, now=None))]
    fn new(
        role: &str,
        settings: &Settings,
        agreement: Option<&Agreement>,
        seed: Option<[u8; 32]>,
        now: Option<u64>,
    ) -> PyResult<Self> {
        let role = match role {
            "client" => Role::Client,
            "server" => Role::Server,
            _ => return Err(PyValueError::new_err("a role is \"client\" or \"server\"")),
        };
        let agreement = agreement.map(|agreement| agreement.0.clone()).unwrap_or_default();
        let seed = seed.unwrap_or_else(clock::random);
        let config = Arc::clone(&settings.0);
        let connection = polywire::Connection::new(role, config, &agreement, seed, instant(now));
        Ok(Self(Mutex::new(connection)))
    }

    /// Takes bytes of the peer and returns what they mean.
    #[pyo3(signature = (data, now=None))]
    fn receive<'py>(&self, py: Python<'py>, mut data: Vec<u8>, now: Option<u64>) -> Told<'py> {
        drain(py, locked(&self.0).receive_in(&mut data, instant(now)))
    }

    /// Takes bytes of the peer up to the next event. Returns it, and the bytes to bring again.
    #[pyo3(signature = (data, now=None))]
    fn receive_next<'py>(
        &self,
        py: Python<'py>,
        mut data: Vec<u8>,
        now: Option<u64>,
    ) -> PyResult<(Option<Bound<'py, PyTuple>>, Bound<'py, PyBytes>)> {
        let mut connection = locked(&self.0);
        let mut events = connection.receive_in(&mut data, instant(now));
        let event = events.next().map(|(event, _)| told(py, &event)).transpose()?;
        Ok((event, PyBytes::new(py, events.into_rest())))
    }

    /// Takes note that the peer's stream ended.
    #[pyo3(signature = (now=None))]
    fn receive_eof<'py>(&self, py: Python<'py>, now: Option<u64>) -> Told<'py> {
        drain(py, locked(&self.0).receive_eof(instant(now)))
    }

    /// Does what is due.
    #[pyo3(signature = (now=None))]
    fn handle_timeout<'py>(&self, py: Python<'py>, now: Option<u64>) -> Told<'py> {
        drain(py, locked(&self.0).handle_timeout(instant(now)))
    }

    /// Sends a message: `str` as text, bytes as binary.
    #[pyo3(signature = (message, now=None))]
    fn send(&self, message: &Bound<'_, PyAny>, now: Option<u64>) -> PyResult<()> {
        let message = Content::of(message)?;
        self.command(message.py(), now, |sender| sender.send(message.borrowed()))
    }

    /// Sends the next part of a message.
    #[pyo3(signature = (part, last, now=None))]
    fn send_part(&self, part: &Bound<'_, PyAny>, last: bool, now: Option<u64>) -> PyResult<()> {
        let part = Content::of(part)?;
        self.command(part.py(), now, |sender| sender.send_part(part.borrowed(), last))
    }

    /// Sends a message in the form in which it would go to many connections.
    #[pyo3(signature = (message, now=None))]
    fn send_prepared(&self, message: &Bound<'_, PyAny>, now: Option<u64>) -> PyResult<()> {
        let message = Content::of(message)?;
        let prepared = Prepared::new(message.borrowed());
        self.command(message.py(), now, |sender| sender.send_prepared(&prepared))
    }

    #[pyo3(signature = (payload=Vec::new(), now=None))]
    fn ping(&self, py: Python<'_>, payload: Vec<u8>, now: Option<u64>) -> PyResult<()> {
        self.command(py, now, |sender| sender.ping(&payload))
    }

    #[pyo3(signature = (payload=Vec::new(), now=None))]
    fn pong(&self, py: Python<'_>, payload: Vec<u8>, now: Option<u64>) -> PyResult<()> {
        self.command(py, now, |sender| sender.pong(&payload))
    }

    /// Starts the closing handshake.
    #[pyo3(signature = (code=Some(1000), reason="", now=None), text_signature = "($self, code=1000, reason='', now=None)")]
    fn close(
        &self,
        py: Python<'_>,
        code: Option<u16>,
        reason: &str,
        now: Option<u64>,
    ) -> PyResult<()> {
        self.command(py, now, |sender| sender.close(code.map(CloseCode), reason))
    }

    /// Gives the connection up.
    #[pyo3(signature = (now=None))]
    fn abort(&self, now: Option<u64>) {
        locked(&self.0).sender(instant(now)).abort();
    }

    /// The bytes to write.
    fn transmit<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let connection = locked(&self.0);
        let length = connection.transmit().map(<[u8]>::len).sum();
        PyBytes::new_with(py, length, |mut rest| {
            for slice in connection.transmit() {
                let (here, after) = rest.split_at_mut(slice.len());
                here.copy_from_slice(slice);
                rest = after;
            }
            Ok(())
        })
    }

    /// Tells that the first `count` of these bytes are written.
    fn transmitted(&self, count: usize) {
        locked(&self.0).transmitted(count);
    }

    fn wants(&self) -> Wants {
        let wants = locked(&self.0).wants();
        Wants {
            read: wants.read,
            write: wants.write,
            socket: match wants.socket {
                Socket::Keep => "keep",
                Socket::ShutdownWrite => "shutdown_write",
                Socket::Close => "close",
            },
            deadline: wants.deadline.map(Instant::as_micros),
        }
    }

    /// Takes note that the host does not read for a while: the peer's silence is not its fault.
    #[pyo3(signature = (now=None))]
    fn pause_reading(&self, now: Option<u64>) {
        locked(&self.0).pause_reading(instant(now));
    }

    /// Takes note that the host reads again.
    #[pyo3(signature = (now=None))]
    fn resume_reading(&self, now: Option<u64>) {
        locked(&self.0).resume_reading(instant(now));
    }

    /// How many bytes of heap the connection holds.
    fn heap_bytes(&self) -> usize {
        locked(&self.0).heap_bytes()
    }
}

impl Connection {
    fn command(
        &self,
        py: Python<'_>,
        now: Option<u64>,
        command: impl FnOnce(&mut Sender) -> Result<(), UsageError>,
    ) -> PyResult<()> {
        let result = command(locked(&self.0).sender(instant(now)));
        result.map_err(|error| errors::usage(py, error))
    }
}

/// What is sent, held while it is borrowed.
enum Content<'a, 'py> {
    Text(&'a Bound<'py, PyString>, &'a str),
    Binary(&'a Bound<'py, PyAny>, Vec<u8>),
}

impl<'a, 'py> Content<'a, 'py> {
    fn of(message: &'a Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(text) = message.cast::<PyString>() {
            return Ok(Self::Text(text, text.to_str()?));
        }
        let bytes = message.extract::<Vec<u8>>();
        let bytes = bytes.map_err(|_| PyTypeError::new_err("a message is str or bytes-like"))?;
        Ok(Self::Binary(message, bytes))
    }

    fn py(&self) -> Python<'py> {
        match self {
            Self::Text(text, _) => text.py(),
            Self::Binary(bytes, _) => bytes.py(),
        }
    }

    fn borrowed(&self) -> Message<'_> {
        match self {
            Self::Text(_, text) => (*text).into(),
            Self::Binary(_, bytes) => bytes.into(),
        }
    }
}

fn drain<'py>(py: Python<'py>, mut events: Events<'_, '_>) -> Told<'py> {
    let mut list = Vec::new();
    while let Some((event, _)) = events.next() {
        list.push(told(py, &event)?);
    }
    Ok(list)
}

fn told<'py>(py: Python<'py>, event: &Event<'_>) -> PyResult<Bound<'py, PyTuple>> {
    match *event {
        Event::Text(text) => ("text", text).into_pyobject(py),
        Event::Binary(bytes) => ("binary", PyBytes::new(py, bytes)).into_pyobject(py),
        Event::Chunk { data: Data::Text(text), last } => ("chunk", text, last).into_pyobject(py),
        Event::Chunk { data: Data::Binary(bytes), last } => {
            ("chunk", PyBytes::new(py, bytes), last).into_pyobject(py)
        }
        Event::Ping(payload) => ("ping", PyBytes::new(py, payload)).into_pyobject(py),
        Event::Pong { payload, rtt } => {
            let rtt = rtt.map(|rtt| rtt.as_secs_f64());
            ("pong", PyBytes::new(py, payload), rtt).into_pyobject(py)
        }
        Event::Close { code, reason } => {
            ("close", code.map(|code| code.0), reason).into_pyobject(py)
        }
        Event::Failed(violation) => {
            let error = errors::violation(py, violation)?;
            let (found, offset) = (violation.found, violation.offset);
            ("failed", violation.rule.code(), found, offset, error).into_pyobject(py)
        }
        Event::Ended(ended) => {
            let rule = match ended.cause {
                Cause::Violation(rule) => Some(rule.code()),
                _ => None,
            };
            ("ended", codes::cause_name(ended.cause), ended.code.0, rule).into_pyobject(py)
        }
    }
}
