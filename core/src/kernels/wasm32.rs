//! The kernels in the 128-bit vectors of WebAssembly.

use core::arch::wasm32::{i8x16_bitmask, u32x4_splat, v128, v128_or, v128_xor};
use core::mem::{MaybeUninit, transmute};

use super::Mask;
use super::generic::Vector;

/// The engine checks a module before it runs: where this was compiled in, it has `simd128`.
#[derive(Clone, Copy)]
pub(super) struct Simd128(v128);

impl Vector<16> for Simd128 {
    #[inline(always)]
    fn pattern(mask: Mask) -> Self {
        Self(u32x4_splat(mask.0))
    }

    #[inline(always)]
    fn load(block: &[u8; 16]) -> Self {
        // SAFETY: both types have 16 bytes, and any bytes are a valid `v128`.
        Self(unsafe { transmute::<[u8; 16], v128>(*block) })
    }

    #[inline(always)]
    fn bytes(self) -> [u8; 16] {
        // SAFETY: both types have 16 bytes, all of them initialised.
        unsafe { transmute::<v128, [u8; 16]>(self.0) }
    }

    #[inline(always)]
    fn slots(self) -> [MaybeUninit<u8>; 16] {
        // SAFETY: both types have 16 bytes, and slots may hold any.
        unsafe { transmute::<v128, [MaybeUninit<u8>; 16]>(self.0) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(v128_xor(self.0, other.0))
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        Self(v128_or(self.0, other.0))
    }

    #[inline(always)]
    fn is_ascii(self) -> bool {
        i8x16_bitmask(self.0) == 0
    }
}
