//! JSON, written by hand.
//!
//! Owns the notation. What is written is [`script`](crate::script)'s and the inspector's: a text that JavaScript
//! parses is smaller and faster than setting properties one by one.

use core::fmt::Write;

/// A value that is being written.
#[derive(Debug, Default)]
pub struct Json(String);

impl Json {
    /// An object, whose fields `fill` writes.
    pub fn object(fill: impl FnOnce(&mut Self)) -> String {
        Self::value(|json| json.braces(fill))
    }

    /// What `write` writes.
    pub fn value(write: impl FnOnce(&mut Self)) -> String {
        let mut json = Self::default();
        write(&mut json);
        json.0
    }

    /// An array with what `each` writes for an item.
    pub fn array<T>(items: impl IntoIterator<Item = T>, each: impl FnMut(&mut Self, T)) -> String {
        Self::value(|json| json.items(items, each))
    }

    /// A field of the object in progress; what follows is its value.
    pub fn key(&mut self, name: &str) -> &mut Self {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.text(name);
        self.0.push(':');
        self
    }

    /// An object inside another value.
    pub fn braces(&mut self, fill: impl FnOnce(&mut Self)) {
        self.0.push('{');
        fill(self);
        self.0.push('}');
    }

    /// An array inside another value.
    pub fn items<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut each: impl FnMut(&mut Self, T),
    ) {
        self.0.push('[');
        for item in items {
            if !self.0.ends_with('[') {
                self.0.push(',');
            }
            each(self, item);
        }
        self.0.push(']');
    }

    /// An array in which the two parts of each item take turns.
    pub fn alternating<A, B>(
        &mut self,
        items: impl IntoIterator<Item = (A, B)>,
        mut first: impl FnMut(&mut Self, A),
        mut second: impl FnMut(&mut Self, B),
    ) {
        self.0.push('[');
        for (one, other) in items {
            if !self.0.ends_with('[') {
                self.0.push(',');
            }
            first(self, one);
            self.0.push(',');
            second(self, other);
        }
        self.0.push(']');
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.0.push('"');
        // What needs no escape is copied at once.
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' ')) {
            self.0.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                b'\r' => self.0.push_str("\\r"),
                b'\n' => self.0.push_str("\\n"),
                other => {
                    let _ = write!(self.0, "\\u{other:04x}");
                }
            }
            rest = &rest[at + 1..];
        }
        self.0.push_str(rest);
        self.0.push('"');
    }

    /// A string that has each byte as the character of its number.
    pub fn latin1(&mut self, bytes: &[u8]) {
        match core::str::from_utf8(bytes) {
            Ok(text) if text.is_ascii() => self.text(text),
            _ => self.text(&bytes.iter().copied().map(char::from).collect::<String>()),
        }
    }

    /// A whole number: code that writes fractions is larger than all else here.
    pub fn number(&mut self, number: impl Into<f64>) {
        let _ = write!(self.0, "{}", number.into() as i64);
    }

    /// A boolean.
    pub fn flag(&mut self, flag: bool) {
        self.0.push_str(if flag { "true" } else { "false" });
    }

    /// Nothing.
    pub fn null(&mut self) {
        self.0.push_str("null");
    }

    /// A string, or nothing.
    pub fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_string_is_escaped_and_bytes_become_characters() {
        let json = Json::object(|json| {
            json.key("plain").text("é\u{1f600}");
            json.key("escaped").text("a\"\\\r\n\0");
            json.key("bytes").latin1(b"a\xe9\"");
            json.key("list").items([1, 2], Json::number);
            json.key("empty").braces(|_| ());
        });
        let expected = concat!(
            "{\"plain\":\"é\u{1f600}\",\"escaped\":\"a\\u0022\\u005c\\r\\n\\u0000\",",
            "\"bytes\":\"aé\\u0022\",\"list\":[1,2],\"empty\":{}}"
        );
        assert_eq!(json, expected);
    }
}
