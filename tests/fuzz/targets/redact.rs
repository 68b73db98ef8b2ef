#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| anyany_fuzz::redact(octets));
