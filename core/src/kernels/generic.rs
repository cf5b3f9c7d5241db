//! The kernels themselves: safe, portable Rust in the shape that the compiler turns into vector code.
//!
//! Everything is `inline(always)`, so that a caller compiled for wider vectors (see `x86_64`) gets
//! the same algorithm in its own instructions. On aarch64 the plain build is NEON code, on wasm32
//! with `simd128` it is v128 code; hand-written intrinsics for AVX2 measured no faster.
//!
//! # The algorithm
//!
//! A payload is worked on in [`BLOCK`]s. The bytes that do not fill a block are not a loop of their
//! own: the **last block ends with the payload** and overlaps the one before it, and a large payload
//! has a **first block** that starts with the payload, so that those between can start where memory
//! is aligned (AVX2 stores that straddle cache lines halve the speed from 1 KiB up). In place no
//! byte may be masked twice, so the two outer blocks are loaded before anything is stored and stored
//! after everything else: where blocks overlap, they store the same bytes.
//!
//! Payloads below a block are two words that overlap in the same way, the widest that fit.
//!
//! Blocks start at multiples of four bytes from each other, so one pattern of key bytes serves all
//! of them, a second one the first block and a third one the last.
//!
//! Masking in place also says how much of the outcome is ASCII, from the OR of what it stored. A
//! caller that drops the answer does not pay for it: the compiler drops the computation.

use core::array;
use core::mem::MaybeUninit;

use super::Mask;

/// One AVX2 register, or two of SSE2, NEON or simd128.
const BLOCK: usize = 32;
/// One turn of the loop over a large payload, with one test for ASCII.
const WIDE: usize = 4 * BLOCK;

/// A block in registers.
type Words = [u64; BLOCK / 8];

/// Masks a payload of more than a few blocks in place. Gives the length of a prefix that is ASCII
/// now: all of it, or what comes before the first turn of the loop that saw something else.
#[inline(always)]
pub(super) fn mask(data: &mut [u8], mask: Mask) -> usize {
    let len = data.len();
    let Some((first, last)) = ends(data) else {
        return if mask_tiny(data, mask) { len } else { 0 };
    };
    let first = xor(load(first), pattern(mask));
    let last = xor(load(last), pattern(mask.advance(len)));

    let start = data.as_ptr().align_offset(BLOCK).min(BLOCK);
    let (wide, rest) = data[start..].as_chunks_mut::<WIDE>();
    let pattern = pattern(mask.advance(start));
    let mut clean = is_ascii(first);
    let mut ascii = if clean { start } else { 0 };
    for turn in wide {
        clean &= is_ascii(mask_blocks(turn, pattern));
        if clean {
            ascii += WIDE;
        }
    }
    for block in rest.as_chunks_mut::<BLOCK>().0 {
        clean &= is_ascii(mask_blocks(block, pattern));
    }

    store_ends(data, bytes(first), bytes(last));
    if clean && is_ascii(last) { len } else { ascii }
}

/// Masks a payload of at most a few blocks in place and says whether all of it is ASCII now.
#[inline(always)]
pub(super) fn mask_short(data: &mut [u8], mask: Mask) -> bool {
    let len = data.len();
    let Some(last) = data.last_chunk() else { return mask_tiny(data, mask) };
    let last = xor(load(last), pattern(mask.advance(len)));
    let mut clean = is_ascii(last);
    for block in data.as_chunks_mut::<BLOCK>().0 {
        clean &= is_ascii(mask_blocks(block, pattern(mask)));
    }
    if let Some(tail) = data.last_chunk_mut() {
        *tail = bytes(last);
    }
    clean
}

/// Writes `source`, masked, to all of `target`.
///
/// # Panics
///
/// When the lengths differ: only then could a byte stay unwritten.
#[inline(always)]
pub(super) fn copy(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
    let len = source.len();
    assert!(target.len() == len, "the target must be as long as the source");
    let (Some(last), Some(tail)) = (source.last_chunk(), target.last_chunk_mut()) else {
        copy_tiny(target, source, mask);
        return;
    };
    *tail = slots(xor(load(last), pattern(mask.advance(len))));

    let mut start = 0;
    if len > WIDE
        && let (Some(first), Some(head)) = (source.first_chunk(), target.first_chunk_mut())
    {
        start = head.as_ptr().align_offset(BLOCK).min(BLOCK);
        *head = slots(xor(load(first), pattern(mask)));
    }
    let pattern = pattern(mask.advance(start));
    let (to_wide, to_rest) = target[start..].as_chunks_mut::<WIDE>();
    let (from_wide, from_rest) = source[start..].as_chunks::<WIDE>();
    for (to, from) in to_wide.iter_mut().zip(from_wide) {
        copy_blocks(to, from, pattern);
    }
    copy_blocks(to_rest, from_rest, pattern);
}

/// The length of a prefix of `data` that is ASCII: all of it, or what comes before the first turn of
/// the loop that saw something else.
#[inline(always)]
pub(super) fn ascii(data: &[u8]) -> usize {
    let (wide, rest) = data.as_chunks::<WIDE>();
    let mut ascii = 0;
    for turn in wide {
        if !is_ascii(or_blocks(turn)) {
            return ascii;
        }
        ascii += WIDE;
    }
    let rest_is_ascii = match data.last_chunk() {
        Some(last) => is_ascii(or(load(last), or_blocks(rest))),
        None => is_ascii_tiny(rest),
    };
    if rest_is_ascii { data.len() } else { ascii }
}

