//! Close codes and the payload of a close frame.
//!
//! Owns RFC 6455 sections 5.5.1 (payload), 7.1.5, 7.1.6 and 7.4 (codes and reasons). Knows nothing of
//! when a connection closes: that is `state`.

use crate::error::{Rule, UsageError};
use core::fmt;

/// A status code of the closing handshake: RFC 6455 section 7.4.
///
/// The constants name the registered ones; any number can be represented, and
/// [`is_sendable`](Self::is_sendable) tells whether it may stand in a close frame.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(pub u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server goes down, or the browser leaves the page.
    pub const GOING_AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// 1003: a kind of data that this endpoint does not take.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// 1005: a close frame without a code arrived. Never sent.
    pub const NO_STATUS: Self = Self(1005);
    /// 1006: the connection ended without a close frame. Never sent.
    pub const ABNORMAL: Self = Self(1006);
    /// 1007: data that does not fit its type, such as text that is not UTF-8.
    pub const INVALID_PAYLOAD: Self = Self(1007);
    /// 1008: a rule of this endpoint was broken.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// 1009: a message beyond the limit.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// 1010: the client needed an extension that the server did not negotiate.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// 1011: the server met an unexpected condition.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// 1012: the service restarts.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// 1013: try again later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// 1014: a gateway received an invalid response from its upstream.
    pub const BAD_GATEWAY: Self = Self(1014);
    /// 1015: the TLS handshake failed. Never sent.
    pub const TLS_HANDSHAKE: Self = Self(1015);

    /// Whether the code may stand in a close frame.
    pub const fn is_sendable(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The payload of a close frame that this end sends: RFC 6455 section 5.5.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClosePayload {
    bytes: [u8; 125],
    len: u8,
}

impl ClosePayload {
    pub(crate) fn new(code: Option<CloseCode>, reason: &str) -> Result<Self, UsageError> {
        let Some(code) = code else {
            let empty = Self { bytes: [0; 125], len: 0 };
            return if reason.is_empty() {
                Ok(empty)
            } else {
                Err(UsageError::CloseReasonWithoutCode)
            };
        };
        //= https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
        //# 1005 is a reserved value and MUST NOT be set as a status code in a Close control frame by an
        //# endpoint.
        //= https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
        //# 1006 is a reserved value and MUST NOT be set as a status code in a Close control frame
        //# by an endpoint.
        //= https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
        //# 1015 is a reserved value and MUST NOT be set as a status code in a Close control frame
        //# by an endpoint.
        if !code.is_sendable() {
            return Err(UsageError::CloseCodeInvalid);
        }
        if reason.len() > 123 {
            return Err(UsageError::CloseReasonTooLong);
        }
        Ok(Self::of(code, reason))
    }

    /// The answer to a close frame: the same code, or none.
    pub(crate) fn echo(code: Option<CloseCode>) -> Self {
        code.map_or(Self { bytes: [0; 125], len: 0 }, |code| Self::of(code, ""))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn of(code: CloseCode, reason: &str) -> Self {
        let mut bytes = [0; 125];
        let len = 2 + reason.len();
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
        //# If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer (in
        //# network byte order) representing a status code with value /code/ defined in Section 7.4.
        bytes[..2].copy_from_slice(&code.0.to_be_bytes());
        bytes[2..len].copy_from_slice(reason.as_bytes());
        Self { bytes, len: len as u8 }
    }
}

/// Reads the payload of the peer's close frame. Broken rules come with what was found.
pub(crate) fn parse(payload: &[u8]) -> Result<(Option<CloseCode>, &str), (Rule, u64)> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok((None, "")),
            _ => Err((Rule::ClosePayloadTruncated, payload.len() as u64)),
        };
    };
    let code = CloseCode(u16::from_be_bytes(*code));
    if !code.is_sendable() {
        return Err((Rule::CloseCodeInvalid, u64::from(code.0)));
    }
    //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
    //# the body MAY contain UTF-8-encoded data with value /reason/
    match core::str::from_utf8(reason) {
        Ok(reason) => Ok((Some(code), reason)),
        Err(error) => Err((Rule::CloseReasonNotUtf8, error.valid_up_to() as u64)),
    }
}
