//! The life of a connection after the opening handshake.
//!
//! Owns the state and every change of it (RFC 6455 sections 5.5.1 and 7.1); nothing else decides
//! whether frames are sent, read, or ignored. Knows nothing of bytes.
//!
//! ```text
//!                 this end closes                       peer's close
//!        ┌───────────────────────────▶ CloseSent ───────────────┬─────────────┐
//!        │                                 │                    │             │
//!        │                                 │                    │ client      │ server
//!        │        peer's close (answered)  │                    ▼             │
//!      Open ───────────────────────────────┼──────────▶ CloseReceived         │
//!        │      │                 client   │                    │             │
//!        │      │ server                   │ end of stream,     │ end of      │
//!        │      │                          │ close timeout      │ stream,     │
//!        │      ▼                          ▼                    ▼ timeout     ▼
//!        └───────────────────────────────▶          Ended          ◀──────────┘
//!          end of stream, violation, pong timeout, abort: from every state
//! ```
//!
//! `Ended` is announced once. The socket may outlive it for a moment: what is queued is still
//! written, and the rest of the peer's stream is read and thrown away, so that the peer gets to read
//! the close frame before a reset could destroy it.

use crate::close::CloseCode;
use crate::error::Rule;
use crate::event::{Cause, Ended};
use crate::role::Role;
use crate::time::Instant;
use core::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Messages flow both ways.
    Open,
    /// This end's close frame is queued; the peer's is awaited, and messages before it are taken.
    CloseSent,
    /// Both close frames are exchanged; the client awaits that the server closes the socket.
    CloseReceived,
    /// Nothing is sent and nothing is taken.
    Ended,
}

/// What to do with the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Socket {
    /// Keep it: the connection lives, or has bytes to write.
    Keep,
    /// Shut down the writing side, then go on reading (the bytes are ignored) until the peer's
    /// stream ends or the deadline passes: so the peer can read everything that was written.
    ShutdownWrite,
    /// Close it. If the deadline is due as well, an event is: take it first, with
    /// [`handle_timeout`](crate::Connection::handle_timeout).
    Close,
}

/// What the host's loop should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Whether to read from the socket.
    pub read: bool,
    /// Whether there is something to write.
    pub write: bool,
    /// Whether the socket is kept, shut down, or closed.
    pub socket: Socket,
    /// When to call [`Connection::handle_timeout`](crate::Connection::handle_timeout), unless something else happens before.
    pub deadline: Option<Instant>,
}

/// The state, and what must be remembered from one to the next.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    role: Role,
    state: State,
    close_timeout: Option<Duration>,
    /// When waiting for the peer's part of the end is over.
    deadline: Option<Instant>,
    /// The status code of the connection, as far as it is known.
    code: CloseCode,
    /// Why this end closed, if for another reason than that it was asked to.
    cause: Option<Cause>,
    /// The end, not yet announced.
    announcement: Option<Ended>,
    /// The peer's stream is over, or no longer of interest.
    peer_done: bool,
    /// Not even what is queued is worth writing.
    gave_up: bool,
}

impl Lifecycle {
    pub(crate) fn new(role: Role, close_timeout: Option<Duration>) -> Self {
        Self {
            role,
            state: State::Open,
            close_timeout,
            deadline: None,
            //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5
            //# If _The WebSocket Connection is Closed_ and no Close control frame was received by the
            //# endpoint (such as could occur if the underlying transport connection is lost), _The
            //# WebSocket Connection Close Code_ is considered to be 1006.
            code: CloseCode::ABNORMAL,
            cause: None,
            announcement: None,
            peer_done: false,
            gave_up: false,
        }
    }

    /// Whether messages may be sent.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether what the peer sends is still of interest.
    #[inline]
    pub(crate) fn is_receiving(&self) -> bool {
        match self.state {
            State::Open | State::CloseSent => true,
            State::CloseReceived | State::Ended => false,
        }
    }

    /// This end's close frame was queued. `cause` says why, unless the caller asked for it.
    pub(crate) fn close_sent(&mut self, cause: Option<Cause>, now: Instant) {
        match self.state {
            State::Open => {
                self.cause = cause;
                self.enter(State::CloseSent, now);
            }
            State::CloseSent | State::CloseReceived | State::Ended => {}
        }
    }

