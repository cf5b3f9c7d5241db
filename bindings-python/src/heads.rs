//! Requests, responses and their fields on the way between the core and Python.
//!
//! Owns the mapping of bytes to text: ISO 8859-1, in which every byte is a character. The classes are
//! those of `polywire.http11`. Judges nothing.

use crate::errors;
use polywire::handshake::{Headers, HttpVersion, Request, Response};
use polywire_bridge::opening;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// Header fields as pairs of text.
pub(crate) fn pairs(headers: &Headers) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The value of a field: bytes as they are, or text whose characters are bytes.
pub(crate) struct FieldValue(pub(crate) Vec<u8>);

impl FromPyObject<'_, '_> for FieldValue {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(bytes) = value.cast::<PyBytes>() {
            return Ok(Self(bytes.as_bytes().to_vec()));
        }
        let text: String = value.extract()?;
        let byte = |character: char| u8::try_from(u32::from(character)).ok();
        let bytes = text.chars().map(byte).collect::<Option<_>>();
        bytes.map(Self).ok_or_else(|| {
            PyValueError::new_err("a header value has a character outside ISO 8859-1")
        })
    }
}

pub(crate) type Fields = Vec<(String, FieldValue)>;

/// Validated header fields.
pub(crate) fn headers(py: Python<'_>, fields: &Fields) -> PyResult<Headers> {
    let headers = opening::headers(fields.iter().map(|(name, value)| (name, &value.0)));
    headers.map_err(|error| errors::handshake(py, &error))
}

const fn version(version: HttpVersion) -> &'static str {
    match version {
        HttpVersion::Http10 => "HTTP/1.0",
        HttpVersion::Http11 => "HTTP/1.1",
        HttpVersion::Http2 => "HTTP/2",
    }
}

/// A `polywire.http11.Request`.
pub(crate) fn request<'py>(py: Python<'py>, request: &Request) -> PyResult<Bound<'py, PyAny>> {
    let fields = pairs(&request.headers);
    let version = version(request.version);
    py.import("polywire.http11")?.getattr("received_request")?.call1((
        &request.target,
        fields,
        &request.method,
        version,
    ))
}

/// A `polywire.http11.Response`.
pub(crate) fn response<'py>(py: Python<'py>, response: &Response) -> PyResult<Bound<'py, PyAny>> {
    let body = PyBytes::new(py, &response.body);
    let fields = pairs(&response.headers);
    py.import("polywire.http11")?.getattr("received_response")?.call1((
        response.status,
        &response.reason,
        fields,
        body,
    ))
}
