//! Golden digests of seeded runs: one a line, `line size, ways, lines, delayed free, refused, digest`.

use snapstack::memory::MemoryConfig;

use super::driver::run;

/// Holds the runs of a list of golden digests, one a line, against what they give here; the lines as they are here.
pub(crate) fn compare(golden: &str) -> String {
    let mut found = String::new();
    for line in golden.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        let number = |i: usize| fields[i].parse().unwrap_or_else(|_| panic!("no number in {line}"));
        let config = MemoryConfig {
            line_size: number(0),
            ways: number(1),
            lines: u64::from(number(2)),
            delayed_free: number(3),
            ..MemoryConfig::default()
        };
        let outcome = run(config, 1, 4000, 500);
        assert_eq!(outcome.leaked, 0);
        found += &format!(
            "{} {} {} {} {} {}\n",
            fields[0], fields[1], fields[2], fields[3], outcome.refused, outcome.digest
        );
    }
    found
}
