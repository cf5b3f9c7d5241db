//! The sending direction: messages compressed for the peer.
//!
//! Owns when an engine is borrowed, what it is primed with, and what happens to a message that does not
//! get shorter. Knows nothing of frames. RFC 7692 section 7.2.1.

use super::compress::Compressor;
use super::history::History;
use super::pool::{DeflatePool, Receipt};
use super::{Contexts, DeflateConfig};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// The body of the empty block that ends a flush: the receiver adds it again.
const TAIL: usize = 4;

/// What a message that does not shrink costs more: the header of a stored block and the start of the
/// empty one, with room for an engine that splits it.
const STORED: usize = 12;

/// Longer messages shrink by themselves, or not at all.
const LESSON: usize = 1 << 10;

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
    /// Where the compressor is that knows exactly what the peer knows, if there is one: the next
    /// message goes on from there instead of priming another.
    context: Context,
}

impl Deflation {
    /// `window_bits` and `no_context_takeover` are those of this end's compressor.
    pub(crate) fn new(window_bits: u8, no_context_takeover: bool, config: &DeflateConfig) -> Self {
        let window_bits = window_bits.clamp(8, 15);
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
            context: Context::Lost,
        }
    }

    /// Appends the whole message compressed to `output` and returns true; or, if that would not be
    /// shorter, leaves `output` as it was and returns false. Short messages that teach a context may
    /// come out up to 12 bytes longer. `level` overrides the configured one.
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
        let most = payload.len() - 1 + TAIL + self.investment(payload.len());
        let level = level.unwrap_or(self.level);
        let shorter = self.open().compress(payload, level, most, output);
        if shorter {
            //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
            //# Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end.
            output.truncate(output.len() - TAIL);
            self.history.push(payload);
        } else {
            output.truncate(start);
        }
        self.close(shorter);
        shorter
    }

    /// Appends the next part of a message compressed to `output`. The peer can inflate each part as it
    /// comes.
    pub(crate) fn part(
        &mut self,
        payload: &[u8],
        last: bool,
        level: Option<u8>,
        output: &mut Vec<u8>,
    ) {
        if !payload.is_empty() {
            let level = level.unwrap_or(self.level);
            let whole = self.open().compress(payload, level, usize::MAX, output);
            debug_assert!(whole, "there is no bound");
            self.history.push(payload);
            if last {
                output.truncate(output.len() - TAIL);
            }
        } else if last {
            // The header of an empty block, which is what a flush without input comes to.
            output.push(0x00);
        }
        if last && self.in_message {
            self.close(true);
        }
    }

    /// Notes plain text that went out compressed elsewhere (a prepared message).
    pub(crate) fn record(&mut self, plaintext: &[u8]) {
        self.history.push(plaintext);
        match (&self.context, &mut self.compressor) {
            (Context::Own, Some(compressor)) => compressor.advance(plaintext),
            _ if plaintext.is_empty() => {}
            _ => self.context = Context::Lost,
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let engine = self.compressor.as_ref();
        let engine = engine.map_or(0, |own| size_of::<Compressor>() + own.heap_bytes());
        self.history.heap_bytes() + engine
    }

    /// How many bytes longer than its payload a compressed message may be, for what it teaches.
    ///
    /// A short message shrinks only next to others like it: 64 bytes of JSON come to .998 alone and to
    /// .33 after 4 KiB of the same. If each had to shrink by itself, the first would never be sent
    /// compressed, so none would ever shrink. A folded context invests until half its window is full;
    /// a dedicated one goes on, since a refusal costs it all that it has learned.
    fn investment(&self, length: usize) -> usize {
        let learning = !self.no_context_takeover
            && (self.contexts == Contexts::Dedicated || !self.history.is_half_full());
        if learning && length <= LESSON { STORED } else { 0 }
    }

    fn open(&mut self) -> &mut Compressor {
        let mut known = self.context == Context::Own;
        let compressor = self.compressor.get_or_insert_with(|| {
            let receipt = match self.context {
                Context::InPool(receipt) => Some(receipt),
                _ => None,
            };
            let (compressor, same) = self.pool.take_compressor(receipt, self.window_bits);
            known = same;
            compressor
        });
        if !self.in_message {
            self.in_message = true;
            if !known {
                compressor.begin(self.history.parts());
            }
        }
        compressor
    }

    fn close(&mut self, sent: bool) {
        self.in_message = false;
        self.context = match self.contexts {
            Contexts::Dedicated => Context::Own,
            Contexts::Folded => self.release(),
        };
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
        //# If the "agreed parameters" contain the "client_no_context_takeover" extension parameter, the client MUST start compressing each new message with an empty LZ77 sliding window.
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
        //# If the "agreed parameters" contain the "server_no_context_takeover" extension parameter, the server MUST start compressing each new message with an empty LZ77 sliding window.
        if !sent || self.no_context_takeover {
            self.context = Context::Lost;
        }
    }

    fn release(&mut self) -> Context {
        match self.compressor.take() {
            Some(compressor) => Context::InPool(self.pool.put_compressor(compressor)),
            None => Context::Lost,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Context {
    Lost,
    Own,
    /// As long as no other connection has used it.
    InPool(Receipt),
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
