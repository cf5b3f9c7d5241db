//! `cargo xtask run`: the first thing to try. Builds the echo server and the echo client of `examples/` and
//! lets them talk over loopback.

use std::process::Command;

use crate::Outcome;
use crate::peers::{Server, build, example};

pub(crate) fn main(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask run".into());
    }
    build(&["echo_server", "echo_client"])?;
    let server = Server::start(&[example("echo_server").display().to_string()], "127.0.0.1:0")?;
    println!("the server listens on {}", server.url);

    // The last one repeats itself, so that it is worth compressing.
    let verse = "and again ".repeat(16);
    let messages = ["hello", "Grüße, 世界", &verse];
    let status = Command::new(example("echo_client"))
        .arg(&server.url)
        .args(messages)
        .status()
        .map_err(|error| format!("the client could not be started: {error}"))?;
    if !status.success() {
        return Err(format!("the client ended with {status}"));
    }
    println!("both programs are in examples/rust; `cargo xtask test` runs every check");
    Ok(())
}
