//! The client's side of opening handshakes: over heads that Node sends and parses, and over bytes.

use crate::heads::{Agreed, Failure, Head, flat, headers, instant, millis};
use crate::settings::Config;
use napi::bindgen_prelude::{Buffer, Either};
use napi_derive::napi;
use polywire::handshake::{
    self, ClientOptions, Established, HandshakeError, HttpVersion, Response, Url,
};
use polywire_bridge::clock;
use std::task::Poll;

/// What the caller asks for.
fn options(
    url: &str,
    subprotocols: Vec<String>,
    headers: &[String],
) -> Result<(Url, ClientOptions), HandshakeError> {
    let headers = self::headers(headers)?;
    Ok((Url::parse(url)?, ClientOptions { subprotocols, headers }))
}

/// 16 bytes that were given, or random ones.
fn nonce(given: Option<&[u8]>) -> [u8; 16] {
    given.and_then(|bytes| bytes.try_into().ok()).unwrap_or_else(clock::random)
}

type MadeOffer = Either<Offer, Failure>;
type MadeHandshake = Either<ClientHandshake, Failure>;

/// A request, and the knowledge to check the response.
#[napi]
pub struct Offer(handshake::Offer);

#[napi]
impl Offer {
    /// A request over HTTP/1.1, or an extended CONNECT.
    #[napi]
    pub fn create(
        url: String,
        subprotocols: Vec<String>,
        headers: Vec<String>,
        config: &Config,
        extended_connect: bool,
    ) -> MadeOffer {
        let deflate = config.0.deflate.as_ref();
        let offer = options(&url, subprotocols, &headers).and_then(|(url, options)| {
            if extended_connect {
                handshake::Offer::extended_connect(&url, &options, deflate)
            } else {
                handshake::Offer::new(&url, &options, deflate, nonce(None))
            }
        });
        match offer {
            Ok(offer) => Either::A(Self(offer)),
            Err(error) => Either::B(Failure::new(&error)),
        }
    }

    /// The header fields of the request: names and values take turns.
    #[napi(getter)]
    pub fn headers(&self) -> Vec<String> {
        flat(self.0.request().headers.iter())
    }

    /// The fields of the request as HTTP/2 has them.
    #[napi(getter)]
    pub fn fields(&self) -> Vec<String> {
        flat(self.0.request().fields())
    }

    /// What was agreed on, if the response agrees. `version` is that of HTTP.
    #[napi(catch_unwind)]
    pub fn verify(
        &self,
        version: String,
        status: u16,
        headers: Vec<String>,
    ) -> Either<Agreed, Failure> {
        let version = match version.as_str() {
            "1.0" => HttpVersion::Http10,
            "2.0" => HttpVersion::Http2,
            _ => HttpVersion::Http11,
        };
        let agreement = self::headers(&headers).and_then(|headers| {
            let response = Response { version, status, headers, ..Response::default() };
            self.0.verify(&response)
        });
        match agreement {
            Ok(agreement) => Either::A(Agreed::new(agreement)),
            Err(error) => Either::B(Failure::new(&error)),
        }
    }
}

/// A client's handshake over a byte stream.
#[napi]
pub struct ClientHandshake {
    handshake: handshake::ClientHandshake,
    request: Vec<u8>,
}

type Outcome = Option<Either<Agreed, Failure>>;

#[napi]
impl ClientHandshake {
    /// A handshake that starts at `now`.
    #[napi]
    pub fn create(
        url: String,
        subprotocols: Vec<String>,
        headers: Vec<String>,
        config: &Config,
        nonce: Option<&[u8]>,
        now: f64,
    ) -> MadeHandshake {
        let created = options(&url, subprotocols, &headers).and_then(|(url, options)| {
            let (nonce, now) = (self::nonce(nonce), instant(now));
            handshake::ClientHandshake::new(&url, &options, &config.0, nonce, now)
        });
        match created {
            Ok((handshake, request)) => Either::A(Self { handshake, request }),
            Err(error) => Either::B(Failure::new(&error)),
        }
    }

    /// The bytes to send.
    #[napi(getter)]
    pub fn request(&self) -> Buffer {
        self.request.clone().into()
    }

    /// Takes bytes from the server.
    #[napi(catch_unwind)]
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Outcome {
        told(self.handshake.receive(bytes, instant(now)))
    }

    /// Notes the end of the stream.
    #[napi]
    pub fn receive_eof(&mut self) -> Outcome {
        told(self.handshake.receive_eof())
    }

    /// Ends the handshake if its time is up.
    #[napi]
    pub fn handle_timeout(&mut self, now: f64) -> Outcome {
        told(self.handshake.handle_timeout(instant(now)))
    }

    /// When the time is up, if it is limited.
    #[napi(getter)]
    pub fn deadline(&self) -> Option<f64> {
        millis(self.handshake.deadline())
    }
}

fn told(outcome: Poll<Result<Established<Response>, HandshakeError>>) -> Outcome {
    match outcome {
        Poll::Pending => None,
        Poll::Ready(Ok(established)) => Some(Either::A(Agreed {
            response: Some(Head::new(&established.head)),
            leftover: Some(established.leftover.into()),
            ..Agreed::new(established.agreement)
        })),
        Poll::Ready(Err(error)) => Some(Either::B(Failure::new(&error))),
    }
}
