//! The algorithm of the kernels, written once over any width of vector, in safe code.
//!
//! Everything is `inline(always)`, so that it is compiled with the instructions of its caller. The
//! vectors are explicit because the compiler's own vectorisation turned to scalar code wherever the
//! test for ASCII came in: twice the time for a text of 125 bytes.
//!
//! # The algorithm
//!
//! A payload is worked on in blocks of one vector. The bytes that do not fill a block are not a loop
//! of their own: the **last block ends with the payload** and overlaps the one before it, and a long
//! payload has a **first block** that starts with the payload, so that those between can start where
//! memory is aligned (AVX2 stores that straddle cache lines halve the speed from 1 KiB up). In place
//! no byte may be masked twice, so the two outer blocks are loaded before anything is stored and
//! stored after everything else: where blocks overlap, they store the same bytes.
//!
//! Payloads below a block are two words that overlap in the same way, the widest that fit.
//!
//! The blocks between start at multiples of four bytes from each other, so one vector of repeated
//! key bytes serves them all; the first and the last block have their own.
//!
//! Masking also says how much of the outcome is ASCII, from the OR of what it stored. A
//! caller that drops the answer does not pay for it: the compiler drops the computation.

use core::mem::MaybeUninit;

use super::Mask;

/// A block of `N` bytes in registers; `N` is at most 32 and a multiple of four.
pub(super) trait Vector<const N: usize>: Copy {
    /// The key bytes over the whole block.
    fn pattern(mask: Mask) -> Self;
    fn load(block: &[u8; N]) -> Self;
    fn bytes(self) -> [u8; N];
    /// The same for memory that may hold nothing yet. Not `bytes` with `map`, which is byte by byte where the
    /// compiler leaves it a function of its own: without link-time optimisation copies took six times as long.
    fn slots(self) -> [MaybeUninit<u8>; N];
    fn xor(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn is_ascii(self) -> bool;
    /// Tells the CPU that the cache line at `address`, valid or not, will soon be written.
    #[inline(always)]
    fn fetch_for_write(_address: *const u8) {}
}

/// Blocks per turn of the loop over a long payload, with one test for ASCII.
const TURN: usize = 4;
/// How far ahead of the copy its target is fetched into the cache: 256 to 2048 measured alike. Without
/// it AVX2 took a third longer at 1 KiB and a fifth longer at 1 MiB.
const AHEAD: usize = 1024;

/// Masks a long payload in place. Gives the length of a prefix that is ASCII now: all of it, or
/// what comes before the first turn of the loop that saw something else.
#[inline(always)]
pub(super) fn mask<V: Vector<N>, const N: usize>(data: &mut [u8], mask: Mask) -> usize {
    let len = data.len();
    let Some((first, last)) = ends(data) else {
        return if mask_tiny(data, mask) { len } else { 0 };
    };
    let first = V::load(first).xor(V::pattern(mask));
    let last = V::load(last).xor(V::pattern(mask.advance(len)));

    let start = data.as_ptr().align_offset(N).min(N);
    let pattern = V::pattern(mask.advance(start));
    let (turns, rest) = data[start..].as_chunks_mut::<N>().0.as_chunks_mut::<TURN>();
    let mut clean = first.is_ascii();
    let mut ascii = if clean { start } else { 0 };
    for turn in turns {
        clean &= mask_blocks(turn, pattern, V::pattern(Mask::NONE)).is_ascii();
        if clean {
            ascii += TURN * N;
        }
    }
    let seen = mask_blocks(rest, pattern, last);

    store_ends(data, first.bytes(), last.bytes());
    if clean && seen.is_ascii() { len } else { ascii }
}

/// Masks a short payload in place and says whether all of it is ASCII now.
#[inline(always)]
pub(super) fn mask_short<V: Vector<N>, const N: usize>(data: &mut [u8], mask: Mask) -> bool {
    let len = data.len();
    let Some(last) = data.last_chunk() else { return mask_tiny(data, mask) };
    let last = V::load(last).xor(V::pattern(mask.advance(len)));
    let seen = mask_blocks(data.as_chunks_mut().0, V::pattern(mask), last);
    if let Some(tail) = data.last_chunk_mut() {
        *tail = last.bytes();
    }
    seen.is_ascii()
}

/// Writes `source`, masked, to all of `target`. Gives the length of a prefix that is ASCII, as
/// [`mask`] does.
///
/// # Panics
///
/// When the lengths differ: only then could a byte stay unwritten.
#[inline(always)]
pub(super) fn copy<V: Vector<N>, const N: usize>(
    target: &mut [MaybeUninit<u8>],
    source: &[u8],
    mask: Mask,
) -> usize {
    // `copy_tiny` writes at most two words of 16 bytes, which must be enough below a block.
    const { assert!(N <= 32 && N.is_multiple_of(4)) };
    let len = source.len();
    assert!(target.len() == len, "the target is as long as the source");
    let (Some(last), Some(tail)) = (source.last_chunk(), target.last_chunk_mut()) else {
        return if copy_tiny(target, source, mask) { len } else { 0 };
    };
    let last = V::load(last).xor(V::pattern(mask.advance(len)));
    *tail = last.slots();

    let (mut start, mut clean) = (0, true);
    if len > super::SHORT
        && let (Some(first), Some(head)) = (source.first_chunk(), target.first_chunk_mut())
    {
        start = head.as_ptr().align_offset(N).min(N);
        let first = V::load(first).xor(V::pattern(mask));
        *head = first.slots();
        clean = first.is_ascii();
    }
    let pattern = V::pattern(mask.advance(start));
    let (to, from) = (target[start..].as_chunks_mut().0, source[start..].as_chunks().0);
    let (to_turns, to_rest) = to.as_chunks_mut::<TURN>();
    let (from_turns, from_rest) = from.as_chunks::<TURN>();
    let mut ascii = if clean { start } else { 0 };
    for (to, from) in to_turns.iter_mut().zip(from_turns) {
        let ahead = to.as_ptr().cast::<u8>().wrapping_add(AHEAD);
        for line in (0..TURN * N).step_by(64) {
            V::fetch_for_write(ahead.wrapping_add(line));
        }
        clean &= copy_blocks(to, from, pattern, V::pattern(Mask::NONE)).is_ascii();
        if clean {
            ascii += TURN * N;
        }
    }
    let seen = copy_blocks(to_rest, from_rest, pattern, last);
    if clean && seen.is_ascii() { len } else { ascii }
}

/// Copies blocks, masked, and adds what they came to be to `seen`.
#[inline(always)]
fn copy_blocks<V: Vector<N>, const N: usize>(
    to: &mut [[MaybeUninit<u8>; N]],
    from: &[[u8; N]],
    pattern: V,
    mut seen: V,
) -> V {
    for (to, from) in to.iter_mut().zip(from) {
        let masked = V::load(from).xor(pattern);
        *to = masked.slots();
        seen = seen.or(masked);
    }
    seen
}

/// Masks blocks and adds what they came to be to `seen`.
#[inline(always)]
fn mask_blocks<V: Vector<N>, const N: usize>(blocks: &mut [[u8; N]], pattern: V, mut seen: V) -> V {
    for block in blocks {
        let masked = V::load(block).xor(pattern);
        *block = masked.bytes();
        seen = seen.or(masked);
    }
    seen
}

/// Masks fewer bytes than a block from `$source` to `$target`, which may be one slice, and says
/// whether the outcome is ASCII. A macro, because no function takes one slice or two.
macro_rules! tiny {
    ($source:expr, $target:expr, $mask:expr) => {{
        let len = $source.len();
        // The key in each of four lanes.
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

/// The vector of CPUs without vectors.
impl Vector<8> for u64 {
    #[inline(always)]
    fn pattern(mask: Mask) -> Self {
        Self::from(mask.0) * 0x0000_0001_0000_0001
    }

    #[inline(always)]
    fn load(block: &[u8; 8]) -> Self {
        Self::from_ne_bytes(*block)
    }

    #[inline(always)]
    fn bytes(self) -> [u8; 8] {
        self.to_ne_bytes()
    }

    #[inline(always)]
    fn slots(self) -> [MaybeUninit<u8>; 8] {
        self.to_ne_bytes().map(MaybeUninit::new)
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self ^ other
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self | other
    }

    #[inline(always)]
    fn is_ascii(self) -> bool {
        self & 0x8080_8080_8080_8080 == 0
    }
}
