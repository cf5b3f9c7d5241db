//! Every vector of `tests/vectors`, in one piece, byte by byte, and at random cuts.
//!
//! `VECTORS=close. cargo test -p polywire --test vectors` runs those whose id has this text in it.

#![expect(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test"
)]

mod support;

use polywire::{Contexts, Rule};
use serde_json::Value;
use std::collections::HashSet;
use std::panic::catch_unwind;
use support::connection::{Cut, Door, Way, run};
use support::data::{self, id};

/// Random cuts of each vector, each with seeds of its own.
const CUTS: u64 = 6;

#[test]
fn connections() {
    let only = std::env::var("VECTORS").unwrap_or_default();
    let mut vectors = data::vectors("connection");
    vectors.retain(|(_, vector)| id(vector).contains(&only));
    let mut runs = 0;
    let mut problems = Vec::new();
    for (number, (file, vector)) in vectors.iter().enumerate() {
        let ways = ways(vector, number as u64);
        runs += ways.len();
        if let Err(problem) = agree(vector, &ways) {
            problems.push(format!("{file}: {problem}"));
        }
    }
    println!("{} vectors, {runs} runs", vectors.len());
    assert!(problems.is_empty(), "{} vectors fail:\n{}", problems.len(), problems.join("\n"));
}

/// Whole and byte by byte through every door, at random cuts through one after the other.
fn ways(vector: &Value, number: u64) -> Vec<Way> {
    const DOORS: [Door; 3] = [Door::In, Door::Own, Door::Paused];
    let fixed = [Cut::Whole, Cut::Bytes].into_iter().flat_map(|cut| DOORS.map(|door| (cut, door)));
    let random = (0..CUTS).zip(DOORS.into_iter().cycle());
    let random = random.map(|(cut, door)| (Cut::Random(number * CUTS + cut), door));
    let cuts: Vec<_> = fixed.chain(random).collect();
    let contexts = match vector["config"].get("deflate") {
        Some(_) => &[Contexts::Folded, Contexts::Dedicated][..],
        None => &[Contexts::Folded],
    };
    let ways = contexts
        .iter()
        .flat_map(|&contexts| cuts.iter().map(move |&(cut, door)| Way { cut, door, contexts }));
    ways.collect()
}

/// Runs a vector in each way: each must give the events that it expects, and all exactly the same.
fn agree(vector: &Value, ways: &[Way]) -> Result<(), String> {
    let mut first = None;
    for &way in ways {
        let trace = catch_unwind(|| run(vector, way))
            .unwrap_or_else(|_| Err(format!("{} {way:?}: a panic", id(vector))))?;
        let (before, expected) = first.get_or_insert_with(|| (way, trace.clone()));
        if let Some(at) = (0..trace.len()).find(|&at| trace[at] != expected[at]) {
            let (one, other) = (data::short(&expected[at]), data::short(&trace[at]));
            let id = id(vector);
            return Err(format!("{id}: {before:?} gives {one}, but {way:?} gives {other}"));
        }
    }
    Ok(())
}

#[test]
fn every_file_is_run() {
    let known = ["connection"];
    for file in data::files() {
        assert!(known.contains(&file.kind.as_str()), "{}: kind {:?}", file.name, file.kind);
        assert!(!file.vectors.is_empty(), "{} is empty", file.name);
    }
}

#[test]
fn ids_are_unique_and_every_vector_says_where_it_comes_from() {
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
fn every_rule_occurs() {
    let all = data::vectors("connection");
    let text: String = all.iter().map(|(_, vector)| vector["steps"].to_string()).collect();
    for rule in Rule::ALL {
        assert!(text.contains(&format!("\"rule\":\"{}\"", rule.code())), "{}", rule.code());
    }
}
