//! flate2 over zlib-rs, as most Rust servers would do it: a compressor and a decompressor for
//! each connection.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};

use super::{Agreed, Deflate, LEVEL, TAIL};
use crate::corpus::Tally;

pub const NAME: &str = "flate2 with zlib-rs, dedicated";

pub struct Engine {
    takeover: bool,
    compressors: Vec<Compress>,
    decompressors: Vec<Decompress>,
    plain: Vec<u8>,
}

impl Engine {
    pub fn new(connections: usize, agreed: Agreed) -> Self {
        let level = Compression::new(LEVEL.into());
        let compressor = |_| Compress::new_with_window_bits(level, false, agreed.window_bits);
        let decompressor = |_| Decompress::new_with_window_bits(false, agreed.window_bits);
        Self {
            takeover: agreed.takeover,
            compressors: (0..connections).map(compressor).collect(),
            decompressors: (0..connections).map(decompressor).collect(),
            plain: Vec::with_capacity(64 * 1024),
        }
    }
}

impl Deflate for Engine {
    fn name(&self) -> &'static str {
        NAME
    }

    fn compress(&mut self, connection: usize, payload: &[u8], output: &mut Vec<u8>) -> usize {
        let compressor = &mut self.compressors[connection];
        if !self.takeover {
            compressor.reset();
        }
        output.reserve(payload.len() + 64);
        let mut rest = payload;
        loop {
            if output.len() == output.capacity() {
                output.reserve(64);
            }
            let (input, written) = (compressor.total_in(), compressor.total_out());
            compressor
                .compress_uninit(rest, output.spare_capacity_mut(), FlushCompress::Sync)
                .expect("the compressor is in order");
            rest = &rest[(compressor.total_in() - input) as usize..];
            let written = (compressor.total_out() - written) as usize;
            // SAFETY: the compressor has written that many bytes into the spare capacity.
            unsafe { output.set_len(output.len() + written) };
            if rest.is_empty() && output.len() < output.capacity() {
                break;
            }
        }
        assert!(output.ends_with(&TAIL));
        output.truncate(output.len() - TAIL.len());
        output.len()
    }

    fn inflate(&mut self, connection: usize, input: &mut Vec<u8>, tally: &mut Tally) {
        let decompressor = &mut self.decompressors[connection];
        if !self.takeover {
            decompressor.reset(false);
        }
        input.extend_from_slice(&TAIL);
        self.plain.clear();
        let mut rest = input.as_slice();
        let mut full = true;
        while !rest.is_empty() || full {
            if self.plain.len() == self.plain.capacity() {
                self.plain.reserve(self.plain.len().max(64));
            }
            let (read, written) = (decompressor.total_in(), decompressor.total_out());
            // flate2 zeroes what it is offered, so no more is offered than is likely needed.
            let space = self.plain.spare_capacity_mut();
            let offered = space.len().min(8 * rest.len().max(64));
            decompressor
                .decompress_uninit(rest, &mut space[..offered], FlushDecompress::Sync)
                .expect("what was compressed can be inflated");
            rest = &rest[(decompressor.total_in() - read) as usize..];
            let written = (decompressor.total_out() - written) as usize;
            full = written == offered;
            // SAFETY: the decompressor has written that many bytes into the spare capacity.
            unsafe { self.plain.set_len(self.plain.len() + written) };
        }
        tally.text(simdutf8::basic::from_utf8(&self.plain).expect("the corpus is UTF-8"));
    }
}
