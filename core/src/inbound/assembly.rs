//! Messages from the payloads of their frames.
//!
//! Owns the message in progress: its fragments (RFC 6455 section 5.4), its inflation (RFC 7692
//! section 7.2.2), its UTF-8, and its size. Knows nothing of headers or of chunks.
//!
//! Text is gathered in a `String`, into which only whole, checked characters enter; so it is checked
//! once, and as soon as it arrives.

use crate::config::Delivery;
use crate::deflate::{InflateError, Inflation};
use crate::error::Rule;
use crate::frame::decoder::Broken;
use crate::kernels::{Mask, append_masked, apply_mask};
use crate::limits::Limits;
use crate::outbound::message::Kind;
use crate::utf8::{NotUtf8, Utf8};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::{self, size_of};

#[derive(Debug)]
pub(crate) struct Assembly {
    delivery: Delivery,
    message_limit: u64,
    fragment_limit: u32,
    inflation: Option<Box<Inflation>>,
    /// The message in progress.
    kind: Option<Kind>,
    compressed: bool,
    /// What is left of the message is of no interest.
    ignored: bool,
    /// The message is no DEFLATE, or too much of it.
    undecipherable: bool,
    fragments: u32,
    /// Bytes of the message as its headers announce them.
    announced: u64,
    /// Bytes of the message after inflation.
    content: u64,
    utf8: Utf8,
    text: String,
    bytes: Vec<u8>,
    /// The room of the message that was given away last.
    given: usize,
}

