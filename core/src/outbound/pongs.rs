//! Which pings are answered when a peer asks faster than it reads.
//!
//! Owns the count of pongs on their way, and the one ping that is answered when they have left: so the
//! answers take bounded memory however many pings come (RFC 6455 section 5.5.3 allows to answer only
//! the latest). Knows nothing of frames.

use alloc::vec::Vec;

#[derive(Debug, Default)]
pub(crate) struct Pongs {
    /// Queued and not known to have left.
    queued: u16,
    /// The position in the outbound stream behind the last of them.
    end: u64,
    /// The latest ping beyond the limit.
    latest: Vec<u8>,
    waiting: bool,
}

impl Pongs {
    /// Whether a ping may be answered at once. If not, its payload is kept, instead of any other's.
    pub(crate) fn admit(&mut self, payload: &[u8], limit: u16) -> bool {
        // One can always be on its way: otherwise not even the latest ping would be answered.
        if self.queued < limit.max(1) {
            self.queued += 1;
            return true;
        }
        self.waiting = true;
        self.latest.clear();
        self.latest.extend_from_slice(payload);
        false
    }

    /// A pong was queued; it ends at this position of the outbound stream.
    pub(crate) fn queued_to(&mut self, end: u64) {
        self.end = end;
    }

    /// The outbound stream left up to this position. Returns the ping that can be answered now.
    #[inline]
    pub(crate) fn left(&mut self, position: u64) -> Option<Vec<u8>> {
        if position < self.end {
            return None;
        }
        self.queued = 0;
        core::mem::take(&mut self.waiting).then(|| core::mem::take(&mut self.latest))
    }

    /// Takes back the buffer of a payload that was answered.
    pub(crate) fn recycle(&mut self, payload: Vec<u8>) {
        self.latest = payload;
    }

    pub(crate) fn shrink(&mut self) {
        if !self.waiting {
            self.latest = Vec::new();
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.latest.capacity()
    }
}
