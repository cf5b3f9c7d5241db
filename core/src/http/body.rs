//! The start of the body of a refusal.
//!
//! Owns the framing of bodies (RFC 9112 sections 6 and 7) as far as a client needs it to show why a
//! server refused: the first bytes, and when there is no more to wait for. Knows nothing of content.

use super::grammar::{list, trim};
use alloc::vec::Vec;

/// Collects the first bytes of a body.
#[derive(Debug)]
pub(crate) struct BodyStart {
    pub(crate) bytes: Vec<u8>,
    framing: Framing,
    /// The most bytes to keep.
    limit: usize,
}

#[derive(Debug)]
enum Framing {
    Length(u64),
    Chunked(Chunk),
    UntilEnd,
}

#[derive(Debug)]
enum Chunk {
    /// In the line with the size, which is known so far; whether an extension began.
    Size {
        size: u64,
        extension: bool,
    },
    Data {
        left: u64,
    },
    /// In the line end behind the data.
    DataEnd,
}

impl BodyStart {
    /// A body as `Transfer-Encoding` and `Content-Length` describe it; of it `limit` bytes are kept.
    pub(crate) fn new<'a>(
        codings: impl Iterator<Item = &'a [u8]>,
        length: Option<&[u8]>,
        limit: usize,
    ) -> Self {
        let framing = match codings.flat_map(list).last() {
            Some(coding) if coding.eq_ignore_ascii_case(b"chunked") => {
                Framing::Chunked(Chunk::Size { size: 0, extension: false })
            }
            Some(_) => Framing::UntilEnd,
            None => length.and_then(decimal).map_or(Framing::UntilEnd, Framing::Length),
        };
        Self { bytes: Vec::new(), framing, limit }
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_complete(&self) -> bool {
        self.bytes.len() >= self.limit || matches!(self.framing, Framing::Length(0))
    }

    /// Takes the next bytes of the stream.
    pub(crate) fn read(&mut self, mut input: &[u8]) {
        while !input.is_empty() && !self.is_complete() {
            let taken = match &mut self.framing {
                Framing::UntilEnd => self.keep(input, u64::MAX),
                &mut Framing::Length(left) => {
                    let taken = self.keep(input, left);
                    self.framing = Framing::Length(left - taken as u64);
                    taken
                }
                &mut Framing::Chunked(Chunk::Data { left }) => {
                    let taken = self.keep(input, left);
                    self.framing = Framing::Chunked(match left - taken as u64 {
                        0 => Chunk::DataEnd,
                        left => Chunk::Data { left },
                    });
                    taken
                }
                Framing::Chunked(line) => {
                    let next = input.first().and_then(|&byte| line.next(byte));
                    // A size of zero, or bytes that are no chunk, end the body.
                    self.framing = next.map_or(Framing::Length(0), Framing::Chunked);
                    1
                }
            };
            input = input.get(taken..).unwrap_or_default();
        }
    }

    fn keep(&mut self, input: &[u8], most: u64) -> usize {
        let room = self.limit - self.bytes.len();
        let count = input.len().min(room).min(usize::try_from(most).unwrap_or(usize::MAX));
        self.bytes.extend_from_slice(input.get(..count).unwrap_or_default());
        count
    }
}

impl Chunk {
    fn next(&self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::DataEnd, b'\r') => Some(Self::DataEnd),
            (Self::DataEnd, b'\n') => Some(Self::Size { size: 0, extension: false }),
            (Self::Size { size: 0, .. }, b'\n') => None,
            (&Self::Size { size, .. }, b'\n') => Some(Self::Data { left: size }),
            (&Self::Size { size, .. }, b';' | b'\r' | b' ') => {
                Some(Self::Size { size, extension: true })
            }
            (&Self::Size { size, extension: true }, _) => {
                Some(Self::Size { size, extension: true })
            }
            (&Self::Size { size, extension: false }, _) => {
                let digit = char::from(byte).to_digit(16)?;
                let size = size.checked_mul(16)?.checked_add(u64::from(digit))?;
                Some(Self::Size { size, extension: false })
            }
            _ => None,
        }
    }
}

/// The number that `value` writes in decimal digits.
pub(crate) fn decimal(value: &[u8]) -> Option<u64> {
    let value = trim(value);
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(coding: Option<&[u8]>, length: Option<&[u8]>, input: &[u8]) -> (Vec<u8>, bool) {
        let mut whole = BodyStart::new(coding.into_iter(), length, 8);
        whole.read(input);
        let mut dribbled = BodyStart::new(coding.into_iter(), length, 8);
        input.iter().for_each(|&byte| dribbled.read(&[byte]));
        assert_eq!(whole.bytes, dribbled.bytes);
        assert_eq!(whole.is_complete(), dribbled.is_complete());
        (whole.bytes.clone(), whole.is_complete())
    }

    #[test]
    fn bodies_end_where_their_framing_says() {
        let chunked = Some(&b"gzip, Chunked"[..]);
        assert_eq!(read(None, Some(b"3"), b"abcdef"), (b"abc".to_vec(), true));
        assert_eq!(read(None, Some(b"0"), b""), (b"".to_vec(), true));
        assert_eq!(read(None, Some(b"5"), b"abc"), (b"abc".to_vec(), false));
        assert_eq!(read(None, Some(b"x"), b"abc"), (b"abc".to_vec(), false));
        assert_eq!(read(None, None, b"abcdefghijkl"), (b"abcdefgh".to_vec(), true));
        assert_eq!(
            read(chunked, Some(b"1"), b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n"),
            (b"abc".to_vec(), true)
        );
        assert_eq!(read(chunked, None, b"FFFFFFFFFFFFFFFF\r\nab"), (b"ab".to_vec(), false));
        assert_eq!(read(chunked, None, b"FFFFFFFFFFFFFFFFF\r\nab"), (b"".to_vec(), true));
        assert_eq!(read(chunked, None, b"\xff\xff"), (b"".to_vec(), true));
    }
}
