//! Header fields: an ordered list of names and values.
//!
//! Owns their validation (RFC 9110 section 5), so nothing that could break out of a line ever gets
//! into a head. Knows nothing of what the fields mean.

use super::error::{Fault, HandshakeError};
use crate::http::grammar::{is_token, is_value_byte, trim};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Header fields in their order, received or to be sent.
///
/// Names are tokens and are looked up regardless of case; values are bytes without control
/// characters, because peers send more than ASCII.
///
/// ```
/// use polywire::handshake::Headers;
///
/// let mut headers = Headers::new();
/// headers.push("Cookie", b"a=b")?;
/// assert_eq!(headers.first("cookie"), Some(&b"a=b"[..]));
/// assert!(headers.push("Cookie", b"a\r\nX: injected").is_err());
/// # Ok::<(), polywire::handshake::HandshakeError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    names: String,
    values: Vec<u8>,
    /// Where each field's name and value end.
    ends: Vec<(usize, usize)>,
}

impl Headers {
    /// No fields yet.
    pub const fn new() -> Self {
        Self { names: String::new(), values: Vec::new(), ends: Vec::new() }
    }

    /// Room for `fields` fields with `bytes` bytes of names and as many of values.
    pub(crate) fn with_capacity(fields: usize, bytes: usize) -> Self {
        Self {
            names: String::with_capacity(bytes),
            values: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(fields),
        }
    }

    /// Appends a field, without the blanks around its value.
    ///
    /// # Errors
    ///
    /// [`Fault::OptionHeader`] when the name is not a token or the value has a control character,
    /// such as CR, LF or NUL. Nothing is appended then.
    pub fn push(&mut self, name: &str, value: &[u8]) -> Result<(), HandshakeError> {
        if !is_token(name.as_bytes()) {
            return Err(HandshakeError::found(Fault::OptionHeader, name.as_bytes()));
        }
        let value = trim(value);
        if let Some(offset) = value.iter().position(|&byte| !is_value_byte(byte)) {
            // Not the value itself: it may be a password that was read with its line end.
            let found = format!("{name} with a control character at byte {offset} of its value");
            return Err(HandshakeError::told(Fault::OptionHeader, found));
        }
        self.append(name, value);
        Ok(())
    }

    /// Appends a field that is known to be valid.
    pub(crate) fn append(&mut self, name: &str, value: &[u8]) {
        self.names.push_str(name);
        self.values.extend_from_slice(value);
        self.ends.push((self.names.len(), self.values.len()));
    }

    /// The fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut start = (0, 0);
        self.ends.iter().map(move |&end| {
            let name = self.names.get(start.0..end.0).unwrap_or_default();
            let value = self.values.get(start.1..end.1).unwrap_or_default();
            start = end;
            (name, value)
        })
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# Please note that according to [RFC2616], all header field names in both HTTP requests and
    //# HTTP responses are case-insensitive.
    /// The values of the fields with this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The value of the first field with this name.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl fmt::Debug for Headers {
    /// Credentials stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SECRET: [&str; 4] = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
        let mut map = f.debug_map();
        for (name, value) in self.iter() {
            let secret = SECRET.iter().any(|other| name.eq_ignore_ascii_case(other));
            let value =
                if secret { String::from("...") } else { format!("{}", value.escape_ascii()) };
            map.entry(&name, &value);
        }
        map.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_are_found_regardless_of_case() {
        let mut headers = Headers::new();
        for (name, value) in [("A", &b" 1\t"[..]), ("b", b"\xc3\xa9"), ("a", b"")] {
            headers.push(name, value).expect("valid");
        }
        let fields: Vec<_> = headers.iter().collect();
        assert_eq!(fields, [("A", &b"1"[..]), ("b", b"\xc3\xa9"), ("a", b"")]);
        assert_eq!(headers.all("a").collect::<Vec<_>>(), [&b"1"[..], b""]);
        assert_eq!((headers.first("B"), headers.first("c")), (Some(&b"\xc3\xa9"[..]), None));
    }

    #[test]
    fn nothing_breaks_out_of_a_line() {
        let mut headers = Headers::new();
        for name in ["", "a b", "a:", ":path", "a\r\n", "a\0", "é"] {
            assert!(headers.push(name, b"x").is_err(), "{name:?}");
        }
        for value in [&b"a\r\nb: c"[..], b"a\nb", b"a\rb", b"a\0", b"a\x7f", b"\x1b[2J", b"a\n"] {
            assert!(headers.push("a", value).is_err(), "{}", value.escape_ascii());
        }
        assert!(headers.is_empty());
    }
}
