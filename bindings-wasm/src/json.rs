//! JSON, written by hand.
//!
//! Owns the few things that cross the border as objects: a text that JavaScript parses is smaller and
//! faster than setting properties one by one.

use polywire::DeflateParams;
use std::fmt::Write;

/// A value that is being written.
#[derive(Default)]
pub(crate) struct Json(String);

impl Json {
    pub(crate) fn object(fill: impl FnOnce(&mut Self)) -> String {
        let mut json = Self::default();
        json.braces(fill);
        json.0
    }

    pub(crate) fn array<T>(
        items: impl IntoIterator<Item = T>,
        each: impl FnMut(&mut Self, T),
    ) -> String {
        let mut json = Self::default();
        json.items(items, each);
        json.0
    }

    #[cfg(feature = "connection")]
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// A field of the object in progress; what follows is its value.
    pub(crate) fn key(&mut self, name: &str) -> &mut Self {
        if !self.0.ends_with('{') {
            self.0.push(',');
        }
        self.text(name);
        self.0.push(':');
        self
    }

    pub(crate) fn braces(&mut self, fill: impl FnOnce(&mut Self)) {
        self.0.push('{');
        fill(self);
        self.0.push('}');
    }

    pub(crate) fn items<T>(
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

    pub(crate) fn text(&mut self, text: &str) {
        self.0.push('"');
        for character in text.chars() {
            match character {
                '"' => self.0.push_str("\\\""),
                '\\' => self.0.push_str("\\\\"),
                '\0'..' ' => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(character));
                }
                other => self.0.push(other),
            }
        }
        self.0.push('"');
    }

    /// Each byte as the character of its number.
    pub(crate) fn latin1(&mut self, bytes: &[u8]) {
        let text: String = bytes.iter().copied().map(char::from).collect();
        self.text(&text);
    }

    /// A whole number: code that writes fractions is larger than all else here.
    pub(crate) fn number(&mut self, number: impl Into<f64>) {
        let _ = write!(self.0, "{}", number.into() as i64);
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.0.push_str(if flag { "true" } else { "false" });
    }

    pub(crate) fn null(&mut self) {
        self.0.push_str("null");
    }

    pub(crate) fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    pub(crate) fn deflate(&mut self, params: Option<DeflateParams>) {
        let Some(params) = params else { return self.null() };
        self.braces(|json| {
            json.key("serverNoContextTakeover").flag(params.server_no_context_takeover);
            json.key("clientNoContextTakeover").flag(params.client_no_context_takeover);
            json.key("serverMaxWindowBits").number(params.server_max_window_bits);
            json.key("clientMaxWindowBits").number(params.client_max_window_bits);
        });
    }
}
