//! Hostile compressed messages: both engines agree, and memory stays bounded.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::inflate_hostile::check(bytes));
