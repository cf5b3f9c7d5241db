//! `cargo xtask conformance`: the Autobahn test suite against the peers in `examples/`.
//!
//! Owns which peers there are and how they are started. The suite itself, its installation and what counts
//! as passed stand in `tests/interop/autobahn`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::{Outcome, repository, step};

const USAGE: &str =
    "usage: cargo xtask conformance rust [server|client] [--cases PATTERNS] [--fast]";

pub(crate) fn main(arguments: &[String]) -> Outcome {
    let (language, rest) = arguments.split_first().ok_or(USAGE)?;
    if language != "rust" {
        return Err(format!("no peers in `{language}`\n{USAGE}"));
    }
    let (roles, options) = match rest.split_first() {
        Some((role, options)) if matches!(role.as_str(), "server" | "client") => {
            (vec![role.as_str()], options)
        }
        _ => (vec!["server", "client"], rest),
    };
    step::cargo(&[
        "build",
        "--release",
        "--example",
        "echo_server",
        "--example",
        "autobahn_client",
    ])?;
    for role in roles {
        println!("\n=== rust {role} ===");
        match role {
            "server" => test_server(options)?,
            _ => test_client(options)?,
        }
    }
    Ok(())
}

fn test_server(options: &[String]) -> Outcome {
    let server = Server::start("127.0.0.1:0")?;
    suite("server", &server.url, options)
}

fn test_client(options: &[String]) -> Outcome {
    // The suite splits the command at white space as a shell would.
    suite("client", &format!("'{}'", example("autobahn_client").display()), options)
}

fn suite(role: &str, peer: &str, options: &[String]) -> Outcome {
    let root = repository::root();
    let reports = root.join("target/autobahn").join(format!("rust-{role}"));
    let status = Command::new("python3")
        .arg(root.join("tests/interop/autobahn/run.py"))
        .args([role, peer, "--agent", "polywire-rust", "--reports"])
        .arg(reports)
        .args(options)
        .status()
        .map_err(|error| format!("`python3` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the Rust {role} does not conform")) }
}

/// Where cargo puts an example built in release mode.
pub(crate) fn example(name: &str) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    repository::root().join(target).join("release/examples").join(name)
}

/// The echo server of `examples/`, ended when this value goes.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
}

impl Server {
    /// Start it on an address; with port 0 it says itself which port it got.
    pub(crate) fn start(address: &str) -> Result<Self, String> {
        let program = example("echo_server");
        let fail = |error| format!("{}: {error}", program.display());
        let mut process =
            Command::new(&program).arg(address).stdout(Stdio::piped()).spawn().map_err(fail)?;
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
