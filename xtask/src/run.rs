//! `cargo xtask run`: the first thing to try. An echo server, and the inspector page on which everything
//! that goes through it can be watched frame by frame.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;

use crate::live::{Feed, relay, serve};
use crate::peers::{Server, build, example};
use crate::{Outcome, page};

/// Where the two listen if the port is free; otherwise the system chooses one.
const ECHO: u16 = 9001;
const PAGE: u16 = 9002;

pub(crate) fn main(arguments: &[String]) -> Outcome {
    if !arguments.is_empty() {
        return Err("usage: cargo xtask run".into());
    }
    let site = page::build()?;
    build(&["echo_server", "echo_client"])?;

    let server = Server::echo()?;
    let behind = server.url.trim_start_matches("ws://").trim_end_matches('/');
    let behind: SocketAddr = behind.parse().map_err(|error| format!("{behind}: {error}"))?;
    let feed = Feed::default();
    let (echo, url) = listen(ECHO)?;
    let relayed = feed.clone();
    thread::spawn(move || relay(&echo, behind, &relayed));
    greet(&url)?;

    let (listener, address) = listen(PAGE)?;
    println!("\nan echo server listens on   ws://{url}");
    println!("the inspector is shown at   http://{address}/");
    println!("\nOpen the page, choose the live feed, and talk to the server: each frame appears.");
    println!("`cargo xtask test` runs every check. Ctrl-C ends this.");
    serve(&listener, &site, &feed);
    Ok(())
}

fn listen(port: u16) -> Result<(TcpListener, SocketAddr), String> {
    let listener = TcpListener::bind(("127.0.0.1", port))
        .or_else(|_| TcpListener::bind(("127.0.0.1", 0)))
        .map_err(|error| format!("no port of the loopback could be had: {error}"))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, address))
}

/// The first conversation, so that there is something to see.
fn greet(address: &SocketAddr) -> Outcome {
    // The last one repeats itself, so that it is worth compressing.
    let verse = "and again ".repeat(16);
    let status = Command::new(example("echo_client"))
        .arg(format!("ws://{address}"))
        .args(["hello", "Grüße, 世界", &verse])
        .status()
        .map_err(|error| format!("the client could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("the client ended with {status}")) }
}
