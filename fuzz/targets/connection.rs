//! A connection under any sequence of bytes, commands and time.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::connection::check(bytes));
