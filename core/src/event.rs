//! What has happened on a connection.
//!
//! Owns the vocabulary of the receiving side. Events are facts of the past and never errors.

use crate::close::CloseCode;
use crate::error::{Rule, Violation};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// Something that the peer did, or that time did.
///
/// Payloads are borrowed: from the chunk that was received where the message lay whole in it, else
/// from the connection's own buffer. Copy what you keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole text message ([`Delivery::Whole`](crate::Delivery::Whole)).
    Text(&'a str),
    /// A whole binary message ([`Delivery::Whole`](crate::Delivery::Whole)).
    Binary(&'a [u8]),
    /// The next piece of a message ([`Delivery::Streamed`](crate::Delivery::Streamed)).
    Chunk {
        /// The piece; text is cut between characters. Empty only when it is the last.
        data: Data<'a>,
        /// Whether it ends the message.
        last: bool,
    },
    /// A ping. It is answered already, unless the connection is closing or
    /// [`Config::answer_pings`](crate::Config::answer_pings) is off.
    Ping(&'a [u8]),
    /// A pong.
    Pong {
        /// What it carries.
        payload: &'a [u8],
        /// The round trip, when it answers a ping of this connection.
        rtt: Option<Duration>,
    },
    /// The peer's close frame. It is answered already. No message comes after it.
    Close {
        /// The status code, if the frame carries one.
        code: Option<CloseCode>,
        /// The reason, often empty.
        reason: &'a str,
    },
    /// The peer broke the protocol or a limit. The close frame that says so is queued already, unless
    /// one went out before, and no message comes after it.
    Failed(Violation),
    /// Nothing comes after this. It comes last, and exactly once. Write what is queued, then drop
    /// the socket.
    Ended(Ended),
}

/// An [`Event`] whose message belongs to the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnedEvent<'a> {
    /// A whole text message.
    Text(String),
    /// A whole binary message.
    Binary(Vec<u8>),
    /// Anything else, a [`Chunk`](Event::Chunk) of a message included.
    Other(Event<'a>),
}

/// Borrowed content of a message, text or binary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data<'a> {
    /// Valid UTF-8.
    Text(&'a str),
    /// Any bytes.
    Binary(&'a [u8]),
}

impl<'a> Data<'a> {
    /// The bytes, whatever the kind.
    pub const fn as_bytes(self) -> &'a [u8] {
        match self {
            Data::Text(text) => text.as_bytes(),
            Data::Binary(bytes) => bytes,
        }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// What ended it.
    pub cause: Cause,
    /// The status code of the connection as RFC 6455 section 7.1.5 defines it: the peer's, or 1005
    /// when its close frame had none, or 1006 when there was no close frame.
    pub code: CloseCode,
}

/// What ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    /// Both close frames were exchanged.
    Closed,
    /// The peer broke this rule.
    Violation(Rule),
    /// The peer's stream ended without a close frame.
    Lost,
    /// No sign of life came after a keepalive ping.
    PongTimeout,
    /// The peer did not finish the closing handshake in time.
    CloseTimeout,
    /// No message passed for the configured time.
    IdleTimeout,
    /// This side gave the connection up.
    Aborted,
}
