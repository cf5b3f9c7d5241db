//! sockudo-ws: its sans-I/O `Protocol` over one `BytesMut` and a reused list of messages.

use bytes::{Bytes, BytesMut};
use sockudo_ws::{Message, Role, protocol::Protocol};

use super::{Class, Decode, Encode, Incoming, MAX_MESSAGE, Outgoing};
use crate::{corpus::Tally, pipe::Source};

pub struct Decoder {
    source: Source,
    read: usize,
    protocol: Protocol,
    buffer: BytesMut,
    messages: Vec<Message>,
}

impl Decoder {
    pub fn new(incoming: &Incoming) -> Self {
        Self {
            source: incoming.source(),
            read: incoming.read,
            protocol: Protocol::new(Role::Server, MAX_MESSAGE, MAX_MESSAGE),
            buffer: BytesMut::with_capacity(incoming.read),
            messages: Vec::new(),
        }
    }
}

impl Decode for Decoder {
    fn name(&self) -> &'static str {
        "sockudo-ws"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        loop {
            // The messages of the last read are gone, so the buffer can be taken back.
            self.messages.clear();
            self.buffer.reserve(self.read);
            if self.source.append_to(&mut self.buffer) == 0 {
                return tally;
            }
            self.protocol
                .process_into(&mut self.buffer, &mut self.messages)
                .expect("the stream is valid");
            for message in &self.messages {
                match message {
                    Message::Text(bytes) => tally.message(true, bytes),
                    Message::Binary(bytes) => tally.message(false, bytes),
                    _ => unreachable!("the stream holds data only"),
                }
            }
        }
    }
}

pub struct Encoder {
    messages: Vec<Message>,
    protocol: Protocol,
    buffer: BytesMut,
    outgoing: Outgoing,
}

impl Encoder {
    pub fn new(outgoing: &Outgoing) -> Self {
        let role = if outgoing.client { Role::Client } else { Role::Server };
        let message = |payload: &Vec<u8>| {
            let bytes = Bytes::from(payload.clone());
            if outgoing.text() { Message::Text(bytes) } else { Message::Binary(bytes) }
        };
        Self {
            messages: outgoing.corpus.payloads.iter().map(message).collect(),
            protocol: Protocol::new(role, MAX_MESSAGE, MAX_MESSAGE),
            buffer: BytesMut::new(),
            outgoing: outgoing.clone(),
        }
    }
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        "sockudo-ws"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn payload(&self) -> &'static str {
        "borrowed, copied"
    }

    fn encode(&mut self, messages: usize) {
        let mut turn = self.messages.iter().cycle();
        for burst in self.outgoing.bursts(messages) {
            self.buffer.clear();
            for message in turn.by_ref().take(burst) {
                self.protocol.encode_message(message, &mut self.buffer).expect("the buffer grows");
            }
            self.outgoing.sink.take(&self.buffer);
        }
    }
}
