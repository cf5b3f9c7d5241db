//! Two hosts, the link between them, and the clock.
//!
//! Owns the order of what happens and the judgement of a whole run: that it ends, in time, without
//! spinning, and as it must.

use crate::host::{Host, Log};
use crate::link::{Fault, Pipe};
use crate::model::{self, Arrived, End};
use crate::wire;
use polywire::{Cause, Instant, Role, Rule, Timeouts};
use std::time::Duration;

/// The most simulated time of a run.
const LONGEST: Duration = Duration::from_secs(600);

pub(crate) struct World {
    pub(crate) client: Host,
    pub(crate) server: Host,
    /// From the client to the server.
    pub(crate) up: Pipe,
    pub(crate) down: Pipe,
    pub(crate) faults: [Fault; 2],
    pub(crate) timeouts: Timeouts,
}

impl World {
    /// Lets everything happen until both sockets are closed; returns when that was.
    pub(crate) fn run(&mut self) -> Instant {
        let mut now = Instant::ZERO;
        let mut steps = 0_usize;
        while !(self.client.is_gone() && self.server.is_gone()) {
            let mut progress = self.client.step(now, &mut self.down, &mut self.up);
            progress |= self.server.step(now, &mut self.up, &mut self.down);
            progress |= self.resets(now);
            steps += 1;
            if !progress {
                let next = self.next().expect("nobody waits for anything: they hang");
                assert!(next > now, "something is due at {now:?}, and nobody does it");
                assert!(next < Instant::ZERO + LONGEST, "they never end");
                now = next;
            }
        }
        let bytes = self.up.written.len() + self.down.written.len();
        let seconds = now.as_micros() as usize / 1_000_000;
        assert!(steps <= 100 + 3 * bytes + 20 * seconds, "{steps} steps for {bytes} bytes");
        for log in [&self.client.log, &self.server.log] {
            assert!(log.timeouts <= 8 + 4 * seconds, "{} timeouts", log.timeouts);
        }
        now
    }

    fn resets(&mut self, now: Instant) -> bool {
        let up = std::mem::take(&mut self.up.resets_writer);
        let down = std::mem::take(&mut self.down.resets_writer);
        if up {
            self.down.reset(now);
        }
        if down {
            self.up.reset(now);
        }
        up || down
    }

    fn next(&self) -> Option<Instant> {
        let reads = |host: &Host, pipe: &Pipe| host.reads().then(|| pipe.next_arrival()).flatten();
        let next = [
            self.client.deadline(),
            self.server.deadline(),
            reads(&self.client, &self.down),
            reads(&self.server, &self.up),
        ];
        next.into_iter().flatten().min()
    }

    /// Judges the run. `lossless` says that nothing may be lost either.
    pub(crate) fn judge(&self, lossless: bool) {
        let intact = self.faults.iter().all(|fault| fault.keeps_bytes());
        let sides = [
            (Role::Client, &self.client.log, &self.server.log, &self.down, &self.up),
            (Role::Server, &self.server.log, &self.client.log, &self.up, &self.down),
        ];
        for (role, log, peer, inbound, outbound) in sides {
            self.judge_output(role, log, outbound);
            assert!(log.ended.is_some() == log.established.is_some(), "{role:?} has no end");
            assert!(log.ended.is_some() != log.fault.is_some(), "{role:?} has no end");
            if intact {
                assert_eq!(log.violation, None, "{role:?}");
                self.judge_end(role, log, peer, inbound);
            }
            let lost =
                [Some(Cause::Lost), None].contains(&peer.ended.map(|(_, ended)| ended.cause));
            let told = log.violation.is_some() && outbound.is_faultless() && log.aborted.is_none();
            assert!(!(told && lost), "{role:?} reset the connection before its last word was read");
            if lossless {
                assert!(log.sent == peer.received, "{role:?} sent what did not arrive");
            }
        }
    }

    /// How it ended, and that everything that came whole before was handed out.
    fn judge_end(&self, role: Role, log: &Log, peer: &Log, inbound: &Pipe) {
        let arrived = Arrived::new(log, inbound.tape());
        if let Some(expected) = model::handshake(log, &arrived, &self.timeouts) {
            let (at, fault) = log.fault.expect("the handshake failed");
            assert_eq!(End::Handshake(fault, at), expected, "{role:?}");
            return;
        }
        let (at, ended) = log.ended.expect("checked before");
        let expected = model::connection(role, log, &arrived, &self.timeouts);
        assert_eq!(End::Connection(ended.cause, ended.code.0, at), expected, "{role:?}");

        let taken = arrived.frames.iter().take_while(|frame| !frame.is_close());
        let taken = taken.filter(|frame| frame.ends_message() && frame.end <= log.read_at_end);
        assert_eq!(log.received.len(), taken.count(), "{role:?} got messages that came whole");
        assert!(peer.sent.starts_with(&log.received), "{role:?} got other messages than were sent");
        let close = arrived.close.filter(|(_, read)| *read <= at).map(|(code, _)| code);
        let told = log.peer_close.map(|code| code.map_or(1005, |code| code.0));
        assert!(told.is_none() || told == close, "{role:?} was told of {told:?}, not {close:?}");
    }

    /// The bytes of one end: a head, frames in order, and what a violation must say.
    fn judge_output(&self, role: Role, log: &Log, outbound: &Pipe) {
        let Some(head) = wire::head_len(&outbound.written) else { return };
        if log.established.is_none() {
            return;
        }
        wire::check(role, &outbound.written, head);
        let Some(violation) = log.violation else { return };
        let (frames, _) = wire::frames(&outbound.written, head);
        let own = log.closed.is_some() || self.timeouts.idle.is_some();
        let rule: Rule = violation.rule;
        for close in frames.iter().filter(|frame| frame.is_close() && !own) {
            assert_eq!(close.close_code(), rule.close_code().0, "{violation}");
        }
        let cause = log.ended.map(|(_, ended)| ended.cause);
        assert_eq!(cause, Some(Cause::Violation(rule)));
    }
}
