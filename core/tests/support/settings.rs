//! `config` of a vector as the core's settings.

use polywire::handshake::Agreement;
use polywire::{
    Config, Contexts, DeflateConfig, DeflateParams, Delivery, Keepalive, Limits, Rate, Timeouts,
};
use serde_json::Value;
use std::time::Duration;

/// The settings of a vector: whatever it does not name has its default, except compression, which is
/// off.
pub(crate) fn config(settings: &Value, contexts: Contexts) -> Config {
    known(settings, &["limits", "timeouts", "delivery", "answer_pings", "deflate"]);
    Config {
        limits: limits(&settings["limits"]),
        timeouts: timeouts(&settings["timeouts"]),
        delivery: match settings["delivery"].as_str() {
            Some("streamed") => Delivery::Streamed,
            _ => Delivery::Whole,
        },
        answer_pings: settings["answer_pings"].as_bool().unwrap_or(true),
        deflate: settings.get("deflate").map(|deflate| self::deflate(deflate, contexts)),
    }
}

/// The agreement with which the connection of a vector starts.
pub(crate) fn agreement(settings: &Value) -> Agreement {
    let deflate = settings.get("deflate").map(|deflate| params(&deflate["params"]));
    Agreement { deflate, ..Agreement::default() }
}

/// A typing error in a vector must not pass for a default.
pub(crate) fn known(settings: &Value, names: &[&str]) {
    for name in settings.as_object().into_iter().flat_map(|fields| fields.keys()) {
        assert!(names.contains(&name.as_str()), "unknown setting {name}");
    }
}

fn limits(value: &Value) -> Limits {
    known(
        value,
        &[
            "frame_size",
            "message_size",
            "fragments",
            "queued_pongs",
            "send_queue",
            "messages_per_second",
            "bytes_per_second",
            "head_size",
            "head_lines",
        ],
    );
    let number = |name: &str, default: u64| value[name].as_u64().unwrap_or(default);
    let default = Limits::default();
    Limits {
        frame_size: number("frame_size", default.frame_size),
        message_size: number("message_size", default.message_size),
        fragments: number("fragments", default.fragments.into()) as u32,
        queued_pongs: number("queued_pongs", default.queued_pongs.into()) as u16,
        send_queue: number("send_queue", default.send_queue as u64) as usize,
        messages_per_second: rate(&value["messages_per_second"]),
        bytes_per_second: rate(&value["bytes_per_second"]),
        head_size: number("head_size", default.head_size as u64) as usize,
        head_lines: number("head_lines", default.head_lines as u64) as usize,
    }
}

fn rate(value: &Value) -> Option<Rate> {
    let number = |name: &str| value[name].as_u64().expect("a rate has two numbers") as u32;
    value.is_object().then(|| Rate { per_second: number("per_second"), burst: number("burst") })
}

fn timeouts(value: &Value) -> Timeouts {
    known(value, &["handshake", "close", "idle", "keepalive"]);
    let default = Timeouts::default();
    let time = |name: &str, default: Option<Duration>| match value.get(name) {
        Some(time) => time.as_u64().map(Duration::from_millis),
        None => default,
    };
    Timeouts {
        handshake: time("handshake", default.handshake),
        close: time("close", default.close),
        idle: time("idle", default.idle),
        keepalive: match value.get("keepalive") {
            None => default.keepalive,
            Some(Value::Null) => None,
            Some(keepalive) => Some(self::keepalive(keepalive)),
        },
    }
}

fn keepalive(value: &Value) -> Keepalive {
    let time = |name: &str| Duration::from_millis(value[name].as_u64().expect("milliseconds"));
    Keepalive { interval: time("interval"), timeout: time("timeout") }
}

/// Windows that a vector does not name have 15 bits, as in RFC 7692.
pub(crate) fn params(value: &Value) -> DeflateParams {
    known(value, &PARAMS);
    let flag = |name: &str| value[name].as_bool().unwrap_or(false);
    let bits = |name: &str| value[name].as_u64().unwrap_or(15) as u8;
    let [server_flag, client_flag, server_bits, client_bits] = PARAMS;
    DeflateParams {
        server_no_context_takeover: flag(server_flag),
        client_no_context_takeover: flag(client_flag),
        server_max_window_bits: bits(server_bits),
        client_max_window_bits: bits(client_bits),
    }
}

const PARAMS: [&str; 4] = [
    "server_no_context_takeover",
    "client_no_context_takeover",
    "server_max_window_bits",
    "client_max_window_bits",
];

pub(crate) fn deflate(value: &Value, contexts: Contexts) -> DeflateConfig {
    known(value, &["params", "threshold", "level", "contexts"]);
    let params = params(&value["params"]);
    let default = DeflateConfig::default();
    let number = |name: &str, default: u64| value[name].as_u64().unwrap_or(default);
    DeflateConfig {
        server_no_context_takeover: params.server_no_context_takeover,
        client_no_context_takeover: params.client_no_context_takeover,
        server_max_window_bits: params.server_max_window_bits,
        client_max_window_bits: params.client_max_window_bits,
        threshold: number("threshold", default.threshold as u64) as usize,
        level: number("level", default.level.into()) as u8,
        contexts: match value["contexts"].as_str() {
            Some("dedicated") => Contexts::Dedicated,
            Some("folded") => Contexts::Folded,
            _ => contexts,
        },
        ..default
    }
}
