//! From the core's errors to Python's exceptions.
//!
//! Owns the call across the border. Which code becomes which exception is one table, in
//! `polywire/_errors.py`; the texts are the core's.

use crate::heads;
use polywire::handshake::HandshakeError;
use polywire::{UsageError, Violation};
use pyo3::exceptions::PyUnicodeDecodeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

/// A function of `polywire._errors`, called.
fn told<'py>(
    py: Python<'py>,
    function: &str,
    arguments: Bound<'py, PyTuple>,
) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("polywire._errors").map(Bound::unbind))?;
    module.bind(py).getattr(function)?.call1(arguments)
}

/// The exception instance for a failed handshake.
pub(crate) fn handshake_object<'py>(
    py: Python<'py>,
    error: &HandshakeError,
) -> PyResult<Bound<'py, PyAny>> {
    let response = error.response.as_ref().map(|response| heads::response(py, response));
    let fault = error.fault;
    let arguments = (fault.code(), error.to_string(), error.found.as_str(), response.transpose()?);
    told(py, "handshake_error", arguments.into_pyobject(py)?)
}

pub(crate) fn handshake(py: Python<'_>, error: &HandshakeError) -> PyErr {
    handshake_object(py, error).map_or_else(|error| error, PyErr::from_value)
}

/// What the caller did wrong.
pub(crate) fn usage(py: Python<'_>, error: UsageError) -> PyErr {
    let arguments = (error.code(), error.to_string()).into_pyobject(py);
    arguments
        .and_then(|arguments| told(py, "usage_error", arguments))
        .map_or_else(|error| error, PyErr::from_value)
}

/// The exception instance that says which rule the peer broke.
pub(crate) fn violation<'py>(py: Python<'py>, violation: Violation) -> PyResult<Bound<'py, PyAny>> {
    let arguments = (violation.rule.code(), violation.to_string(), violation.found);
    told(py, "violation_error", arguments.into_pyobject(py)?)
}

/// Bytes that must be text.
pub(crate) fn utf8<'a>(py: Python<'_>, bytes: &'a [u8]) -> PyResult<&'a str> {
    std::str::from_utf8(bytes).map_err(|error| {
        PyUnicodeDecodeError::new_utf8(py, bytes, error)
            .map_or_else(|error| error, |error| PyErr::from_value(error.into_any()))
    })
}
