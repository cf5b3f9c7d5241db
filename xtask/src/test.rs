//! `cargo xtask test`: every check of CI, in an order that fails early and compiles little.

use crate::step::{self, Step, cargo, cargo_with, nothing};
use crate::{
    Outcome, conformance, coverage, house, kotlin, no_std, node, page, python, setup, swift, wasm,
};

const STEPS: &[Step] = &[
    Step { name: "setup", run: setup::required, lacking: nothing },
    Step { name: "fmt", run: || cargo(&["fmt", "--all", "--check"]), lacking: nothing },
    Step { name: "house", run: house::check, lacking: nothing },
    Step { name: "coverage", run: coverage::check, lacking: nothing },
    Step { name: "clippy", run: clippy, lacking: nothing },
    Step { name: "tests", run: tests, lacking: nothing },
    Step {
        name: "tests-no-default",
        run: || {
            cargo(&["test", "--package", "polywire", "--no-default-features", "--lib", "--tests"])
        },
        lacking: nothing,
    },
    Step { name: "doc-tests", run: doc_tests, lacking: nothing },
    Step {
        name: "docs",
        run: || {
            cargo_with(&["doc", "--workspace", "--no-deps"], &[("RUSTDOCFLAGS", "-D warnings")])
        },
        lacking: nothing,
    },
    Step { name: "no-std", run: no_std::check, lacking: nothing },
    Step { name: "node", run: node::check, lacking: nothing },
    Step { name: "python", run: python::check, lacking: nothing },
    Step { name: "wasm", run: wasm::check, lacking: nothing },
    Step { name: "page", run: page::check, lacking: nothing },
    Step { name: "kotlin", run: kotlin::test, lacking: nothing },
    Step { name: "swift", run: swift::test, lacking: swift::lacking },
    Step { name: "conformance", run: conformance::quick, lacking: conformance::lacking },
];

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let mut chosen: Vec<&Step> = Vec::new();
    for name in arguments {
        let step = STEPS.iter().find(|step| step.name == name).ok_or_else(|| {
            let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            format!("no step `{name}`; there are: {}", names.join(", "))
        })?;
        chosen.push(step);
    }
    if chosen.is_empty() {
        chosen = STEPS.iter().collect();
    }
    step::run_all(&chosen)
}

/// What has tests in Rust. The packages for other languages are built and tested by their own steps.
const IN_RUST: [&str; 8] = [
    "--package",
    "polywire",
    "--package",
    "polywire-bridge",
    "--package",
    "polywire-inspect",
    "--package",
    "xtask",
];

/// With the examples, which are built here and run by `cargo xtask run`.
fn tests() -> Outcome {
    cargo(&[&["test"], &IN_RUST[..], &["--lib", "--bins", "--tests", "--examples"]].concat())
}

fn doc_tests() -> Outcome {
    cargo(&["test", "--package", "polywire", "--package", "polywire-bridge", "--doc"])
}

/// Once per set of features: code behind a feature is seen only where the feature is.
fn clippy() -> Outcome {
    let strict = ["--", "-D", "warnings"];
    let sets: [&[&str]; 3] = [
        &["--workspace", "--all-targets"],
        &["--package", "polywire", "--all-targets", "--no-default-features"],
        &["--package", "polywire", "--all-targets", "--no-default-features", "--features", "std"],
    ];
    for set in sets {
        cargo(&[&["clippy"], set, &strict].concat())?;
    }
    Ok(())
}
