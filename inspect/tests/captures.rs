//! Captures of every kind, made of bytes: what is in them must come out.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

mod support;

use polywire_inspect::{
    End, Format as Kind, Inspector, NONE, Opening, Options, Place, Target, flag, rules, sniff,
};
use support::{CLIENT, File, Format, Link, SERVER, Tcp, frame, handshake};

const FORMATS: [Format; 4] =
    [Format::Pcap, Format::PcapBigEndian, Format::PcapNanoseconds, Format::Pcapng];
const LINKS: [Link; 5] = [Link::Null, Link::Ethernet, Link::Raw, Link::LinuxSll, Link::LinuxSll2];

/// Reads a file in slices of a size.
fn read_in(bytes: &[u8], slice: usize) -> Inspector {
    let mut inspector = Inspector::new(sniff(bytes), &Options::default());
    for slice in bytes.chunks(slice) {
        inspector.push(slice);
    }
    inspector.finish();
    inspector
}

fn read(bytes: &[u8]) -> Inspector {
    let inspector = read_in(bytes, usize::MAX);
    assert_eq!(inspector.trouble(), None);
    inspector
}

/// A stream of packets with its handshake.
fn opened(extensions: &str) -> Tcp {
    let mut tcp = Tcp::new(File::new(Format::Pcapng, Link::Ethernet));
    tcp.open();
    for (end, head) in handshake(extensions).iter().enumerate() {
        tcp.send(end, head.as_bytes());
    }
    tcp
}

/// A line for each frame: direction, opcode, payload length, and what is special.
fn shown(inspector: &Inspector) -> Vec<String> {
    let frames = inspector.frames();
    let names = [
        (flag::PROBLEM, " problem"),
        (flag::GAP, " gap"),
        (flag::CUT, " cut"),
        (flag::SKIPPED, " skipped"),
        (flag::AFTER_CLOSE, " late"),
    ];
    let line = |row| {
        let it = frames.row(row).unwrap();
        let arrow = if it.has(flag::FROM_SERVER) { '<' } else { '>' };
        let special = names.iter().filter(|(flag, _)| it.has(*flag)).map(|(_, name)| *name);
        format!("{arrow}{:x} {}{}", it.opcode(), it.length, special.collect::<String>())
    };
    (0..frames.len() as u32).map(line).collect()
}

fn codes(inspector: &Inspector) -> Vec<&'static str> {
    let table: Vec<_> = rules().map(|rule| rule.code).collect();
    inspector.problems().rule.iter().map(|&rule| table[usize::from(rule)]).collect()
}

/// The content of a row, read from the file.
fn content(inspector: &Inspector, file: &[u8], row: u32, whole: bool) -> Vec<u8> {
    let target = Target { row, whole, offset: 0, length: 1 << 30 };
    let mut replays = inspector.replays(&[target]);
    let mut replay = replays.pop().expect("the row has content");
    for place in replay.places().to_vec() {
        replay.push(&mut bytes_at(file, place));
    }
    let (number, part) = replay.parts().pop().unwrap();
    assert_eq!((number, part.total), (0, part.bytes.len() as u64));
    part.bytes
}

fn bytes_at(file: &[u8], Place { file: at, length }: Place) -> Vec<u8> {
    match at {
        Some(at) => file[at as usize..][..length as usize].to_vec(),
        None => vec![0; length as usize],
    }
}

fn raw(inspector: &Inspector, file: &[u8], row: u32) -> Vec<u8> {
    let places = inspector.places(row, 0, u64::MAX);
    places.into_iter().flat_map(|place| bytes_at(file, place)).collect()
}

#[test]
fn every_format_link_and_version_at_every_cut() {
    for format in FORMATS {
        for link in LINKS {
            for version in [4, 6] {
                let mut tcp = Tcp { version, ..Tcp::new(File::new(format, link)) };
                tcp.open();
                for (end, head) in handshake("").iter().enumerate() {
                    tcp.send(end, head.as_bytes());
                }
                let (question, answer) =
                    (frame(CLIENT, 0x81, b"Hello"), frame(SERVER, 0x82, b"abc"));
                tcp.send(CLIENT, &question);
                tcp.send(SERVER, &answer);
                tcp.close();
                let file = tcp.file.bytes;
                for slice in [usize::MAX, 1, 7, 1000] {
                    let inspector = read_in(&file, slice);
                    let place = format!("{format:?} {link:?} {version} {slice}");
                    assert_eq!(inspector.trouble(), None, "{place}");
                    assert_eq!(shown(&inspector), [">1 5", "<2 3"], "{place}");
                    assert_eq!(raw(&inspector, &file, 0), question, "{place}");
                    assert_eq!(raw(&inspector, &file, 1), answer, "{place}");
                    assert_eq!(content(&inspector, &file, 0, false), b"Hello");
                    let connection = &inspector.connections()[0];
                    assert_eq!(connection.opening, Opening::Accepted);
                    assert_eq!(connection.url.as_deref(), Some("ws://server.example/chat?room=1"));
                    assert_eq!((connection.client.port, connection.server.port), (50_000, 80));
                    assert_eq!(connection.end, End::Fin);
                    let times = &inspector.frames().time;
                    assert_eq!(
                        times[..],
                        [1_700_000_000_000_050.0, 1_700_000_000_000_060.0],
                        "{place}"
                    );
                }
            }
        }
    }
}

