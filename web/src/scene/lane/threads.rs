//! The applications' buffers, what their sockets hold, and what crosses from one to the other.

use super::super::content::{cell, strip};
use super::super::{Ink, grouped, memory};
use super::layout::{SOCKET, USER};
use super::{Artist, BLUR, ease};
use crate::timeline::{COLUMNS, Call, NEVER, Panel, Side, Track};
use snapstack::buffers::Origin;
use snapstack::ledger::CopyCause;
use snapstack::order::sort_by_number;
use snapstack::sim::{Event, Kind, Stage};

/// Writes, calls and frames that are looked back over for the latest of each column.
const LOOK_BACK: usize = 600;
/// Mean width of a letter of what is said of a crossing, in CSS pixels.
const LETTER: f64 = 6.3;

impl Artist<'_> {
    pub(super) fn threads(&mut self, panel: &Panel, grid: &memory::Grid) {
        self.buffers(panel, grid);
        let mut said = Vec::new();
        if self.view.spread > BLUR {
            self.flow(&mut said);
        }
        self.queued(&mut said);
        self.received(&mut said);
    }

    /// What the newest call of `send()` brings into memory: lines on their way, or those that it refers to.
    pub(super) fn arriving(&self, side: Side) -> memory::Arriving {
        let timeline = self.timeline;
        let mut arriving = memory::Arriving::default();
        let Some(call) = timeline.called(side, self.position).next().filter(|_| self.view.spread <= BLUR)
        else {
            return arriving;
        };
        let content = timeline.write(side, call.write).map_or(NEVER, |write| write.content);
        let lines = timeline.part(side, content, call.offset, call.len).to_vec();
        let held = |(at, event): (u32, Event)| match event.kind {
            Kind::Content { origin: Origin::Kernel, .. } => Some(at <= self.position),
            _ => None,
        };
        if timeline.cost(side, call.at).0 > 0 {
            if timeline.effects(side, call.at).find_map(held) == Some(false) {
                arriving.copied = (lines, ease(self.progress(call.at)));
            }
        } else if self.age(call.at) < 1.0 {
            arriving.referred = lines;
            sort_by_number(&mut arriving.referred, |line| u64::from(*line));
        }
        arriving
    }

    /// What crosses at a speed at which single calls are not followed: the sum of what the picture is spread over.
    fn flow(&mut self, said: &mut Vec<(f64, f64)>) {
        let (timeline, side) = (self.timeline, self.side());
        let since = (self.view.at - self.view.spread).max(0.0) as u32;
        let changes = timeline.series[side as usize].copied.changes();
        let within = |at: u32| changes.partition_point(|change| *change <= at);
        // What arrives is copied too, but crosses elsewhere.
        let down = |at: &u32| match timeline.event(*at)?.1.kind {
            Kind::Copy { cause: CopyCause::UserToKernel, bytes } => Some(bytes),
            _ => None,
        };
        let copied: u32 = changes[within(since)..within(self.position)].iter().filter_map(down).sum();
        let sent = timeline.called(side, self.position).take_while(|call| call.at > since);
        let sent: u32 = sent.map(|call| call.len).sum();
        if copied > 0 || sent > 0 {
            let x = self.layout.down(0);
            self.crossing((x, USER, SOCKET), copied, said);
        }
    }

    /// The latest buffer that each column's thread filled.
    fn buffers(&mut self, panel: &Panel, grid: &memory::Grid) {
        let (timeline, side) = (self.timeline, self.side());
        let mut seen = [false; COLUMNS as usize];
        let cells = self.layout.strip(false);
        let top = self.layout.rows[USER] - cells.most().1 / 2.0;
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
            let reference = self.reference();
            let (w, h) = cells.size(lines.len());
            let y = self.layout.rows[USER] - h / 2.0;
            let per_cell = strip(&mut self.scene, (x, y), cells, &hashes, reference, ease(progress));
            if self.lit(&lines) {
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
            self.scene.label((x, top - 7.0), -1, Ink::Dim, 10.5, false, self.layout.column - 8.0, label);
            if newest == Some(write.at) && self.reference() && progress < 1.0 {
                self.fold((panel, grid), write.content, &lines, (x, y), progress);
            }
        }
        // Threads that have not sent anything yet have a name all the same.
        if !self.layout.compact {
            for (column, seen) in seen.iter().enumerate().take(self.layout.columns) {
                let thread = timeline.columns.iter().position(|at| usize::from(*at) == column);
                if let (false, Some(thread)) = (seen, thread) {
                    let text = self.column_name(column as u8, thread as u32);
                    let x = self.layout.down(column as u8);
                    self.scene.text((x, top - 7.0), -1, Ink::Dim, 10.5, text);
                }
            }
        }
    }

    /// What a column is headed with, as long as there is room for.
    fn column_name(&self, column: u8, thread: u32) -> String {
        let last = usize::from(column) + 1 == self.layout.columns && self.layout.folded;
        match (column == COLUMNS - 1 || last, self.layout.column > 62.0) {
            (true, true) => "others".to_owned(),
            (true, false) => "rest".to_owned(),
            (false, true) => format!("thread {}", thread + 1),
            (false, false) => format!("t {}", thread + 1),
        }
    }

    /// Lines on their way from the buffer into the line store: those that are there already fold into their squares.
    fn fold(
        &mut self,
        (panel, grid): (&Panel, &memory::Grid),
        content: u32,
        lines: &[u32],
        from: (f64, f64),
        progress: f64,
    ) {
        let held = panel.held(self.side());
        let targets = memory::places(held, lines, grid);
        // Whether the store has its own lines yet.
        let born = self.timeline.contents(self.side()).get(content).map_or(NEVER, |content| content.born);
        let own = |line: u32| match born <= self.position {
            true => lines.iter().filter(|other| **other == line).count() as u32,
            false => 0,
        };
        let there = |line: u32| held.counts().get(line as usize).is_some_and(|count| *count > own(line));
        let known = lines.iter().filter(|line| there(**line)).count();
        let hash = |line: u32| self.timeline.glyphs.get(line as usize).copied().unwrap_or(0);
        let (x, y, w, h) = self.layout.memory;
        // The other lines step back meanwhile.
        self.scene.fill(x, y + 30.0, w, h - 30.0, Ink::Ground, 0.6 * (1.0 - ease(progress * 4.0 - 3.0)));
        for (line, at) in lines.iter().zip(&targets).filter(|(line, _)| there(**line)) {
            cell(&mut self.scene, *at, (grid.size, grid.size), hash(*line), false);
            let size = grid.size + 2.0;
            self.scene.outline(at.0 - 1.0, at.1 - 1.0, size, size, Ink::Reference, 2.0);
        }
        let cells = self.layout.strip(false);
        let step = lines.len().div_ceil(cells.slots()).max(1);
        for (i, line) in lines.iter().enumerate().step_by(step) {
            let place = i / step;
            let (dx, dy) = cells.at(place);
            let start = (from.0 + dx, from.1 + dy);
            // One after the other.
            let t = ease(progress * 1.6 - 0.6 * place as f64 / cells.slots() as f64);
            let at = (start.0 + (targets[i].0 - start.0) * t, start.1 + (targets[i].1 - start.1) * t);
            cell(&mut self.scene, at, cells.cell, hash(*line), false);
        }
        let text = format!("{known} already here, {} new", lines.len() - known);
        let (wide, middle) = (text.len() as f64 * LETTER + 16.0, (x + w / 2.0, y + h / 2.0));
        self.scene.fill(middle.0 - wide / 2.0, middle.1 - 15.0, wide, 22.0, Ink::Ground, 0.9);
        self.scene.label(middle, 0, Ink::Reference, 12.0, true, w, text);
    }

    /// What calls of `send()` have put into sockets' queues and no packet carries yet.
    fn queued(&mut self, said: &mut Vec<(f64, f64)>) {
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
            let (copied, allocated) = timeline.cost(side, call.at);
            let waits = !self.on_its_way(&call);
            if waits || progress < 1.0 {
                let write = timeline.write(side, call.write).map_or(NEVER, |write| write.content);
                let lines = timeline.part(side, write, call.offset, call.len);
                let hashes = self.hashes(lines);
                let cells = self.layout.strip(false);
                let (w, h) = cells.size(lines.len());
                let (reference, copies) = (copied == 0, copied > 0);
                // A copy fills up where it is; a reference slides.
                let t = ease(progress);
                let middle = if copies { rows[SOCKET] } else { rows[USER] + (rows[SOCKET] - rows[USER]) * t };
                let (at, shown) = (middle - h / 2.0, if copies { t } else { 1.0 });
                // What is blurred and hardly begun is not there yet.
                if self.view.spread <= BLUR || shown > 0.5 {
                    self.scene.fill(x - 2.0, at - 2.0, w + 3.0, h + 4.0, Ink::Ground, 0.9);
                    strip(&mut self.scene, (x, at), cells, &hashes, reference, shown);
                    let ink = if copies { Ink::Copy } else { Ink::Reference };
                    self.scene.outline(x - 3.0, at - 3.0, w + 5.0, h + 6.0, ink, 1.5);
                    self.ticks((x + w + 6.0, at + h), allocated);
                }
            }
            // Of what crosses the newest is told, and what was just now, until a buffer is filled again.
            let newer = timeline
                .writes(side)
                .iter()
                .rev()
                .take(LOOK_BACK)
                .any(|write| write.at > call.at && write.at <= self.position);
            let told = self.age(call.at) < 6.0 || self.view.spread <= 1.0 && waits;
            if rank == 0 && told && !newer && self.view.spread <= BLUR {
                self.crossing((x, USER, SOCKET), copied, said);
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

    /// What crosses between user and kernel: a copy, or a reference; from one row to another. It is told where nothing else
    /// is: `said` has from where to where.
    fn crossing(&mut self, (x, from, to): (f64, usize, usize), copied: u32, said: &mut Vec<(f64, f64)>) {
        let (w, h) = self.layout.strip(to < from).most();
        let half = h / 2.0;
        let cx = x + w / 2.0;
        let (a, b) = (self.layout.rows[from], self.layout.rows[to]);
        let (ink, width, text) = if copied > 0 {
            (Ink::Copy, 2.2, format!("copy {} B", grouped(u64::from(copied))))
        } else {
            (Ink::Reference, 1.5, "reference, 0 B".to_owned())
        };
        let down = if b > a { 1.0 } else { -1.0 };
        let (start, end) = (a + down * (half + 3.0), b - down * (half + 4.0));
        self.scene.arrow((cx, start), (cx, end), ink, width, copied == 0);
        // At the arrow's right, unless there is more room at its left.
        let y = f64::midpoint(a, b) + 4.0;
        let (after, before) = (x + w + 8.0, x - 8.0);
        let wide = text.len() as f64 * LETTER;
        let room = self.layout.content_right() - after;
        let (at, anchor, span) = if room >= wide || room >= before {
            (after, -1, (after, after + wide.min(room)))
        } else {
            (before, 1, (before - wide, before))
        };
        if said.iter().all(|other| span.1 < other.0 || span.0 > other.1) {
            said.push(span);
            self.scene.label((at, y), anchor, ink, 11.0, true, span.1 - span.0 + 8.0, text);
        }
    }

    /// What has arrived: in sockets' queues, and in the applications' hands.
    fn received(&mut self, said: &mut Vec<(f64, f64)>) {
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
            let progress = self.progress(at);
            let lines = timeline.lines_of(side, &track).to_vec();
            let hashes = self.hashes(&lines);
            let cells = self.layout.strip(true);
            let (w, h) = cells.size(lines.len());
            let (copied, allocated) = timeline.cost(side, at);
            let (t, copies) = (ease(progress), copied > 0);
            let rows = self.layout.rows;
            let middle = if copies { rows[USER] } else { rows[SOCKET] + (rows[USER] - rows[SOCKET]) * t };
            let (top, shown) = (middle - h / 2.0, if copies { t } else { 1.0 });
            let reference = self.reference();
            strip(&mut self.scene, (x, top), cells, &hashes, reference, shown);
            self.notch((x, top), h, Ink::Dim);
            self.select(packet, (x, top, w, h));
            if self.age(at) < 6.0 && self.view.spread <= BLUR {
                self.crossing((x, SOCKET, USER), copied, said);
                self.ticks((x + w + 6.0, top + h), allocated);
            }
        }
    }
}
