//! The kernels in SSE2, which every x86-64 has, and in AVX2, which is looked for.
//!
//! Owns the two vector types and the proof that the CPU has the wider one. There are no pointers
//! here: a vector is loaded by copying a block of bytes into it, which compiles to one instruction.

use core::arch::x86_64::{
    __m128i, __m256i, _MM_HINT_ET0, _mm_movemask_epi8, _mm_or_si128, _mm_prefetch, _mm_set1_epi32,
    _mm_xor_si128, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi32, _mm256_xor_si256,
};
use core::mem::{MaybeUninit, transmute};

use super::Mask;
use super::generic::{self, Vector};

#[derive(Clone, Copy)]
pub(super) struct Sse2(__m128i);

impl Vector<16> for Sse2 {
    #[inline(always)]
    fn pattern(mask: Mask) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        Self(unsafe { _mm_set1_epi32(mask.0.cast_signed()) })
    }

    #[inline(always)]
    fn load(block: &[u8; 16]) -> Self {
        // SAFETY: both types have 16 bytes, and any bytes are a valid `__m128i`.
        Self(unsafe { transmute::<[u8; 16], __m128i>(*block) })
    }

    #[inline(always)]
    fn bytes(self) -> [u8; 16] {
        // SAFETY: both types have 16 bytes, all of them initialised.
        unsafe { transmute::<__m128i, [u8; 16]>(self.0) }
    }

    #[inline(always)]
    fn slots(self) -> [MaybeUninit<u8>; 16] {
        // SAFETY: both types have 16 bytes, and slots may hold any.
        unsafe { transmute::<__m128i, [MaybeUninit<u8>; 16]>(self.0) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        Self(unsafe { _mm_xor_si128(self.0, other.0) })
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: SSE2 is part of x86-64.
        Self(unsafe { _mm_or_si128(self.0, other.0) })
    }

    #[inline(always)]
    fn is_ascii(self) -> bool {
        // SAFETY: SSE2 is part of x86-64.
        unsafe { _mm_movemask_epi8(self.0) == 0 }
    }
}

/// The proof that this CPU has AVX2: the only way to a value is [`Avx2::detect`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Avx2(());

impl Avx2 {
    /// Asks the standard library, which asks the CPU once: a load and a test. Without it, the target
    /// that the crate is built for decides.
    #[inline(always)]
    pub(super) fn detect() -> Option<Self> {
        #[cfg(feature = "std")]
        let present = std::is_x86_feature_detected!("avx2");
        #[cfg(not(feature = "std"))]
        let present = cfg!(target_feature = "avx2");
        present.then_some(Self(()))
    }

    #[inline(always)]
    pub(super) fn mask(self, data: &mut [u8], mask: Mask) {
        #[target_feature(enable = "avx2")]
        fn run(data: &mut [u8], mask: Mask) {
            generic::mask::<Wide, 32>(data, mask);
        }
        // SAFETY: `self` proves that the CPU has what `run` is compiled for.
        unsafe { run(data, mask) }
    }

    #[inline(always)]
    pub(super) fn mask_ascii(self, data: &mut [u8], mask: Mask) -> usize {
        #[target_feature(enable = "avx2")]
        fn run(data: &mut [u8], mask: Mask) -> usize {
            generic::mask::<Wide, 32>(data, mask)
        }
        // SAFETY: `self` proves that the CPU has what `run` is compiled for.
        unsafe { run(data, mask) }
    }

    #[inline(always)]
    pub(super) fn copy(self, target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
        #[target_feature(enable = "avx2")]
        fn run(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
            generic::copy::<Wide, 32>(target, source, mask);
        }
        // SAFETY: `self` proves that the CPU has what `run` is compiled for.
        unsafe { run(target, source, mask) }
    }

    #[inline(always)]
    pub(super) fn copy_ascii(
        self,
        target: &mut [MaybeUninit<u8>],
        source: &[u8],
        mask: Mask,
    ) -> usize {
        #[target_feature(enable = "avx2")]
        fn run(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) -> usize {
            generic::copy::<Wide, 32>(target, source, mask)
        }
        // SAFETY: `self` proves that the CPU has what `run` is compiled for.
        unsafe { run(target, source, mask) }
    }
}

/// A vector of AVX2. Private, and named only in the functions above that [`Avx2`] guards: so the
/// CPU has AVX2 wherever one of its methods runs.
#[derive(Clone, Copy)]
struct Wide(__m256i);

impl Vector<32> for Wide {
    #[inline(always)]
    fn pattern(mask: Mask) -> Self {
        // SAFETY: the CPU has AVX2, see `Wide`.
        Self(unsafe { _mm256_set1_epi32(mask.0.cast_signed()) })
    }

    #[inline(always)]
    fn load(block: &[u8; 32]) -> Self {
        // SAFETY: both types have 32 bytes, and any bytes are a valid `__m256i`.
        Self(unsafe { transmute::<[u8; 32], __m256i>(*block) })
    }

    #[inline(always)]
    fn bytes(self) -> [u8; 32] {
        // SAFETY: both types have 32 bytes, all of them initialised.
        unsafe { transmute::<__m256i, [u8; 32]>(self.0) }
    }

    #[inline(always)]
    fn slots(self) -> [MaybeUninit<u8>; 32] {
        // SAFETY: both types have 32 bytes, and slots may hold any.
        unsafe { transmute::<__m256i, [MaybeUninit<u8>; 32]>(self.0) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: the CPU has AVX2, see `Wide`.
        Self(unsafe { _mm256_xor_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: the CPU has AVX2, see `Wide`.
        Self(unsafe { _mm256_or_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn is_ascii(self) -> bool {
        // SAFETY: the CPU has AVX2, see `Wide`.
        unsafe { _mm256_movemask_epi8(self.0) == 0 }
    }

    #[inline(always)]
    fn fetch_for_write(address: *const u8) {
        // SAFETY: a prefetch is a hint, which reads nothing and faults at no address.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(address.cast()) }
    }
}
