//! No match reaches beyond the agreed window.

use super::walker::walk;
use super::*;

/// The proof that a negotiated window is kept: no distance in anything that is produced is larger.
fn keep_windows(contexts: Contexts) {
    let mut random = Random(0x0123_4567_89ab_cdef);
    for window_bits in 8..=15 {
        let mut farthest = 0;
        for (level, takeover) in [(1, true), (2, true), (4, true), (6, true), (6, false), (9, true)]
        {
            let mut deflation = Deflation::new(
                window_bits,
                !takeover,
                &config(DeflateEngine::default(), contexts, level),
            );
            let mut text = Vec::new();
            for index in 0..40 {
                let length = match index % 8 {
                    0 => 1 + random.below(100_000 >> (15 - window_bits)),
                    _ => 1 + random.below(3_000),
                };
                let payload = sample(&mut random, KINDS[index % 2], length);
                if let Some(wire) = deflate(&mut deflation, &payload) {
                    if !takeover {
                        text.clear();
                    }
                    let before = text.len();
                    farthest = farthest.max(walk(&wire, &mut text));
                    assert_eq!(&text[before..], payload, "w{window_bits} level {level}");
                }
            }
        }
        // The whole window is used, too: a test that sees only short distances would prove nothing.
        assert!(farthest + 16 >= 1 << window_bits, "w{window_bits}: {farthest}");
    }
}

#[test]
fn windows_are_kept_folded() {
    keep_windows(Contexts::Folded);
}

#[test]
fn windows_are_kept_dedicated() {
    keep_windows(Contexts::Dedicated);
}

#[test]
fn parts_keep_windows() {
    let mut random = Random(77);
    for contexts in CONTEXTS {
        for window_bits in 8..=15 {
            let mut deflation =
                Deflation::new(window_bits, false, &config(DeflateEngine::default(), contexts, 6));
            let mut text = Vec::new();
            for _ in 0..4 {
                let (mut wire, mut payload) = (Vec::new(), Vec::new());
                for part in 0..12 {
                    let length = random.below(6_000);
                    let bytes = sample(&mut random, KINDS[part % 4], length);
                    deflation.part(&bytes, part == 11, None, &mut wire);
                    payload.extend(bytes);
                }
                let before = text.len();
                let farthest = walk(&wire, &mut text);
                assert!(farthest <= 1 << window_bits, "w{window_bits}: {farthest}");
                assert_eq!(&text[before..], payload);
            }
        }
    }
}
