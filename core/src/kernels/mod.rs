//! Masking and UTF-8 checks at the speed of memory.
#![allow(unsafe_code)]
use alloc::vec::Vec;
use core::mem::MaybeUninit;
use core::str;

pub(crate) mod generic;
#[cfg(target_arch = "x86_64")]
mod x86_64;

/// A masking key at a position of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mask(u32);

impl Mask {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const fn new(key: [u8; 4]) -> Self {
        Self(u32::from_ne_bytes(key))
    }
    pub(crate) const fn key(self) -> [u8; 4] {
        self.0.to_ne_bytes()
    }
    #[inline]
    pub(crate) const fn advance(self, by: usize) -> Self {
        let bits = (by % 4) as u32 * 8;
        #[cfg(target_endian = "little")]
        return Self(self.0.rotate_right(bits));
        #[cfg(target_endian = "big")]
        return Self(self.0.rotate_left(bits));
    }
}

const SMALL: usize = 128;

#[inline]
pub(crate) fn apply_mask(data: &mut [u8], mask: Mask) {
    if data.len() <= SMALL {
        generic::mask_small(data, mask);
    } else {
        mask_large(data, mask);
    }
}

#[inline(never)]
fn mask_large(data: &mut [u8], mask: Mask) {
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    if std::is_x86_feature_detected!("avx2") {
        return unsafe { x86_64::mask(data, mask) };
    }
    generic::mask_large(data, mask);
}

#[inline]
pub(crate) fn append_masked(target: &mut Vec<u8>, source: &[u8], mask: Mask) {
    target.reserve(source.len());
    let space = &mut target.spare_capacity_mut()[..source.len()];
    if source.len() <= SMALL {
        generic::copy(space, source, mask);
    } else {
        copy_large(space, source, mask);
    }
    unsafe { target.set_len(target.len() + source.len()) }
}

#[inline(never)]
fn copy_large(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    if std::is_x86_feature_detected!("avx2") {
        return unsafe { x86_64::copy(target, source, mask) };
    }
    generic::copy(target, source, mask);
}

#[inline]
pub(crate) fn unmask_text(data: &mut [u8], mask: Mask) -> Result<&str, usize> {
    let ascii = if data.len() <= SMALL {
        if generic::mask_small(data, mask) { data.len() } else { 0 }
    } else {
        unmask_large(data, mask)
    };
    if ascii == data.len() {
        return Ok(unsafe { str::from_utf8_unchecked(data) });
    }
    check_from(data, ascii)
}

#[inline(never)]
fn unmask_large(data: &mut [u8], mask: Mask) -> usize {
    #[cfg(all(target_arch = "x86_64", feature = "std"))]
    if std::is_x86_feature_detected!("avx2") {
        return unsafe { x86_64::unmask_ascii(data, mask) };
    }
    generic::mask_large(data, mask)
}

/// Checks that `data` is UTF-8.
///
/// The error is the index of the byte that makes it invalid, as in [`unmask_text`].
#[inline]
pub(crate) fn check_text(data: &[u8]) -> Result<&str, usize> {
    check_from(data, 0)
}

/// Checks text whose first `ascii` bytes are known to be ASCII.
fn check_from(data: &[u8], ascii: usize) -> Result<&str, usize> {
    match simdutf8::basic::from_utf8(&data[ascii..]) {
        // SAFETY: the bytes before `ascii` are ASCII and so complete characters; those from there
        // on were just found to be UTF-8.
        Ok(_) => Ok(unsafe { str::from_utf8_unchecked(data) }),
        Err(_) => Err(ascii + offender(&data[ascii..])),
    }
}

/// The index of the byte at which invalid text becomes invalid: its length when only the rest of a
/// character is missing.
#[cold]
fn offender(data: &[u8]) -> usize {
    let Err(error) = str::from_utf8(data) else { return data.len() };
    let start = error.valid_up_to();
    match (error.error_len(), data.get(start)) {
        (None, _) => data.len(),
        (Some(len), Some(0xc2..=0xf4)) => start + len,
        _ => start,
    }
}

#[cfg(test)]
mod tests;
