//! What a connection keeps between messages, folded and dedicated, and when it goes on with an engine.

use super::*;
use crate::deflate::compress_standalone;

/// A message that does not shrink is not sent compressed, and both ends still agree afterwards.
#[test]
fn a_refusal_changes_nothing() {
    let mut random = Random(21);
    for &engine in ENGINES {
        for contexts in CONTEXTS {
            let config = config(engine, contexts, 6);
            let mut deflation = Deflation::new(11, false, &config);
            let mut inflation = Inflation::new(11, false, &config);
            for _ in 0..20 {
                let text = json(&mut random, 1_500);
                let wire = deflate(&mut deflation, &text).expect("it shrinks");
                assert_eq!(inflate(&mut inflation, &wire), text);
                let mut output = b"before".to_vec();
                let noise = sample(&mut random, Kind::Noise, 1_500);
                assert!(!deflation.message(&noise, None, &mut output));
                assert_eq!(output, b"before");
                let mut nothing = Vec::new();
                deflation.part(b"", true, None, &mut nothing);
                assert_eq!(inflate(&mut inflation, &nothing), b"");
            }
        }
    }
}

#[test]
fn an_empty_message_is_refused() {
    let mut deflation = Deflation::new(12, false, &DeflateConfig::default());
    assert_eq!(deflate(&mut deflation, b""), None);
}

#[test]
fn a_full_context_invests_no_more() {
    let mut random = Random(22);
    let mut deflation =
        Deflation::new(9, false, &config(DeflateEngine::default(), Contexts::Folded, 6));
    let sent = (0..100)
        .filter(|_| deflate(&mut deflation, &sample(&mut random, Kind::Noise, 64)).is_some())
        .count();
    assert_eq!(sent, 4);
}

/// A prepared message fits every agreement, and the messages after it may refer to it.
#[test]
fn prepared_messages_keep_the_peers_together() {
    let mut random = Random(23);
    for &engine in ENGINES {
        for contexts in CONTEXTS {
            for takeover in [true, false] {
                let config = config(engine, contexts, 6);
                let mut deflation = Deflation::new(10, !takeover, &config);
                let mut inflation = Inflation::new(10, !takeover, &config);
                for _ in 0..20 {
                    let length = 1 + random.below(3_000);
                    let text = json(&mut random, length);
                    if let Some(wire) = compress_standalone(&text, 9, 6, &config.pool) {
                        assert_eq!(inflate(&mut inflation, &wire), text);
                        deflation.record(&text);
                    }
                    let wire = deflate(&mut deflation, &text[..length.min(900)]);
                    if let Some(wire) = wire {
                        assert_eq!(inflate(&mut inflation, &wire), text[..length.min(900)]);
                    }
                }
            }
        }
    }
}

#[test]
fn each_part_can_be_read_as_it_comes() {
    let mut random = Random(24);
    for &engine in ENGINES {
        for contexts in CONTEXTS {
            let config = config(engine, contexts, 6);
            let mut deflation = Deflation::new(12, false, &config);
            let mut inflation = Inflation::new(12, false, &config);
            for _ in 0..3 {
                let mut output = Vec::new();
                let mut payload = Vec::new();
                for (index, length) in [0, 500, 0, 5_000, 0].into_iter().enumerate() {
                    let bytes = json(&mut random, length);
                    let mut wire = Vec::new();
                    deflation.part(&bytes, index == 4, Some(3), &mut wire);
                    payload.extend(bytes);
                    inflation.inflate(&wire, &mut output, 10_000).expect("valid");
                    assert_eq!(output, payload);
                }
                inflation.finish(&mut output, 10_000).expect("whole");
                assert_eq!(output, payload);
            }
        }
    }
}

#[test]
fn engines_return_to_the_pool() {
    for &engine in ENGINES {
        let config = config(engine, Contexts::Folded, 6);
        let mut deflation = Deflation::new(12, false, &config);
        let mut inflation = Inflation::new(12, false, &config);
        let mut wire = Vec::new();
        deflation.part(b"first part", false, None, &mut wire);
        inflation.inflate(&wire, &mut Vec::new(), 100).expect("valid");
        assert_eq!(config.pool.idle(), (0, 0));
        drop((deflation, inflation));
        assert_eq!(config.pool.idle(), (1, 1));

        let mut inflation = Inflation::new(12, false, &config);
        assert_eq!(inflate(&mut inflation, &[0x00]), b"");
        assert_eq!(config.pool.idle(), (1, 1));
        assert!(inflation.inflate(&[0xff], &mut Vec::new(), 100).is_err());
        assert_eq!(config.pool.idle(), (1, 1));
    }
}

#[test]
fn connections_can_move_between_threads() {
    fn moves<T: Send + Sync>() {}
    moves::<(Deflation, Inflation, DeflatePool)>();
}

#[test]
fn a_pool_keeps_no_more_than_it_may() {
    let pool = DeflatePool::new(DeflateEngine::default(), 2);
    let config = DeflateConfig { pool: pool.clone(), ..DeflateConfig::default() };
    let mut deflations: Vec<_> = (0..5).map(|_| Deflation::new(9, false, &config)).collect();
    for deflation in &mut deflations {
        deflation.part(b"part", false, None, &mut Vec::new());
    }
    drop(deflations);
    assert_eq!(pool.idle(), (2, 0));
}

#[test]
fn folded_contexts_hold_their_windows_only() {
    let mut random = Random(25);
    for &engine in ENGINES {
        let config = config(engine, Contexts::Folded, 6);
        let mut deflation = Deflation::new(12, false, &config);
        let mut inflation = Inflation::new(12, false, &config);
        assert_eq!((deflation.heap_bytes(), inflation.heap_bytes()), (0, 0));
        for _ in 0..100 {
            let wire = deflate(&mut deflation, &json(&mut random, 700)).expect("it shrinks");
            inflate(&mut inflation, &wire);
        }
        assert_eq!((deflation.heap_bytes(), inflation.heap_bytes()), (4_096, 4_096));

        let mut fresh = Deflation::new(12, true, &config);
        deflate(&mut fresh, &json(&mut random, 700)).expect("it shrinks");
        assert_eq!(fresh.heap_bytes(), 0);
    }
}

/// A message of half the window leaves half of it, whatever the order of pushes.
#[test]
fn a_history_is_the_end_of_what_was_pushed() {
    use crate::deflate::history::History;
    let mut random = Random(26);
    for limit in [0, 1, 256, 4_096] {
        let mut history = History::new(limit);
        let mut all = Vec::new();
        for _ in 0..200 {
            let length = random.below(2 * limit / 3 + 9);
            let bytes = sample(&mut random, Kind::Noise, length);
            history.push(&bytes);
            all.extend(bytes);
            let kept = &all[all.len().saturating_sub(limit)..];
            assert_eq!(history.parts().concat(), kept);
            assert!(history.heap_bytes() <= limit);
        }
    }
}
