//! One lane: layers as rows, threads as columns, packets on their way from user to wire.
//!
//! The picture is a function of the timeline and a fractional position: event n happens while the position goes from
//! n - 1 to n, or over `spread` events when playback is too fast to follow single ones.

use snapstack::sim::{Kind, Stage};

use super::content::{cell, strip};
use super::{Ink, Scene, Target, grouped, memory};
use crate::timeline::{COLUMNS, NEVER, Panel, Side, Timeline};

/// Cells of a packet at the most, and cells a row.
const CELLS: (usize, usize) = (24, 8);
/// Packets in the layers up to which their content is drawn.
const DETAILED: usize = 12;

/// What to look at, and from where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneView {
    /// Which lane.
    pub side: Side,
    /// Width in CSS pixels.
    pub width: f64,
    /// Height in CSS pixels.
    pub height: f64,
    /// Fractional position.
    pub at: f64,
    /// Events over which a movement is spread, at least 1.
    pub spread: f64,
    /// The selected packet.
    pub selected: Option<u32>,
}

struct Layout {
    compact: bool,
    gutter: f64,
    column: f64,
    columns: usize,
    cell: (f64, f64),
    rows: [f64; 8],
    memory: (f64, f64, f64, f64),
}

const USER: usize = 0;
const RING: usize = 5;
const NIC: usize = 6;
const WIRE: usize = 7;

impl Layout {
    fn new(view: &LaneView, used: usize) -> Self {
        let compact = view.height < 330.0;
        let gutter = if compact { 46.0 } else { 62.0 };
        let memory_width = (view.width * 0.3).clamp(96.0, 230.0);
        let columns = if compact { 1 } else { used.clamp(1, COLUMNS as usize) };
        let column = (view.width - gutter - memory_width - 20.0) / columns as f64;
        let top = if compact { 16.0 } else { 24.0 };
        let band = view.height - top - 6.0;
        let rows = if compact {
            let y = |share: f64| top + band * share;
            [y(0.12), y(0.42), y(0.45), y(0.48), y(0.51), y(0.74), y(0.84), y(0.94)]
        } else {
            std::array::from_fn(|i| top + band * (i as f64 + 0.5) / 8.0)
        };
        let wide = ((column.min(190.0) - 30.0) / CELLS.1 as f64 - 1.0)
            .clamp(3.0, if compact { 8.0 } else { 12.0 })
            .floor();
        // Three rows of cells and the arrows between layers must fit a row of the lane.
        let high = ((band / if compact { 5.0 } else { 8.0 } - 22.0) / 3.0).clamp(3.0, 8.0).floor();
        let memory = (
            view.width - memory_width - 8.0,
            if compact { 2.0 } else { 8.0 },
            memory_width,
            view.height - 14.0,
        );
        Self { compact, gutter, column, columns, cell: (wide, high), rows, memory }
    }

    fn x(&self, column: u8) -> f64 {
        let column = if self.compact { 0 } else { usize::from(column).min(self.columns - 1) };
        self.gutter + self.column * column as f64 + 18.0
    }

    fn strip_width(&self) -> f64 {
        (self.cell.0 + 1.0) * CELLS.1 as f64
    }

    fn strip_height(&self) -> f64 {
        3.0 * self.cell.1 + 2.0
    }

    fn content_right(&self) -> f64 {
        self.memory.0 - 14.0
    }
}

fn ease(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// Draws a lane.
pub fn lane(timeline: &Timeline, panel: &Panel, view: &LaneView) -> Scene {
    let position = (view.at.ceil() as u32).min(timeline.len());
    let used = timeline.traffic.columns.iter().max().map_or(1, |max| usize::from(*max) + 1);
    let layout = Layout::new(view, used);
    let mut artist = Artist { scene: Scene::default(), timeline, view, layout, position };
    artist.ground();
    let grid = memory::draw(&mut artist.scene, timeline, panel, view.side, position, artist.layout.memory);
    artist.buffers(panel, &grid);
    artist.layers();
    artist.ring();
    artist.nic();
    artist.wire();
    artist.scene
}

struct Artist<'a> {
    scene: Scene,
    timeline: &'a Timeline,
    view: &'a LaneView,
    layout: Layout,
    position: u32,
}

