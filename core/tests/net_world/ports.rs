//! The ports that a lane tells of its packets are those of their frames.

use std::collections::BTreeMap;
use std::sync::Arc;

use snapstack::buffers::Scheme;
use snapstack::nic;
use snapstack::sim::{Config, Event, Kind, Lane, Setup, Stage, Tap, Workload};
use snapstack::traffic::Traffic;

use super::{faulty, small};

/// The ports of the frames that the shown host sends, by packet.
#[derive(Clone, Default)]
struct Sent(BTreeMap<u32, Option<(u16, u16)>>);

impl Tap for Sent {
    fn frame(&mut self, _: u64, from_peer: bool, packet: u32, frame: &[u8]) {
        if !from_peer {
            self.0.insert(packet, nic::ports(frame));
        }
    }
}

#[test]
fn the_ports_that_are_told_of_packets_are_those_of_their_frames_on_the_wire() {
    let traffic = Traffic::read(include_bytes!("../../../static/captures/demo-web.pcap")).unwrap();
    let plain = Config { threads: 20, tso: 20_000, ..small(Workload::Web, 5) };
    let setups = [
        Setup::new(faulty(plain, [10_000, 10_000, 10_000, 0]), None),
        Setup::new(small(Workload::Bulk, 2), None),
        Setup::new(Config::for_capture(), Some(Arc::new(traffic))),
    ];
    for setup in setups {
        for scheme in Scheme::ALL {
            let mut lane = Lane::new(scheme, &setup, Sent::default()).unwrap();
            lane.watch();
            let (mut told, mut arrived) = (BTreeMap::new(), Vec::new());
            let mut goes_on = true;
            while goes_on {
                goes_on = lane.step_many(100);
                for (packet, [src, dst]) in lane.take_ports() {
                    assert_eq!(told.insert(packet, (src, dst)), None, "packet {packet} is told once");
                }
                let words = lane.take_events();
                let events = words.as_chunks().0.iter().filter_map(Event::decode);
                let stages =
                    events.filter(|event| matches!(event.kind, Kind::Stage { stage: Stage::WireIn, .. }));
                arrived.extend(stages.map(|event| event.packet));
            }
            let sent = &lane.tap().0;
            assert!(sent.len() > 100 && arrived.len() > 20);
            for (packet, ports) in sent {
                assert_eq!(told.get(packet), ports.as_ref(), "packet {packet}");
            }
            // What is on the way up is on the ports of what is on the way down, the other way round.
            let down: Vec<_> = sent.values().flatten().collect();
            for packet in arrived {
                if let Some((src, dst)) = told.get(&packet) {
                    assert!(!sent.contains_key(&packet) && down.contains(&&(*dst, *src)), "frame {packet}");
                }
            }
        }
    }
    let mut lane = Lane::new(Scheme::SkBuff, &Setup::new(small(Workload::Bulk, 2), None), ()).unwrap();
    while lane.step() {}
    assert!(lane.take_ports().is_empty(), "nothing is kept that nobody wants to know");
}
