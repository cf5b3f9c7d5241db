//! The programs of `examples/` as other processes: built, found, started, and ended.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::{Outcome, repository, step};

/// Build examples as a user would run them.
pub(crate) fn build(names: &[&str]) -> Outcome {
    let mut arguments = vec!["build", "--release", "--package", "polywire"];
    for name in names {
        arguments.extend(["--example", name]);
    }
    step::cargo(&arguments)
}

/// Where cargo puts an example built in release mode.
pub(crate) fn example(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    repository::root().join(target).join("release/examples").join(name)
}

/// An echo server of `examples/`, ended when this value goes.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
}

impl Server {
    /// The one in Rust, on a free port of the loopback. It must be built.
    pub(crate) fn echo() -> Result<Self, String> {
        Self::start(&[example("echo_server").display().to_string()], "127.0.0.1:0")
    }

    /// Start it on an address; with port 0 it says itself which port it got.
    pub(crate) fn start(command: &[String], address: &str) -> Result<Self, String> {
        let (program, arguments) = command.split_first().ok_or("an empty command")?;
        let fail = |error| format!("{program}: {error}");
        let mut process = Command::new(program)
            .args(arguments)
            .arg(address)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(fail)?;
        let mut output = BufReader::new(process.stdout.take().expect("the output is piped"));
        let mut first_line = String::new();
        let read = output.read_line(&mut first_line).map_err(fail);
        let server = Self { process, url: url_in(&first_line).unwrap_or_default() };
        read?;
        // A server that prints more must not be stopped by a full pipe, nor ended by a closed one.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        if server.url.is_empty() {
            return Err(format!("the echo server did not say where it listens, but: {first_line}"));
        }
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn url_in(line: &str) -> Option<String> {
    line.split_whitespace().find(|word| word.starts_with("ws://")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_the_server_names_its_address() {
        assert_eq!(
            url_in("listening on ws://127.0.0.1:80\n").as_deref(),
            Some("ws://127.0.0.1:80")
        );
        assert_eq!(url_in("error: address in use\n"), None);
    }
}
