//! permessage-deflate: one engine per way to hold the contexts of many connections.

pub mod flate2;
pub mod polywire;
pub mod sockudo;
pub mod zlib;

use crate::corpus::Tally;

/// What both ends agreed on, for both directions.
#[derive(Clone, Copy, Debug)]
pub struct Agreed {
    pub window_bits: u8,
    pub takeover: bool,
}

/// The level that all engines compress with.
pub const LEVEL: u8 = 6;

/// What a sender cuts off and a receiver puts back (RFC 7692 sections 7.2.1 and 7.2.2).
pub const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Both ends of a number of connections, one direction in use.
pub trait Deflate {
    fn name(&self) -> &'static str;
    /// Compresses one message on one connection into `output`, which is empty. The number of
    /// bytes that the receiver needs stands in `output`; the result is the compressed payload's
    /// length.
    fn compress(&mut self, connection: usize, payload: &[u8], output: &mut Vec<u8>) -> usize;
    /// Gives back what a quiet connection does not keep, before memory is counted.
    fn settle(&mut self) {}
    /// Receives what `compress` made.
    fn inflate(&mut self, connection: usize, input: &mut Vec<u8>, tally: &mut Tally);
}

/// A way to make an engine for a number of connections.
pub struct Maker {
    pub name: &'static str,
    pub make: fn(usize, Agreed) -> Box<dyn Deflate>,
}

/// All engines, in the order of the tables.
pub const ENGINES: &[Maker] = &[
    Maker {
        name: "polywire",
        make: |count, agreed| Box::new(polywire::Engine::folded(count, agreed)),
    },
    Maker {
        name: "polywire, dedicated",
        make: |count, agreed| Box::new(polywire::Engine::dedicated(count, agreed)),
    },
    Maker {
        name: "polywire with miniz_oxide",
        make: |count, agreed| Box::new(polywire::Engine::miniz(count, agreed)),
    },
    Maker {
        name: flate2::NAME,
        make: |count, agreed| Box::new(flate2::Engine::new(count, agreed)),
    },
    Maker { name: zlib::NAME, make: |count, agreed| Box::new(zlib::Engine::new(count, agreed)) },
    Maker {
        name: sockudo::NAME,
        make: |count, agreed| Box::new(sockudo::Engine::new(count, agreed)),
    },
];
