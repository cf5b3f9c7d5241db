//! The extension module `polywire._polywire`.
//!
//! Owns the list of what the module exports. `sansio` is the core as Python objects, without sockets;
//! `aio` is the protocol that an asyncio loop reads into; the rest is what both need. Everything that
//! is not hot is written in Python, in the package around this module. Knows no rule of the protocol.

// What Python sees is documented in the type stubs and in the docstrings.
#![allow(missing_docs, reason = "nothing of this crate is visible to Rust")]

mod aio;
mod errors;
mod heads;
mod sansio;
mod settings;

use pyo3::prelude::*;

/// Every code as `(code, origin, number, section, expected)`: for tables that must be complete.
#[pyfunction]
fn codes() -> Vec<(String, String, u16, String, String)> {
    polywire_bridge::codes::all()
        .map(|entry| (entry.code, entry.origin, entry.number, entry.section, entry.expected))
        .collect()
}

/// The names of what can end a connection.
#[pyfunction]
fn causes() -> Vec<&'static str> {
    polywire_bridge::codes::CAUSES.to_vec()
}

/// Microseconds on the clock that is meant where no time is given.
#[pyfunction]
fn now() -> u64 {
    polywire_bridge::clock::now().as_micros()
}

// Whoever runs without a global lock gets one: awaitables are not made for two threads at once.
#[pymodule(gil_used = true)]
fn _polywire(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(codes, module)?)?;
    module.add_function(wrap_pyfunction!(causes, module)?)?;
    module.add_function(wrap_pyfunction!(now, module)?)?;
    module.add_class::<settings::Settings>()?;
    module.add_class::<settings::Agreement>()?;
    sansio::register(module)?;
    aio::register(module)
}
