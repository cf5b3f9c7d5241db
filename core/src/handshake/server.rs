//! The server's side as functions of heads.
//!
//! Owns the negotiation and the response: RFC 6455 section 4.2.2 and its variant of RFC 8441. What a
//! valid request is stands in `checks`. Knows no bytes and no time: that is `machine`.

use super::error::{Fault, HandshakeError};
use super::head::{Request, Response, reason};
use super::headers::Headers;
use super::origin::OriginPolicy;
use super::refusal::Refusal;
use super::{Agreement, checks, is_reserved};
use crate::deflate::{DeflateConfig, DeflateParams, offer};
use alloc::borrow::ToOwned;
use alloc::string::String;
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
        request: Request,
        policy: &ServerPolicy,
        deflate: Option<&DeflateConfig>,
    ) -> Result<Self, Refusal> {
        let mut upgrade = Self {
            request,
            accept: None,
            subprotocols: Vec::new(),
            chosen: None,
            deflate: None,
            headers: Headers::new(),
        };
        match upgrade.negotiate(policy, deflate) {
            Ok(()) => Ok(upgrade),
            Err(error) => Err(Refusal::new(error, Some(upgrade.request))),
        }
    }

    fn negotiate(
        &mut self,
        policy: &ServerPolicy,
        deflate: Option<&DeflateConfig>,
    ) -> Result<(), HandshakeError> {
        self.request.target = checks::carrier(&self.request)?.to_owned();
        self.accept = checks::version_and_key(&self.request)?;
        checks::origin(&self.request, &policy.origins)?;
        self.subprotocols = checks::subprotocols(&self.request.headers)?;
        let mut preferred = policy.subprotocols.iter();
        self.chosen =
            preferred.find_map(|known| self.subprotocols.iter().position(|name| name == known));
        let offers = checks::extension_offers(&self.request.headers)?;
        //= https://www.rfc-editor.org/rfc/rfc7692#section-5
        //# A server MUST NOT accept a PMCE extension negotiation offer together with another
        //# extension if the PMCE will conflict with the extension on their use of the RSV1 bit.

        //= https://www.rfc-editor.org/rfc/rfc7692#section-5
        //# A server MUST NOT accept a PMCE extension negotiation offer together with another
        //# extension if the PMCE will be applied to the output of the other extension and any of
        //# the following conditions applies to the other extension:
        self.deflate = deflate.and_then(|config| offer::answer(config, &offers));
        Ok(())
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
        checks::origin_of(&self.request.headers).ok().flatten()
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
        self.append_agreement(&mut headers);
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

    fn append_agreement(&self, headers: &mut Headers) {
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

        //= https://www.rfc-editor.org/rfc/rfc7692#section-5
        //# To accept the use of an offered PMCE, a server MUST include the extension name of the
        //# PMCE in the "Sec-WebSocket-Extensions" header field of the server's opening handshake of
        //# the WebSocket connection.

        //= https://www.rfc-editor.org/rfc/rfc7692#section-5
        //# A server declining all offered PMCEs MUST NOT include any element with PMCE names.
        if let Some((_, answer)) = &self.deflate {
            headers.append("Sec-WebSocket-Extensions", answer.as_bytes());
        }
    }
}
