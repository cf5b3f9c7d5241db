//! An echo server: `echo_server HOST:PORT [--no-deflate]`.
//!
//! Answers every message with the same message. With port 0 it takes a free one; its first line says
//! which.

mod host;

use host::{Host, echo};
use polywire::handshake::{OriginPolicy, ServerPolicy};
use polywire::{Config, Limits};
use std::net::TcpListener;
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
    // An echo has no secrets: pages of any site may connect, so that it can be tried from a browser.
    let policy = Arc::new(ServerPolicy { origins: OriginPolicy::Any, ..ServerPolicy::default() });
    let listener = TcpListener::bind(&address)?;
    println!("listening on ws://{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, config, policy) = (stream?, Arc::clone(&config), Arc::clone(&policy));
        thread::spawn(move || {
            let ended = Host::accept_under(stream, config, policy).and_then(|host| host.run(echo));
            if let Err(error) = ended {
                eprintln!("{error}");
            }
        });
    }
    Ok(())
}
