//! The opening handshake without sockets: over bytes, and over heads that another HTTP server parsed.
//!
//! Owns the mapping of the core's types, nothing of what makes a handshake valid.

use super::{instant, locked, url::Url};
use crate::errors;
use crate::heads::{self, FieldValue, Fields};
use crate::settings::{Agreement, Settings};
use polywire::Instant;
use polywire::handshake::{self as core, OriginPolicy};
use polywire_bridge::clock;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Arc, Mutex};
use std::task::Poll;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ClientHandshake>()?;
    module.add_class::<ServerHandshake>()?;
    module.add_class::<Established>()?;
    module.add_class::<Upgrade>()?;
    module.add_class::<Refusal>()?;
    module.add_class::<ResponseHead>()?;
    module.add_class::<Offer>()
}

/// The client's handshake over a byte stream.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct ClientHandshake {
    machine: Mutex<core::ClientHandshake>,
    bytes: Vec<u8>,
}

/// A handshake that succeeded.
#[pyclass(frozen, get_all, module = "polywire._polywire")]
pub(crate) struct Established {
    agreement: Py<Agreement>,
    /// The head of the other end.
    head: Py<PyAny>,
    /// The first bytes of the connection.
    leftover: Py<PyBytes>,
}

impl Established {
    fn new<Head>(
        py: Python<'_>,
        established: &core::Established<Head>,
        head: Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        Ok(Self {
            agreement: Py::new(py, Agreement(established.agreement.clone()))?,
            head: head.unbind(),
            leftover: PyBytes::new(py, &established.leftover).unbind(),
        })
    }
}

#[pymethods]
impl ClientHandshake {
    #[new]
    #[pyo3(signature = (url, settings, *, subprotocols=Vec::new(), headers=Vec::new(), nonce=None, now=None))]
    fn new(
        py: Python<'_>,
        url: &Url,
        settings: &Settings,
        subprotocols: Vec<String>,
        headers: Fields,
        nonce: Option<[u8; 16]>,
        now: Option<u64>,
    ) -> PyResult<Self> {
        let options = core::ClientOptions { subprotocols, headers: heads::headers(py, &headers)? };
        let nonce = nonce.unwrap_or_else(clock::random);
        let (machine, bytes) =
            core::ClientHandshake::new(&url.0, &options, &settings.0, nonce, instant(now))
                .map_err(|error| errors::handshake(py, &error))?;
        Ok(Self { machine: Mutex::new(machine), bytes })
    }

    /// The request to send, in bytes.
    #[getter]
    fn request_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.bytes)
    }

    /// The request to send.
    #[getter]
    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        heads::request(py, locked(&self.machine).request())
    }

    /// Takes bytes of the server. Returns nothing until the handshake is decided.
    #[pyo3(signature = (data, now=None))]
    fn receive(
        &self,
        py: Python<'_>,
        data: Vec<u8>,
        now: Option<u64>,
    ) -> PyResult<Option<Established>> {
        Self::outcome(py, locked(&self.machine).receive(&data, instant(now)))
    }

    /// Takes note that the server ended the stream.
    fn receive_eof(&self, py: Python<'_>) -> PyResult<Option<Established>> {
        Self::outcome(py, locked(&self.machine).receive_eof())
    }

    /// Ends the handshake if its time is up.
    #[pyo3(signature = (now=None))]
    fn handle_timeout(&self, py: Python<'_>, now: Option<u64>) -> PyResult<Option<Established>> {
        Self::outcome(py, locked(&self.machine).handle_timeout(instant(now)))
    }

    #[getter]
    fn deadline(&self) -> Option<u64> {
        locked(&self.machine).deadline().map(Instant::as_micros)
    }
}

impl ClientHandshake {
    fn outcome(
        py: Python<'_>,
        outcome: Poll<Result<core::Established<core::Response>, core::HandshakeError>>,
    ) -> PyResult<Option<Established>> {
        match outcome {
            Poll::Pending => Ok(None),
            Poll::Ready(Err(error)) => Err(errors::handshake(py, &error)),
            Poll::Ready(Ok(established)) => {
                let head = heads::response(py, &established.head)?;
                Established::new(py, &established, head).map(Some)
            }
        }
    }
}

/// The server's handshake over a byte stream.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct ServerHandshake(Mutex<Option<core::ServerHandshake>>);

#[derive(IntoPyObject)]
#[expect(clippy::large_enum_variant, reason = "it goes to Python at once")]
enum Decision {
    Upgrade(Upgrade),
    Refusal(Refusal),
}

#[derive(IntoPyObject)]
enum Answer {
    Accepted((ResponseHead, Established)),
    Refusal(Refusal),
}

#[pymethods]
impl ServerHandshake {
    #[new]
    #[pyo3(signature = (settings, *, origins=Origins::default(), subprotocols=Vec::new(), now=None))]
    fn new(
        settings: &Settings,
        origins: Origins,
        subprotocols: Vec<String>,
        now: Option<u64>,
    ) -> Self {
        let policy = core::ServerPolicy { origins: origins.0, subprotocols };
        let config = Arc::clone(&settings.0);
        let machine = core::ServerHandshake::new(Arc::new(policy), config, instant(now));
        Self(Mutex::new(Some(machine)))
    }

