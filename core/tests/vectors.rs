//! Every vector of `tests/vectors`, in one piece, byte by byte, and at random cuts.
//!
//! `VECTORS=close. cargo test -p polywire --test vectors` runs those whose id has this text in it.

#![expect(clippy::std_instead_of_core, clippy::std_instead_of_alloc, reason = "a test has std")]

mod support;

use polywire::handshake::Fault;
use polywire::{Contexts, Rule, UsageError};
use serde_json::Value;
use std::collections::HashSet;
use std::panic::{UnwindSafe, catch_unwind};
use support::connection::{Door, Way};
use support::cut::Cut;
use support::data::{self, id};
use support::{connection, handshake};

/// Random cuts of each vector, each with a seed of its own.
const CUTS: u64 = 6;

#[test]
fn connections() {
    run_all("connection", |vector, number| {
        let ways = ways(vector, number);
        agree(vector, &ways).map(|()| ways.len())
    });
}

#[test]
fn server_handshakes() {
    run_all("server_handshake", |vector, number| at_every_cut(vector, number, handshake::server));
}

#[test]
fn client_handshakes() {
    run_all("client_handshake", |vector, number| at_every_cut(vector, number, handshake::client));
}

#[test]
fn urls() {
    run_all("url", |vector, _| handshake::url(vector).map(|()| 1));
}

#[test]
fn negotiations() {
    run_all("negotiation", |vector, _| handshake::negotiation(vector).map(|()| 1));
}

/// Runs the vectors of a kind, and tells of all that fail. `run` returns how many runs it made.
fn run_all(kind: &str, run: impl Fn(&Value, u64) -> Result<usize, String>) {
    let only = std::env::var("VECTORS").unwrap_or_default();
    let mut vectors = data::vectors(kind);
    vectors.retain(|(_, vector)| id(vector).contains(&only));
    let mut runs = 0;
    let mut problems = Vec::new();
    for (number, (file, vector)) in vectors.iter().enumerate() {
        match run(vector, number as u64) {
            Ok(count) => runs += count,
            Err(problem) => problems.push(format!("{file}, {}: {problem}", id(vector))),
        }
    }
    println!("{kind}: {} vectors, {runs} runs", vectors.len());
    assert!(problems.is_empty(), "{} vectors fail:\n{}", problems.len(), problems.join("\n"));
}

fn unpanicked<T>(run: impl FnOnce() -> Result<T, String> + UnwindSafe) -> Result<T, String> {
    catch_unwind(run).unwrap_or_else(|_| Err("a panic".into()))
}

fn cuts(number: u64) -> impl Iterator<Item = Cut> {
    let random = (0..CUTS).map(move |cut| Cut::Random(number * CUTS + cut));
    [Cut::Whole, Cut::Bytes].into_iter().chain(random)
}

fn at_every_cut(
    vector: &Value,
    number: u64,
    run: fn(&Value, Cut) -> Result<(), String>,
) -> Result<usize, String> {
    for cut in cuts(number) {
        unpanicked(|| run(vector, cut)).map_err(|problem| format!("{cut:?}: {problem}"))?;
    }
    Ok(cuts(number).count())
}

/// Whole and byte by byte through every door, at random cuts through one after the other.
fn ways(vector: &Value, number: u64) -> Vec<Way> {
    const DOORS: [Door; 3] = [Door::In, Door::Own, Door::Paused];
    let doors = cuts(number).enumerate().flat_map(|(at, cut)| match cut {
        Cut::Whole | Cut::Bytes => DOORS.map(|door| (cut, door)).to_vec(),
        Cut::Random(_) => vec![(cut, DOORS[at % 3])],
    });
    let doors: Vec<_> = doors.collect();
    let contexts = match vector["config"].get("deflate") {
        Some(_) => &[Contexts::Folded, Contexts::Dedicated][..],
        None => &[Contexts::Folded],
    };
    let ways = contexts
        .iter()
        .flat_map(|&contexts| doors.iter().map(move |&(cut, door)| Way { cut, door, contexts }));
    ways.collect()
}

/// Runs a vector in each way: each must give the events that it expects, and all exactly the same.
fn agree(vector: &Value, ways: &[Way]) -> Result<(), String> {
    let mut first = None;
    for &way in ways {
        let trace = unpanicked(|| connection::run(vector, way))
            .map_err(|problem| format!("{way:?}, {problem}"))?;
        let (before, expected) = first.get_or_insert_with(|| (way, trace.clone()));
        if let Some(at) = (0..trace.len()).find(|&at| trace[at] != expected[at]) {
            let (one, other) = (data::short(&expected[at]), data::short(&trace[at]));
            return Err(format!("{before:?} gives {one}, but {way:?} gives {other}"));
        }
    }
    Ok(())
}

#[test]
fn every_file_is_run() {
    let kinds = ["connection", "server_handshake", "client_handshake", "url", "negotiation"];
    for file in data::files() {
        assert!(kinds.contains(&file.kind.as_str()), "{}: kind {:?}", file.name, file.kind);
        assert!(!file.vectors.is_empty(), "{} is empty", file.name);
    }
}

#[test]
fn every_vector_has_its_own_id_and_says_where_it_comes_from() {
    let mut seen = HashSet::new();
    for file in data::files() {
        for vector in &file.vectors {
            assert!(seen.insert(id(vector).to_owned()), "{} twice", id(vector));
            for field in ["rfc", "origin"] {
                assert!(vector[field].is_string(), "{}: no {field}", id(vector));
            }
        }
    }
}

#[test]
fn every_rule_and_every_error_occurs() {
    let vectors = data::files().into_iter().flat_map(|file| file.vectors);
    let text: String = vectors.map(|vector| vector.to_string()).collect();
    let rules = Rule::ALL.iter().map(|rule| rule.code());
    let errors = UsageError::ALL.iter().map(|error| error.code());
    let faults = Fault::ALL.iter().map(|fault| fault.code());
    for code in rules.chain(errors).chain(faults) {
        assert!(text.contains(&format!("\"{code}\"")), "{code} is in no vector");
    }
}
