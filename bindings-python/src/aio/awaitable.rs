//! What `recv()` and `send()` return: an object that a task drives as it drives a coroutine.
//!
//! Owns a type with the slot `am_send`, which PyO3 has no attribute for. A generic `__next__` must raise
//! `StopIteration` for each result, which costs three times as much as all the rest. Whatever takes a
//! turn that is not hot is a coroutine of Python's, which is driven from here. Knows no frames.

#![allow(unsafe_code, reason = "a type with slots of its own")]
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    reason = "a call and what it returns belong together"
)]

use super::calls::{self, guarded};
use super::outgoing::Sent;
use super::protocol::{Protocol, Received};
use super::state::Item;
use super::ticket::Ticket;
use crate::errors;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyString, PyTuple, PyType};
use std::ffi::{c_int, c_void};
use std::ptr::{self, null_mut};
use std::sync::atomic::{AtomicPtr, Ordering};

static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The memory of the instance that died last. The global lock is taken by whoever looks at it.
static SPARE: AtomicPtr<ffi::PyObject> = AtomicPtr::new(null_mut());

fn replace_spare(spare: *mut ffi::PyObject) -> *mut ffi::PyObject {
    let before = SPARE.load(Ordering::Relaxed);
    SPARE.store(spare, Ordering::Relaxed);
    before
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Receive,
    /// Like it, and the end of the connection is the end of an iteration.
    Iterate,
    Send,
}

#[repr(C)]
struct Awaitable {
    base: ffi::PyObject,
    /// `None` once it is over, and between allocation and the first write.
    inner: Option<Inner>,
}

struct Inner {
    kind: Kind,
    /// `decode` or `text`.
    option: Option<bool>,
    protocol: Py<Protocol>,
    message: Option<Py<PyAny>>,
    ticket: Option<Ticket>,
    delegate: Option<Py<PyAny>>,
}

enum Step<'py> {
    Yield(Bound<'py, PyAny>),
    Return(Bound<'py, PyAny>),
}

pub(super) fn create<'py>(
    protocol: &Bound<'py, Protocol>,
    kind: Kind,
    message: Option<Bound<'py, PyAny>>,
    option: Option<bool>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = protocol.py();
    let Some(kind_of) = TYPE.get(py) else {
        return Err(PyRuntimeError::new_err("the module is not initialised"));
    };
    let message = message.map(Bound::unbind);
    let protocol = protocol.clone().unbind();
    let inner = Inner { kind, option, protocol, message, ticket: None, delegate: None };
    let spare = replace_spare(null_mut());
    // SAFETY: `kind_of` is a heap type without the garbage collector's flag, whose instances are
    // `Awaitable`; a spare one is memory of such an instance that nobody refers to. The new reference is
    // owned here.
    let object = unsafe {
        let object = if spare.is_null() {
            ffi::PyType_GenericAlloc(kind_of.as_ptr().cast(), 0)
        } else {
            ffi::PyObject_Init(spare, kind_of.as_ptr().cast())
        };
        Bound::from_owned_ptr_or_err(py, object)?
    };
    // SAFETY: the memory is that of an `Awaitable` which nobody else has seen; what is there is zeroed
    // or `None`, so it is overwritten without being dropped.
    unsafe { ptr::write(&raw mut (*object.as_ptr().cast::<Awaitable>()).inner, Some(inner)) };
    Ok(object)
}

