//! One engine per library behind one small trait per question. An engine is fed, and feeds, in
//! the fastest way its library documents.

pub mod baseline;
pub mod deflate;
pub mod fastwebsockets;
pub mod handshake;
pub mod polywire;
pub mod sockudo;
pub mod tokio_websockets;
pub mod tungstenite;
pub mod web_socket;
pub mod ws_framer;
pub mod yawc;

use std::rc::Rc;

use crate::{
    corpus::{Corpus, Tally},
    pipe::{Sink, Source},
};

/// Limits that let every size of the tables pass.
pub const MAX_MESSAGE: usize = 16 << 20;

/// Where an engine stands in the comparison.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    Polywire,
    /// Does everything that Polywire does on this path.
    Peer,
    /// Leaves something out: the words say what. Not counted among the rivals of the goals.
    Partial(&'static str),
    /// Not a WebSocket library: what the memory alone costs.
    Baseline,
}

/// Masked client frames in, whole messages out, in the role of a server.
pub trait Decode {
    fn name(&self) -> &'static str;
    fn class(&self) -> Class;
    /// Reads the stream `passes` times, up to its last byte.
    fn decode(&mut self, passes: usize) -> Tally;
}

/// The stream that the decoders share.
#[derive(Clone)]
pub struct Incoming {
    pub stream: Rc<[u8]>,
    /// Messages in one pass.
    pub messages: usize,
    /// The most that one read gives, and the size of each read buffer that can be chosen.
    pub read: usize,
}

impl Incoming {
    pub fn new(corpus: &Corpus, read: usize) -> Self {
        Self { stream: corpus.masked_stream().into(), messages: corpus.payloads.len(), read }
    }

    pub fn source(&self) -> Source {
        Source::new(self.stream.clone(), self.read)
    }
}

/// Messages in, frames out. Every burst has reached the sink before the next one is taken.
pub trait Encode {
    fn name(&self) -> &'static str;
    fn class(&self) -> Class;
    /// What happens to the payload between the caller and the sink.
    fn payload(&self) -> &'static str;
    /// Whether `encode` gives its payloads away.
    fn gives_away(&self) -> bool {
        false
    }
    /// Untimed: makes what `encode` will give away.
    fn prepare(&mut self, _messages: usize) {}
    /// Sends `messages` payloads of the corpus in turn.
    fn encode(&mut self, messages: usize);
}

/// The payloads and the sink that an encoder works with.
#[derive(Clone)]
pub struct Outgoing {
    pub corpus: Rc<Corpus>,
    pub client: bool,
    /// Messages that may wait for one write.
    pub burst: usize,
    pub sink: Sink,
}

impl Outgoing {
    pub fn text(&self) -> bool {
        self.corpus.kind.is_text()
    }

    /// The sizes of the bursts that make `messages`.
    pub fn bursts(&self, messages: usize) -> impl Iterator<Item = usize> + use<> {
        let burst = self.burst;
        (0..messages).step_by(burst).map(move |start| burst.min(messages - start))
    }

    /// The payloads in turn.
    #[inline]
    pub fn turn(&self, messages: usize) -> impl Iterator<Item = &[u8]> {
        self.corpus.payloads.iter().cycle().take(messages).map(Vec::as_slice)
    }
}

/// Payloads made to be given away.
#[derive(Default)]
pub struct Given(Vec<Vec<u8>>);

impl Given {
    pub fn prepare(&mut self, outgoing: &Outgoing, messages: usize) {
        self.0 = outgoing.turn(messages).map(<[u8]>::to_vec).collect();
    }

    pub fn take(&mut self, messages: usize) -> impl Iterator<Item = Vec<u8>> {
        assert_eq!(self.0.len(), messages);
        self.0.drain(..)
    }
}

/// All decoders, in the order of the tables.
pub fn decoders(incoming: &Incoming) -> Vec<Box<dyn Decode>> {
    vec![
        Box::new(polywire::Decoder::new(incoming)),
        Box::new(polywire::OwnBuffer::lent(incoming)),
        Box::new(polywire::OwnBuffer::owned(incoming)),
        Box::new(tungstenite::Decoder::new(incoming)),
        Box::new(fastwebsockets::Decoder::new(incoming)),
        Box::new(tokio_websockets::Decoder::new(incoming)),
        Box::new(sockudo::Decoder::new(incoming)),
        Box::new(yawc::Decoder::new(incoming)),
        Box::new(yawc::FrameDecoder::new(incoming)),
        Box::new(web_socket::Decoder::new(incoming)),
        Box::new(baseline::Copy::new(incoming)),
    ]
}

/// All encoders, in the order of the tables.
pub fn encoders(outgoing: &Outgoing) -> Vec<Box<dyn Encode>> {
    vec![
        Box::new(polywire::Encoder::borrowed(outgoing)),
        Box::new(polywire::Encoder::through(outgoing)),
        Box::new(polywire::Encoder::given(outgoing)),
        Box::new(polywire::Encoder::shared(outgoing)),
        Box::new(tungstenite::Encoder::new(outgoing)),
        Box::new(fastwebsockets::Encoder::new(outgoing)),
        Box::new(fastwebsockets::OwnedEncoder::new(outgoing)),
        Box::new(tokio_websockets::Encoder::new(outgoing)),
        Box::new(sockudo::Encoder::new(outgoing)),
        Box::new(yawc::Encoder::new(outgoing)),
        Box::new(web_socket::Encoder::new(outgoing)),
        Box::new(ws_framer::Encoder::new(outgoing)),
    ]
}
