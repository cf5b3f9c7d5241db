//! The opening handshake over parsed heads: for hosts with an HTTP of their own, such as HTTP/2 with the
//! extended CONNECT of RFC 8441.
//!
//! Owns how the core's functions cross the border. Over a byte stream it is `handshake`.

use crate::failure::Failure;
use crate::handshake::{ClientOptions, Url};
use crate::http::{Header, Request, fields, headers};
use crate::settings::{Agreement, Settings};
use polywire::handshake::{self, HttpVersion, OriginPolicy, Response};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which pages may connect to a server.
#[derive(Debug, uniffi::Enum)]
pub enum Origins {
    /// Those of this server.
    Same,
    /// Any.
    Any,
    /// Only these.
    Listed {
        /// Such as `https://example.com`.
        origins: Vec<String>,
    },
}

/// What a server accepts without asking the application.
#[derive(Debug, uniffi::Record)]
pub struct ServerPolicy {
    /// Which pages may connect.
    pub origins: Origins,
    /// The subprotocols that the application speaks, the preferred one first.
    pub subprotocols: Vec<String>,
}

impl From<ServerPolicy> for handshake::ServerPolicy {
    fn from(policy: ServerPolicy) -> Self {
        let origins = match policy.origins {
            Origins::Same => OriginPolicy::SameOrigin,
            Origins::Any => OriginPolicy::Any,
            Origins::Listed { origins } => OriginPolicy::List(origins),
        };
        Self { origins, subprotocols: policy.subprotocols }
    }
}

/// A client's request over HTTP/2 or HTTP/3, and the knowledge to check the response.
#[derive(Debug, uniffi::Object)]
pub struct Offer {
    offer: handshake::Offer,
}

#[uniffi::export]
impl Offer {
    /// The request.
    #[uniffi::constructor]
    pub fn new(url: &Url, options: ClientOptions, settings: &Settings) -> Result<Self, Failure> {
        let deflate = settings.config.deflate.as_ref();
        let options = options.to_core()?;
        Ok(Self { offer: handshake::Offer::extended_connect(&url.url, &options, deflate)? })
    }

    /// Its fields, pseudo-headers first.
    pub fn fields(&self) -> Vec<Header> {
        fields(self.offer.request().fields())
    }

    /// What was agreed on, if the response agrees to this request.
    pub fn verify(&self, status: u16, fields: Vec<Header>) -> Result<Agreement, Failure> {
        let headers = headers(&fields)?;
        let version = HttpVersion::Http2;
        let response = Response { version, status, headers, ..Response::default() };
        Ok(self.offer.verify(&response)?.into())
    }
}

/// A valid request for a WebSocket, which the application may accept or refuse.
#[derive(Debug, uniffi::Object)]
pub struct Upgrade {
    upgrade: Mutex<handshake::Upgrade>,
}

/// The answer to a request over HTTP/2 or HTTP/3.
#[derive(Debug, uniffi::Record)]
pub struct Acceptance {
    /// The status.
    pub status: u16,
    /// The fields.
    pub fields: Vec<Header>,
    /// What both ends agreed on.
    pub agreement: Agreement,
}

impl From<handshake::Upgrade> for Upgrade {
    fn from(upgrade: handshake::Upgrade) -> Self {
        Self { upgrade: Mutex::new(upgrade) }
    }
}

#[uniffi::export]
impl Upgrade {
    /// Examines a request over HTTP/2 or HTTP/3, pseudo-headers included.
    #[uniffi::constructor]
    pub fn new(
        fields: Vec<Header>,
        policy: ServerPolicy,
        settings: &Settings,
    ) -> Result<Self, Failure> {
        let fields = fields.iter().map(|field| (&field.name[..], field.value.as_bytes()));
        let request = handshake::Request::from_fields(fields)?;
        let deflate = settings.config.deflate.as_ref();
        Ok(handshake::Upgrade::examine(request, &policy.into(), deflate)?.into())
    }

    /// The request.
    pub fn request(&self) -> Request {
        self.lock().request().into()
    }

    /// The origin of the page behind the request, if it comes from a browser.
    pub fn origin(&self) -> Option<String> {
        self.lock().origin().map(str::to_owned)
    }

    /// The subprotocols that the client offers.
    pub fn subprotocols(&self) -> Vec<String> {
        self.lock().subprotocols().to_vec()
    }

    /// Answers this subprotocol, or none.
    pub fn choose(&self, subprotocol: Option<String>) -> Result<(), Failure> {
        Ok(self.lock().choose(subprotocol.as_deref())?)
    }

    /// Adds a header to the response.
    pub fn add_header(&self, header: Header) -> Result<(), Failure> {
        Ok(self.lock().add_header(&header.name, header.value.as_bytes())?)
    }

    /// The answer over HTTP/2 or HTTP/3; over a byte stream it is `ServerHandshake.accept`.
    pub fn acceptance(&self) -> Acceptance {
        let (response, agreement) = self.lock().accept();
        let fields = fields(response.fields());
        Acceptance { status: response.status, fields, agreement: agreement.into() }
    }
}

impl Upgrade {
    pub(crate) fn lock(&self) -> MutexGuard<'_, handshake::Upgrade> {
        self.upgrade.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
