//! Any bytes in any chunks, into the capture reader.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| snapstack_fuzz::capture_reader::run(data));
