//! What can go wrong in a handshake, each with a stable code and the rule behind it.
//!
//! Owns the table of faults and the error made of them. Knows nothing of the places that find them.

use super::head::Response;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:literal, $section:literal, $expected:literal;)+) => {
        /// What was wrong in an opening handshake.
        ///
        /// One table for both roles and for the caller's own input: bindings map the codes to the
        /// exceptions of their language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Fault { $($(#[doc = $doc])+ $name,)+ }

        impl Fault {
            /// Every fault, in the order of declaration: for tables that must be complete.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable name, such as `handshake.accept_mismatch`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// Where the rule stands.
            pub const fn section(self) -> &'static str {
                match self { $(Self::$name => $section,)+ }
            }

            /// The status that a server answers with: 4xx for the client's faults, 500 for those of
            /// its own application, 502 when it was itself the client.
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// What should have been there.
            pub const fn expected(self) -> &'static str {
                match self { $(Self::$name => $expected,)+ }
            }
        }
    };
}

faults! {
    /// The bytes are not an HTTP head.
    HeadMalformed = "head.malformed", 400, "RFC 9112 section 2.1",
        "an HTTP/1.1 head in lines that end with CR LF";
    /// The head has more bytes than the limit allows.
    HeadTooLong = "head.too_long", 431, "RFC 6585 section 5",
        "a head within the limit on its size";
    /// The head has more lines than the limit allows.
    HeadTooManyLines = "head.too_many_lines", 431, "RFC 6585 section 5",
        "a head within the limit on its lines";
    /// The handshake took longer than the limit allows.
    Timeout = "handshake.timeout", 408, "RFC 9110 section 15.5.9",
        "the whole handshake within the time limit";
    /// The stream ended inside the handshake.
    StreamEnded = "handshake.stream_ended", 400, "RFC 9112 section 8",
        "a whole head before the end of the stream";
    /// The client sent more than the limit on heads allows before it had an answer.
    EarlyData = "handshake.early_data", 400, "RFC 6455 section 4.1",
        "no data from the client before the response";

    /// The request is not a GET.
    Method = "handshake.method", 405, "RFC 6455 section 4.2.1", "method GET";
    /// The request or response is not of HTTP/1.1.
    HttpVersion = "handshake.http_version", 400, "RFC 6455 section 4.1", "HTTP/1.1";
    /// The target is neither a path nor an absolute URI of this host.
    Target = "handshake.target", 400, "RFC 6455 section 4.2.1",
        "a path, or an absolute http or https URI of the host that the Host header names";
    /// `Host` is missing, repeated or malformed.
    Host = "handshake.host", 400, "RFC 6455 section 4.2.1", "one Host header with a valid authority";
    /// The request does not ask for an upgrade to WebSocket.
    UpgradeMissing = "handshake.upgrade_missing", 426, "RFC 6455 section 4.2.1",
        "an Upgrade header with the value \"websocket\"";
    /// `Connection` does not name the upgrade.
    ConnectionMissing = "handshake.connection_missing", 400, "RFC 6455 section 4.2.1",
        "a Connection header with the token \"Upgrade\"";
    /// The request has a body, which would be taken for frames.
    Body = "handshake.body", 400, "RFC 9112 section 6", "a request without a body";
    /// `Sec-WebSocket-Version` is missing or names another version.
    Version = "handshake.version", 426, "RFC 6455 section 4.2.2", "Sec-WebSocket-Version 13";
    /// `Sec-WebSocket-Version` is repeated.
    VersionRepeated = "handshake.version_repeated", 400, "RFC 6455 section 11.3.5",
        "one Sec-WebSocket-Version header";
    /// `Sec-WebSocket-Key` is missing or is not 16 bytes in base64.
    Key = "handshake.key", 400, "RFC 6455 section 4.2.1",
        "a Sec-WebSocket-Key header with 16 bytes in base64";
    /// `Sec-WebSocket-Key` is repeated.
    KeyRepeated = "handshake.key_repeated", 400, "RFC 6455 section 11.3.1",
        "one Sec-WebSocket-Key header";
    /// `Sec-WebSocket-Protocol` of the request is not a list of different tokens.
    SubprotocolList = "handshake.subprotocol_list", 400, "RFC 6455 section 4.1",
        "a Sec-WebSocket-Protocol list of different tokens";
    /// `Sec-WebSocket-Extensions` does not follow the grammar, in the request or in the response.
    ExtensionList = "handshake.extension_list", 400, "RFC 6455 section 9.1",
        "a Sec-WebSocket-Extensions list of extensions with parameters";
    /// `Origin` is repeated, malformed, or not allowed.
    Origin = "handshake.origin", 403, "RFC 6455 section 10.2", "an allowed Origin, or none";
    /// An extended CONNECT is for another protocol.
    Protocol = "handshake.protocol", 501, "RFC 8441 section 5", ":protocol websocket";
    /// The pseudo-headers of an extended CONNECT are incomplete, or fields of HTTP/1.1 are with them.
    ExtendedConnect = "handshake.extended_connect", 400, "RFC 8441 section 4",
        "CONNECT with :protocol, :scheme, :path and :authority, without Connection and Upgrade";

    /// The server did not agree to the handshake: its answer is in [`HandshakeError::response`].
    Status = "handshake.status", 502, "RFC 6455 section 4.1",
        "status 101, or 200 for an extended CONNECT";
    /// `Upgrade` of the response is missing or is not `websocket`.
    UpgradeMismatch = "handshake.upgrade_mismatch", 502, "RFC 6455 section 4.1",
        "an Upgrade header with the value \"websocket\"";
    /// `Connection` of the response does not name the upgrade.
    ConnectionMismatch = "handshake.connection_mismatch", 502, "RFC 6455 section 4.1",
        "a Connection header with the token \"Upgrade\"";
    /// `Sec-WebSocket-Accept` is missing.
    AcceptMissing = "handshake.accept_missing", 502, "RFC 6455 section 4.1",
        "a Sec-WebSocket-Accept header";
    /// `Sec-WebSocket-Accept` is repeated.
    AcceptRepeated = "handshake.accept_repeated", 502, "RFC 6455 section 11.3.3",
        "one Sec-WebSocket-Accept header";
    /// `Sec-WebSocket-Accept` does not belong to the key of the request.
    AcceptMismatch = "handshake.accept_mismatch", 502, "RFC 6455 section 4.1",
        "the Sec-WebSocket-Accept value that belongs to the key";
    /// The response names a subprotocol that was not offered.
    SubprotocolNotOffered = "handshake.subprotocol_not_offered", 502, "RFC 6455 section 4.1",
        "one of the offered subprotocols, or none";
    /// `Sec-WebSocket-Protocol` of the response is repeated.
    SubprotocolRepeated = "handshake.subprotocol_repeated", 502, "RFC 6455 section 11.3.4",
        "at most one Sec-WebSocket-Protocol header";
    /// The response names an extension that was not offered.
    ExtensionNotOffered = "handshake.extension_not_offered", 502, "RFC 6455 section 4.1",
        "offered extensions, or none";
    /// The response names an extension twice.
    ExtensionRepeated = "handshake.extension_repeated", 502, "RFC 6455 section 9.1",
        "each extension once";
    /// The parameters of permessage-deflate in the response do not fit the offer.
    DeflateParameters = "handshake.deflate_parameters", 502, "RFC 7692 section 7.1",
        "parameters of permessage-deflate that fit the offer";

    /// A URL does not begin with `ws://` or `wss://`.
    UrlScheme = "url.scheme", 500, "RFC 6455 section 3", "a URL that begins with ws:// or wss://";
    /// The host of a URL is empty or malformed.
    UrlHost = "url.host", 500, "RFC 3986 section 3.2.2",
        "a host name in ASCII, an IPv4 address, or an IPv6 address in brackets";
    /// The port of a URL is not a number from 1 to 65535.
    UrlPort = "url.port", 500, "RFC 3986 section 3.2.3", "a port from 1 to 65535";
    /// The user name or password of a URL cannot be sent.
    UrlCredentials = "url.credentials", 500, "RFC 7617 section 2",
        "a user name and password in percent-encoded UTF-8, without controls, the name without a colon";
    /// A URL has a fragment.
    UrlFragment = "url.fragment", 500, "RFC 6455 section 3", "a URL without \"#\"";
    /// A URL has a character that cannot stand there.
    UrlCharacter = "url.character", 500, "RFC 3986 section 2",
        "no control characters, and a \"%\" only before two hexadecimal digits";

    /// A header that the caller gave has an invalid name or value.
    OptionHeader = "option.header", 500, "RFC 9110 section 5.5",
        "a header whose name is a token and whose value has no control characters";
    /// A header that the caller gave belongs to the handshake itself.
    OptionHeaderReserved = "option.header_reserved", 500, "RFC 6455 section 4.1",
        "no header that the handshake sets itself";
    /// A subprotocol that the caller gave is not a token, or is there twice.
    OptionSubprotocol = "option.subprotocol", 500, "RFC 6455 section 4.1",
        "subprotocols that are different tokens";
    /// The application chose a subprotocol that the client did not offer.
    OptionSubprotocolNotOffered = "option.subprotocol_not_offered", 500, "RFC 6455 section 4.2.2",
        "one of the subprotocols that the client offered, or none";
    /// A status that cannot refuse a handshake.
    OptionStatus = "option.status", 500, "RFC 6455 section 4.2.2", "a status from 200 to 599";
}

