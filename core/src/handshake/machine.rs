//! Handshakes fed with bytes.
//!
//! Owns the order of things on a socket: what is read, until when, and what is left for the frames
//! that follow. Every decision about a head is taken in `client` and `server`.

use super::Agreement;
use super::client::{ClientOptions, Offer};
use super::error::{Fault, HandshakeError};
use super::head::{Request, Response};
use super::refusal::Refusal;
use super::server::{ServerPolicy, Upgrade};
use super::url::Url;
use crate::config::Config;
use crate::http::body::BodyStart;
use crate::http::reader::{HeadError, HeadReader, RawHead};
use crate::time::Instant;
use alloc::format;
use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem;
use core::task::Poll;

type ClientOutcome = Poll<Result<Established<Response>, HandshakeError>>;
type ServerOutcome = Poll<Result<Upgrade, Refusal>>;

/// How much of the body of a refusal a client keeps.
const BODY_START: usize = 4096;

/// A handshake that succeeded.
#[derive(Clone, Debug)]
pub struct Established<Head> {
    /// What both ends agreed on.
    pub agreement: Agreement,
    /// The head of the other end: the response on the client, the request on the server.
    pub head: Head,
    /// Bytes that came behind the head. They are the first of the connection: give them to it before
    /// any others.
    pub leftover: Vec<u8>,
}

/// The client's handshake over a byte stream.
///
/// Send the request that [`new`](Self::new) returns, then give every byte that comes to
/// [`receive`](Self::receive) until it is ready.
#[derive(Debug)]
pub struct ClientHandshake {
    offer: Offer,
    state: ClientState,
    deadline: Option<Instant>,
}

#[derive(Debug)]
enum ClientState {
    Head(HeadReader),
    /// The server refuses; this is what the user is told.
    Body(HandshakeError, Response, BodyStart),
    Done,
}

impl ClientHandshake {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# When the client is to _Establish a WebSocket Connection_ given a set of (/host/, /port/,
    //# /resource name/, and /secure/ flag), along with a list of /protocols/ and /extensions/ to be
    //# used, and an /origin/ in the case of web browsers, it MUST open a connection, send an opening
    //# handshake, and read the server's handshake in response.

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# Once a connection to the server has been established (including a connection via a proxy or
    //# over a TLS-encrypted tunnel), the client MUST send an opening handshake to the server.

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# Once the client's opening handshake has been sent, the client MUST wait for a response from
    //# the server before sending any further data.
    /// A handshake that starts now, and the bytes to send. `nonce` is random and used only once.
    ///
    /// Limits, the time limit and the offer of compression come from `config`.
    ///
    /// # Errors
    ///
    /// A fault whose code begins with `option.`: a subprotocol or header that cannot be sent.
    pub fn new(
        url: &Url,
        options: &ClientOptions,
        config: &Config,
        nonce: [u8; 16],
        now: Instant,
    ) -> Result<(Self, Vec<u8>), HandshakeError> {
        let offer = Offer::new(url, options, config.deflate.as_ref(), nonce)?;
        let request = offer.to_bytes();
        let state = ClientState::Head(head_reader(config));
        let deadline = config.timeouts.handshake.map(|timeout| now + timeout);
        Ok((Self { offer, state, deadline }, request))
    }

    /// The request that was made.
    pub fn request(&self) -> &Request {
        self.offer.request()
    }

