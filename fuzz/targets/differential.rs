//! The same frames to other implementations: they agree, or a rule says why not.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| polywire_fuzz::differential::check(bytes));
