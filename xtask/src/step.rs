//! Steps: named pieces of work whose time is printed and which end in one table.

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::repository;

/// A step by name, and what it does.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) run: fn() -> Result<(), String>,
    /// Why this machine cannot run it, if so. [`nothing`] for a step that every machine must run.
    pub(crate) lacking: fn() -> Option<String>,
}

/// For a step without which nothing counts: what it lacks makes it fail.
pub(crate) fn nothing() -> Option<String> {
    None
}

enum Verdict {
    Passed,
    Failed,
    NotRun(String),
}

/// Run steps in order, stop at the first that fails, and print a table either way.
pub(crate) fn run_all(steps: &[&Step]) -> Result<(), String> {
    let start = Instant::now();
    let mut done: Vec<(&str, Duration, Verdict)> = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("\n=== {} ===", step.name);
        let begin = Instant::now();
        if let Some(reason) = (step.lacking)() {
            eprintln!("NOT RUN: {reason}");
            done.push((step.name, begin.elapsed(), Verdict::NotRun(reason)));
            continue;
        }
        let outcome = (step.run)();
        let verdict = if outcome.is_ok() { Verdict::Passed } else { Verdict::Failed };
        done.push((step.name, begin.elapsed(), verdict));
        if let Err(message) = outcome {
            eprintln!("{message}");
            failure = Some(format!("step `{}` failed: {}", step.name, first_line(&message)));
            break;
        }
    }
    print!("{}", table(&done, steps.len(), start.elapsed()));
    failure.map_or(Ok(()), Err)
}

fn table(done: &[(&str, Duration, Verdict)], planned: usize, total: Duration) -> String {
    let mut text = String::from("\n");
    for (name, time, verdict) in done {
        let verdict = match verdict {
            Verdict::Passed => "ok",
            Verdict::Failed => "FAILED",
            Verdict::NotRun(_) => "NOT RUN",
        };
        let _ = writeln!(text, "{name:<24} {:>7.1} s  {verdict}", time.as_secs_f64());
    }
    let _ = writeln!(text, "{:<24} {:>7.1} s", "total", total.as_secs_f64());
    if done.len() < planned {
        let _ = writeln!(text, "{} of {planned} steps were not reached", planned - done.len());
    }
    for (name, _, verdict) in done {
        if let Verdict::NotRun(reason) = verdict {
            let _ = writeln!(text, "\nNOT CHECKED: `{name}` could not be run here: {reason}");
        }
    }
    text
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}

/// Run a command to its end, with what it prints shown.
pub(crate) fn finish(command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?} could not be started: {error}")),
    }
}

/// Run `cargo` in the root of the repository, with what it prints shown.
pub(crate) fn cargo(arguments: &[&str]) -> Result<(), String> {
    cargo_with(arguments, &[])
}

/// Like [`cargo`], with variables added to the environment.
pub(crate) fn cargo_with(arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), String> {
    let mut command = Command::new(cargo_program());
    command.args(arguments).current_dir(repository::root()).envs(variables.iter().copied());
    println!("cargo {}", arguments.join(" "));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo {}` ended with {status}", arguments.join(" "))),
        Err(error) => Err(format!("`cargo` could not be started: {error}")),
    }
}

/// The cargo that runs this program, so that a toolchain chosen on the command line stays chosen.
pub(crate) fn cargo_program() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".into())
}
