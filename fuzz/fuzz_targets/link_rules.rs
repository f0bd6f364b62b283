#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| echolab_fuzz::link_rules(data));
