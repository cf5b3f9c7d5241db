//! The client's handshake at arbitrary cuts, and what it sends.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::handshake_client::check(bytes));
