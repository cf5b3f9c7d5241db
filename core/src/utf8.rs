//! UTF-8 in text that arrives in pieces.
//!
//! Owns the characters that a cut goes through, and finds the first byte that no text can have in
//! its place as soon as it is there (RFC 6455 section 8.1). Knows nothing of frames: a piece is any
//! run of masked bytes. Each byte is looked at once, however small the pieces.

use crate::kernels::{Mask, append_text, unmask_text};
use alloc::string::String;

/// Where a text stands between two pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8 {
    /// Bytes of whole characters so far.
    whole: u64,
    /// The start of a character whose rest has not arrived: at most three bytes.
    unfinished: [u8; 4],
    unfinished_len: u8,
}

/// The bytes so far cannot be the start of any text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUtf8;

impl Utf8 {
    /// Appends the whole characters of a piece to `text`. What it leaves unfinished is kept for the
    /// next piece; in an error, `text` has everything before the first character that is none.
    pub(crate) fn append(
        &mut self,
        piece: &[u8],
        mask: Mask,
        text: &mut String,
    ) -> Result<(), NotUtf8> {
        let (finished, used) = self.finish(piece, mask)?;
        text.extend(finished);
        let (piece, mask) = (&piece[used..], mask.advance(used));
        let (whole, tail) = piece.split_at(piece.len() - unfinished_tail(piece, mask));
        let had = text.len();
        let valid = append_text(text, whole, mask);
        self.whole += (text.len() - had) as u64;
        if !valid {
            return Err(NotUtf8);
        }
        self.begin(tail, mask.advance(whole.len()))
    }

    /// Unmasks a piece in place and lends its whole characters, where no character went through the
    /// cut before it. The text before an error is lent beside it.
    pub(crate) fn lend<'a>(
        &mut self,
        piece: &'a mut [u8],
        mask: Mask,
    ) -> (&'a str, Result<(), NotUtf8>) {
        debug_assert!(self.is_complete(), "a character that is cut cannot be lent");
        let tail = unfinished_tail(piece, mask);
        let (whole, tail) = piece.split_at_mut(piece.len() - tail);
        let tail_mask = mask.advance(whole.len());
        match unmask_text(whole, mask) {
            Ok(text) => {
                self.whole += text.len() as u64;
                (text, self.begin(tail, tail_mask))
            }
            Err(valid) => {
                self.whole += valid.len() as u64;
                (valid, Err(NotUtf8))
            }
        }
    }

    /// Whether a text may end here.
    pub(crate) fn is_complete(&self) -> bool {
        self.unfinished_len == 0
    }

    /// How many bytes of whole characters came: where the text is broken, if it is.
    pub(crate) fn whole_len(&self) -> u64 {
        self.whole
    }

    /// Finishes the character that earlier pieces began. Returns it, if it is whole now, and how many
    /// bytes of the piece it took.
    fn finish(&mut self, piece: &[u8], mask: Mask) -> Result<(Option<char>, usize), NotUtf8> {
        let mut used = 0;
        while self.unfinished_len != 0 && used < piece.len() {
            let character = self.extend_unfinished(unmasked(piece, used, mask))?;
            used += 1;
            if character.is_some() {
                return Ok((character, used));
            }
        }
        Ok((None, used))
    }

    /// Keeps the start of a character that the end of a piece cut off.
    fn begin(&mut self, tail: &[u8], mask: Mask) -> Result<(), NotUtf8> {
        for at in 0..tail.len() {
            self.extend_unfinished(unmasked(tail, at, mask))?;
        }
        Ok(())
    }

    /// Adds a byte to the unfinished character; returns the character once it is whole.
    fn extend_unfinished(&mut self, byte: u8) -> Result<Option<char>, NotUtf8> {
        let len = usize::from(self.unfinished_len);
        self.unfinished[len] = byte;
        match core::str::from_utf8(&self.unfinished[..=len]) {
            Ok(character) => {
                self.unfinished_len = 0;
                self.whole += character.len() as u64;
                Ok(character.chars().next())
            }
            Err(error) if error.error_len().is_none() => {
                self.unfinished_len += 1;
                Ok(None)
            }
            Err(_) => Err(NotUtf8),
        }
    }
}

fn unmasked(piece: &[u8], at: usize, mask: Mask) -> u8 {
    piece[at] ^ mask.advance(at).key()[0]
}

/// How many bytes at the end of a piece belong to a character that goes on after it, judged by its
/// lead byte alone.
fn unfinished_tail(piece: &[u8], mask: Mask) -> usize {
    let longest = piece.len().min(3);
    for len in 1..=longest {
        let longer = match unmasked(piece, piece.len() - len, mask) {
            0x80..=0xbf => continue,
            0xc0..=0xdf => len < 2,
            0xe0..=0xef => len < 3,
            0xf0..=0xff => len < 4,
            _ => false,
        };
        return if longer { len } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{Mask, Utf8};
    use alloc::string::String;
    use alloc::vec::Vec;

    /// The whole characters of `bytes` fed in `pieces`, and whether they may end or are broken.
    fn feed(pieces: &[&[u8]], lend: bool) -> (String, bool, bool) {
        let mut utf8 = Utf8::default();
        let mut text = String::new();
        for piece in pieces {
            let mut bytes = Vec::from(*piece);
            let result = if lend && utf8.is_complete() {
                let (lent, result) = utf8.lend(&mut bytes, Mask::NONE);
                text.push_str(lent);
                result
            } else {
                utf8.append(&bytes, Mask::NONE, &mut text)
            };
            assert_eq!(utf8.whole_len(), text.len() as u64);
            if result.is_err() {
                return (text, false, true);
            }
        }
        (text, utf8.is_complete(), false)
    }

    fn expected(bytes: &[u8]) -> (String, bool, bool) {
        match core::str::from_utf8(bytes) {
            Ok(text) => (String::from(text), true, false),
            Err(error) => {
                let valid = &bytes[..error.valid_up_to()];
                let text = core::str::from_utf8(valid).map(String::from).unwrap_or_default();
                (text, false, error.error_len().is_some())
            }
        }
    }

    fn check_every_cut(bytes: &[u8]) {
        let whole = expected(bytes);
        for lend in [false, true] {
            assert_eq!(feed(&[bytes], lend), whole, "{bytes:x?}");
            for cut in 1..bytes.len() {
                let (front, back) = bytes.split_at(cut);
                assert_eq!(feed(&[front, back], lend), whole, "{bytes:x?} at {cut}");
            }
            let singles: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(feed(&singles, lend), whole, "{bytes:x?} byte by byte");
        }
    }

    #[test]
    fn every_cut_of_every_short_sequence_agrees_with_the_standard_library() {
        let interesting = [
            0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
            0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff,
        ];
        for a in interesting {
            for b in interesting {
                for c in interesting {
                    for d in interesting {
                        check_every_cut(&[a, b, c, d]);
                    }
                }
            }
        }
    }
}