/// What a payload contributed, ready to be handed out.
#[derive(Debug)]
pub(crate) enum Content<'a> {
    /// Nothing yet.
    None,
    /// In the chunk itself.
    Text(&'a str),
    Binary(&'a [u8]),
    /// In the assembly: [`Assembly::text`] or [`Assembly::bytes`].
    StoredText,
    StoredBinary,
}

impl Assembly {
    pub(crate) fn new(delivery: Delivery, limits: &Limits, inflation: Option<Inflation>) -> Self {
        Self {
            delivery,
            message_limit: limits.message_size,
            fragment_limit: limits.fragments,
            inflation: inflation.map(Box::new),
            kind: None,
            compressed: false,
            ignored: false,
            undecipherable: false,
            fragments: 0,
            announced: 0,
            content: 0,
            utf8: Utf8::default(),
            text: String::new(),
            bytes: Vec::new(),
            given: 0,
        }
    }

    /// Whether a message is in progress.
    #[inline]
    pub(crate) fn in_message(&self) -> bool {
        self.kind.is_some()
    }

    #[inline]
    pub(crate) fn is_compressed(&self) -> bool {
        self.compressed
    }

    #[inline]
    pub(crate) fn is_streamed(&self) -> bool {
        self.delivery == Delivery::Streamed
    }

    /// Bytes of the message so far, after inflation.
    pub(crate) fn content_len(&self) -> u64 {
        self.content
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives the text away; the next message is gathered in a new one.
    pub(crate) fn give_text(&mut self) -> String {
        self.given = self.text.capacity();
        mem::take(&mut self.text)
    }

    /// Gives the bytes away.
    pub(crate) fn give_bytes(&mut self) -> Vec<u8> {
        self.given = self.bytes.capacity();
        mem::take(&mut self.bytes)
    }

    /// Starts a message with its first frame.
    #[inline]
    pub(crate) fn begin(&mut self, kind: Kind, compressed: bool) {
        //= https://www.rfc-editor.org/rfc/rfc6455#section-6.2
        //# Upon receiving a data frame (Section 5.6), the endpoint MUST note the /type/ of the data
        //# as defined by the opcode (frame-opcode) from Section 5.2.
        self.kind = Some(kind);
        self.compressed = compressed;
        self.ignored = false;
        self.undecipherable = false;
        self.fragments = 0;
        self.announced = 0;
        self.content = 0;
        self.utf8 = Utf8::default();
        self.text.clear();
        self.bytes.clear();
    }

    /// Admits a fragment of the message by what its header announces.
    #[inline]
    //= https://www.rfc-editor.org/rfc/rfc6455#section-10.4
    //# Implementations that have implementation- and/or platform-specific limitations regarding the
    //# frame size or total message size after reassembly from multiple frames MUST protect
    //# themselves against exceeding those limits.
    pub(crate) fn admit(&mut self, payload_len: u64) -> Result<(), Broken> {
        self.fragments = self.fragments.saturating_add(1);
        if self.fragments > self.fragment_limit {
            return Err((Rule::TooManyFragments, u64::from(self.fragments)));
        }
        self.announced = self.announced.saturating_add(payload_len);
        if self.announced > self.message_limit {
            return Err((Rule::MessageTooBig, self.announced));
        }
        Ok(())
    }

    /// Passes over what is left of the message in progress.
    pub(crate) fn ignore_rest(&mut self) {
        self.ignored = true;
    }

    /// Takes the next piece of payload, and with `last` ends the message. The piece is unmasked.
    ///
    /// The content may be good and yet the message broken behind it.
    pub(crate) fn take<'a>(
        &mut self,
        piece: &'a mut [u8],
        mask: Mask,
        last: bool,
    ) -> (Content<'a>, Result<(), Broken>) {
        let Some(kind) = self.kind else { return (Content::None, Ok(())) };
        //= https://www.rfc-editor.org/rfc/rfc6455#section-6.2
        //# Subsequent data frames MUST be interpreted as belonging to a new WebSocket message.
        if last {
            self.kind = None;
        }
        if self.ignored {
            self.pass_over(piece, mask, last);
            return (Content::None, Ok(()));
        }
        if self.is_streamed() {
            self.text.clear();
            self.bytes.clear();
        }
        let (content, mut result) = if self.compressed {
            apply_mask(piece, mask);
            self.take_compressed(kind, piece, last)
        } else {
            //= https://www.rfc-editor.org/rfc/rfc7692#section-6.2
            //# An endpoint MUST use the following algorithm to receive a message in the form of an
            //# uncompressed message.
            match kind {
                Kind::Text => self.take_text(piece, mask),
                Kind::Binary => (self.take_binary(piece, mask), Ok(())),
            }
        };
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.6
        //# Note that a particular text frame might include a partial UTF-8 sequence; however, the
        //# whole message MUST contain valid UTF-8.
        if last && kind == Kind::Text && result.is_ok() && !self.utf8.is_complete() {
            result = Err((Rule::TextNotUtf8, self.utf8.whole_len()));
        }
        let ready = last && result.is_ok() || self.is_streamed() && !self.is_empty(&content);
        (if ready { content } else { Content::None }, result)
    }

    /// Inflates what is of no interest: messages that follow refer back to it.
    fn pass_over(&mut self, piece: &mut [u8], mask: Mask, last: bool) {
        if self.compressed && !self.undecipherable {
            apply_mask(piece, mask);
            self.bytes.clear();
            self.undecipherable = self.inflate(piece, last).is_err();
        }
    }

    fn is_empty(&self, content: &Content<'_>) -> bool {
        match content {
            Content::None => true,
            Content::Text(text) => text.is_empty(),
            Content::Binary(bytes) => bytes.is_empty(),
            Content::StoredText => self.text.is_empty(),
            Content::StoredBinary => self.bytes().is_empty(),
        }
    }

    fn take_binary<'a>(&mut self, piece: &'a mut [u8], mask: Mask) -> Content<'a> {
        self.content += piece.len() as u64;
        if self.is_streamed() {
            apply_mask(piece, mask);
            return Content::Binary(piece);
        }
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.4
        //# Message fragments MUST be delivered to the recipient in the order sent by the sender.
        let room = self.room(self.bytes.len(), self.bytes.capacity(), piece.len());
        self.bytes.reserve_exact(room);
        append_masked(&mut self.bytes, piece, mask);
        Content::StoredBinary
    }

    /// How much to reserve for `more` bytes behind `len`, if they do not fit.
    ///
    /// A header alone reserves nothing, since it costs a peer nothing. But it says how far it is worth
    /// growing: up to four times what has arrived, so that a message of 1 MiB that comes in reads of
    /// 16 KiB is moved three times and not six. Where the message before it was given away, up to what
    /// that one took is reserved at once: so much the connection would have kept had it been lent. What
    /// further fragments announce is only a part of the rest: there room doubles at least.
    #[inline]
    fn room(&self, len: usize, capacity: usize, more: usize) -> usize {
        if capacity - len >= more {
            return 0;
        }
        let arrived = len + more;
        let announced = usize::try_from(self.announced).unwrap_or(usize::MAX);
        let most = arrived.saturating_mul(4).max(self.given);
        let worthwhile = announced.clamp(arrived, most);
        let least = if self.fragments > 1 { capacity.saturating_mul(2) } else { 0 };
        worthwhile.max(least) - len
    }

    //= https://www.rfc-editor.org/rfc/rfc6455#section-8.1
    //# When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not,
    //# in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_.
    fn take_text<'a>(
        &mut self,
        piece: &'a mut [u8],
        mask: Mask,
    ) -> (Content<'a>, Result<(), Broken>) {
        let (content, result) = if self.is_streamed() && self.utf8.is_complete() {
            let (text, result) = self.utf8.lend(piece, mask);
            (Content::Text(text), result)
        } else {
            let room = self.room(self.text.len(), self.text.capacity(), piece.len());
            self.text.reserve_exact(room);
            (Content::StoredText, self.utf8.append(piece, mask, &mut self.text))
        };
        self.content = self.utf8.whole_len();
        (content, result.map_err(|NotUtf8| (Rule::TextNotUtf8, self.content)))
    }

    //= https://www.rfc-editor.org/rfc/rfc7692#section-6.2
    //# An endpoint MUST use the following algorithm to receive a message in the form of a
    //# compressed message.
    fn take_compressed<'a>(
        &mut self,
        kind: Kind,
        piece: &[u8],
        last: bool,
    ) -> (Content<'a>, Result<(), Broken>) {
        // What was inflated before a fault came before it, and its own fault is the first: so the cut
        // does not matter.
        let inflated = self.inflate(piece, last);
        self.undecipherable = inflated.is_err();
        match kind {
            Kind::Binary => (Content::StoredBinary, inflated),
            Kind::Text => {
                let text = &mut self.text;
                let checked = self.utf8.append(&self.bytes, Mask::NONE, text);
                self.bytes.clear();
                let at = self.utf8.whole_len();
                let checked = checked.map_err(|NotUtf8| (Rule::TextNotUtf8, at));
                (Content::StoredText, checked.and(inflated))
            }
        }
    }

    /// Inflates a piece behind the bytes that are there.
    fn inflate(&mut self, piece: &[u8], last: bool) -> Result<(), Broken> {
        let Some(inflation) = &mut self.inflation else { return Ok(()) };
        let had = self.bytes.len();
        let left = usize::try_from(self.message_limit - self.content).unwrap_or(usize::MAX);
        let limit = had.saturating_add(left);
        let mut result = inflation.inflate(piece, &mut self.bytes, limit);
        if last && result.is_ok() {
            result = inflation.finish(&mut self.bytes, limit);
        }
        self.content += (self.bytes.len() - had) as u64;
        result.map_err(|error| match error {
            InflateError::Invalid => (Rule::DeflateInvalid, self.content),
            InflateError::TooBig => (Rule::InflatedTooBig, self.content),
        })
    }

    pub(crate) fn inflation(&self) -> Option<&Inflation> {
        self.inflation.as_deref()
    }

    pub(crate) fn inflation_mut(&mut self) -> Option<&mut Inflation> {
        self.inflation.as_deref_mut()
    }

    /// Gives back what a large message needed.
    pub(crate) fn shrink(&mut self) {
        if !self.in_message() {
            self.bytes = Vec::new();
            self.text = String::new();
            self.given = 0;
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let inflation = self.inflation.as_ref();
        self.bytes.capacity()
            + self.text.capacity()
            + inflation.map_or(0, |inflation| size_of::<Inflation>() + inflation.heap_bytes())
    }
}
