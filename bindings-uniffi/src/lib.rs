//! Polywire for Kotlin and Swift.
//!
//! The core as uniffi sees it, for the packages in `kotlin/` and `swift/`: one call for a read, with
//! bytes in and one packed batch out. Sockets, TLS, coroutines and cancellation are theirs. Owns how
//! values cross the border, and no decision about the protocol.

#![allow(clippy::result_large_err, reason = "errors cross the border by value, and are rare")]

mod batch;
pub mod bytes;
pub mod connection;
pub mod direct;
pub mod failure;
pub mod handshake;
pub mod http;
pub mod settings;
pub mod tables;

uniffi::setup_scaffolding!();
