//! What can go wrong, each with a stable code and the rule behind it.
//!
//! Owns the two kinds of error and keeps them apart: a [`Violation`] is the peer's fault and arrives
//! as an event, a [`UsageError`] is the caller's and is returned. Knows nothing of the places that
//! find them. The codes are part of the API: bindings map them to the exceptions of their language.

use crate::close::CloseCode;
use core::fmt;

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $close:ident, $section:literal, $expected:literal;)+) => {
        /// A rule that a peer can break.
        ///
        /// Match on the variants you treat specially; for everything else [`code`](Self::code)
        /// identifies the rule in logs and across languages and never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule { $($(#[doc = $doc])+ $name,)+ }

        impl Rule {
            /// Every rule, in the order of declaration: for tables that must be complete.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable name, such as `frame.reserved_bits`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// Where the rule stands.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)+ }
            }

            /// The status code that the connection is closed with.
            pub const fn close_code(self) -> CloseCode {
                match self { $(Self::$name => CloseCode::$close,)+ }
            }

            /// What the peer should have sent.
            pub const fn expected(self) -> &'static str {
                match self { $(Self::$name => $expected,)+ }
            }
        }
    };
}

rules! {
    /// A reserved bit is set that no negotiated extension defines.
    ReservedBits = "frame.reserved_bits", PROTOCOL_ERROR, "RFC 6455 section 5.2",
        "reserved bits clear unless an extension defines them";
    /// The opcode is one of the ten that are reserved.
    ReservedOpcode = "frame.reserved_opcode", PROTOCOL_ERROR, "RFC 6455 section 5.2",
        "an opcode of 0, 1, 2, 8, 9 or 10";
    /// A client sent a frame without a mask.
    MaskMissing = "frame.mask_missing", PROTOCOL_ERROR, "RFC 6455 section 5.1",
        "every frame from a client masked";
    /// A server sent a frame with a mask.
    MaskUnexpected = "frame.mask_unexpected", PROTOCOL_ERROR, "RFC 6455 section 5.1",
        "no frame from a server masked";
    /// A length is written in more bytes than it needs.
    LengthNotMinimal = "frame.length_not_minimal", PROTOCOL_ERROR, "RFC 6455 section 5.2",
        "the length in the fewest bytes that hold it";
    /// The highest bit of a 64-bit length is set.
    LengthHighBit = "frame.length_high_bit", PROTOCOL_ERROR, "RFC 6455 section 5.2",
        "a 64-bit length with its highest bit clear";
    /// A control frame has its FIN bit clear.
    ControlFragmented = "control.fragmented", PROTOCOL_ERROR, "RFC 6455 section 5.5",
        "control frames in one piece";
    /// A control frame announces more than 125 bytes.
    ControlTooLong = "control.too_long", PROTOCOL_ERROR, "RFC 6455 section 5.5",
        "a length of at most 125 in a control frame";
    /// A continuation frame came while no message was in progress.
    UnexpectedContinuation = "message.unexpected_continuation", PROTOCOL_ERROR, "RFC 6455 section 5.4",
        "a text or binary frame to begin a message";
    /// A new message began inside an unfinished one.
    ExpectedContinuation = "message.expected_continuation", PROTOCOL_ERROR, "RFC 6455 section 5.4",
        "a continuation frame until the message in progress is finished";
    /// A text message is not UTF-8.
    TextNotUtf8 = "text.not_utf8", INVALID_PAYLOAD, "RFC 6455 section 8.1",
        "text messages in UTF-8";
    /// A close frame's payload is a single byte.
    ClosePayloadTruncated = "close.payload_truncated", PROTOCOL_ERROR, "RFC 6455 section 5.5.1",
        "an empty close frame, or one that starts with a two-byte status code";
    /// A close frame carries a status code that must not be sent.
    CloseCodeInvalid = "close.code_invalid", PROTOCOL_ERROR, "RFC 6455 section 7.4",
        "a status code of 1000 to 1003, 1007 to 1014 or 3000 to 4999";
    /// The reason in a close frame is not UTF-8.
    CloseReasonNotUtf8 = "close.reason_not_utf8", INVALID_PAYLOAD, "RFC 6455 section 5.5.1",
        "close reasons in UTF-8";
    /// The compressed bytes of a message are not DEFLATE, or reach back beyond the agreed window.
    DeflateInvalid = "deflate.invalid", INVALID_PAYLOAD, "RFC 7692 section 7.2.2",
        "DEFLATE blocks within the agreed window";
    /// The compression bit is set on a fragment other than the first.
    DeflateBitOnContinuation = "deflate.bit_on_continuation", PROTOCOL_ERROR, "RFC 7692 section 6.1",
        "the compression bit on the first fragment of a message only";
    /// A frame announces more bytes than the limit allows.
    FrameTooBig = "limit.frame_size", MESSAGE_TOO_BIG, "RFC 6455 section 10.4",
        "a frame within the size limit";
    /// A message has more bytes on the wire than the limit allows.
    MessageTooBig = "limit.message_size", MESSAGE_TOO_BIG, "RFC 6455 section 10.4",
        "a message within the size limit";
    /// A message inflates to more bytes than the limit allows.
    InflatedTooBig = "limit.inflated_size", MESSAGE_TOO_BIG, "RFC 6455 section 10.4",
        "a message that inflates to no more than the size limit";
    /// A message consists of more fragments than the limit allows.
    TooManyFragments = "limit.fragments", POLICY_VIOLATION, "RFC 6455 section 10.4",
        "a message of no more fragments than the limit";
    /// Messages arrive faster than the limit allows.
    TooManyMessages = "limit.message_rate", POLICY_VIOLATION, "RFC 6455 section 7.4.1",
        "messages no faster than the limit";
    /// Bytes arrive faster than the limit allows.
    TooManyBytes = "limit.byte_rate", POLICY_VIOLATION, "RFC 6455 section 7.4.1",
        "bytes no faster than the limit";
}

