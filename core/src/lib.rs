//! A strict and fast WebSocket core that does no I/O.
//!
//! Everything that RFC 6455 and RFC 7692 (permessage-deflate) leave to an endpoint is decided here,
//! for clients and servers: frames, messages, compression, the opening and the closing handshake,
//! limits, deadlines, keepalive. Sockets, clocks and entropy are brought by the caller, so the crate
//! runs on any event loop, without `std`, in a browser, and in tests without a network.
//!
//! # An echo server, without a network
//!
//! A server takes a byte stream in and gives one out. Here both are a `Vec<u8>`; with a socket in
//! their place it is a server.
//!
//! ```
//! use core::task::Poll;
//! use polywire::handshake::{ServerHandshake, ServerPolicy};
//! use polywire::{Config, Connection, Event, Instant, Role, Socket};
//! use std::sync::Arc;
//!
//! // What a client sends: its handshake, "Hello" (the masked frame of RFC 6455 section 5.7), a close.
//! let mut from_client = b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\n\
//!     Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
//!     Sec-WebSocket-Version: 13\r\n\r\n"
//!     .to_vec();
//! from_client.extend(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
//! from_client.extend(b"\x88\x82\0\0\0\0\x03\xe8");
//! let mut to_client = Vec::new();
//!
//! // The opening handshake: bytes in, a valid request or a refusal out.
//! let now = Instant::from_micros(0);
//! let config = Arc::new(Config::default());
//! let policy = Arc::new(ServerPolicy::default());
//! let mut handshake = ServerHandshake::new(policy, config.clone(), now);
//! let upgrade = match handshake.receive(&from_client, now) {
//!     Poll::Ready(Ok(upgrade)) => upgrade,
//!     Poll::Ready(Err(refusal)) => return to_client.extend(refusal.response.to_bytes()),
//!     Poll::Pending => return, // Read more.
//! };
//! let Ok((response, mut established)) = handshake.accept(upgrade) else { return };
//! to_client.extend(response.to_bytes());
//!
//! // The connection. What came behind the handshake are its first bytes.
//! let seed = [0; 32]; // Fresh entropy, in earnest.
//! let mut connection = Connection::new(Role::Server, config, &established.agreement, seed, now);
//! let mut events = connection.receive_in(&mut established.leftover, now);
//! while let Some((event, sender)) = events.next() {
//!     match event {
//!         Event::Text(text) => sender.send(text).unwrap_or_default(),
//!         Event::Binary(bytes) => sender.send(bytes).unwrap_or_default(),
//!         Event::Ended(ended) => assert_eq!(ended.code.0, 1000),
//!         _ => {} // Pings and closes are answered already.
//!     }
//! }
//!
//! // What to write, and what to do next.
//! to_client.extend(connection.transmit().flatten());
//! connection.transmitted(usize::MAX);
//! assert!(to_client.ends_with(b"\x81\x05Hello\x88\x02\x03\xe8"));
//! assert_eq!(connection.wants().socket, Socket::ShutdownWrite);
//! ```
//!
//! `examples/rust` has the same over the sockets of the standard library.
//!
//! # The parts
//!
//! | to | use |
//! |---|---|
//! | open a connection | [`handshake`]: over bytes, or over heads that your HTTP server parsed |
//! | run it | [`Connection`]: bytes and time in, [`Events`] and bytes out; [`Wants`] says what is next |
//! | send | [`Sender`]: messages, parts of messages, pings, closes; [`Prepared`] to send to many |
//! | bound it | [`Limits`] and [`Timeouts`] in a [`Config`], with defaults for the open internet |
//! | compress | [`DeflateConfig`], on by default: kilobytes for a connection, not hundreds of them |
//! | understand what went wrong | [`Rule`] and [`Violation`] for the peer, [`UsageError`] for the caller |
//! | look inside | [`Tap`]: every frame, as the decoder sees it |
//!
//! # Features
//!
//! Features add; none changes behaviour.
//!
//! - `std` (default): finds out at run time what the CPU can do.
//! - `zlib` (default): inflates with zlib-rs, up to several times faster than `miniz_oxide`, which is
//!   always there.
//!
//! Without either the crate needs `alloc` only.
#![no_std]
// Here and not in the workspace: programs and tests have a std to name.
#![warn(clippy::alloc_instead_of_core, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

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
mod role;
mod state;
mod time;
mod utf8;

pub use close::CloseCode;
pub use config::{Config, Delivery};
pub use connection::Connection;
pub use deflate::{Contexts, DeflateConfig, DeflateEngine, DeflateParams, DeflatePool};
pub use error::{Rule, UsageError, Violation};
pub use event::{Cause, Data, Ended, Event, OwnedEvent};
pub use frame::header::FrameHeader;
pub use frame::opcode::Opcode;
pub use inbound::events::Events;
pub use inbound::tap::{Place, Tap};
pub use limits::{Keepalive, Limits, Rate, Timeouts};
pub use outbound::message::Message;
pub use outbound::prepared::Prepared;
pub use outbound::queue::Transmit;
pub use outbound::sender::Sender;
pub use role::Role;
pub use state::{Socket, Wants};
pub use time::Instant;

/// The program in the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
