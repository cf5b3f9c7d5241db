//! `cargo xtask conformance`: the Autobahn test suite against the peers in `examples/`.
//!
//! Owns which peers there are and how they are started. The suite itself, its installation and what counts
//! as passed stand in `tests/interop/autobahn`.

use std::process::Command;

use crate::peers::{Server, build, example};
use crate::{Outcome, repository};

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
    build(&["echo_server", "autobahn_client"])?;
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
