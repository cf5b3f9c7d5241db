//! The receiving direction: messages out of what the peer compressed.
//!
//! Owns the bounds on what is inflated, the four bytes that the peer cut off, blocks with BFINAL set, and
//! when an engine is borrowed. Knows nothing of frames. RFC 7692 section 7.2.2.

use super::engine::{Decompressor, Step, Stop};
use super::history::History;
use super::pool::DeflatePool;
use super::{Contexts, DeflateConfig, DeflateEngine, InflateError};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

/// What a match can reach at most.
///
/// It bounds matches within a message whatever window was agreed: a message may point further back into
/// itself than it should, because the text is cut to the window only between messages and after final
/// blocks. Both engines then accept the same, and nothing is spent on a mistake that costs nothing.
//= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
//# Otherwise, the client MUST use a 32,768-byte LZ77 sliding window to decompress received messages.
//= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
//# Otherwise, the server MUST use a 32,768-byte LZ77 sliding window to decompress received messages.
const REACH: usize = 32 << 10;

/// Plain text at hand: what can be reached, and as much again to write to before it must be moved.
const TEXT: usize = 2 * REACH;

/// The receiving direction of one connection.
#[derive(Debug)]
pub(crate) struct Inflation {
    /// Borrowed from the first to the last byte of a message, or one's own.
    inflater: Option<Box<Inflater>>,
    history: History,
    pool: DeflatePool,
    contexts: Contexts,
    no_context_takeover: bool,
    window: usize,
    in_message: bool,
}

impl Inflation {
    /// `window_bits` and `no_context_takeover` are those of the peer's compressor.
    pub(crate) fn new(window_bits: u8, no_context_takeover: bool, config: &DeflateConfig) -> Self {
        let window = 1 << window_bits.clamp(8, 15);
        let folded = config.contexts == Contexts::Folded && !no_context_takeover;
        Self {
            inflater: None,
            history: History::new(if folded { window } else { 0 }),
            pool: config.pool.clone(),
            contexts: config.contexts,
            no_context_takeover,
            window,
            in_message: false,
        }
    }

    /// Inflates the next unmasked bytes of the message and appends them to `output`, which never
    /// grows beyond `limit` bytes.
    ///
    /// What was inflated before an error is appended. The message is given up then: the engine goes
    /// back to the pool, and a folded context is that of the message before.
    pub(crate) fn inflate(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), InflateError> {
        let result = self.open().inflate(input, output, limit);
        if result.is_err() {
            self.give_up();
        }
        result
    }

    /// Ends the message: inflates the four bytes that the sender cut off (RFC 7692 section 7.2.2).
    pub(crate) fn finish(
        &mut self,
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), InflateError> {
        let result = self.open().finish(output, limit);
        match result {
            Ok(()) => self.close(),
            Err(_) => self.give_up(),
        }
        result
    }

    /// The plain text that the next message may refer back to. Of use between messages.
    pub(crate) fn context(&self) -> Vec<u8> {
        match &self.inflater {
            _ if self.no_context_takeover => Vec::new(),
            Some(inflater) => inflater.reachable().to_vec(),
            None => self.history.parts().concat(),
        }
    }

    /// Goes on behind this plain text. Before the first message.
    pub(crate) fn set_context(&mut self, text: &[u8]) {
        match self.contexts {
            _ if self.no_context_takeover => {}
            Contexts::Folded => self.history.push(text),
            Contexts::Dedicated => {
                let text = &text[text.len().saturating_sub(self.window)..];
                let inflater = self.inflater.get_or_insert_with(|| self.pool.take_inflater());
                inflater.begin([text, &[]], self.window);
            }
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let engine = self.inflater.as_ref().map_or(0, |inflater| inflater.heap_bytes());
        self.history.heap_bytes() + engine
    }

    fn open(&mut self) -> &mut Inflater {
        let fresh = self.inflater.is_none();
        let inflater = self.inflater.get_or_insert_with(|| self.pool.take_inflater());
        if !self.in_message {
            self.in_message = true;
            //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
            //# Otherwise, the client MUST decompress each new message using the LZ77 sliding window used to process the last compressed message.
            //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
            //# Otherwise, the server MUST decompress each new message using the LZ77 sliding window used to process the last compressed message.
            if fresh || self.no_context_takeover {
                inflater.begin(self.history.parts(), self.window);
            }
        }
        inflater
    }

    fn close(&mut self) {
        self.in_message = false;
        if self.contexts == Contexts::Folded
            && let Some(inflater) = self.inflater.take()
        {
            self.history.push(inflater.message());
            self.pool.put_inflater(inflater);
        }
    }

    /// Gives up the message in progress: the next one starts a new stream.
    fn give_up(&mut self) {
        self.in_message = false;
        if let Some(inflater) = self.inflater.take() {
            self.pool.put_inflater(inflater);
        }
    }
}

impl Drop for Inflation {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// An engine and the plain text around it.
///
/// The text is what `miniz_oxide` reads matches from, what any engine is restarted with after a final
/// block, and what the history takes its bytes from.
#[derive(Debug)]
pub(super) struct Inflater {
    engine: Decompressor,
    text: Box<[u8]>,
    /// The end of the plain text.
    end: usize,
    /// Where the plain text of the message starts, as far as it is still at hand.
    message: usize,
    /// The agreed window, in bytes.
    window: usize,
}

impl Inflater {
    pub(super) fn new(engine: DeflateEngine) -> Self {
        Self {
            engine: Decompressor::new(engine),
            text: vec![0; TEXT].into(),
            end: 0,
            message: 0,
            window: REACH,
        }
    }

