//! Every implementation against the obvious loop, over lengths, alignments and phases of the key.

use alloc::string::String;
use alloc::vec;

use super::*;

const MASK: Mask = Mask::new([0x12, 0xa4, 0x5b, 0xf0]);
/// Around the sizes of words, vectors, turns of the loop, pages and 16-bit lengths.
const LARGE: [usize; 14] =
    [383, 384, 385, 511, 512, 513, 1023, 1025, 4095, 4097, 16_383, 65_535, 65_537, 70_000];

/// One way to run the kernels. `mask` gives the length of the prefix it found to be ASCII.
struct Kernels {
    name: &'static str,
    mask: fn(&mut [u8], Mask) -> usize,
    mask_quietly: fn(&mut [u8], Mask),
    copy: fn(&mut [MaybeUninit<u8>], &[u8], Mask) -> usize,
}

fn kernels<V: generic::Vector<N>, const N: usize>(name: &'static str) -> [Kernels; 2] {
    let long = Kernels {
        name,
        mask: generic::mask::<V, N>,
        mask_quietly: |data, mask| {
            generic::mask::<V, N>(data, mask);
        },
        copy: generic::copy::<V, N>,
    };
    let short = Kernels {
        mask: |data, mask| if generic::mask_short::<V, N>(data, mask) { data.len() } else { 0 },
        mask_quietly: |data, mask| {
            generic::mask_short::<V, N>(data, mask);
        },
        ..long
    };
    [long, short]
}

fn all_kernels() -> Vec<Kernels> {
    let mut all = vec![Kernels {
        name: "dispatched",
        mask: mask_ascii_long,
        mask_quietly: apply_mask,
        copy: copy_ascii_long,
    }];
    all.extend(kernels::<u64, 8>("portable"));
    all.extend(kernels::<Native, NATIVE>("native"));
    #[cfg(target_arch = "x86_64")]
    if x86_64::Avx2::detect().is_some() {
        fn avx2() -> x86_64::Avx2 {
            x86_64::Avx2::detect().expect("it was there a moment ago")
        }
        all.push(Kernels {
            name: "avx2",
            mask: |data, mask| avx2().mask_ascii(data, mask),
            mask_quietly: |data, mask| avx2().mask(data, mask),
            copy: |target, source, mask| avx2().copy_ascii(target, source, mask),
        });
    }
    all
}

fn noise(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(0x9e37_79b1) >> 23) as u8).collect()
}

