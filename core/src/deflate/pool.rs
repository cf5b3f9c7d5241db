//! Engines that connections borrow.
//!
//! Owns the idle engines and how many of them are kept. Knows nothing of what they are used for.

use super::DeflateEngine;
use super::compress::Compressor;
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
/// engine takes 50 to 340 KB.
#[derive(Clone)]
pub struct DeflatePool {
    shared: Arc<Shared>,
}

struct Shared {
    engine: DeflateEngine,
    kept: usize,
    compressors: Mutex<Compressors>,
    #[expect(clippy::vec_box, reason = "a connection that borrows one holds a pointer")]
    inflaters: Mutex<Vec<Box<Inflater>>>,
}

#[derive(Default)]
struct Compressors {
    idle: Vec<(Receipt, Box<Compressor>)>,
    receipts: u64,
}

/// Names the state in which a compressor was put back: whoever finds it again finds it untouched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receipt(u64);

impl DeflatePool {
    /// Idle engines kept in each direction by default.
    pub const KEPT: usize = 16;

    /// A pool of one kind of engine that keeps up to `kept` of them idle in each direction. More are
    /// made when needed, and dropped after use.
    pub fn new(engine: DeflateEngine, kept: usize) -> Self {
        let (compressors, inflaters) = (Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Shared { engine, kept: kept.max(1), compressors, inflaters }) }
    }

    /// A compressor, and whether it is the one of the receipt. The lock is held for the search only:
    /// engines are made and dropped outside of it.
    pub(super) fn take_compressor(
        &self,
        receipt: Option<Receipt>,
        window_bits: u8,
    ) -> (Box<Compressor>, bool) {
        let found = {
            let mut compressors = self.shared.compressors.lock();
            let idle = &mut compressors.idle;
            idle.iter()
                .rposition(|(own, _)| Some(*own) == receipt)
                .or_else(|| idle.iter().rposition(|(_, engine)| engine.fits(window_bits)))
                .map(|index| idle.remove(index))
        };
        match found {
            Some((own, compressor)) => (compressor, Some(own) == receipt),
            None => (Box::new(Compressor::new(window_bits)), false),
        }
    }

    /// A full pool drops the engine that was idle longest: its window may be one that nobody uses any
    /// more.
    pub(super) fn put_compressor(&self, compressor: Box<Compressor>) -> Receipt {
        let (receipt, _surplus) = {
            let mut compressors = self.shared.compressors.lock();
            let surplus =
                (compressors.idle.len() >= self.shared.kept).then(|| compressors.idle.remove(0));
            compressors.receipts += 1;
            let receipt = Receipt(compressors.receipts);
            compressors.idle.push((receipt, compressor));
            (receipt, surplus)
        };
        receipt
    }

    pub(super) fn take_inflater(&self) -> Box<Inflater> {
        let idle = self.shared.inflaters.lock().pop();
        idle.unwrap_or_else(|| Box::new(Inflater::new(self.shared.engine)))
    }

    pub(super) fn put_inflater(&self, inflater: Box<Inflater>) {
        let _surplus = {
            let mut idle = self.shared.inflaters.lock();
            if idle.len() < self.shared.kept {
                idle.push(inflater);
                None
            } else {
                Some(inflater)
            }
        };
    }

    /// Engines at hand: compressors and inflaters.
    pub(super) fn idle(&self) -> (usize, usize) {
        (self.shared.compressors.lock().idle.len(), self.shared.inflaters.lock().len())
    }
}

impl Default for DeflatePool {
    fn default() -> Self {
        Self::new(DeflateEngine::default(), Self::KEPT)
    }
}

impl fmt::Debug for DeflatePool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (compressors, inflaters) = self.idle();
        f.debug_struct("DeflatePool")
            .field("engine", &self.shared.engine)
            .field("idle_compressors", &compressors)
            .field("idle_inflaters", &inflaters)
            .finish()
    }
}
