//! Each engine reads what is written.

use super::*;

/// In every window, with and without takeover, folded or not.
#[test]
fn engines_read_what_is_written() {
    let mut random = Random(0xfeed_beef_cafe_f00d);
    for &reader in ENGINES {
        for window_bits in 8..=15 {
            for contexts in CONTEXTS {
                for takeover in [true, false] {
                    for level in [1, 3, 6, 9] {
                        let sender = config(reader, contexts, level);
                        let receiver = config(reader, contexts, 1);
                        let deflation = Deflation::new(window_bits, !takeover, &sender);
                        let inflation = Inflation::new(window_bits, !takeover, &receiver);
                        exchange(&mut random, deflation, inflation);
                    }
                }
            }
        }
    }
}

fn exchange(random: &mut Random, mut deflation: Deflation, mut inflation: Inflation) {
    for index in 0..24 {
        let length = [1, 3, 17, 64, 300, 1_000, 5_000, 70_000][random.below(8)];
        let payload = sample(random, KINDS[index % 4], length);
        if let Some(wire) = deflate(&mut deflation, &payload) {
            assert_eq!(inflate(&mut inflation, &wire), payload);
        }
    }
}

/// One pool serves connections of all windows and levels, and their messages may interleave.
#[test]
fn connections_share_a_pool() {
    let mut random = Random(99);
    for &engine in ENGINES {
        let config = config(engine, Contexts::Folded, 6);
        let mut connections: Vec<_> = (0..24)
            .map(|index| {
                let (bits, fresh) = (8 + index % 8, index % 3 == 0);
                (Deflation::new(bits, fresh, &config), Inflation::new(bits, fresh, &config))
            })
            .collect();
        for _ in 0..400 {
            let index = random.below(connections.len());
            let (deflation, inflation) = &mut connections[index];
            let (length, level) = (1 + random.below(4_000), random.below(12) as u8);
            let payload = sample(&mut random, KINDS[index % 4], length);
            let mut wire = Vec::new();
            if deflation.message(&payload, Some(level), &mut wire) {
                assert_eq!(inflate(inflation, &wire), payload);
            }
        }
    }
}

#[test]
fn takeover_pays() {
    let mut random = Random(5);
    for contexts in CONTEXTS {
        let totals = [false, true].map(|fresh| {
            let mut deflation =
                Deflation::new(12, fresh, &config(DeflateEngine::default(), contexts, 6));
            (0..100)
                .map(|_| json(&mut random, 200))
                .map(|payload| deflate(&mut deflation, &payload).map_or(200, |wire| wire.len()))
                .sum::<usize>()
        });
        assert!(totals[0] * 10 < totals[1] * 8, "{contexts:?}: {totals:?}");
    }
}

/// Short messages shrink only next to others like them, so the first must be sent all the same.
#[test]
fn short_messages_learn_from_each_other() {
    let mut random = Random(6);
    for contexts in CONTEXTS {
        let mut deflation =
            Deflation::new(12, false, &config(DeflateEngine::default(), contexts, 6));
        for _ in 0..40 {
            deflate(&mut deflation, &json(&mut random, 64));
        }
        let wire = deflate(&mut deflation, &json(&mut random, 64)).expect("it shrinks");
        assert!(wire.len() < 48, "{contexts:?}: {}", wire.len());
    }
}
