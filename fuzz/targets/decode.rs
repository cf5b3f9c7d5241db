//! Frames at arbitrary cuts: the split never matters.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::decode::check(bytes));