impl Inner {
    /// Runs until there is a result or something to wait for.
    fn step<'py>(&mut self, py: Python<'py>, sent: *mut ffi::PyObject) -> PyResult<Step<'py>> {
        if let Some(delegate) = &self.delegate {
            return drive(delegate.bind(py), sent);
        }
        match self.kind {
            Kind::Send => self.send(py),
            Kind::Receive | Kind::Iterate => self.receive(py),
        }
    }

    #[inline]
    fn send<'py>(&mut self, py: Python<'py>) -> PyResult<Step<'py>> {
        let protocol = self.protocol.bind(py);
        let Some(message) = &self.message else { return Err(reused()) };
        let message = message.bind(py);
        match Protocol::deliver(protocol, message, self.option)? {
            Sent::Done => Ok(Step::Return(py.None().into_bound(py))),
            Sent::Drain => {
                let delegate = protocol.call_method0(intern!(py, "_drain"))?;
                self.delegate(delegate)
            }
            Sent::Later => {
                let arguments = (message, self.option);
                let delegate = protocol.call_method1(intern!(py, "_send_slowly"), arguments)?;
                self.delegate(delegate)
            }
        }
    }

    fn delegate<'py>(&mut self, delegate: Bound<'py, PyAny>) -> PyResult<Step<'py>> {
        let delegate = self.delegate.insert(delegate.unbind());
        // SAFETY: a call of Python's is on the stack, so the interpreter is attached.
        let py = unsafe { Python::assume_attached() };
        drive(delegate.bind(py), null_mut())
    }

    #[inline]
    fn receive<'py>(&mut self, py: Python<'py>) -> PyResult<Step<'py>> {
        let protocol = self.protocol.bind(py);
        if let Some(ticket) = self.ticket.take() {
            if !ticket.is_done(py) {
                protocol.get().forget(py, &ticket);
            }
            ticket.drop_ref(py);
        }
        match Protocol::next(protocol, self.option == Some(false))? {
            Received::Item(item) => self.content(py, item).map(Step::Return),
            Received::Wait(ticket) => Ok(self.wait(py, ticket)),
            Received::Nothing => Ok(self.wait(py, Protocol::wait(protocol)?)),
            Received::Busy => {
                Err(PyErr::from_value(protocol.call_method0(intern!(py, "_busy_error"))?))
            }
            Received::Ended => {
                let arguments = (self.kind == Kind::Iterate,);
                let error = protocol.call_method1(intern!(py, "_end_error"), arguments)?;
                Err(PyErr::from_value(error))
            }
        }
    }

    #[inline]
    fn wait<'py>(&mut self, py: Python<'py>, ticket: Ticket) -> Step<'py> {
        let ticket = self.ticket.insert(ticket);
        Step::Yield(ticket.object().bind(py).clone())
    }

    /// A message as `decode` wants it.
    #[inline]
    fn content<'py>(&self, py: Python<'py>, item: Item) -> PyResult<Bound<'py, PyAny>> {
        match (item, self.option) {
            (Item::Text(text), None | Some(true)) => Ok(text.into_bound(py).into_any()),
            (Item::Binary(bytes), None | Some(false)) | (Item::TextBytes(bytes), Some(false)) => {
                Ok(bytes.into_bound(py).into_any())
            }
            (Item::Text(text), Some(false)) => {
                Ok(PyBytes::new(py, text.bind(py).to_str()?.as_bytes()).into_any())
            }
            (Item::TextBytes(bytes) | Item::Binary(bytes), _) => self.decoded(bytes.bind(py)),
        }
    }

    #[cold]
    fn decoded<'py>(&self, bytes: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyAny>> {
        let py = bytes.py();
        match errors::utf8(py, bytes.as_bytes()) {
            Ok(text) => Ok(PyString::new(py, text).into_any()),
            Err(error) => {
                let told = self.protocol.bind(py).call_method1("_decode_error", (error,))?;
                Err(PyErr::from_value(told))
            }
        }
    }

    /// Drops what it has, and nobody waits any more. It is dropped at once: nobody counts here who is
    /// attached, so what PyO3 drops by itself would wait for its next call.
    fn end(self, py: Python<'_>) {
        if let Some(ticket) = self.ticket {
            self.protocol.bind(py).get().forget(py, &ticket);
            ticket.drop_ref(py);
        }
        self.protocol.drop_ref(py);
        for object in [self.message, self.delegate].into_iter().flatten() {
            object.drop_ref(py);
        }
    }
}

