//! Any frames at any times, into the stack over both schemes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    snapstack_fuzz::frame_input::run(data);
});