#[test]
fn segments_in_any_order_give_the_same_frames() {
    let bytes: Vec<u8> = (0..20u8).flat_map(|number| frame(CLIENT, 0x82, &[number; 40])).collect();
    let expected = vec![">2 40"; 20];
    let part = |at: usize, end: usize| (at, bytes[at..end.min(bytes.len())].to_vec());
    let mut parts: Vec<_> = (0..bytes.len()).step_by(33).map(|at| part(at, at + 33)).collect();
    // Reversed in groups, each with a retransmission, and with overlaps.
    let shuffled: Vec<_> =
        parts.chunks(4).flat_map(|group| group.iter().rev().chain(&group[..1])).cloned().collect();
    parts.extend((10..bytes.len()).step_by(101).map(|at| part(at, at + 90)));
    for order in [parts, shuffled] {
        let mut tcp = opened("");
        for (at, part) in &order {
            tcp.send_at(CLIENT, *at as i64, part);
        }
        tcp.skip(CLIENT, bytes.len());
        let inspector = read(&tcp.file.bytes);
        assert_eq!(shown(&inspector), expected);
        assert_eq!(inspector.problems().len(), 0);
        for row in 0..20 {
            assert_eq!(content(&inspector, &tcp.file.bytes, row, false), [row as u8; 40]);
        }
    }
}

#[test]
fn a_loss_inside_a_payload_costs_no_frame() {
    let mut tcp = opened("");
    let long = frame(SERVER, 0x82, &[7; 1000]);
    tcp.send(SERVER, &long[..200]);
    tcp.skip(SERVER, 300);
    tcp.send(SERVER, &long[500..]);
    tcp.send(SERVER, &frame(SERVER, 0x81, b"next"));
    let file = &tcp.file.bytes;
    let inspector = read(file);
    assert_eq!(shown(&inspector), ["<2 1000 gap", "<1 4"]);
    assert_eq!(codes(&inspector), ["capture.gap"]);
    assert_eq!(inspector.problems().found, [300.0]);
    assert_eq!(inspector.connections()[0].totals[SERVER].missing, 300);
    let payload = content(&inspector, file, 0, true);
    assert_eq!((payload[195], payload[196], payload[495], payload[496]), (7, 0, 0, 7));
}

#[test]
fn frames_that_are_lost_are_found_again() {
    let mut tcp = opened("");
    tcp.send(SERVER, &frame(SERVER, 0x81, b"one"));
    let lost = frame(SERVER, 0x82, &[1; 100]);
    tcp.skip(SERVER, 50);
    tcp.send(SERVER, &lost[50..]);
    tcp.send(SERVER, &frame(SERVER, 0x81, b"found again, of some length"));
    tcp.send(SERVER, &frame(SERVER, 0x89, b"ping"));
    let inspector = read(&tcp.file.bytes);
    assert_eq!(shown(&inspector), ["<1 3", "<1 27", "<9 4"]);
    assert_eq!(codes(&inspector), ["capture.gap", "capture.resumed"]);
    assert_eq!(content(&inspector, &tcp.file.bytes, 1, false), b"found again, of some length");
}

