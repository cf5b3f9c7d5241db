//! Settings by name, and what both ends agreed on.
//!
//! Owns how they cross the border; the names are those of `polywire_bridge::settings`.

use crate::failure::Failure;
use polywire::handshake::Agreement;
use polywire::{Config, DeflateParams};
use polywire_bridge::settings::{Value as Setting, config};
use std::sync::Arc;

/// The value of a setting.
#[uniffi::remote(Enum)]
pub enum Setting {
    /// No limit, never, off.
    Unlimited,
    /// A switch.
    Flag(bool),
    /// A count, or a time in milliseconds.
    Number(f64),
    /// One of several names.
    Name(String),
}

/// A setting and its name.
#[derive(Debug, uniffi::Record)]
pub struct NamedSetting {
    /// The name, such as `limits.message_size`.
    pub name: String,
    /// The value.
    pub value: Setting,
}

/// The settings of any number of connections.
#[derive(Debug, uniffi::Object)]
pub struct Settings {
    pub(crate) config: Arc<Config>,
}

#[uniffi::export]
impl Settings {
    /// Everything that is named, in this order, and the defaults for all else. A whole message crosses the
    /// border in an array: let `limits.message_size` stay below 2 GiB where something that large may come.
    #[uniffi::constructor]
    pub fn new(named: Vec<NamedSetting>) -> Result<Self, Failure> {
        let pairs = named.into_iter().map(|setting| (setting.name, setting.value));
        Ok(Self { config: Arc::new(config(Config::default(), pairs)?) })
    }
}

/// The parameters of permessage-deflate that both ends agreed on.
#[uniffi::remote(Record)]
pub struct DeflateParams {
    /// The server forgets each message.
    pub server_no_context_takeover: bool,
    /// The client forgets each message.
    pub client_no_context_takeover: bool,
    /// The server's window.
    pub server_max_window_bits: u8,
    /// The client's window.
    pub client_max_window_bits: u8,
}

/// What both ends agreed on.
#[uniffi::remote(Record)]
pub struct Agreement {
    /// The subprotocol, if one was chosen.
    pub subprotocol: Option<String>,
    /// permessage-deflate, if it was negotiated.
    pub deflate: Option<DeflateParams>,
}
