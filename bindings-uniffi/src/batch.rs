//! What one call gives back: all events, what to do next, and what to write.
//!
//! Owns the layout of it. Knows nothing of sockets, and of a connection only what it has to say.
//!
//! All words have 32 bits, low byte first. A batch is
//!
//! 1. a header of eight words: how many events, the [`flag`]s, the deadline in microseconds of the
//!    caller's clock (low and high half, both [`NONE`] without one), the lengths of 2 and 3, how many
//!    bytes are still queued, and how many bytes are allocated;
//! 2. the payloads of the events, one behind the other;
//! 3. the bytes to write to the socket;
//! 4. the events, each a [record](polywire_bridge::record) whose offset counts from the start of 2.

use crate::bytes::Blob;
use polywire::{Connection, Event, Instant, Socket, Wants};
use polywire_bridge::record::{self, NONE, WORDS};

/// The bits of the second word.
pub(crate) mod flag {
    /// Read from the socket.
    pub(crate) const READ: u32 = 1;
    /// There is more to write than what this batch brings.
    pub(crate) const WRITE: u32 = 2;
    /// Shut down the writing side when everything is written, and read on.
    pub(crate) const SHUTDOWN_WRITE: u32 = 4;
    /// Close the socket when everything is written.
    pub(crate) const CLOSE: u32 = 8;
    /// Messages can be sent.
    pub(crate) const OPEN: u32 = 16;
    /// Not all input fitted: call `receive` again, without bytes, before anything else comes in.
    pub(crate) const MORE: u32 = 32;
    /// With it: what comes next is the peer's close or the failure of the connection, behind which nothing
    /// can be sent. Let the messages of this batch be answered first.
    pub(crate) const ENDS: u32 = 64;
}

/// What is left of the input behind a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing.
    Taken,
    /// What did not fit.
    Full,
    /// The end, which waits until the messages before it could be answered.
    End,
}

const HEADER: usize = 8 * 4;

/// A batch that is being filled.
pub(crate) struct Batch {
    blob: Blob,
    records: Vec<[u32; WORDS]>,
    has_messages: bool,
}

impl Batch {
    /// `expected` is how many bytes will probably go in.
    pub(crate) fn new(expected: usize) -> Self {
        Self::within(Blob::with_capacity(HEADER + expected + 4 * 4 * WORDS))
    }

    /// In the memory of an earlier one.
    pub(crate) fn within(memory: Blob) -> Self {
        let mut blob = memory.cleared();
        blob.append(&[0; HEADER]);
        Self { blob, records: Vec::new(), has_messages: false }
    }

    pub(crate) fn push(&mut self, event: &Event<'_>) {
        self.has_messages |=
            matches!(event, Event::Text(_) | Event::Binary(_) | Event::Chunk { .. });
        let offset = u32::try_from(self.payload_len()).unwrap_or(NONE);
        self.blob.append(record::payload(event));
        self.records.push(record::words(event, offset));
    }

    /// Whether there is something that the application may want to answer.
    pub(crate) fn has_messages(&self) -> bool {
        self.has_messages
    }

    pub(crate) fn payload_len(&self) -> usize {
        self.blob.len() - HEADER
    }

    /// Takes at most `most` bytes out of the connection's queue, and says what is next.
    pub(crate) fn finish(
        mut self,
        connection: &mut Connection,
        most: usize,
        rest: Rest,
        now: Instant,
    ) -> Blob {
        let payload = self.payload_len();
        let output = self.take_output(connection, most);
        let queued = connection.sender(now).queued();
        let flags = flags(connection.wants(), connection.sender(now).is_open(), rest);
        // What holds the end back is short, and nothing that is due may put it in front.
        let deadline = connection.wants().deadline.filter(|_| rest != Rest::End);
        let deadline = deadline.map_or(u64::MAX, Instant::as_micros);
        let words = [
            word(self.records.len()),
            flags,
            (deadline & u64::from(u32::MAX)) as u32,
            (deadline >> 32) as u32,
            word(payload),
            word(output),
            word(queued),
        ];
        for word in self.records.iter().flatten() {
            self.blob.append(&word.to_le_bytes());
        }
        let allocated = word(self.blob.capacity());
        for (at, word) in words.into_iter().chain([allocated]).enumerate() {
            self.blob.write_at(at * 4, &word.to_le_bytes());
        }
        self.blob
    }

    fn take_output(&mut self, connection: &mut Connection, most: usize) -> usize {
        let mut left = most;
        for slice in connection.transmit() {
            let count = slice.len().min(left);
            self.blob.append(&slice[..count]);
            left -= count;
            if left == 0 {
                break;
            }
        }
        connection.transmitted(most - left);
        most - left
    }
}

fn word(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(NONE)
}

fn flags(wants: Wants, open: bool, rest: Rest) -> u32 {
    let socket = match wants.socket {
        Socket::Keep => 0,
        Socket::ShutdownWrite => flag::SHUTDOWN_WRITE,
        Socket::Close => flag::CLOSE,
    };
    let set = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
    socket
        | set(wants.read, flag::READ)
        | set(wants.write, flag::WRITE)
        | set(open, flag::OPEN)
        | set(rest != Rest::Taken, flag::MORE)
        | set(rest == Rest::End, flag::ENDS)
}
