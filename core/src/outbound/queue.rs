//! Bytes on their way to the socket.
//!
//! Owns the order of what is sent: small frames side by side in one buffer, large payloads parked
//! beside it without a copy. Knows nothing of frames.
//!
//! ```text
//!   bytes    [ sent | header | header+small+header+small | header      ]
//!                   ▲        ▲                            ▲
//!                 head   parked[0].at                parked[1].at
//! ```

use alloc::collections::{VecDeque, vec_deque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::mem::{self, size_of};
use core::ops::Deref;

/// What the buffer keeps when the connection goes quiet.
const KEPT: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Queue {
    bytes: Vec<u8>,
    /// How much of `bytes` is sent.
    head: usize,
    /// Bytes sent since the connection began.
    sent: u64,
    parked: VecDeque<Parked>,
    /// How much of the first parked payload is sent.
    parked_sent: usize,
    /// Bytes of all parked payloads that are not sent.
    parked_len: usize,
}

/// A payload that goes out after the first `at` bytes of the buffer.
#[derive(Debug)]
struct Parked {
    at: usize,
    payload: Large,
}

/// A payload that is queued as it is.
#[derive(Debug)]
pub(crate) enum Large {
    Owned(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Deref for Large {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

impl Queue {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.head + self.parked_len
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes sent since the connection began.
    #[inline]
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// The buffer to append frames to.
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The buffer of an empty queue.
    #[inline]
    pub(crate) fn restart(&mut self) -> &mut Vec<u8> {
        debug_assert!(self.is_empty(), "what is queued would be lost");
        self.head = 0;
        self.bytes.clear();
        &mut self.bytes
    }

    /// Queues a payload behind everything appended so far.
    pub(crate) fn park(&mut self, payload: Large) {
        if !payload.is_empty() {
            self.parked_len += payload.len();
            self.parked.push_back(Parked { at: self.bytes.len(), payload });
        }
    }

    /// The queued bytes in order, as slices for one vectored write.
    #[inline]
    pub(crate) fn slices(&self) -> Transmit<'_> {
        let bytes = self.bytes.get(self.head..).unwrap_or_default();
        let parked = (self.parked_len != 0).then(|| Between {
            parked: self.parked.iter(),
            at: self.head,
            skip: self.parked_sent,
        });
        Transmit { bytes, parked }
    }

    /// Forgets the first `count` queued bytes, or all when there are fewer.
    #[inline]
    pub(crate) fn advance(&mut self, count: usize) {
        let count = count.min(self.len());
        self.sent += count as u64;
        if self.parked.is_empty() && self.head + count == self.bytes.len() {
            self.bytes.clear();
            self.head = 0;
            return;
        }
        self.skip(count);
        if self.is_empty() {
            self.bytes.clear();
            self.head = 0;
        } else {
            self.compact();
        }
    }

    fn skip(&mut self, mut count: usize) {
        while let Some(first) = self.parked.front() {
            let before = first.at - self.head;
            if count < before {
                break;
            }
            count -= before;
            self.head = first.at;
            let left = first.payload.len() - self.parked_sent;
            if count < left {
                self.parked_sent += count;
                self.parked_len -= count;
                return;
            }
            count -= left;
            self.parked_len -= left;
            self.parked_sent = 0;
            self.parked.pop_front();
        }
        self.head += count;
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Gives back what a burst needed.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to(KEPT);
        self.parked.shrink_to(0);
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let owned = |parked: &Parked| match &parked.payload {
            Large::Owned(bytes) => bytes.capacity(),
            Large::Shared(_) => 0,
        };
        self.bytes.capacity()
            + self.parked.capacity() * size_of::<Parked>()
            + self.parked.iter().map(owned).sum::<usize>()
    }

    /// Moves the unsent bytes to the front once the sent ones outweigh them: a peer that always
    /// leaves something unread must not make the buffer grow without end. Each byte is moved at most
    /// once for each byte sent.
    fn compact(&mut self) {
        if self.head > self.bytes.len() / 2 {
            self.bytes.drain(..self.head);
            for parked in &mut self.parked {
                parked.at -= self.head;
            }
            self.head = 0;
        }
    }
}

/// The queued bytes, slice by slice, in the order in which they must be written.
///
/// Write one slice, or collect several for a vectored write, then tell
/// [`transmitted`](crate::Connection::transmitted) how many bytes the socket took.
#[derive(Clone, Debug)]
pub struct Transmit<'a> {
    /// What is left of the buffer.
    bytes: &'a [u8],
    parked: Option<Between<'a>>,
}

/// The parked payloads that come between.
#[derive(Clone, Debug)]
struct Between<'a> {
    parked: vec_deque::Iter<'a, Parked>,
    /// Where in the buffer `bytes` starts.
    at: usize,
    /// How much of the first is sent.
    skip: usize,
}

impl<'a> Iterator for Transmit<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if self.parked.is_some() {
            return self.next_between();
        }
        let bytes = mem::take(&mut self.bytes);
        (!bytes.is_empty()).then_some(bytes)
    }
}

