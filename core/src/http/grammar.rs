//! Tokens, lists and quoted strings of header values.
//!
//! Owns the grammar of RFC 6455 sections 4.3 and 9.1 on top of RFC 9110 section 5.6. Works on bytes,
//! because peers send any; each function reads its input once, from left to right. Knows nothing of
//! what the values mean.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

/// One element of a `Sec-WebSocket-Extensions` value: RFC 6455 section 9.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extension<'a> {
    /// The extension token, as written.
    pub(crate) name: &'a str,
    /// Its parameters in order; a quoted value is unescaped already.
    pub(crate) params: Vec<(&'a str, Option<Cow<'a, str>>)>,
}

/// Whether `byte` may stand in a token: RFC 9110 section 5.6.2, the same set as in RFC 2616.
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    matches!(byte,
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9'
        | b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+'
        | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~')
}

/// Whether `text` is a token, and so not empty.
pub(crate) fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|&byte| is_token_byte(byte))
}

/// Whether `byte` may stand in a header value: anything but control characters.
pub(crate) const fn is_value_byte(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// `value` without blanks at its ends.
pub(crate) fn trim(mut value: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = value
        && is_blank(*first)
    {
        value = rest;
    }
    while let [rest @ .., last] = value
        && is_blank(*last)
    {
        value = rest;
    }
    value
}

/// The elements of a comma-separated list without quoted strings. Empty elements do not count:
/// RFC 9110 section 5.6.1.2.
pub(crate) fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim).filter(|element| !element.is_empty())
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-9.1
//# If a value is received by either the client or the server during negotiation that does not conform
//# to the ABNF below, the recipient of such malformed data MUST immediately _Fail the WebSocket
//# Connection_.
/// Appends the extensions that `value` lists. The error is the offset of the first byte that does
/// not fit the grammar.
pub(crate) fn extensions<'a>(value: &'a [u8], found: &mut Vec<Extension<'a>>) -> Result<(), usize> {
    Cursor::new(value).extensions(found)
}

/// A position that only moves forward, so parsing is linear in the length of the value.
struct Cursor<'a> {
    value: &'a [u8],
    at: usize,
    #[cfg(test)]
    steps: usize,
}