    /// Starts a stream after the plain text `history`.
    fn begin(&mut self, history: [&[u8]; 2], window: usize) {
        self.window = window;
        self.end = 0;
        for part in history {
            self.text[self.end..][..part.len()].copy_from_slice(part);
            self.end += part.len();
        }
        self.message = self.end;
        self.engine.restart(&self.text[..self.end]);
    }

    fn inflate(
        &mut self,
        mut input: &[u8],
        output: &mut Vec<u8>,
        limit: usize,
    ) -> Result<(), InflateError> {
        loop {
            let step = self.step(input, output, limit, false)?;
            input = &input[step.consumed..];
            match step.stop {
                Stop::Starved => return Ok(()),
                Stop::Final if input.is_empty() => return Ok(()),
                _ => {}
            }
        }
    }

    /// A message is whole only if the four bytes complete a block, and nothing else: a fifth byte
    /// tells. An engine that stops before it stands at the end of a block.
    fn finish(&mut self, output: &mut Vec<u8>, limit: usize) -> Result<(), InflateError> {
        //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
        //# Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message.
        const TAIL_AND_ONE: [u8; 5] = [0x00, 0x00, 0xff, 0xff, 0x00];
        let length = output.len();
        let mut consumed = 0;
        loop {
            let step = self.step(&TAIL_AND_ONE[consumed..], output, limit, true)?;
            consumed += step.consumed;
            match step.stop {
                Stop::Boundary | Stop::Final if consumed == 4 && output.len() == length => {
                    return Ok(());
                }
                Stop::Final if consumed == 0 => {}
                _ => return Err(InflateError::Invalid),
            }
        }
    }

    /// One step of the engine, bounded by the limit and by the space at hand.
    fn step(
        &mut self,
        input: &[u8],
        output: &mut Vec<u8>,
        limit: usize,
        stop_at_block: bool,
    ) -> Result<Step, InflateError> {
        if self.end == self.text.len() {
            self.keep(REACH);
        }
        let room = limit.saturating_sub(output.len());
        // One byte more than allowed: only so is a message of exactly the limit told from a longer one.
        let space = self.text.len().min(self.end.saturating_add(room).saturating_add(1));
        let step = self.engine.step(input, &mut self.text[..space], self.end, stop_at_block);
        let written = &self.text[self.end..][..step.written];
        append(output, &written[..written.len().min(room)], limit);
        if written.len() > room {
            return Err(InflateError::TooBig);
        }
        if step.stop == Stop::Invalid {
            return Err(InflateError::Invalid);
        }
        self.end += step.written;
        if step.stop == Stop::Final {
            // No more than the window, since a peer may ask for this with every second byte: measured
            // with zlib-rs, 0.3 us after 4 KiB and 2 us after 32 KiB.
            self.keep(self.window);
            self.engine.restart(&self.text[..self.end]);
        }
        Ok(step)
    }

    /// Moves the last `length` bytes of the plain text to the front.
    fn keep(&mut self, length: usize) {
        let surplus = self.end.saturating_sub(length);
        if surplus > 0 {
            self.text.copy_within(surplus..self.end, 0);
            self.message = self.message.saturating_sub(surplus);
            self.end -= surplus;
        }
    }

    /// The end of the message's plain text.
    fn message(&self) -> &[u8] {
        &self.text[self.message..self.end]
    }

    /// What the next message may refer back to.
    fn reachable(&self) -> &[u8] {
        &self.text[self.end.saturating_sub(self.window)..self.end]
    }

    fn heap_bytes(&self) -> usize {
        size_of::<Self>() + self.text.len() + self.engine.heap_bytes()
    }
}

/// Doubles the capacity as bytes arrive, but never beyond the limit.
fn append(output: &mut Vec<u8>, bytes: &[u8], limit: usize) {
    let needed = output.len() + bytes.len();
    if needed > output.capacity() {
        let capacity = output.capacity().saturating_mul(2).min(limit).max(needed);
        output.reserve_exact(capacity - output.len());
    }
    output.extend_from_slice(bytes);
}
