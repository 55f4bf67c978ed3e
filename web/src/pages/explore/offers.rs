//! What can be changed about a packet.

use snapstack::buffers::Scheme;
use snapstack::sim::{Change, Config, Event, Stage};

use crate::components::Offer;
use crate::spec::Spec;
use crate::timeline::{NEVER, Side, Timeline};

/// What could be changed about a packet, as it is in the right lane, in this run: nothing that is changed already.
pub(super) fn about(timeline: &Timeline, packet: u32, run: &Spec) -> Vec<Offer> {
    let changes = &run.changes;
    let Some(track) = timeline.track(Side::Right, packet) else { return Vec::new() };
    let mut offers = Vec::new();
    let mut offer = |text: &str, change: Change, at: u32| {
        if !changes.contains(&change) {
            offers.push((text.to_owned(), change, at));
        }
    };
    if track.up {
        let arrived = track.at(Stage::WireIn);
        // Frames are told to the link by the order in which they were sent. Which ones a change has lost is known; where the
        // link's faults are drawn, those that arrived do not tell which one a frame was.
        let Config { loss, duplicate, reorder, .. } = run.config;
        if loss + duplicate + reorder > 0 {
            return offers;
        }
        let lost = |frame: &u32| changes.contains(&Change::Lose { from_peer: true, frame: *frame });
        let index = timeline.arrival_index(packet);
        if let Some(frame) = index.and_then(|index| (0..).filter(|frame| !lost(frame)).nth(index as usize)) {
            offer("Lose this frame on the link", Change::Lose { from_peer: true, frame }, arrived);
        }
        return offers;
    }
    let on_wire = track.at(Stage::Wire);
    if let Some((frame, own)) = timeline.frames_of(packet).filter(|_| track.lost == NEVER) {
        let text = match own {
            1 => "Lose its frame on the link",
            _ => &format!("Lose the first of its {own} frames on the link"),
        };
        offer(text, Change::Lose { from_peer: false, frame }, on_wire);
    }
    let driver = track.at(Stage::Driver);
    if track.len > 0 && driver != NEVER {
        let flip = |scheme| Change::Flip { packet, offset: track.len / 2, scheme };
        offer(
            "Flip a byte of its payload, in the left lane's memory only",
            flip(Some(Scheme::SkBuff)),
            driver,
        );
        offer(
            "Flip a byte of its payload, in the snapshots' memory only",
            flip(Some(Scheme::Snapshot)),
            driver,
        );
    }
    let socket = track.at(Stage::Socket);
    if track.len > 0 && track.thread != Event::NONE && socket != NEVER {
        let change = Change::Overwrite { at_ns: timeline.time_ns(socket), thread: track.thread };
        offer("Its application overwrites the buffer, while the packet is in the stack", change, socket);
    }
    if socket != NEVER {
        let change = Change::Rings { at_ns: timeline.time_ns(socket), slots: 8 };
        offer("The driver uses only 8 slots of its rings from here on", change, socket);
    }
    offers
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use snapstack::sim::{Lane, Setup, Tap, Workload};

    use super::*;
    use crate::timeline::Jump;
    use crate::timeline::tests::{build, changed as run};
    use crate::words::change_words;

    /// The packet of each frame of the shown host.
    #[derive(Clone, Default)]
    struct Frames(Vec<u32>);

    impl Tap for Frames {
        fn frame(&mut self, _: u64, from_peer: bool, packet: u32, _: &[u8]) {
            if !from_peer {
                self.0.push(packet);
            }
        }
    }

    #[test]
    fn of_a_packet_that_the_nic_cuts_exactly_the_first_frame_is_lost() {
        let config = Config {
            workload: Workload::Bulk,
            threads: 2,
            bytes: 100_000,
            tso: 1 << 15,
            ..Config::default()
        };
        let plain = build(&Setup::new(config, None), 4096);
        let mut lane = Lane::new(Scheme::Snapshot, &Setup::new(config, None), Frames::default()).unwrap();
        while lane.step() {}
        let link = &lane.tap().0;
        let mut cut = 0;
        for packet in (0..plain.packets(Side::Right)).step_by(3) {
            let offers = about(&plain, packet, &Spec::default());
            let Some((text, change @ Change::Lose { from_peer: false, frame }, _)) = offers.first().cloned()
            else {
                continue;
            };
            // As the link has them.
            let frames = link.iter().filter(|other| **other == packet).count();
            assert_eq!(link.iter().position(|other| *other == packet), Some(frame as usize));
            if frames < 2 {
                assert_eq!(text, "Lose its frame on the link");
                continue;
            }
            assert_eq!(text, format!("Lose the first of its {frames} frames on the link"));
            assert_eq!(
                change_words(&change, Some(&plain)),
                format!("frame 1 of the {frames} of packet {packet} lost on the link")
            );
            let run = build(&Setup { changes: vec![change], ..Setup::new(config, None) }, 4096);
            let at = run.change_at(&change).unwrap();
            let next = |at| run.jump(Jump::Fault, at, true, None, &[]);
            assert_eq!((next(0), next(at).and_then(next)), (Some(at), None), "one in each lane");
            let tracks = || (0..run.packets(Side::Right)).filter_map(|packet| run.track(Side::Right, packet));
            let track = *run.track(Side::Right, packet).unwrap();
            assert!(track.lost != NEVER && tracks().filter(|track| track.lost != NEVER).count() == 1);
            // What is sent again is what was in it.
            let again = tracks().find(|track| track.resent > 0).unwrap();
            assert_eq!((again.write, again.offset), (track.write, track.offset));
            cut += 1;
        }
        assert!(cut > 1, "{cut}");
    }

    fn offered(timeline: &Timeline, packet: u32, changes: &[Change]) -> Vec<Change> {
        let run = Spec { changes: changes.to_vec(), ..Spec::default() };
        about(timeline, packet, &run).into_iter().map(|(_, change, _)| change).collect()
    }

    #[test]
    fn what_is_changed_already_is_not_offered_again() {
        let plain = run(&[]);
        let offers = offered(&plain, 30, &[]);
        assert_eq!(offers.len(), 5, "{offers:?}");
        for change in &offers[..3] {
            let changes = [*change];
            let left = offered(&run(&changes), 30, &changes);
            assert!(left.len() == 4 && !left.contains(change), "{change}: {left:?}");
        }
    }

    #[test]
    fn a_frame_that_arrives_is_counted_as_the_link_counts_it_behind_one_that_a_change_has_lost() {
        let plain = run(&[]);
        let arrived: Vec<u32> = (0..plain.packets(Side::Right))
            .filter(|packet| plain.track(Side::Right, *packet).is_some_and(|track| track.up))
            .collect();
        let lose = |frame| Change::Lose { from_peer: true, frame };
        assert_eq!(offered(&plain, arrived[3], &[]), [lose(3)]);
        let drawn = Config { reorder: 1, ..Config::default() };
        let drawn = Spec { config: drawn, ..Spec::default() };
        assert_eq!(about(&plain, arrived[3], &drawn), [], "which of those sent it was is not known");
        let lost = [lose(1), lose(2)];
        let changed = run(&lost);
        let third = (0..changed.packets(Side::Right))
            .find(|packet| changed.arrival_index(*packet) == Some(1))
            .unwrap();
        assert_eq!(offered(&changed, third, &lost), [lose(3)], "two that were before it have not come");
    }
}
