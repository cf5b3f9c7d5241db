//! yawc: the `WebSocket` with its UTF-8 check switched on, and the frame codec beneath it.

use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder as _, Encoder as _};
use yawc::{Frame, OpCode, Options, Role, WebSocket, codec};

use super::{Class, Decode, Encode, Incoming, MAX_MESSAGE, Outgoing};
use crate::{corpus::Tally, pipe::Source};

pub struct Decoder {
    source: Source,
    messages: usize,
    socket: WebSocket<Source>,
}

impl Decoder {
    pub fn new(incoming: &Incoming) -> Self {
        let source = incoming.source();
        let options = Options::default()
            .with_limits(MAX_MESSAGE, 2 * MAX_MESSAGE)
            .with_read_buffer_capacity(incoming.read)
            .with_utf8()
            .without_compression();
        let socket = WebSocket::from_stream(source.clone(), Role::Server, options)
            .expect("no extension, nothing to refuse");
        Self { source, messages: incoming.messages, socket }
    }
}

impl Decode for Decoder {
    fn name(&self) -> &'static str {
        "yawc"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..passes * self.messages {
            let Poll::Ready(Ok(frame)) = self.socket.poll_next_frame(&mut context) else {
                unreachable!("the stream is valid and always ready")
            };
            tally.message(frame.opcode() == OpCode::Text, frame.payload());
        }
        tally
    }
}

/// Frames only: no fragments, no UTF-8, no answers.
pub struct FrameDecoder {
    source: Source,
    read: usize,
    decoder: codec::Decoder,
    buffer: BytesMut,
}

impl FrameDecoder {
    pub fn new(incoming: &Incoming) -> Self {
        Self {
            source: incoming.source(),
            read: incoming.read,
            decoder: codec::Decoder::new(Role::Server, MAX_MESSAGE),
            buffer: BytesMut::with_capacity(incoming.read),
        }
    }
}

impl Decode for FrameDecoder {
    fn name(&self) -> &'static str {
        "yawc, frame codec"
    }

    fn class(&self) -> Class {
        Class::Partial("frames only: no UTF-8 check, no assembly")
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        let mut tally = Tally::default();
        loop {
            self.buffer.reserve(self.read);
            if self.source.append_to(&mut self.buffer) == 0 {
                return tally;
            }
            while let Some(frame) = self.decoder.decode(&mut self.buffer).expect("valid stream") {
                tally.message(frame.opcode() == OpCode::Text, frame.payload());
            }
        }
    }
}

pub struct Encoder {
    outgoing: Outgoing,
    payloads: Vec<Bytes>,
    encoder: codec::Encoder,
    buffer: BytesMut,
}

impl Encoder {
    pub fn new(outgoing: &Outgoing) -> Self {
        let role = if outgoing.client { Role::Client } else { Role::Server };
        Self {
            outgoing: outgoing.clone(),
            payloads: outgoing.corpus.payloads.iter().cloned().map(Bytes::from).collect(),
            encoder: codec::Encoder::new(role),
            buffer: BytesMut::new(),
        }
    }
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        "yawc, frame codec"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn payload(&self) -> &'static str {
        if self.outgoing.client {
            "shared `Bytes`, masked while copied"
        } else {
            "shared `Bytes`, copied"
        }
    }

    fn encode(&mut self, messages: usize) {
        let mut turn = self.payloads.iter().cycle();
        let text = self.outgoing.text();
        for burst in self.outgoing.bursts(messages) {
            self.buffer.clear();
            for payload in turn.by_ref().take(burst) {
                let payload = payload.clone();
                let frame = if text { Frame::text(payload) } else { Frame::binary(payload) };
                self.encoder.encode(frame, &mut self.buffer).expect("the buffer grows");
            }
            self.outgoing.sink.take(&self.buffer);
        }
    }
}