    /// The peer's close frame came. Returns whether it must be answered.
    pub(crate) fn close_received(&mut self, code: Option<CloseCode>, now: Instant) -> bool {
        let unanswered = match self.state {
            State::Open => true,
            State::CloseSent => false,
            State::CloseReceived | State::Ended => return false,
        };
        //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.5
        //# If this Close control frame contains no status code, _The WebSocket Connection Close Code_
        //# is considered to be 1005.
        self.code = code.unwrap_or(CloseCode::NO_STATUS);
        match self.role {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
            //# The server MUST close the underlying TCP connection immediately; the client SHOULD wait
            //# for the server to close the connection
            //= https://www.rfc-editor.org/rfc/rfc6455#section-7.2.2
            //# To do so, the server MUST simply _Close the WebSocket Connection_ (Section 7.1.1).
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
            //# After both sending and receiving a Close message, an endpoint considers the
            //# WebSocket connection closed and MUST close the underlying TCP connection.
            //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.2
            //# Once an endpoint has both sent and received a Close control frame, that endpoint
            //# SHOULD _Close the WebSocket Connection_ as defined in Section 7.1.1.
            Role::Server => self.end(self.cause.unwrap_or(Cause::Closed), now),
            //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
            //# As such, when a server is instructed to _Close the WebSocket Connection_ it SHOULD
            //# initiate a TCP Close immediately, and when a client is instructed to do the same, it
            //# SHOULD wait for a TCP Close from the server.
            //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.1
            //# The underlying TCP connection, in most normal cases, SHOULD be closed first by the
            //# server,
            Role::Client => self.enter(State::CloseReceived, now),
        }
        unanswered
    }

    /// The peer broke a rule: the connection fails.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    //# To do so, the client MUST _Close the WebSocket Connection_
    //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
    //# Similarly, to do so, the server MUST _Close the WebSocket Connection_, and SHOULD log the
    //# problem.
    //= https://www.rfc-editor.org/rfc/rfc6455#section-7.2.1
    //# To do so, the client MUST _Fail the WebSocket Connection_ as defined in Section 7.1.7.
    pub(crate) fn violated(&mut self, rule: Rule, now: Instant) {
        self.end(Cause::Violation(rule), now);
    }

    /// The peer gave no sign of life.
    pub(crate) fn pong_timed_out(&mut self, now: Instant) {
        self.end(Cause::PongTimeout, now);
    }

    /// The caller wants no more of it.
    pub(crate) fn abort(&mut self, now: Instant) {
        self.end(Cause::Aborted, now);
        self.peer_done = true;
        self.gave_up = true;
    }

    /// The peer's stream ended.
    pub(crate) fn stream_ended(&mut self, now: Instant) {
        self.peer_done = true;
        match self.state {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-7.2.1
            //# If at any point the underlying transport layer connection is unexpectedly lost, the
            //# client MUST _Fail the WebSocket Connection_.
            State::Open | State::CloseSent => self.end(Cause::Lost, now),
            State::CloseReceived => self.end(self.cause.unwrap_or(Cause::Closed), now),
            State::Ended => {}
        }
    }

    /// Gives up waiting for the peer once the deadline has passed.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.state {
            State::Open => {}
            State::CloseSent => self.end(Cause::CloseTimeout, now),
            State::CloseReceived => self.end(self.cause.unwrap_or(Cause::Closed), now),
            State::Ended => {}
        }
        self.deadline = None;
        self.peer_done = true;
        self.gave_up = true;
    }

    /// The end, if it came and was not announced yet.
    pub(crate) fn take_announcement(&mut self) -> Option<Ended> {
        self.announcement.take()
    }

    /// Whether the end came and was not announced yet.
    pub(crate) fn has_announcement(&self) -> bool {
        self.announcement.is_some()
    }

    /// Whether reading the socket serves a purpose.
    pub(crate) fn wants_read(&self) -> bool {
        !self.peer_done
    }

    /// Whether what is queued should be written.
    pub(crate) fn wants_write(&self) -> bool {
        !self.gave_up
    }

    pub(crate) fn socket(&self, queue_is_empty: bool) -> Socket {
        match self.state {
            State::Open | State::CloseSent | State::CloseReceived => Socket::Keep,
            State::Ended if self.gave_up => Socket::Close,
            State::Ended if !queue_is_empty => Socket::Keep,
            State::Ended if self.peer_done => Socket::Close,
            State::Ended => Socket::ShutdownWrite,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.state == State::Ended && self.peer_done && self.gave_up {
            return None;
        }
        self.deadline
    }

    fn end(&mut self, cause: Cause, now: Instant) {
        if self.state != State::Ended {
            self.announcement = Some(Ended { cause, code: self.code });
            self.enter(State::Ended, now);
        }
    }

    /// Every state but the first waits for the peer for a limited time.
    fn enter(&mut self, state: State, now: Instant) {
        self.state = state;
        self.deadline = self.close_timeout.map(|timeout| now + timeout);
    }
}
