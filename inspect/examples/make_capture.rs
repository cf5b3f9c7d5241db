//! Makes a large capture: `make_capture FILE [--frames N] [--connections N] [--payload BYTES]
//! [--deflate] [--pcap]`.
//!
//! Frames of both directions in turn, one in a packet of Ethernet, IPv4 and TCP; every hundredth is a
//! ping or its pong, one in a thousand breaks a rule. The same arguments make the same bytes.

use polywire::handshake::Agreement;
use polywire::{Config, Connection, DeflateParams, Instant, Role};
use std::error::Error;
use std::io::{BufWriter, Write};
use std::sync::Arc;

#[path = "../tests/support/mod.rs"]
mod support;

use support::{CLIENT, File, Format, Link, SERVER, Tcp, frame, handshake};

struct Options {
    file: String,
    frames: usize,
    connections: usize,
    payload: usize,
    deflate: bool,
    format: Format,
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: make_capture FILE [--frames N] [--connections N] [--payload BYTES] [--deflate] [--pcap]")?;
    let mut options = Options {
        file,
        frames: 1_000_000,
        connections: 20,
        payload: 32,
        deflate: false,
        format: Format::Pcapng,
    };
    while let Some(name) = arguments.next() {
        let mut number = || {
            arguments
                .next()
                .ok_or("a number is missing")?
                .parse::<usize>()
                .map_err(Box::<dyn Error>::from)
        };
        match &name[..] {
            "--frames" => options.frames = number()?,
            "--connections" => options.connections = number()?.clamp(1, 10_000),
            "--payload" => options.payload = number()?.min(60_000),
            "--deflate" => options.deflate = true,
            "--pcap" => options.format = Format::Pcap,
            other => return Err(format!("no option {other}").into()),
        }
    }
    Ok(options)
}

/// The two ends of a connection, as those that compress see it.
fn pair() -> [Connection; 2] {
    let deflate = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };
    let agreement = Agreement { subprotocol: None, deflate: Some(deflate) };
    let config = Arc::new(Config::default());
    [Role::Client, Role::Server]
        .map(|role| Connection::new(role, Arc::clone(&config), &agreement, [9; 32], Instant::ZERO))
}

fn text(number: usize, length: usize) -> String {
    let start = format!(
        "{{\"number\":{number},\"price\":{}.{:02},\"side\":\"buy\"",
        number % 977,
        number % 89
    );
    let filler = ",\"venue\":\"somewhere\"";
    start.chars().chain(filler.chars().cycle()).take(length.max(1)).collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let mut out = BufWriter::new(std::fs::File::create(&options.file)?);
    let extensions = if options.deflate { "permessage-deflate" } else { "" };
    let mut tcp = Tcp::new(File::new(options.format, Link::Ethernet));
    let mut sequences = Vec::new();
    let mut pairs = Vec::new();
    for number in 0..options.connections {
        tcp = tcp.another(10_000 + number as u16);
        tcp.open();
        for (end, head) in handshake(extensions).iter().enumerate() {
            tcp.send(end, head.as_bytes());
        }
        sequences.push(tcp.sequence);
        pairs.push(pair());
    }
    for number in 0..options.frames {
        let place = number % options.connections;
        let turn = number / options.connections;
        let end = if turn.is_multiple_of(2) { CLIENT } else { SERVER };
        tcp = tcp.another(10_000 + place as u16);
        tcp.sequence = sequences[place];
        let content = text(number, options.payload);
        let bytes = match turn % 100 {
            98 => frame(end, 0x89, &(turn as u32).to_be_bytes()),
            99 => frame(end, 0x8a, &(turn as u32 - 1).to_be_bytes()),
            _ if number % 1000 == 500 => frame(end, 0xa1, content.as_bytes()),
            _ if options.deflate => {
                let sender = pairs[place][end].sender(Instant::ZERO);
                sender.send(&content[..])?;
                let mut bytes = vec![0; sender.queued()];
                sender.transmit_into(&mut bytes);
                bytes
            }
            _ => frame(end, 0x81, content.as_bytes()),
        };
        tcp.send(end, &bytes);
        sequences[place] = tcp.sequence;
        if tcp.file.bytes.len() > 1 << 20 {
            out.write_all(&tcp.file.bytes)?;
            tcp.file.bytes.clear();
        }
    }
    out.write_all(&tcp.file.bytes)?;
    out.flush()?;
    Ok(())
}
