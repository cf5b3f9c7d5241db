//! Known attacks on connections, each with a bound on memory and work, seen by the allocator.
//!
//! What an attack must lead to stands in `tests/vectors/attacks.json` wherever it is small enough to be
//! data; here is what needs size. `docs/attacks.md` lists them all.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod counting;

use counting::{Cost, measure};
use polywire::handshake::Agreement;
use polywire::{
    Cause, Config, Connection, DeflateConfig, DeflateParams, Delivery, Event, Instant, Limits,
    Message, OwnedEvent, Role, Rule, Timeouts, UsageError,
};
use std::collections::HashSet;
use std::sync::Arc;

const NOW: Instant = Instant::ZERO;
const ROLES: [Role; 2] = [Role::Client, Role::Server];
const KIB: isize = 1 << 10;
const MIB: isize = 1 << 20;

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const PING: u8 = 9;
const PONG: u8 = 10;
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;

fn config(limits: Limits) -> Config {
    let timeouts = Timeouts { keepalive: None, ..Timeouts::default() };
    Config { limits, timeouts, deflate: Some(DeflateConfig::default()), ..Config::default() }
}

fn connection(role: Role, config: Config) -> Connection {
    Connection::new(role, Arc::new(config), &Agreement::default(), [7; 32], NOW)
}

fn deflating(role: Role, config: &Arc<Config>, window_bits: u8) -> Connection {
    let params = DeflateParams {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        server_max_window_bits: window_bits,
        client_max_window_bits: window_bits,
    };
    let agreement = Agreement { subprotocol: None, deflate: Some(params) };
    Connection::new(role, Arc::clone(config), &agreement, [7; 32], NOW)
}

/// A frame as it is sent to an end with this role.
fn frame(to: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(to, first, payload.len() as u64);
    // The key is zero: the payload stays as it is.
    frame.extend_from_slice(payload);
    frame
}

fn header(to: Role, first: u8, len: u64) -> Vec<u8> {
    let masked = if to == Role::Server { 0x80 } else { 0 };
    let mut header = match len {
        0..126 => vec![first, masked | len as u8],
        126..0x1_0000 => [&[first, masked | 126], &(len as u16).to_be_bytes()[..]].concat(),
        _ => [&[first, masked | 127], &len.to_be_bytes()[..]].concat(),
    };
    header.extend_from_slice(if to == Role::Server { &[0; 4] } else { &[] });
    header
}

/// What came out of one input.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    messages: usize,
    bytes: usize,
    controls: usize,
    longest_chunk: usize,
    failed: Option<Rule>,
    ended: Option<Cause>,
}

fn receive(connection: &mut Connection, bytes: &mut [u8], seen: &mut Seen) {
    let mut events = connection.receive_in(bytes, NOW);
    while let Some((event, _)) = events.next() {
        match event {
            Event::Text(text) => (seen.messages, seen.bytes) = (seen.messages + 1, text.len()),
            Event::Binary(data) => (seen.messages, seen.bytes) = (seen.messages + 1, data.len()),
            Event::Chunk { data, last } => {
                seen.messages += usize::from(last);
                seen.bytes += data.as_bytes().len();
                seen.longest_chunk = seen.longest_chunk.max(data.as_bytes().len());
            }
            Event::Failed(violation) => seen.failed = Some(violation.rule),
            Event::Ended(ended) => seen.ended = Some(ended.cause),
            _ => seen.controls += 1,
        }
    }
}

/// Brings `piece` so many times, and tells what it cost. A buffer of the caller's is used again, as a
/// host does.
fn flood(connection: &mut Connection, piece: &[u8], times: usize, seen: &mut Seen) -> Cost {
    let mut buffer = piece.to_vec();
    let (cost, ()) = measure(|| {
        for _ in 0..times {
            buffer.copy_from_slice(piece);
            receive(connection, &mut buffer, seen);
        }
    });
    cost
}

