//! UTF-8 in text that arrives in pieces.
//!
//! Owns the characters that a cut goes through, and finds the first byte that no text can have in
//! its place as soon as it is there (RFC 6455 section 8.1). Knows nothing of frames: a piece is any
//! run of bytes. Each byte is looked at once, however small the pieces.

use crate::kernels::{Mask, apply_mask, unmask_text};

/// Where a text stands between two pieces.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8 {
    /// Bytes of whole characters so far.
    whole: u64,
    /// The start of a character whose rest has not arrived: at most three bytes.
    unfinished: [u8; 4],
    unfinished_len: u8,
}

/// What a piece contributes to its text.
#[derive(Debug)]
pub(crate) struct Contribution<'a> {
    /// The character that earlier pieces began and this one finished.
    pub(crate) finished: Option<char>,
    /// The whole characters after it.
    pub(crate) text: &'a str,
    /// Whether the bytes after those cannot be UTF-8, whatever follows.
    pub(crate) broken: bool,
}

impl Utf8 {
    /// Unmasks and checks the next piece. What it leaves unfinished is kept for the one after it.
    pub(crate) fn push<'a>(&mut self, piece: &'a mut [u8], mask: Mask) -> Contribution<'a> {
        let mut finished = None;
        let mut used = 0;
        while self.unfinished_len != 0 && used < piece.len() {
            apply_mask(&mut piece[used..=used], mask.advance(used));
            match self.extend_unfinished(piece[used]) {
                Ok(character) => finished = character,
                Err(()) => return Contribution { finished, text: "", broken: true },
            }
            used += 1;
        }
        let (_, rest) = piece.split_at_mut(used);
        let mask = mask.advance(used);
        let (whole, tail) = rest.split_at_mut(rest.len() - unfinished_tail(rest, mask));
        let tail_mask = mask.advance(whole.len());

        match unmask_text(whole, mask) {
            Ok(text) => {
                self.whole += text.len() as u64;
                apply_mask(tail, tail_mask);
                let broken = tail.iter().any(|&byte| self.extend_unfinished(byte).is_err());
                Contribution { finished, text, broken }
            }
            Err(valid) => {
                self.whole += valid.len() as u64;
                Contribution { finished, text: valid, broken: true }
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

    /// Adds a byte to the unfinished character; returns the character once it is whole.
    fn extend_unfinished(&mut self, byte: u8) -> Result<Option<char>, ()> {
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
            Err(_) => Err(()),
        }
    }
}

/// How many bytes at the end of a masked piece belong to a character that goes on after it, judged
/// by its lead byte alone.
fn unfinished_tail(piece: &[u8], mask: Mask) -> usize {
    let longest = piece.len().min(3);
    for len in 1..=longest {
        let at = piece.len() - len;
        let mut byte = [piece[at]];
        apply_mask(&mut byte, mask.advance(at));
        match byte[0] {
            0x80..=0xbf => {}
            0xc0..=0xdf if len < 2 => return len,
            0xe0..=0xef if len < 3 => return len,
            0xf0..=0xff if len < 4 => return len,
            _ => return 0,
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{Mask, Utf8};
    use alloc::string::String;
    use alloc::vec::Vec;

    /// The whole characters of `bytes` fed in `pieces`, and whether they may end or are broken.
    fn feed(pieces: &[&[u8]]) -> (String, bool, bool) {
        let mut utf8 = Utf8::default();
        let mut text = String::new();
        for piece in pieces {
            let mut bytes = Vec::from(*piece);
            let contribution = utf8.push(&mut bytes, Mask::NONE);
            text.extend(contribution.finished);
            text.push_str(contribution.text);
            assert_eq!(utf8.whole_len(), text.len() as u64);
            if contribution.broken {
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
                        let bytes = [a, b, c, d];
                        let whole = expected(&bytes);
                        assert_eq!(feed(&[&bytes]), whole, "{bytes:x?}");
                        for cut in 1..4 {
                            let (front, back) = bytes.split_at(cut);
                            assert_eq!(feed(&[front, back]), whole, "{bytes:x?} at {cut}");
                        }
                        let singles: Vec<&[u8]> = bytes.chunks(1).collect();
                        assert_eq!(feed(&singles), whole, "{bytes:x?} byte by byte");
                    }
                }
            }
        }
    }
}
