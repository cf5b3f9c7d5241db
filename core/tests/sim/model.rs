//! How a connection must end, told from what arrived and when.
//!
//! Owns a second account of RFC 6455 section 7 and of the timeouts: not a state machine that runs
//! along, but the first of all the ends that the log allows. Knows nothing of the core's decisions.

use crate::host::Log;
use crate::wire::{self, Frame};
use polywire::handshake::Fault;
use polywire::{Cause, Instant, Role, Timeouts};
use std::time::Duration;

/// The end that one side must have come to, or where its handshake must have failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    Handshake(Fault, Instant),
    Connection(Cause, u16, Instant),
}

/// What was in the bytes that arrived.
pub(crate) struct Arrived {
    pub(crate) head: Option<(usize, Instant)>,
    pub(crate) frames: Vec<Frame>,
    /// The first close frame: its code, and when its last byte was read.
    pub(crate) close: Option<(u16, Instant)>,
    /// When a read brought bytes of a message.
    message_bytes: Vec<Instant>,
}

impl Arrived {
    pub(crate) fn new(log: &Log, tape: &[u8]) -> Self {
        let head = wire::head_len(tape);
        let frames = head.map_or(Vec::new(), |head| wire::frames(tape, head).0);
        let close = frames.iter().find(|frame| frame.is_close());
        Self {
            head: head.map(|head| (head, read_at(log, head))),
            close: close.map(|frame| (frame.close_code(), read_at(log, frame.end))),
            frames,
            message_bytes: message_bytes(log, tape),
        }
    }
}

fn message_bytes(log: &Log, tape: &[u8]) -> Vec<Instant> {
    let Some(head) = wire::head_len(tape) else { return Vec::new() };
    let spans = wire::message_bytes(tape, head);
    let mut begin = 0;
    let mut brought = |&(at, len): &(Instant, usize)| {
        let end = begin + len;
        let touched = spans.iter().any(|span| span.start < end && begin < span.end);
        begin = end;
        touched.then_some(at)
    };
    log.reads.iter().filter_map(&mut brought).collect()
}

/// When the first `position` bytes of the stream had been read.
fn read_at(log: &Log, position: usize) -> Instant {
    let mut total = 0;
    let read = log.reads.iter().find(|(_, len)| {
        total += len;
        total >= position
    });
    read.expect("it was read").0
}

/// What must have become of a handshake that failed.
pub(crate) fn handshake(log: &Log, arrived: &Arrived, timeouts: &Timeouts) -> Option<End> {
    let deadline = timeouts.handshake.map(|timeout| Instant::ZERO + timeout);
    match (arrived.head, log.eof, log.fault) {
        (Some((_, at)), _, None) => {
            assert_eq!(log.established, Some(at), "established by the last byte of the head");
            None
        }
        // How long it waits for the body is not told here.
        (Some(_), _, Some((at, fault))) => {
            assert!(deadline.is_none_or(|deadline| at <= deadline));
            Some(End::Handshake(if fault == Fault::Timeout { fault } else { Fault::Status }, at))
        }
        (None, Some(at), _) if deadline.is_none_or(|deadline| at < deadline) => {
            Some(End::Handshake(Fault::StreamEnded, at))
        }
        (None, _, _) => Some(End::Handshake(Fault::Timeout, deadline.expect("it ends"))),
    }
}

/// How the connection must have ended: the earliest of the ends for which there was a reason.
pub(crate) fn connection(role: Role, log: &Log, arrived: &Arrived, timeouts: &Timeouts) -> End {
    let begin = log.established.expect("a connection");
    let mut signs = [&log.messages[..], &arrived.message_bytes].concat();
    signs.sort();
    let idle = timeouts.idle.map(|idle| first_gap(begin, signs.iter().copied(), idle));
    let before_close = |at: &Instant| arrived.close.is_none_or(|(_, close)| *at <= close);
    let idle = idle.filter(before_close).filter(|at| log.closed.is_none_or(|own| *at <= own));
    let own_close = idle.or(log.closed);
    let asked_for = if idle.is_some() { Cause::IdleTimeout } else { Cause::Closed };

    // At the same moment deadlines come first, then what is read, then what the application does.
    let mut ends: Vec<(Instant, u8, Cause, u16)> = Vec::new();
    if let Some(keepalive) = timeouts.keepalive {
        let patience = keepalive.interval + keepalive.timeout;
        let dead = first_gap(begin, log.reads.iter().map(|(at, _)| *at), patience);
        if own_close.is_none_or(|own| dead < own) && before_close(&dead) {
            ends.push((dead, 0, Cause::PongTimeout, 1006));
        }
    }
    let gives_up = |at: Instant| timeouts.close.map(|timeout| at + timeout);
    if let Some(at) = own_close.and_then(gives_up).filter(before_close) {
        ends.push((at, 0, Cause::CloseTimeout, 1006));
    }
    match (arrived.close, role) {
        (Some((code, at)), Role::Server) => ends.push((at, 1, asked_for, code)),
        (Some((code, at)), Role::Client) => {
            ends.extend(log.eof.map(|eof| (eof.max(at), 1, asked_for, code)));
            ends.extend(gives_up(at).map(|end| (end, 0, asked_for, code)));
        }
        (None, _) => ends.extend(log.eof.map(|eof| (eof, 1, Cause::Lost, 1006))),
    }
    if let Some(at) = log.aborted {
        let code = arrived.close.filter(|(_, close)| *close <= at).map_or(1006, |(code, _)| code);
        ends.push((at, 2, Cause::Aborted, code));
    }
    let first = ends.into_iter().min_by_key(|&(at, rank, _, _)| (at, rank));
    let (at, _, cause, code) = first.expect("there is always an end");
    End::Connection(cause, code, at)
}

/// When it had been silent for so long.
fn first_gap(begin: Instant, signs: impl Iterator<Item = Instant>, gap: Duration) -> Instant {
    let mut last = begin;
    for sign in signs {
        if sign >= last + gap {
            break;
        }
        last = sign;
    }
    last + gap
}
