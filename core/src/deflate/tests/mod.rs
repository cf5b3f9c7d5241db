//! What the engines, the windows and both directions keep.
//!
//! `walker` is a third decoder, written for these tests: it sees every distance.

mod contexts;
mod inflate;
mod offers;
mod roundtrip;
mod walker;
mod windows;

use super::{Contexts, DeflateConfig, DeflateEngine, DeflatePool, Deflation, Inflation};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

const ENGINES: &[DeflateEngine] = &[
    DeflateEngine::Miniz,
    #[cfg(feature = "zlib")]
    DeflateEngine::Zlib,
];
const CONTEXTS: [Contexts; 2] = [Contexts::Folded, Contexts::Dedicated];

fn config(engine: DeflateEngine, contexts: Contexts, level: u8) -> DeflateConfig {
    let pool = DeflatePool::new(engine, DeflatePool::KEPT);
    DeflateConfig { contexts, level, pool, ..DeflateConfig::default() }
}

/// Inflates a whole message of one piece.
fn inflate(inflation: &mut Inflation, wire: &[u8]) -> Vec<u8> {
    let mut output = Vec::new();
    inflation.inflate(wire, &mut output, usize::MAX).expect("valid");
    inflation.finish(&mut output, usize::MAX).expect("whole");
    output
}

/// Compresses, or gives `None` for a message that is better sent as it is.
fn deflate(deflation: &mut Deflation, payload: &[u8]) -> Option<Vec<u8>> {
    let mut output = Vec::new();
    deflation.message(payload, None, &mut output).then_some(output)
}

/// A seeded generator: what these tests need of randomness.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 11) as usize % bound
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Json,
    /// Long matches at every distance.
    Echo,
    Noise,
    Zeros,
}

const KINDS: [Kind; 4] = [Kind::Json, Kind::Echo, Kind::Noise, Kind::Zeros];

fn sample(random: &mut Random, kind: Kind, length: usize) -> Vec<u8> {
    match kind {
        Kind::Json => json(random, length),
        Kind::Echo => echo(random, length),
        Kind::Noise => (0..length).map(|_| random.next() as u8).collect(),
        Kind::Zeros => alloc::vec![0; length],
    }
}

fn json(random: &mut Random, length: usize) -> Vec<u8> {
    const WORDS: [&str; 8] =
        ["price", "volume", "trade", "update", "user", "status", "naïve", "日本"];
    let mut text = String::new();
    while text.len() < length {
        let (word, id, price) = (WORDS[random.below(8)], random.below(99_999), random.below(5_000));
        text += &format!("{{\"id\":{id},\"type\":\"{word}\",\"price\":{price}.5,\"ok\":true}},");
    }
    let mut bytes = text.into_bytes();
    bytes.truncate(length);
    bytes
}

fn echo(random: &mut Random, length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..length.min(40)).map(|_| random.next() as u8).collect();
    while bytes.len() < length {
        let reach = 1 << (3 + random.below(14));
        let back = 1 + random.below(bytes.len().min(reach));
        let start = bytes.len() - back;
        let count = (3 + random.below(300)).min(length - bytes.len());
        (0..count).for_each(|index| bytes.push(bytes[start + index % back]));
        if bytes.len() < length {
            bytes.push(random.next() as u8);
        }
    }
    bytes
}
