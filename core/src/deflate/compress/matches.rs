//! Where text occurred before.
//!
//! Owns the text within reach, and chains of the places at which the same four bytes stand. Knows nothing
//! of how a match is written. RFC 1951 section 4.
//!
//! Places are counted from the first byte that the compressor ever saw, so nothing is rewritten when text
//! moves, and forgetting all of it is one addition: what is further away than the window is not looked at.

use alloc::boxed::Box;
use alloc::vec;

/// The shortest match that is looked for, and the bytes that a chain is about.
pub(super) const SHORTEST: usize = 4;

/// From further away, the shortest match takes more bits than its bytes. Measured on JSON at 15 bits: with
/// such matches, a text comes out 2 % longer.
const FAR: usize = 4 << 10;

/// The longest match of DEFLATE.
const LONGEST: usize = 258;

/// Room for new text behind the window: text moves when it is used up.
const ROOM: usize = 16 << 10;

/// The same bytes, `distance` before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    pub(super) length: usize,
    pub(super) distance: usize,
}

/// How hard to look for a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Search {
    /// At how many places.
    pub(super) depth: u16,
    /// A match of this length is long enough.
    pub(super) nice: u16,
}

pub(super) struct Matches {
    text: Box<[u8]>,
    /// The end of the text.
    end: usize,
    /// The place of `text[0]`.
    origin: u32,
    /// Up to here, chains know the text.
    chained: usize,
    chains: Chains,
    /// 2^w.
    window: usize,
}

/// The places of the same four bytes, or of some that have the same hash.
struct Chains {
    /// The last place of each hash.
    heads: Box<[u32]>,
    /// How far before a place the one before it in its chain is. A ring as long as the window.
    links: Box<[u16]>,
    /// 32 less the bits of a hash.
    unhashed: u32,
}

impl Chains {
    fn new(window_bits: u8) -> Self {
        Self {
            heads: vec![0; 1 << window_bits].into(),
            links: vec![0; 1 << window_bits].into(),
            unhashed: 32 - u32::from(window_bits),
        }
    }

    /// Enters a place, and returns how far away the one before it is.
    #[inline(always)]
    fn enter(&mut self, place: u32, word: u32) -> u32 {
        // The upper bits are those that depend on all bytes.
        let hash = (word.wrapping_mul(0x9e37_79b1) >> self.unhashed) as usize;
        let (hashes, ring) = (self.heads.len() - 1, self.links.len() - 1);
        let head = &mut self.heads[hash & hashes];
        let distance = place - *head;
        *head = place;
        self.links[place as usize & ring] = distance.min(0xffff) as u16;
        distance
    }

    /// How far before an entered place the one before it is.
    #[inline(always)]
    fn before(&self, place: u32) -> usize {
        let ring = self.links.len() - 1;
        usize::from(self.links[place as usize & ring])
    }

    fn heap_bytes(&self) -> usize {
        size_of_val(&*self.heads) + size_of_val(&*self.links)
    }
}

impl Matches {
    pub(super) fn new(window_bits: u8) -> Self {
        let window = 1 << window_bits;
        Self {
            text: vec![0; window + ROOM].into(),
            end: 0,
            // A head that was never written is out of reach.
            origin: window as u32 + 1,
            chained: 0,
            chains: Chains::new(window_bits),
            window,
        }
    }

    /// The text, up to the newest byte.
    pub(super) fn text(&self) -> &[u8] {
        &self.text[..self.end]
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.text.len() + self.chains.heap_bytes()
    }

    pub(super) fn window(&self) -> usize {
        self.window
    }

    /// Makes all text unreachable.
    pub(super) fn forget(&mut self) {
        self.leave(self.end);
        self.end = 0;
        self.chained = 0;
        self.pass(self.window);
    }

    /// Adds as much of `new` as there is room for, at most [`ROOM`], and returns how much.
    pub(super) fn append(&mut self, new: &[u8]) -> usize {
        if new.len() > self.text.len() - self.end {
            let surplus = self.end.saturating_sub(self.window);
            self.text.copy_within(surplus..self.end, 0);
            self.end -= surplus;
            self.leave(surplus);
        }
        let taken = new.len().min(self.text.len() - self.end).min(ROOM);
        self.text[self.end..][..taken].copy_from_slice(&new[..taken]);
        self.end += taken;
        taken
    }

