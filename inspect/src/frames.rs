//! The columns of frames.
//!
//! Owns their layout: structures of arrays, because a million objects are too many for any page. Knows
//! nothing of how frames come about.

use crate::NONE;

/// Bits of [`Frames::flags`].
pub mod flag {
    /// Sent by the server.
    pub const FROM_SERVER: u16 = 1;
    /// A rule is broken in it.
    pub const PROBLEM: u16 = 2;
    /// Bytes of it are missing.
    pub const GAP: u16 = 4;
    /// The capture ends inside it.
    pub const CUT: u16 = 8;
    /// It belongs to no message, because it breaks a rule.
    pub const SKIPPED: u16 = 16;
    /// The first frame of a message.
    pub const FIRST: u16 = 32;
    /// The last frame of a message.
    pub const LAST: u16 = 64;
    /// Its message is compressed.
    pub const DEFLATED: u16 = 128;
    /// It came behind the close frame of its direction.
    pub const AFTER_CLOSE: u16 = 256;
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// The connection.
    pub connection: u32,
    /// When its last byte arrived, in microseconds since 1970.
    pub time: f64,
    /// Where it begins in its direction, behind the handshake.
    pub offset: u64,
    /// Bytes of its payload, as it claims.
    pub length: u64,
    /// Bytes that it adds to its message after inflation.
    pub content: u64,
    /// The first two bytes, the first below.
    pub header: u16,
    /// Bytes of the header.
    pub header_length: u8,
    /// See [`flag`].
    pub flags: u16,
    /// The message that it belongs to, or [`NONE`].
    pub message: u32,
    /// The code of a close frame, the round trip of a pong in microseconds, or [`NONE`].
    pub value: u32,
}

/// All frames, column by column. Rows are in the order of the arrival of their last byte and never
/// change.
#[derive(Debug, Default)]
pub struct Frames {
    /// The connection.
    pub connection: Vec<u32>,
    /// When the last byte arrived.
    pub time: Vec<f64>,
    /// Where the frame begins in its direction.
    pub offset: Vec<f64>,
    /// Bytes of payload, at most `NONE - 1`.
    pub length: Vec<u32>,
    /// Bytes of content, at most `NONE - 1`.
    pub content: Vec<u32>,
    /// The first two bytes.
    pub header: Vec<u16>,
    /// Bytes of the header.
    pub header_length: Vec<u8>,
    /// See [`flag`].
    pub flags: Vec<u16>,
    /// The message, or [`NONE`].
    pub message: Vec<u32>,
    /// What is special about it.
    pub value: Vec<u32>,
    /// Lengths that do not fit the column.
    long: Vec<(u32, u64)>,
}

impl Frames {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.flags.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    pub(crate) fn push(&mut self, frame: &Frame) -> u32 {
        let row = self.len() as u32;
        let narrow = |value: u64| u32::try_from(value).unwrap_or(NONE).min(NONE - 1);
        if frame.length >= u64::from(NONE) {
            self.long.push((row, frame.length));
        }
        self.connection.push(frame.connection);
        self.time.push(frame.time);
        self.offset.push(frame.offset as f64);
        self.length.push(narrow(frame.length));
        self.content.push(narrow(frame.content));
        self.header.push(frame.header);
        self.header_length.push(frame.header_length);
        self.flags.push(frame.flags);
        self.message.push(frame.message);
        self.value.push(frame.value);
        row
    }

    /// A row as a whole.
    pub fn row(&self, row: u32) -> Option<Frame> {
        let at = row as usize;
        let flags = *self.flags.get(at)?;
        let long = self.long.binary_search_by_key(&row, |&(row, _)| row);
        Some(Frame {
            connection: self.connection[at],
            time: self.time[at],
            offset: self.offset[at] as u64,
            length: long.map_or(u64::from(self.length[at]), |found| self.long[found].1),
            content: self.content[at].into(),
            header: self.header[at],
            header_length: self.header_length[at],
            flags,
            message: self.message[at],
            value: self.value[at],
        })
    }

    /// The rows of a frame's message: the first and the last that are there. A frame without a message
    /// is alone.
    pub fn message_rows(&self, row: u32) -> (u32, u32) {
        let at = row as usize;
        let message = self.message.get(at).copied().unwrap_or(NONE);
        if message == NONE {
            return (row, row);
        }
        let (mut first, mut last) = (at, at);
        let mut earlier = at;
        while self.flags[first] & flag::FIRST == 0 && earlier > 0 {
            earlier -= 1;
            if self.message[earlier] == message {
                first = earlier;
            }
        }
        let mut later = at;
        while self.flags[last] & flag::LAST == 0 && later + 1 < self.len() {
            later += 1;
            if self.message[later] == message {
                last = later;
            }
        }
        (first as u32, last as u32)
    }
}

impl Frame {
    /// The low four bits of the first byte.
    pub const fn opcode(&self) -> u8 {
        (self.header & 15) as u8
    }

    /// 0 from the client, 1 from the server.
    pub const fn direction(&self) -> usize {
        (self.flags & flag::FROM_SERVER) as usize
    }

    /// Whether any of these flags is set.
    pub const fn has(&self, flags: u16) -> bool {
        self.flags & flags != 0
    }
}
