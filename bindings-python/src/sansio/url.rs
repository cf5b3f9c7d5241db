//! WebSocket URLs.

use crate::errors;
use polywire::handshake;
use pyo3::prelude::*;

/// A `ws://` or `wss://` URL, taken apart.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct Url(pub(crate) handshake::Url);

#[pymethods]
impl Url {
    #[new]
    fn new(py: Python<'_>, text: &str) -> PyResult<Self> {
        let url = handshake::Url::parse(text);
        url.map(Self).map_err(|error| errors::handshake(py, &error))
    }

    /// Where a redirect from here leads.
    fn redirect(&self, py: Python<'_>, location: &str) -> PyResult<Self> {
        let url = self.0.redirect(location);
        url.map(Self).map_err(|error| errors::handshake(py, &error))
    }

    /// Whether both have the same scheme, host and port.
    fn is_same_origin(&self, other: &Self) -> bool {
        self.0.is_same_origin(&other.0)
    }

    #[getter]
    fn secure(&self) -> bool {
        self.0.is_secure()
    }

    #[getter]
    fn host(&self) -> &str {
        self.0.host()
    }

    #[getter]
    fn port(&self) -> u16 {
        self.0.port()
    }

    /// Path and query.
    #[getter]
    fn target(&self) -> &str {
        self.0.target()
    }

    /// Host and port as they stand in `Host`.
    #[getter]
    fn authority(&self) -> String {
        self.0.authority()
    }

    /// User name and password, decoded.
    #[getter]
    fn credentials(&self) -> Option<(&str, &str)> {
        self.0.credentials()
    }

    /// Without the credentials.
    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Url({:?})", self.0.to_string())
    }
}
