//! The server's side of opening handshakes: over heads that Node parsed, and over bytes.

use crate::heads::{Agreed, Failure, Head, bytes, flat, headers, instant, millis};
use crate::settings::{Config, Policy};
use napi::bindgen_prelude::Either;
use napi_derive::napi;
use polywire::handshake::{self, HandshakeError, HttpVersion, Request, Response};
use std::sync::Arc;
use std::task::Poll;

/// A request after its examination.
type Examined = Either<Upgrade, Failure>;

/// A valid request, which the application may accept or refuse.
#[napi]
pub struct Upgrade(handshake::Upgrade);

#[napi]
impl Upgrade {
    /// Checks a request that was parsed by Node; `headers` are its raw headers.
    #[napi(catch_unwind)]
    pub fn examine(
        method: String,
        target: String,
        version: String,
        headers: Vec<String>,
        policy: &Policy,
        config: &Config,
    ) -> Examined {
        let version = if version == "1.0" { HttpVersion::Http10 } else { HttpVersion::Http11 };
        let request = self::headers(&headers).map(|headers| Request {
            version,
            method,
            target,
            headers,
            ..Request::default()
        });
        Self::judge(request, policy, config)
    }

    /// Checks the header fields of an extended CONNECT.
    #[napi(catch_unwind)]
    pub fn examine_fields(fields: Vec<String>, policy: &Policy, config: &Config) -> Examined {
        let fields: Vec<_> = fields.as_chunks::<2>().0.iter().collect();
        let values: Vec<_> = fields.iter().map(|field| bytes(&field[1])).collect();
        let borrowed = fields.iter().map(|field| field[0].as_str()).zip(values.iter());
        let request = Request::from_fields(borrowed.map(|(name, value)| (name, &value[..])));
        Self::judge(request, policy, config)
    }

    fn judge(
        request: Result<Request, HandshakeError>,
        policy: &Policy,
        config: &Config,
    ) -> Examined {
        let request = match request {
            Ok(request) => request,
            Err(error) => return Either::B(Failure::new(&error)),
        };
        match handshake::Upgrade::examine(request, &policy.0, config.0.deflate.as_ref()) {
            Ok(upgrade) => Either::A(Self(upgrade)),
            Err(refusal) => Either::B(Failure::refusal(&refusal)),
        }
    }

    /// The target of the request.
    #[napi(getter)]
    pub fn target(&self) -> String {
        self.0.request().target.clone()
    }

    /// The header fields of the request: names and values take turns.
    #[napi(getter)]
    pub fn headers(&self) -> Vec<String> {
        flat(self.0.request().headers.iter())
    }

    /// The subprotocols that the client offers.
    #[napi(getter)]
    pub fn subprotocols(&self) -> Vec<String> {
        self.0.subprotocols().to_vec()
    }

    /// Answers this subprotocol, or none.
    #[napi]
    pub fn choose(&mut self, subprotocol: Option<String>) -> Option<Failure> {
        self.0.choose(subprotocol.as_deref()).err().map(|error| Failure::new(&error))
    }

    /// Adds a header to the response.
    #[napi]
    pub fn add_header(&mut self, name: String, value: String) -> Option<Failure> {
        self.0.add_header(&name, &bytes(&value)).err().map(|error| Failure::new(&error))
    }

    /// The response to send, and what was agreed on.
    #[napi]
    pub fn accept(&self) -> Agreed {
        let (response, agreement) = self.0.accept();
        Agreed { response: Some(Head::new(&response)), ..Agreed::new(agreement) }
    }
}

/// A response that refuses a handshake.
#[napi]
pub fn refuse(status: u16, headers: Vec<String>, body: &[u8]) -> Either<Head, Failure> {
    let response =
        self::headers(&headers).and_then(|headers| Response::refusal(status, headers, body));
    match response {
        Ok(response) => Either::A(Head::new(&response)),
        Err(error) => Either::B(Failure::new(&error)),
    }
}

/// A server's handshake over a byte stream.
#[napi]
pub struct ServerHandshake(Option<handshake::ServerHandshake>);

type Outcome = Option<Either<Upgrade, Failure>>;

#[napi]
impl ServerHandshake {
    /// A handshake that starts at `now`.
    #[napi(constructor)]
    pub fn new(policy: &Policy, config: &Config, now: f64) -> Self {
        let (policy, config) = (Arc::clone(&policy.0), Arc::clone(&config.0));
        Self(Some(handshake::ServerHandshake::new(policy, config, instant(now))))
    }

    /// Takes bytes from the client.
    #[napi(catch_unwind)]
    pub fn receive(&mut self, bytes: &[u8], now: f64) -> Outcome {
        self.run(|handshake| handshake.receive(bytes, instant(now)))
    }

    /// Notes the end of the stream.
    #[napi]
    pub fn receive_eof(&mut self) -> Outcome {
        self.run(handshake::ServerHandshake::receive_eof)
    }

    /// Refuses a request that is not complete when its time is up.
    #[napi]
    pub fn handle_timeout(&mut self, now: f64) -> Outcome {
        self.run(|handshake| handshake.handle_timeout(instant(now)))
    }

    fn run(
        &mut self,
        act: impl FnOnce(
            &mut handshake::ServerHandshake,
        ) -> Poll<Result<handshake::Upgrade, handshake::Refusal>>,
    ) -> Outcome {
        match act(self.0.as_mut()?) {
            Poll::Pending => None,
            Poll::Ready(Ok(upgrade)) => Some(Either::A(Upgrade(upgrade))),
            Poll::Ready(Err(refusal)) => Some(Either::B(Failure::refusal(&refusal))),
        }
    }

    /// When the time is up, if it is limited.
    #[napi(getter)]
    pub fn deadline(&self) -> Option<f64> {
        millis(self.0.as_ref().and_then(handshake::ServerHandshake::deadline))
    }

    /// The response to send and the connection behind it, once; later nothing.
    #[napi]
    pub fn accept(&mut self, upgrade: &Upgrade) -> Option<Either<Agreed, Failure>> {
        match self.0.take()?.accept(upgrade.0.clone()) {
            Ok((response, established)) => Some(Either::A(Agreed {
                response: Some(Head::new(&response)),
                leftover: Some(established.leftover.into()),
                ..Agreed::new(established.agreement)
            })),
            Err(refusal) => Some(Either::B(Failure::refusal(&refusal))),
        }
    }
}
