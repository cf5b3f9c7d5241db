//! The server's side as functions of heads.
//!
//! Owns RFC 6455 section 4.2, the checks of the request and the response, and their variant of
//! RFC 8441. Knows no bytes and no time: that is `machine`.

use super::authority::Authority;
use super::error::{Fault, HandshakeError, Refusal};
use super::head::{HttpVersion, Request, Response, reason};
use super::headers::Headers;
use super::origin::OriginPolicy;
use super::{Agreement, VERSION, is_reserved, key, lists};
use crate::deflate::{DeflateConfig, DeflateParams, offer};
use crate::http::body::decimal;
use crate::http::grammar::{extensions, is_token, list};
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a server accepts without asking the application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerPolicy {
    /// Which web pages may connect. Default: those of this server.
    pub origins: OriginPolicy,
    /// The subprotocols that the application speaks, the preferred one first: the first that the
    /// client offers too is chosen, unless the application [chooses](Upgrade::choose) another.
    pub subprotocols: Vec<String>,
}

/// A valid request for a WebSocket, which the application may accept or refuse.
///
/// Look at the [request](Self::request) (its target, cookies and credentials), then
/// [`accept`](Self::accept), or answer with a [`Response::refusal`] and close.
///
/// ```
/// use polywire::handshake::{Request, ServerPolicy, Upgrade};
///
/// let request = Request::from_fields([
///     (":method", &b"CONNECT"[..]),
///     (":protocol", b"websocket"),
///     (":scheme", b"https"),
///     (":path", b"/chat"),
///     (":authority", b"example.com"),
///     ("sec-websocket-version", b"13"),
/// ])?;
/// let upgrade = Upgrade::examine(request, &ServerPolicy::default(), None)?;
/// let (response, _agreement) = upgrade.accept();
/// assert_eq!(response.status, 200);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Upgrade {
    request: Request,
    /// The value that answers the key; nothing over HTTP/2.
    accept: Option<String>,
    subprotocols: Vec<String>,
    /// The index of the chosen subprotocol.
    chosen: Option<usize>,
    deflate: Option<(DeflateParams, String)>,
    headers: Headers,
}

impl Upgrade {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    //# If the server, while reading the handshake, finds that the client did not send a handshake
    //# that matches the description below (note that as per [RFC2616], the order of the header fields
    //# is not important), including but not limited to any violations of the ABNF grammar specified
    //# for the components of the handshake, the server MUST stop processing the client's handshake
    //# and return an HTTP response with an appropriate error code (such as 400 Bad Request).

