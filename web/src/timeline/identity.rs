//! Packets that are found again in another run of the same traffic, where they may have other numbers.

use super::{Side, Timeline, Track};

/// What a packet is whatever its number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identity {
    up: bool,
    /// Whether it carries bytes again.
    again: bool,
    thread: u32,
    /// Of a packet that was sent with payload, write and first byte of that: it may lie within a longer packet elsewhere.
    first: Option<(u32, u32)>,
    /// Source and destination, of one that has none.
    ports: [u16; 2],
    /// When it came to be, where the same packet of two runs does at the same time or is another one.
    time_ns: Option<u64>,
    /// How many of the same were before it.
    nth: usize,
}

impl Timeline {
    /// What tells a packet from all others. O(packets).
    pub fn identity(&self, packet: u32) -> Option<Identity> {
        let track = self.track(Side::Right, packet)?;
        let Track { up, thread, write, offset, .. } = *track;
        let first = (!up && track.len > 0).then_some((write, offset));
        let ports = if first.is_some() { [0; 2] } else { self.ports(Side::Right, packet) };
        // A capture says which packets there are. Two hosts acknowledge and arrive as the run has it.
        let timed = first.is_none() && self.captured.is_empty();
        let time_ns = timed.then(|| self.time_ns(track.start()));
        let identity = Identity { up, again: track.resent > 0, thread, first, ports, time_ns, nth: 0 };
        let nth = self.same(&identity).position(|other| other == packet)?;
        Some(Identity { nth, ..identity })
    }

    /// The packet that is the same as one of another run of the same traffic. O(packets).
    pub fn same_packet(&self, identity: &Identity) -> Option<u32> {
        self.same(identity).nth(identity.nth)
    }

    /// All that are the same but for how many were before, in the order in which they came to be.
    fn same(&self, identity: &Identity) -> impl Iterator<Item = u32> {
        let lane = &self.lanes[Side::Right as usize];
        let packets = lane.starts.iter().map(|(_, packet)| *packet);
        packets.filter(move |packet| {
            let track = &lane.tracks[*packet as usize];
            let bytes = track.offset..track.offset.saturating_add(track.len);
            (track.up, track.resent > 0, track.thread) == (identity.up, identity.again, identity.thread)
                && match identity.first {
                    Some((write, byte)) => track.len > 0 && track.write == write && bytes.contains(&byte),
                    None => {
                        (track.up || track.len == 0)
                            && self.ports(Side::Right, *packet) == identity.ports
                            && identity.time_ns.is_none_or(|time| time == self.time_ns(track.start()))
                    }
                }
        })
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use snapstack::sim::{Config, Setup, Stage, Workload};

    use crate::timeline::tests::{build, timeline};
    use crate::timeline::{Side, Timeline};

    fn web(config: Config) -> Timeline {
        let web = Config { workload: Workload::Web, threads: 3, bytes: 60_000, message: 10_000, ..config };
        build(&Setup::new(web, None), 4096)
    }

    /// Packets of one run with what they are in the other.
    fn pairs(one: &Timeline, other: &Timeline) -> Vec<(u32, Option<u32>)> {
        let packets =
            (0..one.packets(Side::Right)).filter(|packet| one.track(Side::Right, *packet).is_some());
        packets.map(|packet| (packet, other.same_packet(&one.identity(packet).unwrap()))).collect()
    }

    #[test]
    fn every_packet_of_a_capture_is_found_whatever_is_set_and_each_is_itself() {
        let run = timeline(Config::for_capture(), 4096);
        let other = Config { line_size: 16, header_split: false, doorbell_every: 4, ..Config::for_capture() };
        for other in [&run, &timeline(other, 4096)] {
            let pairs = pairs(&run, other);
            assert!(pairs.len() > 300 && pairs.iter().all(|(packet, found)| *found == Some(*packet)));
        }
    }

    #[test]
    fn a_packet_that_is_cut_otherwise_is_found_by_its_first_byte_or_not_at_all() {
        let (plain, cut) = (web(Config::default()), web(Config { tso: 1 << 15, ..Config::default() }));
        let (mut renumbered, mut found_again, mut gone) = (0, 0, 0);
        for (one, other) in [(&plain, &cut), (&cut, &plain)] {
            for (packet, found) in pairs(one, other) {
                let Some(found) = found else {
                    gone += 1;
                    continue;
                };
                let (was, is) =
                    (one.track(Side::Right, packet).unwrap(), other.track(Side::Right, found).unwrap());
                assert_eq!((was.up, was.thread, was.len > 0), (is.up, is.thread, is.len > 0));
                if !was.up && was.len > 0 {
                    assert_eq!(was.write, is.write);
                    assert!((is.offset..is.offset + is.len).contains(&was.offset), "{packet} is not {found}");
                    found_again += 1;
                } else {
                    assert_eq!(one.ports(Side::Right, packet), other.ports(Side::Right, found));
                    assert_eq!(one.time_ns(was.start()), other.time_ns(is.start()));
                }
                renumbered += u32::from(packet != found);
            }
        }
        assert!(renumbered > 20 && found_again > 100, "{renumbered}, {found_again}");
        assert!(gone > 0, "what is acknowledged at another time is no packet of the other run");
    }

    #[test]
    fn a_packet_that_is_sent_again_is_not_taken_for_the_first_one() {
        let (clean, lossy) = (web(Config::default()), web(Config { loss: 30_000, ..Config::default() }));
        let mut again = 0;
        for packet in 0..lossy.packets(Side::Right) {
            let Some(track) = lossy.track(Side::Right, packet).filter(|track| track.resent > 0) else {
                continue;
            };
            assert_ne!(lossy.same_packet(&lossy.identity(packet).unwrap()), None);
            if !track.up && track.resent == track.len && track.at(Stage::Socket) != u32::MAX {
                assert_eq!(clean.same_packet(&lossy.identity(packet).unwrap()), None, "{packet}");
                again += 1;
            }
        }
        assert!(again > 0);
    }
}
