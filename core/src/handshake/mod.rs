//! The opening handshake: RFC 6455 section 4.

use crate::deflate::DeflateParams;
use alloc::string::String;

/// What both ends agreed on in the opening handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The subprotocol, if one was chosen.
    pub subprotocol: Option<String>,
    /// permessage-deflate, if it was negotiated.
    pub deflate: Option<DeflateParams>,
}
