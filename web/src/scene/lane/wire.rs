//! The NIC at work, and the frames on the wire.

use snapstack::sim::{Event, Kind, Stage};

use super::super::content::strip;
use super::super::{Ink, counted, grouped};
use super::layout::{IN, NIC, OUT, RX, TX};
use super::{Artist, ease};
use crate::timeline::{NEVER, Track};

impl Artist<'_> {
    /// The packet that the NIC reads, or the frame that it writes.
    pub(super) fn nic(&mut self) {
        let (timeline, side) = (self.timeline, self.side());
        let at_work = timeline.in_flight(side, self.position).filter_map(|packet| {
            let track = *timeline.track(side, packet)?;
            let stage = track.stage(self.position)?;
            let written = stage == Stage::DmaIn && self.age(track.at(Stage::DmaIn)) < 3.0;
            (stage == Stage::Dma || written).then_some((packet, track, stage))
        });
        let newest = at_work.max_by_key(|(_, track, stage)| track.at(*stage));
        let y = self.layout.rows[NIC];
        let x0 = self.layout.gutter + 4.0;
        let Some((packet, track, stage)) = newest else {
            if !self.layout.compact {
                let text = if self.reference() {
                    "DMA state: segment IDs; one request brings metadata and payload"
                } else {
                    "descriptors, then data, then status write-back"
                };
                let room = self.layout.content_right() - x0;
                self.scene.label((x0, y + 4.0), -1, Ink::Dim, 10.5, false, room, text);
            }
            return;
        };
        let t = ease(self.progress(track.at(stage)));
        let x = x0 + 14.0;
        let lines = timeline.lines_of(side, &track).to_vec();
        let hashes = self.hashes(&lines);
        let cells = self.layout.strip(false);
        let (w, h) = cells.size(lines.len());
        self.scene.fill(x - 8.0, y - h / 2.0, 5.0, h, Ink::Header, 1.0);
        strip(&mut self.scene, (x, y - h / 2.0), cells, &hashes, false, t);
        let middle = x + w / 2.0;
        if !self.layout.compact {
            if track.up {
                let to = (middle, self.ring_at(RX, track.queue) + self.layout.slot().0 / 2.0 + 3.0);
                self.scene.arrow((middle, y - h / 2.0 - 3.0), to, Ink::Dma, 1.8, false);
            } else {
                let from = (middle, self.ring_at(TX, track.queue) + self.layout.slot().0 / 2.0 + 3.0);
                self.scene.arrow(from, (middle, y - h / 2.0 - 4.0), Ink::Dma, 1.8, false);
            }
        }
        let dma =
            timeline.effects(side, track.at(stage)).find_map(|(_, event): (u32, Event)| match event.kind {
                Kind::Dma { requests, bytes } => Some((requests, bytes)),
                _ => None,
            });
        if let Some((count, bytes)) = dma {
            let text = format!("DMA: {}, {} B", counted(count.into(), "request"), grouped(bytes.into()));
            let at = (x + w + 12.0, y + 4.0);
            let room = self.layout.content_right() - at.0;
            self.scene.label(at, -1, Ink::Dma, 11.0, true, room, text);
        }
        self.select(packet, (x - 8.0, y - h / 2.0, w + 8.0, h));
    }

    /// The latest frames on the wire: those sent move away, those that arrive come in.
    pub(super) fn wire(&mut self) {
        let (timeline, side) = (self.timeline, self.side());
        let x0 = self.layout.gutter + 4.0;
        let right = self.layout.content_right();
        let verdict = if self.layout.compact { 0.0 } else { 150.0 };
        let pitch = 60.0;
        let room = ((right - verdict - x0) / pitch).floor().max(1.0) as usize;
        for (row, frames) in [
            (OUT, timeline.departed(side, self.position).take(room).collect::<Vec<_>>()),
            (IN, timeline.arrived(side, self.position).take(room).collect()),
        ] {
            let y = self.layout.rows[row];
            let foot = y + self.frame_height() / 2.0 + 4.0;
            self.scene.line((x0, foot), (right, foot), Ink::Hair, 1.0);
            let Some(newest) = frames.first().and_then(|packet| timeline.track(side, *packet)) else {
                continue;
            };
            let stage = if row == OUT { Stage::Wire } else { Stage::WireIn };
            let t = ease(self.progress(newest.at(stage)));
            for (i, packet) in frames.iter().copied().enumerate() {
                let Some(track) = timeline.track(side, packet).copied() else { continue };
                let x = x0 + (i as f64 - 1.0 + t).max(0.0) * pitch;
                self.frame(packet, &track, (x, y));
            }
            if row == OUT
                && !self.layout.compact
                && t >= 1.0
                && let Some(identical) = timeline.identical(frames[0])
            {
                let (ink, text) = if identical {
                    (Ink::Dim, "= identical on the wire")
                } else {
                    (Ink::Text, "≠ differs on the wire")
                };
                self.scene.label((right, y + 4.0), 1, ink, 11.0, true, verdict, text);
            }
        }
    }

    fn frame(&mut self, packet: u32, track: &Track, (x, y): (f64, f64)) {
        let width = 52.0;
        let high = self.frame_height();
        let top = y - high / 2.0;
        let w = 8.0 + (width - 8.0) * (f64::from(track.len) / 1460.0).min(1.0);
        let lost = track.lost != NEVER && track.lost <= self.position;
        self.scene.outline(x, top, w, high, Ink::Dim, 1.0);
        self.scene.fill(x, top, 6.0, high, Ink::Header, 0.8);
        if track.up {
            self.notch((x + 2.0, top), high, Ink::Dim);
        }
        let lines = self.timeline.lines_of(self.side(), track).to_vec();
        let hashes = self.hashes(&lines);
        let step = hashes.len().div_ceil(10).max(1);
        for (place, hash) in hashes.iter().step_by(step).enumerate() {
            let cell_x = x + 8.0 + place as f64 * 4.3;
            if cell_x + 3.3 < x + w {
                self.scene.fill(cell_x, top + 3.0, 3.3, high - 6.0, Ink::Content(*hash), 1.0);
            }
        }
        if self.lit(&lines) {
            self.scene.outline(x - 1.0, top - 1.0, w + 2.0, high + 2.0, Ink::Text, 1.0);
        }
        if track.resent > 0 {
            self.scene.text((x + w + 2.0, y + 3.0), -1, Ink::Text, 9.0, "↻");
        }
        if lost || (track.up && track.dropped <= self.position) {
            self.cross((x + w / 2.0, y));
        }
        self.select(packet, (x, top - 1.0, w.max(20.0), high + 2.0));
    }

    /// Height of a frame on the wire.
    fn frame_height(&self) -> f64 {
        if self.layout.compact { 9.0 } else { 12.0 }
    }
}
