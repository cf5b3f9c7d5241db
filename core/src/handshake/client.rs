//! The client's side as functions of heads.
//!
//! Owns RFC 6455 section 4.1, the request and the check of the response, and their variant of
//! RFC 8441. Knows no bytes and no time: that is `machine`.

use super::error::{Fault, HandshakeError};
use super::head::{HttpVersion, Request, Response};
use super::headers::Headers;
use super::url::Url;
use super::{Agreement, VERSION, is_reserved, key, lists};
use crate::deflate::{DeflateConfig, DeflateParams, offer};
use crate::http::grammar::{extensions, is_token, trim};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

//= https://www.rfc-editor.org/rfc/rfc6455#section-9.1
//# Any extension-token used MUST be a registered token (see Section 11.4).
/// The only extension that this crate knows.
const PERMESSAGE_DEFLATE: &str = "permessage-deflate";

/// What a client asks for, apart from the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientOptions {
    /// The subprotocols that the application speaks, the preferred one first.
    pub subprotocols: Vec<String>,
    /// Further header fields, such as `Cookie`, `Authorization` (which goes before the credentials of
    /// the URL), `User-Agent`, or `Origin` when the client acts for a page.
    pub headers: Headers,
}

/// A client's request, and the knowledge to check the response.
///
/// Use it when the host sends requests and parses responses itself; a host with only a socket uses
/// [`ClientHandshake`](super::ClientHandshake).
#[derive(Clone, Debug)]
pub struct Offer {
    request: Request,
    /// What the server must answer; nothing over HTTP/2.
    accept: Option<String>,
    subprotocols: Vec<String>,
    deflate: Option<DeflateConfig>,
}

impl Offer {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# The method of the request MUST be GET, and the HTTP version MUST be at least 1.1.

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# The nonce MUST be selected randomly for each connection.
    /// The request over HTTP/1.1. `nonce` is random and used only once.
    ///
    /// # Errors
    ///
    /// A fault whose code begins with `option.`: a subprotocol or header that cannot be sent.
    pub fn new(
        url: &Url,
        options: &ClientOptions,
        deflate: Option<&DeflateConfig>,
        nonce: [u8; 16],
    ) -> Result<Self, HandshakeError> {
        let key = key::encode(nonce);
        let mut headers = Headers::new();
        headers.append("Host", url.authority().as_bytes());
        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
        //# The request MUST contain an |Upgrade| header field whose value MUST include the
        //# "websocket" keyword.
        headers.append("Upgrade", b"websocket");
        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
        //# The request MUST contain a |Connection| header field whose value MUST include the
        //# "Upgrade" token.
        headers.append("Connection", b"Upgrade");
        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
        //# The request MUST include a header field with the name |Sec-WebSocket-Key|.
        headers.append("Sec-WebSocket-Key", key.as_bytes());
        let request = Request {
            version: HttpVersion::Http11,
            method: "GET".to_owned(),
            headers,
            ..Request::default()
        };
        Self::complete(request, Some(key::accept(key.as_bytes())), url, options, deflate)
    }

    //= https://www.rfc-editor.org/rfc/rfc8441#section-5
    //# The :protocol pseudo-header field MUST be included in the CONNECT request, and it MUST have a
    //# value of "websocket" to initiate a WebSocket connection on an HTTP/2 stream.

    //= https://www.rfc-editor.org/rfc/rfc8441#section-4
    //# On requests that contain the :protocol pseudo-header field, the :scheme and :path
    //# pseudo-header fields of the target URI (see Section 5) MUST also be included.

    //= https://www.rfc-editor.org/rfc/rfc8441#section-5
    //# They MUST NOT be included in the CONNECT request defined here.
    /// The request over HTTP/2 or HTTP/3: send [`Request::fields`] once the peer has allowed it with
    /// `SETTINGS_ENABLE_CONNECT_PROTOCOL`.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new).
    pub fn extended_connect(
        url: &Url,
        options: &ClientOptions,
        deflate: Option<&DeflateConfig>,
    ) -> Result<Self, HandshakeError> {
        let request = Request {
            version: HttpVersion::Http2,
            method: "CONNECT".to_owned(),
            protocol: "websocket".to_owned(),
            scheme: if url.is_secure() { "https" } else { "http" }.to_owned(),
            authority: url.authority(),
            ..Request::default()
        };
        Self::complete(request, None, url, options, deflate)
    }

