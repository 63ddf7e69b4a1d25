#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| sindri::fuzz::reply_v2(bytes));
