//! Decoding: what one received message costs a server, in every library.
//!
//! `cargo run --release --bin decode -- [--quick] [--rounds N] [--only ENGINE] [--size BYTES]`

use polywire_benches::{
    corpus::{Corpus, Kind},
    engines::{Class, Decode, Incoming, decoders},
    options::Options,
    report::{self, Table},
    timing::{interleaved, keep_freed_memory, median, ratio, timed},
};

/// Bytes of distinct payloads in one pass: they and the buffers stay in the second-level cache.
const PASS: usize = 256 * 1024;

/// What one read gives at most: what a socket gives a server that is busy, and a size with which
/// what was read is still in the first-level cache when it is unmasked.
const READS: [usize; 2] = [64 * 1024, 16 * 1024];

/// The engines of one cell and their samples, nanoseconds per message.
struct Cell {
    engines: Vec<(&'static str, Class)>,
    samples: Vec<Vec<f64>>,
}

fn main() {
    let options = Options::parse();
    keep_freed_memory();
    println!("# Decoding masked messages\n");
    println!("{}\n", report::machine());
    println!(
        "Thread CPU time, medians of {} interleaved rounds; masked frames in memory, every check \
         on.\n",
        options.rounds
    );
    for read in READS {
        for kind in Kind::ALL {
            let sizes = options.sizes();
            let cells: Vec<_> =
                sizes.iter().map(|&size| measure(&options, kind, read, size)).collect();
            let title = format!("{}, reads of {}", kind.label(), report::size(read));
            print_ratios(&title, &sizes, &cells);
            print_times(&title, &sizes, &cells);
        }
    }
}

fn measure(options: &Options, kind: Kind, read: usize, size: usize) -> Cell {
    let corpus = Corpus::new(kind, size, PASS);
    let incoming = Incoming::new(&corpus, read);
    let mut engines = decoders(&incoming);
    engines.retain(|engine| options.keeps(engine.name()));
    let passes: Vec<_> =
        engines.iter_mut().map(|engine| calibrate(options, engine.as_mut())).collect();
    let samples = interleaved(options.rounds, &mut engines, |engine, index| {
        let expected = corpus.tally.times(passes[index] as u64);
        let (time, tally) = timed(|| engine.decode(passes[index]));
        if engine.class() != Class::Baseline {
            assert_eq!(tally, expected, "{} lost or changed a message", engine.name());
        }
        time as f64 / expected.messages as f64
    });
    let engines = engines.iter().map(|engine| (engine.name(), engine.class())).collect();
    Cell { engines, samples }
}

/// Passes that take the engine about as long as a sample should.
fn calibrate(options: &Options, engine: &mut dyn Decode) -> usize {
    engine.decode(1);
    let (time, _) = timed(|| engine.decode(1));
    (options.sample_ns() / time.max(1)).max(1) as usize
}

/// How many times the fastest full peer takes what Polywire takes.
fn print_ratios(title: &str, sizes: &[usize], cells: &[Cell]) {
    println!("## {}: fastest full peer over Polywire\n", title);
    let mut table = Table::new(header("ours", sizes));
    let ours = |class: Class| class == Class::Polywire;
    for &(name, _) in cells[0].engines.iter().filter(|(_, class)| ours(*class)) {
        let cells = cells.iter().map(|cell| {
            let index = |wanted| cell.engines.iter().position(|(name, _)| *name == wanted);
            let own = &cell.samples[index(name).expect("the engines are the same in all cells")];
            let best = cell.best_peer();
            let times = ratio(&cell.samples[best], own);
            format!("{} ({})", report::number(times), cell.engines[best].0)
        });
        table.row([name.to_owned()].into_iter().chain(cells));
    }
    table.print();
}

impl Cell {
    fn best_peer(&self) -> usize {
        (0..self.engines.len())
            .filter(|&index| self.engines[index].1 == Class::Peer)
            .min_by(|&a, &b| median(&self.samples[a]).total_cmp(&median(&self.samples[b])))
            .expect("there is a peer to compare with")
    }
}

fn print_times(title: &str, sizes: &[usize], cells: &[Cell]) {
    println!("## {}: ns per message\n", title);
    let mut table = Table::new(header("engine", sizes));
    for (index, (name, class)) in cells[0].engines.iter().enumerate() {
        let label = match class {
            Class::Partial(gap) => format!("{name} ({gap})"),
            _ => (*name).to_owned(),
        };
        let cells = cells.iter().map(|cell| report::number(median(&cell.samples[index])));
        table.row([label].into_iter().chain(cells));
    }
    table.print();
}

fn header(first: &str, sizes: &[usize]) -> Vec<String> {
    [first.to_owned()].into_iter().chain(sizes.iter().map(|&size| report::size(size))).collect()
}
