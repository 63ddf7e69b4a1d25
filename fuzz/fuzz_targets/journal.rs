#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sindri::fuzz::journal(bytes));
