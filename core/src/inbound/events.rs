//! What a chunk of bytes means, one event at a time.
//!
//! Owns the loop from bytes to events, and the answers that the protocol prescribes: pongs, the
//! peer's close, the failure of the connection. Knows nothing of where the chunk came from.

use super::assembly::Content;
use super::receiver::{ControlPayload, Piece, Receiver};
use crate::error::Violation;
use crate::event::{Data, Ended, Event, OwnedEvent};
use crate::frame::close;
use crate::frame::decoder::Broken;
use crate::frame::opcode::Opcode;
use crate::outbound::sender::Sender;

/// The events of one input, handed out one by one.
///
/// It borrows the connection; each event comes with the [`Sender`], so it can be answered at once.
/// Take events until [`next`](Self::next) returns `None`. To stop before that (to pause a fast peer),
/// keep the bytes that [`into_rest`](Self::into_rest) returns and bring them again later.
#[derive(Debug)]
pub struct Events<'c, 'b> {
    receiver: &'c mut Receiver,
    sender: &'c mut Sender,
    chunk: &'b mut [u8],
    /// What ends the conversation is not handed out.
    holds: bool,
}

/// What happened, before it is known where its payload is borrowed from.
enum Step<'b> {
    Data { content: Content<'b>, last: bool },
    Control { opcode: Opcode, payload: ControlPayload<'b> },
    Failed(Violation),
    Ended(Ended),
}

impl<'c, 'b> Events<'c, 'b> {
    pub(crate) fn new(
        receiver: &'c mut Receiver,
        sender: &'c mut Sender,
        chunk: &'b mut [u8],
    ) -> Self {
        Self { receiver, sender, chunk, holds: false }
    }

    /// The next event, and the sender to answer it with. `None` when the input is used up.
    #[inline]
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend from itself")]
    pub fn next(&mut self) -> Option<(Event<'_>, &mut Sender)> {
        // Two ways, so that the frequent one is inlined into the caller's match: an event that passes
        // through memory costs more than decoding it.
        if let Some(event) = self.lend() {
            return Some((event, self.sender));
        }
        self.decode()
    }

    /// The next event, with the content of a whole message as a value of your own.
    ///
    /// What the connection had gathered is handed over without a copy; what lies whole in the chunk is
    /// copied once, while it is unmasked. Use it where you would copy every message anyway: into a
    /// channel, or to another thread.
    #[inline]
    pub fn next_owned(&mut self) -> Option<(OwnedEvent<'_>, &mut Sender)> {
        if self.sender.state.is_receiving()
            && let Some(event) = self.receiver.own(&mut self.chunk)
        {
            self.sender.last_message = self.sender.now;
            return Some((event, self.sender));
        }
        self.decode_owned(0)
    }

    /// The next event, in which only a message of at least `least` bytes that the connection had gathered
    /// becomes a value of your own. All else is lent, and messages too are then
    /// [`Other`](OwnedEvent::Other).
    ///
    /// Use it where chunks live as long as what is lent from them, and small messages are cheaper to copy
    /// than to own.
    #[inline]
    pub fn next_owned_from(&mut self, least: usize) -> Option<(OwnedEvent<'_>, &mut Sender)> {
        if let Some(event) = self.lend() {
            return Some((OwnedEvent::Other(event), self.sender));
        }
        self.decode_owned(least)
    }

    /// From now on no event is handed out that ends the conversation: neither the peer's close nor a
    /// violation, both of which are answered with a close frame. What is held comes with the next input,
    /// for which no bytes will do.
    ///
    /// A host that takes events in batches and hands them out later calls this behind the first message
    /// of a batch: so answers to messages still go out in front of that close frame.
    pub fn hold_end(&mut self) {
        self.holds = true;
    }

    /// Whether the end is next, and [held](Self::hold_end) if that was asked for.
    pub fn is_before_end(&self) -> bool {
        self.receiver.failure.is_some() || self.receiver.close_is_next(self.chunk)
    }

    /// The bytes of the chunk that no event was taken from yet.
    ///
    /// Only of use after [`receive_in`](crate::Connection::receive_in); in its own buffer the
    /// connection keeps them itself.
    pub fn into_rest(self) -> &'b mut [u8] {
        self.chunk
    }

    /// The next message, if it lies whole at the front of the chunk and nothing is special about it.
    // Inlined at every call, however many there are: returned through memory, the event would cost twice
    // what decoding it costs.
    #[inline(always)]
    fn lend(&mut self) -> Option<Event<'b>> {
        if !self.sender.state.is_receiving() {
            return None;
        }
        let event = match self.receiver.lend(&mut self.chunk)? {
            Data::Text(text) => Event::Text(text),
            Data::Binary(bytes) => Event::Binary(bytes),
        };
        self.sender.last_message = self.sender.now;
        Some(event)
    }

    /// The next event, whatever it is.
    #[inline(never)]
    fn decode(&mut self) -> Option<(Event<'_>, &mut Sender)> {
        let step = self.step()?;
        Some((event(step, self.receiver, self.sender), self.sender))
    }

    #[inline(never)]
    fn decode_owned(&mut self, least: usize) -> Option<(OwnedEvent<'_>, &mut Sender)> {
        let step = self.step()?;
        let assembly = &mut self.receiver.assembly;
        let gives = |len: usize| len >= least && !assembly.is_streamed();
        let owned = match step {
            Step::Data { content: Content::StoredText, .. } if gives(assembly.text().len()) => {
                OwnedEvent::Text(assembly.give_text())
            }
            Step::Data { content: Content::StoredBinary, .. } if gives(assembly.bytes().len()) => {
                OwnedEvent::Binary(assembly.give_bytes())
            }
            step => OwnedEvent::Other(event(step, self.receiver, self.sender)),
        };
        Some((owned, self.sender))
    }

    /// Decodes up to the next event.
    #[inline]
    fn step(&mut self) -> Option<Step<'b>> {
        let step = self.decode_step();
        self.receiver.settle();
        step
    }

    #[inline]
    fn decode_step(&mut self) -> Option<Step<'b>> {
        loop {
            if self.holds && self.is_before_end() {
                self.receiver.stop_lending();
                return None;
            }
            if !self.sender.state.is_receiving() || self.receiver.failure.is_some() {
                return self.finish();
            }
            if self.receiver.frame.is_none() {
                let in_message = self.receiver.assembly.in_message();
                let header = self.receiver.decoder.header(&mut self.chunk, in_message)?;
                let skipped = match self.receiver.judge(&header, self.sender.now) {
                    Ok(skipped) => skipped,
                    Err(broken) => return self.fail(header.offset, broken),
                };
                if let Err(broken) = self.receiver.open(&header, skipped) {
                    return self.fail(header.offset, broken);
                }
            }
            let piece = self.receiver.payload(&mut self.chunk)?;
            if let Some(step) = self.take(piece) {
                return Some(step);
            }
        }
    }

    /// Takes a piece of payload to where it belongs.
    fn take(&mut self, piece: Piece<'b>) -> Option<Step<'b>> {
        let frame = piece.frame;
        if frame.skipped {
            self.receiver.skip(&piece);
            return None;
        }
        //= https://www.rfc-editor.org/rfc/rfc6455#section-5.4
        //# An endpoint MUST be capable of handling control frames in the middle of a fragmented
        //# message.
        if frame.opcode.is_control() {
            return match self.receiver.take_control(piece) {
                Ok(ControlPayload::Incomplete) => None,
                Ok(payload) => Some(Step::Control { opcode: frame.opcode, payload }),
                Err(broken) => self.fail(frame.offset, broken),
            };
        }
        let (content, last, result) = self.receiver.take_data(piece);
        match result {
            Ok(()) => self.hand_out(content, last),
            Err(broken) => self.fail_behind(content, frame.offset, broken),
        }
    }

    /// Turns what a payload contributed into the next step, if it is one.
    #[inline]
    fn hand_out(&mut self, content: Content<'b>, last: bool) -> Option<Step<'b>> {
        self.sender.last_message = self.sender.now;
        match content {
            Content::None => None,
            content => Some(Step::Data { content, last }),
        }
    }

    /// Fails the connection.
    #[cold]
    //= https://www.rfc-editor.org/rfc/rfc6455#section-10.7
    //# Incoming data MUST always be validated by both clients and servers.
    fn fail(&mut self, offset: u64, (rule, found): Broken) -> Option<Step<'b>> {
        let violation = Violation { rule, found, offset };
        if self.holds {
            self.receiver.failure = Some(violation);
            self.receiver.stop_lending();
            return None;
        }
        self.sender.fail(rule);
        Some(Step::Failed(violation))
    }

    /// Fails the connection behind content that was good and is handed out first, however the chunk
    /// was cut.
    #[cold]
    fn fail_behind(
        &mut self,
        content: Content<'b>,
        offset: u64,
        broken: Broken,
    ) -> Option<Step<'b>> {
        if !self.receiver.assembly.is_streamed() || matches!(content, Content::None) {
            return self.fail(offset, broken);
        }
        let (rule, found) = broken;
        self.receiver.failure = Some(Violation { rule, found, offset });
        Some(Step::Data { content, last: false })
    }

    /// What is left to say when nothing more is decoded.
    #[cold]
    fn finish(&mut self) -> Option<Step<'b>> {
        if let Some(violation) = self.receiver.failure.take() {
            self.sender.fail(violation.rule);
            return Some(Step::Failed(violation));
        }
        //= https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
        //# An endpoint MUST NOT continue to attempt to process data (including a responding Close
        //# frame) from the remote endpoint after being instructed to _Fail the WebSocket Connection_.
        let rest = self.chunk.len();
        self.receiver.decoder.consume(&mut self.chunk, rest);
        self.sender.state.take_announcement().map(Step::Ended)
    }
}

