//! Offers and answers of permessage-deflate: RFC 7692 sections 5 and 7.1.

use super::{DeflateConfig, DeflateParams};
use crate::http::grammar::Extension;
use alloc::string::String;

/// The client's `Sec-WebSocket-Extensions` value.
pub(crate) fn offer(_config: &DeflateConfig) -> String {
    todo!()
}

/// The server's choice among the client's offers: the parameters, and the value that says so.
pub(crate) fn answer(
    _config: &DeflateConfig,
    _offers: &[Extension<'_>],
) -> Option<(DeflateParams, String)> {
    todo!()
}

/// The client's check of one answered extension. The error says what was wrong.
pub(crate) fn accept(
    _config: &DeflateConfig,
    _answer: &Extension<'_>,
) -> Result<DeflateParams, &'static str> {
    todo!()
}
