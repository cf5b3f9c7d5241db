//! An echo server: `echo_server HOST:PORT [--no-deflate]`.
//!
//! Answers every message with the same message. With port 0 it takes a free one; its first line says
//! which.

mod host;

use host::Host;
use polywire::{Config, Event, Limits};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(address) = arguments.next() else {
        eprintln!("usage: echo_server HOST:PORT [--no-deflate]");
        std::process::exit(2);
    };
    let limits = Limits { frame_size: 64 << 20, message_size: 64 << 20, ..Limits::default() };
    let mut config = Config { limits, ..Config::default() };
    if arguments.any(|argument| argument == "--no-deflate") {
        config.deflate = None;
    }
    let config = Arc::new(config);
    let listener = TcpListener::bind(&address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, config) = (stream?, Arc::clone(&config));
        thread::spawn(move || {
            if let Err(error) = echo(stream, config) {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}

fn echo(stream: TcpStream, config: Arc<Config>) -> std::io::Result<()> {
    Host::accept(stream, config)?.run(|event, sender| {
        let sent = match event {
            Event::Text(text) => sender.send(text),
            Event::Binary(bytes) => sender.send(bytes),
            _ => Ok(()),
        };
        // A message that came while this end was closing has nobody to go to.
        sent.unwrap_or_default();
    })?;
    Ok(())
}