impl<'a> Transmit<'a> {
    /// The next slice where parked payloads are left.
    #[inline(never)]
    fn next_between(&mut self) -> Option<&'a [u8]> {
        let between = self.parked.as_mut()?;
        let mut ahead = between.parked.clone();
        let Some(next) = ahead.next() else {
            self.parked = None;
            return self.next();
        };
        if between.at < next.at {
            let (bytes, rest) = self.bytes.split_at(next.at - between.at);
            self.bytes = rest;
            between.at = next.at;
            return Some(bytes);
        }
        between.parked = ahead;
        Some(&next.payload[mem::take(&mut between.skip)..])
    }
}

#[cfg(test)]
mod tests {
    use super::{Large, Queue};
    use alloc::vec;
    use alloc::vec::Vec;

    fn filled() -> (Queue, Vec<u8>) {
        let mut queue = Queue::default();
        let mut all = Vec::new();
        for round in 0..6_u8 {
            let small: Vec<u8> = (0..round * 3).collect();
            queue.buffer().extend_from_slice(&small);
            all.extend_from_slice(&small);
            if round % 2 == 0 {
                let large: Vec<u8> = (100..100 + round * 5).collect();
                all.extend_from_slice(&large);
                queue.park(match round {
                    4 => Large::Shared(large.into()),
                    _ => Large::Owned(large),
                });
            }
        }
        (queue, all)
    }

    #[test]
    fn bytes_leave_in_order_however_many_the_socket_takes() {
        for step in 1..80 {
            let (mut queue, all) = filled();
            let mut sent = 0;
            while !queue.is_empty() {
                let rest: Vec<u8> = queue.slices().flatten().copied().collect();
                assert_eq!(rest, all[sent..], "step {step}");
                assert_eq!(queue.len(), rest.len());
                queue.advance(step);
                sent += step;
            }
            assert_eq!(queue.slices().count(), 0);
        }
    }

    #[test]
    fn what_is_sent_does_not_pile_up() {
        for parked in [0, 100] {
            let mut queue = Queue::default();
            let push = |queue: &mut Queue| {
                queue.buffer().extend_from_slice(&[0; 100]);
                queue.park(Large::Owned(alloc::vec![0; parked]));
            };
            push(&mut queue);
            for _ in 0..10_000 {
                push(&mut queue);
                queue.advance(100 + parked);
            }
            assert!(queue.heap_bytes() < 1500, "{}", queue.heap_bytes());
        }
    }

    #[test]
    fn what_is_sent_before_large_payloads_does_not_pile_up() {
        for behind in [0, 1, 1999] {
            let mut queue = Queue::default();
            queue.park(Large::Owned(vec![0; 2000]));
            for _ in 0..10_000 {
                queue.buffer().extend_from_slice(&[0; 100]);
                queue.park(Large::Owned(vec![0; 2000]));
                // The socket always leaves a part of a payload, or all of it, in the queue.
                queue.advance(queue.len() - 2000 + behind);
            }
            assert!(queue.heap_bytes() < 8000, "{behind}: {}", queue.heap_bytes());
        }
    }
}
