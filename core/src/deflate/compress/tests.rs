//! What the parts of the compressor promise each other. That what comes out is DEFLATE, and keeps its window,
//! is tested a folder above, with three decoders.

use super::alphabet::{FIXED, NO_CODES, Token};
use super::bits::Writer;
use super::huffman::{self, Code, SYMBOLS, assign};
use super::matches::{Match, Matches, Search};
use super::{Compressor, EFFORTS};
use alloc::string::String;
use alloc::vec::Vec;
use alloc::{format, vec};

const SEARCH: Search = Search { depth: 8, nice: 258 };

fn codes(counts: &[u16], longest: usize) -> Vec<Code> {
    let mut codes = vec![Code::default(); counts.len()];
    assign(counts, longest, &mut codes);
    codes
}

/// What all codes take of the room for codes, in parts of 2^-15: all of it, or bits would be wasted.
fn taken(codes: &[Code]) -> u32 {
    let share = |code: &Code| if code.length > 0 { 1 << (15 - code.length) } else { 0 };
    codes.iter().map(share).sum()
}

#[test]
fn codes_take_all_the_room_and_no_code_begins_another() {
    let mut state = 1u32;
    for longest in [7, 15] {
        for used in [1, 2, 3, 19, 60, SYMBOLS] {
            let size = if longest == 7 { 19 } else { SYMBOLS };
            let mut counts = vec![0; size];
            for count in counts.iter_mut().take(used) {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                // Between rare and frequent lie two orders of magnitude.
                *count = 1 + (state >> 16 >> (state % 16)) as u16 / 512;
            }
            let codes = codes(&counts, longest);
            assert_eq!(taken(&codes), 1 << 15, "{longest} {used}");
            assert!(codes.iter().all(|code| usize::from(code.length) <= longest));
            for (at, one) in codes.iter().enumerate().filter(|(_, code)| code.length > 0) {
                for other in codes.iter().take(at).filter(|code| code.length > 0) {
                    let shared = (1u16 << one.length.min(other.length)) - 1;
                    assert_ne!(one.bits & shared, other.bits & shared);
                }
            }
        }
    }
}

