//! fastwebsockets: whole messages through `FragmentCollector`; writes with `writev` on.

use fastwebsockets::{FragmentCollector, Frame, OpCode, Payload, Role, WebSocket};

use super::{Class, Decode, Encode, Given, Incoming, MAX_MESSAGE, Outgoing};
use crate::{
    corpus::Tally,
    pipe::{Sink, Source, ready},
};

pub struct Decoder {
    source: Source,
    messages: usize,
    socket: FragmentCollector<Source>,
}

impl Decoder {
    pub fn new(incoming: &Incoming) -> Self {
        let source = incoming.source();
        let mut socket = WebSocket::after_handshake(source.clone(), Role::Server);
        socket.set_max_message_size(MAX_MESSAGE);
        Self { source, messages: incoming.messages, socket: FragmentCollector::new(socket) }
    }
}

impl Decode for Decoder {
    fn name(&self) -> &'static str {
        "fastwebsockets"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        ready(async {
            for _ in 0..passes * self.messages {
                let frame = self.socket.read_frame().await.expect("the stream is valid");
                tally.message(frame.opcode == OpCode::Text, &frame.payload);
            }
        });
        tally
    }
}

pub struct Encoder {
    outgoing: Outgoing,
    socket: WebSocket<Sink>,
}

impl Encoder {
    pub fn new(outgoing: &Outgoing) -> Self {
        let role = if outgoing.client { Role::Client } else { Role::Server };
        let mut socket = WebSocket::after_handshake(outgoing.sink.clone(), role);
        socket.set_writev(true);
        Self { outgoing: outgoing.clone(), socket }
    }
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        "fastwebsockets"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn payload(&self) -> &'static str {
        if self.outgoing.client {
            "borrowed, copied and masked"
        } else {
            "borrowed; over 1 KiB uncopied"
        }
    }

    fn encode(&mut self, messages: usize) {
        let Self { outgoing, socket } = self;
        let text = outgoing.text();
        ready(async {
            for payload in outgoing.turn(messages) {
                let payload = Payload::Borrowed(payload);
                let frame = if text { Frame::text(payload) } else { Frame::binary(payload) };
                socket.write_frame(frame).await.expect("the sink takes all");
            }
        });
    }
}

/// The payload is given away, so a client masks it where it lies.
pub struct OwnedEncoder {
    outgoing: Outgoing,
    given: Given,
    socket: WebSocket<Sink>,
}

impl OwnedEncoder {
    pub fn new(outgoing: &Outgoing) -> Self {
        let Encoder { outgoing, socket } = Encoder::new(outgoing);
        Self { outgoing, given: Given::default(), socket }
    }
}

impl Encode for OwnedEncoder {
    fn name(&self) -> &'static str {
        "fastwebsockets, owned payload"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn payload(&self) -> &'static str {
        "given away; over 1 KiB uncopied"
    }

    fn gives_away(&self) -> bool {
        true
    }

    fn prepare(&mut self, messages: usize) {
        self.given.prepare(&self.outgoing, messages);
    }

    fn encode(&mut self, messages: usize) {
        let Self { outgoing, given, socket } = self;
        let text = outgoing.text();
        ready(async {
            for payload in given.take(messages) {
                let payload = Payload::Owned(payload);
                let frame = if text { Frame::text(payload) } else { Frame::binary(payload) };
                socket.write_frame(frame).await.expect("the sink takes all");
            }
        });
    }
}
