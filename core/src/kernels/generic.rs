//! The kernels in safe, portable Rust, written so that the compiler turns them into vector code.
//!
//! Everything here is `inline(always)`: a caller that was compiled for wider vectors (see
//! `x86_64`) gets the same algorithm in its own instructions.

use core::array;
use core::mem::MaybeUninit;

use super::Mask;

/// What one step works on: one AVX2 register or two of SSE2, NEON or simd128.
const BLOCK: usize = 32;
/// What the loop over a large payload works on. A test for ASCII comes once per so many bytes.
const WIDE: usize = 4 * BLOCK;

/// A block in registers.
type Words = [u64; BLOCK / 8];

/// Masks fewer than a few blocks and says whether the result is ASCII.
#[inline(always)]
pub(super) fn mask_small(data: &mut [u8], mask: Mask) -> bool {
    let len = data.len();
    let Some(last) = data.last_chunk() else { return mask_tiny(data, mask) };
    let last = xor(load(last), pattern(mask.advance(len)));
    let pattern = pattern(mask);
    let mut seen = last;
    for block in data.as_chunks_mut().0 {
        let words = xor(load(block), pattern);
        store(block, words);
        seen = or(seen, words);
    }
    if let Some(tail) = data.last_chunk_mut() {
        store(tail, last);
    }
    is_ascii(seen)
}

/// Masks more than a block and gives the length of a prefix that came out as ASCII.
#[inline(always)]
pub(super) fn mask_large(data: &mut [u8], mask: Mask) -> usize {
    let len = data.len();
    let (Some(first), Some(last)) = (data.first_chunk(), data.last_chunk()) else {
        return if mask_tiny(data, mask) { len } else { 0 };
    };
    let first = xor(load(first), pattern(mask));
    let last = xor(load(last), pattern(mask.advance(len)));

    let start = data.as_ptr().align_offset(BLOCK).min(BLOCK);
    let pattern = pattern(mask.advance(start));
    let (wide, rest) = data[start..].as_chunks_mut::<WIDE>();
    let mut seen = first;
    let mut ascii = if is_ascii(first) { start } else { 0 };
    for wide in wide {
        for block in wide.as_chunks_mut().0 {
            let words = xor(load(block), pattern);
            store(block, words);
            seen = or(seen, words);
        }
        if is_ascii(seen) {
            ascii += WIDE;
        }
    }
    for block in rest.as_chunks_mut().0 {
        let words = xor(load(block), pattern);
        store(block, words);
        seen = or(seen, words);
    }
    if let Some(head) = data.first_chunk_mut() {
        store(head, first);
    }
    if let Some(tail) = data.last_chunk_mut() {
        store(tail, last);
    }
    if is_ascii(or(seen, last)) { len } else { ascii }
}

/// [`mask_rest`] below one block: two overlapping words, the widest that fit.
#[inline(always)]
fn mask_tiny(data: &mut [u8], mask: Mask) -> bool {
    let len = data.len();
    let here = u128::from(mask.0) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
    let end = u128::from(mask.advance(len).0) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
    macro_rules! words {
        ($word:ty) => {
            if let (Some(&first), Some(&last)) = (data.first_chunk(), data.last_chunk()) {
                let first = <$word>::from_ne_bytes(first) ^ here as $word;
                let last = <$word>::from_ne_bytes(last) ^ end as $word;
                *data.first_chunk_mut().unwrap() = first.to_ne_bytes();
                *data.last_chunk_mut().unwrap() = last.to_ne_bytes();
                return (first | last) & (<$word>::MAX / 0xff * 0x80) == 0;
            }
        };
    }
    words!(u128);
    words!(u64);
    words!(u32);
    let mut union = 0;
    for (byte, key) in data.iter_mut().zip(mask.key()) {
        *byte ^= key;
        union |= *byte;
    }
    union < 0x80
}

/// Masks more than a block and gives the length of a prefix that came out as ASCII.
#[inline(always)]
pub(super) fn copy(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
    let len = source.len();
    assert!(target.len() == len);
    if let (Some(first), Some(last), Some(head)) =
        (source.first_chunk(), source.last_chunk(), target.first_chunk_mut())
    {
        store_new(head, xor(load(first), pattern(mask)));
        if let Some(tail) = target.last_chunk_mut() {
            store_new(tail, xor(load(last), pattern(mask.advance(len))));
        }
        let start = if len < 256 { 0 } else { target.as_ptr().align_offset(BLOCK).min(BLOCK) };
        let pattern = pattern(mask.advance(start));
        for (target, source) in
            target[start..].as_chunks_mut().0.iter_mut().zip(source[start..].as_chunks().0)
        {
            store_new(target, xor(load(source), pattern));
        }
    } else {
        copy_tiny(target, source, mask);
    }
}

/// [`mask_rest`] below one block: two overlapping words, the widest that fit.
#[inline(always)]
fn copy_tiny(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
    let len = source.len();
    let here = u128::from(mask.0) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
    let end = u128::from(mask.advance(len).0) * 0x0000_0001_0000_0001_0000_0001_0000_0001;
    macro_rules! words {
        ($word:ty) => {
            if let (Some(&first), Some(&last)) = (source.first_chunk(), source.last_chunk()) {
                let first = <$word>::from_ne_bytes(first) ^ here as $word;
                let last = <$word>::from_ne_bytes(last) ^ end as $word;
                *target.first_chunk_mut().unwrap() = first.to_ne_bytes().map(MaybeUninit::new);
                *target.last_chunk_mut().unwrap() = last.to_ne_bytes().map(MaybeUninit::new);
                return;
            }
        };
    }
    words!(u128);
    words!(u64);
    words!(u32);
    for ((t, byte), key) in target.iter_mut().zip(source).zip(mask.key()) {
        t.write(*byte ^ key);
    }
}

#[inline(always)]
fn pattern(mask: Mask) -> Words {
    [u64::from(mask.0) * 0x0000_0001_0000_0001; 4]
}

#[inline(always)]
fn load(block: &[u8; BLOCK]) -> Words {
    let words = block.as_chunks().0;
    array::from_fn(|i| u64::from_ne_bytes(words[i]))
}

#[inline(always)]
fn store(block: &mut [u8; BLOCK], words: Words) {
    for (to, from) in block.as_chunks_mut().0.iter_mut().zip(words) {
        *to = from.to_ne_bytes();
    }
}
#[inline(always)]
fn store_new(block: &mut [MaybeUninit<u8>; BLOCK], words: Words) {
    for (to, from) in block.as_chunks_mut().0.iter_mut().zip(words) {
        *to = from.to_ne_bytes().map(MaybeUninit::new);
    }
}

#[inline(always)]
fn xor(a: Words, b: Words) -> Words {
    array::from_fn(|i| a[i] ^ b[i])
}

#[inline(always)]
fn or(a: Words, b: Words) -> Words {
    array::from_fn(|i| a[i] | b[i])
}

#[inline(always)]
fn is_ascii(words: Words) -> bool {
    (words[0] | words[1] | words[2] | words[3]) & 0x8080_8080_8080_8080 == 0
}
