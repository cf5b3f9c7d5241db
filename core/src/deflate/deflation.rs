//! The sending direction: messages compressed for the peer.
//!
//! Owns when an engine is borrowed, what it is primed with, and what happens to a message that does not
//! get shorter. Knows nothing of frames. RFC 7692 section 7.2.1.

use super::engine::{Compressor, Setting};
use super::history::History;
use super::pool::DeflatePool;
use super::{Contexts, DeflateConfig};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The body of the empty block that ends a flush: the receiver adds it again.
const TAIL: usize = 4;

/// The sending direction of one connection.
#[derive(Debug)]
pub(crate) struct Deflation {
    /// Borrowed from the first to the last part of a message, or one's own.
    compressor: Option<Box<Compressor>>,
    history: History,
    pool: DeflatePool,
    contexts: Contexts,
    no_context_takeover: bool,
    window_bits: u8,
    level: u8,
    in_message: bool,
    /// The own engine knows what the peer knows, so the next message may go on from there.
    warm: bool,
}

impl Deflation {
    /// `window_bits` and `no_context_takeover` are those of this end's compressor.
    pub(crate) fn new(window_bits: u8, no_context_takeover: bool, config: &DeflateConfig) -> Self {
        let folded = config.contexts == Contexts::Folded && !no_context_takeover;
        Self {
            compressor: None,
            history: History::new(if folded { 1 << window_bits } else { 0 }),
            pool: config.pool.clone(),
            contexts: config.contexts,
            no_context_takeover,
            window_bits,
            level: config.level,
            in_message: false,
            warm: false,
        }
    }

    /// Appends the whole message compressed to `output` and returns true; or, if that would not be
    /// shorter, leaves `output` as it was and returns false. `level` overrides the configured one.
    ///
    /// A context that was folded is then as it was, because history is written only for what is sent.
    /// A dedicated one has seen what the peer will not see, so it starts again from nothing: legal at
    /// any message, and cheaper for the peer than inflating what did not shrink.
    pub(crate) fn message(
        &mut self,
        payload: &[u8],
        level: Option<u8>,
        output: &mut Vec<u8>,
    ) -> bool {
        if payload.is_empty() {
            return false;
        }
        let start = output.len();
        let most = payload.len() - 1 + TAIL;
        let shorter = self.open(level, payload.len()).compress(payload, most, output);
        if shorter {
            output.truncate(output.len() - TAIL);
            self.history.push(payload);
        } else {
            output.truncate(start);
        }
        self.close(shorter);
        shorter
    }

    /// Appends the next part of a message compressed to `output`. The peer can inflate each part as it
    /// comes. The level is chosen with the first part.
    pub(crate) fn part(
        &mut self,
        payload: &[u8],
        last: bool,
        level: Option<u8>,
        output: &mut Vec<u8>,
    ) {
        if !payload.is_empty() {
            let whole = self.open(level, payload.len()).compress(payload, usize::MAX, output);
            debug_assert!(whole, "there is no bound");
            self.history.push(payload);
            if last {
                output.truncate(output.len() - TAIL);
            }
        } else if last {
            // The header of an empty block, which is what a flush without input comes to.
            output.push(0x00);
        }
        if last {
            self.close(true);
        }
    }

    /// Notes plain text that went out compressed elsewhere (a prepared message).
    pub(crate) fn record(&mut self, plaintext: &[u8]) {
        self.history.push(plaintext);
        if self.warm
            && let Some(compressor) = &mut self.compressor
        {
            self.warm = plaintext.is_empty() || compressor.advance(plaintext);
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let own = match (self.contexts, &self.compressor) {
            (Contexts::Dedicated, Some(compressor)) => {
                size_of::<Compressor>() + compressor.heap_bytes()
            }
            _ => 0,
        };
        self.history.heap_bytes() + own
    }

    /// `expected` is what is known of the length of the message.
    fn open(&mut self, level: Option<u8>, expected: usize) -> &mut Compressor {
        let level = level.unwrap_or(self.level).clamp(1, 9);
        let setting = Setting { level, window_bits: self.window_bits };
        let compressor = self
            .compressor
            .get_or_insert_with(|| self.pool.take_compressor(setting.window_bits, level));
        if !self.in_message {
            self.in_message = true;
            if self.warm {
                compressor.resume(setting, expected);
            } else {
                compressor.begin(setting, self.history.parts(), expected);
            }
        }
        compressor
    }

    fn close(&mut self, sent: bool) {
        self.in_message = false;
        match self.contexts {
            Contexts::Dedicated => self.warm = sent && !self.no_context_takeover,
            Contexts::Folded => self.release(),
        }
    }

    fn release(&mut self) {
        if let Some(compressor) = self.compressor.take() {
            self.pool.put_compressor(compressor);
        }
    }
}

impl Drop for Deflation {
    fn drop(&mut self) {
        self.release();
    }
}

/// Compresses a message once for any number of connections: with an empty window, so that it fits each
/// agreement whose window is at least 2^`window_bits`, with or without context takeover. Returns
/// `None` if that would not be shorter.
pub(crate) fn compress_standalone(
    payload: &[u8],
    window_bits: u8,
    level: u8,
    pool: &DeflatePool,
) -> Option<Vec<u8>> {
    let config = DeflateConfig { pool: pool.clone(), level, ..DeflateConfig::default() };
    let mut output = Vec::new();
    Deflation::new(window_bits, true, &config).message(payload, None, &mut output).then_some(output)
}
