//! The inbound side of one connection between two reads.
//!
//! Owns what must be remembered from one chunk to the next: the frame that a cut went through, the
//! message in progress, the rates. Knows nothing of this end's answers.

use super::assembly::{Assembly, Content};
use super::tap::{Attached, Place};
use crate::config::{Config, Delivery};
use crate::deflate::Inflation;
use crate::error::{Rule, Violation};
use crate::event::{Data, OwnedEvent};
use crate::frame::close;
use crate::frame::decoder::{Broken, Decoder};
use crate::frame::header::{FrameHeader, RSV1};
use crate::frame::opcode::Opcode;
use crate::kernels::{Mask, append_masked, append_text, apply_mask, unmask_text};
use crate::outbound::message::Kind;
use crate::rate::Bucket;
use crate::role::Role;
use crate::time::Instant;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem::size_of;
use core::ops::ControlFlow;

/// While inflated pieces are handed out as they come, so much compressed input is taken at a time:
/// DEFLATE expands at most 1032 times, so a piece stays below 264 KiB.
const STREAMED_INPUT: usize = 256;

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) decoder: Decoder,
    pub(crate) assembly: Assembly,
    /// The frame whose payload comes next.
    pub(crate) frame: Option<Frame>,
    /// The payload of a control frame that a cut went through.
    pub(crate) control: Vec<u8>,
    /// A rule was broken; it is announced next.
    pub(crate) failure: Option<Violation>,
    /// Whether messages may be lent without further ado: whole, unobserved, at any rate.
    may_lend: bool,
    /// Whether the next one may: the stream stands between two frames, and in no message.
    lends: bool,
    pub(crate) tap: Option<Box<Attached>>,
    rates: Option<Box<Rates>>,
}

/// A frame whose header was taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    pub(crate) offset: u64,
    pub(crate) opcode: Opcode,
    pub(crate) fin: bool,
    /// The mask of the next byte.
    mask: Mask,
    remaining: u64,
    /// Bytes of its message before it.
    content_before: u64,
    /// The payload is only looked at: it belongs to no message.
    pub(crate) skipped: bool,
}

#[derive(Debug)]
struct Rates {
    messages: Option<Bucket>,
    bytes: Option<Bucket>,
}

impl Receiver {
    pub(crate) fn new(
        role: Role,
        config: &Config,
        inflation: Option<Inflation>,
        now: Instant,
    ) -> Self {
        let limits = &config.limits;
        let bucket = |rate: Option<_>| rate.map(|rate| Bucket::new(rate, now));
        let rates = Rates {
            messages: bucket(limits.messages_per_second),
            bytes: bucket(limits.bytes_per_second),
        };
        let limited = rates.messages.is_some() || rates.bytes.is_some();
        let may_lend = config.delivery == Delivery::Whole && !limited && limits.fragments > 0;
        Self {
            decoder: Decoder::new(role, inflation.is_some(), limits),
            assembly: Assembly::new(config.delivery, limits, inflation),
            frame: None,
            control: Vec::new(),
            failure: None,
            may_lend,
            lends: may_lend,
            tap: None,
            rates: limited.then(|| Box::new(rates)),
        }
    }

    pub(crate) fn attach(&mut self, attached: Attached) {
        self.decoder.set_eager(!attached.lenient);
        self.stop_lending();
        self.tap = Some(Box::new(attached));
    }

    /// Judges a header in its place. Returns whether its payload belongs to no message: a lenient tap
    /// passes over what is broken.
    #[inline]
    pub(crate) fn judge(&mut self, header: &FrameHeader, now: Instant) -> Result<bool, Broken> {
        let mut skipped = false;
        if self.tap.is_some() {
            skipped = self.show_header(header)?;
        } else {
            let in_message = self.assembly.in_message();
            let flow = self.decoder.check(header, in_message, ControlFlow::Break);
            if let ControlFlow::Break(broken) = flow {
                return Err(broken);
            }
        }
        if self.rates.is_some() {
            self.charge(header, now)?;
        }
        Ok(skipped)
    }

