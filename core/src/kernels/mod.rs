//! Masking and UTF-8 checks at the speed of memory.
use alloc::vec::Vec;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mask([u8; 4]);
impl Mask {
    pub(crate) const NONE: Self = Self([0; 4]);
    pub(crate) const fn new(key: [u8; 4]) -> Self {
        Self(key)
    }
    pub(crate) fn advance(self, by: usize) -> Self {
        let mut key = self.0;
        key.rotate_left(by & 3);
        Self(key)
    }
}
pub(crate) fn apply_mask(data: &mut [u8], mask: Mask) {
    for (i, b) in data.iter_mut().enumerate() {
        *b ^= mask.0[i & 3];
    }
}
pub(crate) fn append_masked(target: &mut Vec<u8>, source: &[u8], mask: Mask) {
    let at = target.len();
    target.extend_from_slice(source);
    apply_mask(&mut target[at..], mask);
}
pub(crate) fn unmask_text(data: &mut [u8], mask: Mask) -> Result<&str, &str> {
    apply_mask(data, mask);
    match core::str::from_utf8(data) {
        Ok(text) => Ok(text),
        Err(error) => Err(core::str::from_utf8(&data[..error.valid_up_to()]).unwrap_or("")),
    }
}