impl Artist<'_> {
    /// How far what happened at a position has got.
    fn progress(&self, at: u32) -> f64 {
        if at == NEVER {
            return 0.0;
        }
        ((self.view.at - (f64::from(at) - 1.0)) / self.view.spread).clamp(0.0, 1.0)
    }

    /// How many spreads ago something happened.
    fn age(&self, at: u32) -> f64 {
        (self.view.at - f64::from(at)) / self.view.spread.max(4.0)
    }

    fn reference(&self) -> bool {
        self.view.side == Side::Right
    }

    fn hashes(&self, send: u32, offset: u32, len: u32) -> Vec<u32> {
        let traffic = &self.timeline.traffic;
        let contents = traffic.contents(send);
        let (from, to) = (offset / traffic.line_size, (offset + len).div_ceil(traffic.line_size));
        let lines = contents.get(from as usize..(to as usize).min(contents.len())).unwrap_or_default();
        lines.iter().map(|content| traffic.glyphs[*content as usize]).collect()
    }

    fn column_of(&self, send: u32) -> u8 {
        let traffic = &self.timeline.traffic;
        traffic.columns[traffic.sends[send as usize].flow as usize]
    }

    fn ground(&mut self) {
        let layout = &self.layout;
        let right = layout.content_right();
        let rows = layout.rows;
        let labels: &[(usize, &str)] = if layout.compact {
            &[(0, "user"), (2, "kernel"), (5, "ring"), (7, "wire")]
        } else {
            &[
                (0, "user"),
                (1, "socket"),
                (2, "transport"),
                (3, "ip"),
                (4, "driver"),
                (5, "tx ring"),
                (6, "nic"),
                (7, "wire"),
            ]
        };
        for (row, label) in labels {
            self.scene.text((8.0, rows[*row] + 4.0), -1, Ink::Dim, 10.5, *label);
        }
        let breaks: &[usize] = if layout.compact { &[1, 5] } else { &[1, 5, 6, 7] };
        for row in breaks {
            let y = ((rows[row - 1] + rows[*row]) / 2.0).round() + 0.5;
            self.scene.line((8.0, y), (right, y), Ink::Hair, 1.0);
        }
    }

    /// The applications' buffers: the latest of each column.
    fn buffers(&mut self, panel: &Panel, grid: &memory::Grid) {
        let timeline = self.timeline;
        let end = timeline.order.partition_point(|send| timeline.sends[*send as usize].at <= self.position);
        let mut seen = [false; COLUMNS as usize];
        let y = self.layout.rows[USER] - self.layout.strip_height() / 2.0;
        for (newest, send) in timeline.order[end.saturating_sub(400)..end].iter().rev().copied().enumerate() {
            let column = if self.layout.compact { 0 } else { self.column_of(send) };
            if std::mem::replace(&mut seen[usize::from(column)], true) {
                continue;
            }
            let info = timeline.traffic.sends[send as usize];
            let x = self.layout.x(column);
            let hashes = self.hashes(send, 0, info.len);
            let progress = self.progress(timeline.sends[send as usize].at);
            let shown = ease(progress);
            let reference = self.reference();
            let per_cell = strip(&mut self.scene, (x, y), self.layout.cell, CELLS, &hashes, reference, shown);
            let mut label = if self.layout.compact {
                format!("1 of {} threads", timeline.traffic.flows.len())
            } else if column == COLUMNS - 1 {
                "others".to_owned()
            } else {
                format!("thread {}", info.flow + 1)
            };
            if per_cell > 1 && !self.layout.compact {
                label.push_str(&format!(" · cell = {per_cell} lines"));
            }
            let top = y - 7.0;
            self.scene.label((x, top), -1, Ink::Dim, 10.5, false, self.layout.column - 8.0, label);
            if newest == 0 && self.reference() && progress < 1.0 {
                self.fold(panel, grid, send, (x, y), progress);
            }
        }
    }

    /// Lines on their way from the buffer into the line store: those that are there already fold into their squares.
    fn fold(&mut self, panel: &Panel, grid: &memory::Grid, send: u32, from: (f64, f64), progress: f64) {
        let contents = self.timeline.traffic.contents(send).to_vec();
        let targets = memory::places(panel, &contents, grid);
        let step = contents.len().div_ceil(CELLS.0).max(1);
        for (i, content) in contents.iter().enumerate().step_by(step) {
            let place = i / step;
            let start = (
                from.0 + (place % CELLS.1) as f64 * (self.layout.cell.0 + 1.0),
                from.1 + (place / CELLS.1) as f64 * (self.layout.cell.1 + 1.0),
            );
            // One after the other.
            let t = ease(progress * 1.6 - 0.6 * place as f64 / CELLS.0 as f64);
            let at = (start.0 + (targets[i].0 - start.0) * t, start.1 + (targets[i].1 - start.1) * t);
            let hash = self.timeline.traffic.glyphs[*content as usize];
            cell(&mut self.scene, at, self.layout.cell, hash, false);
            if t > 0.85 && panel.counts().get(*content as usize).is_some_and(|count| *count > 1) {
                let size = grid.size + 2.0;
                self.scene.outline(targets[i].0 - 1.0, targets[i].1 - 1.0, size, size, Ink::Reference, 2.0);
            }
        }
    }

    /// Packets between socket and TX ring.
    fn layers(&mut self) {
        let timeline = self.timeline;
        let mut packets: Vec<(u32, Stage)> = timeline
            .in_flight(self.position)
            .filter_map(|packet| {
                let track = &timeline.packets[packet as usize];
                let stage = track.stage(self.position)?;
                // In the driver a packet is soon only a slot of the ring.
                let gone = stage == Stage::Driver && self.age(track.stages[4]) > 1.5;
                (stage <= Stage::Driver && !gone).then_some((packet, stage))
            })
            .collect();
        let all = packets.len();
        let detailed = all <= DETAILED;
        if self.layout.compact {
            packets.drain(..all.saturating_sub(1));
        }
        let mut stacked = std::collections::HashMap::new();
        for (packet, stage) in packets {
            let track = timeline.packets[packet as usize];
            let row = stage as usize;
            let (to, from) = (self.layout.rows[row], self.layout.rows[row - 1]);
            let t = ease(self.progress(track.stages[row]));
            let column = self.column_of(track.send);
            let depth = stacked.entry((column, row)).or_insert(0u32);
            let shift = f64::from(*depth * 4);
            *depth += 1;
            let x = self.layout.x(column) + shift.min(16.0);
            // A copy is made where it is; everything else slides.
            let slides = self.reference() || stage != Stage::Socket;
            let y = if slides { from + (to - from) * t } else { to } - self.layout.strip_height() / 2.0
                + shift.min(16.0);
            let shown = if stage == Stage::Socket && !self.reference() { t } else { 1.0 };
            self.packet(packet, (x, y), shown, detailed, stage);
            if stage == Stage::Socket && (detailed || self.view.selected == Some(packet)) {
                self.crossing(&track, (x, self.layout.rows[0], self.layout.rows[1]));
            }
        }
        if all > DETAILED {
            let text = format!("{} packets in the layers", grouped(all as u64));
            let at = (self.layout.content_right(), self.layout.rows[1] - 8.0);
            self.scene.text(at, 1, Ink::Dim, 10.5, text);
        }
    }

    /// What crosses from user to kernel: a copy, or a reference.
    fn crossing(&mut self, track: &crate::timeline::PacketTrack, (x, from, to): (f64, f64, f64)) {
        let half = self.layout.strip_height() / 2.0;
        let cx = x + self.layout.strip_width() / 2.0;
        let (ink, width, text) = if self.reference() {
            (Ink::Reference, 1.5, "reference, 0 B".to_owned())
        } else {
            (Ink::Copy, 2.2, format!("copy {} B", grouped(u64::from(track.len))))
        };
        self.scene.arrow((cx, from + half + 3.0), (cx, to - half - 4.0), ink, width, self.reference());
        let at = (x + self.layout.strip_width() + 8.0, f64::midpoint(from, to) + 14.0);
        self.scene.label(at, -1, ink, 11.0, true, self.layout.content_right() - at.0, text);
    }

    /// A packet: its headers so far, its lines, and the ring of what made it.
    fn packet(&mut self, packet: u32, (x, y): (f64, f64), shown: f64, detailed: bool, stage: Stage) {
        let track = self.timeline.packets[packet as usize];
        let (w, h) = (self.layout.strip_width(), self.layout.strip_height());
        let headers = (stage as usize).saturating_sub(1).min(3);
        for i in 0..headers {
            self.scene.fill(x - 6.0 - 5.0 * i as f64, y, 4.0, h, Ink::Header, 1.0);
        }
        let (ring, width) = if self.reference() { (Ink::Reference, 1.5) } else { (Ink::Copy, 1.5) };
        if detailed || self.view.selected == Some(packet) {
            self.scene.fill(x - 2.0, y - 2.0, w + 3.0, h + 4.0, Ink::Ground, 0.9);
            let hashes = self.hashes(track.send, track.offset, track.len);
            let reference = self.reference();
            strip(&mut self.scene, (x, y), self.layout.cell, CELLS, &hashes, reference, shown);
            if stage == Stage::Socket || self.reference() {
                self.scene.outline(x - 3.0, y - 3.0, w + 5.0, h + 6.0, ring, width);
            }
        } else {
            let share = f64::from(track.len) / 1500.0;
            self.scene.fill(x, y + h / 3.0, (w * share.min(1.0)).max(3.0), h / 3.0, ring, 0.8);
        }
        if stage == Stage::Socket && !self.reference() {
            // sk_buff and head: calls to the allocator.
            for i in 0..2 {
                let at = (x + w + 6.0 + 6.0 * f64::from(i), y + h);
                self.scene.shapes.push(super::Shape::Path {
                    points: vec![(at.0, at.1), (at.0, at.1 - 8.0)],
                    ink: Ink::Allocation,
                    width: 2.5,
                    dashed: false,
                    alpha: 1.0,
                });
            }
        }
        if self.view.selected == Some(packet) {
            self.scene.outline(x - 6.0, y - 6.0, w + 11.0, h + 12.0, Ink::Text, 1.5);
        }
        self.scene.targets.push(Target { x: x - 6.0, y: y - 4.0, w: w + 10.0, h: h + 8.0, packet });
    }

    /// The TX ring around its pointers.
    fn ring(&mut self) {
        let series = &self.timeline.series[self.view.side as usize].ring;
        let [head, tail, owned, unposted] = [0, 1, 2, 3].map(|i| series[i].value(self.position));
        let (x0, y) = (self.layout.gutter + 4.0, self.layout.rows[RING]);
        let pitch = 13.0;
        let slots = ((self.layout.content_right() - x0) / pitch).floor().max(4.0);
        let reference = self.reference();
        let busy = owned + unposted;
        // The window moves by half its width, so that slots stand still while they fill.
        let half = (slots / 2.0).floor();
        let next = tail + 1.0;
        let first = (next / half).floor() * half - 2.0;
        for i in 0..slots as u32 {
            let slot = first + f64::from(i);
            let (x, top, w, h) = (x0 + f64::from(i) * pitch, y - 8.0, 10.0, 16.0);
            let distance = slot - next;
            if (0.0..owned).contains(&distance) {
                self.scene.fill(x, top, w, h, Ink::Dma, 0.3);
                self.scene.outline(x, top, w, h, if reference { Ink::Reference } else { Ink::Dma }, 1.5);
            } else if (owned..busy).contains(&distance) {
                self.scene.outline(x, top, w, h, if reference { Ink::Reference } else { Ink::Dim }, 1.5);
            } else {
                self.scene.outline(x, top, w, h, Ink::Faint, 1.0);
            }
        }
        if self.layout.compact || tail + head == 0.0 {
            return;
        }
        let label = |slot: f64| x0 + (slot - first) * pitch + 5.0;
        let (tail_x, head_x) = (label(tail), label(next + owned));
        let right = self.layout.content_right();
        self.scene.text((tail_x.max(x0 + 20.0), y + 21.0), 0, Ink::Dim, 10.0, format!("Tail {tail}"));
        let head_x = head_x.max(tail_x + 58.0).min(right - 30.0);
        self.scene.text((head_x, y + 21.0), 0, Ink::Dim, 10.0, format!("Head {head}"));
        if unposted > 0.0 && owned == 0.0 {
            let text = format!("{unposted} filled, doorbell not rung");
            self.scene.text((right, y - 13.0), 1, Ink::Dim, 10.0, text);
        } else if owned > 0.0 {
            self.scene.text((right, y - 13.0), 1, Ink::Dma, 10.0, format!("{owned} posted"));
        }
    }

    /// The packet that the NIC reads.
    fn nic(&mut self) {
        let timeline = self.timeline;
        let reading = timeline
            .in_flight(self.position)
            .find(|packet| timeline.packets[*packet as usize].stage(self.position) == Some(Stage::Dma));
        let y = self.layout.rows[NIC];
        let x0 = self.layout.gutter + 4.0;
        let Some(packet) = reading else {
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
        let track = timeline.packets[packet as usize];
        let t = ease(self.progress(track.stages[6]));
        let half = self.layout.strip_height() / 2.0;
        let mut requests = None;
        for next in track.stages[6] + 1..(track.stages[6] + 12).min(timeline.len()) {
            match timeline.event(next) {
                Some((Some(side), event)) => {
                    if side == self.view.side
                        && let Kind::Dma { requests: count, bytes } = event.kind
                    {
                        requests = Some((count, bytes));
                    }
                }
                _ => break,
            }
        }
        let x = x0 + 14.0;
        let hashes = self.hashes(track.send, track.offset, track.len);
        self.scene.fill(x - 8.0, y - half, 5.0, 2.0 * half, Ink::Header, 1.0);
        strip(&mut self.scene, (x, y - half), self.layout.cell, CELLS, &hashes, false, t);
        let middle = x + self.layout.strip_width() / 2.0;
        if !self.layout.compact {
            self.scene.arrow(
                (middle, self.layout.rows[RING] + 26.0),
                (middle, y - half - 4.0),
                Ink::Dma,
                1.8,
                false,
            );
        }
        if let Some((count, bytes)) = requests {
            let plural = if count == 1 { "request" } else { "requests" };
            let text = format!("DMA: {count} {plural}, {} B", grouped(u64::from(bytes)));
            let at = (x + self.layout.strip_width() + 12.0, y + 4.0);
            let room = self.layout.content_right() - at.0;
            self.scene.label(at, -1, Ink::Dma, 11.0, true, room, text);
        }
        let w = self.layout.strip_width();
        if self.view.selected == Some(packet) {
            self.scene.outline(x - 12.0, y - half - 4.0, w + 16.0, 2.0 * half + 8.0, Ink::Text, 1.5);
        }
        self.scene.targets.push(Target {
            x: x - 10.0,
            y: y - half - 3.0,
            w: w + 12.0,
            h: 2.0 * half + 6.0,
            packet,
        });
    }

    /// The latest frames on the wire, moving away.
    fn wire(&mut self) {
        let timeline = self.timeline;
        let y = self.layout.rows[WIRE];
        let x0 = self.layout.gutter + 4.0;
        let right = self.layout.content_right();
        self.scene.line((x0, y + 12.0), (right, y + 12.0), Ink::Hair, 1.0);
        let verdict = if self.layout.compact { 0.0 } else { 150.0 };
        let (width, pitch) = (52.0, 60.0);
        let room = ((right - verdict - x0) / pitch).floor().max(1.0) as usize;
        let frames: Vec<u32> = timeline.on_wire(self.position).take(room).collect();
        let Some(newest) = frames.first().copied() else { return };
        let t = ease(self.progress(timeline.packets[newest as usize].stages[7]));
        for (i, packet) in frames.iter().copied().enumerate() {
            let track = timeline.packets[packet as usize];
            let x = x0 + (i as f64 - 1.0 + t).max(0.0) * pitch;
            let w = 8.0 + (width - 8.0) * (f64::from(track.len) / 1460.0).min(1.0);
            self.scene.outline(x, y - 6.0, w, 12.0, Ink::Dim, 1.0);
            self.scene.fill(x, y - 6.0, 6.0, 12.0, Ink::Header, 0.8);
            let hashes = self.hashes(track.send, track.offset, track.len);
            let step = hashes.len().div_ceil(10).max(1);
            for (place, hash) in hashes.iter().step_by(step).enumerate() {
                let cell_x = x + 8.0 + place as f64 * 4.3;
                if cell_x + 3.3 < x + w {
                    self.scene.fill(cell_x, y - 3.0, 3.3, 6.0, Ink::Content(*hash), 1.0);
                }
            }
            if self.view.selected == Some(packet) {
                self.scene.outline(x - 3.0, y - 9.0, w + 6.0, 18.0, Ink::Text, 1.5);
            }
            self.scene.targets.push(Target { x, y: y - 10.0, w: w.max(20.0), h: 20.0, packet });
        }
        if !self.layout.compact
            && let Some(identical) = timeline.packets[newest as usize].identical
            && t >= 1.0
        {
            let (ink, text) = if identical {
                (Ink::Dim, "= identical on the wire")
            } else {
                (Ink::Copy, "× differs on the wire")
            };
            self.scene.label((right, y + 4.0), 1, ink, 11.0, true, verdict, text);
        }
    }
}
