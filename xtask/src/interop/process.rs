//! Other programs: started, listened to, waited for, and ended with everything that they started.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Kills the group named by `$0` when its input ends: when the value goes that holds the other end of
/// the pipe, or when this process itself is killed.
const GUARD: &str = "cat > /dev/null; kill -s KILL -- -$0 2> /dev/null";

/// How much of a log is shown.
const SHOWN: usize = 4000;

/// A running program, in a process group of its own.
pub(crate) struct Program {
    child: Child,
    guard: Child,
    lines: Receiver<String>,
    heard: Vec<String>,
    log: PathBuf,
}

impl Program {
    /// Start it, with its errors going to `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let fail = |error| format!("`{name}` could not be started: {error}");
        fs::create_dir_all(log.parent().unwrap_or(log)).map_err(fail)?;
        let errors = File::create(log).map_err(fail)?;
        own_group(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(fail)?;
        let output = child.stdout.take().expect("the output is piped");
        let mut guard = Command::new("sh");
        own_group(&mut guard);
        guard.args(["-c", GUARD, &child.id().to_string()]).stdin(Stdio::piped());
        let guard = guard.spawn().map_err(|error| {
            let _ = child.kill();
            fail(error)
        })?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            // The lines are read to the end even when nobody listens, or the pipe would fill.
            lines.for_each(|line| sender.send(line).unwrap_or_default());
        });
        Ok(Self { child, guard, lines, heard: Vec::new(), log: log.to_owned() })
    }

    /// The next line it prints.
    pub(crate) fn line(&mut self, patience: Duration) -> Result<String, String> {
        match self.lines.recv_timeout(patience) {
            Ok(line) => {
                self.heard.push(line.clone());
                Ok(line)
            }
            Err(RecvTimeoutError::Timeout) => Err(format!("nothing printed for {patience:?}")),
            Err(RecvTimeoutError::Disconnected) => Err("ended without a word".into()),
        }
    }

    /// Waits until it has printed a line.
    pub(crate) fn expect(&mut self, expected: &str, patience: Duration) -> Result<(), String> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.line(left).map_err(|_| format!("did not print `{expected}`"))?;
            if line == expected {
                return Ok(());
            }
        }
    }

    /// Waits until it ends, and for its success.
    pub(crate) fn end(&mut self, patience: Duration) -> Result<(), String> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(10)),
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return Err(format!("ended with {status}")),
                Err(error) => return Err(error.to_string()),
            }
        }
        Err(format!("not done after {patience:?}"))
    }

    /// What it has printed, for people to read.
    pub(crate) fn said(&self) -> String {
        let errors = fs::read(&self.log).unwrap_or_default();
        let errors = String::from_utf8_lossy(&errors[errors.len().saturating_sub(SHOWN)..]);
        let unread = self.lines.try_iter();
        let lines: Vec<String> = self.heard.iter().cloned().chain(unread).collect();
        let name = self.log.file_stem().unwrap_or_default().to_string_lossy();
        format!("--- {name}\n{}\n{errors}", lines.join("\n"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        drop(self.guard.stdin.take());
        // Both are gone or about to go; there is nobody to tell of an error.
        let _ = self.guard.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn own_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// Elsewhere the guard cannot be started, which ends the attempt with a message.
#[cfg(not(unix))]
fn own_group(_: &mut Command) {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_started_ends_with_it() {
        let log = crate::repository::root().join("target/interop/logs/process-test.log");
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]);
        let mut program = Program::start(command, &log).unwrap_or_else(|error| panic!("{error}"));
        let patience = Duration::from_secs(10);
        let sleeper = program.line(patience).unwrap_or_else(|error| panic!("{error}"));
        let is_alive =
            || Command::new("kill").args(["-0", &sleeper]).stderr(Stdio::null()).status();
        let is_alive = || is_alive().is_ok_and(|status| status.success());
        assert!(is_alive());
        drop(program);
        let deadline = Instant::now() + patience;
        while is_alive() {
            assert!(Instant::now() < deadline, "it outlives the one that started it");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}