    //= https://www.rfc-editor.org/rfc/rfc6455#section-10.7
    //# Incoming data MUST always be validated by both clients and servers.
    /// Checks a request. `deflate` is the server's own configuration, if it accepts compression.
    ///
    /// The target of an absolute URI is reduced to its path and query: an application that routes or
    /// forwards by it never sees a host there.
    ///
    /// # Errors
    ///
    /// The refusal to send, if the request is not valid or its origin not allowed.
    pub fn examine(
        mut request: Request,
        policy: &ServerPolicy,
        deflate: Option<&DeflateConfig>,
    ) -> Result<Self, Refusal> {
        let accept = examine_carrier(&mut request).and_then(|()| examine_handshake(&request));
        let upgrade = accept.and_then(|accept| {
            examine_origin(&request, &policy.origins)?;
            let subprotocols = offered_subprotocols(&request.headers)?;
            let mut offers = Vec::new();
            for value in request.headers.all("Sec-WebSocket-Extensions") {
                extensions(value, &mut offers)
                    .map_err(|_| HandshakeError::found(Fault::ExtensionList, value))?;
            }
            let deflate = deflate.and_then(|config| offer::answer(config, &offers));
            let mut preferred = policy.subprotocols.iter();
            let chosen =
                preferred.find_map(|known| subprotocols.iter().position(|name| name == known));
            Ok((accept, subprotocols, chosen, deflate))
        });
        match upgrade {
            Ok((accept, subprotocols, chosen, deflate)) => {
                Ok(Self { request, accept, subprotocols, chosen, deflate, headers: Headers::new() })
            }
            Err(error) => Err(Refusal::new(error, Some(request))),
        }
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The request, when the decision is taken.
    pub fn into_request(self) -> Request {
        self.request
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    //# A connection attempt lacking this header field SHOULD NOT be interpreted as coming from a
    //# browser client.
    /// The origin of the web page behind the request, or `None` if it does not come from a browser.
    pub fn origin(&self) -> Option<&str> {
        origin(&self.request.headers).ok().flatten()
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub fn subprotocols(&self) -> &[String] {
        &self.subprotocols
    }

    /// The subprotocol that will be answered.
    pub fn subprotocol(&self) -> Option<&str> {
        self.chosen.and_then(|index| self.subprotocols.get(index)).map(String::as_str)
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    //# The value chosen MUST be derived from the client's handshake, specifically by selecting one of
    //# the values from the |Sec-WebSocket-Protocol| field that the server is willing to use for this
    //# connection (if any).
    /// Answers this subprotocol, or none, instead of the one that [`ServerPolicy`] chose.
    ///
    /// # Errors
    ///
    /// [`Fault::OptionSubprotocolNotOffered`].
    pub fn choose(&mut self, subprotocol: Option<&str>) -> Result<(), HandshakeError> {
        self.chosen = match subprotocol {
            None => None,
            Some(name) => {
                let offered = self.subprotocols.iter().position(|offered| offered == name);
                let not_offered =
                    || HandshakeError::found(Fault::OptionSubprotocolNotOffered, name.as_bytes());
                Some(offered.ok_or_else(not_offered)?)
            }
        };
        Ok(())
    }

    /// Adds a header to the response, such as `Set-Cookie`.
    ///
    /// # Errors
    ///
    /// [`Fault::OptionHeader`] or [`Fault::OptionHeaderReserved`].
    pub fn add_header(&mut self, name: &str, value: &[u8]) -> Result<(), HandshakeError> {
        if is_reserved(name) {
            return Err(HandshakeError::found(Fault::OptionHeaderReserved, name.as_bytes()));
        }
        self.headers.push(name, value)
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    //# When a client establishes a WebSocket connection to a server, the server MUST complete the
    //# following steps to accept the connection and send the server's opening handshake.

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    //# If the server chooses to accept the incoming connection, it MUST reply with a valid HTTP
    //# response indicating the following.
    /// The response to send, and what was agreed on.
    pub fn accept(&self) -> (Response, Agreement) {
        let mut headers = Headers::new();
        let status = match &self.accept {
            Some(accept) => {
                //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
                //# An |Upgrade| header field with value "websocket" as per RFC 2616 [RFC2616].
                headers.append("Upgrade", b"websocket");
                //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
                //# A |Connection| header field with value "Upgrade".
                headers.append("Connection", b"Upgrade");
                headers.append("Sec-WebSocket-Accept", accept.as_bytes());
                101
            }
            None => 200,
        };
        //= https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
        //# However, the |Sec-WebSocket-Protocol| header field MUST NOT appear more than once in an
        //# HTTP response.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
        //# The absence of such a field is equivalent to the null value (meaning that if the server
        //# does not wish to agree to one of the suggested subprotocols, it MUST NOT send back a
        //# |Sec-WebSocket-Protocol| header field in its response).
        if let Some(subprotocol) = self.subprotocol() {
            headers.append("Sec-WebSocket-Protocol", subprotocol.as_bytes());
        }
        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
        //# Extensions not listed by the client MUST NOT be listed.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
        //# If the server supports multiple extensions, then the value MUST be derived from the
        //# client's handshake, specifically by selecting one or more of the values from the
        //# |Sec-WebSocket-Extensions| field.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-11.3.2
        //# However, the |Sec-WebSocket-Extensions| header field MUST NOT appear more than once in an
        //# HTTP response.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-9
        //# A server MUST NOT respond with any extension not requested by the client.
        if let Some((_, answer)) = &self.deflate {
            headers.append("Sec-WebSocket-Extensions", answer.as_bytes());
        }
        for (name, value) in self.headers.iter() {
            headers.append(name, value);
        }
        let response = Response {
            version: self.request.version,
            status,
            reason: reason(status).to_owned(),
            headers,
            body: Vec::new(),
        };
        let deflate = self.deflate.as_ref().map(|(params, _)| *params);
        (response, Agreement { subprotocol: self.subprotocol().map(str::to_owned), deflate })
    }
}

/// Whatever differs between HTTP/1.1 and HTTP/2, and what a request of either needs to be one.
fn examine_carrier(request: &mut Request) -> Result<(), HandshakeError> {
    match request.version {
        HttpVersion::Http2 => examine_extended_connect(request),
        HttpVersion::Http10 | HttpVersion::Http11 => {
            let target = examine_request_line(request)?.to_owned();
            examine_upgrade(&request.headers)?;
            examine_body(&request.headers)?;
            request.target = target;
            Ok(())
        }
    }
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
//# An HTTP/1.1 or higher GET request, including a "Request-URI" [RFC2616] that should be interpreted
//# as a /resource name/ defined in Section 3 (or an absolute HTTP/HTTPS URI containing the /resource
//# name/).
fn examine_request_line(request: &Request) -> Result<&str, HandshakeError> {
    let Request { method, version, target, .. } = request;
    if method != "GET" {
        return Err(HandshakeError::found(Fault::Method, method.as_bytes()));
    }
    if *version != HttpVersion::Http11 {
        return Err(HandshakeError::told(Fault::HttpVersion, "HTTP/1.0".to_owned()));
    }
    resource_name(target, host(request)?)
}

fn examine_upgrade(headers: &Headers) -> Result<(), HandshakeError> {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
    //# An |Upgrade| header field containing the value "websocket", treated as an ASCII
    //# case-insensitive value.
    if !lists(headers, "Upgrade", "websocket") {
        let found = headers.first("Upgrade").unwrap_or_default();
        return Err(HandshakeError::found(Fault::UpgradeMissing, found));
    }
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
fn examine_body(headers: &Headers) -> Result<(), HandshakeError> {
    if let Some(coding) = headers.first("Transfer-Encoding") {
        return Err(HandshakeError::found(Fault::Body, coding));
    }
    let mut lengths = headers.all("Content-Length");
    match lengths.find(|length| decimal(length) != Some(0)) {
        Some(length) => Err(HandshakeError::found(Fault::Body, length)),
        None => Ok(()),
    }
}

fn examine_extended_connect(request: &Request) -> Result<(), HandshakeError> {
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
    host(request)?;
    if !request.target.starts_with('/') {
        return Err(HandshakeError::found(Fault::Target, request.target.as_bytes()));
    }
    resource_name(&request.target, host(request)?).map(drop)
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
//# A |Host| header field containing the server's authority.
fn host(request: &Request) -> Result<Authority<'_>, HandshakeError> {
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
fn examine_handshake(request: &Request) -> Result<Option<String>, HandshakeError> {
    let Request { headers, .. } = request;
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
    //= https://www.rfc-editor.org/rfc/rfc8441#section-5
    //# Implementations using this extended CONNECT to bootstrap WebSockets do not do the processing of
    //# the Sec-WebSocket-Key and Sec-WebSocket-Accept header fields of [RFC6455] as that functionality
    //# has been superseded by the :protocol pseudo-header field.
    if request.version == HttpVersion::Http2 {
        return Ok(None);
    }
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
    Ok(Some(key::accept(key)))
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//# If the server does not wish to accept this connection, it MUST return an appropriate HTTP error
//# code (e.g., 403 Forbidden) and abort the WebSocket handshake described in this section.

//= https://www.rfc-editor.org/rfc/rfc6455#section-10.2
//# If the origin indicated is unacceptable to the server, then it SHOULD respond to the WebSocket
//# handshake with a reply containing HTTP 403 Forbidden status code.
fn examine_origin(request: &Request, policy: &OriginPolicy) -> Result<(), HandshakeError> {
    let Some(origin) = origin(&request.headers)? else { return Ok(()) };
    if policy.allows(origin, host(request)?) {
        return Ok(());
    }
    Err(HandshakeError::found(Fault::Origin, origin.as_bytes()))
}

fn origin(headers: &Headers) -> Result<Option<&str>, HandshakeError> {
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
fn offered_subprotocols(headers: &Headers) -> Result<Vec<String>, HandshakeError> {
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

impl Refusal {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-10.7
    //# If the invalid data is sent during the WebSocket handshake, the server SHOULD return an
    //# appropriate HTTP [RFC2616] status code.
    /// The answer to a client that made `error`, in this request if it was read at all.
    pub(crate) fn new(error: HandshakeError, request: Option<Request>) -> Self {
        let version = request.as_ref().map_or(HttpVersion::Http11, |request| request.version);
        let fault = error.fault;
        let mut headers = Headers::new();
        let mut status = fault.status();
        let mut connection = "close";
        // An upgrade to ask for does not exist in HTTP/2.
        if status == 426 && version == HttpVersion::Http2 {
            status = 400;
        }
        if status == 426 {
            // RFC 9110 sections 7.8 and 15.5.22: the status needs Upgrade, which Connection must name.
            headers.append("Upgrade", b"websocket");
            connection = "close, Upgrade";
        }
        if status == 405 {
            headers.append("Allow", b"GET");
        }
        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
        //# If this version does not match a version understood by the server, the server MUST abort
        //# the WebSocket handshake described in this section and instead send an appropriate HTTP
        //# error code (such as 426 Upgrade Required) and a |Sec-WebSocket-Version| header field
        //# indicating the version(s) the server is capable of understanding.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.4
        //# If the server doesn't support the requested version, it MUST respond with a
        //# |Sec-WebSocket-Version| header field (or multiple |Sec-WebSocket-Version| header fields)
        //# containing all versions it is willing to use.
        if matches!(fault, Fault::Version | Fault::UpgradeMissing) {
            headers.append("Sec-WebSocket-Version", VERSION.as_bytes());
        }
        // The body has nothing of what the client sent: it may be shown in a browser.
        let body =
            format!("{}: expected {} ({})\n", fault.code(), fault.expected(), fault.section());
        headers.append("Connection", connection.as_bytes());
        headers.append("Content-Type", b"text/plain; charset=utf-8");
        headers.append("Content-Length", body.len().to_string().as_bytes());
        let (reason, body) = (reason(status).to_owned(), body.into_bytes());
        let response = Box::new(Response { version, status, reason, headers, body });
        Self { error, response, request: request.map(Box::new) }
    }
}
