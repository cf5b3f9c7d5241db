//! One direction of a TCP connection: segments in any order, bytes in their order.
//!
//! Owns sequence numbers, retransmissions, overlaps, and when bytes are given up as lost. Knows nothing
//! of what the bytes mean.

use std::collections::VecDeque;

/// More than this waits for no hole to be filled.
const MOST_WAITING_BYTES: usize = 1 << 20;
const MOST_WAITING: usize = 512;

/// So many segments behind a hole, which the receiver has acknowledged: it was never captured.
const ACKNOWLEDGED_WAITING: usize = 3;

/// A direction.
#[derive(Debug, Default)]
pub(crate) struct Reassembly {
    /// The sequence number of the next byte, once a segment was seen.
    next: Option<u32>,
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Where the peer's acknowledgement stands.
    acknowledged: Option<u32>,
}

/// A segment behind a hole.
#[derive(Debug)]
struct Waiting {
    sequence: u32,
    piece: Piece,
    bytes: Vec<u8>,
}

/// Where bytes come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Piece {
    pub(crate) time: f64,
    pub(crate) file_at: u64,
    /// Bytes behind it that are not in the capture.
    pub(crate) missing: usize,
}

/// What comes next in a direction.
#[derive(Debug, PartialEq)]
pub(crate) enum Next<'a> {
    Bytes(&'a mut [u8], Piece),
    Gap { length: u64, time: f64 },
}

impl Reassembly {
    /// The first byte of the stream has this number.
    pub(crate) fn start(&mut self, sequence: u32) {
        self.next = Some(sequence);
    }

    /// Whether a segment with this number begins another connection between the same ends.
    pub(crate) fn is_elsewhere(&self, sequence: u32) -> bool {
        self.next.is_some_and(|next| next.wrapping_sub(1) != sequence && next != sequence)
    }

