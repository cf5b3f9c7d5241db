//! permessage-deflate: RFC 7692.
//!
//! Owns the configuration and the agreed parameters. `offer` negotiates them; `inflation` and
//! `deflation` are the two directions of a connection; `history` is what a folded one keeps; `pool`
//! lends the engines: `compress` is one, `engine` hides whether `miniz` or `zlib` is the other. Nothing here
//! knows frames or connections.

mod compress;
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

use crate::role::Role;
pub(crate) use deflation::{Deflation, compress_standalone};
pub(crate) use inflation::Inflation;
pub use pool::DeflatePool;

/// How this endpoint compresses, and what it offers or accepts.
///
/// The windows are what a connection costs: with takeover in both directions it holds the last bytes of
/// plain text of each, 8 KiB by default. They also bound what the peer may cost: a peer that cannot
/// limit its window is asked to start each message afresh.
#[derive(Clone, Debug)]
pub struct DeflateConfig {
    /// Ask for, or impose, a server that starts each message with an empty window. Default: false.
    pub server_no_context_takeover: bool,
    /// Ask for, or impose, a client that starts each message with an empty window. Default: false.
    pub client_no_context_takeover: bool,
    /// The largest window of the server's compressor, 8 to 15. Default: 12.
    pub server_max_window_bits: u8,
    /// The largest window of the client's compressor, 8 to 15. Default: 12.
    pub client_max_window_bits: u8,
    /// Messages shorter than this are sent uncompressed. Default: 128.
    ///
    /// To prime a pooled engine costs the same for each message, about 5 us at 12 bits. Measured on JSON
    /// at level 6 on 256 connections, that is 0.15 us for each byte saved on messages of 64 bytes, 0.07 at
    /// 128, 0.04 at 256 and 0.02 at 1 KiB.
    pub threshold: usize,
    /// 1 (fastest) to 9 (smallest), and can be chosen for each message. Default: 6.
    ///
    /// Measured on JSON at 12 bits on 256 connections, microseconds and ratio at 1 KiB and 16 KiB: level 1
    /// takes 13 (.23) and 82 (.20), 4 takes 14 (.21) and 95 (.17), 6 takes 14 (.20) and 100 (.17), 8 takes
    /// 24 (.18) and 197 (.16).
    pub level: u8,
    /// Pooled engines or engines of one's own. Default: folded.
    pub contexts: Contexts,
    /// Where engines come from. Default: a pool of its own, shared by the clones of this configuration.
    pub pool: DeflatePool,
}

/// Where a connection keeps what it has learned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contexts {
    /// The last bytes of plain text only; engines are borrowed from the pool for each message.
    ///
    /// A connection that finds the engine of its last message untouched goes on with it, so a process
    /// with one connection is as fast as with dedicated engines.
    #[default]
    Folded,
    /// Engines of its own for the life of the connection, 170 KB at 12 bits and 370 KB at 15: for few busy
    /// connections with large windows.
    Dedicated,
}

/// The code that inflates. They differ in speed only; one compressor serves both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeflateEngine {
    /// `miniz_oxide`: small, without `std`.
    #[cfg_attr(not(feature = "zlib"), default)]
    Miniz,
    /// zlib-rs: up to several times faster on short messages, and the default where it is there.
    #[cfg(feature = "zlib")]
    #[default]
    Zlib,
}

impl Default for DeflateConfig {
    fn default() -> Self {
        Self {
            server_no_context_takeover: false,
            client_no_context_takeover: false,
            server_max_window_bits: 12,
            client_max_window_bits: 12,
            threshold: 128,
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

/// How one end of a connection compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Direction {
    pub(crate) window_bits: u8,
    pub(crate) no_context_takeover: bool,
}

impl DeflateParams {
    /// What was agreed for the compressor of the end with this role.
    pub(crate) fn of(&self, role: Role) -> Direction {
        match role {
            Role::Client => Direction {
                window_bits: self.client_max_window_bits,
                no_context_takeover: self.client_no_context_takeover,
            },
            Role::Server => Direction {
                window_bits: self.server_max_window_bits,
                no_context_takeover: self.server_no_context_takeover,
            },
        }
    }
}

/// Why inflation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// Not DEFLATE, or a distance beyond the window.
    Invalid,
    /// More than the limit.
    TooBig,
}
