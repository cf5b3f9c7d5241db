//! The core's settings and agreements as Python objects.
//!
//! Owns the way from a dictionary to a configuration; the names in it are the bridge's.

use polywire::handshake;
use polywire::{Config, DeflateConfig, DeflateParams};
use polywire_bridge::settings::{self, Value};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use std::sync::Arc;

/// Settings for any number of connections. The idle compression engines are shared among them.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct Settings(pub(crate) Arc<Config>);

#[pymethods]
impl Settings {
    #[new]
    #[pyo3(signature = (values=None, /))]
    fn new(values: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        Ok(Self(Arc::new(configured(Config::default(), values, "")?)))
    }
}

/// What both ends agreed on in a handshake.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct Agreement(pub(crate) handshake::Agreement);

#[pymethods]
impl Agreement {
    #[new]
    #[pyo3(signature = (subprotocol=None, deflate=None))]
    fn new(subprotocol: Option<String>, deflate: Option<&Bound<'_, PyDict>>) -> PyResult<Self> {
        let deflate = deflate.map(|values| params(values)).transpose()?;
        Ok(Self(handshake::Agreement { subprotocol, deflate }))
    }

    #[getter]
    fn subprotocol(&self) -> Option<&str> {
        self.0.subprotocol.as_deref()
    }

    /// The parameters of permessage-deflate by name, if it was negotiated.
    #[getter]
    fn deflate<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(params) = self.0.deflate else { return Ok(None) };
        let values = PyDict::new(py);
        values.set_item("server_no_context_takeover", params.server_no_context_takeover)?;
        values.set_item("client_no_context_takeover", params.client_no_context_takeover)?;
        values.set_item("server_max_window_bits", params.server_max_window_bits)?;
        values.set_item("client_max_window_bits", params.client_max_window_bits)?;
        Ok(Some(values))
    }
}

/// Parameters of permessage-deflate by name; windows that are not named have 15 bits, as in RFC 7692.
fn params(values: &Bound<'_, PyDict>) -> PyResult<DeflateParams> {
    let widest = DeflateConfig {
        server_max_window_bits: 15,
        client_max_window_bits: 15,
        ..DeflateConfig::default()
    };
    let base = Config { deflate: Some(widest), ..Config::default() };
    let config = configured(base, Some(values), "deflate.")?;
    Ok(settings::params(&config.deflate.unwrap_or_default()))
}

fn configured(base: Config, values: Option<&Bound<'_, PyDict>>, prefix: &str) -> PyResult<Config> {
    let mut pairs = Vec::new();
    for (name, value) in values.into_iter().flatten() {
        pairs.push((format!("{prefix}{}", name.extract::<String>()?), setting(&value)?));
    }
    settings::config(base, pairs).map_err(|error| PyValueError::new_err(error.to_string()))
}

fn setting(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if value.is_none() {
        return Ok(Value::Unlimited);
    }
    if let Ok(flag) = value.cast::<PyBool>() {
        return Ok(Value::Flag(flag.is_true()));
    }
    if let Ok(name) = value.cast::<PyString>() {
        return Ok(Value::Name(name.to_str()?.to_owned()));
    }
    let number = value.extract::<f64>().map_err(|_| {
        PyTypeError::new_err("a setting is None, a bool, a number or a str".to_owned())
    })?;
    Ok(Value::Number(number))
}
