//! The opening handshake: RFC 6455 section 4, and RFC 8441 for HTTP/2.
//!
//! Two layers, of which the upper only feeds the lower:
//!
//! - **Functions over parsed heads**, for hosts that bring their own HTTP: [`Offer`] makes the request
//!   of a client and checks the response, [`Upgrade`] checks the request and makes the response of a
//!   server. Over HTTP/1.1 and, with the extended CONNECT of RFC 8441, over HTTP/2 and HTTP/3.
//! - **Machines fed with bytes**, for hosts that bring only a socket: [`ClientHandshake`] and
//!   [`ServerHandshake`], with limits on the size and the time of a head.
//!
//! ```
//! use polywire::handshake::{ClientHandshake, ClientOptions, ServerHandshake, ServerPolicy, Url};
//! use polywire::{Config, Instant};
//! use core::task::Poll;
//! use std::sync::Arc;
//!
//! let (config, now) = (Config::default(), Instant::ZERO);
//! let url = Url::parse("ws://localhost:8080/chat")?;
//! let nonce = *b"16 random bytes!";
//! let (mut client, request) = ClientHandshake::new(&url, &ClientOptions::default(), &config, nonce, now)?;
//!
//! let mut server = ServerHandshake::new(Arc::new(ServerPolicy::default()), Arc::new(config), now);
//! let Poll::Ready(Ok(upgrade)) = server.receive(&request, now) else { panic!("refused") };
//! assert_eq!(upgrade.request().target, "/chat");
//! let (response, at_server) = server.accept(upgrade)?;
//!
//! let Poll::Ready(Ok(at_client)) = client.receive(&response.to_bytes(), now) else { panic!("failed") };
//! assert_eq!(at_client.agreement, at_server.agreement);
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Owns no randomness, no clock and no frames.

mod authority;
mod checks;
mod client;
mod error;
mod head;
mod headers;
mod key;
mod machine;
mod origin;
mod refusal;
mod review;
mod server;
mod url;

pub use client::{ClientOptions, Offer};
pub use error::{Fault, HandshakeError};
pub use head::{HttpVersion, Request, Response};
pub use headers::Headers;
pub use machine::{ClientHandshake, Established, ServerHandshake};
pub use origin::OriginPolicy;
pub use refusal::Refusal;
pub use review::{HeadReview, KeyReview, LineReview, Review, Verdict};
pub use server::{ServerPolicy, Upgrade};
pub use url::Url;

use crate::deflate::DeflateParams;
use crate::http::grammar::list;
use alloc::string::String;

/// What both ends agreed on in the opening handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The subprotocol, if one was chosen.
    pub subprotocol: Option<String>,
    /// permessage-deflate, if it was negotiated.
    pub deflate: Option<DeflateParams>,
}

/// The only version of the protocol that this crate speaks.
const VERSION: &str = "13";

/// Whether the fields called `name` list `token`, regardless of case.
fn lists(headers: &Headers, name: &str, token: &str) -> bool {
    headers.all(name).flat_map(list).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
}

/// Header fields that the handshake sets itself, or that would give an upgrade a body.
fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 10] = [
        "connection",
        "content-length",
        "host",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "transfer-encoding",
        "upgrade",
    ];
    RESERVED.iter().any(|reserved| name.eq_ignore_ascii_case(reserved))
}
