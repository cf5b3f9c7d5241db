//! The opening handshake over a byte stream, and URLs.
//!
//! Owns how the core's machines cross the border. Over parsed heads it is `parsed`.

use crate::bytes::Blob;
use crate::connection::instant;
use crate::failure::Failure;
use crate::http::{Header, Request, Response, headers};
use crate::parsed::{ServerPolicy, Upgrade};
use crate::settings::{Agreement, Settings};
use polywire::handshake;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// A `ws://` or `wss://` URL, taken apart.
#[derive(Debug, uniffi::Object)]
pub struct Url {
    pub(crate) url: handshake::Url,
}

/// The parts of a URL.
#[derive(Debug, uniffi::Record)]
pub struct UrlParts {
    /// Whether the connection runs through TLS.
    pub secure: bool,
    /// The host to connect to; an IPv6 address is without its brackets.
    pub host: String,
    /// The port to connect to.
    pub port: u16,
    /// Path and query.
    pub target: String,
    /// Host and port as they stand in `Host`.
    pub authority: String,
    /// The user's name, decoded.
    pub user: Option<String>,
    /// The password, decoded.
    pub password: Option<String>,
}

#[uniffi::export]
impl Url {
    /// Parses a URL.
    #[uniffi::constructor]
    pub fn new(text: &str) -> Result<Self, Failure> {
        Ok(Self { url: handshake::Url::parse(text)? })
    }

    /// Where the `Location` of a redirect leads.
    pub fn redirect(&self, location: &str) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self { url: self.url.redirect(location)? }))
    }

    /// Its parts.
    pub fn parts(&self) -> UrlParts {
        let (user, password) = self.url.credentials().unzip();
        UrlParts {
            secure: self.url.is_secure(),
            host: self.url.host().to_owned(),
            port: self.url.port(),
            target: self.url.target().to_owned(),
            authority: self.url.authority(),
            user: user.map(str::to_owned),
            password: password.map(str::to_owned),
        }
    }
}

/// What a client asks for, apart from the URL.
#[derive(Debug, uniffi::Record)]
pub struct ClientOptions {
    /// The subprotocols that the application speaks, the preferred one first.
    pub subprotocols: Vec<String>,
    /// Further header fields.
    pub headers: Vec<Header>,
}

impl ClientOptions {
    pub(crate) fn to_core(&self) -> Result<handshake::ClientOptions, Failure> {
        let subprotocols = self.subprotocols.clone();
        Ok(handshake::ClientOptions { subprotocols, headers: headers(&self.headers)? })
    }
}

/// A client's handshake that succeeded.
#[derive(Debug, uniffi::Record)]
pub struct Established {
    /// What both ends agreed on.
    pub agreement: Agreement,
    /// The server's response.
    pub response: Response,
    /// The first bytes of the connection: give them to it before any others.
    pub leftover: Blob,
}

/// The client's handshake over a byte stream.
#[derive(Debug, uniffi::Object)]
pub struct ClientHandshake {
    machine: Mutex<handshake::ClientHandshake>,
    request: Vec<u8>,
}

type ClientOutcome = Result<Option<Established>, Failure>;

#[uniffi::export]
impl ClientHandshake {
    /// A handshake that starts now. The nonce has 16 bytes; without one it is random.
    #[uniffi::constructor]
    pub fn new(
        url: &Url,
        options: ClientOptions,
        settings: &Settings,
        nonce: Option<Blob>,
        now: i64,
    ) -> Result<Self, Failure> {
        let nonce = match nonce {
            None => polywire_bridge::clock::random(),
            Some(nonce) => {
                nonce.as_bytes().try_into().map_err(|_| Failure::setting("nonce", "16 bytes"))?
            }
        };
        let (machine, request) = handshake::ClientHandshake::new(
            &url.url,
            &options.to_core()?,
            &settings.config,
            nonce,
            instant(now),
        )?;
        Ok(Self { machine: Mutex::new(machine), request })
    }

    /// The bytes to send.
    pub fn request(&self) -> Blob {
        self.request[..].into()
    }

    /// Takes bytes from the server, until there is a result.
    pub fn receive(&self, bytes: &[u8], now: i64) -> ClientOutcome {
        established(self.lock().receive(bytes, instant(now)))
    }

    /// Takes note that the server ended the stream.
    pub fn receive_eof(&self) -> ClientOutcome {
        established(self.lock().receive_eof())
    }