    /// The first `count` bytes of text are gone.
    fn leave(&mut self, count: usize) {
        self.chained = self.chained.saturating_sub(count);
        self.pass(count);
    }

    /// Moves the origin. At the end of all places, counting starts again with empty chains.
    fn pass(&mut self, count: usize) {
        let (end, count) = (self.text.len() as u32, count as u32);
        self.origin = match self.origin.checked_add(count) {
            Some(origin) if origin.checked_add(end).is_some() => origin,
            _ => {
                self.chains.heads.fill(0);
                self.chained = 0;
                self.window as u32 + 1
            }
        };
    }

    /// As if so much text had been there before.
    #[cfg(test)]
    pub(super) fn pass_to(&mut self, place: u32) {
        self.origin = place;
    }

    /// Brings the text before `at` into the chains, as far as four bytes are there: each place, or one of
    /// `stride`.
    #[inline(always)]
    pub(super) fn chain_until(&mut self, at: usize, stride: usize) {
        let end = at.min((self.end + 1).saturating_sub(SHORTEST));
        if self.chained >= end {
            return;
        }
        let words = self.text[self.chained..end + SHORTEST - 1].windows(SHORTEST);
        let mut place = self.origin + self.chained as u32;
        for word in words.step_by(stride) {
            self.chains.enter(place, u32::from_le_bytes(word.try_into().expect("four bytes")));
            place += stride as u32;
        }
        self.chained = end;
    }

    /// The longest match for the text at `at`, whose chains are known up to there, if one is longer than
    /// `than`; `at` itself enters its chain.
    #[inline(always)]
    pub(super) fn find(&mut self, at: usize, than: usize, search: Search) -> Option<Match> {
        debug_assert!(at == self.chained && at + SHORTEST <= self.end && than + 1 >= SHORTEST);
        let distance = self.chains.enter(self.origin + at as u32, word(&self.text, at));
        self.chained = at + 1;
        self.longest(at, distance as usize, than, search)
    }

    #[inline(always)]
    fn longest(
        &self,
        at: usize,
        mut distance: usize,
        than: usize,
        search: Search,
    ) -> Option<Match> {
        let text = &self.text[..self.end];
        let most = (text.len() - at).min(LONGEST);
        if than >= most {
            return None;
        }
        let here = &text[at..][..most];
        let mut best = Match { length: than, distance: 0 };
        // A longer match has these bytes too, which most candidates have not.
        let mut last_bytes = word(here, than + 1 - SHORTEST);
        for _ in 0..search.depth {
            //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
            //# An endpoint MUST NOT use an LZ77 sliding window longer than 32,768 bytes to compress messages to send.
            //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
            //# If the "agreed parameters" contain the "client_max_window_bits" extension parameter with a value of w, the client MUST NOT use an LZ77 sliding window longer than the w-th power of 2 bytes to compress messages to send.
            //= https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
            //# If the "agreed parameters" contain the "server_max_window_bits" extension parameter with a value of w, the server MUST NOT use an LZ77 sliding window longer than the w-th power of 2 bytes to compress messages to send.
            if distance > self.window {
                break;
            }
            let from = at - distance;
            if word(text, from + best.length + 1 - SHORTEST) == last_bytes {
                let length = common(here, &text[from..]);
                if length > best.length {
                    best = Match { length, distance };
                    if length >= usize::from(search.nice) || length == most {
                        break;
                    }
                    last_bytes = word(here, length + 1 - SHORTEST);
                }
            }
            distance += self.chains.before(self.origin + from as u32);
        }
        let pays = best.length > SHORTEST || best.distance <= FAR;
        (best.distance > 0 && pays).then_some(best)
    }
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> u32 {
    let bytes: [u8; SHORTEST] = text[at..at + SHORTEST].try_into().expect("four bytes");
    u32::from_le_bytes(bytes)
}

/// How many bytes both start with.
#[inline(always)]
fn common(left: &[u8], right: &[u8]) -> usize {
    let mut length = 0;
    for (left, right) in left.chunks_exact(8).zip(right.chunks_exact(8)) {
        let left = u64::from_le_bytes(left.try_into().expect("eight bytes"));
        let right = u64::from_le_bytes(right.try_into().expect("eight bytes"));
        let difference = left ^ right;
        if difference != 0 {
            return length + difference.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let rest = left[length..].iter().zip(&right[length..]);
    length + rest.take_while(|(left, right)| left == right).count()
}
