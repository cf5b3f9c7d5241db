//! The core's configuration from named values.
//!
//! Owns the names that all languages use: those of the fields in `tests/vectors`, joined by dots. A
//! binding flattens the options of its language into pairs; what it does not name keeps its default.

use core::fmt;
use core::time::Duration;
use polywire::{Config, Contexts, DeflateConfig, DeflateParams, Delivery, Keepalive, Rate};

/// A value as any language can give it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// No limit, never, off.
    Unlimited,
    /// A switch.
    Flag(bool),
    /// A count, or a time in milliseconds, which may have a fraction.
    Number(f64),
    /// One of several names.
    Name(String),
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingError {
    /// The name of the setting.
    pub name: String,
    /// What it may be.
    pub expected: &'static str,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "setting `{}`: expected {}", self.name, self.expected)
    }
}

impl core::error::Error for SettingError {}

/// A configuration with everything that `pairs` names, and the defaults for all else.
///
/// Any pair whose name begins with `deflate.` switches compression on with its defaults; the pair
/// `deflate` itself is a flag.
///
/// # Errors
///
/// The first pair that names no setting, or whose value the setting cannot have.
pub fn config<N: AsRef<str>>(
    base: Config,
    pairs: impl IntoIterator<Item = (N, Value)>,
) -> Result<Config, SettingError> {
    let mut config = base;
    for (name, value) in pairs {
        let name = name.as_ref();
        set(&mut config, name, &value)
            .map_err(|expected| SettingError { name: name.to_owned(), expected })?;
    }
    Ok(config)
}

type Set = Result<(), &'static str>;

fn set(config: &mut Config, name: &str, value: &Value) -> Set {
    match name.split_once('.') {
        None => set_general(config, name, value),
        Some(("limits", name)) => set_limit(config, name, value),
        Some(("timeouts", name)) => set_timeout(config, name, value),
        Some(("deflate", name)) => set_deflate(config.deflate.get_or_insert_default(), name, value),
        Some(_) => Err(UNKNOWN),
    }
}

const UNKNOWN: &str = "the name of a setting";

fn set_general(config: &mut Config, name: &str, value: &Value) -> Set {
    match name {
        "delivery" => {
            config.delivery = match word(value) {
                Some("whole") => Delivery::Whole,
                Some("streamed") => Delivery::Streamed,
                _ => return Err("`whole` or `streamed`"),
            }
        }
        "answer_pings" => config.answer_pings = flag(value)?,
        "deflate" => {
            config.deflate = flag(value)?.then(|| config.deflate.take().unwrap_or_default());
        }
        _ => return Err(UNKNOWN),
    }
    Ok(())
}

fn set_limit(config: &mut Config, name: &str, value: &Value) -> Set {
    let limits = &mut config.limits;
    match name {
        "frame_size" => limits.frame_size = size(value)?,
        "message_size" => limits.message_size = size(value)?,
        "fragments" => limits.fragments = count(value, u32::MAX)?,
        "queued_pongs" => limits.queued_pongs = count(value, u16::MAX)?,
        "send_queue" => limits.send_queue = count(value, usize::MAX)?,
        "head_size" => limits.head_size = count(value, usize::MAX)?,
        "head_lines" => limits.head_lines = count(value, usize::MAX)?,
        "messages_per_second" => limits.messages_per_second = rate(value)?,
        "bytes_per_second" => limits.bytes_per_second = rate(value)?,
        "messages_per_second.burst" => set_burst(&mut limits.messages_per_second, value)?,
        "bytes_per_second.burst" => set_burst(&mut limits.bytes_per_second, value)?,
        _ => return Err(UNKNOWN),
    }
    Ok(())
}

fn set_timeout(config: &mut Config, name: &str, value: &Value) -> Set {
    let timeouts = &mut config.timeouts;
    match name {
        "handshake" => timeouts.handshake = time(value)?,
        "close" => timeouts.close = time(value)?,
        "idle" => timeouts.idle = time(value)?,
        "keepalive" if *value == Value::Unlimited => timeouts.keepalive = None,
        "keepalive.interval" => {
            timeouts.keepalive = match (time(value)?, timeouts.keepalive) {
                (None, _) => None,
                (Some(interval), keepalive) => {
                    Some(Keepalive { interval, ..keepalive.unwrap_or_default() })
                }
            }
        }
        // Without pings there is nothing to wait for, so this alone does not switch them on.
        "keepalive.timeout" => {
            let timeout = time(value)?.unwrap_or(Duration::MAX);
            if let Some(keepalive) = &mut timeouts.keepalive {
                keepalive.timeout = timeout;
            }
        }
        _ => return Err(UNKNOWN),
    }
    Ok(())
}

