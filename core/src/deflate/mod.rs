//! permessage-deflate: RFC 7692.

pub(crate) mod offer;

use crate::config::Role;
use alloc::vec::Vec;

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

/// Engines shared by any number of connections.
#[derive(Clone, Debug, Default)]
pub struct DeflatePool {}

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

pub(crate) fn compress_standalone(
    _payload: &[u8],
    _window_bits: u8,
    _level: u8,
    _pool: &DeflatePool,
) -> Vec<u8> {
    todo!()
}
/// The receiving direction of one connection.
#[derive(Debug)]
pub(crate) struct Inflation {}

impl Inflation {
    /// `window_bits` and `no_context_takeover` are those of the peer's compressor.
    pub(crate) fn new(
        _window_bits: u8,
        _no_context_takeover: bool,
        _config: &DeflateConfig,
    ) -> Self {
        Self {}
    }

    /// Inflates the next unmasked bytes of the message and appends them to `output`, which never
    /// grows beyond `limit` bytes.
    pub(crate) fn inflate(
        &mut self,
        _input: &[u8],
        _output: &mut Vec<u8>,
        _limit: usize,
    ) -> Result<(), InflateError> {
        todo!()
    }

    /// Ends the message: inflates the four bytes that the sender cut off (RFC 7692 section 7.2.2).
    pub(crate) fn finish(
        &mut self,
        _output: &mut Vec<u8>,
        _limit: usize,
    ) -> Result<(), InflateError> {
        todo!()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        0
    }
}

/// The sending direction of one connection.
#[derive(Debug)]
pub(crate) struct Deflation {}

impl Deflation {
    /// `window_bits` and `no_context_takeover` are those of this end's compressor.
    pub(crate) fn new(
        _window_bits: u8,
        _no_context_takeover: bool,
        _config: &DeflateConfig,
    ) -> Self {
        Self {}
    }

    /// Appends the whole message compressed to `output` and returns true; or, if that would not be
    /// shorter, leaves `output` and the context as they were and returns false. `level` overrides
    /// the configured one.
    pub(crate) fn message(
        &mut self,
        _payload: &[u8],
        _level: Option<u8>,
        _output: &mut Vec<u8>,
    ) -> bool {
        todo!()
    }

    /// Appends the next part of a message compressed to `output`.
    pub(crate) fn part(
        &mut self,
        _payload: &[u8],
        _last: bool,
        _level: Option<u8>,
        _output: &mut Vec<u8>,
    ) {
        todo!()
    }

    /// Notes plain text that went out compressed elsewhere (a prepared message).
    pub(crate) fn record(&mut self, _plaintext: &[u8]) {}

    pub(crate) fn heap_bytes(&self) -> usize {
        0
    }
}
