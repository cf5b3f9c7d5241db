//! What passed, as a table.

use std::fmt;

use super::peer::{Mode, Role};
use crate::Outcome;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// By a fault of the peer that stands in its `peer.toml`.
    Known,
}

#[derive(Debug)]
struct Row {
    peer: String,
    version: String,
    verdicts: Vec<(Role, Mode, Verdict)>,
}

/// Filled peer by peer.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
    skipped: Vec<(String, String)>,
}

impl Report {
    /// A peer that could be installed. The verdicts that follow are its own.
    pub(crate) fn add(&mut self, peer: &str, version: &str) {
        let (peer, version) = (peer.to_owned(), version.to_owned());
        self.rows.push(Row { peer, version, verdicts: Vec::new() });
    }

    pub(crate) fn verdict(&mut self, role: Role, mode: Mode, verdict: Verdict) {
        if let Some(row) = self.rows.last_mut() {
            row.verdicts.push((role, mode, verdict));
        }
    }

    pub(crate) fn skip(&mut self, peer: &str, why: &str) {
        println!("{peer:<14} SKIPPED: {why}");
        self.skipped.push((peer.to_owned(), why.to_owned()));
    }

    /// What was skipped has not passed, but whether that is an error is for the caller to say.
    pub(crate) fn outcome(&self, may_skip: bool) -> Outcome {
        let verdicts = || self.rows.iter().flat_map(|row| &row.verdicts);
        let failed = verdicts().filter(|(_, _, verdict)| *verdict == Verdict::Failed).count();
        let skipped = self.skipped.len();
        match (failed, skipped) {
            (0, 0) => Ok(()),
            (0, _) if may_skip && !self.rows.is_empty() => Ok(()),
            _ => Err(format!(
                "interop: {failed} of {} talks failed, {skipped} peers skipped",
                verdicts().count()
            )),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{:<14} {:<32}", "peer", "version")?;
        for role in Role::ALL {
            write!(f, " {:<23}", format!("as {}", role.name()))?;
        }
        write!(f, "\n{:<47}", "")?;
        for mode in Role::ALL.map(|_| Mode::ALL).as_flattened() {
            write!(f, " {:<7}", mode.name())?;
        }
        writeln!(f)?;
        for row in &self.rows {
            write!(f, "{:<14} {:<32}", row.peer, row.version)?;
            for role in Role::ALL {
                Mode::ALL.iter().try_for_each(|mode| write!(f, " {:<7}", row.cell(role, *mode)))?;
            }
            writeln!(f)?;
        }
        for (peer, why) in &self.skipped {
            writeln!(f, "{peer:<14} SKIPPED: {}", why.lines().next().unwrap_or_default())?;
        }
        Ok(())
    }
}

impl Row {
    fn cell(&self, role: Role, mode: Mode) -> &'static str {
        let found = self.verdicts.iter().find(|(r, m, _)| (*r, *m) == (role, mode));
        match found.map(|(_, _, verdict)| verdict) {
            Some(Verdict::Passed) => "ok",
            Some(Verdict::Failed) => "FAILED",
            Some(Verdict::Known) => "known",
            None => "-",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_an_error_and_a_skip_is_one_for_who_named_the_peer() {
        let mut report = Report::default();
        report.skip("absent", "not found");
        assert!(report.outcome(true).is_err(), "nothing was tested");
        report.add("present", "1.0");
        report.verdict(Role::Client, Mode::Plain, Verdict::Passed);
        assert!(report.outcome(true).is_ok());
        assert!(report.outcome(false).is_err());
        report.verdict(Role::Client, Mode::Deflate, Verdict::Failed);
        assert!(report.outcome(true).is_err());
        let text = report.to_string();
        assert!(text.contains("ok      FAILED") && text.contains("SKIPPED"), "{text}");
    }
}