fn masked(data: &[u8], mask: Mask) -> Vec<u8> {
    data.iter().zip(mask.key().iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

/// Runs `test` with a buffer that holds `data` at each alignment in `at`; the bytes around it must
/// stay as they are.
fn at_alignments(data: &[u8], at: &[usize], mut test: impl FnMut(&mut [u8])) {
    let mut buffer = vec![0xee; data.len() + 192];
    let base = buffer.as_ptr().align_offset(64).min(64);
    for start in at.iter().map(|at| base + at) {
        let end = start + data.len();
        buffer[start..end].copy_from_slice(data);
        test(&mut buffer[start..end]);
        buffer[start..end].fill(0xee);
        assert!(buffer.iter().all(|byte| *byte == 0xee), "wrote outside of its bytes");
    }
}

fn check_masking(kernels: &Kernels, len: usize, alignments: &[usize]) {
    let data = noise(len);
    for phase in 0..4 {
        let mask = MASK.advance(phase);
        let expected = masked(&data, mask);
        let ascii = expected.iter().position(|byte| !byte.is_ascii()).unwrap_or(len);
        at_alignments(&data, alignments, |data| {
            let prefix = (kernels.mask)(data, mask);
            assert!(*data == expected, "{}: mask {len} bytes, phase {phase}", kernels.name);
            assert!(prefix <= ascii && (prefix == len) == (ascii == len), "{}", kernels.name);
        });
        at_alignments(&data, alignments, |data| {
            (kernels.mask_quietly)(data, mask);
            assert!(*data == expected, "{}: mask {len} bytes, phase {phase}", kernels.name);
        });
        let mut target = vec![MaybeUninit::new(0xee); len + 64];
        at_alignments(&data, alignments, |data| {
            let at = data.as_ptr().addr() * 7 % 64;
            let prefix = (kernels.copy)(&mut target[at..at + len], data, mask);
            assert!(prefix <= ascii && (prefix == len) == (ascii == len), "{}", kernels.name);
            // SAFETY: all elements were initialised when the vector was made.
            let copied = target[at..at + len].iter().map(|byte| unsafe { byte.assume_init() });
            assert!(copied.eq(expected.iter().copied()), "{}: copy {len} bytes", kernels.name);
        });
    }
}

#[test]
fn masks_every_length_at_every_alignment() {
    let alignments: Vec<usize> = (0..64).collect();
    for kernels in &all_kernels() {
        for len in 0..=300 {
            check_masking(kernels, len, &alignments);
        }
        for len in LARGE {
            check_masking(kernels, len, &[0, 1, 31, 62]);
        }
    }
}

#[test]
fn finds_a_byte_that_is_not_ascii_wherever_it_is() {
    for kernels in &all_kernels() {
        for len in 0..=300 {
            let mut text = vec![b'a'; len];
            assert_eq!((kernels.mask)(&mut masked(&text, MASK), MASK), len, "{}", kernels.name);
            for at in 0..len {
                text[at] = 0x80;
                let found = (kernels.mask)(&mut masked(&text, MASK), MASK);
                assert!(found <= at, "{}: {found} of {at} in {len}", kernels.name);
                text[at] = b'a';
            }
        }
    }
}

#[test]
fn appends_behind_what_is_there() {
    for len in (0..=300).chain(LARGE) {
        let data = noise(len);
        let mut target = vec![1, 2, 3];
        append_masked(&mut target, &data, MASK);
        append_masked(&mut target, &data, Mask::NONE);
        assert_eq!(target[..3], [1, 2, 3]);
        assert_eq!(target[3..3 + len], masked(&data, MASK));
        assert_eq!(target[3 + len..], data);
    }
}

#[test]
fn a_mask_advances_with_its_payload() {
    let data = noise(100);
    for cut in 0..=100 {
        let mut pieces = data.clone();
        apply_mask(&mut pieces[..cut], MASK);
        apply_mask(&mut pieces[cut..], MASK.advance(cut));
        assert_eq!(pieces, masked(&data, MASK));
    }
}

/// The length of the valid text at the start of `text`, if it is not all of it.
fn check(text: &[u8]) -> Result<(), usize> {
    let mut data = masked(text, MASK);
    let result = match unmask_text(&mut data, MASK) {
        Ok(valid) if valid.as_bytes() == text => Ok(()),
        Ok(_) => panic!("not unmasked"),
        Err(valid) => Err(valid.len()),
    };
    assert_eq!(data, text);
    let mut appended = String::from("é");
    assert_eq!(append_text(&mut appended, &masked(text, MASK), MASK), result.is_ok());
    let valid = result.err().unwrap_or(text.len());
    assert_eq!(appended.as_bytes(), ["é".as_bytes(), &text[..valid]].concat());
    result
}

#[test]
fn accepts_a_character_and_rejects_a_byte_at_every_position() {
    for len in (1..=40).chain([64, 127, 128, 129, 130, 160, 255, 256, 300, 1000]) {
        for at in 0..len {
            let mut text = vec![b'a'; len];
            text[at] = 0xff;
            assert_eq!(check(&text), Err(at));
            for character in ["\0", "é", "€", "😀"] {
                let mut text = vec![b'a'; len];
                let end = len.min(at + character.len());
                text[at..end].copy_from_slice(&character.as_bytes()[..end - at]);
                let whole = end - at == character.len();
                assert_eq!(check(&text), if whole { Ok(()) } else { Err(at) });
            }
        }
    }
}

#[test]
fn text_is_valid_up_to_the_character_that_is_not() {
    let cases: [&[u8]; 9] = [
        b"\xc3a",
        b"\x80",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\xf5\x80",
        b"\xe2\x82a",
        b"\xf0\x9f\x98 ",
        b"\xf0\x9f\x98",
    ];
    for bad in cases {
        for before in [0, 1, 15, 100, 127, 128, 200, 1000] {
            let text = [&vec![b'a'; before], bad].concat();
            assert_eq!(check(&text), Err(before), "{bad:02x?} after {before}");
        }
    }
}
