//! Every kernel against the obvious loop.

extern crate std;
use std::vec;
use std::vec::Vec;

use super::*;

const KEY: [u8; 4] = [0x12, 0xa4, 0x5b, 0xf0];

fn bytes(len: usize) -> Vec<u8> {
    (0..len as u32).map(|i| (i.wrapping_mul(0x9e37_79b1) >> 24) as u8).collect()
}

fn reference(data: &[u8], mask: Mask) -> Vec<u8> {
    data.iter().zip(mask.key().iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

#[test]
fn apply() {
    let mask = Mask::new(KEY);
    for len in 0..400 {
        let data = bytes(len);
        for phase in 0..4 {
            let mask = mask.advance(phase);
            let mut got = vec![0; 64];
            got.extend_from_slice(&data);
            apply_mask(&mut got[64..], mask);
            assert_eq!(got[64..], reference(&data, mask));
            let mut got = vec![1, 2, 3];
            append_masked(&mut got, &data, mask);
            assert_eq!(got[3..], reference(&data, mask));
        }
    }
}
