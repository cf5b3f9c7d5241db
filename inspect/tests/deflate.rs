//! Compressed messages: read once, and any of them again later.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use polywire::handshake::Agreement;
use polywire::{Config, Connection, DeflateParams, Instant, Limits, Role};
use polywire_inspect::{Inspector, Options, Target, sniff};
use std::sync::Arc;
use support::{CLIENT, File, Format, Link, SERVER, Tcp, handshake};

/// Text that does not compress well, and refers back to what was before.
fn text(number: usize, length: usize) -> String {
    let word = |at: usize| (number * 7919 + at * at * 104_729) % 100_003;
    (0..)
        .map(|at| format!("{} ", word(at)))
        .flat_map(String::into_bytes)
        .take(length)
        .map(char::from)
        .collect()
}

fn sender(role: Role, fresh: bool) -> Connection {
    let params = DeflateParams {
        server_no_context_takeover: fresh,
        client_no_context_takeover: fresh,
        server_max_window_bits: 15,
        client_max_window_bits: 15,
    };
    let agreement = Agreement { subprotocol: None, deflate: Some(params) };
    let limits = Limits { send_queue: usize::MAX, ..Limits::default() };
    Connection::new(
        role,
        Arc::new(Config { limits, ..Config::default() }),
        &agreement,
        [3; 32],
        Instant::ZERO,
    )
}

fn capture(fresh: bool, messages: usize, length: usize) -> Vec<u8> {
    let extensions = match fresh {
        true => "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
        false => "permessage-deflate",
    };
    let mut tcp = Tcp::new(File::new(Format::Pcapng, Link::Raw));
    tcp.open();
    for (end, head) in handshake(extensions).iter().enumerate() {
        tcp.send(end, head.as_bytes());
    }
    let mut ends = [sender(Role::Client, fresh), sender(Role::Server, fresh)];
    for number in 0..messages {
        let end = if number.is_multiple_of(2) { CLIENT } else { SERVER };
        let sender = ends[end].sender(Instant::ZERO);
        let text = text(number, length);
        match number % 5 {
            0 => {
                sender.send_part(&text[..length / 2], false).unwrap();
                sender.send_part(&text[length / 2..], true).unwrap();
            }
            _ => sender.send(&text[..]).unwrap(),
        }
        let mut bytes = vec![0; sender.queued()];
        sender.transmit_into(&mut bytes);
        for piece in bytes.chunks(1400) {
            tcp.send(end, piece);
        }
    }
    tcp.file.bytes
}

/// All contents that are asked for, by as many replays as it takes; and how many bytes were read.
fn contents(inspector: &Inspector, file: &[u8], targets: &[Target]) -> (Vec<Vec<u8>>, u64) {
    let mut found = vec![Vec::new(); targets.len()];
    let mut read = 0;
    for mut replay in inspector.replays(targets) {
        for place in replay.places().to_vec() {
            let at = place.file.unwrap() as usize;
            read += place.length;
            replay.push(&mut file[at..at + place.length as usize].to_vec());
        }
        for (number, part) in replay.parts() {
            assert_eq!(part.trouble, None);
            found[number] = part.bytes;
        }
    }
    (found, read)
}

fn read(file: &[u8]) -> Inspector {
    let mut inspector = Inspector::new(sniff(file), &Options::default());
    for slice in file.chunks(100_000) {
        inspector.push(slice);
    }
    inspector.finish();
    assert_eq!((inspector.trouble(), inspector.problems().len()), (None, 0));
    inspector
}

#[test]
fn any_message_can_be_inflated_again() {
    // Several checkpoints in each direction.
    let (messages, length) = (300, 40_000);
    for fresh in [false, true] {
        let file = capture(fresh, messages, length);
        let inspector = read(&file);
        let frames = inspector.frames();
        let first_rows: Vec<u32> =
            (0..frames.len() as u32).filter(|&row| frames.message_rows(row).0 == row).collect();
        assert_eq!(first_rows.len(), messages);
        let chosen = [0, 1, 17, 150, 151, 250, 298, 299];
        let targets = chosen.map(|number| Target {
            row: first_rows[number],
            whole: true,
            offset: 0,
            length: 1 << 30,
        });
        let (found, _) = contents(&inspector, &file, &targets);
        for (number, found) in chosen.into_iter().zip(found) {
            assert!(found == text(number, length).into_bytes(), "message {number}");
        }
        // One alone needs no more than what is between two checkpoints.
        let (found, read) = contents(&inspector, &file, &targets[6..7]);
        assert!(found[0] == text(298, length).into_bytes());
        assert!(read < file.len() as u64 / 3, "{read} of {}", file.len());
    }
}

#[test]
fn a_part_of_a_message_and_a_fragment_of_it() {
    let file = capture(false, 12, 5000);
    let inspector = read(&file);
    let whole = text(10, 5000).into_bytes();
    let frames = inspector.frames();
    let second =
        (0..frames.len() as u32).rev().find(|&row| frames.message_rows(row).0 != row).unwrap();
    let target = |whole, offset, length| Target { row: second, whole, offset, length };
    let targets = [target(true, 100, 50), target(false, 0, 10), target(false, 2490, 1000)];
    let (found, _) = contents(&inspector, &file, &targets);
    assert_eq!(found[0], whole[100..150]);
    assert_eq!(found[1], whole[2500..2510]);
    assert_eq!(found[2], whole[4990..]);
}