/// Why there is no connection.
///
/// Displays as one sentence with what was expected, what came, and the section of the RFC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandshakeError {
    /// What was wrong.
    pub fault: Fault,
    /// What came instead, made printable and cut to a line's length. Empty when nothing came.
    pub found: String,
    /// The response of the server, on the client, as far as it was read. After [`Fault::Status`] it
    /// has the start of the body; a redirect has its `location` in the headers, a 401 its
    /// `www-authenticate`.
    pub response: Option<Box<Response>>,
}

impl HandshakeError {
    pub(crate) const fn missing(fault: Fault) -> Self {
        Self { fault, found: String::new(), response: None }
    }

    /// `found` comes from the peer or the caller, and may be anything.
    pub(crate) fn found(fault: Fault, found: &[u8]) -> Self {
        let found = if found.is_empty() { String::new() } else { printable(found) };
        Self::told(fault, found)
    }

    pub(crate) const fn told(fault: Fault, found: String) -> Self {
        Self { fault, found, response: None }
    }

    pub(crate) fn with(mut self, response: Response) -> Self {
        self.response = Some(Box::new(response));
        self
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = if self.found.is_empty() { "none" } else { &self.found };
        let Self { fault, .. } = self;
        write!(
            f,
            "{}: expected {}, found {found} ({})",
            fault.code(),
            fault.expected(),
            fault.section()
        )
    }
}

