//! Polywire: events lent from the reader's chunk or from the connection's own buffer, and the same
//! with every payload copied out, as the rivals hand them out.

use std::{hint::black_box, sync::Arc};

use polywire::{
    Config, Connection, Event, Events, Instant, Limits, Message, OwnedEvent, Role,
    handshake::Agreement,
};

use super::{Class, Decode, Encode, Given, Incoming, MAX_MESSAGE, Outgoing};
use crate::{corpus::Tally, pipe::Source};

/// Time does not pass: no deadline is due in a benchmark.
const NOW: Instant = Instant::ZERO;

pub fn connection(role: Role) -> Connection {
    let limits = Limits {
        frame_size: MAX_MESSAGE as u64,
        message_size: MAX_MESSAGE as u64,
        send_queue: 4 * MAX_MESSAGE,
        ..Limits::default()
    };
    let config = Config { limits, ..Config::default() };
    Connection::new(role, Arc::new(config), &Agreement::default(), [7; 32], NOW)
}

/// How payloads reach the application.
#[derive(Clone, Copy)]
enum Handing {
    Lent,
    Owned,
}

#[inline]
fn drain(mut events: Events<'_, '_>, handing: Handing, tally: &mut Tally) {
    match handing {
        Handing::Lent => {
            while let Some((event, _)) = events.next() {
                match event {
                    Event::Text(text) => tally.text(text),
                    Event::Binary(bytes) => tally.binary(bytes),
                    event => unreachable!("the stream holds valid data only, not {event:?}"),
                }
            }
        }
        Handing::Owned => {
            while let Some((event, _)) = events.next_owned() {
                match event {
                    OwnedEvent::Text(text) => tally.text(&black_box(text)),
                    OwnedEvent::Binary(bytes) => tally.binary(&black_box(bytes)),
                    event => unreachable!("the stream holds valid data only, not {event:?}"),
                }
            }
        }
    }
}

/// Reads into a chunk of the host's, which all its connections can share.
pub struct Decoder {
    source: Source,
    connection: Connection,
    chunk: Vec<u8>,
}

impl Decoder {
    pub fn new(incoming: &Incoming) -> Self {
        Self {
            source: incoming.source(),
            connection: connection(Role::Server),
            chunk: vec![0; incoming.read],
        }
    }
}

impl Decode for Decoder {
    fn name(&self) -> &'static str {
        "polywire"
    }

    fn class(&self) -> Class {
        Class::Polywire
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        loop {
            let count = self.source.read_into(&mut self.chunk);
            if count == 0 {
                return tally;
            }
            let events = self.connection.receive_in(&mut self.chunk[..count], NOW);
            drain(events, Handing::Lent, &mut tally);
        }
    }
}

/// Reads into the buffer of the connection, which chooses the size of the reads.
pub struct OwnBuffer {
    handing: Handing,
    source: Source,
    connection: Connection,
}

impl OwnBuffer {
    pub fn lent(incoming: &Incoming) -> Self {
        Self::new(Handing::Lent, incoming)
    }

    pub fn owned(incoming: &Incoming) -> Self {
        Self::new(Handing::Owned, incoming)
    }

    fn new(handing: Handing, incoming: &Incoming) -> Self {
        Self { handing, source: incoming.source(), connection: connection(Role::Server) }
    }
}

impl Decode for OwnBuffer {
    fn name(&self) -> &'static str {
        match self.handing {
            Handing::Lent => "polywire, its own buffer",
            Handing::Owned => "polywire, owned payloads",
        }
    }

    fn class(&self) -> Class {
        Class::Polywire
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        loop {
            let count = self.source.read_into(self.connection.receive_buffer());
            if count == 0 {
                return tally;
            }
            drain(self.connection.received(count, NOW), self.handing, &mut tally);
        }
    }
}

/// Sends payloads that are borrowed, given away, or shared.
pub struct Encoder {
    outgoing: Outgoing,
    connection: Connection,
    payloads: Payloads,
}

