//! Every code that a user can meet, with what belongs to it.
//!
//! Owns no code: the core declares them. A binding exports this list, and its tests check that each
//! entry has a counterpart in the language.

use polywire::handshake::Fault;
use polywire::{Cause, Rule, UsageError, Violation};

/// Where a code comes from, and so what it becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The peer broke a rule: the connection ends.
    Violation,
    /// The caller asked for what cannot be done: nothing happened.
    Usage,
    /// An opening handshake failed.
    Handshake,
}

impl Origin {
    /// Its name, the same in every language.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Usage => "usage",
            Self::Handshake => "handshake",
        }
    }
}

/// A code, and what is known about it without an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// Where it comes from.
    pub origin: Origin,
    /// The close code of a violation, the HTTP status of a handshake's fault, 0 for misuse.
    pub number: u16,
    /// The section of the RFC, empty for misuse.
    pub section: &'static str,
    /// What should have come: the text, for misuse.
    pub expected: &'static str,
}

/// All codes: violations first, at the index by which [`record`](crate::record) names them.
pub fn all() -> impl Iterator<Item = Entry> {
    let violations = Rule::ALL.iter().map(|rule| Entry {
        code: rule.code(),
        origin: Origin::Violation,
        number: rule.close_code().0,
        section: rule.section(),
        expected: rule.expected(),
    });
    let usages = UsageError::ALL.iter().map(|error| Entry {
        code: error.code(),
        origin: Origin::Usage,
        number: 0,
        section: "",
        expected: error.text(),
    });
    let faults = Fault::ALL.iter().map(|fault| Entry {
        code: fault.code(),
        origin: Origin::Handshake,
        number: fault.status(),
        section: fault.section(),
        expected: fault.expected(),
    });
    violations.chain(usages).chain(faults)
}

/// The place of a rule in [`Rule::ALL`].
pub fn rule_index(rule: Rule) -> usize {
    Rule::ALL.iter().position(|&other| other == rule).expect("`ALL` has every rule")
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