impl core::error::Error for HandshakeError {}

/// `bytes` in quotes, on one line, at most 80 characters of them.
fn printable(bytes: &[u8]) -> String {
    const MOST: usize = 80;
    let shown = bytes.get(..MOST).unwrap_or(bytes);
    let more = if bytes.len() > MOST { "..." } else { "" };
    format!("\"{}\"{more}", shown.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn codes_are_unique_and_well_formed() {
        for (index, fault) in Fault::ALL.iter().enumerate() {
            let (group, name) = fault.code().split_once('.').expect("a group and a name");
            assert!(["head", "handshake", "url", "option"].contains(&group));
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
            assert!(Fault::ALL.iter().skip(index + 1).all(|other| other.code() != fault.code()));
            assert!(fault.section().starts_with("RFC "));
            assert!(matches!(fault.status(), 400..=599));
        }
    }

    #[test]
    fn errors_are_one_printable_line() {
        let error = HandshakeError::found(Fault::Key, b"\xff\r\nSet-Cookie: a");
        assert_eq!(
            error.to_string(),
            "handshake.key: expected a Sec-WebSocket-Key header with 16 bytes in base64, \
             found \"\\xff\\r\\nSet-Cookie: a\" (RFC 6455 section 4.2.1)"
        );
        assert!(HandshakeError::found(Fault::Key, &[b'\0'; 1 << 16]).to_string().len() < 500);
    }
}
