//! The properties that the fuzz targets check.
//!
//! Each module of a target's name owns the property of that target; the others are what they share. An
//! input that breaks a property panics, and nothing else does.

pub mod connection;
pub mod decode;
pub mod deflate_roundtrip;
pub mod differential;
pub mod extensions;
pub mod frames;
pub mod handshake_client;
pub mod handshake_server;
pub mod http;
pub mod inflate_hostile;
pub mod input;
pub mod outgoing;
pub mod pair;
pub mod settings;
pub mod transcript;

/// The reference that the vectors are judged by: it lets no match reach beyond the window.
#[path = "../../core/tests/support/inflate.rs"]
pub(crate) mod reference;
