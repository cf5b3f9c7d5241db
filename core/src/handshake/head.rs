//! Requests and responses of the opening handshake.
//!
//! Owns their representation, and their bytes in HTTP/1.1 (RFC 9112). Knows nothing of what makes a
//! handshake valid: hosts with an HTTP server of their own build the same values from theirs.

use super::error::{Fault, HandshakeError};
use super::headers::Headers;
use crate::http::reader::RawHead;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

/// The version of HTTP that carries a handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HttpVersion {
    /// HTTP/1.0, which cannot upgrade.
    Http10,
    /// HTTP/1.1 with `Upgrade`: RFC 6455.
    #[default]
    Http11,
    /// HTTP/2 or HTTP/3 with an extended CONNECT: RFC 8441 and RFC 9220.
    Http2,
}

/// A request, parsed.
///
/// The byte-fed machines make it themselves. A host with an HTTP server of its own fills it in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The version of HTTP.
    pub version: HttpVersion,
    /// The method, in capitals.
    pub method: String,
    /// The target as sent: a path with its query.
    pub target: String,
    /// `:protocol` of an extended CONNECT, else empty.
    pub protocol: String,
    /// `:scheme` of an extended CONNECT, else empty.
    pub scheme: String,
    /// `:authority` of an extended CONNECT, else empty: HTTP/1.1 has it in `Host`.
    pub authority: String,
    /// The header fields.
    pub headers: Headers,
}

impl Request {
    /// The request that the fields of an HTTP/2 or HTTP/3 header block make, pseudo-headers included.
    ///
    /// # Errors
    ///
    /// [`Fault::ExtendedConnect`] for a pseudo-header that is unknown, repeated or not UTF-8, or a
    /// field that is not valid.
    pub fn from_fields<'a>(
        fields: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    ) -> Result<Self, HandshakeError> {
        let mut request = Self { version: HttpVersion::Http2, ..Self::default() };
        for (name, value) in fields {
            let slot = match name {
                ":method" => &mut request.method,
                ":path" => &mut request.target,
                ":protocol" => &mut request.protocol,
                ":scheme" => &mut request.scheme,
                ":authority" => &mut request.authority,
                _ => {
                    let invalid =
                        |_| HandshakeError::found(Fault::ExtendedConnect, name.as_bytes());
                    request.headers.push(name, value).map_err(invalid)?;
                    continue;
                }
            };
            match core::str::from_utf8(value) {
                Ok(text) if slot.is_empty() => slot.push_str(text),
                _ => return Err(HandshakeError::found(Fault::ExtendedConnect, name.as_bytes())),
            }
        }
        Ok(request)
    }

    /// The fields of the header block of HTTP/2 or HTTP/3, pseudo-headers first, names in lower case.
    pub fn fields(&self) -> impl Iterator<Item = (String, &[u8])> {
        [
            (":method", &self.method),
            (":protocol", &self.protocol),
            (":scheme", &self.scheme),
            (":path", &self.target),
            (":authority", &self.authority),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes()))
        .chain(lower_case(&self.headers))
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# The handshake MUST be a valid HTTP request as specified by [RFC2616].
    /// The bytes of the request in HTTP/1.1. Method and target must be valid.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        for part in [&self.method, " ", &self.target, " HTTP/1.1\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
        write_fields(&self.headers, &mut bytes);
        bytes
    }

    /// Parses a whole head of HTTP/1.
    pub(crate) fn parse(head: &RawHead) -> Result<Self, HandshakeError> {
        let mut fields = vec![httparse::EMPTY_HEADER; head.lines];
        let mut parsed = httparse::Request::new(&mut fields);
        complete(parsed.parse(&head.bytes), head)?;
        Ok(Self {
            version: version(parsed.version),
            method: parsed.method.unwrap_or_default().to_string(),
            target: parsed.path.unwrap_or_default().to_string(),
            headers: collect(parsed.headers, head.bytes.len()),
            ..Self::default()
        })
    }
}

/// A response, parsed or to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// The version of HTTP.
    pub version: HttpVersion,
    /// The status.
    pub status: u16,
    /// The reason phrase, often empty.
    pub reason: String,
    /// The header fields.
    pub headers: Headers,
    /// The body; of a received response its start only.
    pub body: Vec<u8>,
}

