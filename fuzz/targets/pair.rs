//! A client and a server of ours, back to back: everything sent arrives in order.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::pair::check(bytes));
