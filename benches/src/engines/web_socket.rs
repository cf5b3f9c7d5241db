//! web-socket: reads headers in small pieces, so its documentation puts a `BufReader` beneath.

use tokio::io::BufReader;
use web_socket::{DataType, Event, Frame, MessageType, WebSocket};

use super::{Class, Decode, Encode, Incoming, Outgoing};
use crate::{
    corpus::Tally,
    pipe::{Sink, Source, ready},
};

pub struct Decoder {
    source: Source,
    messages: usize,
    socket: WebSocket<BufReader<Source>>,
}

impl Decoder {
    pub fn new(incoming: &Incoming) -> Self {
        let source = incoming.source();
        let socket = WebSocket::server(BufReader::with_capacity(incoming.read, source.clone()));
        Self { source, messages: incoming.messages, socket }
    }
}

impl Decode for Decoder {
    fn name(&self) -> &'static str {
        "web-socket"
    }

    fn class(&self) -> Class {
        Class::Partial("no UTF-8 check, no assembly")
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        ready(async {
            for _ in 0..passes * self.messages {
                match self.socket.recv().await.expect("the stream is valid") {
                    Event::Data { ty: DataType::Complete(ty), data } => {
                        tally.message(ty == MessageType::Text, &data);
                    }
                    _ => unreachable!("the stream holds whole messages only"),
                }
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
        let sink = outgoing.sink.clone();
        let socket =
            if outgoing.client { WebSocket::client(sink) } else { WebSocket::server(sink) };
        Self { outgoing: outgoing.clone(), socket }
    }
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        "web-socket"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn payload(&self) -> &'static str {
        if self.outgoing.client { "borrowed, masked while copied" } else { "borrowed, uncopied" }
    }

    fn encode(&mut self, messages: usize) {
        let Self { outgoing, socket } = self;
        let opcode = if outgoing.text() { 1 } else { 2 };
        ready(async {
            for data in outgoing.turn(messages) {
                let frame = Frame { fin: true, opcode, data };
                socket.send(frame).await.expect("the sink takes all");
            }
        });
    }
}