fn set_deflate(deflate: &mut DeflateConfig, name: &str, value: &Value) -> Set {
    match name {
        "server_no_context_takeover" => deflate.server_no_context_takeover = flag(value)?,
        "client_no_context_takeover" => deflate.client_no_context_takeover = flag(value)?,
        "server_max_window_bits" => deflate.server_max_window_bits = window_bits(value)?,
        "client_max_window_bits" => deflate.client_max_window_bits = window_bits(value)?,
        "threshold" => deflate.threshold = count(value, usize::MAX)?,
        "level" => deflate.level = small(value, 1, 9).ok_or("a level from 1 to 9")?,
        "contexts" => {
            deflate.contexts = match word(value) {
                Some("folded") => Contexts::Folded,
                Some("dedicated") => Contexts::Dedicated,
                _ => return Err("`folded` or `dedicated`"),
            }
        }
        _ => return Err(UNKNOWN),
    }
    Ok(())
}

/// The parameters that were agreed elsewhere, for a connection whose handshake a host made itself.
pub const fn params(deflate: &DeflateConfig) -> DeflateParams {
    DeflateParams {
        server_no_context_takeover: deflate.server_no_context_takeover,
        client_no_context_takeover: deflate.client_no_context_takeover,
        server_max_window_bits: deflate.server_max_window_bits,
        client_max_window_bits: deflate.client_max_window_bits,
    }
}

fn flag(value: &Value) -> Result<bool, &'static str> {
    match value {
        &Value::Flag(flag) => Ok(flag),
        _ => Err("true or false"),
    }
}

fn size(value: &Value) -> Result<u64, &'static str> {
    match value {
        Value::Unlimited => Ok(u64::MAX),
        &Value::Number(number) if number >= 0.0 => Ok(number as u64),
        _ => Err("a number that is not negative, or none for no limit"),
    }
}

/// The same in a narrower type: what is beyond it is no limit either.
fn count<T: TryFrom<u64>>(value: &Value, largest: T) -> Result<T, &'static str> {
    Ok(T::try_from(size(value)?).unwrap_or(largest))
}

fn time(value: &Value) -> Result<Option<Duration>, &'static str> {
    match value {
        Value::Unlimited => Ok(None),
        &Value::Number(millis) if millis >= 0.0 => {
            Ok(Some(Duration::try_from_secs_f64(millis / 1000.0).unwrap_or(Duration::MAX)))
        }
        _ => Err("milliseconds that are not negative, or none for never"),
    }
}

fn rate(value: &Value) -> Result<Option<Rate>, &'static str> {
    match value {
        Value::Unlimited => Ok(None),
        value => {
            let per_second = count(value, u32::MAX)?;
            Ok(Some(Rate { per_second, burst: per_second }))
        }
    }
}

fn set_burst(rate: &mut Option<Rate>, value: &Value) -> Set {
    let rate = rate.as_mut().ok_or("the rate before its burst")?;
    rate.burst = count(value, u32::MAX)?;
    Ok(())
}

fn word(value: &Value) -> Option<&str> {
    match value {
        Value::Name(word) => Some(word),
        _ => None,
    }
}

fn window_bits(value: &Value) -> Result<u8, &'static str> {
    small(value, 8, 15).ok_or("a window from 8 to 15")
}

fn small(value: &Value, least: u8, most: u8) -> Option<u8> {
    match value {
        &Value::Number(number) if number >= f64::from(least) && number <= f64::from(most) => {
            Some(number as u8)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_is_set_and_all_else_keeps_its_default() {
        let pairs = [
            ("limits.message_size", Value::Unlimited),
            ("limits.queued_pongs", Value::Number(70_000.0)),
            ("limits.bytes_per_second", Value::Number(1000.0)),
            ("limits.bytes_per_second.burst", Value::Number(4000.0)),
            ("timeouts.close", Value::Number(1.5)),
            ("timeouts.keepalive.interval", Value::Unlimited),
            ("deflate.level", Value::Number(1.0)),
        ];
        let config = config(Config::default(), pairs).expect("all of them exist");
        assert_eq!(config.limits.message_size, u64::MAX);
        assert_eq!(config.limits.queued_pongs, u16::MAX);
        assert_eq!(config.limits.bytes_per_second, Some(Rate { per_second: 1000, burst: 4000 }));
        assert_eq!(config.limits.frame_size, Config::default().limits.frame_size);
        assert_eq!(config.timeouts.close, Some(Duration::from_micros(1500)));
        assert_eq!(config.timeouts.keepalive, None);
        assert_eq!(config.deflate.map(|deflate| deflate.level), Some(1));
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (name, value) in [
            ("limits.frame_sice", Value::Number(1.0)),
            ("limits.frame_size", Value::Number(-1.0)),
            ("limits.frame_size", Value::Number(f64::NAN)),
            ("timeouts.close", Value::Flag(true)),
            ("deflate.level", Value::Number(0.0)),
            ("deflate.server_max_window_bits", Value::Number(16.0)),
            ("delivery", Value::Name("half".to_owned())),
            ("limits.messages_per_second.burst", Value::Number(1.0)),
        ] {
            let error = config(Config::default(), [(name, value)]).expect_err(name);
            assert_eq!(error.name, name);
        }
    }
}
