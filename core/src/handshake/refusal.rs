//! How a server refuses.
//!
//! Owns the response to each fault of a request: RFC 6455 sections 4.2.2, 4.4, 10.2 and 10.7. Knows
//! nothing of the places that find them.

use super::VERSION;
use super::error::{Fault, HandshakeError};
use super::head::{HttpVersion, Request, Response, reason};
use super::headers::Headers;
use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use core::fmt;

/// Why a server refuses, and what it answers.
///
/// The response says `Connection: close`: send it, then close the connection without reading further.
/// What came behind a refused upgrade may be a smuggled request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the client did wrong.
    pub error: HandshakeError,
    /// What to send.
    pub response: Box<Response>,
    /// The request, if it was read as far as that. A host that serves plain HTTP on the same port,
    /// such as a health check, answers it in its own way.
    pub request: Option<Box<Request>>,
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl core::error::Error for Refusal {}
