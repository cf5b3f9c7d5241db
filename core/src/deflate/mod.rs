//! permessage-deflate: RFC 7692.
//!
//! Owns the configuration and the agreed parameters. `offer` negotiates them; `inflation` and
//! `deflation` are the two directions of a connection; `history` is what a folded one keeps; `pool`
//! lends the engines, `engine` hides which of `miniz` and `zlib` they are. Nothing here knows frames or
//! connections.

mod deflation;
mod engine;
mod history;
mod inflation;
mod miniz;
pub(crate) mod offer;
mod pool;
#[cfg(test)]
mod tests;
#[cfg(feature = "zlib")]
mod zlib;

pub(crate) use deflation::{Deflation, compress_standalone};
pub(crate) use inflation::Inflation;
pub use pool::DeflatePool;

/// How this endpoint compresses, and what it offers or accepts.
#[derive(Clone, Debug)]
pub struct DeflateConfig {
    /// Ask for, or impose, a server that starts each message with an empty window.
    pub server_no_context_takeover: bool,
    /// Ask for, or impose, a client that starts each message with an empty window.
    pub client_no_context_takeover: bool,
    /// The largest window of the server's compressor, 8 to 15. Default: 12.
    pub server_max_window_bits: u8,
    /// The largest window of the client's compressor, 8 to 15. Default: 12.
    pub client_max_window_bits: u8,
    /// Messages shorter than this are sent uncompressed.
    pub threshold: usize,
    /// 1 (fastest) to 9 (smallest).
    pub level: u8,
    /// Pooled engines or engines of one's own.
    pub contexts: Contexts,
    /// Where pooled engines come from.
    pub pool: DeflatePool,
}

/// Where a connection keeps what it has learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contexts {
    /// The last bytes of plain text only; engines are borrowed from the pool for each message.
    #[default]
    Folded,
    /// Engines of its own for the life of the connection: for few connections with large windows.
    Dedicated,
}

/// The code that compresses. Each reads what the other wrote; they differ in speed and ratio only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "zlib"), derive(Default))]
pub enum DeflateEngine {
    /// `miniz_oxide`: small, without `std`.
    #[cfg_attr(not(feature = "zlib"), default)]
    Miniz,
    /// zlib-rs: several times faster.
    #[cfg(feature = "zlib")]
    Zlib,
}

#[cfg(feature = "zlib")]
impl Default for DeflateEngine {
    fn default() -> Self {
        Self::Zlib
    }
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 12,
            client_max_window_bits: 12,
            threshold: 64,
            level: 6,
            contexts: Contexts::Folded,
            pool: DeflatePool::default(),
        }
    }
}

/// The parameters that both ends agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeflateParams {
    /// The server starts each message with an empty window.
    pub server_no_context_takeover: bool,
    /// The client starts each message with an empty window.
    pub client_no_context_takeover: bool,
    /// The window of the server's compressor, 8 to 15.
    pub server_max_window_bits: u8,
    /// The window of the client's compressor, 8 to 15.
    pub client_max_window_bits: u8,
}

/// Why inflation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// Not DEFLATE, or a distance beyond the window.
    Invalid,
    /// More than the limit.
    TooBig,
}
