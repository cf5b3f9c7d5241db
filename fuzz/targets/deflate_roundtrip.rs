//! Compressed messages from one end to the other, with every parameter and engine.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::deflate_roundtrip::check(bytes));
