//! What makes a request valid.
//!
//! Owns the checks of RFC 6455 section 4.2.1, and of RFC 8441 section 5 for an extended CONNECT, each
//! as a function of the request. Knows nothing of the answer.

use super::authority::Authority;
use super::error::{Fault, HandshakeError};
use super::head::{HttpVersion, Request};
use super::headers::Headers;
use super::origin::OriginPolicy;
use super::{VERSION, key, lists};
use crate::http::body::decimal;
use crate::http::grammar::{Extension, extensions, is_token, list};
use alloc::borrow::ToOwned;
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

/// Checks whatever differs between HTTP/1.1 and HTTP/2. The result is the resource name.
pub(super) fn carrier(request: &Request) -> Result<&str, HandshakeError> {
    if request.version == HttpVersion::Http2 {
        return extended_connect(request);
    }
    let target = request_line(request)?;
    upgrade(&request.headers)?;
    connection(&request.headers)?;
    no_body(&request.headers)?;
    Ok(target)
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
//# An HTTP/1.1 or higher GET request, including a "Request-URI" [RFC2616] that should be interpreted
//# as a /resource name/ defined in Section 3 (or an absolute HTTP/HTTPS URI containing the /resource
//# name/).
pub(super) fn request_line(request: &Request) -> Result<&str, HandshakeError> {
    let Request { method, version, target, .. } = request;
    if method != "GET" {
        return Err(HandshakeError::found(Fault::Method, method.as_bytes()));
    }
    if *version != HttpVersion::Http11 {
        return Err(HandshakeError::told(Fault::HttpVersion, "HTTP/1.0".to_owned()));
    }
    resource_name(target, host(request)?)
}

pub(super) fn upgrade(headers: &Headers) -> Result<(), HandshakeError> {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    //# An |Upgrade| header field containing the value "websocket", treated as an ASCII
    //# case-insensitive value.
    if !lists(headers, "Upgrade", "websocket") {
        let found = headers.first("Upgrade").unwrap_or_default();
        return Err(HandshakeError::found(Fault::UpgradeMissing, found));
    }
    Ok(())
}

pub(super) fn connection(headers: &Headers) -> Result<(), HandshakeError> {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    //# A |Connection| header field that includes the token "Upgrade", treated as an ASCII
    //# case-insensitive value.
    if !lists(headers, "Connection", "Upgrade") {
        let found = headers.first("Connection").unwrap_or_default();
        return Err(HandshakeError::found(Fault::ConnectionMissing, found));
    }
    Ok(())
}

/// A body would be taken for frames, or frames for a body by a proxy in between.
pub(super) fn no_body(headers: &Headers) -> Result<(), HandshakeError> {
    if let Some(coding) = headers.first("Transfer-Encoding") {
        return Err(HandshakeError::found(Fault::Body, coding));
    }
    let mut lengths = headers.all("Content-Length");
    match lengths.find(|length| decimal(length) != Some(0)) {
        Some(length) => Err(HandshakeError::found(Fault::Body, length)),
        None => Ok(()),
    }
}

fn extended_connect(request: &Request) -> Result<&str, HandshakeError> {
    let Request { method, protocol, scheme, headers, .. } = request;
    let unfit = |found: &str| Err(HandshakeError::found(Fault::ExtendedConnect, found.as_bytes()));
    if method != "CONNECT" {
        return unfit(method);
    }
    if protocol.is_empty() {
        return unfit(":protocol missing");
    }
    if !protocol.eq_ignore_ascii_case("websocket") {
        return Err(HandshakeError::found(Fault::Protocol, protocol.as_bytes()));
    }
    //= https://www.rfc-editor.org/rfc/rfc8441#section-5
    //# The scheme of the target URI (Section 5.1 of [RFC7230]) MUST be "https" for "wss"-schemed
    //# WebSockets and "http" for "ws"-schemed WebSockets.
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return unfit(scheme);
    }
    for field in ["Connection", "Upgrade"] {
        if headers.first(field).is_some() {
            return unfit(field);
        }
    }
    let host = host(request)?;
    if !request.target.starts_with('/') {
        return Err(HandshakeError::found(Fault::Target, request.target.as_bytes()));
    }
    resource_name(&request.target, host)
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
//# A |Host| header field containing the server's authority.
pub(super) fn host(request: &Request) -> Result<Authority<'_>, HandshakeError> {
    let value = if request.version == HttpVersion::Http2 {
        request.authority.as_bytes()
    } else {
        let mut values = request.headers.all("Host");
        let first = values.next().ok_or(HandshakeError::missing(Fault::Host))?;
        if values.next().is_some() {
            return Err(HandshakeError::told(Fault::Host, "several".to_owned()));
        }
        first
    };
    let authority = core::str::from_utf8(value).ok().and_then(|text| Authority::parse(text).ok());
    authority.ok_or_else(|| HandshakeError::found(Fault::Host, value))
}

