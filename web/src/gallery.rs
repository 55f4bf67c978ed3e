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
    use snapstack::sim::{Config, Kind, MODEL_VERSION, Report, SchemeReport, Setup, Stage, Workload, run};
    use snapstack::traffic::Traffic;

    use super::*;
    use crate::share::{Link, short_digest};
    use crate::timeline::tests::build;
    use crate::timeline::{Jump, Side, Timeline};

    fn setup(link: &Link) -> Setup {
        let demo = include_bytes!("../../static/captures/demo-web.pcap");
        let spec = &link.spec;
        let traffic =
            (spec.config.workload == Workload::Capture).then(|| Arc::new(Traffic::read(demo).unwrap()));
        Setup { changes: spec.changes.clone(), ..Setup::new(spec.config, traffic) }
    }

    fn again(link: &Link) -> Report {
        run(&setup(link), &Scheme::ALL).unwrap()
    }

    /// Whether the moment that the link shows has what the run's words say.
    fn shown(id: &str, link: &Link, run: &Timeline) -> bool {
        let at = link.at.unwrap();
        let [left, right] = [Side::Left, Side::Right].map(|side| &run.series[side as usize]);
        let copied = [left, right].map(|series| series.copied.value(at));
        let before = |what: Jump| run.jump(what, at + 1, false, None, &[]).is_some();
        let copies = |of: Side| matches!(run.event(at), Some((Some(side), event)) if side == of && matches!(event.kind, Kind::Copy { .. }));
        let is = |what: fn(&Kind) -> bool| run.event(at).is_some_and(|(_, event)| what(&event.kind));
        match id {
            "copies" => {
                // All that a call of send() causes, and nothing later.
                let call = run.called(Side::Left, at).next().unwrap().at;
                let caused = Side::BOTH.map(|side| run.effects(side, call).collect::<Vec<_>>());
                let last = caused.iter().flatten().map(|(at, _)| *at).max();
                let copies =
                    caused.map(|all| all.iter().any(|(_, event)| matches!(event.kind, Kind::Copy { .. })));
                last == Some(at) && copies == [true, false] && right.allocations.value(at) == 0.0
            }
            "same-page" => right.held.value(at) > 5.0 && left.held.value(at) == 1.0,
            "lines-16" => right.held.value(at) > 5.0,
            "header-split" => copies(Side::Right),
            "random" => copied[1] == 0.0 && copies(Side::Left) && (right.held.value(at) - 1.0).abs() < 0.05,
            "loss" => {
                copied[1] == 0.0
                    && before(Jump::Fault)
                    && is(|kind| matches!(kind, Kind::Retransmission { .. }))
            }
            "overwriter" => copied[1] == 0.0 && copied[0] > 0.0,
            "fanout" => copied[1] == 0.0 && 2.0 * right.footprint.value(at) < left.footprint.value(at),
            "flipped" => {
                // Both lanes' frames are on the wire, and differ.
                let packet = link.packet.unwrap();
                let flipped = run.change_at(&link.spec.changes[0]).unwrap();
                let sent = |side| {
                    let wire = run.track(side, packet).unwrap().at(Stage::Wire);
                    run.effects(side, wire)
                        .any(|(there, event)| there <= at && matches!(event.kind, Kind::Frame { .. }))
                };
                flipped < at && Side::BOTH.into_iter().all(sent) && run.identical(packet) == Some(false)
            }
            "too-small" => is(|kind| matches!(kind, Kind::Drop { .. })),
            _ => false,
        }
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
            assert!(shown(item.id, &link, &build(&setup(&link), 4096)), "{} shows its point", item.id);
            assert!(!item.title.is_empty() && item.point.ends_with('.'));
            assert!(link.spec.config.workload != Workload::Capture || link.capture.is_none());
        }
    }
}