    /// Takes bytes from the server. Ready exactly once; what is given later is ignored.
    ///
    /// A refusal is reported when its body is complete or 4 KiB of it are there, or with as much of
    /// it as came before the end of the stream or the deadline.
    ///
    /// # Errors
    ///
    /// Why there is no connection. Close the stream then.
    pub fn receive(&mut self, mut bytes: &[u8], now: Instant) -> ClientOutcome {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            return self.finish(Fault::Timeout);
        }
        loop {
            match &mut self.state {
                ClientState::Done => return Poll::Pending,
                ClientState::Body(_, _, body) => {
                    body.read(bytes);
                    return if body.is_complete() {
                        self.finish(Fault::StreamEnded)
                    } else {
                        Poll::Pending
                    };
                }
                ClientState::Head(reader) => match reader.read(bytes) {
                    Ok(None) => return Poll::Pending,
                    Ok(Some((head, rest))) => {
                        bytes = rest;
                        if let Poll::Ready(done) = self.receive_head(&head, rest) {
                            return Poll::Ready(done);
                        }
                    }
                    Err(error) => {
                        self.state = ClientState::Done;
                        return Poll::Ready(Err(error.into()));
                    }
                },
            }
        }
    }

    /// Notes that the server ended the stream.
    ///
    /// # Errors
    ///
    /// Always, unless the handshake is over: there is no connection.
    pub fn receive_eof(&mut self) -> ClientOutcome {
        self.finish(Fault::StreamEnded)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| !matches!(self.state, ClientState::Done))
    }

    /// Ends the handshake if its time is up.
    ///
    /// # Errors
    ///
    /// [`Fault::Timeout`], or the refusal whose body was still arriving.
    pub fn handle_timeout(&mut self, now: Instant) -> ClientOutcome {
        self.receive(&[], now)
    }

    fn receive_head(&mut self, head: &RawHead, rest: &[u8]) -> ClientOutcome {
        let response = match Response::parse(head) {
            Ok(response) => response,
            Err(error) => {
                self.state = ClientState::Done;
                return Poll::Ready(Err(error));
            }
        };
        // RFC 9110 section 15.2: interim responses may come before the final one. The limits on the
        // head hold for all of them together.
        if matches!(response.status, 100 | 102..=199) {
            return Poll::Pending;
        }
        match self.offer.verify(&response) {
            Ok(agreement) => {
                self.state = ClientState::Done;
                let leftover = rest.to_vec();
                Poll::Ready(Ok(Established { agreement, head: response, leftover }))
            }
            Err(error) if error.fault == Fault::Status => {
                let body = body_of(&response);
                self.state = ClientState::Body(error, response, body);
                Poll::Pending
            }
            Err(error) => {
                self.state = ClientState::Done;
                Poll::Ready(Err(error.with(response)))
            }
        }
    }

    fn finish(&mut self, fault: Fault) -> ClientOutcome {
        match mem::replace(&mut self.state, ClientState::Done) {
            ClientState::Done => Poll::Pending,
            ClientState::Head(_) => Poll::Ready(Err(HandshakeError::missing(fault))),
            ClientState::Body(error, mut response, body) => {
                response.body = body.bytes;
                Poll::Ready(Err(error.with(response)))
            }
        }
    }
}

/// The server's handshake over a byte stream.
///
/// Give every byte that comes to [`receive`](Self::receive) until it is ready with an [`Upgrade`] or
/// a [`Refusal`]; then [`accept`](Self::accept), or refuse.
#[derive(Debug)]
pub struct ServerHandshake {
    policy: Arc<ServerPolicy>,
    config: Arc<Config>,
    state: ServerState,
    deadline: Option<Instant>,
}

#[derive(Debug)]
enum ServerState {
    Head(HeadReader),
    /// The application decides; meanwhile the bytes behind the head wait.
    Deciding {
        leftover: Vec<u8>,
        overflow: bool,
    },
    Refused,
}

impl ServerHandshake {
    /// A handshake that starts now. Limits, the time limit and compression come from `config`.
    pub fn new(policy: Arc<ServerPolicy>, config: Arc<Config>, now: Instant) -> Self {
        let state = ServerState::Head(head_reader(&config));
        let deadline = config.timeouts.handshake.map(|timeout| now + timeout);
        Self { policy, config, state, deadline }
    }

