//! Masking and checks of text at the speed of memory. RFC 6455 sections 5.3 and 8.1.
//!
//! Owns the choice of the code that runs: short payloads take inlined code, as a call would cost as
//! much as the work; longer ones take the widest vectors this CPU has. Knows nothing of frames.
//!
//! This is the only place of the crate with unsafe code, behind a safe façade. It is unsafe in
//! three ways: calling code compiled for a CPU that was detected (`x86_64`), counting bytes just
//! written as part of a `Vec`, and taking bytes just checked for a `str`.
#![allow(unsafe_code)]

use alloc::string::String;
use alloc::vec::Vec;
use core::mem::MaybeUninit;
use core::str;

mod generic;

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm32;
#[cfg(target_arch = "x86_64")]
mod x86_64;

/// The vector that every CPU of the target has.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
type Native = aarch64::Neon;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
type Native = wasm32::Simd128;
#[cfg(target_arch = "x86_64")]
type Native = x86_64::Sse2;
#[cfg(not(any(
    all(target_arch = "aarch64", target_feature = "neon"),
    all(target_arch = "wasm32", target_feature = "simd128"),
    target_arch = "x86_64",
)))]
type Native = u64;

const NATIVE: usize = size_of::<Native>();

/// Up to this length the inlined code is at least as fast as the call of a wider one.
const SHORT: usize = 128;

/// Up to this length a copy without a call is faster.
const SHORT_COPY: usize = 64;

/// A masking key at a position of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mask(
    /// The key bytes that meet the next four bytes of payload, in memory order.
    u32,
);

impl Mask {
    /// The mask that changes nothing, for payloads that are not masked.
    pub(crate) const NONE: Self = Self(0);

    /// The mask for the start of a payload.
    pub(crate) const fn new(key: [u8; 4]) -> Self {
        Self(u32::from_ne_bytes(key))
    }

    /// The four bytes that meet the next four of the payload.
    pub(crate) const fn key(self) -> [u8; 4] {
        self.0.to_ne_bytes()
    }

    /// The mask as it applies `by` bytes further into the payload.
    #[inline]
    pub(crate) const fn advance(self, by: usize) -> Self {
        let bits = by as u32 % 4 * 8;
        if cfg!(target_endian = "little") {
            Self(self.0.rotate_right(bits))
        } else {
            Self(self.0.rotate_left(bits))
        }
    }
}

/// XORs `data` with the mask in place.
#[inline]
pub(crate) fn apply_mask(data: &mut [u8], mask: Mask) {
    if data.len() <= SHORT {
        generic::mask_short::<Native, NATIVE>(data, mask);
    } else {
        mask_long(data, mask);
    }
}

/// Appends `source` to `target`: inlined where it is short, since the call of `memcpy` costs as much as
/// the copy.
#[inline(always)]
pub(crate) fn append(target: &mut Vec<u8>, source: &[u8]) {
    if source.len() <= SHORT_COPY {
        append_masked(target, source, Mask::NONE);
    } else {
        target.extend_from_slice(source);
    }
}

/// Appends `source` to `target`, masked, in one pass and without zeroing.
#[inline(always)]
pub(crate) fn append_masked(target: &mut Vec<u8>, source: &[u8], mask: Mask) {
    append_with(target, source.len(), |space| {
        if source.len() <= SHORT {
            generic::copy::<Native, NATIVE>(space, source, mask);
        } else {
            copy_long(space, source, mask);
        }
    });
}

/// Appends `source` to `target`, unmasked, and checks it, in one pass while it is ASCII. Returns whether
/// it is UTF-8; if it is not, only the text before the first character that is none is appended.
#[inline]
pub(crate) fn append_text(target: &mut String, source: &[u8], mask: Mask) -> bool {
    let had = target.len();
    // SAFETY: what is appended is cut off below where it ceases to be UTF-8, and nothing between the
    // two panics; the text before it stays as it is.
    let bytes = unsafe { target.as_mut_vec() };
    let ascii = append_with(bytes, source.len(), |space| {
        if source.len() <= SHORT {
            generic::copy::<Native, NATIVE>(space, source, mask)
        } else {
            copy_ascii_long(space, source, mask)
        }
    });
    let checked = check_from(bytes.get(had..).unwrap_or_default(), ascii);
    let end = had + checked.map_or_else(str::len, str::len);
    let valid = checked.is_ok();
    bytes.truncate(end);
    valid
}

/// Appends `added` bytes that `write` writes, all of them.
#[inline(always)]
fn append_with<R>(
    target: &mut Vec<u8>,
    added: usize,
    write: impl FnOnce(&mut [MaybeUninit<u8>]) -> R,
) -> R {
    target.reserve(added);
    let result = write(&mut target.spare_capacity_mut()[..added]);
    // SAFETY: both ways of copying that are passed as `write` write every byte of the space they are
    // given, which are the `added` bytes of the allocation that follow the length; so the new length is
    // within the capacity and every byte below it is initialised.
    unsafe { target.set_len(target.len() + added) }
    result
}

/// Unmasks `data` in place and checks that the outcome is UTF-8, in one pass while it is ASCII.
///
/// The error is the text before the first character that is not UTF-8. All of `data` is unmasked also
/// then.
#[inline]
pub(crate) fn unmask_text(data: &mut [u8], mask: Mask) -> Result<&str, &str> {
    let ascii = if data.len() > SHORT {
        mask_ascii_long(data, mask)
    } else if generic::mask_short::<Native, NATIVE>(data, mask) {
        data.len()
    } else {
        0
    };
    check_from(data, ascii)
}

/// Checks text of which the first `ascii` bytes are known to be ASCII.
#[inline]
fn check_from(data: &[u8], ascii: usize) -> Result<&str, &str> {
    if ascii != data.len() {
        return check_unicode(data, ascii);
    }
    // SAFETY: all bytes are ASCII, which is UTF-8.
    Ok(unsafe { str::from_utf8_unchecked(data) })
}

/// [`check_from`] where there is more than ASCII: apart, to keep the code that is inlined small.
#[inline(never)]
fn check_unicode(data: &[u8], ascii: usize) -> Result<&str, &str> {
    if simdutf8::basic::from_utf8(&data[ascii..]).is_err() {
        return Err(valid_prefix(data));
    }
    // SAFETY: the bytes before `ascii` are ASCII, hence whole characters, and those from there on
    // were just found to be UTF-8; the two together are UTF-8.
    Ok(unsafe { str::from_utf8_unchecked(data) })
}

/// The text before the first character that is not UTF-8.
#[cold]
fn valid_prefix(data: &[u8]) -> &str {
    data.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

#[inline(never)]
fn mask_long(data: &mut [u8], mask: Mask) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = x86_64::Avx2::detect() {
        return avx2.mask(data, mask);
    }
    generic::mask::<Native, NATIVE>(data, mask);
}

#[inline(never)]
fn mask_ascii_long(data: &mut [u8], mask: Mask) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = x86_64::Avx2::detect() {
        return avx2.mask_ascii(data, mask);
    }
    generic::mask::<Native, NATIVE>(data, mask)
}

#[inline(never)]
fn copy_ascii_long(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) -> usize {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = x86_64::Avx2::detect() {
        return avx2.copy_ascii(target, source, mask);
    }
    generic::copy::<Native, NATIVE>(target, source, mask)
}

#[inline(never)]
fn copy_long(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
    #[cfg(target_arch = "x86_64")]
    if let Some(avx2) = x86_64::Avx2::detect() {
        return avx2.copy(target, source, mask);
    }
    generic::copy::<Native, NATIVE>(target, source, mask);
}

#[cfg(test)]
mod tests;
