//! What can go wrong, as the other side sees it.
//!
//! Owns the one error type of the border. Codes and texts come from the core; what the peer does wrong on
//! an open connection is no error but an event.

use crate::http::Response;
use core::fmt;
use polywire::UsageError;
use polywire::handshake::HandshakeError;
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
        /// On the client the server's response, as far as it was read.
        response: Option<Response>,
    },
    /// A setting that cannot be.
    Setting {
        /// Its name.
        name: String,
        /// What it may be.
        expected: String,
    },
}

/// For Rust alone: the other languages have their own words.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

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
        let code = error.fault.code().to_owned();
        let response = error.response.as_deref().map(Response::received);
        Self::Handshake { code, text: error.to_string(), response }
    }
}