    /// Takes bytes of the client. Returns nothing until the request is there.
    #[pyo3(signature = (data, now=None))]
    fn receive(
        &self,
        py: Python<'_>,
        data: Vec<u8>,
        now: Option<u64>,
    ) -> PyResult<Option<Decision>> {
        self.outcome(py, |machine| machine.receive(&data, instant(now)))
    }

    /// Takes note that the client ended the stream.
    fn receive_eof(&self, py: Python<'_>) -> PyResult<Option<Decision>> {
        self.outcome(py, core::ServerHandshake::receive_eof)
    }

    /// Refuses a request that is not complete when its time is up.
    #[pyo3(signature = (now=None))]
    fn handle_timeout(&self, py: Python<'_>, now: Option<u64>) -> PyResult<Option<Decision>> {
        self.outcome(py, |machine| machine.handle_timeout(instant(now)))
    }

    #[getter]
    fn deadline(&self) -> Option<u64> {
        let machine = locked(&self.0);
        machine.as_ref().and_then(core::ServerHandshake::deadline).map(Instant::as_micros)
    }

    /// The response to send and the connection behind it, or the refusal to send instead. Once.
    fn accept(&self, py: Python<'_>, upgrade: &Upgrade) -> PyResult<Answer> {
        let machine = locked(&self.0).take().ok_or_else(|| used("handshake"))?;
        let upgrade = upgrade.take()?;
        Ok(match machine.accept(upgrade) {
            Ok((response, established)) => {
                let head = heads::request(py, &established.head)?;
                let established = Established::new(py, &established, head)?;
                Answer::Accepted((ResponseHead(response), established))
            }
            Err(refusal) => Answer::Refusal(Refusal::new(py, refusal)?),
        })
    }
}

impl ServerHandshake {
    fn outcome(
        &self,
        py: Python<'_>,
        step: impl FnOnce(&mut core::ServerHandshake) -> Poll<Result<core::Upgrade, core::Refusal>>,
    ) -> PyResult<Option<Decision>> {
        let mut machine = locked(&self.0);
        let outcome = step(machine.as_mut().ok_or_else(|| used("handshake"))?);
        drop(machine);
        Ok(match outcome {
            Poll::Pending => None,
            Poll::Ready(Ok(upgrade)) => Some(Decision::Upgrade(Upgrade(Mutex::new(Some(upgrade))))),
            Poll::Ready(Err(refusal)) => Some(Decision::Refusal(Refusal::new(py, refusal)?)),
        })
    }
}

fn used(what: &str) -> PyErr {
    PyRuntimeError::new_err(format!("this {what} was accepted before"))
}

/// `None` for pages of the server itself, `"any"`, or a list.
#[derive(Default)]
struct Origins(OriginPolicy);

impl FromPyObject<'_, '_> for Origins {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if value.is_none() {
            return Ok(Self(OriginPolicy::SameOrigin));
        }
        if value.extract::<String>().is_ok_and(|text| text == "any") {
            return Ok(Self(OriginPolicy::Any));
        }
        let list = value.extract::<Vec<String>>();
        let list = list.map_err(|_| PyTypeError::new_err("origins: None, \"any\" or a list"))?;
        Ok(Self(OriginPolicy::List(list)))
    }
}

/// A valid request for a WebSocket, which the application may accept or refuse.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct Upgrade(Mutex<Option<core::Upgrade>>);

#[pymethods]
impl Upgrade {
    /// Checks the fields of an extended CONNECT (RFC 8441), pseudo-headers included.
    #[staticmethod]
    #[pyo3(signature = (fields, settings, *, origins=Origins::default(), subprotocols=Vec::new()))]
    fn examine(
        py: Python<'_>,
        fields: Fields,
        settings: &Settings,
        origins: Origins,
        subprotocols: Vec<String>,
    ) -> PyResult<Decision> {
        let fields = fields.iter().map(|(name, FieldValue(value))| (&name[..], &value[..]));
        let request =
            core::Request::from_fields(fields).map_err(|error| errors::handshake(py, &error))?;
        let policy = core::ServerPolicy { origins: origins.0, subprotocols };
        match core::Upgrade::examine(request, &policy, settings.0.deflate.as_ref()) {
            Ok(upgrade) => Ok(Decision::Upgrade(Self(Mutex::new(Some(upgrade))))),
            Err(refusal) => Refusal::new(py, refusal).map(Decision::Refusal),
        }
    }