/// The payload of a compressed message of `mebibytes` MiB of zeros, about 1 KiB for each.
fn bomb(mebibytes: usize) -> Vec<u8> {
    let mut server = deflating(Role::Server, &Arc::new(config(Limits::default())), 15);
    let zeros = vec![0; 1 << 20];
    let mut part = || {
        server.sender(NOW).send_part(&zeros[..], false).unwrap();
        let bytes: Vec<u8> = server.transmit().flatten().copied().collect();
        server.transmitted(usize::MAX);
        assert_eq!(bytes[1], 126);
        bytes[4..].to_vec()
    };
    let (mut first, next) = (part(), part());
    first.extend(next.repeat(mebibytes - 1));
    first.push(0);
    first
}

#[test]
fn a_bomb_of_512_mib_takes_no_more_than_the_limit() {
    let payload = bomb(512);
    assert!(payload.len() < 560 << 10, "{} bytes", payload.len());
    for role in ROLES {
        for (limit, most) in [(16 << 20, 17 * MIB), (1 << 20, 2 * MIB), (1 << 16, MIB / 2)] {
            let limits = Limits { message_size: limit, ..Limits::default() };
            let config = Arc::new(config(limits));
            let mut bytes = frame(role, FIN | RSV1 | BINARY, &payload);
            let mut seen = Seen::default();
            let (cost, ()) = measure(|| {
                let mut connection = deflating(role, &config, 15);
                receive(&mut connection, &mut bytes, &mut seen);
            });
            // The smallest limit is broken by the compressed bytes themselves.
            let inflated = payload.len() as u64 <= limit;
            let rule = if inflated { Rule::InflatedTooBig } else { Rule::MessageTooBig };
            assert_eq!((seen.messages, seen.failed), (0, Some(rule)), "{role:?}, {limit}");
            assert!(cost.peak <= most, "{role:?}, {limit}: {cost:?}");
        }
    }
}

#[test]
fn a_bomb_that_is_streamed_comes_in_small_chunks() {
    let payload = bomb(512);
    for role in ROLES {
        let limits = Limits { message_size: 1 << 30, ..Limits::default() };
        let config = Arc::new(Config { delivery: Delivery::Streamed, ..config(limits) });
        let mut bytes = frame(role, FIN | RSV1 | BINARY, &payload);
        let mut seen = Seen::default();
        let (cost, ()) =
            measure(|| receive(&mut deflating(role, &config, 15), &mut bytes, &mut seen));
        assert_eq!((seen.messages, seen.bytes, seen.failed), (1, 512 << 20, None));
        assert!(seen.longest_chunk <= 264 << 10, "{}", seen.longest_chunk);
        assert!(cost.peak < MIB, "{cost:?}");
    }
}

#[test]
fn a_bomb_beyond_the_limit_by_a_hundredth_is_found() {
    let limits = Limits { message_size: 100 << 20, frame_size: 1 << 30, ..Limits::default() };
    for (mebibytes, failed) in [(100, None), (101, Some(Rule::InflatedTooBig))] {
        let mut bytes = frame(Role::Server, FIN | RSV1 | BINARY, &bomb(mebibytes));
        let mut seen = Seen::default();
        let config = Arc::new(config(limits));
        receive(&mut deflating(Role::Server, &config, 15), &mut bytes, &mut seen);
        assert_eq!(seen.failed, failed);
    }
}

#[test]
fn hostile_deflate_needs_little_stack() {
    let inflate = || {
        let config = Arc::new(config(Limits::default()));
        let mut state = 1_u64;
        for round in 0..2000 {
            let mut payload = vec![0; 1 + round % 300];
            payload.fill_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            });
            // A dynamic block, where the tables are built.
            payload[0] = payload[0] & !7 | 4;
            let mut seen = Seen::default();
            let mut bytes = frame(Role::Server, FIN | RSV1 | BINARY, &payload);
            receive(&mut deflating(Role::Server, &config, 15), &mut bytes, &mut seen);
            assert!(seen.failed.is_some() || seen.messages == 1);
        }
    };
    let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(inflate);
    thread.unwrap().join().unwrap();
}