    /// Ends the handshake if its time is up.
    pub fn handle_timeout(&self, now: i64) -> ClientOutcome {
        established(self.lock().handle_timeout(instant(now)))
    }

    /// When to call that, if nothing happens before.
    pub fn deadline(&self) -> Option<i64> {
        micros(self.lock().deadline())
    }
}

impl ClientHandshake {
    fn lock(&self) -> MutexGuard<'_, handshake::ClientHandshake> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn micros(deadline: Option<polywire::Instant>) -> Option<i64> {
    deadline.map(|deadline| i64::try_from(deadline.as_micros()).unwrap_or(i64::MAX))
}

type Outcome<Head> = Poll<Result<handshake::Established<Head>, handshake::HandshakeError>>;

fn established(outcome: Outcome<handshake::Response>) -> ClientOutcome {
    let Poll::Ready(result) = outcome else { return Ok(None) };
    let established = result?;
    Ok(Some(Established {
        agreement: established.agreement.into(),
        response: Response::received(established.head),
        leftover: established.leftover[..].into(),
    }))
}

/// A server's handshake that succeeded.
#[derive(Debug, uniffi::Record)]
pub struct Accepted {
    /// The bytes to send.
    pub answer: Blob,
    /// What both ends agreed on.
    pub agreement: Agreement,
    /// The client's request.
    pub request: Request,
    /// The first bytes of the connection: give them to it before any others.
    pub leftover: Blob,
}

/// The server's handshake over a byte stream.
#[derive(Debug, uniffi::Object)]
pub struct ServerHandshake {
    /// `None` once it was accepted.
    machine: Mutex<Option<handshake::ServerHandshake>>,
}

#[uniffi::export]
impl ServerHandshake {
    /// A handshake that starts now.
    #[uniffi::constructor]
    pub fn new(policy: ServerPolicy, settings: &Settings, now: i64) -> Self {
        let (policy, config) = (Arc::new(policy.into()), Arc::clone(&settings.config));
        let machine = handshake::ServerHandshake::new(policy, config, instant(now));
        Self { machine: Mutex::new(Some(machine)) }
    }

    /// Takes bytes from the client; gives a valid request, once.
    pub fn receive(&self, bytes: &[u8], now: i64) -> Result<Option<Arc<Upgrade>>, Failure> {
        self.step(|machine| machine.receive(bytes, instant(now)))
    }

    /// Takes note that the client ended the stream.
    pub fn receive_eof(&self) -> Result<Option<Arc<Upgrade>>, Failure> {
        self.step(handshake::ServerHandshake::receive_eof)
    }

    /// Refuses a request that is not complete when its time is up.
    pub fn handle_timeout(&self, now: i64) -> Result<Option<Arc<Upgrade>>, Failure> {
        self.step(|machine| machine.handle_timeout(instant(now)))
    }

    /// When to call that, if nothing happens before.
    pub fn deadline(&self) -> Option<i64> {
        micros(self.lock().as_ref().and_then(handshake::ServerHandshake::deadline))
    }

    /// Accepts a request that this handshake gave. It is over then.
    pub fn accept(&self, upgrade: &Upgrade) -> Result<Accepted, Failure> {
        let machine = self.lock().take().ok_or(polywire::UsageError::NotOpen)?;
        let (response, established) = machine.accept(upgrade.lock().clone())?;
        Ok(Accepted {
            answer: response.to_bytes()[..].into(),
            agreement: established.agreement.into(),
            request: (&established.head).into(),
            leftover: established.leftover[..].into(),
        })
    }
}

impl ServerHandshake {
    fn lock(&self) -> MutexGuard<'_, Option<handshake::ServerHandshake>> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step<F>(&self, step: F) -> Result<Option<Arc<Upgrade>>, Failure>
    where
        F: FnOnce(
            &mut handshake::ServerHandshake,
        ) -> Poll<Result<handshake::Upgrade, handshake::Refusal>>,
    {
        match self.lock().as_mut().map(step) {
            None | Some(Poll::Pending) => Ok(None),
            Some(Poll::Ready(upgrade)) => Ok(Some(Arc::new(upgrade?.into()))),
        }
    }
}

/// The bytes of a response by which the application refuses. Close the socket after them.
#[uniffi::export]
pub fn refusal(status: u16, fields: Vec<Header>, body: &[u8]) -> Result<Blob, Failure> {
    Ok(handshake::Response::refusal(status, headers(&fields)?, body)?.to_bytes()[..].into())
}
