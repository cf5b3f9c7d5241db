//! What can be wrong in a capture, and the columns of what is.
//!
//! Owns the table of rules: those of the core, and the few that are about the capture itself. Knows
//! nothing of where problems are found.

use polywire::Rule;
use polywire::handshake::{Fault, HandshakeError};

/// A rule in the table that all captures share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The stable name.
    pub code: &'static str,
    /// Whose rule it is.
    pub origin: Origin,
    /// Where it stands; empty for what is the capture's fault.
    pub section: &'static str,
    /// What should have come.
    pub expected: &'static str,
    /// What a strict peer closes with, or answers with; 0 for what is the capture's fault.
    pub number: u16,
}

/// Whose rule it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Of the protocol after the handshake.
    Violation,
    /// Of the opening handshake.
    Handshake,
    /// Of nobody: the capture is incomplete.
    Capture,
}

impl Origin {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Handshake => "handshake",
            Self::Capture => "capture",
        }
    }
}

const fn of_capture(code: &'static str, expected: &'static str) -> Entry {
    Entry { code, origin: Origin::Capture, section: "", expected, number: 0 }
}

/// What may be wrong with a capture itself.
const CAPTURE: [Entry; 3] = [
    of_capture("capture.gap", "every byte of the stream in the capture"),
    of_capture("capture.resumed", "frames that can be followed without a break"),
    of_capture("capture.cut", "the end of the frame before the end of the capture"),
];

/// A broken rule.
#[derive(Clone, Debug)]
pub(crate) enum Finding {
    Violation(Rule),
    Handshake(HandshakeError),
    /// Bytes are missing.
    Gap,
    /// The frames were lost, and found again here.
    Resumed,
    /// The capture ends inside a frame.
    Cut,
}

impl Finding {
    /// The place in the table.
    pub(crate) fn rule(&self) -> u16 {
        match self {
            Self::Violation(rule) => rule_index(*rule),
            Self::Handshake(error) => fault_index(error.fault),
            Self::Gap => CAPTURE_AT,
            Self::Resumed => CAPTURE_AT + 1,
            Self::Cut => CAPTURE_AT + 2,
        }
    }
}

const FAULTS_AT: u16 = Rule::ALL.len() as u16;
const CAPTURE_AT: u16 = FAULTS_AT + Fault::ALL.len() as u16;

/// The place of a rule of the protocol in the table.
pub(crate) fn rule_index(rule: Rule) -> u16 {
    Rule::ALL.iter().position(|&other| other == rule).unwrap_or_default() as u16
}

/// The place of a rule of the handshake in the table.
pub fn fault_index(fault: Fault) -> u16 {
    FAULTS_AT + Fault::ALL.iter().position(|&other| other == fault).unwrap_or_default() as u16
}

/// The rule of the protocol at a place of the table, if it is one.
pub(crate) fn violated(rule: u16) -> Option<Rule> {
    Rule::ALL.get(usize::from(rule)).copied()
}

/// Every rule, at the index by which problems name it.
pub fn rules() -> impl Iterator<Item = Entry> {
    let violations = Rule::ALL.iter().map(|rule| Entry {
        code: rule.code(),
        origin: Origin::Violation,
        section: rule.section(),
        expected: rule.expected(),
        number: rule.close_code().0,
    });
    let faults = Fault::ALL.iter().map(|fault| Entry {
        code: fault.code(),
        origin: Origin::Handshake,
        section: fault.section(),
        expected: fault.expected(),
        number: fault.status(),
    });
    violations.chain(faults).chain(CAPTURE)
}

/// One problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Problem {
    /// The place of its rule in [`rules`].
    pub rule: u16,
    /// The connection.
    pub connection: u32,
    /// The row of the frame at fault, or [`NONE`](crate::NONE).
    pub row: u32,
    /// 0: the client is at fault, 1: the server.
    pub direction: u8,
    /// When, in microseconds since 1970.
    pub time: f64,
    /// Where the frame, the gap, or the line of the head begins.
    pub offset: f64,
    /// What came instead, as a number.
    pub found: f64,
    /// Whether the sender is certainly at fault, and not the capture.
    pub certain: bool,
}

/// The columns of problems.
#[derive(Debug, Default)]
pub struct Problems {
    /// Index into the table of rules.
    pub rule: Vec<u16>,
    /// The connection.
    pub connection: Vec<u32>,
    /// The row of the frame at fault, or [`NONE`](crate::NONE).
    pub row: Vec<u32>,
    /// Who sent it.
    pub direction: Vec<u8>,
    /// When.
    pub time: Vec<f64>,
    /// Where.
    pub offset: Vec<f64>,
    /// What came instead.
    pub found: Vec<f64>,
    /// 1 if the sender is certainly at fault.
    pub certain: Vec<u8>,
    /// The numbers of those that have a row: their rows never fall.
    of_rows: Vec<u32>,
    /// The sentences of those that a number does not tell, by their numbers, which never fall.
    texts: Vec<(u32, String)>,
}

impl Problems {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.rule.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rule.is_empty()
    }

    pub(crate) fn push(&mut self, problem: Problem, text: Option<String>) {
        let number = self.len() as u32;
        if problem.row != crate::NONE {
            self.of_rows.push(number);
        }
        if let Some(text) = text {
            self.texts.push((number, text));
        }
        self.rule.push(problem.rule);
        self.connection.push(problem.connection);
        self.row.push(problem.row);
        self.direction.push(problem.direction);
        self.time.push(problem.time);
        self.offset.push(problem.offset);
        self.found.push(problem.found);
        self.certain.push(problem.certain.into());
    }

    /// The rules that a frame breaks, with what was found.
    pub(crate) fn of_row(&self, row: u32) -> impl Iterator<Item = (Rule, u64)> {
        let from = self.of_rows.partition_point(|&number| self.row[number as usize] < row);
        let numbers = self.of_rows[from..].iter().map(|&number| number as usize);
        let own = numbers.take_while(move |&number| self.row[number] == row);
        own.filter_map(|number| Some((violated(self.rule[number])?, self.found[number] as u64)))
    }

    /// A problem as one sentence.
    pub fn text(&self, number: usize) -> String {
        let Some(&rule) = self.rule.get(number) else { return String::new() };
        let told = self.texts.binary_search_by_key(&(number as u32), |&(number, _)| number);
        if let Ok(at) = told {
            return self.texts[at].1.clone();
        }
        let (found, offset) = (self.found[number] as u64, self.offset[number] as u64);
        match violated(rule) {
            Some(rule) => polywire::Violation { rule, found, offset }.to_string(),
            None => {
                let entry = rules().nth(usize::from(rule));
                let (code, expected) = entry.map_or(("", ""), |it| (it.code, it.expected));
                format!("{code}: expected {expected}; {found} bytes are missing at byte {offset}")
            }
        }
    }
}
