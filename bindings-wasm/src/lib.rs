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