#[test]
fn a_thousand_idle_links_with_deflate_hold_ten_kib_each() {
    let config = Arc::new(config(Limits::default()));
    let mut client = deflating(Role::Client, &config, 12);
    let text = "All work and no play makes a dull message. ".repeat(200);
    client.sender(NOW).send(text.as_str()).unwrap();
    let message: Vec<u8> = client.transmit().flatten().copied().collect();
    let (cost, links) = measure(|| {
        let link = |_| {
            let mut link = deflating(Role::Server, &config, 12);
            receive(&mut link, &mut message.clone(), &mut Seen::default());
            link.sender(NOW).send(text.as_str()).unwrap();
            link.transmitted(usize::MAX);
            link.shrink();
            link
        };
        (0..1000).map(link).collect::<Vec<_>>()
    });
    assert!(cost.live / 1000 <= 10 * KIB, "{cost:?}");
    drop(links);
}

#[test]
fn a_link_inside_a_compressed_message_holds_one_engine_and_says_so() {
    let config = Arc::new(config(Limits::default()));
    for role in ROLES {
        let mut start = header(role, FIN | RSV1 | BINARY, 1000);
        start.push(0x62);
        let (cost, links) = measure(|| {
            let link = |_| {
                let mut link = deflating(role, &config, 12);
                receive(&mut link, &mut start.clone(), &mut Seen::default());
                link
            };
            (0..200).map(link).collect::<Vec<_>>()
        });
        let told: usize = links.iter().map(Connection::heap_bytes).sum();
        let held = cost.live - (links.capacity() * size_of::<Connection>()) as isize;
        assert!(held / 200 <= 128 * KIB, "{role:?}: {cost:?}");
        // The first of them took engines that were idle.
        assert!((told as isize - held).abs() <= 20 * 128 * KIB, "{role:?}: {held}, told {told}");
        let (cost, ()) = measure(|| drop(links));
        assert!(cost.live <= held / -2, "{role:?}: {cost:?}");
    }
}

#[test]
fn compressed_fragments_of_a_byte_cost_what_they_bring() {
    // Two links in turn, so that neither finds an engine as it left it.
    let config = Arc::new(config(Limits::default()));
    let payload = bomb(1);
    let mut links = [0, 1].map(|_| deflating(Role::Server, &config, 15));
    let mut seen = Seen::default();
    let (cost, ()) = measure(|| {
        for (index, &byte) in payload.iter().enumerate() {
            let last = index + 1 == payload.len();
            let first = if index == 0 { RSV1 | BINARY } else { 0 } | if last { FIN } else { 0 };
            for link in &mut links {
                receive(link, &mut frame(Role::Server, first, &[byte]), &mut seen);
            }
        }
    });
    assert_eq!((seen.messages, seen.failed, seen.bytes), (2, None, 1 << 20));
    // One for each frame that the test makes, and the buffers.
    assert!(cost.allocations <= 4 * payload.len() + 100 && cost.peak <= 4 * MIB, "{cost:?}");
}

#[test]
fn lengths_that_lie_reserve_nothing() {
    let huge = Limits { frame_size: u64::MAX, message_size: u64::MAX, ..Limits::default() };
    let cases = [
        (1 << 40, Limits::default(), Some(Rule::FrameTooBig)),
        ((1 << 53) + 1, Limits::default(), Some(Rule::FrameTooBig)),
        (u64::MAX >> 1, Limits::default(), Some(Rule::FrameTooBig)),
        (u64::MAX, Limits::default(), Some(Rule::LengthHighBit)),
        (u64::MAX, huge, Some(Rule::LengthHighBit)),
        (1 << 40, huge, None),
        ((1 << 53) + 1, huge, None),
        (u64::MAX >> 1, huge, None),
    ];
    for role in ROLES {
        for (len, limits, failed) in cases {
            for own_buffer in [false, true] {
                let mut connection = connection(role, config(limits));
                let mut bytes = header(role, FIN | BINARY, len);
                bytes.extend([1; 64]);
                let mut seen = Seen::default();
                let (cost, ()) = measure(|| {
                    receive(&mut connection, &mut bytes, &mut seen);
                    // Space for the rest, as a host asks for it, must not be all of the rest.
                    let space = if own_buffer { connection.receive_buffer().len() } else { 0 };
                    assert!(space <= 64 << 10, "{space} bytes of space");
                });
                assert_eq!((seen.failed, seen.messages), (failed, 0), "{role:?}, {len}");
                assert!(cost.peak <= 65 * KIB, "{role:?}, {len}: {cost:?}");
            }
        }
    }
}