#[inline(always)]
fn or_blocks(data: &[u8]) -> Words {
    let mut seen = [0; BLOCK / 8];
    for block in data.as_chunks().0 {
        seen = or(seen, load(block));
    }
    seen
}

/// Masks the whole blocks of `data` and gives the OR of the results.
#[inline(always)]
fn mask_blocks(data: &mut [u8], pattern: Words) -> Words {
    let mut seen = [0; BLOCK / 8];
    for block in data.as_chunks_mut().0 {
        let words = xor(load(block), pattern);
        *block = bytes(words);
        seen = or(seen, words);
    }
    seen
}

#[inline(always)]
fn copy_blocks(target: &mut [MaybeUninit<u8>], source: &[u8], pattern: Words) {
    for (to, from) in target.as_chunks_mut().0.iter_mut().zip(source.as_chunks().0) {
        *to = slots(xor(load(from), pattern));
    }
}

/// Masks fewer bytes than a block from `$source` to `$target`, which may be the same slice, and says
/// whether the outcome is ASCII. A macro because no type of reference is both of one slice and of
/// two.
macro_rules! tiny {
    ($source:expr, $target:expr, $mask:expr) => {{
        let len = $source.len();
        // The key in each of the four lanes.
        let start_key = u128::from($mask.0) * (u128::MAX / 0xffff_ffff);
        let end_key = u128::from($mask.advance(len).0) * (u128::MAX / 0xffff_ffff);
        tiny!(@word u128, $source, $target, start_key, end_key);
        tiny!(@word u64, $source, $target, start_key, end_key);
        tiny!(@word u32, $source, $target, start_key, end_key);
        // At most three bytes: the first, the middle and the last are all of them.
        let Some((&[first], &[last])) = ends($source) else { return true };
        let key = $mask.key();
        let middle = $source[len / 2] ^ key[len / 2];
        let (first, last) = (first ^ key[0], last ^ key[len - 1]);
        $target[len / 2] = Slot::new(middle);
        store_ends($target, [first], [last]);
        (first | middle | last).is_ascii()
    }};
    (@word $word:ty, $source:expr, $target:expr, $start_key:expr, $end_key:expr) => {
        if let Some((&first, &last)) = ends($source) {
            let first = <$word>::from_ne_bytes(first) ^ $start_key as $word;
            let last = <$word>::from_ne_bytes(last) ^ $end_key as $word;
            store_ends($target, first.to_ne_bytes(), last.to_ne_bytes());
            return (first | last) & (<$word>::MAX / 0xff * 0x80) == 0;
        }
    };
}

#[inline(always)]
fn mask_tiny(data: &mut [u8], mask: Mask) -> bool {
    tiny!(data, data, mask)
}

#[inline(always)]
fn copy_tiny(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) -> bool {
    tiny!(source, target, mask)
}

#[inline(always)]
fn is_ascii_tiny(data: &[u8]) -> bool {
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    if let Some((first, last)) = ends::<16>(data) {
        return (u128::from_ne_bytes(*first) | u128::from_ne_bytes(*last))
            & (u128::MAX / 0xff * 0x80)
            == 0;
    }
    if let Some((first, last)) = ends(data) {
        return (word(first) | word(last)) & (u64::MAX / 0xff * 0x80) == 0;
    }
    data.iter().fold(0, |seen, byte| seen | byte).is_ascii()
}

/// A place for a byte, with or without one in it.
trait Slot: Sized {
    fn new(byte: u8) -> Self;
}

impl Slot for u8 {
    #[inline(always)]
    fn new(byte: u8) -> Self {
        byte
    }
}

impl Slot for MaybeUninit<u8> {
    #[inline(always)]
    fn new(byte: u8) -> Self {
        Self::new(byte)
    }
}

/// The first and the last `N` bytes, which may overlap.
#[inline(always)]
fn ends<const N: usize>(data: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
    Some((data.first_chunk()?, data.last_chunk()?))
}

#[inline(always)]
fn store_ends<S: Slot, const N: usize>(target: &mut [S], first: [u8; N], last: [u8; N]) {
    if let Some(head) = target.first_chunk_mut() {
        *head = first.map(S::new);
    }
    if let Some(tail) = target.last_chunk_mut() {
        *tail = last.map(S::new);
    }
}

/// The key over a whole block.
#[inline(always)]
fn pattern(mask: Mask) -> Words {
    [u64::from(mask.0) * 0x0000_0001_0000_0001; BLOCK / 8]
}

#[inline(always)]
fn load(block: &[u8; BLOCK]) -> Words {
    let words = block.as_chunks().0;
    array::from_fn(|i| u64::from_ne_bytes(words[i]))
}

#[inline(always)]
fn bytes(words: Words) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    for (bytes, word) in block.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_ne_bytes();
    }
    block
}

#[inline(always)]
fn slots(words: Words) -> [MaybeUninit<u8>; BLOCK] {
    bytes(words).map(MaybeUninit::new)
}

#[inline(always)]
fn xor(a: Words, b: Words) -> Words {
    array::from_fn(|i| a[i] ^ b[i])
}

#[inline(always)]
fn or(a: Words, b: Words) -> Words {
    array::from_fn(|i| a[i] | b[i])
}

/// Compared as a whole, not folded to one word: only so it becomes a single vector test.
#[inline(always)]
fn is_ascii(words: Words) -> bool {
    words.map(|word| word & 0x8080_8080_8080_8080) == [0; BLOCK / 8]
}
