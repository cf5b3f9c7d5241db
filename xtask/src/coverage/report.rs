//! What `cargo xtask coverage` prints.

use std::fmt::Write as _;

use super::ledger::{Entry, Ledger, Status};
use super::requirements::LEVELS;

/// Counts per RFC and level.
pub(super) fn table(ledger: &Ledger) -> String {
    let mut rfcs: Vec<u32> = ledger.entries.iter().map(|entry| entry.sentence.rfc).collect();
    rfcs.dedup();
    let mut text = String::from("                     total   cited  excepted    open\n");
    for rfc in rfcs {
        for level in LEVELS.iter().filter(|level| **level != "TEXT") {
            let of_level: Vec<&Entry> = ledger
                .entries
                .iter()
                .filter(|entry| entry.sentence.rfc == rfc && entry.sentence.level == *level)
                .collect();
            if !of_level.is_empty() {
                let _ = writeln!(text, "RFC {rfc} {level:<10} {}", counts(&of_level));
            }
        }
    }
    let all: Vec<&Entry> =
        ledger.entries.iter().filter(|entry| entry.status() != Status::Optional).collect();
    let _ = writeln!(text, "{:<19} {}", "all", counts(&all));
    let repeated = all.iter().filter(|entry| entry.places().len() > 1).count();
    let _ = writeln!(text, "sentences cited at more than one place: {repeated}");
    text
}

fn counts(entries: &[&Entry]) -> String {
    let count = |status| entries.iter().filter(|entry| entry.status() == status).count();
    format!(
        "{:>6} {:>7} {:>9} {:>7}",
        entries.len(),
        count(Status::Cited),
        count(Status::Excepted),
        count(Status::Open)
    )
}

/// Every sentence with a key word, and what covers it.
pub(super) fn every_sentence(ledger: &Ledger) -> String {
    let mut text = String::from("\n");
    for entry in &ledger.entries {
        let status = match entry.status() {
            Status::Optional => continue,
            Status::Open => "open",
            Status::Cited => "cited",
            Status::Excepted => "excepted",
        };
        let _ = writeln!(text, "{status:<8} {}", named(entry));
        for place in entry.places() {
            let _ = writeln!(text, "         {place}");
        }
        let mut reasons: Vec<&String> = entry.excepted.iter().flatten().collect();
        reasons.dedup();
        for reason in reasons {
            let _ = writeln!(text, "         because: {reason}");
        }
    }
    text
}

/// The open sentences and the stale citations and exceptions; empty when there are none.
pub(super) fn problems(ledger: &Ledger) -> String {
    let mut text = String::new();
    let open: Vec<&Entry> =
        ledger.entries.iter().filter(|entry| entry.status() == Status::Open).collect();
    if !open.is_empty() {
        let _ = writeln!(text, "\nopen:");
    }
    for entry in open {
        let _ = writeln!(text, "  {}", named(entry));
        if !entry.places().is_empty() {
            let _ = writeln!(text, "    cited only in part, at {}", entry.places().join(", "));
        }
    }
    if !ledger.stale.is_empty() {
        let _ = writeln!(text, "\nstale:");
    }
    for line in &ledger.stale {
        let _ = writeln!(text, "  {line}");
    }
    text
}

pub(super) fn verdict(ledger: &Ledger) -> String {
    let open = ledger.entries.iter().filter(|entry| entry.status() == Status::Open).count();
    format!("coverage: {open} sentences open, {} citations or exceptions stale", ledger.stale.len())
}

fn named(entry: &Entry) -> String {
    let sentence = &entry.sentence;
    format!("RFC {} {:<7} {}", sentence.rfc, sentence.section, sentence.text)
}