impl<'a> Cursor<'a> {
    const fn new(value: &'a [u8]) -> Self {
        Self {
            value,
            at: 0,
            #[cfg(test)]
            steps: 0,
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    //# Note that like other HTTP header fields, this header field MAY be split or combined across
    //# multiple lines.
    /// `extension-list = 1#extension`, where empty elements do not count.
    fn extensions(&mut self, found: &mut Vec<Extension<'a>>) -> Result<(), usize> {
        let before = found.len();
        loop {
            self.skip_blanks();
            match self.peek() {
                Some(b',') => {}
                None => break,
                Some(_) => found.push(self.extension()?),
            }
            if !self.take(b',') {
                break;
            }
        }
        if self.at < self.value.len() || found.len() == before { Err(self.at) } else { Ok(()) }
    }

    /// `extension = extension-token *( ";" extension-param )`
    fn extension(&mut self) -> Result<Extension<'a>, usize> {
        let name = self.token()?;
        let mut params = Vec::new();
        self.skip_blanks();
        while self.take(b';') {
            self.skip_blanks();
            params.push(self.param()?);
            self.skip_blanks();
        }
        Ok(Extension { name, params })
    }

    /// `extension-param = token [ "=" (token | quoted-string) ]`
    fn param(&mut self) -> Result<(&'a str, Option<Cow<'a, str>>), usize> {
        let name = self.token()?;
        self.skip_blanks();
        if !self.take(b'=') {
            return Ok((name, None));
        }
        self.skip_blanks();
        let value = if self.peek() == Some(b'"') {
            Cow::Owned(self.quoted_token()?)
        } else {
            Cow::Borrowed(self.token()?)
        };
        Ok((name, Some(value)))
    }

    fn token(&mut self) -> Result<&'a str, usize> {
        let start = self.at;
        while self.peek().is_some_and(is_token_byte) {
            self.at += 1;
        }
        let token = self.value.get(start..self.at).unwrap_or_default();
        match core::str::from_utf8(token) {
            Ok(token) if !token.is_empty() => Ok(token),
            _ => Err(self.at),
        }
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.3
    //# When using the quoted-string syntax variant, the value after quoted-string unescaping MUST
    //# conform to the 'token' ABNF.

    //= https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    //# When using the quoted-string syntax variant, the value after quoted-string unescaping MUST
    //# conform to the 'token' ABNF.
    fn quoted_token(&mut self) -> Result<String, usize> {
        let mut token = String::new();
        self.take(b'"');
        loop {
            let escaped = self.take(b'\\');
            match self.peek() {
                Some(b'"') if !escaped && !token.is_empty() => {
                    self.at += 1;
                    return Ok(token);
                }
                Some(byte) if is_token_byte(byte) => token.push(char::from(byte)),
                _ => return Err(self.at),
            }
            self.at += 1;
        }
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    fn peek(&mut self) -> Option<u8> {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        self.value.get(self.at).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn parse(value: &[u8]) -> Result<Vec<Extension<'_>>, usize> {
        let mut found = Vec::new();
        extensions(value, &mut found).map(|()| found)
    }

    #[test]
    fn extension_lists() {
        let plain = |name| Extension { name, params: Vec::new() };
        assert_eq!(parse(b"foo"), Ok(vec![plain("foo")]));
        assert_eq!(parse(b" , foo ,, bar,"), Ok(vec![plain("foo"), plain("bar")]));
        let params = vec![("b", None), ("c", Some("1".into())), ("d", Some("e".into()))];
        let with_params = vec![Extension { name: "a", params }];
        assert_eq!(parse(b"a; b; c=1; d=\"e\""), Ok(with_params.clone()));
        assert_eq!(parse(b"a;b\t;c = 1;d=\"\\e\" "), Ok(with_params));
        assert_eq!(parse(b"constructor, __proto__;x").map(|found| found.len()), Ok(2));
    }

    #[test]
    fn malformed_extension_lists_name_the_byte() {
        let cases: &[(&[u8], usize)] = &[
            (b"", 0),
            (b" ,, ", 4),
            (b"a b", 2),
            (b"a;", 2),
            (b"a;;b", 2),
            (b"a;b=", 4),
            (b"a;b=\"\"", 5),
            (b"a;b=\"c", 6),
            (b"a;b=\"c d\"", 6),
            (b"a;b=\"c\\\"", 7),
            (b"a;b=\"c\"d", 7),
            (b"a=b", 1),
            (b"\xff\xfe", 0),
            (b"a;b=\x80", 4),
            (b"a;b=\"\x80\"", 5),
        ];
        for &(value, at) in cases {
            assert_eq!(parse(value), Err(at), "{}", value.escape_ascii());
        }
    }

    #[test]
    fn parsing_takes_a_bounded_number_of_steps_per_byte() {
        let hostile = [
            [b"a; b=\"".to_vec(), b"\\c".repeat(8192)].concat(),
            b" ,".repeat(8192),
            [b"a".to_vec(), b" ".repeat(16384), b"x".to_vec()].concat(),
            b"a;".repeat(8192),
            b"a;b=\"c\",".repeat(2048),
        ];
        for value in hostile {
            let mut cursor = Cursor::new(&value);
            let _ = cursor.extensions(&mut Vec::new());
            assert!(cursor.steps <= 6 * value.len(), "{} steps", cursor.steps);
        }
    }

    #[test]
    fn lists_and_tokens() {
        let elements: Vec<&[u8]> = list(b" keep-alive,\tUpgrade ,, ").collect();
        assert_eq!(elements, [&b"keep-alive"[..], b"Upgrade"]);
        assert!(is_token(b"v2.bookings.example.net"));
        for text in [&b""[..], b"a b", b"a,b", b"a\r\n", b"\xc3\xa9", b"a/b", b"\"a\"", b"a\0"] {
            assert!(!is_token(text), "{}", text.escape_ascii());
        }
    }
}
