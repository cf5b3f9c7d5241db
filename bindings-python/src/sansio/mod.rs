//! The core as Python objects, without sockets: bytes and time in, events and bytes out.
//!
//! Owns what the three files share. Knows no event loop.

mod connection;
mod handshake;
mod url;

use polywire::Instant;
use polywire_bridge::clock;
use pyo3::prelude::*;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<connection::Connection>()?;
    module.add_class::<connection::Wants>()?;
    module.add_class::<url::Url>()?;
    handshake::register(module)
}

/// The time that the caller names, or that of the clock.
fn instant(now: Option<u64>) -> Instant {
    now.map_or_else(clock::now, Instant::from_micros)
}

/// The content, also after a panic: the core keeps itself whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
