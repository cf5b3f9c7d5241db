//! A client's opening handshake, over a byte stream or over heads.

use core::mem;
use core::task::Poll;
use polywire::handshake::{
    Agreement, ClientHandshake, ClientOptions, Established, HandshakeError, Offer, Request,
    Response, Url,
};
use polywire::{Config, Instant};

/// The client's end: its request, and the knowledge to check the response.
#[derive(Debug)]
pub struct Client {
    over: Over,
    response: Option<Response>,
    leftover: Vec<u8>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one, until the connection is open")]
enum Over {
    /// A byte stream, with the bytes that open it.
    Stream(ClientHandshake, Vec<u8>),
    /// Heads, which the host sends and parses.
    Heads(Offer),
}

/// How a step ended, unless more has to come.
type Outcome = Option<Result<Agreement, HandshakeError>>;

impl Client {
    /// Over a byte stream; it starts now. The nonce is random, and used only once.
    ///
    /// # Errors
    ///
    /// What the options have that cannot be sent.
    pub fn over_stream(
        url: &Url,
        options: &ClientOptions,
        config: &Config,
        nonce: [u8; 16],
        now: Instant,
    ) -> Result<Self, HandshakeError> {
        let (machine, bytes) = ClientHandshake::new(url, options, config, nonce, now)?;
        Ok(Self::new(Over::Stream(machine, bytes)))
    }

    /// Over heads: of HTTP/1.1 with a nonce, without one the extended CONNECT of HTTP/2 and HTTP/3.
    ///
    /// # Errors
    ///
    /// As those of [`over_stream`](Self::over_stream).
    pub fn over_heads(
        url: &Url,
        options: &ClientOptions,
        config: &Config,
        nonce: Option<[u8; 16]>,
    ) -> Result<Self, HandshakeError> {
        let deflate = config.deflate.as_ref();
        let offer = match nonce {
            Some(nonce) => Offer::new(url, options, deflate, nonce),
            None => Offer::extended_connect(url, options, deflate),
        };
        offer.map(|offer| Self::new(Over::Heads(offer)))
    }

    const fn new(over: Over) -> Self {
        Self { over, response: None, leftover: Vec::new() }
    }

    /// The request.
    pub fn request(&self) -> &Request {
        match &self.over {
            Over::Stream(machine, _) => machine.request(),
            Over::Heads(offer) => offer.request(),
        }
    }

    /// The bytes of the request, which open a byte stream; none over heads.
    pub fn bytes(&self) -> &[u8] {
        match &self.over {
            Over::Stream(_, bytes) => bytes,
            Over::Heads(_) => &[],
        }
    }

    /// Takes bytes from the server, until there is an outcome.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Outcome {
        self.step(|machine| machine.receive(bytes, now))
    }

    /// Notes that the server ended the stream.
    pub fn receive_eof(&mut self) -> Outcome {
        self.step(ClientHandshake::receive_eof)
    }

    /// Ends the handshake if its time is up.
    pub fn handle_timeout(&mut self, now: Instant) -> Outcome {
        self.step(|machine| machine.handle_timeout(now))
    }

    /// When to call that, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        match &self.over {
            Over::Stream(machine, _) => machine.deadline(),
            Over::Heads(_) => None,
        }
    }

    /// What was agreed on, if a response that the host parsed agrees; nothing over a byte stream.
    pub fn verify(&mut self, response: Response) -> Outcome {
        let Over::Heads(offer) = &self.over else { return None };
        let outcome = offer.verify(&response);
        self.response = outcome.is_ok().then_some(response);
        Some(outcome)
    }

    /// The response to a handshake that succeeded.
    pub const fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// The bytes behind the response, once: they are the first of the connection.
    pub fn take_leftover(&mut self) -> Vec<u8> {
        mem::take(&mut self.leftover)
    }

    fn step(
        &mut self,
        step: impl FnOnce(&mut ClientHandshake) -> Poll<Result<Established<Response>, HandshakeError>>,
    ) -> Outcome {
        let Over::Stream(machine, _) = &mut self.over else { return None };
        let Poll::Ready(outcome) = step(machine) else { return None };
        Some(outcome.map(|established| {
            self.response = Some(established.head);
            self.leftover = established.leftover;
            established.agreement
        }))
    }
}
