//! An echo client: `echo_client ws://HOST:PORT MESSAGE...`.
//!
//! Sends each message, prints what comes back and how long it took, and closes.

mod host;

use host::Host;
use polywire::{CloseCode, Config, Event};
use std::sync::Arc;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next() else {
        eprintln!("usage: echo_client ws://HOST:PORT MESSAGE...");
        std::process::exit(2);
    };
    let messages: Vec<String> = arguments.collect();
    let mut host = Host::connect(&url, Arc::new(Config::default()))?;
    for message in &messages {
        host.sender().send(message).map_err(std::io::Error::other)?;
    }
    host.sender().ping(b"how far is it?").map_err(std::io::Error::other)?;

    let started = Instant::now();
    let ended = host.run(|event, sender| match event {
        Event::Text(text) => println!("{text} ({:?})", started.elapsed()),
        Event::Pong { rtt: Some(rtt), .. } => {
            println!("round trip: {rtt:?}");
            sender.close(Some(CloseCode::NORMAL), "that was all").unwrap_or_default();
        }
        _ => {}
    })?;
    println!("ended: {:?} {}", ended.cause, ended.code);
    Ok(())
}