/// Gives a coroutine its turn.
fn drive<'py>(delegate: &Bound<'py, PyAny>, sent: *mut ffi::PyObject) -> PyResult<Step<'py>> {
    let py = delegate.py();
    let mut result = null_mut();
    // SAFETY: both are objects that live through the call; without a value, None is sent.
    let status = unsafe {
        let sent = if sent.is_null() { ffi::Py_None() } else { sent };
        ffi::PyIter_Send(delegate.as_ptr(), sent, &raw mut result)
    };
    // SAFETY: unless it is null, which is an error that is set, the result is a new reference.
    let result = unsafe { Bound::from_owned_ptr_or_err(py, result) };
    match status {
        ffi::PySendResult::PYGEN_RETURN => result.map(Step::Return),
        ffi::PySendResult::PYGEN_NEXT => result.map(Step::Yield),
        ffi::PySendResult::PYGEN_ERROR => Err(result.map_or_else(|error| error, |_| reused())),
    }
}

fn reused() -> PyErr {
    PyRuntimeError::new_err("cannot reuse already awaited coroutine")
}

/// The fields of an instance.
///
/// # Safety
///
/// `object` must be an instance of the type registered here, and no other borrow of it may live.
unsafe fn inner<'a>(object: *mut ffi::PyObject) -> &'a mut Option<Inner> {
    // SAFETY: the caller says so, and every instance is written before it is seen.
    unsafe { &mut (*object.cast::<Awaitable>()).inner }
}

fn advance<'py>(
    py: Python<'py>,
    object: *mut ffi::PyObject,
    sent: *mut ffi::PyObject,
) -> PyResult<Step<'py>> {
    // SAFETY: only the slots of the type call this, with their own instance. It is taken out while it
    // runs, so what it runs meets nothing here.
    let slot = unsafe { inner(object) };
    let mut own = slot.take().ok_or_else(reused)?;
    let step = own.step(py, sent);
    if let Ok(Step::Yield(_)) = step {
        // SAFETY: as above; the first borrow is over.
        *unsafe { inner(object) } = Some(own);
    } else {
        own.end(py);
    }
    step
}

unsafe extern "C" fn am_send(
    object: *mut ffi::PyObject,
    sent: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    // SAFETY: slots are called by the interpreter, which is attached.
    let py = unsafe { Python::assume_attached() };
    let (status, value) = match guarded(py, || advance(py, object, sent)) {
        Some(Step::Return(value)) => (ffi::PySendResult::PYGEN_RETURN, value.into_ptr()),
        Some(Step::Yield(value)) => (ffi::PySendResult::PYGEN_NEXT, value.into_ptr()),
        None => (ffi::PySendResult::PYGEN_ERROR, null_mut()),
    };
    // SAFETY: the interpreter gives a place for the result.
    unsafe { *result = value };
    status
}

/// The same for who knows only iterators: a result is a `StopIteration`.
fn next_or_stop(object: *mut ffi::PyObject, sent: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: called by slots and methods only.
    let py = unsafe { Python::assume_attached() };
    let stepped = guarded(py, || match advance(py, object, sent)? {
        Step::Yield(value) => Ok(value),
        Step::Return(value) => Err(PyStopIteration::new_err((value.unbind(),))),
    });
    stepped.map_or(null_mut(), Bound::into_ptr)
}

unsafe extern "C" fn iternext(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    next_or_stop(object, null_mut())
}

unsafe extern "C" fn send(
    object: *mut ffi::PyObject,
    sent: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    next_or_stop(object, sent)
}

unsafe extern "C" fn throw(
    object: *mut ffi::PyObject,
    arguments: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: methods are called by the interpreter, which is attached.
    let py = unsafe { Python::assume_attached() };
    let thrown = guarded(py, || {
        // SAFETY: METH_VARARGS gives a tuple, borrowed.
        let arguments = unsafe { Bound::from_borrowed_ptr(py, arguments) };
        throw_into(py, object, arguments.cast_into::<PyTuple>()?)
    });
    thrown.map_or(null_mut(), Bound::into_ptr)
}

