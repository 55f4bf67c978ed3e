//! What can be changed about a packet, or at a moment.

use snapstack::buffers::Scheme;
use snapstack::sim::{Change, Event, Stage};

use crate::components::Offer;
use crate::timeline::{NEVER, Side, Timeline};

/// A change in words; what the link has lost goes by the number of the packet, where the timeline knows it.
pub(super) fn words(change: &Change, timeline: Option<&Timeline>) -> String {
    match change {
        Change::Lose { from_peer, frame } => {
            match timeline.and_then(|timeline| timeline.on_link(*from_peer, *frame)) {
                Some(packet) => format!("lose packet {packet} on the link"),
                None if *from_peer => format!("lose frame {frame} that arrives"),
                None => format!("lose frame {frame} sent"),
            }
        }
        Change::Flip { packet, offset, scheme: None } => {
            format!("flip byte {offset} of packet {packet} in memory")
        }
        Change::Flip { packet, offset, scheme: Some(scheme) } => {
            format!("flip byte {offset} of packet {packet} in {}'s memory", scheme.name())
        }
        Change::Overwrite { thread, .. } => format!("thread {} overwrites its buffer", thread + 1),
        Change::Rings { slots, .. } => format!("{slots} slots in use of each ring"),
    }
}

/// What could be changed about a packet, as it is in the right lane.
pub(super) fn about(timeline: &Timeline, packet: u32) -> Vec<Offer> {
    let Some(track) = timeline.track(Side::Right, packet) else { return Vec::new() };
    let mut offers = Vec::new();
    let mut offer = |text: &str, change: Change, at: u32| offers.push((text.to_owned(), change, at));
    if track.up {
        let arrived = track.at(Stage::WireIn);
        // Frames that the link has duplicated or lost are not counted among those that arrived.
        if let Some(frame) = timeline.arrival_index(packet) {
            offer("Lose this frame on the link", Change::Lose { from_peer: true, frame }, arrived);
        }
        return offers;
    }
    let on_wire = track.at(Stage::Wire);
    if let Some(frame) = timeline.departure_index(packet).filter(|_| on_wire != NEVER) {
        offer("Lose its frame on the link", Change::Lose { from_peer: false, frame }, on_wire);
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
