//! `cargo xtask setup`: install once what the checks need, and say what is missing.
//!
//! Owns the list of what is needed. A check that lacks something required fails; nothing is skipped in
//! silence.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::{Outcome, conformance, packages, swift};

/// The targets of `cargo xtask no-std`.
pub(crate) const TARGETS: &[&str] = &["wasm32-unknown-unknown", "thumbv7em-none-eabihf"];

/// The parts of the toolchain that `cargo xtask test` calls, by the program that shows them.
const COMPONENTS: &[(&str, &str)] = &[("rustfmt", "cargo-fmt"), ("clippy", "cargo-clippy")];

/// What later commands use and `cargo xtask test` does not.
const OPTIONAL: &[(&str, &str, &str)] = &[
    ("python3", "--version", "cargo xtask conformance"),
    ("node", "--version", "the Node and wasm bindings"),
    ("java", "-version", "the Kotlin binding"),
    ("swift", "--version", "the Swift binding, unless `cargo xtask setup swift` fetched one"),
];

pub(crate) fn main(arguments: &[String]) -> Outcome {
    match arguments {
        [] => {}
        [language] if language == "swift" => return swift::setup(),
        _ => return Err("usage: cargo xtask setup [swift]".into()),
    }
    for (program, flag, user) in OPTIONAL {
        match version(program, flag) {
            Some(version) => println!("{program:<24} {version}"),
            None => println!("{program:<24} not found; needed by {user}"),
        }
    }
    packages::install_all();
    if let Some(reason) = conformance::lacking() {
        println!("{:<24} MISSING, needed by `cargo xtask conformance`: {reason}", "Autobahn");
    }
    required()
}

/// Install what `cargo xtask test` cannot do without. Its first step.
pub(crate) fn required() -> Outcome {
    let mut missing = Vec::new();
    for (component, program) in COMPONENTS {
        let ready =
            version(program, "--version").is_some() || rustup(&["component", "add", component]);
        report(component, ready, &mut missing);
    }
    for target in TARGETS {
        let ready = has_target(target) || rustup(&["target", "add", target]);
        report(target, ready && has_target(target), &mut missing);
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!(
        "missing: {}\n`rustup` could not install them. Without rustup, take them from where your Rust \
         comes from; the checks that need them fail until then.",
        missing.join(", ")
    ))
}

fn report(name: &'static str, ready: bool, missing: &mut Vec<&'static str>) {
    println!("{name:<24} {}", if ready { "ready" } else { "MISSING" });
    if !ready {
        missing.push(name);
    }
}

/// Does the compiler's library folder for the target hold a `core`?
pub(crate) fn has_target(target: &str) -> bool {
    let output =
        Command::new("rustc").args(["--print", "target-libdir", "--target", target]).output();
    let Ok(output) = output else { return false };
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let Ok(entries) = Path::new(&folder).read_dir() else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libcore-"))
}

fn rustup(arguments: &[&str]) -> bool {
    println!("rustup {}", arguments.join(" "));
    Command::new("rustup").args(arguments).status().is_ok_and(|status| status.success())
}

/// The first line of what a program says about itself, wherever it says it.
fn version(program: &str, flag: &str) -> Option<String> {
    let output = Command::new(program).arg(flag).stdin(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).lines().next().map(str::to_owned)
}
