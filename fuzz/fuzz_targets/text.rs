#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| echolab_fuzz::text(data));
