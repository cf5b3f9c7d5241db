//! Tokens, lists and quoted strings of header values.

use alloc::borrow::Cow;
use alloc::vec::Vec;

/// One element of a `Sec-WebSocket-Extensions` value: RFC 6455 section 9.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extension<'a> {
    /// The extension token, as written.
    pub(crate) name: &'a str,
    /// Its parameters in order; a quoted value is unescaped already.
    pub(crate) params: Vec<(&'a str, Option<Cow<'a, str>>)>,
}
