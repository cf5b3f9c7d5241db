//! What can go wrong, as the other side sees it.
//!
//! Owns the one error type of the border. Codes and texts come from the core; what the peer does wrong on
//! an open connection is no error but an event.

use crate::bytes::Blob;
use crate::http::Response;
use core::fmt;
use polywire::UsageError;
use polywire::handshake::{HandshakeError, HttpVersion, Refusal};
use polywire_bridge::settings::SettingError;

/// Why a call could not be carried out.
#[derive(Debug, uniffi::Error)]
pub enum Failure {
    /// The call was wrong, or came at the wrong time. Nothing happened.
    Usage {
        /// The stable code.
        code: String,
        /// The rule in words.
        text: String,
    },
    /// There is no connection.
    Handshake {
        /// The stable code.
        code: String,
        /// What was expected, what came, and where the rule stands.
        text: String,
        /// On the client the server's response, as far as it was read; on the server the one to send.
        response: Option<Response>,
        /// On the server over HTTP/1.1, the bytes to send before the socket is closed.
        answer: Blob,
    },
    /// A setting that cannot be.
    Setting {
        /// Its name.
        name: String,
        /// What it may be.
        expected: String,
    },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage { code, text } => write!(f, "{code}: {text}"),
            Self::Handshake { text, .. } => f.write_str(text),
            Self::Setting { name, expected } => write!(f, "setting `{name}`: expected {expected}"),
        }
    }
}

impl core::error::Error for Failure {}

impl Failure {
    pub(crate) fn setting(name: &str, expected: &str) -> Self {
        Self::Setting { name: name.to_owned(), expected: expected.to_owned() }
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage { code: error.code().to_owned(), text: error.text().to_owned() }
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Self {
        Self::setting(&error.name, error.expected)
    }
}

impl From<HandshakeError> for Failure {
    fn from(error: HandshakeError) -> Self {
        let text = error.to_string();
        let response = error.response.map(|response| Response::received(*response));
        let code = error.fault.code().to_owned();
        Self::Handshake { code, text, response, answer: Blob::with_capacity(0) }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let answer = match refusal.response.version {
            HttpVersion::Http2 => Blob::with_capacity(0),
            HttpVersion::Http10 | HttpVersion::Http11 => refusal.response.to_bytes()[..].into(),
        };
        Self::Handshake {
            code: refusal.error.fault.code().to_owned(),
            text: refusal.error.to_string(),
            response: Some(Response::to_send(&refusal.response)),
            answer,
        }
    }
}
