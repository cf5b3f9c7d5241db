//! What the memory alone costs: the stream is copied in the same reads and nothing is done.

use std::hint::black_box;

use super::{Class, Decode, Incoming};
use crate::{corpus::Tally, pipe::Source};

pub struct Copy {
    source: Source,
    buffer: Vec<u8>,
}

impl Copy {
    pub fn new(incoming: &Incoming) -> Self {
        Self { source: incoming.source(), buffer: vec![0; incoming.read] }
    }
}

impl Decode for Copy {
    fn name(&self) -> &'static str {
        "memcpy of the stream"
    }

    fn class(&self) -> Class {
        Class::Baseline
    }

    fn decode(&mut self, passes: usize) -> Tally {
        self.source.arm(passes);
        while self.source.read_into(&mut self.buffer) > 0 {
            black_box(&self.buffer);
        }
        Tally::default()
    }
}
