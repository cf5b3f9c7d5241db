//! `cargo xtask fuzz`: run the targets of `fuzz/`, a workspace of its own because the fuzzing engine and
//! the rivals have no place in the lock file of users.
//!
//! Owns the order of the targets, the corpus (made from the vectors, kept in the folder of build products)
//! and what must be installed. Knows nothing of what the targets check.

use std::fs;
use std::process::{Command, Stdio};

use crate::{Outcome, repository, step};

/// The targets, in the order they run when none is named.
const TARGETS: &[&str] = &[
    "decode",
    "connection",
    "handshake_server",
    "handshake_client",
    "extensions",
    "deflate_roundtrip",
    "inflate_hostile",
    "pair",
    "differential",
];

/// The sanitizers need an unstable compiler.
const TOOLCHAIN: &str = "+nightly";

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let (targets, seconds) = parse(arguments)?;
    install()?;
    seed()?;
    targets.into_iter().try_for_each(|target| run(target, seconds))
}

fn parse(arguments: &[String]) -> Result<(Vec<&str>, u32), String> {
    let mut targets = Vec::new();
    let mut seconds = 60;
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        if argument == "--seconds" {
            let number = rest.next().and_then(|number| number.parse().ok());
            seconds = number.ok_or("`--seconds` needs a number")?;
        } else if TARGETS.contains(&argument) {
            targets.push(argument);
        } else {
            return Err(format!("no target `{argument}`; there are: {}", TARGETS.join(", ")));
        }
    }
    Ok((if targets.is_empty() { TARGETS.to_vec() } else { targets }, seconds))
}

/// `cargo fuzz` for a nightly compiler: installed once, from crates.io.
fn install() -> Outcome {
    if !succeeds("rustc", &[TOOLCHAIN, "--version"]) {
        return Err("fuzzing needs a nightly compiler: `rustup toolchain install nightly`".into());
    }
    if succeeds("cargo", &["fuzz", "--version"]) {
        return Ok(());
    }
    step::cargo(&["install", "--locked", "cargo-fuzz"]).map_err(|error| {
        format!(
            "{error}\n`cargo fuzz` could not be installed: it needs crates.io and a C++ compiler"
        )
    })
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    // The cargo that runs this program pins its own toolchain for what it starts.
    command.env_remove("RUSTUP_TOOLCHAIN").args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Writes the vectors into the corpus, beside what earlier runs found.
fn seed() -> Outcome {
    let corpus = corpus("");
    step::cargo(&["run", "--quiet", "--manifest-path", "fuzz/Cargo.toml", "--bin", "seed", &corpus])
}

fn corpus(target: &str) -> String {
    repository::root().join("fuzz/target/corpus").join(target).display().to_string()
}

fn run(target: &str, seconds: u32) -> Outcome {
    println!("\n=== {target} ===");
    let folder = corpus(target);
    fs::create_dir_all(&folder).map_err(|error| format!("{folder}: {error}"))?;
    let time = format!("-max_total_time={seconds}");
    let options = ["-max_len=8192", "-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"];
    let mut command = Command::new("cargo");
    command.env_remove("RUSTUP_TOOLCHAIN").current_dir(repository::root());
    command.args([TOOLCHAIN, "fuzz", "run", "--fuzz-dir", "fuzz", target, &folder, "--", &time]);
    match command.args(options).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!(
            "`{target}` ended with {status}; the input that shows why is in fuzz/artifacts/{target}"
        )),
        Err(error) => Err(format!("`cargo fuzz` could not be started: {error}")),
    }
}
