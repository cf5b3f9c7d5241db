//! Every code that a user can meet, with what belongs to it.
//!
//! Owns no code: the core declares them. A binding exports this list, and its tests check that each
//! entry has a counterpart in the language.

use polywire::handshake::Fault;
use polywire::{Cause, Rule, UsageError, Violation};

/// A code, and what is known about it without an occurrence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stable code.
    pub code: String,
    /// Where it comes from: `violation`, `usage` or `handshake`.
    pub origin: String,
    /// The close code of a violation, the HTTP status of a handshake's fault, 0 for misuse.
    pub number: u16,
    /// The section of the RFC, empty for misuse.
    pub section: String,
    /// What should have come: the text, for misuse.
    pub expected: String,
}

/// All codes: violations first, at the index by which [`record`](crate::record) names them.
pub fn all() -> impl Iterator<Item = Entry> {
    let violations = Rule::ALL.iter().map(|rule| {
        let (number, section) = (rule.close_code().0, rule.section());
        entry("violation", rule.code(), number, section, rule.expected())
    });
    let usages =
        UsageError::ALL.iter().map(|error| entry("usage", error.code(), 0, "", error.text()));
    let faults = Fault::ALL.iter().map(|fault| {
        let (number, section) = (fault.status(), fault.section());
        entry("handshake", fault.code(), number, section, fault.expected())
    });
    violations.chain(usages).chain(faults)
}

fn entry(origin: &str, code: &str, number: u16, section: &str, expected: &str) -> Entry {
    Entry {
        code: code.to_owned(),
        origin: origin.to_owned(),
        number,
        section: section.to_owned(),
        expected: expected.to_owned(),
    }
}

/// The place of a rule in [`Rule::ALL`].
pub fn rule_index(rule: Rule) -> usize {
    Rule::ALL.iter().position(|&other| other == rule).expect("`ALL` has every rule")
}

/// The place of a usage error in [`UsageError::ALL`].
pub fn usage_index(error: UsageError) -> usize {
    UsageError::ALL.iter().position(|&other| other == error).expect("`ALL` has every error")
}

/// The sentence of a violation of the rule at this place; empty where there is none.
pub fn describe(rule: usize, found: u64, offset: u64) -> String {
    let rule = Rule::ALL.get(rule);
    rule.map_or_else(String::new, |&rule| Violation { rule, found, offset }.to_string())
}

/// The name of what ended a connection, as the vectors write it.
pub const fn cause_name(cause: Cause) -> &'static str {
    CAUSES[cause_index(cause)]
}

/// The names of the causes, at the index by which [`record`](crate::record) names them.
pub const CAUSES: [&str; 7] =
    ["closed", "violation", "lost", "pong_timeout", "close_timeout", "idle_timeout", "aborted"];

pub(crate) const fn cause_index(cause: Cause) -> usize {
    match cause {
        Cause::Closed => 0,
        Cause::Violation(_) => 1,
        Cause::Lost => 2,
        Cause::PongTimeout => 3,
        Cause::CloseTimeout => 4,
        Cause::IdleTimeout => 5,
        Cause::Aborted => 6,
    }
}
