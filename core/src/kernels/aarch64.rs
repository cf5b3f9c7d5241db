//! The kernels in NEON, which every aarch64 with floating point has.

use core::arch::aarch64::{
    uint8x16_t, vdupq_n_u32, veorq_u8, vmaxvq_u8, vorrq_u8, vreinterpretq_u8_u32,
};
use core::mem::{MaybeUninit, transmute};

use super::Mask;
use super::generic::Vector;

/// This module is compiled only where the target has NEON: that makes each intrinsic safe to call.
#[derive(Clone, Copy)]
pub(super) struct Neon(uint8x16_t);

impl Vector<16> for Neon {
    #[inline(always)]
    fn pattern(mask: Mask) -> Self {
        // SAFETY: the target has NEON.
        let lanes = unsafe { vdupq_n_u32(mask.0) };
        // SAFETY: the target has NEON.
        Self(unsafe { vreinterpretq_u8_u32(lanes) })
    }

    #[inline(always)]
    fn load(block: &[u8; 16]) -> Self {
        // SAFETY: both types have 16 bytes, and any bytes are a valid `uint8x16_t`.
        Self(unsafe { transmute::<[u8; 16], uint8x16_t>(*block) })
    }

    #[inline(always)]
    fn bytes(self) -> [u8; 16] {
        // SAFETY: both types have 16 bytes, all of them initialised.
        unsafe { transmute::<uint8x16_t, [u8; 16]>(self.0) }
    }

    #[inline(always)]
    fn slots(self) -> [MaybeUninit<u8>; 16] {
        // SAFETY: both types have 16 bytes, and slots may hold any.
        unsafe { transmute::<uint8x16_t, [MaybeUninit<u8>; 16]>(self.0) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: the target has NEON.
        Self(unsafe { veorq_u8(self.0, other.0) })
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        // SAFETY: the target has NEON.
        Self(unsafe { vorrq_u8(self.0, other.0) })
    }

    #[inline(always)]
    fn is_ascii(self) -> bool {
        // SAFETY: the target has NEON.
        unsafe { vmaxvq_u8(self.0) < 0x80 }
    }
}