#[test]
fn a_sum_of_lengths_does_not_wrap() {
    let limits = Limits { frame_size: u64::MAX, ..Limits::default() };
    for role in ROLES {
        let mut connection = connection(role, config(limits));
        let mut bytes = frame(role, BINARY, &[1; 8]);
        bytes.extend(header(role, FIN, u64::MAX >> 1));
        let mut seen = Seen::default();
        receive(&mut connection, &mut bytes, &mut seen);
        assert_eq!(seen.failed, Some(Rule::MessageTooBig));
    }
}

#[test]
fn messages_that_never_end_hold_what_they_sent() {
    let mut links = Vec::new();
    let len = 160_000;
    let (cost, ()) = measure(|| {
        for role in ROLES.repeat(50) {
            let mut connection = connection(role, config(Limits::default()));
            let mut seen = Seen::default();
            receive(&mut connection, &mut header(role, FIN | BINARY, len * 100), &mut seen);
            flood(&mut connection, &[1; 100], len as usize / 100, &mut seen);
            assert_eq!(seen, Seen::default());
            links.push(connection);
        }
    });
    // Whatever a header announces, at most four times what came is held.
    assert!(cost.live <= 100 * 4 * len as isize, "{cost:?}");
}

#[test]
fn room_like_that_of_a_message_given_away_is_all_that_is_reserved() {
    let sent = 256 << 10;
    for role in ROLES {
        let mut connection = connection(role, config(Limits::default()));
        let mut given = frame(role, FIN | BINARY, &vec![1; sent]);
        let (front, back) = given.split_at_mut(1000);
        while connection.receive_in(front, NOW).next_owned().is_some() {}
        let mut events = connection.receive_in(back, NOW);
        assert!(matches!(events.next_owned(), Some((OwnedEvent::Binary(_), _))));
        assert!(events.next_owned().is_none());

        let mut seen = Seen::default();
        let mut announced = header(role, FIN | BINARY, 10 * sent as u64);
        announced.push(1);
        receive(&mut connection, &mut announced, &mut seen);
        assert_eq!(seen, Seen::default());
        assert!(connection.heap_bytes() <= sent + 2048, "{role:?}");
    }
}

#[test]
fn fragments_cost_what_they_bring() {
    let limits = Limits { fragments: u32::MAX, ..Limits::default() };
    for role in ROLES {
        for (payload, count, most) in [(&b""[..], 2_000_000, KIB), (b"x", 120_000, 512 * KIB)] {
            let mut connection = connection(role, config(limits));
            let mut seen = Seen::default();
            receive(&mut connection, &mut frame(role, TEXT, b""), &mut seen);
            let cost = flood(&mut connection, &frame(role, 0, payload), count, &mut seen);
            assert_eq!(seen, Seen::default());
            assert!(cost.peak <= most && cost.allocations <= 20, "{role:?}: {cost:?}");
            receive(&mut connection, &mut frame(role, FIN, b""), &mut seen);
            assert_eq!((seen.messages, seen.bytes), (1, count * payload.len()));
        }
    }
}

#[test]
fn endless_fragments_end_at_the_default_limits() {
    let cases = [(&b""[..], Rule::TooManyFragments), (&[b'x'; 1000], Rule::MessageTooBig)];
    for role in ROLES {
        for (payload, rule) in cases {
            let mut connection = connection(role, config(Limits::default()));
            let mut seen = Seen::default();
            receive(&mut connection, &mut frame(role, BINARY, b""), &mut seen);
            let cost = flood(&mut connection, &frame(role, 0, payload), 1_100_000, &mut seen);
            assert_eq!((seen.failed, seen.messages), (Some(rule), 0));
            assert!(cost.peak <= 33 * MIB, "{cost:?}");
        }
    }
}

