//! Seeded runs give the digests that every target must give.

use crate::common::golden;

#[test]
fn seeded_runs_give_the_golden_digests() {
    let golden = include_str!("../golden/memory-digests.txt");
    assert!(golden.lines().count() >= 9);
    let found = golden::compare(golden);
    assert!(found == golden, "the digests are now:\n{found}");
}
