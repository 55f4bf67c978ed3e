//! The benchmarks in wasm, in a dedicated worker of a real browser: the bodies and the output are those of the
//! native program. `cargo xtask bench --wasm` runs them.
//!
//! `SNAPSTACK_BENCH`, read when this is compiled, chooses the cases whose names contain one of its words.

#![cfg(target_family = "wasm")]

mod cases;

use wasm_bindgen::JsCast as _;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
fn every_case() {
    let scope: web_sys::WorkerGlobalScope = js_sys::global().unchecked_into();
    let performance = scope.performance().expect("a worker has a clock");
    let now = || performance.now() * 1e6;
    let bench = cases::Bench { now: &now, print: &|line| console_log!("{line}") };
    let wanted = option_env!("SNAPSTACK_BENCH").unwrap_or_default();
    for (name, case) in cases::CASES {
        if wanted.is_empty() || wanted.split_whitespace().any(|part| name.contains(part)) {
            case(&bench, name);
        }
    }
}
