//! How much a peer may ask of this endpoint, and how long it may take.
//!
//! Owns the limits of RFC 6455 section 10.4 with defaults that are safe for a server on the open
//! internet, and the timeouts. Knows nothing of where they are enforced.

use core::time::Duration;

/// Bounds on what one connection can cost.
///
/// The defaults suit a server that talks to strangers. Raise single fields with
/// `Limits { message_size: 64 << 20, ..Limits::default() }`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of payload in one frame, checked when its header is there. Default: 16 MiB.
    pub frame_size: u64,
    /// Bytes of one message, on the wire and again after inflation. Default: 16 MiB.
    pub message_size: u64,
    /// Fragments of one message. The cost of a fragment is bounded by the bytes it brings, so this
    /// bounds work, not memory. Default: 1 048 576.
    pub fragments: u32,
    /// Pongs that wait in the send queue; beyond it only the latest ping is answered, as RFC 6455
    /// section 5.5.3 allows. Default: 16.
    pub queued_pongs: u16,
    /// Bytes in the send queue beyond which no further message is taken. Default: 1 MiB.
    pub send_queue: usize,
    /// Messages per second. Default: no limit.
    pub messages_per_second: Option<Rate>,
    /// Bytes per second, headers and control frames included. A frame is counted whole when its header
    /// is there, so the burst must allow for the largest. Default: no limit.
    pub bytes_per_second: Option<Rate>,
    /// Bytes of the head of a handshake. Default: 16 KiB.
    pub head_size: usize,
    /// Header lines of the head of a handshake. Default: 100.
    pub head_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame_size: 16 << 20,
            message_size: 16 << 20,
            fragments: 1 << 20,
            queued_pongs: 16,
            send_queue: 1 << 20,
            messages_per_second: None,
            bytes_per_second: None,
            head_size: 16 << 10,
            head_lines: 100,
        }
    }
}

/// A token bucket: a steady rate, and how much may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Units per second in the long run.
    pub per_second: u32,
    /// Units that may come at once after a quiet time.
    pub burst: u32,
}

/// How long this endpoint waits. `None` waits for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From the start of the handshake to its end. Default: 10 s.
    pub handshake: Option<Duration>,
    /// For each thing that the closing handshake waits for: the peer's close frame, then the end of its
    /// stream. Default: 10 s.
    pub close: Option<Duration>,
    /// Without a message, or a part of one, in either direction. Default: `None`.
    pub idle: Option<Duration>,
    /// Pings by which a dead peer is noticed. Default: every 20 s, with 20 s to answer.
    pub keepalive: Option<Keepalive>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Some(Duration::from_secs(10)),
            close: Some(Duration::from_secs(10)),
            idle: None,
            keepalive: Some(Keepalive::default()),
        }
    }
}

/// When to ping, and how long to wait for a sign of life.
///
/// Any inbound byte counts as life: a busy peer that answers late is not dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence after which a ping is sent. Default: 20 s.
    pub interval: Duration,
    /// Silence after the ping after which the connection ends. Default: 20 s.
    pub timeout: Duration,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { interval: Duration::from_secs(20), timeout: Duration::from_secs(20) }
    }
}
