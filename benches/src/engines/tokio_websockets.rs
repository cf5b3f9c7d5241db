//! tokio-websockets: a `Stream` and `Sink` of messages; its SIMD is chosen at run time.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink as _;
use tokio_websockets::{ClientBuilder, Limits, Message, Payload, ServerBuilder, WebSocketStream};

use super::{Class, Decode, Encode, Incoming, MAX_MESSAGE, Outgoing};
use crate::{
    corpus::Tally,
    pipe::{Sink, Source},
};

fn limits() -> Limits {
    Limits::default().max_payload_len(Some(MAX_MESSAGE))
}

pub struct Decoder {
    source: Source,
    messages: usize,
    socket: WebSocketStream<Source>,
}

impl Decoder {
    pub fn new(incoming: &Incoming) -> Self {
        let source = incoming.source();
        let socket = ServerBuilder::new().limits(limits()).serve(source.clone());
        Self { source, messages: incoming.messages, socket }
    }
}

impl Decode for Decoder {
    fn name(&self) -> &'static str {
        "tokio-websockets"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..passes * self.messages {
            let Poll::Ready(Some(Ok(message))) = Pin::new(&mut self.socket).poll_next(&mut context)
            else {
                unreachable!("the stream is valid and always ready")
            };
            tally.message(message.is_text(), message.as_payload());
        }
        tally
    }
}

pub struct Encoder {
    outgoing: Outgoing,
    messages: Vec<Message>,
    socket: WebSocketStream<Sink>,
}

impl Encoder {
    pub fn new(outgoing: &Outgoing) -> Self {
        let message = |payload: &Vec<u8>| {
            let bytes = Payload::from(Bytes::from(payload.clone()));
            if outgoing.text() { Message::text(bytes) } else { Message::binary(bytes) }
        };
        let sink = outgoing.sink.clone();
        Self {
            messages: outgoing.corpus.payloads.iter().map(message).collect(),
            outgoing: outgoing.clone(),
            socket: if outgoing.client {
                ClientBuilder::new().limits(limits()).take_over(sink)
            } else {
                ServerBuilder::new().limits(limits()).serve(sink)
            },
        }
    }
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        "tokio-websockets"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn payload(&self) -> &'static str {
        if self.outgoing.client {
            "shared `Bytes`, copied and masked"
        } else {
            "shared `Bytes`, uncopied"
        }
    }

    fn encode(&mut self, messages: usize) {
        let mut context = Context::from_waker(Waker::noop());
        let mut socket = Pin::new(&mut self.socket);
        let mut turn = self.messages.iter().cycle();
        for burst in self.outgoing.bursts(messages) {
            for message in turn.by_ref().take(burst) {
                socket.as_mut().start_send(message.clone()).expect("the sink takes all");
            }
            let flushed = socket.as_mut().poll_flush(&mut context);
            assert!(matches!(flushed, Poll::Ready(Ok(()))), "the sink takes all");
        }
    }
}