/// Each count is the sum of the two before: the tree is as deep as there are symbols.
#[test]
fn codes_keep_their_limit_where_counts_would_have_them_longer() {
    let mut counts = vec![1u16, 1];
    while counts.len() < 22 {
        counts.push(counts[counts.len() - 1] + counts[counts.len() - 2]);
    }
    let limited = codes(&counts, 15);
    assert_eq!(limited.iter().map(|code| code.length).max(), Some(15));
    assert_eq!(taken(&limited), 1 << 15);
    assert_eq!(codes(&counts[..19], 7).iter().map(|code| code.length).max(), Some(7));
    let free = codes(&counts[..10], 15);
    let lengths: Vec<_> = free.iter().map(|code| code.length).collect();
    assert_eq!(lengths, [9, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
}

#[test]
fn there_are_two_codes_even_for_one_symbol_or_none() {
    for counts in [[0, 0, 0, 0], [5, 0, 0, 0], [0, 5, 0, 0], [0, 0, 0, 5]] {
        let codes = codes(&counts, 15);
        assert_eq!(codes.iter().filter(|code| code.length == 1).count(), 2, "{counts:?}");
        let is_coded = |at: usize| counts[at] == 0 || codes[at].length == 1;
        assert!((0..4).all(is_coded), "{counts:?}");
    }
}

/// The example of RFC 1951 section 3.2.2.
#[test]
fn codes_of_a_length_are_consecutive() {
    let codes = codes(&[12, 12, 12, 12, 12, 24, 6, 6], 15);
    let lengths: Vec<_> = codes.iter().map(|code| code.length).collect();
    assert_eq!(lengths, [3, 3, 3, 3, 3, 2, 4, 4]);
    let shown: Vec<String> = codes
        .iter()
        .map(|code| {
            let bits = code.bits.reverse_bits() >> (16 - code.length);
            format!("{bits:0width$b}", width = usize::from(code.length))
        })
        .collect();
    assert_eq!(shown, ["010", "011", "100", "101", "110", "00", "1110", "1111"]);
}

/// RFC 1951 section 3.2.5: its table, at both ends of some rows.
#[test]
fn lengths_and_distances_have_the_symbols_of_the_table() {
    let lengths = [
        (3, 257, 0, 0),
        (10, 264, 0, 0),
        (11, 265, 0, 1),
        (12, 265, 1, 1),
        (66, 276, 7, 3),
        (67, 277, 0, 4),
        (227, 284, 0, 5),
        (257, 284, 30, 5),
        (258, 285, 0, 0),
    ];
    for (length, symbol, behind, extra) in lengths {
        let token = Token::repeat(Match { length, distance: 1 });
        assert_eq!(token.literal_symbol(), symbol, "{length}");
        assert_eq!(NO_CODES.literals[symbol].extra, extra, "{length}");
        let (bits, count) = token.bits(&NO_CODES);
        assert_eq!((bits, count), (behind, extra), "{length}");
    }
    let distances = [
        (1, 0, 0, 0),
        (4, 3, 0, 0),
        (5, 4, 0, 1),
        (6, 4, 1, 1),
        (192, 14, 63, 6),
        (193, 15, 0, 6),
        (24_576, 28, 8191, 13),
        (24_577, 29, 0, 13),
        (32_768, 29, 8191, 13),
    ];
    for (distance, symbol, behind, extra) in distances {
        let token = Token::repeat(Match { length: 3, distance });
        assert_eq!(token.distance_symbol(), symbol, "{distance}");
        assert_eq!(NO_CODES.distances[symbol].extra, extra, "{distance}");
        assert_eq!(token.bits(&NO_CODES), (behind, extra), "{distance}");
    }
    assert_eq!(Token::literal(b'a').bits(&NO_CODES), (0, 0));
}

/// RFC 1951 section 3.2.6.
#[test]
fn the_codes_that_need_not_be_sent_are_those_of_the_table() {
    let literal = |symbol: usize| {
        let code = FIXED.literals[symbol];
        (code.bits.reverse_bits() >> (16 - code.length), code.length)
    };
    assert_eq!(literal(0), (0b0011_0000, 8));
    assert_eq!(literal(143), (0b1011_1111, 8));
    assert_eq!(literal(144), (0b1_1001_0000, 9));
    assert_eq!(literal(255), (0b1_1111_1111, 9));
    assert_eq!(literal(256), (0, 7));
    assert_eq!(literal(279), (0b001_0111, 7));
    assert_eq!(literal(280), (0b1100_0000, 8));
    assert_eq!(literal(287), (0b1100_0111, 8));
    assert_eq!(taken(&FIXED.literals), 1 << 15);
    assert_eq!(huffman::LONGEST, 15);
}

#[test]
fn bits_fill_bytes_from_below() {
    let mut output = vec![0xff];
    let mut writer = Writer::new(&mut output);
    writer.push(0b1, 1);
    writer.push(0, 0);
    writer.push(0b10_1100, 6);
    assert_eq!((writer.length_with(0), writer.length_with(1), writer.length_with(2)), (2, 2, 3));
    writer.push(0x00ff_ffff_ffff_ffff, 56);
    writer.align().push(7);
    assert_eq!(output, [0xff, 0xd9, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 7]);
}

/// The match of all of `text` behind what is known, if there is one.
fn matched(matches: &mut Matches, text: &[u8]) -> Option<Match> {
    assert_eq!(matches.append(text), text.len());
    let at = matches.text().len() - text.len();
    matches.chain_until(at, 1);
    matches.find(at, 3, SEARCH)
}

#[test]
fn matches_are_the_longest_and_then_the_nearest() {
    let mut matches = Matches::new(10);
    assert_eq!(matched(&mut matches, b"some words, some more words, some words;"), None);
    assert_eq!(matched(&mut matches, b"some words"), Some(Match { length: 10, distance: 11 }));
    assert_eq!(matched(&mut matches, b"some more"), Some(Match { length: 9, distance: 38 }));
}

#[test]
fn what_was_forgotten_is_not_found_again() {
    let mut matches = Matches::new(8);
    for round in 0..100 {
        assert_eq!(matched(&mut matches, b"the same again"), None, "{round}");
        matches.forget();
    }
}

/// Places are numbers of 32 bits; after 4 GiB they begin again.
#[test]
fn counting_begins_again_at_the_end_of_all_places() {
    let text = b"0123456789abcdef0123456789abcdef";
    let expected = Some(Match { length: 16, distance: 16 });
    for before in 0..200 {
        let mut matches = Matches::new(8);
        matches.pass_to(u32::MAX - (256 + (16 << 10)) - before * 97);
        for round in 0..600 {
            matches.append(&text[..16]);
            assert_eq!(matched(&mut matches, &text[16..]), expected, "{before} {round}");
        }
    }
}

#[test]
fn higher_levels_come_out_shorter() {
    let text: String = (0..3_000u32)
        .map(|at| {
            let random = at.wrapping_mul(2_654_435_761) >> 16;
            let word = ["price", "volume", "trade", "quote", "status"][random as usize % 5];
            format!("{{\"id\":{},\"{word}\":{},\"ok\":true}},", at % 97, random % 1000)
        })
        .collect();
    let lengths: Vec<_> = (1..=EFFORTS.len() as u8)
        .map(|level| {
            let (mut compressor, mut output) = (Compressor::new(15), Vec::new());
            assert!(compressor.compress(text.as_bytes(), level, usize::MAX, &mut output));
            output.len()
        })
        .collect();
    assert!(lengths.is_sorted_by(|lower, higher| *lower + *lower / 100 >= *higher), "{lengths:?}");
    assert!(lengths[8] * 100 < lengths[0] * 90, "{lengths:?}");
}
