//! The server's handshake at arbitrary cuts, and what it answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::handshake_server::check(bytes));