#[test]
fn a_capture_may_begin_in_the_middle() {
    for masked_first in [true, false] {
        let mut tcp = Tcp::new(File::new(Format::Pcap, Link::Raw));
        tcp.send(CLIENT, b"\x12\x34 the rest of something");
        let ends = if masked_first { [CLIENT, SERVER] } else { [SERVER, CLIENT] };
        for end in ends {
            tcp.send(
                end,
                &[
                    frame(end, 0x81, b"hello"),
                    frame(end, 0x8a, b""),
                    frame(end, 0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"),
                ]
                .concat(),
            );
        }
        let inspector = read(&tcp.file.bytes);
        assert_eq!(inspector.connections().len(), 1);
        let connection = &inspector.connections()[0];
        assert_eq!(connection.opening, Opening::Unseen);
        assert_eq!(connection.client.port, 50_000);
        assert!(connection.deflate.is_some());
        assert_eq!(shown(&inspector).len(), 6);
        assert_eq!(codes(&inspector), [""; 0]);
        assert_eq!(content(&inspector, &tcp.file.bytes, 2, false), b"Hello");
    }
}

#[test]
fn what_is_no_websocket_is_no_connection() {
    let mut tcp = Tcp::new(File::new(Format::Pcap, Link::Ethernet));
    tcp.open();
    tcp.send(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    tcp.send(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\x81\x02ok");
    tcp.close();
    let mut tcp = tcp.another(4000);
    for number in 0..200_u32 {
        let noise: Vec<u8> = (0..90).map(|at| (number * 31 + at * at * 7 + 5) as u8).collect();
        tcp.send(CLIENT, &noise);
        tcp.send(SERVER, &[&[0x17, 3, 3, 0, 60][..], &noise[..60]].concat());
    }
    let inspector = read(&tcp.file.bytes);
    assert_eq!(inspector.connections().len(), 0);
    assert_eq!((inspector.frames().len(), inspector.problems().len()), (0, 0));
}

#[test]
fn an_upgrade_on_a_connection_that_was_used_before() {
    let mut tcp = Tcp::new(File::new(Format::Pcap, Link::Ethernet));
    tcp.open();
    tcp.send(CLIENT, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    tcp.send(SERVER, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let [request, response] = handshake("");
    tcp.send(CLIENT, request.as_bytes());
    tcp.send(SERVER, b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nwho?");
    // In pieces of a byte, with a frame behind the head.
    for byte in request.as_bytes() {
        tcp.send(CLIENT, &[*byte]);
    }
    tcp.send(SERVER, &[response.as_bytes(), &frame(SERVER, 0x81, b"hi")].concat());
    tcp.reset(SERVER);
    let inspector = read(&tcp.file.bytes);
    let openings: Vec<_> =
        inspector.connections().iter().map(|it| (it.opening, it.status)).collect();
    assert_eq!(openings, [(Opening::Refused, 401), (Opening::Accepted, 101)]);
    assert_eq!(inspector.connections()[0].body, b"who?");
    assert_eq!(inspector.connections()[1].end, End::Reset);
    assert_eq!(shown(&inspector), ["<1 2"]);
}

#[test]
fn a_handshake_is_judged() {
    let mut tcp = Tcp::new(File::new(Format::Pcap, Link::Ethernet));
    tcp.open();
    let [request, response] = handshake("");
    tcp.send(CLIENT, request.replace("Version: 13", "Version: 12").as_bytes());
    tcp.send(SERVER, response.replace("xOo=", "xOa=").as_bytes());
    tcp.send(SERVER, &frame(SERVER, 0x81, b"hi"));
    let inspector = read(&tcp.file.bytes);
    assert_eq!(inspector.connections()[0].opening, Opening::Faulty);
    assert_eq!(codes(&inspector), ["handshake.version", "handshake.accept_mismatch"]);
    assert_eq!(inspector.problems().row, [NONE, NONE]);
    assert_eq!(inspector.problems().direction, [0, 1]);
    assert!(inspector.problems().text(1).contains("RFC 6455 section 4.1"));
    assert_eq!(shown(&inspector), ["<1 2"]);
}

#[test]
fn every_broken_rule_is_told_with_its_frame() {
    let mut tcp = opened("");
    tcp.send(CLIENT, &frame(SERVER, 0x81, b"not masked"));
    tcp.send(SERVER, &frame(SERVER, 0x83, b"reserved"));
    tcp.send(
        SERVER,
        &[frame(SERVER, 0x01, b"a"), frame(SERVER, 0x81, b"b"), frame(SERVER, 0x80, b"c")].concat(),
    );
    tcp.send(CLIENT, &frame(CLIENT, 0x81, b"\xff\xff"));
    tcp.send(SERVER, &[frame(SERVER, 0x88, &[3, 0xed]), frame(SERVER, 0x81, b"late")].concat());
    let inspector = read(&tcp.file.bytes);
    assert_eq!(
        shown(&inspector),
        [
            ">1 10 problem",
            "<3 8 problem skipped",
            "<1 1",
            "<1 1 problem skipped",
            "<0 1",
            ">1 2 problem",
            "<8 2 problem",
            "<1 4 late"
        ]
    );
    assert_eq!(
        codes(&inspector),
        [
            "frame.mask_missing",
            "frame.reserved_opcode",
            "message.expected_continuation",
            "text.not_utf8",
            "close.code_invalid"
        ]
    );
    assert_eq!(inspector.problems().row, [0, 1, 3, 5, 6]);
    assert!(inspector.problems().certain.iter().all(|&certain| certain == 1));
    assert_eq!(inspector.frames().message_rows(4), (2, 4));
    assert_eq!(content(&inspector, &tcp.file.bytes, 4, true), b"ac");
    assert_eq!(inspector.frames().value[6], 1005);
}

#[test]
fn pings_are_timed() {
    let mut tcp = Tcp { step: 1000, ..opened("") };
    tcp.send(CLIENT, &frame(CLIENT, 0x89, b"one"));
    tcp.send(CLIENT, &frame(CLIENT, 0x89, b"two"));
    tcp.send(SERVER, &frame(SERVER, 0x8a, b"two"));
    tcp.send(SERVER, &frame(SERVER, 0x8a, b"unasked"));
    tcp.send(SERVER, &frame(SERVER, 0x88, &[3, 0xe8]));
    let inspector = read(&tcp.file.bytes);
    assert_eq!(inspector.frames().value, [0, 0, 1000, NONE, 1000]);
    assert_eq!(inspector.connections()[0].round_trips, [1000, 1000]);
    assert_eq!(inspector.connections()[0].close, [None, Some(1000)]);
}

#[test]
fn the_end_of_a_capture_is_told() {
    let mut tcp = opened("");
    tcp.send(SERVER, &frame(SERVER, 0x82, &[1; 500])[..100]);
    let inspector = read(&tcp.file.bytes);
    assert_eq!(shown(&inspector), ["<2 500 cut"]);
    assert_eq!(codes(&inspector), ["capture.cut"]);
    assert_eq!(raw(&inspector, &tcp.file.bytes, 0).len(), 100);
    let cut = read_in(&tcp.file.bytes[..tcp.file.bytes.len() - 3], 4096);
    assert_eq!(cut.trouble(), Some("the file ends inside a packet"));
}

#[test]
fn packets_that_were_cut_are_gaps() {
    let mut tcp = opened("");
    tcp.file.snap = 14 + 20 + 20 + 30;
    tcp.send(SERVER, &frame(SERVER, 0x82, &[9; 100]));
    tcp.file.snap = usize::MAX;
    tcp.send(SERVER, &frame(SERVER, 0x81, b"next"));
    let inspector = read(&tcp.file.bytes);
    assert_eq!(shown(&inspector), ["<2 100 gap", "<1 4"]);
    assert_eq!(inspector.problems().found, [72.0]);
}

#[test]
fn a_port_that_is_used_again_is_another_connection() {
    let mut tcp = opened("");
    tcp.send(SERVER, &frame(SERVER, 0x81, b"one"));
    tcp.close();
    tcp.sequence = [90_000, 80_000];
    tcp.open();
    for (end, head) in handshake("").iter().enumerate() {
        tcp.send(end, head.as_bytes());
    }
    tcp.send(SERVER, &frame(SERVER, 0x81, b"two"));
    let inspector = read(&tcp.file.bytes);
    assert_eq!(inspector.connections().len(), 2);
    assert_eq!(inspector.frames().connection, [0, 1]);
}

#[test]
fn bytes_without_packets() {
    let [request, _] = handshake("");
    let all = [request.as_bytes(), &frame(CLIENT, 0x81, b"Hello")].concat();
    let inspector = read_in(&all, 3);
    // Without the answer it cannot be known whether frames follow.
    assert_eq!(inspector.connections()[0].opening, Opening::Pending);
    for (end, direction) in [(CLIENT, '>'), (SERVER, '<')] {
        let bytes = [frame(end, 0x81, b"Hello"), frame(end, 0x01, b"half")].concat();
        for slice in [1, 2, 100] {
            let inspector = read_in(&bytes, slice);
            assert_eq!(shown(&inspector), [format!("{direction}1 5"), format!("{direction}1 4")]);
        }
    }
    let options = Options { sender: Some(SERVER), ..Options::default() };
    let mut inspector = Inspector::new(Kind::Raw, &options);
    inspector.push(&frame(CLIENT, 0x81, b"Hello"));
    inspector.finish();
    assert_eq!(shown(&inspector), ["<1 5 problem"]);
    assert_eq!(codes(&inspector), ["frame.mask_unexpected"]);
}

#[test]
fn anything_at_all_is_survived() {
    let mut tcp = opened("permessage-deflate");
    for number in 0..30_u8 {
        tcp.send(
            usize::from(number % 2),
            &frame(usize::from(number % 2), 0xc1 | number << 4, &[number; 50]),
        );
    }
    let file = tcp.file.bytes;
    let mut state = 1_u32;
    let mut dice = move |bound: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % bound
    };
    for _ in 0..300 {
        let mut broken = file.clone();
        for _ in 0..1 + dice(40) {
            let at = dice(broken.len());
            broken[at] = dice(256) as u8;
        }
        broken.truncate(1 + dice(broken.len()));
        let inspector = read_in(&broken, 1 + dice(5000));
        for row in 0..inspector.frames().len() as u32 {
            for target in inspector.replays(&[Target { row, whole: true, offset: 0, length: 100 }])
            {
                let mut replay = target;
                for place in replay.places().to_vec() {
                    if place.length < 1 << 20 {
                        replay.push(&mut bytes_at(&broken, place));
                    }
                }
                assert!(replay.parts().len() == 1);
            }
        }
    }
}