/// The path and query of a target. An absolute URI must name the same host as `Host`: a server that
/// believed the one where a proxy believed the other could be led anywhere.
fn resource_name<'a>(target: &'a str, host: Authority<'_>) -> Result<&'a str, HandshakeError> {
    let unfit = || HandshakeError::found(Fault::Target, target.as_bytes());
    if !target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
        return Err(unfit());
    }
    if target.starts_with('/') {
        return Ok(target);
    }
    let (scheme, rest) = target.split_once("://").ok_or_else(unfit)?;
    let default = match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => 80,
        _ if scheme.eq_ignore_ascii_case("https") => 443,
        _ => return Err(unfit()),
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).ok_or_else(unfit)?;
    let same = Authority::parse(authority).is_ok_and(|authority| authority.is_same(&host, default));
    match path {
        _ if !same => Err(unfit()),
        "" => Ok("/"),
        _ if path.starts_with('/') => Ok(path),
        _ => Err(unfit()),
    }
}

/// Version and key. The result is the value that answers the key, if there has to be one.
pub(super) fn version_and_key(request: &Request) -> Result<Option<String>, HandshakeError> {
    version(&request.headers)?;
    //= https://www.rfc-editor.org/rfc/rfc8441#section-5
    //# Implementations using this extended CONNECT to bootstrap WebSockets do not do the processing of
    //# the Sec-WebSocket-Key and Sec-WebSocket-Accept header fields of [RFC6455] as that functionality
    //# has been superseded by the :protocol pseudo-header field.
    if request.version == HttpVersion::Http2 {
        return Ok(None);
    }
    Ok(Some(key::accept(the_key(&request.headers)?)))
}

pub(super) fn version(headers: &Headers) -> Result<(), HandshakeError> {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    //# A |Sec-WebSocket-Version| header field, with a value of 13.
    let mut versions = headers.all("Sec-WebSocket-Version");
    let version = versions.next().ok_or(HandshakeError::missing(Fault::Version))?;
    //= https://www.rfc-editor.org/rfc/rfc6455#section-11.3.5
    //# However, the |Sec-WebSocket-Version| header field MUST NOT appear more than once in an HTTP
    //# request.
    if let Some(second) = versions.next() {
        return Err(HandshakeError::found(Fault::VersionRepeated, second));
    }
    if version != VERSION.as_bytes() {
        return Err(HandshakeError::found(Fault::Version, version));
    }
    Ok(())
}

pub(super) fn the_key(headers: &Headers) -> Result<&[u8], HandshakeError> {
    let mut keys = headers.all("Sec-WebSocket-Key");
    let key = keys.next().ok_or(HandshakeError::missing(Fault::Key))?;
    //= https://www.rfc-editor.org/rfc/rfc6455#section-11.3.1
    //# The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request.
    if let Some(second) = keys.next() {
        return Err(HandshakeError::found(Fault::KeyRepeated, second));
    }
    if !key::is_valid(key) {
        return Err(HandshakeError::found(Fault::Key, key));
    }
    Ok(key)
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//# If the server does not wish to accept this connection, it MUST return an appropriate HTTP error
//# code (e.g., 403 Forbidden) and abort the WebSocket handshake described in this section.

//= https://www.rfc-editor.org/rfc/rfc6455#section-10.2
//# If the origin indicated is unacceptable to the server, then it SHOULD respond to the WebSocket
//# handshake with a reply containing HTTP 403 Forbidden status code.
pub(super) fn origin(request: &Request, policy: &OriginPolicy) -> Result<(), HandshakeError> {
    let Some(origin) = origin_of(&request.headers)? else { return Ok(()) };
    if policy.allows(origin, host(request)?) {
        return Ok(());
    }
    Err(HandshakeError::found(Fault::Origin, origin.as_bytes()))
}

pub(super) fn origin_of(headers: &Headers) -> Result<Option<&str>, HandshakeError> {
    let mut values = headers.all("Origin");
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(HandshakeError::told(Fault::Origin, "several".to_owned()));
    }
    match core::str::from_utf8(value) {
        Ok(text) if text.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(Some(text)),
        _ => Err(HandshakeError::found(Fault::Origin, value)),
    }
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
//# The |Sec-WebSocket-Protocol| header field MAY appear multiple times in an HTTP request (which is
//# logically the same as a single |Sec-WebSocket-Protocol| header field that contains all values).
pub(super) fn subprotocols(headers: &Headers) -> Result<Vec<String>, HandshakeError> {
    let mut offered: Vec<String> = Vec::new();
    // A set, because comparing each name with each other would take quadratic time.
    let mut seen = BTreeSet::new();
    let mut values = headers.all("Sec-WebSocket-Protocol").peekable();
    let present = values.peek().is_some();
    for name in values.flat_map(list) {
        let unfit = || HandshakeError::found(Fault::SubprotocolList, name);
        let token = core::str::from_utf8(name).ok().filter(|_| is_token(name)).ok_or_else(unfit)?;
        if !seen.insert(name) {
            return Err(unfit());
        }
        offered.push(token.to_owned());
    }
    if present && offered.is_empty() {
        return Err(HandshakeError::missing(Fault::SubprotocolList));
    }
    Ok(offered)
}

/// The extensions that a client offers, of all lines together.
pub(super) fn extension_offers(headers: &Headers) -> Result<Vec<Extension<'_>>, HandshakeError> {
    let mut offers = Vec::new();
    for value in headers.all("Sec-WebSocket-Extensions") {
        extensions(value, &mut offers)
            .map_err(|_| HandshakeError::found(Fault::ExtensionList, value))?;
    }
    Ok(offers)
}
