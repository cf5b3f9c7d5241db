//! The methods that Python calls for each read and each message, as CPython passes their arguments.
//!
//! Owns which they are, and nothing of what they do. PyO3 takes names and defaults into account
//! and counts who is attached whenever it is called: for what is called like this, that is as much again
//! as what is done. Calls that are not of the common form go to the method that PyO3 made. As nobody
//! counts, a `Py` that is dropped by itself waits for PyO3's next call, which is at the latest that of the
//! end of the connection; what is dropped for each message is dropped at once, by `drop_ref`.

#![allow(unsafe_code, reason = "functions that CPython calls")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a call and what it returns belong together"
)]

use super::awaitable::{self, Kind};
use super::calls::{Arguments, Method, guarded};
use super::protocol::Protocol;
use super::shared;
use pyo3::Borrowed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::ptr::null_mut;

/// PyO3's `Protocol.send`, which knows every way to call it.
static SEND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

unsafe extern "C" fn get_buffer(
    _: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: methods are called by the interpreter, which is attached.
    let py = unsafe { Python::assume_attached() };
    guarded(py, || shared::view(py)).map_or(null_mut(), Py::into_ptr)
}

unsafe extern "C" fn buffer_updated(
    protocol: *mut ffi::PyObject,
    count: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: methods are called by the interpreter, which is attached and sees to it that this is an
    // instance of the type that has the method, with an argument that lives through the call.
    let (py, protocol, count) = unsafe {
        let py = Python::assume_attached();
        let protocol = Borrowed::from_ptr(py, protocol).cast_unchecked::<Protocol>();
        (py, protocol, Borrowed::from_ptr(py, count))
    };
    let updated = guarded(py, || {
        Protocol::buffer_updated(&protocol, count.extract()?)?;
        Ok(py.None())
    });
    updated.map_or(null_mut(), Py::into_ptr)
}

unsafe extern "C" fn send(
    protocol: *mut ffi::PyObject,
    all: *const *mut ffi::PyObject,
    count: ffi::Py_ssize_t,
    names: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: methods are called by the interpreter, which is attached and sees to it that this is an
    // instance of the type that has the method.
    let (py, protocol, arguments) = unsafe {
        let py = Python::assume_attached();
        let protocol = Borrowed::from_ptr(py, protocol).cast_unchecked::<Protocol>();
        (py, protocol, Arguments::new(all, count, names))
    };
    let sending = guarded(py, || {
        if let Some(message) = arguments.only(py) {
            return awaitable::create(&protocol, Kind::Send, Some(message), None);
        }
        let Some(any) = SEND.get(py) else {
            return Err(PyRuntimeError::new_err("the module is not initialised"));
        };
        arguments.pass_on(any.bind(py), protocol.to_owned().into_any())
    });
    sending.map_or(null_mut(), Bound::into_ptr)
}

/// Gives the methods to the type.
pub(super) fn register(py: Python<'_>) -> PyResult<()> {
    let kind = py.get_type::<Protocol>();
    let buffer = ffi::PyMethodDefPointer { PyCFunction: get_buffer };
    let doc = c"get_buffer($self, _hint, /)\n--\n\n";
    Method::new(c"get_buffer", buffer, ffi::METH_O, doc).replace(&kind, "get_buffer")?;
    let updated = ffi::PyMethodDefPointer { PyCFunction: buffer_updated };
    let doc = c"buffer_updated($self, count, /)\n--\n\n";
    Method::new(c"buffer_updated", updated, ffi::METH_O, doc).replace(&kind, "buffer_updated")?;
    let any = kind.getattr("send")?.unbind();
    SEND.set(py, any).map_err(|_| PyRuntimeError::new_err("initialised twice"))?;
    let send = ffi::PyMethodDefPointer { PyCFunctionFastWithKeywords: send };
    let doc = c"send($self, message, *, text=None)\n--\n\nSends a message.";
    let flags = ffi::METH_FASTCALL | ffi::METH_KEYWORDS;
    Method::new(c"send", send, flags, doc).replace(&kind, "send")
}
