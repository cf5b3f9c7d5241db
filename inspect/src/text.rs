//! Bytes that are written as text: hex, dumps of xxd and hexdump, base64. And what a file is, by its
//! first bytes.
//!
//! Owns the notations that people paste. Knows nothing of what the bytes mean.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// What a file or a pasted text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A capture of libpcap.
    Pcap,
    /// A capture of the next generation.
    Pcapng,
    /// Bytes in hex, in any of the usual notations.
    Hex,
    /// A dump with offsets, as `xxd` and `hexdump -C` make it.
    Xxd,
    /// Base64 of either alphabet, or a data URL of it.
    Base64,
    /// The bytes of one direction of one connection.
    Raw,
    /// Nothing.
    Empty,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 7] =
        [Self::Pcap, Self::Pcapng, Self::Hex, Self::Xxd, Self::Base64, Self::Raw, Self::Empty];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
            Self::Hex => "hex",
            Self::Xxd => "xxd",
            Self::Base64 => "base64",
            Self::Raw => "raw",
            Self::Empty => "empty",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What a file is, by its first bytes.
pub fn sniff(start: &[u8]) -> Format {
    match start {
        [] => Format::Empty,
        [0x0a, 0x0d, 0x0d, 0x0a, ..] => Format::Pcapng,
        // Either order of bytes, in microseconds or nanoseconds.
        [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0xc3, 0xd4, ..]
        | [0x4d, 0x3c, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0x3c, 0x4d, ..] => Format::Pcap,
        _ => sniff_text(start).unwrap_or(Format::Raw),
    }
}

fn sniff_text(start: &[u8]) -> Option<Format> {
    // The end may cut a line in the middle, or a character: what is judged are whole lines.
    let whole = match start.iter().rposition(|&byte| byte == b'\n') {
        Some(end) if start.len() >= 4096 => &start[..end],
        _ => start,
    };
    decode(core::str::from_utf8(whole).ok()?).map(|(format, _)| format)
}

/// The bytes that a text stands for, and in which notation.
pub fn decode(text: &str) -> Option<(Format, Vec<u8>)> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    if let Some(bytes) = dump(text) {
        return Some((Format::Xxd, bytes));
    }
    if let Some(bytes) = hex(text) {
        return Some((Format::Hex, bytes));
    }
    base64(text).map(|bytes| (Format::Base64, bytes))
}

