//! The addon of the Node package.
//!
//! It carries numbers, bytes and names over the border and decides nothing: the protocol is the core's,
//! the API that users see is JavaScript's, in `lib/`.
//!
//! | module | owns |
//! |---|---|
//! | `raw` | the calls of every chunk and message, on bare N-API |
//! | `calls` | all other calls on a connection |
//! | `inbox`, `commands` | what those calls do |
//! | `connections` | the connections of a thread, by id |
//! | `settings` | configurations from names and values |
//! | `handshake` | opening handshakes |

#![cfg_attr(test, allow(dead_code, reason = "napi-derive exports nothing in a test"))]
#![allow(unreachable_pub, reason = "napi-derive exports what is public, wherever it stands")]

mod calls;
mod commands;
mod connections;
mod handshake;
mod inbox;
mod raw;
mod settings;

use napi::Env;
use napi::bindgen_prelude::Object;
use napi_derive::napi;

/// Adds the calls that are not declared by attributes.
#[napi(module_exports)]
pub fn init(mut exports: Object<'_>, env: Env) -> napi::Result<()> {
    raw::export(&mut exports, &env)
}
