//! UTF-8 that arrives in pieces: fragments of a message, or a frame cut by the end of a chunk.
//!
//! Owns the check of text across cuts. Knows nothing of frames or messages. RFC 6455 sections 5.6 and
//! 8.1, RFC 3629.
//!
//! # How it stays linear and fails fast
//!
//! A piece may end inside a character. Those last bytes, three at most, are held back; everything
//! before them is whole characters and goes to the vectorised check at once. The next piece first
//! completes the held character, byte by byte, so no byte is looked at more than a few times
//! however small the pieces are. The held bytes are always a prefix that *some* character has:
//! `f4 90` or `ed a0` can be followed by nothing valid and fails with its second byte.

use core::str;

use crate::kernels;

/// The state between two pieces of one text: an incomplete character of at most three bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8 {
    held: [u8; 3],
    len: u8,
}

impl Utf8 {
    /// Checks the next piece.
    ///
    /// The error is the index in `piece` of the byte that makes the text invalid, whatever follows.
    /// After an error the state is of no use.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), usize> {
        let used = if self.len == 0 { 0 } else { self.complete(piece)? };
        let rest = &piece[used..];
        let (whole, tail) = rest.split_at(rest.len() - unfinished(rest));
        kernels::check_text(whole).map_err(|at| used + at)?;
        for (i, &byte) in tail.iter().enumerate() {
            self.hold(byte).map_err(|()| used + whole.len() + i)?;
        }
        Ok(())
    }

    /// How many bytes at the end of what was pushed belong to an unfinished character.
    pub(crate) const fn pending(&self) -> usize {
        self.len as usize
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.6
    //# Note that a particular text frame might include a partial UTF-8 sequence; however, the whole message MUST contain valid UTF-8.
    /// Whether the text may end here.
    pub(crate) const fn is_complete(&self) -> bool {
        self.len == 0
    }

    /// Feeds the held character until it is complete or the piece ends. Gives the bytes used.
    fn complete(&mut self, piece: &[u8]) -> Result<usize, usize> {
        for (i, &byte) in piece.iter().enumerate() {
            self.hold(byte).map_err(|()| i)?;
            if self.is_complete() {
                return Ok(i + 1);
            }
        }
        Ok(piece.len())
    }

    /// Adds one byte to the held character, which is forgotten as soon as it is complete.
    fn hold(&mut self, byte: u8) -> Result<(), ()> {
        let len = self.pending();
        let mut character = [0; 4];
        character[..len].copy_from_slice(&self.held[..len]);
        character[len] = byte;
        match str::from_utf8(&character[..=len]) {
            Ok(_) => self.len = 0,
            Err(error) if error.error_len().is_none() => {
                self.held[len] = byte;
                self.len += 1;
            }
            Err(_) => return Err(()),
        }
        Ok(())
    }
}

/// How many bytes at the end of `piece` start a character that needs more bytes than are there.
///
/// Looks only at how long the lead byte says the character is: whether it is valid is for others.
fn unfinished(piece: &[u8]) -> usize {
    for (i, byte) in piece.iter().rev().take(3).enumerate() {
        let needed = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if needed > i + 1 { i + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// What `core` says, byte by byte: the index of the first byte after which nothing helps.
    fn reference(text: &[u8]) -> Result<bool, usize> {
        for end in 0..=text.len() {
            if let Err(error) = str::from_utf8(&text[..end])
                && error.error_len().is_some()
            {
                return Err(end - 1);
            }
        }
        Ok(str::from_utf8(text).is_ok())
    }

    fn pushed(pieces: &[&[u8]]) -> Result<bool, usize> {
        let mut state = Utf8::default();
        let mut offset = 0;
        for piece in pieces {
            state.push(piece).map_err(|at| offset + at)?;
            offset += piece.len();
        }
        Ok(state.is_complete())
    }

    fn check_all_cuts(text: &[u8]) {
        let expected = reference(text);
        let bytes: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(pushed(&[text]), expected, "{text:02x?}");
        assert_eq!(pushed(&bytes), expected, "{text:02x?} byte by byte");
        for first in 0..=text.len() {
            for second in first..=text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(pushed(&pieces), expected, "{pieces:02x?}");
            }
        }
    }

    #[test]
    fn agrees_with_core_on_every_short_sequence_at_every_cut() {
        let later = [0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc3, 0xe2, 0xf0];
        for first in 0..=0xff {
            check_all_cuts(&[first]);
            for second in 0..=0xff {
                check_all_cuts(&[first, second]);
                for third in later {
                    check_all_cuts(&[first, second, third]);
                }
            }
        }
        for first in [0x41, 0xc3, 0xe0, 0xe2, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5] {
            for second in later {
                for third in later {
                    for fourth in later {
                        check_all_cuts(&[first, second, third, fourth]);
                    }
                }
            }
        }
    }

    #[test]
    fn long_text_may_be_cut_anywhere() {
        let mut text: Vec<u8> = "aé€😀".repeat(30).into_bytes();
        check_all_cuts(&text);
        text[200] = 0xff;
        check_all_cuts(&text);
    }

    #[test]
    fn tells_how_much_is_unfinished() {
        let mut state = Utf8::default();
        for (byte, pending) in [(0xf0, 1), (0x9f, 2), (0x98, 3), (0x80, 0), (0x61, 0), (0xc3, 1)] {
            assert_eq!(state.push(&[byte]), Ok(()));
            assert_eq!((state.pending(), state.is_complete()), (pending, pending == 0));
        }
    }
}
