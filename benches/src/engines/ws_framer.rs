//! ws-framer: frames written into one buffer of the caller.

use ws_framer::{WsFrame, WsTxFramer};

use super::{Class, Encode, Outgoing};

pub struct Encoder {
    outgoing: Outgoing,
    buffer: Vec<u8>,
}

impl Encoder {
    pub fn new(outgoing: &Outgoing) -> Self {
        Self { buffer: vec![0; outgoing.corpus.size + 16], outgoing: outgoing.clone() }
    }
}

impl Encode for Encoder {
    fn name(&self) -> &'static str {
        "ws-framer"
    }

    fn class(&self) -> Class {
        Class::Peer
    }

    fn payload(&self) -> &'static str {
        if self.outgoing.client { "borrowed, copied, then masked" } else { "borrowed, copied" }
    }

    fn encode(&mut self, messages: usize) {
        let mut framer = WsTxFramer::new(self.outgoing.client, &mut self.buffer);
        let text = self.outgoing.text();
        for payload in self.outgoing.turn(messages) {
            let frame = if text {
                let text = std::str::from_utf8(payload).expect("the corpus is UTF-8");
                framer.frame(WsFrame::Text(text))
            } else {
                framer.frame(WsFrame::Binary(payload))
            };
            self.outgoing.sink.take(frame.expect("the buffer holds the largest frame"));
        }
    }
}