    /// Adds what HTTP/1.1 and HTTP/2 have in common.
    fn complete(
        mut request: Request,
        accept: Option<String>,
        url: &Url,
        options: &ClientOptions,
        deflate: Option<&DeflateConfig>,
    ) -> Result<Self, HandshakeError> {
        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
        //# The "Request-URI" part of the request MUST match the /resource name/ defined in Section 3
        //# (a relative URI) or be an absolute http/https URI that, when parsed, has a /resource
        //# name/, /host/, and /port/ that match the corresponding ws/wss URI.
        url.target().clone_into(&mut request.target);
        let headers = &mut request.headers;
        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
        //# The request MUST include a header field with the name |Sec-WebSocket-Version|.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
        //# The value of this header field MUST be 13.
        headers.append("Sec-WebSocket-Version", VERSION.as_bytes());
        if !options.subprotocols.is_empty() {
            check_subprotocols(&options.subprotocols)?;
            headers.append("Sec-WebSocket-Protocol", options.subprotocols.join(", ").as_bytes());
        }
        //= https://www.rfc-editor.org/rfc/rfc7692#section-5
        //# To offer the use of a PMCE, a client MUST include the extension name of the PMCE in the
        //# "Sec-WebSocket-Extensions" header field of the client's opening handshake of the
        //# WebSocket connection.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.8
        //# The endpoints of a connection MUST negotiate the use of any extensions during the opening
        //# handshake.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-9
        //# If extension parameters are included in negotiations between the client and the server,
        //# those parameters MUST be chosen in accordance with the specification of the extension to
        //# which the parameters apply.

        //= https://www.rfc-editor.org/rfc/rfc6455#section-9.1
        //# The parameters supplied with any given extension MUST be defined for that extension.
        if let Some(config) = deflate {
            headers.push("Sec-WebSocket-Extensions", offer::offer(config).as_bytes())?;
        }
        append_options(headers, url, options)?;
        let (subprotocols, deflate) = (options.subprotocols.clone(), deflate.cloned());
        Ok(Self { request, accept, subprotocols, deflate })
    }

