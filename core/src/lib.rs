//! A strict, fast WebSocket core without I/O.
#![no_std]
#![warn(missing_docs)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod close;
mod config;
mod deflate;
mod error;
mod event;
mod frame;
pub mod handshake;
mod http;
mod kernels;
mod limits;
mod time;

pub use close::CloseCode;
pub use config::{Config, Delivery, Role};
pub use deflate::{Contexts, DeflateConfig, DeflateParams, DeflatePool};
pub use error::{Rule, UsageError, Violation};
pub use event::{Cause, Data, Ended, Event};
pub use frame::opcode::Opcode;
pub use limits::{Keepalive, Limits, Rate, Timeouts};
pub use time::Instant;

/// The program in the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
