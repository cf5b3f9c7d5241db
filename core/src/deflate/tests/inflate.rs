//! Inflation: bounds, final blocks, damaged streams, and every cut.

use super::super::InflateError;
use super::*;

const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const HELLO_FINAL: [u8; 8] = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];

fn each(test: impl Fn(Inflation)) {
    for &engine in ENGINES {
        for contexts in CONTEXTS {
            test(Inflation::new(12, false, &config(engine, contexts, 6)));
        }
    }
}

fn outcome(inflation: &mut Inflation, wire: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
    let mut output = Vec::new();
    inflation.inflate(wire, &mut output, limit)?;
    inflation.finish(&mut output, limit)?;
    Ok(output)
}

/// RFC 7692 section 7.2.3.
#[test]
fn examples_of_the_rfc() {
    each(|mut inflation| {
        assert_eq!(inflate(&mut inflation, &HELLO), b"Hello");
        // 7.2.3.2: the same again, out of the window.
        assert_eq!(inflate(&mut inflation, &[0xf2, 0x00, 0x11, 0x00, 0x00]), b"Hello");
        // 7.2.3.3: a block without compression.
        let stored = [0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00];
        assert_eq!(inflate(&mut inflation, &stored), b"Hello");
        // 7.2.3.4: BFINAL.
        assert_eq!(inflate(&mut inflation, &HELLO_FINAL), b"Hello");
        // 7.2.3.5: two blocks.
        let two = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
        assert_eq!(inflate(&mut inflation, &two), b"Hello");
        // 7.2.3.6: nothing.
        assert_eq!(inflate(&mut inflation, &[0x00]), b"");
    });
}

/// RFC 7692 sections 7.2.3.1 and 7.2.3.6, the sending side.
#[test]
fn examples_of_the_rfc_are_sent() {
    for &engine in ENGINES {
        let mut deflation = Deflation::new(12, false, &config(engine, Contexts::Folded, 6));
        for (payload, expected) in [(&b"Hello"[..], &HELLO[..]), (b"", &[0x00])] {
            let mut output = Vec::new();
            deflation.part(payload, true, None, &mut output);
            assert_eq!(output, expected, "{engine:?}");
        }
    }
}

/// The window outlives a final block, within a message and after it.
#[test]
fn final_blocks_keep_the_window() {
    each(|mut inflation| {
        let again = [0xf2, 0x00, 0x11, 0x00, 0x00];
        let mut both = HELLO_FINAL[..7].to_vec();
        both.extend(again);
        assert_eq!(inflate(&mut inflation, &both), b"HelloHello");
        assert_eq!(inflate(&mut inflation, &again), b"Hello");
        // An empty stored block that is final itself ends the message.
        assert_eq!(inflate(&mut inflation, &[0x01]), b"");
        assert_eq!(inflate(&mut inflation, &again), b"Hello");
        assert_eq!(inflate(&mut inflation, &[0x03, 0x00, 0x03, 0x00, 0x00]), b"");
    });
}

#[test]
fn every_cut_gives_the_same() {
    let mut random = Random(11);
    let payload = json(&mut random, 3_000);
    let mut deflation = Deflation::new(12, false, &DeflateConfig::default());
    let mut wire = HELLO_FINAL[..7].to_vec();
    let start = wire.len();
    deflation.part(&payload[..1_000], false, None, &mut wire);
    deflation.part(&payload[1_000..], true, None, &mut wire);
    assert!(wire.len() > start);
    let mut expected = b"Hello".to_vec();
    expected.extend(&payload);
    each(|mut inflation| {
        for cut in 0..=wire.len() {
            let mut output = Vec::new();
            let (first, second) = wire.split_at(cut);
            inflation.inflate(first, &mut output, 5_000).expect("valid");
            inflation.inflate(second, &mut output, 5_000).expect("valid");
            inflation.finish(&mut output, 5_000).expect("whole");
            assert_eq!(output, expected);
        }
        let mut output = Vec::new();
        for byte in &wire {
            inflation.inflate(&[*byte], &mut output, 5_000).expect("valid");
        }
        inflation.finish(&mut output, 5_000).expect("whole");
        assert_eq!(output, expected);
    });
}

#[test]
fn a_limit_is_exact_at_every_length() {
    for &engine in ENGINES {
        let mut deflation = Deflation::new(15, true, &config(engine, Contexts::Folded, 9));
        for length in [1, 2, 257, 258, 259, 4_095, 65_535, 65_536, 65_537, 200_000] {
            let mut wire = Vec::new();
            deflation.part(&alloc::vec![7; length], true, None, &mut wire);
            let fresh = || Inflation::new(15, true, &config(engine, Contexts::Folded, 6));
            assert_eq!(outcome(&mut fresh(), &wire, length).map(|text| text.len()), Ok(length));
            assert_eq!(outcome(&mut fresh(), &wire, length - 1), Err(InflateError::TooBig));
        }
    }
}

#[test]
fn a_bomb_is_bounded() {
    let mut deflation = Deflation::new(15, true, &DeflateConfig::default());
    let mut wire = Vec::new();
    deflation.part(&alloc::vec![0; 32 << 20], true, None, &mut wire);
    assert!(wire.len() < 64 << 10);
    each(|mut inflation| {
        let (mut output, limit) = (Vec::new(), 100_000);
        assert_eq!(inflation.inflate(&wire, &mut output, limit), Err(InflateError::TooBig));
        assert_eq!(output.len(), limit);
        assert!(output.capacity() <= limit);
    });
}

/// What a short message claims reserves nothing.
#[test]
fn output_grows_with_what_arrives() {
    each(|mut inflation| {
        let mut output = Vec::new();
        inflation.inflate(&HELLO, &mut output, 16 << 20).expect("valid");
        assert!(output.capacity() < 64);
    });
}

