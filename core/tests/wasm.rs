//! The same runs in wasm, in a dedicated worker of a real browser, give the digests that they give natively.

#![cfg(target_family = "wasm")]

#[path = "common/mod.rs"]
mod common;

use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::memory::{Content, Memory, MemoryConfig};
use snapstack::sim::{Config, Setup, Workload, parse_line_size, parse_retention, run};
use snapstack::traffic::Traffic;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
fn digests_are_the_native_ones() {
    let demo = include_bytes!("../../static/captures/demo-web.pcap");
    let traffic = Arc::new(Traffic::read(demo).unwrap());
    let golden = include_str!("golden/demo-digests.txt");
    assert_eq!(golden.lines().count(), 9);
    for line in golden.lines() {
        let fields: Vec<_> = line.split(' ').collect();
        let [line_size, retention, sk_buff, snapshot] = fields[..] else { panic!("{line}") };
        let config = Config {
            line_size: parse_line_size(line_size).unwrap(),
            retention: parse_retention(retention).unwrap(),
            workload: Workload::Capture,
            ..Config::default()
        };
        let report = run(&Setup::new(config, Some(Arc::clone(&traffic))), &Scheme::ALL).unwrap();
        assert_eq!(report.schemes["sk_buff"].digest, sk_buff);
        assert_eq!(report.schemes["snapshot"].digest, snapshot);
    }
}

#[wasm_bindgen_test]
fn seeded_runs_of_the_memory_give_the_native_digests() {
    let golden = include_str!("golden/memory-digests.txt");
    assert_eq!(golden.lines().count(), 9);
    assert_eq!(common::golden::compare(golden), golden);
}

#[wasm_bindgen_test]
fn digests_of_two_hosts_are_the_native_ones() {
    let golden = include_str!("golden/net-digests.txt");
    assert_eq!(golden.lines().count(), Workload::SIMULATED.len());
    for line in golden.lines() {
        let fields: Vec<_> = line.split(' ').collect();
        let [workload, sk_buff, snapshot] = fields[..] else { panic!("{line}") };
        let config = Config {
            workload: Workload::parse(workload).unwrap(),
            seed: 11,
            threads: 3,
            bytes: 100_000,
            message: 10_000,
            loss: 10_000,
            duplicate: 10_000,
            reorder: 10_000,
            corrupt: 10_000,
            ..Config::default()
        };
        let report = run(&Setup::new(config, None), &Scheme::ALL).unwrap();
        assert_eq!(report.schemes["sk_buff"].digest, sk_buff);
        assert_eq!(report.schemes["snapshot"].digest, snapshot);
    }
}

#[wasm_bindgen_test]
fn memory_keeps_its_invariants() {
    for line_size in [16, 32, 64] {
        let mut memory = Memory::new(MemoryConfig { line_size, ..MemoryConfig::default() }).unwrap();
        let bytes: Vec<u8> = (0..10_000u32).map(|i| ((i * i) >> 5) as u8).collect();
        let segment = memory.create(&bytes, Content::Data).unwrap();
        let snapshot = memory.snapshot(segment).unwrap();
        memory.overwrite(segment, 777, &[3; 1000], Content::Data).unwrap();
        memory.check().unwrap();
        assert_eq!(memory.to_vec(snapshot).unwrap(), bytes);
    }
}
