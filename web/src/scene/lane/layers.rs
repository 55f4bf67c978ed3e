//! Packets between socket and driver, down and up: as cells, as bars, or, when there are many, as ribbons as wide as their
//! bytes with a few of them as tracers.

use snapstack::order::{NumberMap, sort_by_number};
use snapstack::random::mix;
use snapstack::sim::{DropPlace, Kind, Stage};

use super::super::content::strip;
use super::super::{Ink, grouped};
use super::layout::{NIC, SOCKET};
use super::{Artist, ease};
use crate::timeline::{NEVER, Track};
use crate::words::describe;

/// Packets in the layers up to which their content is drawn, and up to which each has a bar.
const DETAILED: usize = 12;
const BARS: usize = 200;
/// Packets that are drawn one by one among ribbons.
const TRACERS: usize = 12;
/// Bytes of a bar as long as a packet's cells.
const FULL: f64 = 1500.0;

/// A number for a direction, a column and a row.
fn place(up: bool, column: u8, row: usize) -> u64 {
    u64::from(up) << 16 | u64::from(column) << 8 | row as u64
}

impl Artist<'_> {
    /// What was just dropped before there was a packet of it, or in place of one that arrived: a cross, and why.
    pub(super) fn refused(&mut self) {
        let (timeline, side) = (self.timeline, self.side());
        let last = timeline.last_drop(side, self.position).filter(|at| self.age(*at) < 1.0);
        let Some((_, event)) = last.and_then(|at| timeline.event(at)) else { return };
        let Kind::Drop { place, .. } = event.kind else { return };
        if timeline.track(side, event.packet).is_some() {
            return;
        }
        let row = match place {
            DropPlace::Nic => NIC,
            DropPlace::Stack => SOCKET,
        };
        let (x, y) = (self.layout.down(0) + 5.0, self.layout.rows[row]);
        let (_, text) = describe(&event.kind, Some(self.view.scheme), timeline.queues);
        let room = self.layout.content_right() - x - 12.0;
        self.cross((x, y));
        self.scene.label((x + 12.0, y + 4.0), -1, Ink::Text, 10.5, true, room, text);
    }

    pub(super) fn layers(&mut self) {
        let (timeline, side) = (self.timeline, self.side());
        let mut packets: Vec<(u32, Track, Stage)> = timeline
            .in_flight(side, self.position)
            .filter_map(|packet| {
                let track = *timeline.track(side, packet)?;
                let stage = track.stage(self.position)?;
                // In the driver a packet is soon only a slot of the ring.
                let gone = stage == Stage::Driver && self.age(track.at(Stage::Driver)) > 1.5;
                let inside = (Stage::Socket..=Stage::Driver).contains(&stage)
                    || (Stage::DriverIn..=Stage::SocketIn).contains(&stage);
                (inside && !gone).then_some((packet, track, stage))
            })
            .collect();
        let there = packets.len();
        // Where there is no room for all, those that do not pass the filter go first.
        if self.layout.compact || there > DETAILED {
            packets.retain(|(packet, track, _)| self.passes(*packet) || self.stays(*packet, track));
        }
        let all = packets.len();
        if self.layout.compact {
            let newest = packets.iter().rev().find(|(_, track, _)| self.shows(track.thread));
            let newest = newest.map(|(packet, ..)| *packet);
            packets.retain(|(packet, track, _)| Some(*packet) == newest || self.stays(*packet, track));
        }
        if all > BARS {
            self.ribbons(&packets);
            sort_by_number(&mut packets, |(packet, ..)| mix(u64::from(*packet)));
            let chosen = |(rank, (packet, track, _)): &(usize, (u32, Track, Stage))| {
                *rank < TRACERS || self.stays(*packet, track)
            };
            packets = packets.into_iter().enumerate().filter(chosen).map(|(_, packet)| packet).collect();
        }
        self.count((packets.len(), all, there));
        let mut stacked: NumberMap<u32> = NumberMap::default();
        for (packet, track, stage) in packets {
            let row = self.layout.stage_row(stage);
            let before = if track.up { (row + 1).min(5) } else { row.saturating_sub(1) };
            let (to, from) = (self.layout.rows[row], self.layout.rows[before]);
            let t = ease(self.progress(track.at(stage)));
            let column = self.column_of(track.thread);
            let place = place(track.up, column, row);
            let depth = stacked.get(place).copied().unwrap_or(0);
            let shift = f64::from(depth.min(4) * 4);
            stacked.insert(place, depth + 1);
            let detailed = all <= DETAILED && track.has_payload();
            // The socket layer's packet comes out of what waits there.
            let slides = row != SOCKET || track.up;
            let y = if slides { from + (to - from) * t } else { to } + shift;
            self.packet(packet, &track, (self.way(&track) + shift, y), detailed, stage);
        }
    }

    /// Whether a packet is shown wherever there is too little room for all: the selected one is, and those that are dropped.
    fn stays(&self, packet: u32, track: &Track) -> bool {
        self.view.selected == Some(packet) || track.dropped <= self.position
    }

    /// Says how many packets are in the layers where not each of them is drawn with its content: of all those that pass, and
    /// of those those that are shown.
    fn count(&mut self, (shown, passing, there): (usize, usize, usize)) {
        let [some, all, every] = [shown, passing, there].map(|count| grouped(count as u64));
        let text = match (shown < passing, passing < there) {
            (true, false) => format!("{some} of {all} shown"),
            (true, true) => format!("{some} of {all} shown that pass, of {every}"),
            (false, true) => format!("{all} of {every} packets pass"),
            (false, false) if there > DETAILED => format!("{every} packets in the layers"),
            (false, false) => return,
        };
        let at = (self.layout.content_right(), self.layout.rows[SOCKET] - 12.0);
        self.scene.text(at, 1, Ink::Dim, 10.5, text);
    }

    /// All packets of a layer and a column as one ribbon as wide as their bytes.
    fn ribbons(&mut self, packets: &[(u32, Track, Stage)]) {
        let mut ribbons: NumberMap<(bool, u8, usize, f64, u64)> = NumberMap::default();
        for (_, track, stage) in packets {
            let (up, column, row) = (track.up, self.column_of(track.thread), self.layout.stage_row(*stage));
            let place = place(up, column, row);
            let (.., bytes, count) = ribbons.get(place).copied().unwrap_or((up, column, row, 0.0, 0));
            ribbons.insert(place, (up, column, row, bytes + f64::from(track.len), count + 1));
        }
        let most = ribbons.values().map(|ribbon| ribbon.3).fold(1.0, f64::max);
        for (up, column, row, bytes, count) in ribbons.values().copied() {
            let x = if up { self.layout.up(column) } else { self.layout.down(column) };
            let w = (self.layout.strip(up).most().0 * bytes / most).max(3.0);
            let y = self.layout.rows[row];
            let ink = if self.reference() { Ink::Reference } else { Ink::Dim };
            self.scene.fill(x, y - 5.0, w, 10.0, ink, 0.35);
            let label = grouped(count);
            self.scene.label((x, y + 16.0), -1, Ink::Dim, 10.0, false, self.layout.column / 2.0, label);
        }
    }

    /// A packet, in the middle of a height: its headers so far, its lines.
    fn packet(&mut self, packet: u32, track: &Track, (x, middle): (f64, f64), detailed: bool, stage: Stage) {
        let cells = self.layout.strip(track.up);
        let detailed = detailed || self.view.selected == Some(packet);
        let headers = match stage {
            Stage::Transport => 1,
            Stage::Ip | Stage::TransportIn => 2,
            Stage::Driver | Stage::DriverIn | Stage::IpIn => 3,
            _ => 0,
        };
        let ink = if self.reference() { Ink::Reference } else { Ink::Dim };
        let lines = self.timeline.lines_of(self.side(), track).to_vec();
        let lit = self.lit(&lines);
        let (w, h) = if detailed { cells.size(lines.len()) } else { cells.most() };
        let y = middle - h / 2.0;
        let width = if detailed {
            self.scene.fill(x - 2.0, y - 2.0, w + 3.0, h + 4.0, Ink::Ground, 0.9);
            let hashes = self.hashes(&lines);
            let reference = self.reference();
            strip(&mut self.scene, (x, y), cells, &hashes, reference, 1.0);
            if self.reference() || lit {
                let ink = if lit { Ink::Text } else { ink };
                self.scene.outline(x - 3.0, y - 3.0, w + 5.0, h + 6.0, ink, 1.5);
            }
            w
        } else {
            let w = (w * (f64::from(track.len) / FULL).min(1.0)).max(3.0);
            self.scene.fill(x, y + h / 3.0, w, h / 3.0, if lit { Ink::Text } else { ink }, 0.8);
            w
        };
        for i in 0..headers {
            let at = x - 6.0 - 5.0 * f64::from(i);
            self.scene.fill(at, y, 4.0, h, Ink::Header, if track.up { 0.6 } else { 1.0 });
        }
        if track.up {
            self.notch((x - 5.0 * f64::from(headers), y), h, Ink::Dim);
        }
        if track.resent > 0 {
            self.scene.text((x + width + 5.0, y + h / 2.0 + 4.0), -1, Ink::Text, 10.5, "again");
        }
        if stage == Stage::Socket || stage == Stage::DriverIn {
            let (_, allocated) = self.timeline.cost(self.side(), track.at(stage));
            self.ticks((x + width + 6.0, y + h), allocated);
        }
        if track.dropped != NEVER && track.dropped <= self.position {
            self.cross((x + width + 10.0, y + h / 2.0));
        }
        if self.passes(packet) {
            self.select(packet, (x, y, width, h));
        } else {
            // With the headers at its left and the outline.
            let left = 5.0 * f64::from(headers) + 6.0;
            self.select(packet, (x - left, y - 1.0, width + left + 1.0, h + 2.0));
        }
    }
}
