//! Polywire: whole connections, framing and all. Engines come from a pool, or belong to the
//! connection.

use std::sync::Arc;

use polywire::{
    Config, Connection, Contexts, DeflateConfig, DeflateEngine, DeflateParams, DeflatePool, Event,
    Instant, Role, handshake::Agreement,
};

use super::{Agreed, Deflate, LEVEL};
use crate::corpus::Tally;

const NOW: Instant = Instant::ZERO;

/// Engines that a pool keeps when they are given back.
const KEPT: usize = 4;

pub struct Engine {
    name: &'static str,
    /// The server, which compresses, and the client.
    ends: Vec<(Connection, Connection)>,
}

impl Engine {
    pub fn folded(connections: usize, agreed: Agreed) -> Self {
        let pool = DeflatePool::default();
        Self::new("polywire", connections, agreed, Contexts::Folded, pool)
    }

    pub fn dedicated(connections: usize, agreed: Agreed) -> Self {
        let pool = DeflatePool::default();
        Self::new("polywire, dedicated", connections, agreed, Contexts::Dedicated, pool)
    }

    pub fn miniz(connections: usize, agreed: Agreed) -> Self {
        let pool = DeflatePool::new(DeflateEngine::Miniz, KEPT);
        Self::new("polywire with miniz_oxide", connections, agreed, Contexts::Folded, pool)
    }

    fn new(
        name: &'static str,
        connections: usize,
        agreed: Agreed,
        contexts: Contexts,
        pool: DeflatePool,
    ) -> Self {
        let deflate = DeflateConfig {
            threshold: 0,
            level: LEVEL,
            contexts,
            pool,
            ..DeflateConfig::default()
        };
        let config = Arc::new(Config { deflate: Some(deflate), ..Config::default() });
        let agreement = Agreement {
            deflate: Some(DeflateParams {
                server_no_context_takeover: !agreed.takeover,
                client_no_context_takeover: !agreed.takeover,
                server_max_window_bits: agreed.window_bits,
                client_max_window_bits: agreed.window_bits,
            }),
            ..Agreement::default()
        };
        let end = |role| Connection::new(role, config.clone(), &agreement, [7; 32], NOW);
        let ends = (0..connections).map(|_| (end(Role::Server), end(Role::Client))).collect();
        Self { name, ends }
    }
}

impl Deflate for Engine {
    fn name(&self) -> &'static str {
        self.name
    }

    fn compress(&mut self, connection: usize, payload: &[u8], output: &mut Vec<u8>) -> usize {
        let server = &mut self.ends[connection].0;
        let text = std::str::from_utf8(payload).expect("the corpus is UTF-8");
        server.sender(NOW).send(text).expect("the queue is empty");
        server.transmit().for_each(|slice| output.extend_from_slice(slice));
        server.transmitted(output.len());
        let header = match output[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        output.len() - header
    }

    /// A keepalive ping does this by itself.
    fn settle(&mut self) {
        for (server, client) in &mut self.ends {
            server.shrink();
            client.shrink();
        }
    }

    fn inflate(&mut self, connection: usize, input: &mut Vec<u8>, tally: &mut Tally) {
        let mut events = self.ends[connection].1.receive_in(input, NOW);
        while let Some((event, _)) = events.next() {
            match event {
                Event::Text(text) => tally.text(text),
                event => unreachable!("only text was sent, not {event:?}"),
            }
        }
    }
}
