//! Messages to send.
//!
//! Owns what a caller says about a message before it is framed. Knows nothing of frames.

use crate::event::Data;
use crate::frame::opcode::Opcode;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Text in UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl Kind {
    pub(crate) const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

/// A message to send, with what is special about it.
///
/// Anything that says what it is can be sent directly: `send("text")`, `send(&bytes[..])`,
/// `send(vec)`. Borrowed content is copied into the send queue; owned and shared content above a
/// kilobyte is queued as it is.
///
/// ```
/// use polywire::Message;
///
/// let secret = Message::from("token: …").uncompressed();
/// let picture = Message::from(vec![0x89, b'P', b'N', b'G']).uncompressed();
/// let log = Message::from("a long report").level(9);
/// # let _ = (secret, picture, log);
/// ```
#[derive(Clone, Debug)]
pub struct Message<'a> {
    pub(crate) kind: Kind,
    pub(crate) payload: Payload<'a>,
    pub(crate) compression: Compression,
}

/// Content, and who owns it.
#[derive(Clone, Debug)]
pub(crate) enum Payload<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Payload<'_> {
    #[inline]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Payload::Borrowed(bytes) => bytes,
            Payload::Owned(bytes) => bytes,
            Payload::Shared(bytes) => bytes,
        }
    }
}

/// Whether a message is compressed, where compression was negotiated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    /// From the configured threshold up, at the configured level.
    Configured,
    /// From the configured threshold up, at this level.
    Level(u8),
    Never,
}

impl Compression {
    pub(crate) fn level(self) -> Option<u8> {
        match self {
            Self::Level(level) => Some(level),
            Self::Configured | Self::Never => None,
        }
    }
}

impl<'a> Message<'a> {
    fn new(kind: Kind, payload: Payload<'a>) -> Self {
        Self { kind, payload, compression: Compression::Configured }
    }

    /// A binary message that shares its content: for sending one large payload to many peers.
    /// [`Prepared`](crate::Prepared) does more, where the messages are small or compressed.
    pub fn shared(bytes: Arc<[u8]>) -> Self {
        Self::new(Kind::Binary, Payload::Shared(bytes))
    }

    /// Sends it as it is, even where compression was negotiated: for content that is compressed
    /// already, and for secrets beside content that an attacker can choose (RFC 7692 section 8).
    #[must_use]
    pub fn uncompressed(self) -> Self {
        Self { compression: Compression::Never, ..self }
    }

    /// Compresses it at another level than the configured one: 1 is fastest, 9 is smallest.
    #[must_use]
    pub fn level(self, level: u8) -> Self {
        Self { compression: Compression::Level(level), ..self }
    }
}

impl<'a> From<&'a str> for Message<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(Kind::Text, Payload::Borrowed(text.as_bytes()))
    }
}

impl<'a> From<&'a String> for Message<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Message<'_> {
    fn from(text: String) -> Self {
        Self::new(Kind::Text, Payload::Owned(text.into_bytes()))
    }
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::new(Kind::Binary, Payload::Borrowed(bytes))
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Message<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        bytes.as_slice().into()
    }
}

impl<'a> From<&'a Vec<u8>> for Message<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        bytes.as_slice().into()
    }
}

impl From<Vec<u8>> for Message<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(Kind::Binary, Payload::Owned(bytes))
    }
}

impl<'a> From<Data<'a>> for Message<'a> {
    fn from(data: Data<'a>) -> Self {
        match data {
            Data::Text(text) => text.into(),
            Data::Binary(bytes) => bytes.into(),
        }
    }
}
