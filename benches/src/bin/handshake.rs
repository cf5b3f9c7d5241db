//! Opening handshakes per second, of a server alone and of both ends.
//!
//! `cargo run --release --bin handshake -- [--quick] [--rounds N] [--only ENGINE]`

use polywire_benches::{
    engines::handshake::{BROWSER, Open, engines},
    options::Options,
    report::{self, Table, number},
    timing::{interleaved, median, ratio, timed},
};

/// Handshakes in one sample.
const SAMPLE: usize = 500;

fn main() {
    let options = Options::parse();
    println!("# Opening handshakes\n");
    println!("{}\n", report::machine());
    println!(
        "{} rounds of {SAMPLE} handshakes each; the ratio is the time over that of Polywire.\n",
        options.rounds
    );
    println!("## A server answers a browser\n");
    table(&options, |engine| {
        let response = engine.serve(BROWSER);
        assert!(response.starts_with(b"HTTP/1.1 101 "), "{} refused", engine.name());
    });
    println!("## A client and a server of the same library\n");
    table(&options, |engine| engine.both());
}

fn table(options: &Options, handshake: impl Fn(&mut dyn Open)) {
    let mut engines: Vec<_> =
        engines().into_iter().filter(|engine| options.keeps(engine.name())).collect();
    let samples = interleaved(options.rounds, &mut engines, |engine, _| {
        let (time, ()) = timed(|| (0..SAMPLE).for_each(|_| handshake(engine)));
        time as f64 / SAMPLE as f64
    });
    let header = ["engine", "ratio", "us each", "thousand a second"];
    let mut table = Table::new(header.map(String::from));
    for (engine, times) in engines.iter().zip(&samples) {
        let nanoseconds = median(times);
        table.row([
            engine.name().to_owned(),
            number(ratio(times, &samples[0])),
            number(nanoseconds / 1000.0),
            number(1_000_000.0 / nanoseconds),
        ]);
    }
    table.print();
}
