//! The payload of a close frame.
//!
//! Owns RFC 6455 sections 5.5.1 and 7.1.6: the status code and the reason, as bytes and as values.
//! Knows nothing of when a connection closes: that is `state`.

use super::decoder::Broken;
use crate::close::CloseCode;
use crate::error::{Rule, UsageError};

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

    /// The status code and the reason.
    pub(crate) fn parts(&self) -> (Option<CloseCode>, &str) {
        parse(self.as_bytes()).unwrap_or((None, ""))
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
pub(crate) fn parse(payload: &[u8]) -> Result<(Option<CloseCode>, &str), Broken> {
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
