//! `cargo xtask bench`: run the programs of `benches/`, a workspace of its own because rivals and their
//! dependencies have no place in the lock file of users.

use crate::{Outcome, kotlin, node, page, python, repository, step, swift, wasm};

/// The programs, in the order they run when none is named.
const PROGRAMS: &[&str] = &["decode", "encode", "masking", "deflate", "memory", "handshake"];

pub(crate) fn main(arguments: &[String]) -> Outcome {
    match arguments.split_first() {
        Some((name, rest)) if name == "node" => return node::bench(rest),
        Some((name, rest)) if name == "python" => return python::bench(rest),
        _ => {}
    }
    if arguments == ["mobile"] {
        return mobile();
    }
    if arguments == ["inspect"] {
        return wasm::bench();
    }
    if arguments == ["page"] {
        return page::bench();
    }
    let chosen: Vec<&str> = match arguments {
        [] => PROGRAMS.to_vec(),
        [all] if all == "core" => PROGRAMS.to_vec(),
        named => named.iter().map(String::as_str).collect(),
    };
    if let Some(unknown) = chosen.iter().find(|name| !PROGRAMS.contains(name)) {
        return Err(format!("no bench `{unknown}`; there are: {}", PROGRAMS.join(", ")));
    }
    let manifest = "benches/Cargo.toml";
    if !repository::root().join(manifest).is_file() {
        return Err(format!("{manifest} does not exist"));
    }
    for program in chosen {
        println!("\n=== {program} ===");
        step::cargo(&[
            "run",
            "--release",
            "--quiet",
            "--manifest-path",
            manifest,
            "--bin",
            program,
        ])?;
    }
    Ok(())
}

/// The border to Kotlin, and to Swift where there is one.
fn mobile() -> Outcome {
    kotlin::build_only()?;
    println!("\n=== kotlin ===");
    step::finish(&mut kotlin::program("benches/mobile/kotlin", "BorderKt"))?;
    let Some(toolchain) = swift::Toolchain::find() else {
        println!("\nNOT RUN: {}", swift::lacking().unwrap_or_default());
        return Ok(());
    };
    let package = "benches/mobile/swift";
    swift::assemble()?;
    toolchain.swift("build", package, &["-c", "release"], &[])?;
    println!("\n=== swift ===");
    let program = toolchain.path(&swift::program(package, "Border"));
    step::finish(&mut toolchain.command(&[&program]))
}
