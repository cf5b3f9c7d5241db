//! What the bindings share, so that it exists once.
//!
//! - [`settings`]: the core's configuration from named values, the same names in every language;
//! - [`record`]: events as eight words, for borders that are crossed once for a whole batch;
//! - [`codes`]: every error and violation with its section, for tables that must be complete;
//! - [`opening`]: opening handshakes, one client and one server;
//! - [`script`]: those and the tables for JavaScript;
//! - [`json`]: how it is written;
//! - [`clock`]: time and entropy of a native host.
//!
//! Knows the core, and of the languages only the notation that [`script`] writes. Nothing here decides about the
//! protocol.

#[cfg(not(target_arch = "wasm32"))]
pub mod clock;
pub mod codes;
pub mod json;
pub mod opening;
pub mod record;
pub mod script;
pub mod settings;
