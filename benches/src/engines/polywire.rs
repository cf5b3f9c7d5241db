//! Polywire: events lent from the reader's chunk or from the connection's own buffer, and the same
//! with every payload copied out, as the rivals hand them out.

use std::{hint::black_box, sync::Arc};

use polywire::{
    Config, Connection, Event, Events, Instant, Limits, Message, Role, handshake::Agreement,
};

use super::{Class, Decode, Encode, Given, Incoming, MAX_MESSAGE, Outgoing};
use crate::{
    corpus::Tally,
    pipe::{READ, Source},
};

/// Time does not pass: no deadline is due in a benchmark.
const NOW: Instant = Instant::ZERO;

pub fn connection(role: Role) -> Connection {
    let limits = Limits {
        frame_size: MAX_MESSAGE as u64,
        message_size: MAX_MESSAGE as u64,
        send_queue: 2 * MAX_MESSAGE,
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
fn drain(mut events: Events<'_>, handing: Handing, tally: &mut Tally) {
    while let Some((event, _)) = events.next() {
        match (event, handing) {
            (Event::Text(text), Handing::Lent) => tally.text(text),
            (Event::Binary(bytes), Handing::Lent) => tally.binary(bytes),
            (Event::Text(text), Handing::Owned) => tally.text(&black_box(text.to_owned())),
            (Event::Binary(bytes), Handing::Owned) => tally.binary(&black_box(bytes.to_owned())),
            (event, _) => unreachable!("the stream holds valid data only, not {event:?}"),
        }
    }
}

/// Reads into a chunk of the host's, which all its connections can share.
pub struct Decoder {
    name: &'static str,
    handing: Handing,
    source: Source,
    connection: Connection,
    chunk: Vec<u8>,
}

impl Decoder {
    fn new(name: &'static str, handing: Handing, incoming: &Incoming) -> Self {
        Self {
            name,
            handing,
            source: incoming.source(),
            connection: connection(Role::Server),
            chunk: vec![0; READ],
        }
    }

    pub fn lent(incoming: &Incoming) -> Self {
        Self::new("polywire", Handing::Lent, incoming)
    }

    pub fn owned(incoming: &Incoming) -> Self {
        Self::new("polywire, owned payloads", Handing::Owned, incoming)
    }
}

impl Decode for Decoder {
    fn name(&self) -> &'static str {
        self.name
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
            drain(events, self.handing, &mut tally);
        }
    }
}

/// Reads into the buffer of the connection.
pub struct OwnBuffer {
    source: Source,
    connection: Connection,
}

impl OwnBuffer {
    pub fn new(incoming: &Incoming) -> Self {
        Self { source: incoming.source(), connection: connection(Role::Server) }
    }
}

impl Decode for OwnBuffer {
    fn name(&self) -> &'static str {
        "polywire, its own buffer"
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
            drain(self.connection.received(count, NOW), Handing::Lent, &mut tally);
        }
    }
}

/// Sends borrowed payloads, which are copied into the queue, or payloads given away.
pub struct Encoder {
    outgoing: Outgoing,
    connection: Connection,
    given: Option<Given>,
}

impl Encoder {
    fn new(outgoing: &Outgoing, given: Option<Given>) -> Self {
        let role = if outgoing.client { Role::Client } else { Role::Server };
        Self { outgoing: outgoing.clone(), connection: connection(role), given }
    }

    pub fn borrowed(outgoing: &Outgoing) -> Self {
        Self::new(outgoing, None)
    }

    pub fn owned(outgoing: &Outgoing) -> Self {
        Self::new(outgoing, Some(Given::default()))
    }
}

/// Queues one message and writes what is queued.
#[inline]
fn send<'a>(connection: &mut Connection, outgoing: &Outgoing, message: impl Into<Message<'a>>) {
    let sender = connection.sender(NOW);
    sender.send(message).expect("the queue is empty");
    let mut written = 0;
    for slice in sender.transmit() {
        outgoing.sink.take(slice);
        written += slice.len();
    }
    sender.transmitted(written);
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        if self.given.is_some() { "polywire, owned payload" } else { "polywire" }
    }

    fn class(&self) -> Class {
        Class::Polywire
    }

    fn payload(&self) -> &'static str {
        match (self.given.is_some(), self.outgoing.client) {
            (false, false) => "borrowed, copied",
            (false, true) => "borrowed, masked while copied",
            (true, false) => "given away; from 1 KiB uncopied",
            (true, true) => "given away; from 1 KiB masked in place",
        }
    }

    fn gives_away(&self) -> bool {
        self.given.is_some()
    }

    fn prepare(&mut self, messages: usize) {
        if let Some(given) = &mut self.given {
            given.prepare(&self.outgoing, messages);
        }
    }

    fn encode(&mut self, messages: usize) {
        let Self { outgoing, connection, given } = self;
        match given {
            Some(given) => {
                given.take(messages).for_each(|payload| send(connection, outgoing, payload));
            }
            None => {
                outgoing.turn(messages).for_each(|payload| send(connection, outgoing, payload));
            }
        }
    }
}