/// `8105 4865`, `81:05`, `0x81, 0x05`, `\x81\x05`, `[0x81]`, `b"\x81"`.
fn hex(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    let separator = |c: char| c.is_ascii_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '|');
    let text = text.trim_matches(|c| matches!(c, '[' | ']' | '{' | '}' | '(' | ')' | '"' | '\''));
    for word in text.split(separator).filter(|word| !word.is_empty()) {
        let word = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).unwrap_or(word);
        let escaped = word.strip_prefix("\\x").map(|word| word.replace("\\x", ""));
        let digits = escaped.as_deref().unwrap_or(word).as_bytes();
        // `0x5` is a byte, and so is a lone digit between separators.
        if let [digit] = digits {
            bytes.push(nibble(*digit)?);
            continue;
        }
        if !digits.len().is_multiple_of(2) {
            return None;
        }
        for pair in digits.chunks_exact(2) {
            bytes.push(nibble(pair[0])? << 4 | nibble(pair[1])?);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Lines of an offset, hex, and characters. Every line must have an offset that fits.
fn dump(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut first = None;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && *line != "*") {
        let (offset, rest) = split_offset(line)?;
        let start = *first.get_or_insert(offset);
        if offset.checked_sub(start)? != bytes.len() as u64 {
            return None;
        }
        // Two blanks, or a bar, begin the column of characters.
        let rest = rest.trim_start();
        let columns = [rest.find('|'), second_gap(rest)];
        let end = columns.into_iter().flatten().min().unwrap_or(rest.len());
        for word in rest[..end].split_ascii_whitespace() {
            bytes.extend(hex(word)?);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// `00000010: 81` of xxd, `00000010  81` of hexdump.
fn split_offset(line: &str) -> Option<(u64, &str)> {
    let (offset, rest) = match line.split_once(": ") {
        Some(parts) => parts,
        None => line.split_once("  ").or(Some((line, "")))?,
    };
    let digits = offset.trim_end_matches(':');
    let fits =
        (4..=16).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    // A line of hexdump that is only an offset says where the dump ends.
    let plain = rest.is_empty() && !offset.ends_with(':') && line.len() < 7;
    if !fits || plain {
        return None;
    }
    Some((u64::from_str_radix(digits, 16).ok()?, rest))
}

/// Where the column of characters of xxd begins: behind two blanks, of which hexdump has some in the
/// middle of its hex as well.
fn second_gap(rest: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = rest[from..].find("  ").map(|at| at + from) {
        let after = rest[at..].trim_start();
        let is_hex =
            after.get(..2).is_some_and(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()))
                && after.as_bytes().get(2).is_none_or(|&byte| byte == b' ')
                && rest.contains('|');
        if !is_hex {
            return Some(at);
        }
        from = rest.len() - after.len();
    }
    None
}

fn base64(text: &str) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let text = match text.strip_prefix("data:") {
        Some(url) => url.split_once(";base64,")?.1,
        None => text,
    };
    // It is broken into lines, not into words: most sentences would be base64 otherwise.
    let text: String = text.lines().map(str::trim).collect();
    let alphabet = if text.contains(['-', '_']) { alphabet::URL_SAFE } else { alphabet::STANDARD };
    let bytes = GeneralPurpose::new(&alphabet, config).decode(text).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_of_every_kind() {
        for text in [
            "81054865",
            "81 05 48 65",
            "81:05:48:65",
            "0x81, 0x05, 0x48, 0x65",
            "[0x81,0x5,0x48,0x65]",
            "\\x81\\x05\\x48\\x65",
            "8105\n4865\n",
        ] {
            assert_eq!(decode(text), Some((Format::Hex, vec![0x81, 5, 0x48, 0x65])), "{text}");
        }
    }

    #[test]
    fn dumps() {
        let bytes: Vec<u8> = (0x30..0x44).collect();
        let xxd = "00000000: 3031 3233 3435 3637 3839 3a3b 3c3d 3e3f  0123456789:;<=>?\n\
                   00000010: 4041 4243                                @ABC\n";
        assert_eq!(decode(xxd), Some((Format::Xxd, bytes.clone())));
        let hexdump = "00000000  30 31 32 33 34 35 36 37  38 39 3a 3b 3c 3d 3e 3f  |0123456789:;<=>?|\n\
                       00000010  40 41 42 43                                       |@ABC|\n00000014\n";
        assert_eq!(decode(hexdump), Some((Format::Xxd, bytes)));
    }

    #[test]
    fn base64_of_either_alphabet() {
        for text in
            ["gQVI/2U=", "gQVI_2U", "gQVI\n/2U=", "data:application/octet-stream;base64,gQVI/2U="]
        {
            assert_eq!(decode(text), Some((Format::Base64, b"\x81\x05H\xffe".to_vec())), "{text}");
        }
    }

    #[test]
    fn other_text_is_none() {
        for text in ["", " ", "GET / HTTP/1.1", "hello, world", "nothing of the kind", "8", "{}"] {
            assert!(
                decode(text).is_none_or(|(format, _)| text == "8" && format == Format::Hex),
                "{text}"
            );
        }
    }

    #[test]
    fn files_by_their_first_bytes() {
        assert_eq!(sniff(b""), Format::Empty);
        assert_eq!(sniff(b"\xd4\xc3\xb2\xa1\x02\x00"), Format::Pcap);
        assert_eq!(sniff(b"\x0a\x0d\x0d\x0a\x1c"), Format::Pcapng);
        assert_eq!(sniff(b"\x81\x05Hello"), Format::Raw);
        assert_eq!(sniff(b"GET / HTTP/1.1\r\n"), Format::Raw);
        assert_eq!(sniff(&b"81 05 48 65\n".repeat(1000)), Format::Hex);
    }
}