/// A rule that the peer broke, and how.
///
/// Displays as one sentence with what was expected, what came, the section of the RFC and the place
/// in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The broken rule.
    pub rule: Rule,
    /// What came instead, as the number that the rule is about: the bits, the opcode, the length,
    /// the status code, the place in the text of the first character that is not UTF-8.
    pub found: u64,
    /// The offset in the stream of received bytes (after the handshake) of the frame at fault.
    pub offset: u64,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, found, offset } = *self;
        write!(f, "{}: expected {}, ", rule.code(), rule.expected())?;
        match rule {
            Rule::ReservedBits => write!(f, "found bits {found:#05b}")?,
            Rule::ReservedOpcode => write!(f, "found opcode {found:#x}")?,
            Rule::MaskMissing => f.write_str("found none")?,
            Rule::MaskUnexpected => f.write_str("found one")?,
            Rule::LengthNotMinimal | Rule::LengthHighBit => write!(f, "found {found:#x}")?,
            Rule::ControlTooLong => write!(f, "found {found}, which announces a longer length")?,
            Rule::ClosePayloadTruncated => write!(f, "found {found} byte")?,
            Rule::ControlFragmented
            | Rule::UnexpectedContinuation
            | Rule::ExpectedContinuation
            | Rule::DeflateBitOnContinuation => write!(f, "found opcode {found:#x}")?,
            Rule::TextNotUtf8 | Rule::CloseReasonNotUtf8 => {
                write!(f, "found something else from its byte {found} on")?;
            }
            Rule::CloseCodeInvalid => write!(f, "found {found}")?,
            Rule::DeflateInvalid => f.write_str("found something else")?,
            Rule::FrameTooBig
            | Rule::MessageTooBig
            | Rule::InflatedTooBig
            | Rule::TooManyFragments
            | Rule::TooManyMessages
            | Rule::TooManyBytes => write!(f, "found {found}")?,
        }
        write!(f, " ({}), in the frame at byte {offset}", rule.section())
    }
}

impl core::error::Error for Violation {}

macro_rules! usage_errors {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $text:literal;)+) => {
        /// A call that the connection could not carry out. Nothing was queued, nothing changed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum UsageError { $($(#[doc = $doc])+ $name,)+ }

        impl UsageError {
            /// Every usage error, in the order of declaration: for tables that must be complete.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable name, such as `usage.queue_full`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The rule in words, without the code.
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }
        }

        impl fmt::Display for UsageError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}: {}", self.code(), self.text())
            }
        }
    };
}

usage_errors! {
    /// The connection is closing or closed: no more messages can be sent (RFC 6455 section 5.5.1).
    NotOpen = "usage.not_open", "the connection is closing or closed";
    /// The send queue holds its limit. Write some of it to the socket, then try again.
    QueueFull = "usage.queue_full", "the send queue is full";
    /// A ping or pong payload is longer than 125 bytes (RFC 6455 section 5.5).
    ControlTooLong = "usage.control_too_long", "a ping or pong carries at most 125 bytes";
    /// This status code must not be sent (RFC 6455 section 7.4).
    CloseCodeInvalid = "usage.close_code_invalid",
        "a close frame carries a status code of 1000 to 1003, 1007 to 1014 or 3000 to 4999";
    /// A close reason is longer than 123 bytes (RFC 6455 section 5.5).
    CloseReasonTooLong = "usage.close_reason_too_long", "a close reason has at most 123 bytes";
    /// A close reason without a status code (RFC 6455 section 5.5.1).
    CloseReasonWithoutCode = "usage.close_reason_without_code", "a close reason needs a status code";
    /// A message sent in parts is unfinished: no other may begin (RFC 6455 section 5.4).
    MessageInProgress = "usage.message_in_progress", "a message sent in parts is not finished yet";
    /// A part is of the other kind than the message that it continues (RFC 6455 section 5.4).
    PartOfOtherKind = "usage.part_of_other_kind", "the parts of a message are all text or all binary";
}

impl core::error::Error for UsageError {}
