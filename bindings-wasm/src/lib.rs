//! Polywire for JavaScript through WebAssembly.
//!
//! Two doors into one module: [`inspector`] for captures, [`connection`] and [`handshake`] for any
//! duplex stream. They are thin, and meant for the classes of `js/`, which give them the shape of
//! JavaScript. Nothing here decides about the protocol.

#![expect(
    unreachable_pub,
    reason = "what wasm-bindgen exports is public, and reached from JavaScript"
)]

mod inspector;
mod json;
