//! Prefix codes of least length.
//!
//! Owns which symbol gets which code. Knows nothing of what symbols mean. RFC 1951 section 3.2.2.

/// Symbols in the largest alphabet of DEFLATE.
pub(super) const SYMBOLS: usize = 288;

/// The longest code of DEFLATE.
pub(super) const LONGEST: usize = 15;

/// A code, ready to be written low bit first. A symbol without one has length 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) bits: u16,
    pub(super) length: u8,
    /// How many bits stand behind it, which say more than the symbol.
    pub(super) extra: u8,
}

/// Gives each symbol that occurs a code of at most `longest` bits. There are always two codes: decoders
/// need not take one that is alone.
pub(super) fn assign(counts: &[u16], longest: usize, codes: &mut [Code]) {
    let mut symbols = [0; SYMBOLS];
    let used = collect(counts, &mut symbols);
    let symbols = &symbols[..used];
    // Those that occur least first, the symbol in the lower bits.
    let mut ranks = [0u32; SYMBOLS];
    let ranks = &mut ranks[..used];
    for (rank, &symbol) in ranks.iter_mut().zip(symbols) {
        *rank = u32::from(counts[usize::from(symbol)]) << 16 | u32::from(symbol);
    }
    ranks.sort_unstable();
    let mut weights = [0u16; SYMBOLS];
    for (weight, rank) in weights.iter_mut().zip(&*ranks) {
        *weight = (rank >> 16) as u16;
    }
    let lengths = lengths(&mut weights[..used], longest);
    let mut ranks = ranks.iter();
    for length in (1..=longest).rev() {
        for &rank in ranks.by_ref().take(usize::from(lengths[length])) {
            codes[usize::from(rank as u16)].length = length as u8;
        }
    }
    // Codes of a length are consecutive, in the order of the symbols.
    let mut next = [0u16; LONGEST + 1];
    for length in 1..LONGEST {
        next[length + 1] = (next[length] + lengths[length]) << 1;
    }
    for &symbol in symbols {
        let code = &mut codes[usize::from(symbol)];
        let next = &mut next[usize::from(code.length)];
        code.bits = next.reverse_bits() >> (16 - u32::from(code.length));
        *next += 1;
    }
}

/// The symbols that occur, and at least two. Most do not, and stand together.
fn collect(counts: &[u16], symbols: &mut [u16; SYMBOLS]) -> usize {
    let mut used = 0;
    for (chunk, counts) in counts.chunks(8).enumerate() {
        if counts.iter().any(|&count| count > 0) {
            for (at, &count) in counts.iter().enumerate() {
                symbols[used] = (8 * chunk + at) as u16;
                used += usize::from(count > 0);
            }
        }
    }
    match used {
        0 => symbols[1] = 1,
        1 if symbols[0] == 0 => symbols[1] = 1,
        1 => (symbols[0], symbols[1]) = (0, symbols[0]),
        _ => return used,
    }
    2
}

/// How many codes have each length, for ascending weights.
///
/// The tree is built in place, as Moffat and Katajainen do it: inner nodes take the room of leaves that have
/// a parent, and hold the index of theirs. Then it is walked from the root: an inner node turns a leaf of its
/// depth into two of the next; where that would be too deep, a leaf higher up is turned instead.
fn lengths(weights: &mut [u16], longest: usize) -> [u16; LONGEST + 1] {
    let nodes = weights.len() - 1;
    let (mut leaf, mut inner) = (0, 0);
    for node in 0..nodes {
        let mut sum = 0;
        for _ in 0..2 {
            if leaf <= nodes && (inner == node || weights[leaf] <= weights[inner]) {
                sum += weights[leaf];
                leaf += 1;
            } else {
                sum += weights[inner];
                weights[inner] = node as u16;
                inner += 1;
            }
        }
        weights[node] = sum;
    }
    let mut lengths = [0; LONGEST + 1];
    lengths[1] = 2;
    weights[nodes - 1] = 0;
    for node in (0..nodes - 1).rev() {
        let depth = weights[usize::from(weights[node])] + 1;
        weights[node] = depth;
        let mut length = usize::from(depth).min(longest - 1);
        while lengths[length] == 0 {
            length -= 1;
        }
        lengths[length] -= 1;
        lengths[length + 1] += 2;
    }
    lengths
}
