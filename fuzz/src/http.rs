//! Heads as they must look on the wire.
//!
//! Owns a strict reader of HTTP/1.1 heads (RFC 9112 sections 3 to 5), apart from the core's. Knows
//! nothing of handshakes.

/// A head that keeps the grammar to the letter.
#[derive(Debug)]
pub struct Head {
    pub line: String,
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Head {
    pub fn all<'h>(&'h self, name: &'h str) -> impl Iterator<Item = &'h [u8]> {
        let named = self.fields.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_slice())
    }

    /// The value of a field that must be there exactly once.
    pub fn only<'h>(&'h self, name: &'h str) -> &'h [u8] {
        let values: Vec<_> = self.all(name).collect();
        assert_eq!(values.len(), 1, "{name} in {self:?}");
        values[0]
    }
}

/// Reads what this project wrote, and panics where it is not as it must be: a line feed or a control
/// character that came from outside would show.
pub fn read(bytes: &[u8]) -> Head {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an empty line");
    let (head, body) = (&bytes[..end], bytes[end + 4..].to_vec());
    let mut lines = head.split(|&byte| byte == b'\n');
    let line = lines.next().expect("a first line");
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')), "first line {line:?}");
    let fields = lines.map(|line| field(line.strip_suffix(b"\r").unwrap_or(line))).collect();
    Head { line: String::from_utf8_lossy(line).into_owned(), fields, body }
}

fn field(line: &[u8]) -> (String, Vec<u8>) {
    let colon = line.iter().position(|&byte| byte == b':').expect("a name before a colon");
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    assert!(!name.is_empty() && name.iter().all(token), "field name {name:?}");
    let visible = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~' | 0x80..);
    assert!(value.iter().all(visible), "field value {value:?}");
    (String::from_utf8_lossy(name).into_owned(), value.trim_ascii().to_vec())
}
