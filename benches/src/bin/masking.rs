//! The kernels against memory: bytes per second of masking, of masking while copying, and of
//! unmasking with the UTF-8 check, beside `memcpy` and what the rivals do.
//!
//! `cargo run --release --bin masking -- [--quick] [--rounds N] [--size BYTES]`

extern crate alloc;

// The kernels are private to the core; compiled here they are the same code.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../core/src/kernels/mod.rs"]
mod kernels;

use std::hint::black_box;

use kernels::{Mask, append_masked, apply_mask, unmask_text};
use polywire_benches::{
    corpus::{Kind, Random, payload},
    options::Options,
    report::{self, Table},
    timing::{interleaved, median, timed},
};

const SIZES: [usize; 6] = [16, 125, 1024, 16 * 1024, 64 * 1024, 1024 * 1024];

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A kernel, and the kind of payload that it runs on.
struct Kernel {
    name: &'static str,
    kind: Kind,
    run: fn(&mut Buffers),
}

/// What a kernel may work on. `payload` is unmasked text or random bytes; the two masked ones are
/// masked and unmasked in turn by the kernels that work in place.
struct Buffers {
    payload: Vec<u8>,
    masked: Vec<u8>,
    target: Vec<u8>,
}

const KERNELS: &[Kernel] = &[
    Kernel { name: "memcpy", kind: Kind::Binary, run: copy },
    Kernel { name: "mask in place", kind: Kind::Binary, run: mask },
    Kernel { name: "mask in place, fastwebsockets", kind: Kind::Binary, run: mask_fastwebsockets },
    Kernel { name: "mask in place, sockudo-ws", kind: Kind::Binary, run: mask_sockudo },
    Kernel { name: "mask in place, yawc", kind: Kind::Binary, run: mask_yawc },
    Kernel { name: "mask while copying", kind: Kind::Binary, run: mask_copy },
    Kernel { name: "copy, unmask, check ASCII text", kind: Kind::Ascii, run: text },
    Kernel { name: "copy, unmask, then simdutf8, ASCII", kind: Kind::Ascii, run: text_in_turn },
    Kernel { name: "copy, unmask, check other text", kind: Kind::Unicode, run: text },
    Kernel { name: "copy, unmask, then simdutf8, other", kind: Kind::Unicode, run: text_in_turn },
];

fn main() {
    let options = Options::parse();
    println!("# Masking and UTF-8\n");
    println!("{}\n", report::machine());
    println!(
        "Gigabytes per second of CPU time, medians of {} interleaved rounds, data in the cache as \
         far as it fits.\n",
        options.rounds
    );
    let sizes: Vec<_> =
        SIZES.into_iter().filter(|size| options.size.is_none_or(|only| only == *size)).collect();
    let cells: Vec<_> = sizes.iter().map(|&size| measure(&options, size)).collect();
    let header = sizes.iter().map(|&size| report::size(size));
    let mut table = Table::new(["kernel".to_owned()].into_iter().chain(header));
    for (index, kernel) in KERNELS.iter().enumerate() {
        let rates = cells.iter().map(|cell| report::number(median(&cell[index])));
        table.row([kernel.name.to_owned()].into_iter().chain(rates));
    }
    table.print();
}

fn measure(options: &Options, size: usize) -> Vec<Vec<f64>> {
    let mut benches: Vec<Box<Bench>> = KERNELS
        .iter()
        .map(|kernel| {
            let payload = payload(kernel.kind, size, &mut Random::new(size as u64));
            let mut masked = payload.clone();
            apply_mask(&mut masked, Mask::new(KEY));
            let buffers = Buffers { target: payload.clone(), payload, masked };
            let mut bench = Box::new(Bench { run: kernel.run, buffers, times: 1 });
            bench.calibrate(options.sample_ns());
            bench
        })
        .collect();
    interleaved(options.rounds, &mut benches, |bench, _| {
        (bench.times * size) as f64 / bench.sample().max(1) as f64
    })
}

struct Bench {
    run: fn(&mut Buffers),
    buffers: Buffers,
    times: usize,
}

impl Bench {
    fn sample(&mut self) -> u64 {
        let Self { run, buffers, times } = self;
        timed(|| (0..*times).for_each(|_| run(black_box(buffers)))).0
    }

    fn calibrate(&mut self, wanted: u64) {
        while self.sample() < wanted / 4 {
            self.times *= 2;
        }
    }
}

fn copy(buffers: &mut Buffers) {
    buffers.target.copy_from_slice(&buffers.payload);
}

fn mask(buffers: &mut Buffers) {
    apply_mask(&mut buffers.masked, Mask::new(KEY));
}

fn mask_fastwebsockets(buffers: &mut Buffers) {
    fastwebsockets::unmask(&mut buffers.masked, KEY);
}

fn mask_sockudo(buffers: &mut Buffers) {
    sockudo_ws::mask::apply_mask(&mut buffers.masked, KEY);
}

fn mask_yawc(buffers: &mut Buffers) {
    yawc::mask::apply_mask(&mut buffers.masked, KEY);
}

fn mask_copy(buffers: &mut Buffers) {
    buffers.target.clear();
    append_masked(&mut buffers.target, &buffers.payload, Mask::new(KEY));
}

/// Fresh masked text each time, so both ways begin with the copy.
fn text(buffers: &mut Buffers) {
    buffers.target.copy_from_slice(&buffers.masked);
    assert!(unmask_text(&mut buffers.target, Mask::new(KEY)).is_ok());
}

fn text_in_turn(buffers: &mut Buffers) {
    buffers.target.copy_from_slice(&buffers.masked);
    apply_mask(&mut buffers.target, Mask::new(KEY));
    assert!(simdutf8::basic::from_utf8(&buffers.target).is_ok());
}