/// A step as the user sees it, with its payload where it lies.
#[inline]
fn event<'e>(step: Step<'e>, receiver: &'e Receiver, sender: &mut Sender) -> Event<'e> {
    let assembly = &receiver.assembly;
    match step {
        Step::Data { content, last } => {
            let data = match content {
                Content::Text(text) => Data::Text(text),
                Content::Binary(bytes) => Data::Binary(bytes),
                Content::StoredText => Data::Text(assembly.text()),
                Content::StoredBinary | Content::None => Data::Binary(assembly.bytes()),
            };
            match data {
                _ if assembly.is_streamed() => Event::Chunk { data, last },
                Data::Text(text) => Event::Text(text),
                Data::Binary(bytes) => Event::Binary(bytes),
            }
        }
        Step::Control { opcode, payload } => {
            let payload = match payload {
                ControlPayload::Lent(bytes) => bytes,
                ControlPayload::Stored | ControlPayload::Incomplete => &receiver.control,
            };
            control_event(sender, opcode, payload)
        }
        Step::Failed(violation) => Event::Failed(violation),
        Step::Ended(ended) => Event::Ended(ended),
    }
}

//= https://www.rfc-editor.org/rfc/rfc6455#section-6.2
//# If a control frame (Section 5.5) is received, the frame MUST be handled as defined by Section
//# 5.5.
/// The event of a control frame, which is answered here.
fn control_event<'e>(sender: &mut Sender, opcode: Opcode, payload: &'e [u8]) -> Event<'e> {
    match opcode {
        Opcode::Ping => {
            //= https://www.rfc-editor.org/rfc/rfc6455#section-5.5.2
            //# It SHOULD respond with Pong frame as soon as is practical.
            sender.answer_ping(payload);
            Event::Ping(payload)
        }
        Opcode::Pong => {
            let rtt = sender.heartbeat.ponged(payload, sender.now);
            Event::Pong { payload, rtt }
        }
        _ => {
            let (code, reason) = close::parse(payload).unwrap_or((None, ""));
            sender.close_received(code);
            Event::Close { code, reason }
        }
    }
}
