//! Offers and answers of permessage-deflate, in both roles.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::extensions::check(bytes));
