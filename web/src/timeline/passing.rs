//! What of a run passes a packet filter: packets, and the events that are about them. A run that goes on is taken in as it
//! comes, and judged anew only from where something about an earlier packet has become known.

use snapstack::order::NumberMap;
use snapstack::sim::{Event, FaultKind, Kind};

use super::{NEVER, Side, Timeline};
use crate::filter::{Facts, PacketFilter};

/// What passes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passing {
    /// By number.
    packets: Vec<Judged>,
    /// How many packets that pass have bytes that were written by an application, or taken by a call, at a position: there is
    /// no packet yet.
    begun: NumberMap<u32>,
    /// Events of packets that pass, and what calls and stages of theirs caused, in order.
    positions: Vec<u32>,
    /// How many packets pass, of how many.
    pub count: (u32, u32),
    /// Up to which position the run has been taken in, and how often.
    seen: u32,
    turn: u32,
}

/// What is known of a packet.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Judged {
    there: bool,
    passes: bool,
    /// Where its bytes were written and taken in either lane, if it passes.
    begun: [u32; 4],
    /// The last turn that looked at it.
    turn: u32,
}

impl Judged {
    const UNSEEN: Self = Self { there: false, passes: false, begun: [NEVER; 4], turn: 0 };
}

impl Passing {
    /// Whether a packet passes.
    pub fn packet(&self, packet: u32) -> bool {
        self.packets.get(packet as usize).is_some_and(|judged| judged.passes)
    }

    /// Whether the event that brings the run to a position is about a packet that passes.
    pub fn position(&self, at: u32) -> bool {
        self.positions.binary_search(&at).is_ok()
    }

    /// All such positions, in order.
    pub fn positions(&self) -> &[u32] {
        &self.positions
    }

    /// Counts another beginning at a position, or one less.
    fn begin(&mut self, at: u32, more: bool) {
        match self.begun.get_mut(at.into()) {
            Some(count) if more => *count += 1,
            Some(count) if *count > 1 => *count -= 1,
            Some(_) => {
                self.begun.remove(at.into());
            }
            None if more => self.begun.insert(at.into(), 1),
            None => {}
        }
    }

    fn has_begun(&self, at: u32) -> bool {
        self.begun.get(at.into()).is_some()
    }
}

impl Timeline {
    /// What passes a filter. A packet passes if it does in either lane: where only one of them dropped it, both show which.
    /// Takes time in proportion to the run.
    pub fn passing(&self, filter: &PacketFilter) -> Passing {
        let mut passing = Passing { turn: 1, ..Passing::default() };
        for packet in 0..self.packets(Side::Left).max(self.packets(Side::Right)) {
            self.judge(&mut passing, filter, packet);
        }
        self.pass_from(&mut passing, 1);
        passing
    }

    /// Takes in what has come of the run since `passing` was made, or brought up to date, by the same filter. Takes time in
    /// proportion to that, and to how long the packets in it have been under way.
    pub fn pass_on(&self, passing: &mut Passing, filter: &PacketFilter) {
        passing.turn += 1;
        let all = self.packets(Side::Left).max(self.packets(Side::Right));
        let first = passing.seen + 1;
        let mut from = first;
        for at in first..=self.len() {
            let Some((_, event)) = self.event(at) else { continue };
            // What the link loses is a packet's, also where the record is nobody's.
            let lost = Side::BOTH.map(|side| match event.kind {
                Kind::Fault { fault: FaultKind::Lost, from_peer: false, frame } => {
                    self.packet_sent(side, frame)
                }
                _ => None,
            });
            for packet in lost.into_iter().flatten().chain([event.packet]).filter(|packet| *packet < all) {
                from = from.min(self.judge(passing, filter, packet));
            }
        }
        self.pass_from(passing, from);
    }

    /// Judges a packet, once a turn; returns the first position about which that says something else than before.
    fn judge(&self, passing: &mut Passing, filter: &PacketFilter, packet: u32) -> u32 {
        let index = packet as usize;
        if passing.packets.len() <= index {
            passing.packets.resize(index + 1, Judged::UNSEEN);
        }
        let was = passing.packets[index];
        if was.turn == passing.turn {
            return NEVER;
        }
        let tracks = Side::BOTH.map(|side| self.track(side, packet));
        let passes = Side::BOTH.into_iter().zip(tracks).any(|(side, track)| {
            let Some(track) = track else { return false };
            let label = self.threads.get(track.thread as usize);
            filter.passes(&Facts {
                packet,
                thread: label.map(|_| track.thread),
                label: label.map_or("", String::as_str),
                ports: self.ports(side, packet),
                up: track.up,
                len: track.len,
                dropped: track.dropped != NEVER || track.lost != NEVER,
                resent: track.resent > 0,
            })
        });
        let mut begun = [NEVER; 4];
        for (side, track) in Side::BOTH.into_iter().zip(tracks) {
            if let Some(track) = track.filter(|track| passes && !track.up && track.len > 0) {
                let at = 2 * side as usize;
                begun[at] = self.call_of(side, track).map_or(NEVER, |call| call.at);
                begun[at + 1] = self.write(side, track.write).map_or(NEVER, |write| write.at);
            }
        }
        let there = tracks.iter().any(Option::is_some);
        passing.packets[index] = Judged { there, passes, begun, turn: passing.turn };
        passing.count.0 = passing.count.0 + u32::from(passes) - u32::from(was.passes);
        passing.count.1 = passing.count.1 + u32::from(there) - u32::from(was.there);
        let mut from = NEVER;
        if was.begun != begun {
            for (at, more) in was.begun.map(|at| (at, false)).into_iter().chain(begun.map(|at| (at, true))) {
                if at != NEVER {
                    passing.begin(at, more);
                    from = from.min(at);
                }
            }
        }
        if was.passes != passes {
            let starts = tracks.iter().flatten().map(|track| track.start());
            from = starts.fold(from, u32::min);
        }
        from
    }

    /// Finds the positions that pass anew, from one on.
    fn pass_from(&self, passing: &mut Passing, from: u32) {
        // What one lane does without a packet follows from what both did, or from a buffer being filled.
        let leads = |side: Option<Side>, kind: &Kind| side.is_none() || matches!(kind, Kind::AppWrite { .. });
        let leading = |at: &u32| self.event(*at).is_some_and(|(side, event)| leads(side, &event.kind));
        let from = (1..=from).rev().find(leading).unwrap_or(1);
        passing.positions.truncate(passing.positions.partition_point(|at| *at < from));
        let mut about = false;
        for at in from..=self.len() {
            let Some((side, event)) = self.event(at) else { continue };
            let passes = if event.packet != Event::NONE {
                let passes = passing.packet(event.packet);
                about = if side.is_none() { passes } else { about };
                passes
            } else {
                if leads(side, &event.kind) {
                    about = passing.has_begun(at);
                }
                about
            };
            if passes {
                passing.positions.push(at);
            }
        }
        passing.seen = self.len();
    }
}