    #[getter]
    fn request<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.with(|upgrade| heads::request(py, upgrade.request()))?
    }

    /// The origin of the page behind the request, if it comes from a browser.
    #[getter]
    fn origin(&self) -> PyResult<Option<String>> {
        self.with(|upgrade| upgrade.origin().map(str::to_owned))
    }

    /// The subprotocols that the client offers.
    #[getter]
    fn subprotocols(&self) -> PyResult<Vec<String>> {
        self.with(|upgrade| upgrade.subprotocols().to_vec())
    }

    /// The subprotocol that will be answered.
    #[getter]
    fn subprotocol(&self) -> PyResult<Option<String>> {
        self.with(|upgrade| upgrade.subprotocol().map(str::to_owned))
    }

    /// Answers this subprotocol, or none.
    fn choose(&self, py: Python<'_>, subprotocol: Option<&str>) -> PyResult<()> {
        let chosen = self.with(|upgrade| upgrade.choose(subprotocol))?;
        chosen.map_err(|error| errors::handshake(py, &error))
    }

    /// Adds a field to the response.
    fn add_header(&self, py: Python<'_>, name: &str, value: FieldValue) -> PyResult<()> {
        let added = self.with(|upgrade| upgrade.add_header(name, &value.0))?;
        added.map_err(|error| errors::handshake(py, &error))
    }

    /// The response as it stands, and what would be agreed on.
    fn accept(&self) -> PyResult<(ResponseHead, Agreement)> {
        let (response, agreement) = self.with(|upgrade| upgrade.accept())?;
        Ok((ResponseHead(response), Agreement(agreement)))
    }
}

impl Upgrade {
    fn with<T>(&self, look: impl FnOnce(&mut core::Upgrade) -> T) -> PyResult<T> {
        locked(&self.0).as_mut().map(look).ok_or_else(|| used("request"))
    }

    fn take(&self) -> PyResult<core::Upgrade> {
        locked(&self.0).take().ok_or_else(|| used("request"))
    }
}

/// Why a server refuses, and what it answers.
#[pyclass(frozen, get_all, module = "polywire._polywire")]
pub(crate) struct Refusal {
    /// What the client did wrong, as an exception.
    error: Py<PyAny>,
    response: Py<ResponseHead>,
    /// The request, if it was read as far as that.
    request: Option<Py<PyAny>>,
}

impl Refusal {
    fn new(py: Python<'_>, refusal: core::Refusal) -> PyResult<Self> {
        let request = refusal.request.as_ref().map(|request| heads::request(py, request));
        Ok(Self {
            error: errors::handshake_object(py, &refusal.error)?.unbind(),
            response: Py::new(py, ResponseHead(*refusal.response))?,
            request: request.transpose()?.map(Bound::unbind),
        })
    }
}

/// A response to send.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct ResponseHead(core::Response);

#[pymethods]
impl ResponseHead {
    /// A response that refuses a handshake.
    #[staticmethod]
    #[pyo3(signature = (status, headers=Vec::new(), body=Vec::new()))]
    fn refusal(py: Python<'_>, status: u16, headers: Fields, body: Vec<u8>) -> PyResult<Self> {
        let response = core::Response::refusal(status, heads::headers(py, &headers)?, &body);
        response.map(Self).map_err(|error| errors::handshake(py, &error))
    }

    #[getter]
    fn status(&self) -> u16 {
        self.0.status
    }

    /// A copy as `polywire.http11.Response`.
    fn response<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        heads::response(py, &self.0)
    }

    /// The bytes in HTTP/1.1.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.to_bytes())
    }

    /// The fields of the header block of HTTP/2.
    fn fields(&self) -> Vec<(String, String)> {
        self.0.fields().map(|(name, value)| (name, heads::text(value))).collect()
    }
}

/// A client's request over HTTP/2 or HTTP/3, and the knowledge to check the response.
#[pyclass(frozen, module = "polywire._polywire")]
pub(crate) struct Offer(core::Offer);

#[pymethods]
impl Offer {
    #[new]
    #[pyo3(signature = (url, settings, *, subprotocols=Vec::new(), headers=Vec::new()))]
    fn new(
        py: Python<'_>,
        url: &Url,
        settings: &Settings,
        subprotocols: Vec<String>,
        headers: Fields,
    ) -> PyResult<Self> {
        let options = core::ClientOptions { subprotocols, headers: heads::headers(py, &headers)? };
        let offer = core::Offer::extended_connect(&url.0, &options, settings.0.deflate.as_ref());
        offer.map(Self).map_err(|error| errors::handshake(py, &error))
    }

    /// The fields of the header block to send, pseudo-headers first.
    fn fields(&self) -> Vec<(String, String)> {
        self.0.request().fields().map(|(name, value)| (name, heads::text(value))).collect()
    }

    /// What was agreed on, if the response agrees.
    fn verify(&self, py: Python<'_>, status: u16, headers: Fields) -> PyResult<Agreement> {
        let headers = heads::headers(py, &headers)?;
        let version = core::HttpVersion::Http2;
        let response = core::Response { version, status, headers, ..core::Response::default() };
        let agreement = self.0.verify(&response);
        agreement.map(Agreement).map_err(|error| errors::handshake(py, &error))
    }
}
