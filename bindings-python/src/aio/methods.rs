//! The methods that Python calls for each read and each message, as CPython passes their arguments.
//!
//! Owns those arguments, and nothing of what the methods do. PyO3 takes names and defaults into account
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
use super::calls::guarded;
use super::protocol::Protocol;
use super::shared;
use pyo3::Borrowed;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple, PyType};
use std::ffi::{CStr, c_int};
use std::iter;
use std::ptr::null_mut;
use std::slice;
use std::sync::atomic::{AtomicPtr, Ordering};

/// PyO3's `Protocol.send`, which knows every way to call it.
static SEND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// A function of C, as CPython wants it described.
pub(super) struct Method(AtomicPtr<ffi::PyMethodDef>);

impl Method {
    /// Never freed: the functions that are made of it refer to it.
    pub(super) fn new(
        ml_name: &'static CStr,
        ml_meth: ffi::PyMethodDefPointer,
        ml_flags: c_int,
        doc: &'static CStr,
    ) -> Self {
        let (ml_name, ml_doc) = (ml_name.as_ptr(), doc.as_ptr());
        let definition = ffi::PyMethodDef { ml_name, ml_meth, ml_flags, ml_doc };
        Self(AtomicPtr::new(Box::leak(Box::new(definition))))
    }

    /// The function with `object` as what it is called with first.
    pub(super) fn bound_to(&self, object: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let definition = self.0.load(Ordering::Relaxed);
        // SAFETY: the definition is never freed. The function, which is a new reference unless it is null,
        // has one of its own to what it is bound to.
        let function = unsafe {
            let function = ffi::PyCFunction_NewEx(definition, object.as_ptr(), null_mut());
            Bound::from_owned_ptr_or_err(object.py(), function)?
        };
        Ok(function.unbind())
    }

    /// Makes it a method of a type, instead of the one that has its name.
    fn replace(&self, kind: &Bound<'_, PyType>, name: &str) -> PyResult<()> {
        let definition = self.0.load(Ordering::Relaxed);
        // SAFETY: as above.
        let descriptor = unsafe {
            let descriptor = ffi::PyDescr_NewMethod(kind.as_ptr().cast(), definition);
            Bound::from_owned_ptr_or_err(kind.py(), descriptor)?
        };
        kind.setattr(name, descriptor)
    }
}

/// The arguments of a call by METH_FASTCALL | METH_KEYWORDS.
pub(super) struct Arguments<'a> {
    all: &'a [*mut ffi::PyObject],
    /// How many of them have no name.
    count: usize,
    /// A tuple of the names of the rest, or null.
    names: *mut ffi::PyObject,
}

impl<'a> Arguments<'a> {
    /// # Safety
    ///
    /// It is called with what the interpreter, which is attached, gave, and lives no longer than the call.
    pub(super) unsafe fn new(
        all: *const *mut ffi::PyObject,
        count: ffi::Py_ssize_t,
        names: *mut ffi::PyObject,
    ) -> Self {
        let count = usize::try_from(count).unwrap_or(0);
        // SAFETY: the names are a tuple, and there is an argument for each.
        let named = if names.is_null() { 0 } else { unsafe { ffi::PyTuple_Size(names) } };
        let len = count + usize::try_from(named).unwrap_or(0);
        // SAFETY: there are as many, unless there are none and nothing to point to.
        let all = if len == 0 { &[] } else { unsafe { slice::from_raw_parts(all, len) } };
        Self { all, count, names }
    }

    /// If there is one argument and nothing else: that one.
    pub(super) fn only<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        if self.count == 1 && self.all.len() == 1 { self.at(py, 0) } else { None }
    }

    /// If there is one argument, and another one of this name: those.
    pub(super) fn only_with<'py>(
        &self,
        py: Python<'py>,
        name: &CStr,
    ) -> Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
        if self.count != 1 || self.all.len() != 2 {
            return None;
        }
        // SAFETY: as one of two arguments has a name, there is a tuple of one string.
        let order = unsafe {
            let own = ffi::PyTuple_GetItem(self.names, 0);
            ffi::PyUnicode_CompareWithASCIIString(own, name.as_ptr())
        };
        if order == 0 { self.at(py, 0).zip(self.at(py, 1)) } else { None }
    }

    fn at<'py>(&self, py: Python<'py>, index: usize) -> Option<Bound<'py, PyAny>> {
        // SAFETY: each is an object that lives through the call.
        self.all.get(index).map(|&object| unsafe { Bound::from_borrowed_ptr(py, object) })
    }

    /// A call of another function with the same arguments behind `first`.
    #[cold]
    fn pass_on<'py>(
        &self,
        function: &Bound<'py, PyAny>,
        first: Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = function.py();
        let plain = (0..self.count).filter_map(|index| self.at(py, index));
        let plain: Vec<_> = iter::once(first).chain(plain).collect();
        let options = PyDict::new(py);
        // SAFETY: unless it is null, this is a tuple that lives through the call.
        if let Some(names) = unsafe { Bound::from_borrowed_ptr_or_opt(py, self.names) } {
            for (index, name) in names.cast_into::<PyTuple>()?.iter().enumerate() {
                options.set_item(name, self.at(py, self.count + index))?;
            }
        }
        function.call(PyTuple::new(py, plain)?, Some(&options))
    }
}

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