    /// Takes bytes from the client. Ready exactly once.
    ///
    /// A client must wait for the answer before it sends more. What comes nevertheless is kept up to
    /// the size of a head; after a refusal it is ignored.
    ///
    /// # Errors
    ///
    /// The refusal: send its response, then close.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> ServerOutcome {
        if self.deadline().is_some_and(|deadline| now >= deadline) {
            return self.refuse(HandshakeError::missing(Fault::Timeout));
        }
        let (head, rest) = match &mut self.state {
            ServerState::Refused => return Poll::Pending,
            ServerState::Deciding { .. } => {
                self.keep(bytes);
                return Poll::Pending;
            }
            ServerState::Head(reader) => match reader.read(bytes) {
                Ok(None) => return Poll::Pending,
                Ok(Some(complete)) => complete,
                Err(error) => return self.refuse(error.into()),
            },
        };
        let request = match Request::parse(&head) {
            Ok(request) => request,
            Err(error) => return self.refuse(error),
        };
        match Upgrade::examine(request, &self.policy, self.config.deflate.as_ref()) {
            Ok(upgrade) => {
                self.state = ServerState::Deciding { leftover: Vec::new(), overflow: false };
                self.keep(rest);
                Poll::Ready(Ok(upgrade))
            }
            Err(refusal) => {
                self.state = ServerState::Refused;
                Poll::Ready(Err(refusal))
            }
        }
    }

    /// Notes that the client ended the stream.
    ///
    /// # Errors
    ///
    /// The refusal, unless the request is complete. The client may still read it.
    pub fn receive_eof(&mut self) -> ServerOutcome {
        if matches!(self.state, ServerState::Head(_)) {
            return self.refuse(HandshakeError::missing(Fault::StreamEnded));
        }
        Poll::Pending
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if nothing happens before. The time
    /// that the application takes to decide is its own.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| matches!(self.state, ServerState::Head(_)))
    }

    /// Refuses a request that is not complete when its time is up.
    ///
    /// # Errors
    ///
    /// The refusal with [`Fault::Timeout`].
    pub fn handle_timeout(&mut self, now: Instant) -> ServerOutcome {
        self.receive(&[], now)
    }

    /// The response to send, and the connection that begins behind it.
    ///
    /// # Errors
    ///
    /// The refusal to send instead, with [`Fault::EarlyData`], when the client did not wait and sent
    /// more than is kept.
    pub fn accept(self, upgrade: Upgrade) -> Result<(Response, Established<Request>), Refusal> {
        let leftover = match self.state {
            ServerState::Deciding { leftover, overflow: false } => leftover,
            ServerState::Deciding { .. } => {
                let error = HandshakeError::missing(Fault::EarlyData);
                return Err(Refusal::new(error, Some(upgrade.into_request())));
            }
            ServerState::Head(_) | ServerState::Refused => Vec::new(),
        };
        let (response, agreement) = upgrade.accept();
        Ok((response, Established { agreement, head: upgrade.into_request(), leftover }))
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let ServerState::Deciding { leftover, overflow } = &mut self.state {
            *overflow |= bytes.len() > self.config.limits.head_size.saturating_sub(leftover.len());
            if !*overflow {
                leftover.extend_from_slice(bytes);
            }
        }
    }

    fn refuse(&mut self, error: HandshakeError) -> ServerOutcome {
        self.state = ServerState::Refused;
        Poll::Ready(Err(Refusal::new(error, None)))
    }
}

fn head_reader(config: &Config) -> HeadReader {
    HeadReader::new(config.limits.head_size, config.limits.head_lines)
}

fn body_of(response: &Response) -> BodyStart {
    let Response { headers, status, .. } = response;
    // RFC 9112 section 6.3: these never have one.
    let length =
        if matches!(status, 204 | 304) { Some(&b"0"[..]) } else { headers.first("Content-Length") };
    BodyStart::new(headers.all("Transfer-Encoding"), length, BODY_START)
}

impl From<HeadError> for HandshakeError {
    fn from(error: HeadError) -> Self {
        match error {
            HeadError::TooLong => Self::told(Fault::HeadTooLong, "more bytes".to_string()),
            HeadError::TooManyLines => {
                Self::told(Fault::HeadTooManyLines, "more lines".to_string())
            }
            HeadError::Malformed { byte, offset } => {
                Self::told(Fault::HeadMalformed, format!("byte {byte:#04x} at offset {offset}"))
            }
        }
    }
}