#[test]
fn four_times_the_fragments_cost_four_times_as_much() {
    for role in ROLES {
        let cost = |count| {
            let mut connection = connection(role, config(Limits::default()));
            let mut seen = Seen::default();
            receive(&mut connection, &mut frame(role, BINARY, b""), &mut seen);
            flood(&mut connection, &frame(role, 0, &[1; 10]), count, &mut seen)
        };
        let (few, many) = (cost(15_000), cost(60_000));
        // All that growing copied; a buffer that is built anew for each fragment has sixteen times it.
        assert!(many.bytes <= 5 * few.bytes, "{few:?}, {many:?}");
        assert!(many.allocations <= few.allocations + 4, "{few:?}, {many:?}");
    }
}

#[test]
fn a_frame_that_dribbles_in_costs_what_it_brings() {
    for role in ROLES {
        for payload in [vec![b'x'; 60_000], vec![0xf0; 60_000]] {
            let valid = payload[0] == b'x';
            let mut connection = connection(role, config(Limits::default()));
            let bytes = frame(role, FIN | if valid { TEXT } else { BINARY }, &payload);
            let mut seen = Seen::default();
            let (cost, ()) = measure(|| {
                for piece in bytes.chunks(2) {
                    receive(&mut connection, &mut [piece[0], piece[piece.len() - 1]], &mut seen);
                }
            });
            assert_eq!((seen.messages, seen.bytes, seen.failed), (1, 60_000, None));
            assert!(cost.peak <= 128 * KIB && cost.allocations <= 20, "{cost:?}");
        }
    }
}

#[test]
fn a_million_pongs_leave_nothing_behind() {
    for role in ROLES {
        let mut connection = connection(role, config(Limits::default()));
        connection.sender(NOW).ping(b"the one that was asked").unwrap();
        let mut seen = Seen::default();
        let cost =
            flood(&mut connection, &frame(role, FIN | PONG, &[0; 125]), 1_000_000, &mut seen);
        assert_eq!((seen.controls, seen.failed), (1_000_000, None));
        assert_eq!((cost.allocations, cost.live), (0, 0), "{role:?}");
    }
}

#[test]
fn pings_from_a_peer_that_never_reads_queue_sixteen_pongs() {
    for role in ROLES {
        let mut connection = connection(role, config(Limits::default()));
        let mut seen = Seen::default();
        let ping = frame(role, FIN | PING, &[0; 125]);
        let times = (128 << 20) / ping.len();
        let cost = flood(&mut connection, &ping, times, &mut seen);
        assert_eq!((seen.controls, seen.failed), (times, None));
        assert!(cost.peak <= 8 * KIB && cost.allocations <= 20, "{role:?}: {cost:?}");
        assert!(connection.sender(NOW).queued() <= 16 * 131);
    }
}