    /// Takes a message that lies whole, in one frame and uncompressed, at the front of the chunk: by
    /// far the most frequent case, for which nothing needs to be remembered.
    #[inline(always)]
    pub(crate) fn lend<'a>(&mut self, chunk: &mut &'a mut [u8]) -> Option<Data<'a>> {
        let offset = self.decoder.offset();
        let (kind, payload, mask) = self.lone_message(chunk)?;
        match kind {
            Kind::Binary => {
                apply_mask(payload, mask);
                Some(Data::Binary(payload))
            }
            Kind::Text => match unmask_text(payload, mask) {
                Ok(text) => Some(Data::Text(text)),
                Err(valid) => self.text_broken(valid, offset),
            },
        }
    }

    /// Takes such a message as a value of its own: unmasked while it is copied.
    #[inline(always)]
    pub(crate) fn own(&mut self, chunk: &mut &mut [u8]) -> Option<OwnedEvent<'static>> {
        let offset = self.decoder.offset();
        let (kind, payload, mask) = self.lone_message(chunk)?;
        match kind {
            Kind::Binary => {
                let mut bytes = Vec::with_capacity(payload.len());
                append_masked(&mut bytes, payload, mask);
                Some(OwnedEvent::Binary(bytes))
            }
            Kind::Text => {
                let mut text = String::with_capacity(payload.len());
                if append_text(&mut text, payload, mask) {
                    Some(OwnedEvent::Text(text))
                } else {
                    self.text_broken(&text, offset)
                }
            }
        }
    }

    #[inline(always)]
    fn lone_message<'a>(&mut self, chunk: &mut &'a mut [u8]) -> Option<(Kind, &'a mut [u8], Mask)> {
        if self.lends { self.decoder.lone_message(chunk) } else { None }
    }

    /// Notes where the stream stands now. To be called after anything but a lone message was taken.
    pub(crate) fn settle(&mut self) {
        self.lends = self.may_lend
            && self.frame.is_none()
            && !self.assembly.in_message()
            && self.decoder.is_between_frames();
    }

    /// Notes that the text of the frame at `offset` is none behind `valid`.
    #[cold]
    fn text_broken<T>(&mut self, valid: &str, offset: u64) -> Option<T> {
        let found = valid.len() as u64;
        self.failure = Some(Violation { rule: Rule::TextNotUtf8, found, offset });
        None
    }

    /// Nothing is lent behind what ends the connection.
    pub(crate) fn stop_lending(&mut self) {
        self.may_lend = false;
        self.lends = false;
    }

    /// Whether a close frame begins at the front of the chunk.
    pub(crate) fn close_is_next(&self, chunk: &[u8]) -> bool {
        self.frame.is_none() && self.decoder.is_next(Opcode::Close, chunk)
    }

    /// Makes the frame of a header the current one.
    pub(crate) fn open(&mut self, header: &FrameHeader, skipped: bool) -> Result<(), Broken> {
        let opcode = header.opcode().unwrap_or(Opcode::Continuation);
        if opcode.is_control() {
            self.control.clear();
        } else if !skipped {
            self.open_data(header, opcode)?;
        }
        if let Some(attached) = &mut self.tap {
            attached.tap.place(match opcode {
                _ if skipped => Place::PassedOver,
                Opcode::Close | Opcode::Ping | Opcode::Pong => Place::Control,
                Opcode::Continuation | Opcode::Text | Opcode::Binary => Place::Message {
                    first: opcode != Opcode::Continuation,
                    last: header.fin(),
                    compressed: self.assembly.is_compressed(),
                },
            });
        }
        self.frame = Some(Frame {
            offset: header.offset,
            opcode,
            fin: header.fin(),
            //= https://www.rfc-editor.org/rfc/rfc6455#section-6.2
            //# A server MUST remove masking for data frames received from a client as described in
            //# Section 5.3.
            mask: header.mask.map_or(Mask::NONE, Mask::new),
            remaining: header.payload_len,
            content_before: self.assembly.content_len(),
            skipped,
        });
        Ok(())
    }

    /// Admits a data frame to its message.
    fn open_data(&mut self, header: &FrameHeader, opcode: Opcode) -> Result<(), Broken> {
        let kind = match opcode {
            Opcode::Text => Some(Kind::Text),
            Opcode::Binary => Some(Kind::Binary),
            Opcode::Continuation | Opcode::Close | Opcode::Ping | Opcode::Pong => None,
        };
        if let Some(kind) = kind {
            self.assembly.begin(kind, header.first & RSV1 != 0);
        }
        if let Err(broken) = self.assembly.admit(header.payload_len) {
            self.object(header.offset, broken)?;
            self.assembly.ignore_rest();
        }
        Ok(())
    }

    /// Takes the next piece of the current frame's payload off the chunk, masked as it is; `None` when
    /// the chunk is used up before.
    #[inline]
    pub(crate) fn payload<'a>(&mut self, chunk: &mut &'a mut [u8]) -> Option<Piece<'a>> {
        let frame = self.frame.as_mut()?;
        let mut len = chunk.len();
        if self.assembly.is_streamed() && self.assembly.is_compressed() {
            len = len.min(STREAMED_INPUT);
        }
        let len = usize::try_from(frame.remaining).map_or(len, |remaining| len.min(remaining));
        if len == 0 && frame.remaining != 0 {
            return None;
        }
        let mask = frame.mask;
        frame.mask = mask.advance(len);
        frame.remaining -= len as u64;
        let frame = *frame;
        let complete = frame.remaining == 0;
        if complete {
            self.frame = None;
        }
        let bytes = self.decoder.consume(chunk, len);
        let mut piece = Piece { frame, bytes, mask, complete };
        if let Some(attached) = &mut self.tap {
            apply_mask(piece.bytes, mask);
            piece.mask = Mask::NONE;
            attached.tap.payload(piece.bytes);
        }
        Some(piece)
    }

    /// Adds a piece to the message in progress.
    #[inline]
    pub(crate) fn take_data<'a>(
        &mut self,
        piece: Piece<'a>,
    ) -> (Content<'a>, bool, Result<(), Broken>) {
        let Piece { frame, bytes, mask, complete } = piece;
        let mut last = complete && frame.fin;
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.4
        //# Clients and servers MUST support receiving both fragmented and unfragmented messages.
        let (mut content, mut result) = self.assembly.take(bytes, mask, last);
        if let Err(broken) = result {
            result = self.object(frame.offset, broken);
            last = false;
            if result.is_ok() {
                self.assembly.ignore_rest();
            }
            if !self.assembly.is_streamed() {
                content = Content::None;
            }
        }
        if complete {
            self.close_frame(frame.content_before);
        }
        (content, last, result)
    }

    /// Gathers the payload of a control frame, and judges it once it is complete: in the chunk, if it
    /// lies there whole, else in `self.control`.
    pub(crate) fn take_control<'a>(
        &mut self,
        piece: Piece<'a>,
    ) -> Result<ControlPayload<'a>, Broken> {
        let Piece { frame, bytes, mask, complete } = piece;
        apply_mask(bytes, mask);
        if !complete || !self.control.is_empty() {
            self.control.extend_from_slice(bytes);
        }
        if !complete {
            return Ok(ControlPayload::Incomplete);
        }
        let lent = self.control.is_empty();
        if frame.opcode == Opcode::Close {
            let payload = if lent { &*bytes } else { &*self.control };
            if let Err(broken) = close::parse(payload) {
                self.object(frame.offset, broken)?;
            }
        }
        self.close_frame(frame.content_before);
        Ok(if lent { ControlPayload::Lent(bytes) } else { ControlPayload::Stored })
    }

    /// Passes over a piece that belongs to no message.
    pub(crate) fn skip(&mut self, piece: &Piece<'_>) {
        if piece.complete {
            self.close_frame(self.assembly.content_len());
        }
    }

    /// Tells the tap that a frame is complete.
    #[inline]
    fn close_frame(&mut self, content_before: u64) {
        if let Some(attached) = &mut self.tap {
            attached.tap.end(self.assembly.content_len().saturating_sub(content_before));
        }
    }

    /// Objects to a broken rule: an error, unless a lenient tap takes note of it instead.
    pub(crate) fn object(&mut self, offset: u64, broken: Broken) -> Result<(), Broken> {
        let Some(attached) = &mut self.tap else { return Err(broken) };
        let (rule, found) = broken;
        attached.tap.violation(&Violation { rule, found, offset });
        if attached.lenient { Ok(()) } else { Err(broken) }
    }

    /// Shows a header to the tap, with every rule that it breaks. Returns whether a lenient tap must
    /// keep its payload away from the message in progress.
    #[cold]
    fn show_header(&mut self, header: &FrameHeader) -> Result<bool, Broken> {
        let Some(attached) = &mut self.tap else { return Ok(false) };
        let Attached { tap, lenient } = &mut **attached;
        tap.header(header);
        let mut skipped = false;
        let in_message = self.assembly.in_message();
        let flow = self.decoder.check(header, in_message, |(rule, found)| {
            tap.violation(&Violation { rule, found, offset: header.offset });
            skipped |=
                !matches!(rule, Rule::MaskMissing | Rule::MaskUnexpected | Rule::LengthNotMinimal);
            if *lenient { ControlFlow::Continue(()) } else { ControlFlow::Break((rule, found)) }
        });
        match flow {
            ControlFlow::Break(broken) => Err(broken),
            ControlFlow::Continue(()) => Ok(skipped),
        }
    }

    /// Charges a frame, and with its first frame a message, to the token buckets.
    #[cold]
    fn charge(&mut self, header: &FrameHeader, now: Instant) -> Result<(), Broken> {
        let Some(rates) = &mut self.rates else { return Ok(()) };
        let bytes = header.payload_len.saturating_add(u64::from(header.header_len));
        if rates.bytes.as_mut().is_some_and(|bucket| !bucket.take(bytes, now)) {
            return self.object(header.offset, (Rule::TooManyBytes, bytes));
        }
        let begins = matches!(header.opcode(), Some(Opcode::Text | Opcode::Binary));
        if begins && rates.messages.as_mut().is_some_and(|bucket| !bucket.take(1, now)) {
            return self.object(header.offset, (Rule::TooManyMessages, 1));
        }
        Ok(())
    }

    /// Gives back what a burst needed.
    pub(crate) fn shrink(&mut self) {
        self.assembly.shrink();
        if self.frame.is_none() {
            self.control = Vec::new();
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.assembly.heap_bytes()
            + self.control.capacity()
            + self.rates.as_ref().map_or(0, |_| size_of::<Rates>())
            + self.tap.as_ref().map_or(0, |_| size_of::<Attached>())
    }
}

/// Consecutive bytes of one frame's payload.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    pub(crate) frame: Frame,
    pub(crate) bytes: &'a mut [u8],
    pub(crate) mask: Mask,
    /// Whether they end the frame.
    pub(crate) complete: bool,
}

/// Where the payload of a control frame is.
#[derive(Debug)]
pub(crate) enum ControlPayload<'a> {
    Incomplete,
    Lent(&'a [u8]),
    Stored,
}
