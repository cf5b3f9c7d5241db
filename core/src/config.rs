//! What a connection is told once, before it starts.
//!
//! Owns the settings that hold for the life of a connection. Knows nothing of their effect.

use crate::deflate::DeflateConfig;
use crate::limits::{Limits, Timeouts};

/// How messages are handed out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Each message whole, as [`Event::Text`](crate::Event::Text) or
    /// [`Event::Binary`](crate::Event::Binary).
    #[default]
    Whole,
    /// Each message in the pieces in which it arrives, as [`Event::Chunk`](crate::Event::Chunk):
    /// memory stays bounded whatever its length. Text is cut between characters. Set
    /// [`Limits::message_size`](crate::Limits::message_size) to what you are ready to process.
    Streamed,
}

/// Settings shared by any number of connections.
///
/// The defaults are those of a careful server: strict, bounded, with keepalive, and with compression
/// offered and accepted.
#[derive(Clone, Debug)]
pub struct Config {
    /// Bounds on memory and work.
    pub limits: Limits,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// Whole messages or pieces.
    pub delivery: Delivery,
    /// Whether pings are answered by themselves. Default: yes. Without it, answer each
    /// [`Event::Ping`](crate::Event::Ping) with [`Sender::pong`](crate::Sender::pong).
    pub answer_pings: bool,
    /// permessage-deflate, or `None` to neither offer nor accept it. Default: on.
    pub deflate: Option<DeflateConfig>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            delivery: Delivery::Whole,
            answer_pings: true,
            deflate: Some(DeflateConfig::default()),
        }
    }
}
