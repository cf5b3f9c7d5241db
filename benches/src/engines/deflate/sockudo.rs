//! sockudo-ws: its own context for each connection.

use sockudo_ws::deflate::{DeflateConfig, DeflateContext, DeflateWindowBits};

use super::{Agreed, Deflate, LEVEL};
use crate::{corpus::Tally, engines::MAX_MESSAGE};

pub const NAME: &str = "sockudo-ws";

pub struct Engine {
    ends: Vec<(DeflateContext, DeflateContext)>,
}

impl Engine {
    pub fn new(connections: usize, agreed: Agreed) -> Self {
        let bits = DeflateWindowBits::try_from(agreed.window_bits).expect("8 to 15");
        let config = DeflateConfig {
            server_max_window_bits: bits,
            client_max_window_bits: bits,
            server_no_context_takeover: !agreed.takeover,
            client_no_context_takeover: !agreed.takeover,
            compression_level: LEVEL.into(),
            compression_threshold: 0,
        };
        let ends =
            |_| (DeflateContext::server(config.clone()), DeflateContext::client(config.clone()));
        Self { ends: (0..connections).map(ends).collect() }
    }
}

impl Deflate for Engine {
    fn name(&self) -> &'static str {
        NAME
    }

    /// The first byte says whether compression was declined because it gained nothing.
    fn compress(&mut self, connection: usize, payload: &[u8], output: &mut Vec<u8>) -> usize {
        let sender = &mut self.ends[connection].0;
        let compressed = sender.compress(payload).expect("the compressor is in order");
        output.push(compressed.is_some().into());
        output.extend_from_slice(compressed.as_deref().unwrap_or(payload));
        output.len() - 1
    }

    fn inflate(&mut self, connection: usize, input: &mut Vec<u8>, tally: &mut Tally) {
        let text = |bytes| simdutf8::basic::from_utf8(bytes).expect("the corpus is UTF-8");
        let (&compressed, payload) = input.split_first().expect("the mark of `compress`");
        if compressed == 0 {
            return tally.text(text(payload));
        }
        let receiver = &mut self.ends[connection].1;
        tally.text(text(&receiver.decompress(payload, MAX_MESSAGE).expect("what was compressed")));
    }
}
