//! The kernels compiled for AVX2.
//!
//! Owns the proof that the CPU can run them. The algorithm is that of [`generic`], inlined here
//! into functions for which the compiler may use the 32-byte registers.

use core::mem::MaybeUninit;

use super::{Mask, generic};

/// The proof that this CPU has AVX2: there is no other way to a value than [`Avx2::detect`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The standard library asks the CPU once and keeps the answer; this is a load and a test.
    #[inline]
    pub(super) fn detect() -> Option<Self> {
        std::is_x86_feature_detected!("avx2").then_some(Self(()))
    }

    pub(super) fn mask(self, data: &mut [u8], mask: Mask) {
        #[target_feature(enable = "avx2")]
        fn run(data: &mut [u8], mask: Mask) {
            generic::mask(data, mask);
        }
        // SAFETY: `self` proves that the CPU has AVX2, the only thing `run` asks for.
        unsafe { run(data, mask) }
    }

    /// Like [`Self::mask`], and tells the length of a prefix that is ASCII now.
    pub(super) fn mask_ascii(self, data: &mut [u8], mask: Mask) -> usize {
        #[target_feature(enable = "avx2")]
        fn run(data: &mut [u8], mask: Mask) -> usize {
            generic::mask(data, mask)
        }
        // SAFETY: `self` proves that the CPU has AVX2, the only thing `run` asks for.
        unsafe { run(data, mask) }
    }

    pub(super) fn copy(self, target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
        #[target_feature(enable = "avx2")]
        fn run(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
            generic::copy(target, source, mask);
        }
        // SAFETY: `self` proves that the CPU has AVX2, the only thing `run` asks for.
        unsafe { run(target, source, mask) }
    }

    pub(super) fn ascii(self, data: &[u8]) -> usize {
        #[target_feature(enable = "avx2")]
        fn run(data: &[u8]) -> usize {
            generic::ascii(data)
        }
        // SAFETY: `self` proves that the CPU has AVX2, the only thing `run` asks for.
        unsafe { run(data) }
    }
}
