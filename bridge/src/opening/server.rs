//! A server's opening handshake, over a byte stream or over heads.

use core::mem;
use core::task::Poll;
use polywire::handshake::{
    Agreement, HandshakeError, Refusal, Request, Response, ServerHandshake, ServerPolicy, Upgrade,
};
use polywire::{Config, Instant};
use std::sync::Arc;

/// The server's end: the request, and what is answered.
///
/// Over a byte stream it takes bytes until there is a request, over heads it [examines](Self::examine) the one
/// that the host parsed. What is wrong with a request has its [response](Self::response); the caller's own
/// mistakes have none.
#[derive(Debug)]
pub struct Server {
    policy: Arc<ServerPolicy>,
    config: Arc<Config>,
    /// Of a byte stream, until it is accepted.
    machine: Option<ServerHandshake>,
    /// A valid request that is not answered yet.
    upgrade: Option<Upgrade>,
    /// One that is.
    request: Option<Request>,
    response: Option<Response>,
    leftover: Vec<u8>,
}

/// How a step ended, unless more has to come.
type Outcome<'a> = Option<Result<&'a Upgrade, HandshakeError>>;

impl Server {
    /// It starts now.
    pub fn new(policy: Arc<ServerPolicy>, config: Arc<Config>, now: Instant) -> Self {
        let machine = ServerHandshake::new(Arc::clone(&policy), Arc::clone(&config), now);
        Self {
            policy,
            config,
            machine: Some(machine),
            upgrade: None,
            request: None,
            response: None,
            leftover: Vec::new(),
        }
    }

    /// Takes bytes from the client, until there is an outcome; those that come later are kept.
    pub fn receive(&mut self, bytes: &[u8], now: Instant) -> Outcome<'_> {
        self.step(|machine| machine.receive(bytes, now))
    }

    /// Notes that the client ended the stream.
    pub fn receive_eof(&mut self) -> Outcome<'_> {
        self.step(ServerHandshake::receive_eof)
    }

    /// Refuses a request that is not complete when its time is up.
    pub fn handle_timeout(&mut self, now: Instant) -> Outcome<'_> {
        self.step(|machine| machine.handle_timeout(now))
    }

    /// When to call that, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        self.machine.as_ref().and_then(ServerHandshake::deadline)
    }

    /// Examines a request that the host parsed, instead of bytes.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn examine(&mut self, request: Request) -> Result<&Upgrade, HandshakeError> {
        self.machine = None;
        let outcome = Upgrade::examine(request, &self.policy, self.config.deflate.as_ref());
        self.decided(outcome)
    }

    /// The valid request, to look at and to decide about, until it is answered.
    pub const fn upgrade(&mut self) -> Option<&mut Upgrade> {
        self.upgrade.as_mut()
    }

    /// Accepts: what was agreed on, or that the client sent too much before it had an answer. Nothing where there
    /// is no valid request. Over heads it can be asked again, after other choices.
    pub fn accept(&mut self) -> Option<Result<Agreement, HandshakeError>> {
        let Some(machine) = self.machine.take() else {
            let (response, agreement) = self.upgrade.as_ref()?.accept();
            self.response = Some(response);
            return Some(Ok(agreement));
        };
        let Some(upgrade) = self.upgrade.take() else {
            self.machine = Some(machine);
            return None;
        };
        Some(match machine.accept(upgrade) {
            Err(refusal) => Err(self.refused(refusal)),
            Ok((response, established)) => {
                self.request = Some(established.head);
                self.response = Some(response);
                self.leftover = established.leftover;
                Ok(established.agreement)
            }
        })
    }

    /// The request, if it was read as far as that.
    pub fn request(&self) -> Option<&Request> {
        self.upgrade.as_ref().map(Upgrade::request).or(self.request.as_ref())
    }

    /// What to send, once it is decided.
    pub const fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    /// The bytes behind a request that was accepted, once: they are the first of the connection.
    pub fn take_leftover(&mut self) -> Vec<u8> {
        mem::take(&mut self.leftover)
    }

    fn step(
        &mut self,
        step: impl FnOnce(&mut ServerHandshake) -> Poll<Result<Upgrade, Refusal>>,
    ) -> Outcome<'_> {
        match step(self.machine.as_mut()?) {
            Poll::Pending => None,
            Poll::Ready(outcome) => Some(self.decided(outcome)),
        }
    }

    fn decided(&mut self, outcome: Result<Upgrade, Refusal>) -> Result<&Upgrade, HandshakeError> {
        match outcome {
            Ok(upgrade) => Ok(self.upgrade.insert(upgrade)),
            Err(refusal) => Err(self.refused(refusal)),
        }
    }

    fn refused(&mut self, refusal: Refusal) -> HandshakeError {
        self.request = refusal.request.map(|request| *request);
        self.response = Some(*refusal.response);
        refusal.error
    }
}
