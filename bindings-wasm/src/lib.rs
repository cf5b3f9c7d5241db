//! Polywire for JavaScript through WebAssembly.
//!
//! Two modules from one crate, by feature, since nobody needs both: `inspect` is the inspector's engine,
//! `connection` the protocol for any duplex stream. They are thin, and meant for the classes of `js/`, which
//! give them the shape of JavaScript. Nothing here decides about the protocol.

#![expect(
    unreachable_pub,
    reason = "what wasm-bindgen exports is public, and reached from JavaScript"
)]

#[cfg(feature = "connection")]
mod connection;
#[cfg(feature = "connection")]
mod handshake;
#[cfg(feature = "inspect")]
mod inspector;

use polywire::DeflateParams;

/// Parameters as four numbers: server and client start afresh, server's and client's window.
fn params(numbers: &[u8]) -> Option<DeflateParams> {
    let [server_fresh, client_fresh, server_bits, client_bits] = *numbers else { return None };
    Some(DeflateParams {
        server_no_context_takeover: server_fresh != 0,
        client_no_context_takeover: client_fresh != 0,
        server_max_window_bits: server_bits,
        client_max_window_bits: client_bits,
    })
}
