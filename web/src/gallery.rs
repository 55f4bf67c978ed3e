//! Runs that each make one point. Their links are in `gallery.txt`, a line each: name, title, point, link, with tabs between;
//! `cargo xtask gallery` runs them again and writes their digests anew. A test holds each to its point.

use std::sync::LazyLock;

/// One run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// A name that does not change.
    pub id: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// The point that it makes.
    pub point: &'static str,
    /// The link, from `#` on, with the digest of the result.
    pub link: &'static str,
}

/// All of them.
pub static GALLERY: LazyLock<Vec<Item>> = LazyLock::new(|| items(include_str!("gallery.txt")));

/// The runs that a text lists.
pub fn items(text: &'static str) -> Vec<Item> {
    let item = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        Item { id: next(), title: next(), point: next(), link: next() }
    };
    text.lines().filter(|line| !line.is_empty()).map(item).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use snapstack::buffers::Scheme;
    use snapstack::sim::{Config, MODEL_VERSION, Report, SchemeReport, Setup, Workload, run};
    use snapstack::traffic::Traffic;

    use super::*;
    use crate::share::{Link, short_digest};

    fn again(link: &Link) -> Report {
        let demo = include_bytes!("../../static/captures/demo-web.pcap");
        let traffic = Traffic::read(demo).unwrap();
        let spec = &link.spec;
        let setup =
            Setup { changes: spec.changes.clone(), ..Setup::new(spec.config, Some(Arc::new(traffic))) };
        run(&setup, &Scheme::ALL).unwrap()
    }

    /// The run with something set otherwise.
    fn other(link: &Link, change: impl FnOnce(&mut Config)) -> Report {
        let mut link = link.clone();
        change(&mut link.spec.config);
        again(&link)
    }

    /// Whether the run makes its point.
    fn holds(id: &str, link: &Link, report: &Report) -> bool {
        let [left, right] = ["sk_buff", "snapshot"].map(|name| &report.schemes[name]);
        let of = |report: &Report| report.schemes["snapshot"].clone();
        let dropped = |scheme: &SchemeReport| {
            scheme.receipt.nic_drops.values().chain(scheme.receipt.stack_drops.values()).sum::<u64>()
        };
        match id {
            "copies" => {
                left.copies.bytes == 522_459 && right.copies.bytes == 0 && right.allocations.count == 0
            }
            "same-page" => right.dedup.held > 5.5 && left.dedup.held == 1.0,
            "lines-16" => {
                let larger = of(&other(link, |config| config.line_size = 64));
                right.dedup.held > larger.dedup.held && right.footprint > larger.footprint
            }
            "header-split" => {
                let split = of(&other(link, |config| config.header_split = true));
                right.copies.bytes > 0 && right.copies.bytes > 4 * split.copies.bytes
            }
            "random" => (right.dedup.cumulative - 1.0).abs() < 0.05 && right.copies.bytes == 0,
            "loss" => {
                right.receipt.resent.count > 10
                    && right.copies.bytes == 0
                    && right.receipt.wrong == Some(0)
                    && left.wire_sha256 == right.wire_sha256
            }
            "overwriter" => {
                right.receipt.wrong == Some(0) && right.copies.bytes == 0 && left.copies.bytes > 0
            }
            "fanout" => 2 * right.footprint < left.footprint || left.copies.bytes >= 8 * 100_000,
            "flipped" => left.wire_sha256 != right.wire_sha256,
            "too-small" => dropped(right) > 10 && dropped(left) == 0,
            _ => false,
        }
    }

    #[test]
    fn every_run_makes_its_point_and_has_the_digest_that_it_was_shared_with() {
        assert_eq!(GALLERY.len(), 10);
        for item in GALLERY.iter() {
            let (link, notes) = Link::read(item.link).unwrap();
            assert_eq!(notes, [""; 0], "{}", item.id);
            assert_eq!(link.model, Some(MODEL_VERSION), "{}: cargo xtask gallery", item.id);
            let report = again(&link);
            let [left, right] = ["sk_buff", "snapshot"].map(|name| report.schemes[name].digest.as_str());
            assert_eq!(link.digest, Some(short_digest(left, right)), "{}: cargo xtask gallery", item.id);
            assert!(holds(item.id, &link, &report), "{} makes its point: {report:#?}", item.id);
            assert!(!item.title.is_empty() && item.point.ends_with('.'));
            assert!(link.spec.config.workload != Workload::Capture || link.capture.is_none());
        }
    }
}
