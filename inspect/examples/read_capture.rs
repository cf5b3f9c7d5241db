//! Reads a capture and tells what is in it: `read_capture FILE`.

use polywire_inspect::{Inspector, Options, rules, sniff};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).ok_or("usage: read_capture FILE")?;
    let mut file = File::open(&name)?;
    let mut first = [0; 4096];
    let count = file.read(&mut first)?;
    let start = Instant::now();
    let mut inspector = Inspector::new(sniff(&first[..count]), &Options::default());
    inspector.push(&first[..count]);
    loop {
        let count = file.read(inspector.space(1 << 20))?;
        if count == 0 {
            break;
        }
        inspector.filled(count);
    }
    inspector.finish();
    let elapsed = start.elapsed();
    let (frames, connections) = (inspector.frames().len(), inspector.connections().len());
    println!("{name}: {frames} frames of {connections} connections in {elapsed:.0?}, native");
    if let Some(trouble) = inspector.trouble() {
        println!("{trouble}");
    }
    let codes: Vec<_> = rules().map(|rule| rule.code).collect();
    let mut counts = BTreeMap::new();
    for &rule in &inspector.problems().rule {
        *counts.entry(codes[usize::from(rule)]).or_insert(0) += 1;
    }
    for (code, count) in counts {
        println!("{count:>8} {code}");
    }
    Ok(())
}
