//! The way to the socket.
//!
//! Owns the choice between the socket itself, which is tried first where it can be, and asyncio's
//! transport, which keeps what the socket does not take and tells when there is too much of it. Knows
//! nothing of frames.

#![allow(unsafe_code, reason = "a file descriptor is borrowed from the transport")]

use polywire::{Sender, Transmit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::array;
use std::io::IoSlice;

/// Slices of one vectored write.
const SLICES: usize = 16;

#[derive(Default)]
pub(super) struct Wire {
    pub(super) transport: Option<Py<PyAny>>,
    write: Option<Py<PyAny>>,
    /// The socket under a transport that adds nothing to the bytes.
    #[cfg(unix)]
    socket: Option<std::os::fd::RawFd>,
    /// The transport may hold bytes, which go first.
    pub(super) is_behind: bool,
    /// The transport holds more than its limit.
    pub(super) is_paused: bool,
}

impl Wire {
    pub(super) fn new(transport: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = transport.py();
        Ok(Self {
            write: Some(transport.getattr(intern!(py, "write"))?.unbind()),
            #[cfg(unix)]
            socket: plain_socket(transport)?,
            transport: Some(transport.clone().unbind()),
            is_behind: true,
            is_paused: false,
        })
    }

    /// The transport's own way to write.
    pub(super) fn writer(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.write.as_ref().map(|write| write.clone_ref(py))
    }

    /// Whether it must be asked whether the transport holds bytes.
    pub(super) fn is_unsure(&self) -> bool {
        self.is_behind && self.is_direct()
    }

    #[cfg(unix)]
    fn is_direct(&self) -> bool {
        self.socket.is_some()
    }

    #[cfg(not(unix))]
    fn is_direct(&self) -> bool {
        false
    }

    /// Offers bytes to the socket; returns how many it took.
    #[cfg(unix)]
    pub(super) fn offer(&self, slices: &[&[u8]]) -> usize {
        let Some(socket) = self.socket.filter(|_| !self.is_behind) else { return 0 };
        // SAFETY: the transport keeps its socket open until `connection_lost`, which drops this value.
        let socket = unsafe { std::os::fd::BorrowedFd::borrow_raw(socket) };
        let socket = socket2::SockRef::from(&socket);
        let sent = match slices {
            [slice] => socket.send(slice),
            _ => {
                let slice = |index| slices.get(index).copied().unwrap_or_default();
                let vector: [_; SLICES] = array::from_fn(|index| IoSlice::new(slice(index)));
                socket.send_vectored(&vector[..slices.len().min(SLICES)])
            }
        };
        // An error is met again by the transport, which knows what to do about it.
        sent.unwrap_or(0)
    }

    #[cfg(not(unix))]
    pub(super) fn offer(&self, _slices: &[&[u8]]) -> usize {
        0
    }

    /// Writes what is queued. What the socket does not take is returned, for the transport.
    pub(super) fn flush<'py>(
        &mut self,
        py: Python<'py>,
        sender: &mut Sender,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        if self.is_paused || self.transport.is_none() {
            return Ok(None);
        }
        while sender.queued() != 0 && !self.is_behind && self.is_direct() {
            let (written, offered) = self.offer_queued(sender.transmit());
            sender.transmitted(written);
            if written < offered {
                break;
            }
        }
        self.rest(py, sender)
    }

    /// Offers as many slices as go into one write; returns how many bytes were taken and offered.
    #[inline]
    fn offer_queued<'a>(&self, mut queued: Transmit<'a>) -> (usize, usize) {
        let (Some(first), second) = (queued.next(), queued.next()) else { return (0, 0) };
        let Some(second) = second else { return (self.offer(&[first]), first.len()) };
        let mut slices: [&[u8]; SLICES] = [&[]; SLICES];
        let mut count = 0;
        let mut length = 0;
        for (slot, slice) in slices.iter_mut().zip([first, second].into_iter().chain(queued)) {
            *slot = slice;
            count += 1;
            length += slice.len();
        }
        (self.offer(&slices[..count]), length)
    }

    /// Everything that is still queued, which the transport takes over.
    fn rest<'py>(
        &mut self,
        py: Python<'py>,
        sender: &mut Sender,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let length = sender.queued();
        if length == 0 {
            return Ok(None);
        }
        self.is_behind = true;
        let bytes = PyBytes::new_with(py, length, |bytes| {
            sender.transmit_into(bytes);
            Ok(())
        })?;
        Ok(Some(bytes))
    }
}

/// The socket of a transport without TLS, on which a write of our own is a write of the transport's.
#[cfg(unix)]
fn plain_socket(transport: &Bound<'_, PyAny>) -> PyResult<Option<std::os::fd::RawFd>> {
    let info = |name: &str| transport.call_method1("get_extra_info", (name,));
    if !info("sslcontext")?.is_none() || !transport.hasattr("get_write_buffer_size")? {
        return Ok(None);
    }
    let socket = info("socket")?;
    if socket.is_none() {
        return Ok(None);
    }
    // What is not a socket of the system's, such as a test's or a proxy's, is left to the transport.
    let fd = socket.call_method0("fileno").and_then(|fd| fd.extract::<std::os::fd::RawFd>());
    Ok(fd.ok().filter(|&fd| fd >= 0 && is_stream(fd)))
}

#[cfg(unix)]
fn is_stream(fd: std::os::fd::RawFd) -> bool {
    // SAFETY: the descriptor was just asked for, and its owner is alive.
    let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(fd) };
    let socket = socket2::SockRef::from(&fd);
    socket.r#type().is_ok_and(|kind| kind == socket2::Type::STREAM)
        && socket.nonblocking().unwrap_or(false)
}