fn throw_into<'py>(
    py: Python<'py>,
    object: *mut ffi::PyObject,
    arguments: Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: as in `advance`.
    let own = unsafe { inner(object) }.take();
    if let Some(own) = own {
        if let Some(delegate) = &own.delegate {
            let thrown = delegate.bind(py).call_method1(intern!(py, "throw"), &arguments);
            if thrown.is_ok() {
                // SAFETY: as in `advance`.
                *unsafe { inner(object) } = Some(own);
            } else {
                own.end(py);
            }
            return thrown;
        }
        own.end(py);
    }
    // As a generator's: an exception, or its type with or without a value.
    let first = arguments.get_item(0)?;
    let value = arguments.get_item(1).ok().filter(|value| !value.is_none());
    Err(match (first.cast::<PyType>(), value) {
        (Err(_), _) => PyErr::from_value(first),
        (Ok(_), Some(value)) if value.is_instance(&first)? => PyErr::from_value(value),
        (Ok(kind), Some(value)) => PyErr::from_value(kind.call1((value,))?),
        (Ok(kind), None) => PyErr::from_value(kind.call0()?),
    })
}

unsafe extern "C" fn close(
    object: *mut ffi::PyObject,
    _: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: methods are called by the interpreter, which is attached.
    let py = unsafe { Python::assume_attached() };
    let closed = guarded(py, || {
        // SAFETY: as in `advance`.
        if let Some(mut own) = unsafe { inner(object) }.take() {
            let delegate = own.delegate.take();
            own.end(py);
            if let Some(delegate) = delegate {
                delegate.into_bound(py).call_method0(intern!(py, "close"))?;
            }
        }
        Ok(py.None())
    });
    closed.map_or(null_mut(), Py::into_ptr)
}

unsafe extern "C" fn itself(object: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: the caller has a reference, and gets another.
    unsafe {
        ffi::Py_INCREF(object);
        object
    }
}

unsafe extern "C" fn dealloc(object: *mut ffi::PyObject) {
    // SAFETY: the interpreter is attached, and this is the last look at the object: its fields go, then
    // its memory, and then the reference to its type that every instance of a heap type holds.
    unsafe {
        let py = Python::assume_attached();
        if let Some(own) = inner(object).take() {
            own.end(py);
        }
        let kind = ffi::Py_TYPE(object);
        // The next one takes its place: tasks drop what they awaited before they await again.
        ffi::PyObject_Free(replace_spare(object).cast());
        ffi::Py_DECREF(kind.cast());
    }
}

/// Makes the type.
pub(super) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let method = |name: &'static std::ffi::CStr, function: ffi::PyCFunction, flags: c_int| {
        ffi::PyMethodDef {
            ml_name: name.as_ptr(),
            ml_meth: ffi::PyMethodDefPointer { PyCFunction: function },
            ml_flags: flags,
            ml_doc: ptr::null(),
        }
    };
    // Never freed: the type refers to it.
    let methods = Box::leak(Box::new([
        method(c"send", send, ffi::METH_O),
        method(c"throw", throw, ffi::METH_VARARGS),
        method(c"close", close, ffi::METH_NOARGS),
        ffi::PyMethodDef::zeroed(),
    ]));
    let slots = [
        (ffi::Py_tp_dealloc, dealloc as *mut c_void),
        (ffi::Py_am_await, itself as *mut c_void),
        (ffi::Py_am_send, am_send as *mut c_void),
        (ffi::Py_tp_iter, itself as *mut c_void),
        (ffi::Py_tp_iternext, iternext as *mut c_void),
        (ffi::Py_tp_methods, methods.as_mut_ptr().cast()),
    ];
    let name = c"polywire._polywire.Awaitable";
    // SAFETY: the functions are written for these slots and for `Awaitable`; what stays referred to is static
    // or leaked.
    let kind = unsafe { calls::make_type::<Awaitable>(py, name, 0, slots)? };
    module.add("Awaitable", &kind)?;
    TYPE.set(py, kind.unbind()).map_err(|_| PyRuntimeError::new_err("initialised twice"))
}
