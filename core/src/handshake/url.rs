//! `ws://` and `wss://` URLs.
//!
//! Owns RFC 6455 section 3 on top of RFC 3986. Knows nothing of connections: the host is text.

use super::authority::{Authority, AuthorityError};
use super::error::{Fault, HandshakeError};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// A WebSocket URL, taken apart. All its parts are valid: none can break out of the request.
///
/// ```
/// use polywire::handshake::Url;
///
/// let url = Url::parse("wss://[::1]:8443/chat?room=1")?;
/// assert!(url.is_secure());
/// assert_eq!((url.host(), url.port()), ("::1", 8443));
/// assert_eq!(url.target(), "/chat?room=1");
/// assert_eq!(url.authority(), "[::1]:8443");
/// # Ok::<(), polywire::handshake::HandshakeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Url {
    secure: bool,
    /// In lower case; an IPv6 address is without its brackets.
    host: String,
    port: u16,
    target: String,
    credentials: Option<(String, String)>,
}

impl Url {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# The components of the WebSocket URI passed into this algorithm (/host/, /port/, /resource
    //# name/, and /secure/ flag) MUST be valid according to the specification of WebSocket URIs
    //# specified in Section 3.

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# If any of the components are invalid, the client MUST _Fail the WebSocket Connection_ and
    //# abort these steps.
    /// Parses a URL.
    ///
    /// Characters outside ASCII and others that a path or query must not contain are
    /// percent-encoded. A host name outside ASCII must be converted (IDNA) before.
    ///
    /// # Errors
    ///
    /// A fault whose code begins with `url.`; what was found names the offset.
    pub fn parse(text: &str) -> Result<Self, HandshakeError> {
        let (secure, rest) = split_scheme(text)?;
        refuse_fragment(text)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, resource) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (credentials, authority) = match authority.rsplit_once('@') {
            Some((credentials, authority)) => (Some(credentials), authority),
            None => (None, authority),
        };
        // Both are the end of what is before them.
        let resource_offset = text.len() - resource.len();
        let authority_offset = resource_offset - authority.len();
        let Authority { host, port } = Authority::parse(authority).map_err(|error| {
            let fault = match error {
                AuthorityError::Host => Fault::UrlHost,
                AuthorityError::Port => Fault::UrlPort,
            };
            at(fault, authority.as_bytes(), authority_offset)
        })?;
        Ok(Self {
            secure,
            host: host.trim_matches(['[', ']']).to_ascii_lowercase(),
            port: port.unwrap_or(default_port(secure)),
            target: resource_name(resource, resource_offset)?,
            credentials: credentials
                .map(|text| {
                    split_credentials(text).ok_or(HandshakeError::missing(Fault::UrlCredentials))
                })
                .transpose()?,
        })
    }

    /// Whether the connection runs through TLS: the scheme is `wss`.
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host to connect to, in lower case; an IPv6 address is without its brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port to connect to.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The resource name: path and query, as sent in the request.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// User name and password, decoded. They go into an `Authorization` header.
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials.as_ref().map(|(user, password)| (&user[..], &password[..]))
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# The request MUST contain a |Host| header field whose value contains /host/ plus optionally
    //# ":" followed by /port/ (when not using the default port).
    /// Host and port as they stand in `Host`: IPv6 in brackets, the default port left out.
    pub fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.to_owned() };
        if self.port == default_port(self.secure) { host } else { format!("{host}:{}", self.port) }
    }

    /// Where the `Location` of a redirect leads. Schemes of HTTP count as those of WebSocket.
    ///
    /// The credentials of this URL are kept only if the new one has the same scheme, host and port;
    /// drop cookies and `Authorization` headers in the same case. Bound the number of redirects.
    ///
    /// # Errors
    ///
    /// A fault whose code begins with `url.`; [`Fault::UrlScheme`] also for a redirect from `wss` to
    /// `ws`, which would send in the clear what was meant to be secret.
    pub fn redirect(&self, location: &str) -> Result<Self, HandshakeError> {
        let mut next = Self::parse(&self.resolve(location))?;
        if self.secure && !next.secure {
            return Err(HandshakeError::found(Fault::UrlScheme, b"ws"));
        }
        if next.credentials.is_none() && self.is_same_origin(&next) {
            next.credentials.clone_from(&self.credentials);
        }
        Ok(next)
    }

    /// Whether both have the same scheme, host and port.
    pub fn is_same_origin(&self, other: &Self) -> bool {
        (self.secure, &self.host, self.port) == (other.secure, &other.host, other.port)
    }

    /// RFC 3986 section 5.2, without the removal of dot segments: servers do that.
    fn resolve(&self, location: &str) -> String {
        let location = location.split('#').next().unwrap_or_default();
        let scheme = if self.secure { "wss" } else { "ws" };
        let end = location.find([':', '/', '?']).unwrap_or(location.len());
        match location.split_at_checked(end) {
            Some((http, rest)) if rest.starts_with(':') => {
                return match &http.to_ascii_lowercase()[..] {
                    "http" => format!("ws{rest}"),
                    "https" => format!("wss{rest}"),
                    _ => location.to_owned(),
                };
            }
            _ => {}
        }
        if location.starts_with("//") {
            return format!("{scheme}:{location}");
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let base = match location.bytes().next() {
            Some(b'/') => "",
            Some(b'?') => path,
            None => &self.target,
            Some(_) => path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or("/"),
        };
        format!("{scheme}://{}{base}{location}", self.authority())
    }
}

