//! tungstenite: blocking reads of messages whose payload is a `Bytes`.

use tungstenite::{
    Bytes, Message, WebSocket,
    protocol::{Role, WebSocketConfig, frame::Utf8Bytes},
};

use super::{Class, Decode, Encode, Incoming, MAX_MESSAGE, Outgoing};
use crate::{
    corpus::Tally,
    pipe::{Sink, Source},
};

fn config() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE))
}

pub struct Decoder {
    source: Source,
    messages: usize,
    socket: WebSocket<Source>,
}

impl Decoder {
    pub fn new(incoming: &Incoming) -> Self {
        let source = incoming.source();
        let socket = WebSocket::from_raw_socket(
            source.clone(),
            Role::Server,
            Some(config().read_buffer_size(incoming.read)),
        );
        Self { source, messages: incoming.messages, socket }
    }
}

impl Decode for Decoder {
    fn name(&self) -> &'static str {
        "tungstenite"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        for _ in 0..passes * self.messages {
            match self.socket.read().expect("the stream is valid") {
                Message::Text(text) => tally.text(&text),
                Message::Binary(bytes) => tally.binary(&bytes),
                _ => unreachable!("the stream holds data only"),
            }
        }
        tally
    }
}

pub struct Encoder {
    outgoing: Outgoing,
    messages: Vec<Message>,
    socket: WebSocket<Sink>,
}

impl Encoder {
    pub fn new(outgoing: &Outgoing) -> Self {
        let message = |payload: &Vec<u8>| {
            let bytes = Bytes::from(payload.clone());
            if outgoing.text() {
                Message::Text(Utf8Bytes::try_from(bytes).expect("the corpus is UTF-8"))
            } else {
                Message::Binary(bytes)
            }
        };
        let role = if outgoing.client { Role::Client } else { Role::Server };
        // A message alone is written at once, without a detour through the flush.
        let buffered = if outgoing.burst == 1 { 0 } else { 64 << 10 };
        Self {
            outgoing: outgoing.clone(),
            messages: outgoing.corpus.payloads.iter().map(message).collect(),
            socket: WebSocket::from_raw_socket(
                outgoing.sink.clone(),
                role,
                Some(config().write_buffer_size(buffered)),
            ),
        }
    }
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        "tungstenite"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn payload(&self) -> &'static str {
        "shared `Bytes`, copied"
    }

    fn encode(&mut self, messages: usize) {
        let mut turn = self.messages.iter().cycle();
        for burst in self.outgoing.bursts(messages) {
            for message in turn.by_ref().take(burst) {
                self.socket.write(message.clone()).expect("the sink takes all");
            }
            if self.outgoing.burst > 1 {
                self.socket.flush().expect("the sink takes all");
            }
        }
    }
}
