//! The asyncio side: the protocol object that an event loop reads into, and what it waits with.
//!
//! Owns the list of its types. `protocol` is what Python calls, `state` what is behind its lock,
//! `outgoing` how messages get out, `wire` the way to the socket, `awaitable` what `recv()` and `send()` return,
//! `waiter` how a task waits, `ticket` what it is given for that, `calls` the calls that are made for each
//! read, `methods` those that Python makes, `attached` what stands for a lock.

mod attached;
mod awaitable;
mod calls;
mod methods;
mod outgoing;
mod protocol;
mod shared;
mod state;
mod ticket;
mod waiter;
mod wire;

use pyo3::prelude::*;

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<protocol::Protocol>()?;
    module.add_class::<waiter::Waiter>()?;
    awaitable::register(module)?;
    ticket::register(module)?;
    methods::register(module.py())
}