impl Response {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    //# If the requested service is not available, the server MUST send an appropriate HTTP error
    //# code (such as 404 Not Found) and abort the WebSocket handshake.
    /// A response that refuses a handshake, with `Connection: close` and the length of its body.
    ///
    /// Use it for what your application decides: 401 with `WWW-Authenticate`, 302 with `Location`,
    /// 404 for an unknown path, 503 when there are too many connections. Close after sending it. Over
    /// HTTP/1.1 a 200 refuses as well, and answers a health check; over HTTP/2 it would accept.
    ///
    /// ```
    /// use polywire::handshake::{Headers, Response};
    ///
    /// let response = Response::refusal(404, Headers::new(), b"no such chat\n")?;
    /// assert!(response.to_bytes().starts_with(b"HTTP/1.1 404 Not Found\r\n"));
    /// # Ok::<(), polywire::handshake::HandshakeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Fault::OptionStatus`] for a status that would not refuse, or a body with one that has none;
    /// [`Fault::OptionHeaderReserved`] for a header that is set here.
    pub fn refusal(status: u16, headers: Headers, body: &[u8]) -> Result<Self, HandshakeError> {
        // RFC 9110 section 15: the response to these has no content.
        let bodiless = matches!(status, 204 | 205 | 304);
        if !matches!(status, 200..=599) || bodiless && !body.is_empty() {
            return Err(HandshakeError::told(Fault::OptionStatus, status.to_string()));
        }
        for reserved in ["connection", "content-length", "transfer-encoding"] {
            if headers.first(reserved).is_some() {
                return Err(HandshakeError::told(
                    Fault::OptionHeaderReserved,
                    reserved.to_string(),
                ));
            }
        }
        let mut headers = headers;
        headers.append("Connection", b"close");
        // RFC 9110 section 8.6: a 204 must not say how long it is.
        if status != 204 {
            headers.append("Content-Length", body.len().to_string().as_bytes());
        }
        let (version, reason) = (HttpVersion::Http11, reason(status).to_string());
        Ok(Self { version, status, reason, headers, body: body.to_vec() })
    }

    /// The fields of the header block of HTTP/2 or HTTP/3, without those that belong to HTTP/1.1.
    pub fn fields(&self) -> impl Iterator<Item = (String, &[u8])> {
        lower_case(&self.headers).filter(|(name, _)| !matches!(&name[..], "connection" | "upgrade"))
    }

    /// The bytes of the response in HTTP/1.1, with the usual reason phrase for its status.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256 + self.body.len());
        for part in ["HTTP/1.1 ", &self.status.to_string(), " ", reason(self.status), "\r\n"] {
            bytes.extend_from_slice(part.as_bytes());
        }
        write_fields(&self.headers, &mut bytes);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Parses a whole head of HTTP/1.
    pub(crate) fn parse(head: &RawHead) -> Result<Self, HandshakeError> {
        let mut fields = vec![httparse::EMPTY_HEADER; head.lines];
        let mut parsed = httparse::Response::new(&mut fields);
        complete(parsed.parse(&head.bytes), head)?;
        Ok(Self {
            version: version(parsed.version),
            status: parsed.code.unwrap_or_default(),
            reason: parsed.reason.unwrap_or_default().to_string(),
            headers: collect(parsed.headers, head.bytes.len()),
            body: Vec::new(),
        })
    }
}

/// A parse must use the head up to its blank line: if two parsers disagreed about where a head ends,
/// the bytes between would be a smuggled request.
fn complete(parsed: httparse::Result<usize>, head: &RawHead) -> Result<(), HandshakeError> {
    let found = match parsed {
        Ok(httparse::Status::Complete(used)) if used == head.bytes.len() => return Ok(()),
        Ok(_) => "another end of the head".to_string(),
        Err(httparse::Error::Version) => {
            return Err(HandshakeError::told(Fault::HttpVersion, "another version".to_string()));
        }
        Err(error) => error.to_string(),
    };
    Err(HandshakeError::told(Fault::HeadMalformed, found))
}

const fn version(minor: Option<u8>) -> HttpVersion {
    match minor {
        Some(0) => HttpVersion::Http10,
        _ => HttpVersion::Http11,
    }
}

fn collect(fields: &[httparse::Header<'_>], bytes: usize) -> Headers {
    let mut headers = Headers::with_capacity(fields.len(), bytes);
    for field in fields {
        headers.append(field.name, field.value);
    }
    headers
}

fn lower_case(headers: &Headers) -> impl Iterator<Item = (String, &[u8])> {
    headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value))
}

fn write_fields(headers: &Headers, bytes: &mut Vec<u8>) {
    for (name, value) in headers.iter() {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    bytes.extend_from_slice(b"\r\n");
}

/// The reason phrase that RFC 9110 section 15 gives; empty, as it may be, for the rarer ones.
pub(crate) const fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
