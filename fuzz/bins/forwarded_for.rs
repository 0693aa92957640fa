#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| couplet_fuzz::forwarded_for::run(data));