impl fmt::Display for Url {
    /// Without the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "wss" } else { "ws" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

impl fmt::Debug for Url {
    /// Without the credentials: they stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Url({self})")
    }
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-3
//# The port component is OPTIONAL; the default for "ws" is port 80, while the default for "wss" is
//# port 443.
const fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-3
//# The URI is called "secure" (and it is said that "the secure flag is set") if the scheme component
//# matches "wss" case-insensitively.
fn split_scheme(text: &str) -> Result<(bool, &str), HandshakeError> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    if scheme.eq_ignore_ascii_case("wss") {
        Ok((true, rest))
    } else if scheme.eq_ignore_ascii_case("ws") {
        Ok((false, rest))
    } else {
        // What follows the first colon may be a password.
        let scheme = text.split(':').next().unwrap_or_default();
        Err(HandshakeError::found(Fault::UrlScheme, scheme.as_bytes()))
    }
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-3
//# Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on
//# these URIs.

//= https://www.rfc-editor.org/rfc/rfc6455#section-3
//# As with any URI scheme, the character "#", when not indicating the start of a fragment, MUST be
//# escaped as %23.
fn refuse_fragment(text: &str) -> Result<(), HandshakeError> {
    text.find('#').map_or(Ok(()), |offset| Err(at(Fault::UrlFragment, b"#", offset)))
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-3
//# The "resource-name" (also known as /resource name/ in Section 4.1) can be constructed by
//# concatenating the following:
fn resource_name(resource: &str, offset: usize) -> Result<String, HandshakeError> {
    let mut name = String::with_capacity(resource.len() + 1);
    //= https://www.rfc-editor.org/rfc/rfc6455#section-3
    //# o "/" if the path component is empty
    if !resource.starts_with('/') {
        name.push('/');
    }
    // An empty query leaves no "?" behind: it is only added "if the query component is non-empty".
    let resource =
        resource.strip_suffix('?').filter(|path| !path.contains('?')).unwrap_or(resource);
    let bytes = resource.as_bytes();
    for (index, &byte) in bytes.iter().enumerate() {
        if byte.is_ascii_control() || (byte == b'%' && !is_escape(bytes, index)) {
            return Err(at(Fault::UrlCharacter, &[byte], offset + index));
        }
        push_encoded(byte, &mut name);
    }
    Ok(name)
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-11.1.1
//# Characters in other components that are excluded by the syntax defined above MUST be converted
//# from Unicode to ASCII by first encoding the characters as UTF-8 and then replacing the
//# corresponding bytes using their percent-encoded form as defined in the URI [RFC3986] and
//# Internationalized Resource Identifier (IRI) [RFC3987] specifications.

//= https://www.rfc-editor.org/rfc/rfc6455#section-11.1.2
//# Characters in other components that are excluded by the syntax defined above MUST be converted
//# from Unicode to ASCII by first encoding the characters as UTF-8 and then replacing the
//# corresponding bytes using their percent-encoded form as defined in the URI [RFC3986] and IRI
//# [RFC3987] specifications.
fn push_encoded(byte: u8, name: &mut String) {
    let excluded = matches!(
        byte,
        b' ' | b'"' | b'<' | b'>' | b'[' | b'\\' | b']' | b'^' | b'`' | b'{' | b'|' | b'}'
    );
    if excluded || !byte.is_ascii() {
        name.push_str(&format!("%{byte:02X}"));
    } else {
        name.push(char::from(byte));
    }
}

fn is_escape(bytes: &[u8], percent: usize) -> bool {
    let digits = bytes.get(percent + 1..percent + 3);
    digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
}

/// User name and password without their percent-encoding, if they can be sent: RFC 7617 section 2
/// forbids control characters, and a colon in the name.
fn split_credentials(text: &str) -> Option<(String, String)> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    let decoded = |text: &str| decode(text).filter(|text| !text.chars().any(char::is_control));
    Some((decoded(user).filter(|user| !user.contains(':'))?, decoded(password)?))
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let [high, low, after @ ..] = rest else { return None };
        let digit =
            |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(digit(*high)? << 4 | digit(*low)?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

fn at(fault: Fault, found: &[u8], offset: usize) -> HandshakeError {
    let mut error = HandshakeError::found(fault, found);
    error.found.push_str(&format!(" at byte {offset}"));
    error
}
