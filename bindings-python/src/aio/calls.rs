//! Calls of Python that are made for each read, without a tuple of arguments or a bound method, and what
//! all that Python calls without PyO3 has in common.
//!
//! Under the stable ABI of 3.11 PyO3 makes both for every call. `function` and `run` cost half as
//! much.

#![allow(unsafe_code, reason = "variadic functions of the C API")]

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;
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

/// `context.run(function, argument)`, without asking each context for its method.
pub(super) fn run<'py>(
    context: &Bound<'py, PyAny>,
    function: &Bound<'py, PyAny>,
    argument: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    static CONTEXT: PyOnceLock<(Py<PyType>, Py<PyAny>)> = PyOnceLock::new();
    let py = context.py();
    let (kind, run) = CONTEXT.get_or_try_init(py, || {
        let kind = py.import("contextvars")?.getattr("Context")?.cast_into::<PyType>()?;
        let run = kind.getattr("run")?;
        Ok::<_, PyErr>((kind.unbind(), run.unbind()))
    })?;
    if context.get_type_ptr().cast() != kind.as_ptr() {
        return context.call_method1("run", (function, argument));
    }
    let (run, context, function) = (run.as_ptr(), context.as_ptr(), function.as_ptr());
    let argument = argument.as_ptr();
    // SAFETY: as above.
    let result =
        unsafe { ffi::PyObject_CallFunctionObjArgs(run, context, function, argument, END) };
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
