//! Where a head ends.
//!
//! Owns the search for the blank line and the limits on a head: each byte is looked at once, when it
//! arrives, so a head that dribbles in costs as little as one that comes at once. Knows nothing of
//! what the lines say: RFC 9112 sections 2.1 and 2.2 only.

use super::grammar::is_value_byte;
use alloc::vec::Vec;
use core::mem;

/// Collects the bytes of a head up to its blank line.
#[derive(Debug)]
pub(crate) struct HeadReader {
    head: Vec<u8>,
    /// Bytes of the current line so far, without its CR.
    line_length: usize,
    after_cr: bool,
    lines: usize,
    bytes_left: usize,
    lines_left: usize,
}

/// Why a head is not read further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// The limit on bytes is reached before the blank line.
    TooLong,
    /// The limit on lines is reached before the blank line.
    TooManyLines,
    /// A control character, or a line that does not end with CR LF.
    Malformed { byte: u8, offset: usize },
}

/// A head with its blank line.
#[derive(Debug)]
pub(crate) struct RawHead {
    pub(crate) bytes: Vec<u8>,
    /// Its lines, without the blank one.
    pub(crate) lines: usize,
}

impl HeadReader {
    /// `size` bounds the bytes, `lines` the header lines, of all heads that this reader reads.
    pub(crate) const fn new(size: usize, lines: usize) -> Self {
        Self {
            head: Vec::new(),
            line_length: 0,
            after_cr: false,
            lines: 0,
            bytes_left: size,
            lines_left: lines.saturating_add(1),
        }
    }

    /// Takes the bytes of `input` that belong to the head, and returns the head when it is complete
    /// with the rest of `input`. The reader is ready for another head then.
    pub(crate) fn read<'a>(
        &mut self,
        input: &'a [u8],
    ) -> Result<Option<(RawHead, &'a [u8])>, HeadError> {
        let mut index = 0;
        while let Some(&byte) = input.get(index) {
            if !self.after_cr {
                let text = text_len(&input[index..]);
                self.bytes_left = self.bytes_left.checked_sub(text).ok_or(HeadError::TooLong)?;
                self.line_length += text;
                index += text;
                if text > 0 {
                    continue;
                }
            }
            self.bytes_left = self.bytes_left.checked_sub(1).ok_or(HeadError::TooLong)?;
            if self.ends_head(byte, index)? {
                let (head, rest) = input.split_at(index + 1);
                self.head.extend_from_slice(head);
                let lines = mem::take(&mut self.lines);
                return Ok(Some((RawHead { bytes: mem::take(&mut self.head), lines }, rest)));
            }
            index += 1;
        }
        self.head.extend_from_slice(input);
        Ok(None)
    }

    /// Takes a byte that is not inside of a line.
    fn ends_head(&mut self, byte: u8, index: usize) -> Result<bool, HeadError> {
        match (mem::take(&mut self.after_cr), byte) {
            (true, b'\n') => self.ends_line(),
            (false, b'\r') => {
                self.after_cr = true;
                Ok(false)
            }
            // Among them the first byte of a TLS handshake: no need to wait for the deadline.
            _ => Err(HeadError::Malformed { byte, offset: self.head.len() + index }),
        }
    }

    fn ends_line(&mut self) -> Result<bool, HeadError> {
        if mem::take(&mut self.line_length) > 0 {
            self.lines_left = self.lines_left.checked_sub(1).ok_or(HeadError::TooManyLines)?;
            self.lines += 1;
            return Ok(false);
        }
        // Blank lines before the first line are ignored, as RFC 9112 section 2.2 asks of servers.
        Ok(self.lines > 0)
    }
}

/// How many bytes at the front may stand in a line.
fn text_len(bytes: &[u8]) -> usize {
    // Blocks without a branch inside become vectors.
    let is_text =
        |block: &&[u8; 16]| block.iter().fold(true, |all, &byte| all & is_value_byte(byte));
    let start = 16 * bytes.as_chunks().0.iter().take_while(is_text).count();
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|&byte| !is_value_byte(byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limits: (usize, usize), input: &[u8]) -> Result<Option<(usize, usize)>, HeadError> {
        let head = HeadReader::new(limits.0, limits.1).read(input)?;
        Ok(head.map(|(head, rest)| (head.lines, rest.len())))
    }

    #[test]
    fn the_blank_line_ends_the_head() {
        assert_eq!(read((64, 4), b"GET /\r\nA: b\r\n\r\nrest"), Ok(Some((2, 4))));
        assert_eq!(read((64, 4), b"\r\n\r\nGET /\r\n\r\n"), Ok(Some((1, 0))));
        assert_eq!(read((64, 4), b"GET /\r\nA: b\r\n\r"), Ok(None));
    }

    #[test]
    fn limits_hold_at_the_exact_byte_and_line() {
        let head = b"GET /\r\nA: b\r\n\r\n";
        assert_eq!(read((head.len(), 1), head), Ok(Some((2, 0))));
        assert_eq!(read((head.len() - 1, 1), head), Err(HeadError::TooLong));
        assert_eq!(read((head.len(), 0), head), Err(HeadError::TooManyLines));
        assert_eq!(read((8, 8), b"GET / HTTP/1.1"), Err(HeadError::TooLong));
    }

    #[test]
    fn control_characters_and_bare_line_ends_are_found_at_once() {
        let cases: &[(&[u8], u8, usize)] = &[
            (b"\x16\x03\x01", 0x16, 0),
            (b"GET /\n", b'\n', 5),
            (b"GET /\rX", b'X', 6),
            (b"GET /\r\r", b'\r', 6),
            (b"A\0", 0, 1),
            (b"A\x7f", 0x7f, 1),
        ];
        for &(input, byte, offset) in cases {
            assert_eq!(read((64, 4), input), Err(HeadError::Malformed { byte, offset }));
        }
    }

    #[test]
    fn a_dribbled_head_is_the_same_head_and_keeps_nothing_beyond_the_limit() {
        let mut reader = HeadReader::new(64, 4);
        let head = b"GET /\r\nA: b\r\n\r\n";
        let (before, last) = head.split_at(head.len() - 1);
        assert!(before.iter().all(|&byte| matches!(reader.read(&[byte]), Ok(None))));
        let (raw, rest) = reader.read(last).expect("well formed").expect("complete");
        assert_eq!((&raw.bytes[..], rest), (&head[..], &b""[..]));

        let mut reader = HeadReader::new(1 << 14, 100);
        let refused = (0..1 << 14).find(|_| reader.read(&[b'a'; 1 << 10]).is_err());
        assert_eq!(refused, Some(16));
        assert!(reader.head.capacity() <= 1 << 15);
    }
}