    /// Takes a segment; `give` gets everything that is in order by then.
    pub(crate) fn segment(
        &mut self,
        sequence: u32,
        bytes: &mut [u8],
        piece: Piece,
        give: &mut dyn FnMut(Next<'_>),
    ) {
        let next = *self.next.get_or_insert(sequence);
        let length = (bytes.len() + piece.missing) as u32;
        if length == 0 {
            return;
        }
        let ahead = sequence.wrapping_sub(next).cast_signed();
        if ahead > 0 {
            self.wait(sequence, bytes, piece);
        } else {
            self.deliver(ahead.unsigned_abs() as usize, bytes, piece, give);
        }
        self.settle(piece.time, false, give);
    }

    /// The other end has received everything before this number.
    pub(crate) fn acknowledge(&mut self, sequence: u32, time: f64, give: &mut dyn FnMut(Next<'_>)) {
        self.acknowledged = Some(sequence);
        if !self.waiting.is_empty() {
            self.settle(time, false, give);
        }
    }

    /// Nothing more comes: what waits is given, with its holes.
    pub(crate) fn flush(&mut self, time: f64, give: &mut dyn FnMut(Next<'_>)) {
        self.settle(time, true, give);
    }

    /// Gives a segment of which the first `known` bytes were given before.
    fn deliver(
        &mut self,
        known: usize,
        bytes: &mut [u8],
        piece: Piece,
        give: &mut dyn FnMut(Next<'_>),
    ) {
        let Some(next) = self.next else { return };
        let whole = bytes.len() + piece.missing;
        if known >= whole {
            return;
        }
        self.next = Some(next.wrapping_add((whole - known) as u32));
        let file_at = piece.file_at + known.min(bytes.len()) as u64;
        let length = bytes.len();
        let fresh = &mut bytes[known.min(length)..];
        if !fresh.is_empty() {
            give(Next::Bytes(fresh, Piece { file_at, ..piece }));
        }
        let missing = piece.missing.min(whole - known);
        if missing > 0 {
            give(Next::Gap { length: missing as u64, time: piece.time });
        }
    }

    fn wait(&mut self, sequence: u32, bytes: &[u8], piece: Piece) {
        let place = self
            .waiting
            .iter()
            .rposition(|waiting| sequence.wrapping_sub(waiting.sequence).cast_signed() >= 0);
        let place = place.map_or(0, |place| place + 1);
        self.waiting_bytes += bytes.len();
        self.waiting.insert(place, Waiting { sequence, piece, bytes: bytes.to_vec() });
    }

    /// Gives what is in order, and gives up holes that will not be filled.
    fn settle(&mut self, time: f64, all: bool, give: &mut dyn FnMut(Next<'_>)) {
        while let (Some(first), Some(next)) = (self.waiting.front(), self.next) {
            let hole = first.sequence.wrapping_sub(next).cast_signed();
            if hole > 0 {
                let passed = self.acknowledged.is_some_and(|acknowledged| {
                    acknowledged.wrapping_sub(first.sequence).cast_signed() >= 0
                        && self.waiting.len() >= ACKNOWLEDGED_WAITING
                });
                let full =
                    self.waiting.len() > MOST_WAITING || self.waiting_bytes > MOST_WAITING_BYTES;
                if !(all || passed || full) {
                    return;
                }
                self.next = Some(first.sequence);
                give(Next::Gap { length: hole.unsigned_abs().into(), time });
                continue;
            }
            let Some(mut waiting) = self.waiting.pop_front() else { return };
            self.waiting_bytes -= waiting.bytes.len();
            self.deliver(hole.unsigned_abs() as usize, &mut waiting.bytes, waiting.piece, give);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of the numbers' own low bytes; gaps as dots.
    #[derive(Default)]
    struct Seen(Vec<u8>);

    fn feed(
        reassembly: &mut Reassembly,
        seen: &mut Seen,
        sequence: u32,
        bytes: &[u8],
        missing: usize,
    ) {
        let piece = Piece { time: 0.0, file_at: sequence.into(), missing };
        reassembly.segment(sequence, &mut bytes.to_vec(), piece, &mut |next| match next {
            Next::Bytes(bytes, piece) => {
                assert_eq!(piece.file_at as u8, bytes[0].wrapping_sub(b'a').wrapping_add(250));
                seen.0.extend_from_slice(bytes);
            }
            Next::Gap { length, .. } => seen.0.extend(vec![b'.'; length as usize]),
        });
    }

    /// Sequence 250 is `a`, so the numbers wrap inside the alphabet when the base does.
    fn run(segments: &[(&str, usize)]) -> String {
        let (mut reassembly, mut seen) = (Reassembly::default(), Seen::default());
        let base = u32::MAX - 5;
        reassembly.start(base);
        for &(bytes, missing) in segments {
            let at = bytes.as_bytes()[0] - b'a';
            let sequence = base.wrapping_add(at.into());
            feed(&mut reassembly, &mut seen, sequence, bytes.as_bytes(), missing);
        }
        reassembly.flush(0.0, &mut |next| match next {
            Next::Bytes(bytes, _) => seen.0.extend_from_slice(bytes),
            Next::Gap { length, .. } => seen.0.extend(vec![b'.'; length as usize]),
        });
        String::from_utf8(seen.0).expect("ASCII")
    }

    #[test]
    fn order_retransmission_and_overlap() {
        assert_eq!(run(&[("ab", 0), ("cd", 0), ("efgh", 0)]), "abcdefgh");
        assert_eq!(run(&[("ef", 0), ("ab", 0), ("gh", 0), ("cd", 0)]), "abcdefgh");
        assert_eq!(run(&[("ab", 0), ("ab", 0), ("abc", 0), ("bcde", 0), ("d", 0)]), "abcde");
        assert_eq!(run(&[("cde", 0), ("ef", 0), ("defgh", 0), ("abc", 0)]), "abcdefgh");
    }

    #[test]
    fn what_is_lost_is_a_gap() {
        assert_eq!(run(&[("ab", 0), ("ef", 0)]), "ab..ef");
        assert_eq!(run(&[("ab", 2), ("ef", 0)]), "ab..ef");
        assert_eq!(run(&[("ab", 2), ("cd", 0), ("ef", 1)]), "ab..ef.");
        assert_eq!(run(&[("c", 0)]), "..c");
    }

    #[test]
    fn a_hole_that_was_acknowledged_is_not_waited_for() {
        let (mut reassembly, mut seen) = (Reassembly::default(), Seen::default());
        reassembly.start(250);
        for (sequence, bytes) in [(250, b"a"), (252, b"c"), (253, b"d"), (254, b"e")] {
            feed(&mut reassembly, &mut seen, sequence, bytes, 0);
        }
        assert_eq!(seen.0, b"a");
        reassembly.acknowledge(255, 0.0, &mut |next| match next {
            Next::Bytes(bytes, _) => seen.0.extend_from_slice(bytes),
            Next::Gap { .. } => seen.0.push(b'.'),
        });
        assert_eq!(seen.0, b"a.cde");
    }
}