#[test]
fn a_message_cut_short_is_invalid() {
    let mut random = Random(3);
    let mut deflation = Deflation::new(12, true, &DeflateConfig::default());
    let wire = deflate(&mut deflation, &json(&mut random, 400)).expect("it shrinks");
    for &engine in ENGINES {
        for length in 0..wire.len() {
            let mut inflation = Inflation::new(12, true, &config(engine, Contexts::Folded, 6));
            let outcome = outcome(&mut inflation, &wire[..length], 10_000);
            assert_eq!(outcome, Err(InflateError::Invalid), "{engine:?} {length}");
        }
    }
}

#[test]
fn nonsense_is_invalid() {
    let wires: &[&[u8]] = &[
        // No payload at all: section 7.2.3.6 wants one byte.
        &[],
        // A final block without the header of the empty one behind it.
        &HELLO_FINAL[..7],
        // Block type 3.
        &[0x06, 0x00],
        // A length that its complement contradicts.
        &[0x00, 0x05, 0x00, 0xfa, 0xfe, 0x48, 0x00],
        // A distance before the first byte.
        &[0xf2, 0x00, 0x11, 0x00, 0x00],
        // A whole stream with its tail still there.
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00, 0x00, 0xff, 0xff],
    ];
    for wire in wires {
        each(|mut inflation| {
            assert_eq!(outcome(&mut inflation, wire, 100), Err(InflateError::Invalid), "{wire:x?}");
        });
    }
}

/// What one connection left in an engine is out of reach of the next.
#[test]
fn nothing_leaks_between_connections() {
    for &engine in ENGINES {
        let config = config(engine, Contexts::Folded, 6);
        assert_eq!(inflate(&mut Inflation::new(15, false, &config), &HELLO), b"Hello");
        let mut other = Inflation::new(15, false, &config);
        let again = [0xf2, 0x00, 0x11, 0x00, 0x00];
        assert_eq!(outcome(&mut other, &again, 100), Err(InflateError::Invalid));
    }
}

/// A history of 2^w bytes reaches exactly 2^w bytes back.
#[test]
fn the_history_reaches_the_whole_window() {
    for &engine in ENGINES {
        for window_bits in 8..=14 {
            let mut inflation =
                Inflation::new(window_bits, false, &config(engine, Contexts::Folded, 6));
            let window = 1usize << window_bits;
            let text: Vec<u8> = (0..window + 3).map(|index| (index * 7 / 3) as u8).collect();
            let mut deflation = Deflation::new(15, true, &DeflateConfig::default());
            let mut wire = Vec::new();
            deflation.part(&text, true, None, &mut wire);
            assert_eq!(inflate(&mut inflation, &wire), text);
            assert_eq!(inflate(&mut inflation, &match_of_three(window)), text[3..6]);
            let beyond = outcome(&mut inflation, &match_of_three(window + 1), 100);
            assert_eq!(beyond, Err(InflateError::Invalid));
        }
    }
}

/// One block of the fixed code with a single match.
fn match_of_three(distance: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = alloc::vec![false, true, false];
    bits.extend([false, false, false, false, false, false, true]);
    let extra = (distance - 1).ilog2() as usize - 1;
    let symbol = 2 * (extra + 1) + ((distance - 1) >> extra & 1);
    bits.extend((0..5).rev().map(|bit| symbol >> bit & 1 == 1));
    bits.extend((0..extra).map(|bit| (distance - 1) >> bit & 1 == 1));
    bits.extend([false; 7]);
    // The header of the empty block.
    bits.extend([false; 3]);
    bits.chunks(8)
        .map(|byte| byte.iter().rev().fold(0, |value, &bit| value << 1 | u8::from(bit)))
        .collect()
}

/// Both engines accept the same streams, and the cut never matters, whatever was done to the bytes.
#[cfg(feature = "zlib")]
#[test]
fn damaged_streams_meet_the_same_fate() {
    let mut random = Random(0x5eed);
    for _ in 0..3_000 {
        let wire = damaged(&mut random);
        let cuts = [random.below(wire.len() + 1), random.below(wire.len() + 1)];
        let fates = ENGINES.iter().map(|&engine| {
            let [first, second] = cuts.map(|cut| {
                let mut inflation = Inflation::new(9, false, &config(engine, Contexts::Folded, 6));
                assert_eq!(inflate(&mut inflation, &HELLO), b"Hello");
                let mut output = Vec::new();
                let fate = [&wire[..cut], &wire[cut..]]
                    .iter()
                    .try_for_each(|piece| inflation.inflate(piece, &mut output, 1 << 20))
                    .and_then(|()| inflation.finish(&mut output, 1 << 20));
                (fate, output)
            });
            assert_eq!(first, second, "{engine:?} {cuts:?} {wire:x?}");
            first.0.map(|()| first.1)
        });
        let fates: Vec<_> = fates.collect();
        assert_eq!(fates[0], fates[1], "{wire:x?}");
    }
}

#[cfg(feature = "zlib")]
fn damaged(random: &mut Random) -> Vec<u8> {
    let engine = ENGINES[random.below(2)];
    let level = 1 + random.below(9) as u8;
    let mut deflation = Deflation::new(9, true, &config(engine, Contexts::Folded, level));
    let mut wire = Vec::new();
    let (kind, length) = (KINDS[random.below(4)], 1 + random.below(500));
    deflation.part(&sample(random, kind, length), true, None, &mut wire);
    for _ in 0..random.below(4) {
        let index = random.below(wire.len());
        wire[index] ^= 1 << random.below(8);
    }
    if random.below(4) == 0 {
        wire.truncate(1 + random.below(wire.len()));
    }
    wire
}
