//! AVX2.
use super::{Mask, generic};
use core::mem::MaybeUninit;

#[target_feature(enable = "avx2")]
pub(super) fn mask(data: &mut [u8], mask: Mask) {
    generic::mask_large(data, mask);
}
#[target_feature(enable = "avx2")]
pub(super) fn unmask_ascii(data: &mut [u8], mask: Mask) -> usize {
    generic::mask_large(data, mask)
}
#[target_feature(enable = "avx2")]
pub(super) fn copy(target: &mut [MaybeUninit<u8>], source: &[u8], mask: Mask) {
    generic::copy(target, source, mask)
}
