//! Configurations from names and values: the names are the bridge's.

use napi::bindgen_prelude::{Either4, Null};
use napi_derive::napi;
use polywire::handshake::ServerPolicy;
use polywire_bridge::opening;
use polywire_bridge::settings::{self, Value};
use std::sync::Arc;

/// What connections are told before they start. Connections of one configuration share its engines.
#[napi]
pub struct Config(pub(crate) Arc<polywire::Config>);

#[napi]
impl Config {
    /// The settings with these names, which keep their defaults if they are not named.
    #[napi(constructor)]
    pub fn new(
        names: Vec<String>,
        values: Vec<Either4<Null, bool, f64, String>>,
    ) -> napi::Result<Self> {
        let values = values.into_iter().map(|value| match value {
            Either4::A(_) => Value::Unlimited,
            Either4::B(flag) => Value::Flag(flag),
            Either4::C(number) => Value::Number(number),
            Either4::D(name) => Value::Name(name),
        });
        let config = settings::config(polywire::Config::default(), names.into_iter().zip(values))
            .map_err(|error| napi::Error::from_reason(error.to_string()))?;
        Ok(Self(Arc::new(config)))
    }
}

/// What a server accepts without asking the application.
#[napi]
pub struct Policy(pub(crate) Arc<ServerPolicy>);

#[napi]
impl Policy {
    /// Pages of any origin, or those of a list, or without both those of this server.
    #[napi(constructor)]
    pub fn new(any_origin: bool, origins: Option<Vec<String>>, subprotocols: Vec<String>) -> Self {
        Self(opening::policy(any_origin, origins, subprotocols))
    }
}
