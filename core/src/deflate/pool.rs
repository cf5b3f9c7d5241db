//! Engines that connections borrow.
//!
//! Owns the idle engines and how many of them are kept. Knows nothing of what they are used for.

use super::DeflateEngine;
use super::engine::Compressor;
use super::inflation::Inflater;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use spin::Mutex;

/// Engines shared by any number of connections.
///
/// A folded connection borrows an engine for as long as one message takes: in the usual case, as many
/// engines live as threads run connections. Clones share the engines, so a
/// [`DeflateConfig`](super::DeflateConfig) that is cloned for each connection shares them too. An
/// engine takes 60 to 500 KB.
#[derive(Clone)]
pub struct DeflatePool {
    shared: Arc<Shared>,
}

struct Shared {
    engine: DeflateEngine,
    kept: usize,
    compressors: Mutex<Vec<Box<Compressor>>>,
    inflaters: Mutex<Vec<Box<Inflater>>>,
}

impl DeflatePool {
    /// Idle engines kept in each direction by default.
    pub const KEPT: usize = 16;

    /// A pool of one kind of engine that keeps up to `kept` of them idle in each direction. More are
    /// made when needed, and dropped after use.
    pub fn new(engine: DeflateEngine, kept: usize) -> Self {
        let (compressors, inflaters) = (Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Shared { engine, kept, compressors, inflaters }) }
    }

    /// The lock is held for the search only: engines are made and dropped outside of it.
    pub(super) fn take_compressor(&self, window_bits: u8, level: u8) -> Box<Compressor> {
        let idle = {
            let mut idle = self.shared.compressors.lock();
            let found = idle.iter().rposition(|compressor| compressor.fits(window_bits));
            found.map(|index| idle.swap_remove(index))
        };
        idle.unwrap_or_else(|| Box::new(Compressor::new(self.shared.engine, window_bits, level)))
    }

    pub(super) fn put_compressor(&self, compressor: Box<Compressor>) {
        self.put(&self.shared.compressors, compressor);
    }

    pub(super) fn take_inflater(&self) -> Box<Inflater> {
        let idle = self.shared.inflaters.lock().pop();
        idle.unwrap_or_else(|| Box::new(Inflater::new(self.shared.engine)))
    }

    pub(super) fn put_inflater(&self, inflater: Box<Inflater>) {
        self.put(&self.shared.inflaters, inflater);
    }

    /// A full pool drops its oldest engine: it may be one of a window that nobody uses any more.
    fn put<T>(&self, idle: &Mutex<Vec<Box<T>>>, engine: Box<T>) {
        let _surplus = {
            let mut idle = idle.lock();
            let surplus = (idle.len() >= self.shared.kept.max(1)).then(|| idle.remove(0));
            idle.push(engine);
            surplus
        };
    }
}

impl Default for DeflatePool {
    fn default() -> Self {
        Self::new(DeflateEngine::default(), Self::KEPT)
    }
}

impl fmt::Debug for DeflatePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeflatePool")
            .field("engine", &self.shared.engine)
            .field("idle_compressors", &self.shared.compressors.lock().len())
            .field("idle_inflaters", &self.shared.inflaters.lock().len())
            .finish()
    }
}