enum Payloads {
    Borrowed,
    /// Borrowed, and offered to the sink before it is queued.
    Through,
    Given(Given),
    Shared(Vec<Arc<[u8]>>),
}

impl Encoder {
    fn new(outgoing: &Outgoing, payloads: Payloads) -> Self {
        let role = if outgoing.client { Role::Client } else { Role::Server };
        Self { outgoing: outgoing.clone(), connection: connection(role), payloads }
    }

    pub fn borrowed(outgoing: &Outgoing) -> Self {
        Self::new(outgoing, Payloads::Borrowed)
    }

    pub fn through(outgoing: &Outgoing) -> Self {
        Self::new(outgoing, Payloads::Through)
    }

    pub fn given(outgoing: &Outgoing) -> Self {
        Self::new(outgoing, Payloads::Given(Given::default()))
    }

    pub fn shared(outgoing: &Outgoing) -> Self {
        let shared = outgoing.corpus.payloads.iter().map(|payload| payload.as_slice().into());
        Self::new(outgoing, Payloads::Shared(shared.collect()))
    }
}

/// Writes what is queued.
#[inline]
fn write(connection: &mut Connection, outgoing: &Outgoing) {
    let mut written = 0;
    for slice in connection.transmit() {
        outgoing.sink.take(slice);
        written += slice.len();
    }
    connection.transmitted(written);
}

/// Queues and writes burst by burst.
#[inline]
fn send<'a, M: Into<Message<'a>>>(
    connection: &mut Connection,
    outgoing: &Outgoing,
    messages: usize,
    mut turn: impl Iterator<Item = M>,
) {
    for burst in outgoing.bursts(messages) {
        let sender = connection.sender(NOW);
        for message in turn.by_ref().take(burst) {
            sender.send(message).expect("the queue has room");
        }
        write(connection, outgoing);
    }
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        match self.payloads {
            Payloads::Borrowed => "polywire",
            Payloads::Through => "polywire, written through",
            Payloads::Given(_) => "polywire, owned payload",
            Payloads::Shared(_) => "polywire, shared payload",
        }
    }

    fn class(&self) -> Class {
        Class::Polywire
    }

    fn payload(&self) -> &'static str {
        match (&self.payloads, self.outgoing.client) {
            (Payloads::Borrowed, false) => "borrowed, copied",
            (Payloads::Borrowed, true) => "borrowed, masked while copied",
            (Payloads::Through, false) => "borrowed, uncopied",
            (Payloads::Through, true) => "borrowed, masked while copied",
            (Payloads::Given(_), false) => "given away; from 1 KiB uncopied",
            (Payloads::Given(_), true) => "given away; from 1 KiB masked in place",
            (Payloads::Shared(_), false) => "shared `Arc`; from 1 KiB uncopied",
            (Payloads::Shared(_), true) => "shared `Arc`, masked while copied",
        }
    }

    fn gives_away(&self) -> bool {
        matches!(self.payloads, Payloads::Given(_))
    }

    fn prepare(&mut self, messages: usize) {
        if let Payloads::Given(given) = &mut self.payloads {
            given.prepare(&self.outgoing, messages);
        }
    }

    fn encode(&mut self, messages: usize) {
        let Self { outgoing, connection, payloads } = self;
        match payloads {
            Payloads::Borrowed => send(connection, outgoing, messages, outgoing.turn(messages)),
            Payloads::Through => {
                for payload in outgoing.turn(messages) {
                    let sender = connection.sender(NOW);
                    let sent = sender
                        .send_through(payload, |slices| outgoing.sink.take_vectored(slices));
                    sent.expect("the queue has room");
                }
            }
            Payloads::Given(given) => send(connection, outgoing, messages, given.take(messages)),
            Payloads::Shared(shared) => {
                let turn = shared.iter().cycle().cloned().map(Message::shared);
                send(connection, outgoing, messages, turn);
            }
        }
    }
}
