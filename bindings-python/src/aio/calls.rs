//! Calls of Python that are made for each read, without a tuple of arguments or a bound method, and what
//! all that Python calls without PyO3 has in common.
//!
//! Under the stable ABI of 3.11 PyO3 makes both for every call. `function` and `method` cost half as
//! much.

#![allow(unsafe_code, reason = "variadic functions of the C API")]

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

const END: *mut ffi::PyObject = null_mut();

/// `function(argument)`
pub(super) fn function<'py>(
    function: &Bound<'py, PyAny>,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: the arguments are objects that live through the call, and a null pointer ends them.
    let result =
        unsafe { ffi::PyObject_CallFunctionObjArgs(function.as_ptr(), argument.as_ptr(), END) };
    // SAFETY: unless it is null, which is an error that is set, the result is a new reference.
    unsafe { Bound::from_owned_ptr_or_err(function.py(), result) }
}

/// `object.name(first, second)`
pub(super) fn method<'py>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    first: &Bound<'py, PyAny>,
    second: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let (object, name, py) = (object.as_ptr(), name.as_ptr(), name.py());
    // SAFETY: as above.
    let result = unsafe {
        ffi::PyObject_CallMethodObjArgs(object, name, first.as_ptr(), second.as_ptr(), END)
    };
    // SAFETY: as above.
    unsafe { Bound::from_owned_ptr_or_err(py, result) }
}

/// Whether this is the only reference to an object.
pub(super) fn is_only<T>(object: &Bound<'_, T>) -> bool {
    // SAFETY: the object lives, and while the interpreter is attached nobody else counts.
    unsafe { ffi::Py_REFCNT(object.as_ptr()) == 1 }
}

/// Runs what may panic: a panic must not pass the border.
pub(super) fn guarded<T>(py: Python<'_>, run: impl FnOnce() -> PyResult<T>) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        Err(PyRuntimeError::new_err("polywire panicked; this is a defect, please report it"))
    });
    result.map_err(|error| error.restore(py)).ok()
}
