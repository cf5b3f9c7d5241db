//! Where the bytes of one direction are in the file.
//!
//! Owns the table of pieces, and the places from which the direction can be decoded again. Knows
//! nothing of frames.

/// Bytes that are not in the file.
const NOWHERE: u64 = u64::MAX;

/// One direction of a connection, from the first byte behind the handshake on.
#[derive(Debug, Default)]
pub(crate) struct Track {
    /// Where each piece begins in the direction, and in the file. A piece ends where the next begins.
    offsets: Vec<u64>,
    files: Vec<u64>,
    /// Where the direction ends, so far.
    end: u64,
    checkpoints: Vec<Checkpoint>,
}

/// A place between messages from which a decoder can start.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    pub(crate) offset: u64,
    /// The plain text that the next compressed message may refer back to.
    pub(crate) context: Vec<u8>,
}

/// Consecutive bytes of a direction that are together in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where they are in the file; `None` if they are not there.
    pub file: Option<u64>,
    /// How many.
    pub length: u64,
}

impl Track {
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    pub(crate) fn add(&mut self, file_at: u64, length: usize) {
        self.append(file_at, length as u64);
    }

    pub(crate) fn add_gap(&mut self, length: u64) {
        self.append(NOWHERE, length);
    }

    fn append(&mut self, file: u64, length: u64) {
        let follows = match (self.offsets.last(), self.files.last()) {
            (Some(_), Some(&NOWHERE)) => file == NOWHERE,
            (Some(offset), Some(&last)) => file != NOWHERE && last + (self.end - offset) == file,
            _ => false,
        };
        if !follows {
            self.offsets.push(self.end);
            self.files.push(file);
        }
        self.end += length;
    }

    pub(crate) fn checkpoint(&mut self, offset: u64, context: Vec<u8>) {
        self.checkpoints.push(Checkpoint { offset, context });
    }

    /// The last checkpoint that is not behind `offset`.
    pub(crate) fn checkpoint_before(&self, offset: u64) -> Option<&Checkpoint> {
        let count = self.checkpoints.partition_point(|checkpoint| checkpoint.offset <= offset);
        count.checked_sub(1).map(|last| &self.checkpoints[last])
    }

    /// Where `length` bytes from `offset` on are, in order, as far as the direction reaches.
    pub(crate) fn places(&self, offset: u64, length: u64) -> Vec<Place> {
        let end = offset.saturating_add(length).min(self.end);
        let mut places = Vec::new();
        let mut at = offset;
        let mut piece = self.offsets.partition_point(|&start| start <= at).saturating_sub(1);
        while at < end {
            let until = self.offsets.get(piece + 1).map_or(self.end, |&next| next).min(end);
            let file = match self.files[piece] {
                NOWHERE => None,
                file => Some(file + (at - self.offsets[piece])),
            };
            places.push(Place { file, length: until - at });
            at = until;
            piece += 1;
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_joined_where_they_follow_each_other() {
        let mut track = Track::default();
        track.add(100, 10);
        track.add(110, 5);
        track.add_gap(3);
        track.add_gap(1);
        track.add(200, 10);
        assert_eq!(track.offsets, [0, 15, 19]);
        let place = |file, length| Place { file, length };
        assert_eq!(track.places(0, 4), [place(Some(100), 4)]);
        assert_eq!(
            track.places(12, 100),
            [place(Some(112), 3), place(None, 4), place(Some(200), 10)]
        );
        assert_eq!(track.places(29, 1), []);
    }
}
