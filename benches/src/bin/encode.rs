//! Encoding: what one sent message costs a server and a client, in every library.
//!
//! `cargo run --release --bin encode -- [--quick] [--rounds N] [--only ENGINE] [--size BYTES]`

use std::rc::Rc;

use polywire_benches::{
    corpus::{Corpus, Kind, Tally, unframe},
    engines::{Class, Encode, Outgoing, encoders},
    options::Options,
    pipe::Sink,
    report::{self, Table},
    timing::{interleaved, keep_freed_memory, median, ratio, timed},
};

/// Bytes of distinct payloads: they stay in the second-level cache.
const CORPUS: usize = 256 * 1024;

/// Messages that answer one read, and go out with one write where the library can.
const BURST: usize = 16;

struct Cell {
    engines: Vec<(&'static str, Class, &'static str)>,
    samples: Vec<Vec<f64>>,
}

fn main() {
    keep_freed_memory();
    let options = Options::parse();
    println!("# Encoding messages\n");
    println!("{}\n", report::machine());
    println!(
        "Thread CPU time, medians of {} interleaved rounds; binary messages, written one by one \
         or in bursts.\n",
        options.rounds
    );
    for (client, burst) in [(false, 1), (false, BURST), (true, 1), (true, BURST)] {
        let sizes = options.sizes();
        let cells: Vec<_> =
            sizes.iter().map(|&size| measure(&options, client, burst, size)).collect();
        let role = if client { "client, masked" } else { "server" };
        let title = match burst {
            1 => format!("{role}, one message at a time"),
            _ => format!("{role}, bursts of {burst} messages"),
        };
        print_ratios(&title, &sizes, &cells);
        print_times(&title, &sizes, &cells);
    }
}

fn measure(options: &Options, client: bool, burst: usize, size: usize) -> Cell {
    let corpus = Rc::new(Corpus::new(Kind::Binary, size, CORPUS));
    let outgoing = Outgoing { corpus, client, burst, sink: Sink::default() };
    let mut engines = encoders(&outgoing);
    engines.retain(|engine| options.keeps(engine.name()));
    engines.iter_mut().for_each(|engine| verify(engine.as_mut(), &outgoing));
    let messages: Vec<_> =
        engines.iter_mut().map(|engine| calibrate(options, engine.as_mut(), &outgoing)).collect();
    let samples = interleaved(options.rounds, &mut engines, |engine, index| {
        let messages = messages[index];
        let mut time = 0;
        let batch = batch(engine, messages, size);
        for _ in 0..messages / batch {
            time += encode(engine, batch);
        }
        let expected = (messages * frame_size(size, client)) as u64;
        assert_eq!(outgoing.sink.taken(), expected, "{} sent too little", engine.name());
        time as f64 / messages as f64
    });
    let about = |engine: &Box<dyn Encode>| (engine.name(), engine.class(), engine.payload());
    Cell { engines: engines.iter().map(about).collect(), samples }
}

/// What the sink saw, read back frame by frame, must be the corpus.
fn verify(engine: &mut dyn Encode, outgoing: &Outgoing) {
    let count = outgoing.corpus.payloads.len();
    outgoing.sink.start_recording();
    engine.prepare(count);
    engine.encode(count);
    let record = outgoing.sink.stop_recording();
    outgoing.sink.taken();
    let mut tally = Tally::default();
    unframe(&record, outgoing.client, &mut tally);
    assert_eq!(tally, outgoing.corpus.tally, "{} changed a message", engine.name());
}

/// Messages that take the engine about as long as a sample should, in whole batches.
fn calibrate(options: &Options, engine: &mut dyn Encode, outgoing: &Outgoing) -> usize {
    let size = outgoing.corpus.size;
    let trial = batch(engine, 1024, size);
    let time = encode(engine, trial);
    outgoing.sink.taken();
    let wanted = options.sample_ns() as usize * trial / time.max(1) as usize;
    let batch = batch(engine, wanted.clamp(4, 1 << 20), size);
    wanted.clamp(batch, 1 << 20) / batch * batch
}

/// Messages made ready at once: no more than the cache holds where they are given away.
fn batch(engine: &dyn Encode, messages: usize, size: usize) -> usize {
    if engine.gives_away() { (CORPUS / size).clamp(4, 4096).min(messages) } else { messages }
}

fn encode(engine: &mut dyn Encode, messages: usize) -> u64 {
    engine.prepare(messages);
    timed(|| engine.encode(messages)).0
}

fn frame_size(size: usize, client: bool) -> usize {
    let header = match size {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    size + header + if client { 4 } else { 0 }
}

/// How many times the best rival takes what each engine of ours takes.
fn print_ratios(role: &str, sizes: &[usize], cells: &[Cell]) {
    println!("## {role}: best rival over Polywire\n");
    let mut table = Table::new(header(&["ours"], sizes));
    for (own, (name, class, _)) in cells[0].engines.iter().enumerate() {
        if *class != Class::Polywire {
            continue;
        }
        let cells = cells.iter().map(|cell| {
            let Some(best) = cell.best_rival() else { return String::from("-") };
            let times = ratio(&cell.samples[best], &cell.samples[own]);
            format!("{} ({})", report::number(times), cell.engines[best].0)
        });
        table.row([(*name).to_owned()].into_iter().chain(cells));
    }
    table.print();
}

impl Cell {
    fn best_rival(&self) -> Option<usize> {
        (0..self.engines.len())
            .filter(|&index| self.engines[index].1 == Class::Peer)
            .min_by(|&a, &b| median(&self.samples[a]).total_cmp(&median(&self.samples[b])))
    }
}

fn print_times(role: &str, sizes: &[usize], cells: &[Cell]) {
    println!("## {role}: ns per message\n");
    let mut table = Table::new(header(&["engine", "payload"], sizes));
    for (index, (name, _, payload)) in cells[0].engines.iter().enumerate() {
        let cells = cells.iter().map(|cell| report::number(median(&cell.samples[index])));
        table.row([(*name).to_owned(), (*payload).to_owned()].into_iter().chain(cells));
    }
    table.print();
}

fn header(first: &[&str], sizes: &[usize]) -> Vec<String> {
    let first = first.iter().map(|cell| (*cell).to_owned());
    first.chain(sizes.iter().map(|&size| report::size(size))).collect()
}
