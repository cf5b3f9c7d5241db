//! The settings of a connection, chosen by the fuzzer.
//!
//! Owns the four bytes that say them. Knows nothing of what is done with the connection.

use crate::input::Input;
use polywire::handshake::Agreement;
use polywire::{
    Config, Connection, Contexts, DeflateConfig, DeflateEngine, DeflateParams, DeflatePool,
    Delivery, Instant, Keepalive, Limits, Rate, Role, Timeouts,
};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

#[derive(Clone, Debug)]
pub struct Settings {
    pub role: Role,
    pub config: Config,
    pub deflate: Option<DeflateParams>,
}

/// Bits of the first byte.
pub const CLIENT: u8 = 1;
pub const STREAMED: u8 = 2;
pub const DEFLATE: u8 = 4;
pub const SILENT: u8 = 8;
pub const DEDICATED: u8 = 16;
pub const SERVER_AFRESH: u8 = 32;
pub const CLIENT_AFRESH: u8 = 64;
pub const MINIZ: u8 = 128;

pub const START: Instant = Instant::from_micros(1_000_000);

impl Settings {
    /// Four bytes: flags, windows, limits, timeouts. Zeros are a plain server with the defaults.
    pub fn read(input: &mut Input<'_>) -> Self {
        let flags = input.byte();
        let windows = input.byte();
        let (limits, timeouts) = (input.byte(), input.byte());
        let is = |flag: u8| flags & flag != 0;
        let params = DeflateParams {
            server_no_context_takeover: is(SERVER_AFRESH),
            client_no_context_takeover: is(CLIENT_AFRESH),
            server_max_window_bits: 15 - (windows & 7),
            client_max_window_bits: 15 - (windows >> 4 & 7),
        };
        let engine = if is(MINIZ) { DeflateEngine::Miniz } else { DeflateEngine::Zlib };
        let contexts = if is(DEDICATED) { Contexts::Dedicated } else { Contexts::Folded };
        let config = Config {
            limits: self::limits(limits),
            timeouts: self::timeouts(timeouts),
            delivery: if is(STREAMED) { Delivery::Streamed } else { Delivery::Whole },
            answer_pings: !is(SILENT),
            deflate: Some(deflate(&params, engine, contexts)),
        };
        Self {
            role: if is(CLIENT) { Role::Client } else { Role::Server },
            config,
            deflate: is(DEFLATE).then_some(params),
        }
    }

    pub fn connection(&self) -> Connection {
        let agreement = Agreement { deflate: self.deflate, ..Agreement::default() };
        Connection::new(self.role, Arc::new(self.config.clone()), &agreement, [7; 32], START)
    }
}

/// How one end compresses, with the engines that live as long as the process.
pub fn deflate(params: &DeflateParams, engine: DeflateEngine, contexts: Contexts) -> DeflateConfig {
    static ZLIB: LazyLock<DeflatePool> = LazyLock::new(|| DeflatePool::new(DeflateEngine::Zlib, 2));
    static MINIZ: LazyLock<DeflatePool> =
        LazyLock::new(|| DeflatePool::new(DeflateEngine::Miniz, 2));
    DeflateConfig {
        server_no_context_takeover: params.server_no_context_takeover,
        client_no_context_takeover: params.client_no_context_takeover,
        server_max_window_bits: params.server_max_window_bits,
        client_max_window_bits: params.client_max_window_bits,
        threshold: 8,
        contexts,
        pool: if engine == DeflateEngine::Miniz { MINIZ.clone() } else { ZLIB.clone() },
        ..DeflateConfig::default()
    }
}

fn limits(byte: u8) -> Limits {
    let pick = |shift: u8, choices: [u64; 4]| choices[usize::from(byte >> shift & 3)];
    let rate = Rate { per_second: 1000, burst: 1000 };
    // The defaults are too large to be reached by an input; these are as large as one.
    Limits {
        message_size: pick(0, [1 << 18, 200, 5000, 0]),
        frame_size: pick(2, [1 << 18, 126, 1000, 1 << 40]),
        fragments: pick(2, [1 << 20, 3, 1 << 20, 1]) as u32,
        send_queue: pick(4, [1 << 16, 1, 300, 5000]) as usize,
        queued_pongs: pick(4, [16, 1, 2, 0]) as u16,
        messages_per_second: (byte >> 6 & 1 != 0).then_some(Rate { burst: 3, ..rate }),
        bytes_per_second: (byte >> 7 & 1 != 0).then_some(rate),
        ..Limits::default()
    }
}

fn timeouts(byte: u8) -> Timeouts {
    let millis = |shift: u8, choices: [u64; 4]| match choices[usize::from(byte >> shift & 3)] {
        0 => None,
        millis => Some(Duration::from_millis(millis)),
    };
    Timeouts {
        close: millis(0, [10_000, 1, 0, u64::MAX]),
        idle: millis(2, [0, 50, 30_000, u64::MAX]),
        keepalive: millis(4, [20_000, 7, 0, u64::MAX])
            .map(|interval| Keepalive { interval, timeout: interval }),
        ..Timeouts::default()
    }
}
