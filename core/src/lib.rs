//! A strict, fast WebSocket core without I/O.
#![no_std]
#![warn(missing_docs)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod close;
mod config;
mod connection;
mod deflate;
mod error;
mod event;
mod frame;
pub mod handshake;
mod http;
mod inbound;
mod keepalive;
mod kernels;
mod limits;
mod outbound;
mod random;
mod rate;
mod state;
mod time;
mod utf8;

pub use close::CloseCode;
pub use config::{Config, Delivery, Role};
pub use connection::{Connection, Wants};
pub use deflate::{Contexts, DeflateConfig, DeflateEngine, DeflateParams, DeflatePool};
pub use error::{Rule, UsageError, Violation};
pub use event::{Cause, Data, Ended, Event};
pub use frame::header::FrameHeader;
pub use frame::opcode::Opcode;
pub use inbound::events::Events;
pub use inbound::tap::Tap;
pub use limits::{Keepalive, Limits, Rate, Timeouts};
pub use outbound::message::{Kind, Message};
pub use outbound::prepared::Prepared;
pub use outbound::queue::Transmit;
pub use outbound::sender::Sender;
pub use state::Socket;
pub use time::Instant;

/// The program in the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
