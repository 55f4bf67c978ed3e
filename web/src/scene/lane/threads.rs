//! The applications' buffers, what their sockets hold, and what crosses from one to the other.

use super::super::content::{cell, strip};
use super::super::{Ink, grouped, memory};
use super::layout::{SOCKET, USER};
use super::{Artist, CELLS, ease};
use crate::timeline::{COLUMNS, Call, NEVER, Panel, Track};
use snapstack::order::sort_by_number;
use snapstack::sim::{Event, Stage};

/// Writes, calls and frames that are looked back over for the latest of each column.
const LOOK_BACK: usize = 600;

impl Artist<'_> {
    pub(super) fn threads(&mut self, panel: &Panel, grid: &memory::Grid) {
        self.buffers(panel, grid);
        self.queued();
        self.received();
    }

    /// The latest buffer that each column's thread filled.
    fn buffers(&mut self, panel: &Panel, grid: &memory::Grid) {
        let (timeline, side) = (self.timeline, self.side());
        let mut seen = [false; COLUMNS as usize];
        let y = self.layout.rows[USER] - self.layout.strip_height() / 2.0;
        // What a thread sends from last is its buffer: also one that it shares with others.
        let calls =
            timeline.called(side, self.position).take(LOOK_BACK).map(|call| (call.thread, call.write));
        let writes = timeline.writes(side);
        let recent = writes.iter().enumerate().rev().take(LOOK_BACK);
        let recent = recent.filter(|(_, write)| write.at <= self.position && write.thread != Event::NONE);
        let newest = recent.clone().map(|(_, write)| write.at).max();
        let mut shown: Vec<(u32, u32)> =
            recent.map(|(index, write)| (write.thread, index as u32)).chain(calls).collect();
        sort_by_number(&mut shown, |(_, write)| {
            u64::MAX - timeline.write(side, *write).map_or(0, |write| u64::from(write.at))
        });
        for (thread, index) in shown {
            let column = if self.layout.compact { 0 } else { self.column_of(thread) };
            let Some(write) = timeline.write(side, index).copied() else { continue };
            if !self.shows(thread) || std::mem::replace(&mut seen[usize::from(column)], true) {
                continue;
            }
            let x = self.layout.down(column);
            let lines = timeline.contents(side).lines(write.content).to_vec();
            let hashes = self.hashes(&lines);
            let progress = self.progress(write.at);
            let (cells, reference) =
                ((CELLS.0.min(3 * self.layout.cells), self.layout.cells), self.reference());
            let per_cell =
                strip(&mut self.scene, (x, y), self.layout.cell, cells, &hashes, reference, ease(progress));
            if self.lit(&lines) {
                let (w, h) = (self.layout.strip_width(), self.layout.strip_height());
                self.scene.outline(x - 3.0, y - 3.0, w + 5.0, h + 6.0, Ink::Text, 1.0);
            }
            let mut label = if self.layout.compact {
                format!("1 of {} threads", timeline.threads.len())
            } else {
                self.column_name(column, thread)
            };
            if per_cell > 1 && !self.layout.compact && self.layout.column > 140.0 {
                label.push_str(&format!(" · cell = {per_cell} lines"));
            }
            self.scene.label((x, y - 7.0), -1, Ink::Dim, 10.5, false, self.layout.column - 8.0, label);
            if newest == Some(write.at) && self.reference() && progress < 1.0 {
                self.fold(panel, grid, &lines, (x, y), progress);
            }
        }
        // Threads that have not sent anything yet have a name all the same.
        if !self.layout.compact {
            for (column, seen) in seen.iter().enumerate().take(self.layout.columns) {
                let thread = timeline.columns.iter().position(|at| usize::from(*at) == column);
                if let (false, Some(thread)) = (seen, thread) {
                    let text = self.column_name(column as u8, thread as u32);
                    let x = self.layout.down(column as u8);
                    self.scene.text((x, y - 7.0), -1, Ink::Dim, 10.5, text);
                }
            }
        }
    }

    /// What a column is headed with, as long as there is room for.
    fn column_name(&self, column: u8, thread: u32) -> String {
        match (column == COLUMNS - 1, self.layout.column > 62.0) {
            (true, true) => "others".to_owned(),
            (true, false) => "rest".to_owned(),
            (false, true) => format!("thread {}", thread + 1),
            (false, false) => format!("t {}", thread + 1),
        }
    }

    /// Lines on their way from the buffer into the line store: those that are there already fold into their squares.
    fn fold(&mut self, panel: &Panel, grid: &memory::Grid, lines: &[u32], from: (f64, f64), progress: f64) {
        let held = panel.held(self.side());
        let targets = memory::places(held, lines, grid);
        let slots = CELLS.0.min(3 * self.layout.cells);
        let step = lines.len().div_ceil(slots).max(1);
        for (i, line) in lines.iter().enumerate().step_by(step) {
            let place = i / step;
            let start = (
                from.0 + (place % self.layout.cells) as f64 * (self.layout.cell.0 + 1.0),
                from.1 + (place / self.layout.cells) as f64 * (self.layout.cell.1 + 1.0),
            );
            // One after the other.
            let t = ease(progress * 1.6 - 0.6 * place as f64 / slots as f64);
            let at = (start.0 + (targets[i].0 - start.0) * t, start.1 + (targets[i].1 - start.1) * t);
            let hash = self.timeline.glyphs.get(*line as usize).copied().unwrap_or(0);
            cell(&mut self.scene, at, self.layout.cell, hash, false);
            if t > 0.85 && held.counts().get(*line as usize).is_some_and(|count| *count > 1) {
                let size = grid.size + 2.0;
                self.scene.outline(targets[i].0 - 1.0, targets[i].1 - 1.0, size, size, Ink::Reference, 2.0);
            }
        }
    }

    /// What calls of `send()` have put into sockets' queues and no packet carries yet.
    fn queued(&mut self) {
        let (timeline, side) = (self.timeline, self.side());
        let mut seen = [false; COLUMNS as usize];
        let calls: Vec<Call> = timeline.called(side, self.position).take(64).copied().collect();
        for (rank, call) in calls.into_iter().enumerate() {
            let column = self.column_of(call.thread);
            if !self.shows(call.thread) || std::mem::replace(&mut seen[usize::from(column)], true) {
                continue;
            }
            let progress = self.progress(call.at);
            let x = self.layout.down(column);
            let rows = self.layout.rows;
            let y = rows[SOCKET] - self.layout.strip_height() / 2.0;
            let (copied, allocated) = timeline.cost(side, call.at);
            let waits = !self.on_its_way(&call);
            if waits || progress < 1.0 {
                let write = timeline.write(side, call.write).map_or(NEVER, |write| write.content);
                let lines = timeline.part(side, write, call.offset, call.len);
                let hashes = self.hashes(lines);
                let (w, h) = (self.layout.strip_width(), self.layout.strip_height());
                let cells = (CELLS.0.min(3 * self.layout.cells), self.layout.cells);
                let (reference, copies) = (copied == 0, copied > 0);
                // A copy fills up where it is; a reference slides.
                let t = ease(progress);
                let at = if copies { y } else { rows[USER] + (rows[SOCKET] - rows[USER]) * t - h / 2.0 };
                let shown = if copies { t } else { 1.0 };
                self.scene.fill(x - 2.0, at - 2.0, w + 3.0, h + 4.0, Ink::Ground, 0.9);
                strip(&mut self.scene, (x, at), self.layout.cell, cells, &hashes, reference, shown);
                let ink = if copies { Ink::Copy } else { Ink::Reference };
                self.scene.outline(x - 3.0, at - 3.0, w + 5.0, h + 6.0, ink, 1.5);
                self.ticks((x + w + 6.0, at + h), allocated);
            }
            // Of what crosses the newest is told, and what was just now.
            if rank == 0 && (self.age(call.at) < 6.0 || self.view.spread <= 1.0 && waits) {
                self.crossing((x, USER, SOCKET), copied, call.len);
            }
        }
    }

    /// Whether a packet already carries the last of a call's bytes below the socket layer.
    fn on_its_way(&self, call: &Call) -> bool {
        let end = call.offset + call.len;
        let newest = self.timeline.in_flight(self.side(), self.position).collect::<Vec<_>>();
        let carries = |track: &Track| {
            !track.up
                && track.write == call.write
                && track.offset + track.len >= end
                && track.start() > call.at
        };
        let mut tracks = newest.iter().rev().filter_map(|packet| self.timeline.track(self.side(), *packet));
        tracks.any(carries) || self.age(call.at) > 24.0
    }

    /// Calls to an allocator.
    pub(super) fn ticks(&mut self, (x, y): (f64, f64), count: u32) {
        for i in 0..count.min(6) {
            let x = x + 6.0 * f64::from(i);
            self.scene.shapes.push(super::super::Shape::Path {
                points: vec![(x, y), (x, y - 8.0)],
                ink: Ink::Allocation,
                width: 2.5,
                dashed: false,
                alpha: 1.0,
            });
        }
    }

    /// What crosses between user and kernel: a copy, or a reference; from one row to another.
    fn crossing(&mut self, (x, from, to): (f64, usize, usize), copied: u32, len: u32) {
        let half = self.layout.strip_height() / 2.0;
        let cx = x + self.layout.strip_width() / 2.0;
        let (a, b) = (self.layout.rows[from], self.layout.rows[to]);
        let (ink, width, text) = if copied > 0 {
            (Ink::Copy, 2.2, format!("copy {} B", grouped(u64::from(copied))))
        } else {
            (Ink::Reference, 1.5, format!("reference, 0 of {} B", grouped(u64::from(len))))
        };
        let down = if b > a { 1.0 } else { -1.0 };
        let (start, end) = (a + down * (half + 3.0), b - down * (half + 4.0));
        self.scene.arrow((cx, start), (cx, end), ink, width, copied == 0);
        // On the right, unless there is more room on the left.
        let (y, after) = (f64::midpoint(a, b) + 4.0, x + self.layout.strip_width() + 8.0);
        let (room, before) = (self.layout.content_right() - after, x - 8.0);
        if room >= 120.0 || room >= before {
            self.scene.label((after, y), -1, ink, 11.0, true, room, text);
        } else {
            self.scene.label((before, y), 1, ink, 11.0, true, before, text);
        }
    }

    /// What has arrived: in sockets' queues, and in the applications' hands.
    fn received(&mut self) {
        let (timeline, side) = (self.timeline, self.side());
        let mut seen = [false; COLUMNS as usize];
        let arrived: Vec<u32> = timeline.arrived(side, self.position).take(LOOK_BACK).collect();
        for packet in arrived {
            let Some(track) = timeline.track(side, packet).copied() else { continue };
            let at = track.at(Stage::Recv);
            let column = self.column_of(track.thread);
            if at > self.position || !self.shows(track.thread) {
                continue;
            }
            if std::mem::replace(&mut seen[usize::from(column)], true) {
                continue;
            }
            let x = self.layout.up(column);
            let h = self.layout.strip_height();
            let y = self.layout.rows[USER] - h / 2.0;
            let progress = self.progress(at);
            let lines = timeline.lines_of(side, &track).to_vec();
            let hashes = self.hashes(&lines);
            let cells = (CELLS.0.min(3 * self.layout.cells), self.layout.cells);
            let (copied, allocated) = timeline.cost(side, at);
            let (t, copies) = (ease(progress), copied > 0);
            let from = self.layout.rows[SOCKET] - h / 2.0;
            let top = if copies { y } else { from + (y - from) * t };
            let shown = if copies { t } else { 1.0 };
            let reference = self.reference();
            strip(&mut self.scene, (x, top), self.layout.cell, cells, &hashes, reference, shown);
            self.notch((x, top), h, Ink::Dim);
            self.select(packet, (x, top, self.layout.strip_width(), h));
            if self.age(at) < 6.0 {
                self.crossing((x, SOCKET, USER), copied, track.len);
                self.ticks((x + self.layout.strip_width() + 6.0, top + h), allocated);
            }
        }
    }
}
