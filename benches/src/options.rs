//! The command line, the same for every program.

use std::env;

/// `--quick`, `--rounds N`, `--only TEXT` (engines whose name holds it, and those of Polywire),
/// `--size N`.
pub struct Options {
    pub quick: bool,
    pub rounds: usize,
    pub only: Option<String>,
    pub size: Option<usize>,
}

impl Options {
    pub fn parse() -> Self {
        let mut options = Self { quick: false, rounds: 0, only: None, size: None };
        let mut arguments = env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().unwrap_or_else(|| usage(&argument));
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--rounds" => options.rounds = number(&value()),
                "--only" => options.only = Some(value()),
                "--size" => options.size = Some(number(&value())),
                _ => usage(&argument),
            }
        }
        if options.rounds == 0 {
            options.rounds = if options.quick { 5 } else { 21 };
        }
        options
    }

    /// CPU time one sample aims at.
    pub fn sample_ns(&self) -> u64 {
        if self.quick { 500_000 } else { 3_000_000 }
    }

    pub fn keeps(&self, engine: &str) -> bool {
        self.only.as_deref().is_none_or(|only| engine.contains(only) || engine.contains("polywire"))
    }

    pub fn sizes(&self) -> Vec<usize> {
        let all = [16, 125, 1024, 64 * 1024, 1024 * 1024];
        all.into_iter().filter(|size| self.size.is_none_or(|only| only == *size)).collect()
    }
}

fn number(text: &str) -> usize {
    text.parse().unwrap_or_else(|_| usage(text))
}

fn usage(argument: &str) -> ! {
    eprintln!("unknown or incomplete argument: {argument}");
    eprintln!("usage: [--quick] [--rounds N] [--only ENGINE] [--size BYTES]");
    std::process::exit(2)
}
