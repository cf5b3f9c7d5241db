//! Signs of life: when to ping, when to give up, and how long a round trip takes.
//!
//! Owns the pings that await an answer (RFC 6455 sections 5.5.2 and 5.5.3) and the clock of silence.
//! Knows nothing of frames, and sends nothing itself.

use crate::limits::Keepalive;
use crate::time::Instant;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem::size_of;
use core::time::Duration;

/// Pings remembered for their round trip; of more, the oldest are forgotten.
const REMEMBERED: usize = 16;

/// What time asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    /// Silence for too long: ask whether the peer is there.
    Ping,
    /// No answer either.
    GiveUp,
}

#[derive(Debug)]
pub(crate) struct Heartbeat {
    /// The last time that anything came.
    last_received: Instant,
    /// When the keepalive ping went out that no byte has followed yet.
    asked: Option<Instant>,
    /// The host reads. While it does not, the peer's silence says nothing.
    listening: bool,
    outstanding: VecDeque<Outstanding>,
}

#[derive(Debug)]
struct Outstanding {
    payload: Vec<u8>,
    sent: Instant,
}

impl Heartbeat {
    pub(crate) fn new(now: Instant) -> Self {
        Self { last_received: now, asked: None, listening: true, outstanding: VecDeque::new() }
    }

    /// Bytes came: the peer lives, whatever they say.
    #[inline]
    pub(crate) fn received(&mut self, now: Instant) {
        self.last_received = now;
        self.asked = None;
    }

    /// The host stops to read, or reads again: silence counts from then on.
    pub(crate) fn listen(&mut self, listening: bool, now: Instant) {
        self.listening = listening;
        self.received(now);
    }

    /// A ping was queued; its pong will tell the round trip.
    pub(crate) fn pinged(&mut self, payload: &[u8], now: Instant) {
        if self.outstanding.len() == REMEMBERED {
            self.outstanding.pop_front();
        }
        self.outstanding.push_back(Outstanding { payload: payload.into(), sent: now });
    }

    /// The round trip that a pong completes, if it answers a ping of this end.
    pub(crate) fn ponged(&mut self, payload: &[u8], now: Instant) -> Option<Duration> {
        let answered = self.outstanding.iter().position(|ping| ping.payload == payload)?;
        // A peer may answer only the latest of several pings: the earlier ones get no pong any more.
        let rtt = self.outstanding.drain(..=answered).next_back()?.sent;
        Some(now.saturating_since(rtt))
    }

    /// What is due at `now`.
    pub(crate) fn due(&mut self, settings: &Keepalive, now: Instant) -> Due {
        if now < self.deadline(settings) {
            return Due::Nothing;
        }
        if self.asked.is_some() {
            return Due::GiveUp;
        }
        if self.listening {
            self.asked = Some(now);
        } else {
            self.last_received = now;
        }
        Due::Ping
    }

    pub(crate) fn deadline(&self, settings: &Keepalive) -> Instant {
        match self.asked {
            None => self.last_received + settings.interval,
            Some(asked) => asked + settings.timeout,
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let payloads: usize = self.outstanding.iter().map(|ping| ping.payload.capacity()).sum();
        self.outstanding.capacity() * size_of::<Outstanding>() + payloads
    }
}
