//! How messages of a protocol object get out.
//!
//! Owns when they are gathered and when they are written: while input is being taken, small ones wait for
//! those that follow; all else is offered to the socket at once. Knows nothing of tasks.

use super::calls;
use super::protocol::Protocol;
use super::state::State;
use crate::errors;
use polywire::Message;
use polywire_bridge::clock;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use std::cell::RefMut;

/// Queued bytes that are written although more may follow.
const CORKED: usize = 64 << 10;
/// Payloads that are offered to the socket instead of being copied behind others.
const LARGE: usize = 16 << 10;

/// How a `send` went.
pub(super) enum Sent {
    Done,
    /// The transport has more than its limit: wait until it has less.
    Drain,
    /// Something is in the way, which Python looks at.
    Later,
}

impl Protocol {
    /// Writes what is queued.
    pub(super) fn flush(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::flush_locked(slf, slf.get().lock(slf.py())).map(drop)
    }

    /// The same under a lock, which is opened where Python is called.
    pub(super) fn flush_locked<'a>(
        slf: &'a Bound<'_, Self>,
        mut guard: RefMut<'a, State>,
    ) -> PyResult<RefMut<'a, State>> {
        let py = slf.py();
        if guard.wire.is_unsure() {
            drop(guard);
            Self::catch_up(slf)?;
            guard = slf.get().lock(slf.py());
        }
        let state = &mut *guard;
        let Some(connection) = &mut state.connection else { return Ok(guard) };
        let Some(rest) = state.wire.flush(py, connection.sender(state.now))? else {
            return Ok(guard);
        };
        let write = state.wire.writer(py);
        drop(guard);
        if let Some(write) = write {
            calls::function(write.bind(py), &rest)?;
        }
        Ok(slf.get().lock(slf.py()))
    }

    /// Asks the transport whether it has written all it had.
    #[cold]
    fn catch_up(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let transport =
            slf.get().lock(slf.py()).wire.transport.as_ref().map(|own| own.clone_ref(py));
        let Some(transport) = transport else { return Ok(()) };
        let behind = transport.call_method0(py, intern!(py, "get_write_buffer_size"))?;
        let is_behind = behind.extract::<usize>(py)? > 0;
        slf.get().lock(slf.py()).wire.is_behind = is_behind;
        Ok(())
    }

    /// Sends a message, if nothing is in the way.
    pub(super) fn deliver(
        slf: &Bound<'_, Self>,
        message: &Bound<'_, PyAny>,
        text: Option<bool>,
    ) -> PyResult<Sent> {
        if let Ok(bytes) = message.cast_exact::<PyBytes>() {
            let bytes = bytes.as_bytes();
            if text == Some(true) {
                let text = errors::utf8(slf.py(), bytes)?;
                return Self::send_message(slf, text.into(), bytes.len());
            }
            return Self::send_message(slf, bytes.into(), bytes.len());
        }
        if let Ok(string) = message.cast::<PyString>() {
            let string = string.to_str()?;
            if text == Some(false) {
                return Self::send_message(slf, string.as_bytes().into(), string.len());
            }
            return Self::send_message(slf, string.into(), string.len());
        }
        // Other bytes, fragments, and what cannot be sent.
        Ok(Sent::Later)
    }

    #[inline]
    fn send_message(slf: &Bound<'_, Self>, message: Message<'_>, len: usize) -> PyResult<Sent> {
        let is_large = len >= LARGE;
        {
            let mut guard = slf.get().lock(slf.py());
            let state = &mut *guard;
            if state.wire.is_paused {
                return Ok(Sent::Later);
            }
            if state.corked > 0 && !is_large {
                let Some(connection) = &mut state.connection else { return Ok(Sent::Later) };
                let sender = connection.sender(state.now);
                if sender.send(message).is_err() {
                    return Ok(Sent::Later);
                }
                if sender.queued() < CORKED {
                    return Ok(Sent::Done);
                }
                drop(guard);
                return Self::flushed(slf);
            }
        }
        Self::send_through(slf, message)
    }

    /// Sends a message by way of the socket, behind what is queued.
    fn send_through(slf: &Bound<'_, Self>, message: Message<'_>) -> PyResult<Sent> {
        Self::flush(slf)?;
        let is_done = {
            let mut guard = slf.get().lock(slf.py());
            let State { connection, wire, now, corked, .. } = &mut *guard;
            let Some(connection) = connection else { return Ok(Sent::Later) };
            if *corked == 0 {
                *now = clock::now();
            }
            let sender = connection.sender(*now);
            if sender.send_through(message, |slices| wire.offer(slices)).is_err() {
                return Ok(Sent::Later);
            }
            sender.queued() == 0
        };
        if is_done { Ok(Sent::Done) } else { Self::flushed(slf) }
    }

    fn flushed(slf: &Bound<'_, Self>) -> PyResult<Sent> {
        Self::flush(slf)?;
        Ok(if slf.get().lock(slf.py()).wire.is_paused { Sent::Drain } else { Sent::Done })
    }
}
