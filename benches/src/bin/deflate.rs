//! permessage-deflate: time, ratio and memory for 1 and for 256 connections, with context
//! takeover and without, against a context for each connection.
//!
//! `cargo run --release --bin deflate -- [--quick] [--rounds N] [--only ENGINE] [--size BYTES]`

use polywire_benches::{
    corpus::{Corpus, Kind, Tally},
    counting::{Counting, live},
    engines::deflate::{Agreed, Deflate, ENGINES, Maker},
    options::Options,
    report::{self, Table},
    timing::{median, timed},
};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const SIZES: [usize; 3] = [64, 1024, 16 * 1024];

/// Distinct payloads of one size, in bytes.
const CORPUS: usize = 256 * 1024;

/// Messages in a batch: at least one for each connection.
const BATCH: usize = 64;

fn main() {
    let mut options = Options::parse();
    options.rounds = options.rounds.min(11);
    println!("# permessage-deflate\n");
    println!("{}\n", report::machine());
    println!(
        "Thread CPU time, medians of {} interleaved rounds; JSON-like text, level 6; one message \
         compressed / received and inflated.\n",
        options.rounds
    );
    for connections in [1, 256] {
        for agreed in [
            Agreed { window_bits: 12, takeover: true },
            Agreed { window_bits: 15, takeover: true },
            Agreed { window_bits: 12, takeover: false },
            Agreed { window_bits: 15, takeover: false },
        ] {
            table(&options, connections, agreed);
        }
    }
}

/// One engine with the memory that it holds.
struct Bench {
    engine: Box<dyn Deflate>,
    base: usize,
    connections: usize,
    outputs: Vec<Vec<u8>>,
}

/// What one round took and gave.
#[derive(Clone, Copy, Default)]
struct Sample {
    compress: f64,
    inflate: f64,
    ratio: f64,
}

fn table(options: &Options, connections: usize, agreed: Agreed) {
    let plural = if connections == 1 { "connection" } else { "connections" };
    let takeover = if agreed.takeover { "context takeover" } else { "no context takeover" };
    println!("## {connections} {plural}, {} window bits, {takeover}\n", agreed.window_bits);
    let sizes: Vec<_> =
        SIZES.into_iter().filter(|size| options.size.is_none_or(|only| only == *size)).collect();
    let kept: Vec<_> = ENGINES.iter().filter(|maker| options.keeps(maker.name)).collect();
    let mut rows: Vec<Vec<String>> = kept.iter().map(|maker| vec![maker.name.into()]).collect();
    let mut memory = vec![0; kept.len()];
    for &size in &sizes {
        let (samples, held) = measure(options, connections, agreed, size, &kept);
        for (index, samples) in samples.iter().enumerate() {
            let of =
                |field: fn(&Sample) -> f64| median(&samples.iter().map(field).collect::<Vec<_>>());
            rows[index].push(format!(
                "{} / {}",
                report::number(of(|sample| sample.compress)),
                report::number(of(|sample| sample.inflate))
            ));
            rows[index].push(format!("{:.3}", of(|sample| sample.ratio)));
            memory[index] = memory[index].max(held[index]);
        }
    }
    let columns = sizes.iter().flat_map(|&size| [report::size(size) + ", ns", "ratio".into()]);
    let header = ["engine".to_owned()].into_iter().chain(columns);
    // One connection alone would also be charged with what all connections share.
    let heap = (connections > 1).then(|| String::from("heap per connection, both ends"));
    let mut table = Table::new(header.chain(heap));
    for (row, memory) in rows.into_iter().zip(memory) {
        let heap = (connections > 1).then(|| format!("{:.1} KiB", memory as f64 / 1024.0));
        table.row(row.into_iter().chain(heap));
    }
    table.print();
}

fn measure(
    options: &Options,
    connections: usize,
    agreed: Agreed,
    size: usize,
    kept: &[&Maker],
) -> (Vec<Vec<Sample>>, Vec<usize>) {
    let corpus = Corpus::new(Kind::Ascii, size, CORPUS);
    let mut benches: Vec<_> = kept
        .iter()
        .map(|maker| {
            let base = live();
            let engine = (maker.make)(connections, agreed);
            Bench { engine, base, connections, outputs: Vec::new() }
        })
        .map(|mut bench| {
            let held = bench.warm_up(&corpus);
            (bench, held)
        })
        .collect();
    let mut samples = vec![Vec::new(); benches.len()];
    for round in 0..options.rounds {
        for turn in 0..benches.len() {
            let index = (round + turn) % benches.len();
            samples[index].push(benches[index].0.sample(options, &corpus, round));
        }
    }
    (samples, benches.iter().map(|(_, held)| *held).collect())
}

impl Bench {
    /// Fills the windows, and gives the heap bytes per connection.
    fn warm_up(&mut self, corpus: &Corpus) -> usize {
        let batches = (40_000 / corpus.size).clamp(2, 64);
        for batch in 0..batches {
            self.batch(corpus, batch);
        }
        self.outputs = Vec::new();
        self.engine.settle();
        let held = live().saturating_sub(self.base) / self.connections;
        self.outputs = vec![Vec::new(); BATCH.max(self.connections)];
        held
    }

    /// Batches until the sample is long enough; compression and inflation timed apart.
    fn sample(&mut self, options: &Options, corpus: &Corpus, round: usize) -> Sample {
        let mut sum = Sample::default();
        let mut batches = 0;
        while sum.compress + sum.inflate < options.sample_ns() as f64 {
            let batch = self.batch(corpus, round + batches);
            sum.compress += batch.compress;
            sum.inflate += batch.inflate;
            sum.ratio += batch.ratio;
            batches += 1;
        }
        let messages = (batches * self.outputs.len()) as f64;
        Sample {
            compress: sum.compress / messages,
            inflate: sum.inflate / messages,
            ratio: sum.ratio / batches as f64,
        }
    }

    /// One message for each connection, or `BATCH` for the only one.
    fn batch(&mut self, corpus: &Corpus, number: usize) -> Sample {
        let count = BATCH.max(self.connections);
        self.outputs.resize_with(count, Vec::new);
        let payloads = &corpus.payloads;
        let payload = |message: usize| &payloads[(number * 31 + message * 7) % payloads.len()];
        let mut expected = Tally::default();
        (0..count).for_each(|message| expected.message(true, payload(message)));
        self.outputs.iter_mut().for_each(Vec::clear);
        let Self { engine, outputs, connections, .. } = self;
        let (compress, compressed) = timed(|| {
            outputs.iter_mut().enumerate().fold(0, |sum, (message, output)| {
                sum + engine.compress(message % *connections, payload(message), output)
            })
        });
        let (inflate, tally) = timed(|| {
            let mut tally = Tally::default();
            for (message, output) in outputs.iter_mut().enumerate() {
                engine.inflate(message % *connections, output, &mut tally);
            }
            tally
        });
        assert_eq!(tally, expected, "{} lost or changed a message", engine.name());
        Sample {
            compress: compress as f64,
            inflate: inflate as f64,
            ratio: compressed as f64 / expected.bytes as f64,
        }
    }
}
