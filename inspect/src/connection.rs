//! What is known of a connection as a whole.
//!
//! Owns the row of each connection, and with it all that a capture amounts to: frames, problems,
//! connections. Knows nothing of how bytes become frames.

use crate::NONE;
use crate::frames::{Frame, Frames, flag};
use crate::problem::{Finding, Problem, Problems};
use crate::track::Track;
use polywire::DeflateParams;
use std::collections::VecDeque;

/// One end of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// The host's address; empty when it is not known.
    pub address: String,
    /// The port; 0 when it is not known.
    pub port: u16,
}

/// What is known of the opening handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Opening {
    /// The server agreed, and all is as it should be.
    Accepted,
    /// The server agreed, and something is wrong in one of the heads.
    Faulty,
    /// The server answered with another status.
    Refused,
    /// There is no whole answer in the capture.
    Pending,
    /// The capture begins behind it.
    #[default]
    Unseen,
}

impl Opening {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Faulty => "faulty",
            Self::Refused => "refused",
            Self::Pending => "pending",
            Self::Unseen => "unseen",
        }
    }
}

/// How the transport ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// It did not, as far as the capture goes.
    #[default]
    Open,
    /// Each end shut down its direction.
    Fin,
    /// One of them broke it off.
    Reset,
}

impl End {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fin => "fin",
            Self::Reset => "reset",
        }
    }
}

/// What passed in one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Frames.
    pub frames: u64,
    /// Messages that came to their end.
    pub messages: u64,
    /// Bytes of frames, headers included.
    pub wire: u64,
    /// Bytes of payload of data frames.
    pub payload: u64,
    /// What they inflate to.
    pub content: u64,
    /// Bytes that are not in the capture.
    pub missing: u64,
}

/// A connection.
#[derive(Debug)]
pub struct Connection {
    /// Who asked for it.
    pub client: Endpoint,
    /// Who was asked.
    pub server: Endpoint,
    /// The time of its first packet, in microseconds since 1970.
    pub started: f64,
    /// The time of its last packet.
    pub ended: f64,
    /// The URL, as far as the handshake tells.
    pub url: Option<String>,
    /// What is known of the handshake.
    pub opening: Opening,
    /// The status of the response; 0 without one.
    pub status: u16,
    /// The subprotocol that was chosen.
    pub subprotocol: Option<String>,
    /// What was agreed on, or is assumed.
    pub deflate: Option<DeflateParams>,
    /// By direction: 0 from the client, 1 from the server.
    pub totals: [Totals; 2],
    /// The last and the least round trip of a ping in microseconds, or [`NONE`].
    pub round_trips: [u32; 2],
    /// The code of each direction's close frame; 1005 for one without.
    pub close: [Option<u16>; 2],
    /// How the transport ended.
    pub end: End,
    /// How many problems it has.
    pub problems: u32,
    /// The heads of the handshake with their blank lines, empty when they are not there.
    pub heads: [Vec<u8>; 2],
    /// The start of the body of a refusal.
    pub body: Vec<u8>,
    pub(crate) tracks: [Track; 2],
    /// Pings of each direction that were not answered yet: when, and with what.
    pings: [VecDeque<(f64, Vec<u8>)>; 2],
    changed: bool,
}

/// More pings than this are not waited for.
const MOST_PINGS: usize = 64;

/// All that a capture amounts to.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) frames: Frames,
    pub(crate) problems: Problems,
    pub(crate) connections: Vec<Connection>,
    changed: Vec<u32>,
    messages: u32,
}

impl Store {
    /// A new connection; its number.
    pub(crate) fn list(&mut self, client: Endpoint, server: Endpoint, time: f64) -> u32 {
        let number = self.connections.len() as u32;
        self.connections.push(Connection {
            client,
            server,
            started: time,
            ended: time,
            url: None,
            opening: Opening::Unseen,
            status: 0,
            subprotocol: None,
            deflate: None,
            totals: [Totals::default(); 2],
            round_trips: [NONE; 2],
            close: [None; 2],
            end: End::Open,
            problems: 0,
            heads: [const { Vec::new() }; 2],
            body: Vec::new(),
            tracks: Default::default(),
            pings: Default::default(),
            changed: true,
        });
        self.changed.push(number);
        number
    }

    /// The connection, which changes.
    pub(crate) fn change(&mut self, number: u32) -> &mut Connection {
        let connection = &mut self.connections[number as usize];
        if !connection.changed {
            connection.changed = true;
            self.changed.push(number);
        }
        connection
    }

    /// The connections that changed since the last call.
    pub(crate) fn take_changed(&mut self) -> Vec<u32> {
        let changed = core::mem::take(&mut self.changed);
        for &number in &changed {
            self.connections[number as usize].changed = false;
        }
        changed
    }

    /// A number for a message.
    pub(crate) fn message(&mut self) -> u32 {
        self.messages += 1;
        self.messages - 1
    }

    pub(crate) fn frame(&mut self, frame: &Frame) -> u32 {
        let connection = self.change(frame.connection);
        connection.ended = connection.ended.max(frame.time);
        let totals = &mut connection.totals[frame.direction()];
        totals.frames += 1;
        totals.wire += u64::from(frame.header_length) + frame.length;
        if frame.message != NONE {
            totals.messages += u64::from(frame.has(flag::LAST));
            totals.payload += frame.length;
            totals.content += frame.content;
        }
        self.frames.push(frame)
    }

    /// Takes note of a problem; `text` only where the numbers do not tell it.
    pub(crate) fn problem(&mut self, finding: &Finding, problem: Problem) {
        self.change(problem.connection).problems += 1;
        let text = match finding {
            Finding::Handshake(error) => Some(error.to_string()),
            Finding::Resumed => Some(format!(
                "the frames could be followed again from byte {} on; those before it are lost",
                problem.offset as u64
            )),
            Finding::Cut => Some(format!(
                "the capture ends inside the frame at byte {}, {} bytes before its end",
                problem.offset as u64, problem.found as u64
            )),
            Finding::Gap | Finding::Violation(_) => None,
        };
        self.problems.push(problem, text);
    }
}

impl Connection {
    /// A ping passed.
    pub(crate) fn ping(&mut self, direction: usize, time: f64, payload: &[u8]) {
        let pings = &mut self.pings[direction];
        if pings.len() == MOST_PINGS {
            pings.pop_front();
        }
        pings.push_back((time, payload.to_vec()));
    }

    /// A pong passed: the round trip in microseconds if it answers a ping of the other direction,
    /// which answers those before it as well (RFC 6455 section 5.5.3).
    pub(crate) fn pong(&mut self, direction: usize, time: f64, payload: &[u8]) -> u32 {
        let pings = &mut self.pings[1 - direction];
        let Some(at) = pings.iter().rposition(|(_, sent)| sent == payload) else { return NONE };
        let Some((sent, _)) = pings.drain(..=at).next_back() else { return NONE };
        let trip = (time - sent).clamp(0.0, f64::from(NONE - 1)) as u32;
        self.round_trips = [trip, self.round_trips[1].min(trip)];
        trip
    }
}