    /// The request to send.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The bytes to send over HTTP/1.1.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.request.to_bytes()
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# The client MUST validate the server's response as follows:

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# If the server's response does not conform to the requirements for the server's handshake as
    //# defined in this section and in Section 4.2.2, the client MUST _Fail the WebSocket Connection_.
    /// What was agreed on, if the response agrees to this request.
    ///
    /// # Errors
    ///
    /// [`Fault::Status`] when the server refuses or redirects, which is the client's to handle as
    /// HTTP says; anything else when the server does not speak the protocol.
    pub fn verify(&self, response: &Response) -> Result<Agreement, HandshakeError> {
        match &self.accept {
            Some(accept) => verify_upgrade(accept, response)?,
            // Any 2xx says that a CONNECT succeeded: RFC 9110 section 9.3.6.
            None if matches!(response.status, 200..=299) => {}
            None => return Err(status_error(response)),
        }
        Ok(Agreement {
            deflate: self.extensions_in_use(&response.headers)?,
            subprotocol: self.subprotocol_in_use(&response.headers)?,
        })
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# If the response includes a |Sec-WebSocket-Extensions| header field and this header field
    //# indicates the use of an extension that was not present in the client's handshake (the server
    //# has indicated an extension not requested by the client), the client MUST _Fail the WebSocket
    //# Connection_.

    //= https://www.rfc-editor.org/rfc/rfc7692#section-5
    //# A client that received a response accepting a PMCE extension negotiation offer together with
    //# such an extension MUST _Fail the WebSocket Connection_.

    //= https://www.rfc-editor.org/rfc/rfc7692#section-5
    //# A client that receives a response accepting a PMCE extension negotiation offer together with
    //# such an extension MUST _Fail the WebSocket Connection_.

    //= https://www.rfc-editor.org/rfc/rfc6455#section-9.1
    //# Note that the client is only offering to use any advertised extensions and MUST NOT use them
    //# unless the server indicates that it wishes to use the extension.
    fn extensions_in_use(
        &self,
        headers: &Headers,
    ) -> Result<Option<DeflateParams>, HandshakeError> {
        let mut listed = Vec::new();
        // Several lines are accepted: section 4.2.2 lets a server split them, whatever 11.3.2 says.
        for value in headers.all("Sec-WebSocket-Extensions") {
            extensions(value, &mut listed)
                .map_err(|_| HandshakeError::found(Fault::ExtensionList, value))?;
        }
        let mut params = None;
        for extension in &listed {
            let offered = self.deflate.as_ref().filter(|_| extension.name == PERMESSAGE_DEFLATE);
            let Some(config) = offered else {
                let name = extension.name.as_bytes();
                return Err(HandshakeError::found(Fault::ExtensionNotOffered, name));
            };
            let accepted = offer::accept(config, extension).map_err(|found| {
                HandshakeError::told(Fault::DeflateParameters, found.to_string())
            })?;
            if params.replace(accepted).is_some() {
                return Err(HandshakeError::found(
                    Fault::ExtensionRepeated,
                    extension.name.as_bytes(),
                ));
            }
        }
        Ok(params)
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# If the response includes a |Sec-WebSocket-Protocol| header field and this header field
    //# indicates the use of a subprotocol that was not present in the client's handshake (the server
    //# has indicated a subprotocol not requested by the client), the client MUST _Fail the WebSocket
    //# Connection_.
    fn subprotocol_in_use(&self, headers: &Headers) -> Result<Option<String>, HandshakeError> {
        verify_subprotocol(&self.subprotocols, headers)
    }
}

pub(super) fn verify_subprotocol(
    offered: &[String],
    headers: &Headers,
) -> Result<Option<String>, HandshakeError> {
    let mut values = headers.all("Sec-WebSocket-Protocol");
    let Some(value) = values.next() else { return Ok(None) };
    if let Some(second) = values.next() {
        return Err(HandshakeError::found(Fault::SubprotocolRepeated, second));
    }
    let value = trim(value);
    let chosen = offered.iter().find(|offered| offered.as_bytes() == value);
    chosen
        .cloned()
        .map(Some)
        .ok_or_else(|| HandshakeError::found(Fault::SubprotocolNotOffered, value))
}

/// The headers that the caller asks for.
fn append_options(
    headers: &mut Headers,
    url: &Url,
    options: &ClientOptions,
) -> Result<(), HandshakeError> {
    if options.headers.first("Authorization").is_none()
        && let Some((user, password)) = url.credentials()
    {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        headers.append("Authorization", format!("Basic {credentials}").as_bytes());
    }
    for (name, value) in options.headers.iter() {
        if is_reserved(name) {
            return Err(HandshakeError::found(Fault::OptionHeaderReserved, name.as_bytes()));
        }
        headers.append(name, value);
    }
    Ok(())
}

fn status_error(response: &Response) -> HandshakeError {
    let Response { status, reason, .. } = response;
    HandshakeError::told(Fault::Status, format!("{status} {reason}").trim_end().to_owned())
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//# The elements that comprise this value MUST be non-empty strings with characters in the range
//# U+0021 to U+007E not including separator characters as defined in [RFC2616] and MUST all be unique
//# strings.
fn check_subprotocols(subprotocols: &[String]) -> Result<(), HandshakeError> {
    for (index, subprotocol) in subprotocols.iter().enumerate() {
        let repeated = subprotocols.iter().take(index).any(|earlier| earlier == subprotocol);
        if repeated || !is_token(subprotocol.as_bytes()) {
            return Err(HandshakeError::found(Fault::OptionSubprotocol, subprotocol.as_bytes()));
        }
    }
    Ok(())
}

/// The checks that an upgrade needs, and an extended CONNECT does not.
fn verify_upgrade(accept: &str, response: &Response) -> Result<(), HandshakeError> {
    verify_status(response)?;
    verify_upgrade_field(&response.headers)?;
    verify_connection_field(&response.headers)?;
    verify_accept(accept, &response.headers)
}

pub(super) fn verify_status(response: &Response) -> Result<(), HandshakeError> {
    let Response { status, version, .. } = response;
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# If the status code received from the server is not 101, the client handles the response per
    //# HTTP [RFC2616] procedures.
    if *status != 101 {
        return Err(status_error(response));
    }
    if *version != HttpVersion::Http11 {
        return Err(HandshakeError::told(Fault::HttpVersion, format!("{version:?}")));
    }
    Ok(())
}

pub(super) fn verify_upgrade_field(headers: &Headers) -> Result<(), HandshakeError> {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# If the response lacks an |Upgrade| header field or the |Upgrade| header field contains a value
    //# that is not an ASCII case-insensitive match for the value "websocket", the client MUST _Fail
    //# the WebSocket Connection_.
    let mut upgrades = headers.all("Upgrade");
    let upgrade = upgrades.next().unwrap_or_default();
    if !upgrade.eq_ignore_ascii_case(b"websocket") || upgrades.next().is_some() {
        return Err(HandshakeError::found(Fault::UpgradeMismatch, upgrade));
    }
    Ok(())
}

pub(super) fn verify_connection_field(headers: &Headers) -> Result<(), HandshakeError> {
    //= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
    //# If the response lacks a |Connection| header field or the |Connection| header field doesn't
    //# contain a token that is an ASCII case-insensitive match for the value "Upgrade", the client
    //# MUST _Fail the WebSocket Connection_.
    if !lists(headers, "Connection", "Upgrade") {
        let found = headers.first("Connection").unwrap_or_default();
        return Err(HandshakeError::found(Fault::ConnectionMismatch, found));
    }
    Ok(())
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//# If the response lacks a |Sec-WebSocket-Accept| header field or the |Sec-WebSocket-Accept| contains
//# a value other than the base64-encoded SHA-1 of the concatenation of the |Sec-WebSocket-Key| (as a
//# string, not base64-decoded) with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" but ignoring
//# any leading and trailing whitespace, the client MUST _Fail the WebSocket Connection_.
pub(super) fn verify_accept(accept: &str, headers: &Headers) -> Result<(), HandshakeError> {
    let mut values = headers.all("Sec-WebSocket-Accept");
    let value = values.next().ok_or(HandshakeError::missing(Fault::AcceptMissing))?;
    //= https://www.rfc-editor.org/rfc/rfc6455#section-11.3.3
    //# The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP response.
    if let Some(second) = values.next() {
        return Err(HandshakeError::found(Fault::AcceptRepeated, second));
    }
    if trim(value) != accept.as_bytes() {
        return Err(HandshakeError::found(Fault::AcceptMismatch, value));
    }
    Ok(())
}