#[test]
fn echoes_that_nobody_reads_are_refused_at_the_limit() {
    for role in ROLES {
        let mut connection = connection(role, config(Limits::default()));
        let piece = frame(role, FIN | BINARY, &[0; 60_000]);
        let (mut buffer, mut refused) = (piece.clone(), 0);
        let (cost, ()) = measure(|| {
            for _ in 0..(128 << 20) / piece.len() {
                buffer.copy_from_slice(&piece);
                let mut events = connection.receive_in(&mut buffer, NOW);
                while let Some((event, sender)) = events.next() {
                    let Event::Binary(bytes) = event else { panic!("{event:?}") };
                    match sender.send(Message::from(bytes)) {
                        Ok(()) => {}
                        Err(UsageError::QueueFull) => refused += 1,
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        });
        assert!(refused > 2000, "{refused}");
        assert!(cost.peak <= 3 * MIB, "{role:?}: {cost:?}");
    }
}

#[test]
fn masks_are_not_used_again() {
    const FRAMES: usize = 100_000;
    let keys = |seed: [u8; 32]| {
        let config = Arc::new(config(Limits::default()));
        let agreement = Agreement::default();
        let mut client = Connection::new(Role::Client, config, &agreement, seed, NOW);
        let mut keys = Vec::with_capacity(FRAMES);
        for _ in 0..FRAMES {
            client.sender(NOW).send("").unwrap();
            let frame: Vec<u8> = client.transmit().flatten().copied().collect();
            client.transmitted(usize::MAX);
            keys.push([frame[2], frame[3], frame[4], frame[5]]);
        }
        keys
    };
    let (one, other) = (keys([1; 32]), keys([2; 32]));
    for keys in [&one, &other] {
        // Of so many draws among 2^32 about one pair is equal.
        let different: HashSet<_> = keys.iter().collect();
        assert!(different.len() >= FRAMES - 10, "{}", FRAMES - different.len());
        for place in 0..4 {
            let mut counts = [0_i64; 256];
            keys.iter().for_each(|key| counts[usize::from(key[place])] += 1);
            let even = FRAMES as f64 / 256.0;
            let chi: f64 = counts.iter().map(|&count| (count as f64 - even).powi(2) / even).sum();
            // 255 degrees of freedom: 255, give or take 22.6; six deviations either way.
            assert!((120.0..391.0).contains(&chi), "byte {place}: {chi}");
        }
    }
    let same = one.iter().zip(&other).filter(|(one, other)| one == other).count();
    let shared = other.iter().collect::<HashSet<_>>();
    let shared = one.iter().filter(|key| shared.contains(key)).count();
    assert!(same <= 1 && shared <= 20, "{same} and {shared} keys of another connection");
}

#[test]
fn what_is_sent_is_exactly_what_was_given() {
    for role in ROLES {
        for len in (0..130).chain([1023, 1024, 65_535, 65_536]) {
            let payload: Vec<u8> = (0..len).map(|at| at as u8 ^ 0x5a).collect();
            let mut sender = connection(role, config(Limits::default()));
            let short = &payload[..len.min(123)];
            sender.sender(NOW).send(payload.clone()).unwrap();
            sender.sender(NOW).ping(short).unwrap();
            let mut bytes: Vec<u8> = sender.transmit().flatten().copied().collect();
            let mut peer = connection(role.peer(), config(Limits::default()));
            let mut events = peer.receive_in(&mut bytes, NOW);
            assert!(matches!(events.next(), Some((Event::Binary(got), _)) if got == payload));
            assert!(matches!(events.next(), Some((Event::Ping(got), _)) if got == short));
            assert!(events.next().is_none());
        }
    }
}

#[test]
fn the_defaults_are_limits() {
    let Limits { frame_size, message_size, fragments, queued_pongs, send_queue, .. } =
        Limits::default();
    assert!(frame_size <= 16 << 20 && message_size <= 16 << 20 && fragments <= 1 << 20);
    assert!(queued_pongs <= 60 && send_queue <= 1 << 20);
    let Timeouts { handshake, close, keepalive, .. } = Timeouts::default();
    assert!(handshake.is_some() && close.is_some() && keepalive.is_some());
}

#[test]
fn every_name_in_the_list_of_attacks_exists() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let read = |path: String| std::fs::read_to_string(path).ok();
    let page = read(format!("{root}/docs/attacks.md")).unwrap();
    let mut vectors = String::new();
    for file in std::fs::read_dir(format!("{root}/tests/vectors")).unwrap() {
        vectors += &std::fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let rows = page.lines().filter(|line| line.starts_with('|'));
    let names = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let mut count = 0;
    for name in names {
        let exists = match name.split_once("::") {
            Some((file, test)) => {
                let text = read(format!("{root}/core/tests/{file}.rs"))
                    .or_else(|| read(format!("{root}/core/tests/{file}/main.rs")));
                text.is_some_and(|text| text.contains(&format!("fn {test}()")))
            }
            None if name.contains('.') => vectors.contains(&format!("\"id\": \"{name}")),
            None => continue,
        };
        assert!(exists, "{name}");
        count += 1;
    }
    assert!(count > 80, "{count} names");
}
