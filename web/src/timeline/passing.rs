//! What of a run passes a packet filter: packets, and the events that are about them.

use snapstack::order::sort_by_number;
use snapstack::sim::{Event, Kind};

use super::{NEVER, Side, Timeline};
use crate::filter::{Facts, PacketFilter};

/// What passes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passing {
    /// By number: whether a packet passes.
    packets: Vec<bool>,
    /// Events of those, and what calls and stages of theirs caused, in order.
    positions: Vec<u32>,
    /// How many packets pass, of how many.
    pub count: (u32, u32),
}

impl Passing {
    /// Whether a packet passes.
    pub fn packet(&self, packet: u32) -> bool {
        self.packets.get(packet as usize).is_some_and(|passes| *passes)
    }

    /// Whether the event that brings the run to a position is about a packet that passes.
    pub fn position(&self, at: u32) -> bool {
        self.positions.binary_search(&at).is_ok()
    }

    /// All such positions, in order.
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }
}

impl Timeline {
    /// What passes a filter. A packet passes if it does in either lane: where only one of them dropped it, both show which.
    /// Takes time in proportion to the run.
    pub fn passing(&self, filter: &PacketFilter) -> Passing {
        let mut passing = Passing::default();
        // Where bytes of packets that pass were written by an application, or taken by a call: there is no packet yet.
        let mut begun: Vec<u32> = Vec::new();
        for packet in 0..self.packets(Side::Left).max(self.packets(Side::Right)) {
            let tracks = Side::BOTH.map(|side| self.track(side, packet));
            let passes = tracks.iter().flatten().any(|track| {
                let label = self.threads.get(track.thread as usize);
                filter.passes(&Facts {
                    packet,
                    thread: label.map(|_| track.thread),
                    label: label.map_or("", String::as_str),
                    up: track.up,
                    len: track.len,
                    dropped: track.dropped != NEVER || track.lost != NEVER,
                    resent: track.resent > 0,
                })
            });
            passing.packets.push(passes);
            passing.count.0 += u32::from(passes);
            passing.count.1 += u32::from(tracks.iter().any(Option::is_some));
            if !passes {
                continue;
            }
            for side in Side::BOTH {
                if let Some(track) = tracks[side as usize].filter(|track| !track.up && track.len > 0) {
                    begun.extend(self.call_of(side, track).map(|call| call.at));
                    begun.extend(self.write(side, track.write).map(|write| write.at));
                }
            }
        }
        sort_by_number(&mut begun, |at| (*at).into());
        let mut about = false;
        for at in 1..=self.len() {
            let Some((side, event)) = self.event(at) else { continue };
            if event.packet != Event::NONE {
                let passes = passing.packet(event.packet);
                about = if side.is_none() { passes } else { about };
                if passes {
                    passing.positions.push(at);
                }
                continue;
            }
            // What one lane does without a packet follows from what both did, or from a buffer being filled.
            if side.is_none() || matches!(event.kind, Kind::AppWrite { .. }) {
                about = begun.binary_search(&at).is_ok();
            }
            if about {
                passing.positions.push(at);
            }
        }
        passing
    }
}
