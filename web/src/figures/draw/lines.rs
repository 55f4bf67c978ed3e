//! The map, or the ring, over all lines: Figure 1, and receipt. A line has a place of its own from its first step to its
//! last, which its content decides.

use std::collections::BTreeMap;
use std::ops::Range;

use xxhash_rust::xxh3::xxh3_64;

use super::boxes::{self, ENTRY, LINE, Look};
use super::{Drawing, Part, Scene, passes, ring};
use crate::figures::receive::{PAYLOAD_PLACE, SECOND};
use crate::figures::sender::{OBJECT, STACK};
use crate::figures::{Line, State};

const EDGE: f64 = 10.0;

/// What a line holds, by hash: the same content has the same name in every step, whatever its PLID.
fn identity(state: &State, line: &Line) -> u64 {
    let bytes: Vec<u8> = match &line.content {
        Some(bytes) => bytes.to_vec(),
        None => {
            let child = |plid: &Option<u32>| plid.and_then(|plid| state.lines.get(&plid));
            line.children
                .iter()
                .flat_map(|plid| child(plid).map_or(0, |line| identity(state, line)).to_le_bytes())
                .collect()
        }
    };
    xxh3_64(&bytes) ^ u64::from(line.height)
}

/// Every line of a figure in its place.
struct Places {
    /// Middle of each line, by identity.
    at: BTreeMap<u64, f64>,
    /// Height of each line, by identity.
    heights: BTreeMap<u64, usize>,
    /// Width of leaves and of interior lines.
    widths: [f64; 2],
    /// Top of each level, by height.
    tops: Vec<f64>,
    bottom: f64,
}

impl Places {
    /// Lays out all lines of all steps between `left` and `right`, from `top` on.
    fn new(scene: Scene<'_>, segments: &[u32], left: f64, right: f64, top: f64) -> Self {
        let rise = LINE + 52.0 * scene.stretch;
        let mut levels: Vec<Vec<(u64, Vec<u64>)>> = Vec::new();
        for step in scene.steps {
            for (line, _) in segments.iter().flat_map(|id| step.state.places(*id)) {
                let height = usize::from(line.height);
                if levels.len() <= height {
                    levels.resize(height + 1, Vec::new());
                }
                let id = identity(&step.state, line);
                if !levels[height].iter().any(|(known, _)| *known == id) {
                    let child =
                        |plid: &u32| step.state.lines.get(plid).map(|line| identity(&step.state, line));
                    levels[height].push((id, line.children.iter().flatten().filter_map(child).collect()));
                }
            }
        }
        let room = right - left;
        let width = |count: usize, most: f64| ((room + 6.0) / count.max(1) as f64 - 6.0).min(most).floor();
        let leaf = width(levels.first().map_or(0, Vec::len), 150.0);
        let node = width(levels.iter().skip(1).map(Vec::len).max().unwrap_or(0), 132.0);
        let widths = [leaf, node];
        let (mut at, mut heights) = (BTreeMap::new(), BTreeMap::new());
        for (height, level) in levels.iter().enumerate() {
            let w = widths[height.min(1)];
            let gap = ((room - w * level.len() as f64) / (level.len().max(2) - 1) as f64).clamp(0.0, 26.0);
            let span = w * level.len() as f64 + gap * level.len().saturating_sub(1) as f64;
            let mut order: Vec<_> = level
                .iter()
                .map(|(id, children)| {
                    let xs: Vec<f64> = children.iter().filter_map(|child| at.get(child).copied()).collect();
                    (*id, xs.iter().sum::<f64>() / xs.len().max(1) as f64)
                })
                .collect();
            order.sort_by(|a, b| a.1.total_cmp(&b.1));
            let first = left + (room - span) / 2.0 + w / 2.0;
            for (i, (id, _)) in order.into_iter().enumerate() {
                at.insert(id, first + i as f64 * (w + gap));
                heights.insert(id, height);
            }
        }
        let count = levels.len().max(1);
        let tops = (0..count).map(|height| top + (count - 1 - height) as f64 * rise).collect::<Vec<_>>();
        let bottom = tops[0] + boxes::leaf_height(leaf);
        Self { at, heights, widths, tops, bottom }
    }

    fn width(&self, line: &Line) -> f64 {
        self.widths[usize::from(line.height > 0)]
    }

    fn corner(&self, state: &State, line: &Line) -> Option<[f64; 2]> {
        let middle = self.at.get(&identity(state, line))?;
        Some([middle - self.width(line) / 2.0, *self.tops.get(usize::from(line.height))?])
    }

    fn top_middle(&self, state: &State, plid: u32) -> Option<[f64; 2]> {
        let line = state.lines.get(&plid)?;
        let [x, y] = self.corner(state, line)?;
        Some([x + self.width(line) / 2.0, y])
    }

    /// Draws the places that no line of a step is in: memory is there before it holds anything.
    fn draw_free(&self, drawing: &mut Drawing, scene: Scene<'_>) {
        let taken: Vec<u64> = [Some(scene.step), scene.before]
            .into_iter()
            .flatten()
            .flat_map(|step| step.state.lines.values().map(|line| identity(&step.state, line)))
            .collect();
        for (id, height) in self.heights.iter().filter(|(id, _)| !taken.contains(id)) {
            let (Some(middle), Some(top)) = (self.at.get(id), self.tops.get(*height)) else { continue };
            let w = self.widths[usize::from(*height > 0)];
            let mut part = Part::new(format!("free {id:016x}"), [middle - w / 2.0, *top], "box free")
                .titled("A line that holds nothing yet".to_owned());
            part.rect([0.0, 0.0, w, if *height > 0 { LINE } else { boxes::leaf_height(w) }], "body");
            drawing.parts.push(part);
        }
    }

    /// Draws the lines of a step, and those that it freed.
    fn draw(&self, drawing: &mut Drawing, Scene { step, before, .. }: Scene<'_>) {
        let state = &step.state;
        let mut held = Vec::new();
        for line in state.lines.values() {
            let id = identity(state, line);
            held.push(id);
            let Some(corner) = self.corner(state, line) else { continue };
            let key = format!("line {id:016x}");
            for (word, child) in line.children.iter().enumerate() {
                if let Some(to) = child.and_then(|plid| self.top_middle(state, plid)) {
                    let from = boxes::word(corner, self.width(line), line.children.len(), word);
                    let shift = arrival(line, word);
                    let class = if line.fresh { "fresh" } else { "" };
                    drawing.link(format!("{key} {word}"), from, [to[0] + shift, to[1]], class);
                }
            }
            drawing.parts.push(boxes::line(key, line, corner, self.width(line), Look::Held));
        }
        let Some(before) = before else { return };
        for line in before.state.lines.values() {
            let id = identity(&before.state, line);
            if let (false, Some(corner)) = (held.contains(&id), self.corner(&before.state, line)) {
                drawing.parts.push(boxes::line(
                    format!("line {id:016x}"),
                    line,
                    corner,
                    self.width(line),
                    Look::Freed,
                ));
            }
        }
    }
}

/// References of a line to the same child arrive side by side.
fn arrival(line: &Line, word: usize) -> f64 {
    let same: Vec<usize> =
        (0..line.children.len()).filter(|other| line.children[*other] == line.children[word]).collect();
    let nth = same.iter().position(|other| *other == word).unwrap_or(0) as f64;
    (nth - (same.len() - 1) as f64 / 2.0) * 14.0
}

/// Figure 1.
pub(super) fn map_and_lines(scene: Scene<'_>) -> Drawing {
    let Scene { step, width, stretch, .. } = scene;
    let wide = scene.wide();
    let ids: Vec<u32> = (1..=3).collect();
    let row = 34.0;
    // Two columns, as the paper says: beside the lines, or over them.
    let table = [EDGE, 34.0, if wide { 168.0 } else { 150.0 }];
    let left = if wide { 240.0 } else { EDGE };
    let top = if wide { 34.0 + 62.0 * stretch } else { 214.0 };
    let places = Places::new(scene, &ids, left, width - EDGE, top);
    let mut drawing = Drawing { size: [width, (places.bottom + 24.0).max(174.0)], parts: Vec::new() };
    let [x, y, w] = table;
    let mut head = Part::new("map", [x, y], "box map");
    head.text([0.0, -10.0], "start", "dim", "segment map");
    head.rect([0.0, 0.0, w, row * 3.0 + 24.0], "body");
    head.text([10.0, 16.0], "start", "dim small", "segment");
    head.text([w / 2.0 + 10.0, 16.0], "start", "dim small", "root line");
    for i in 0..3 {
        head.path(format!("M0 {:.1}H{w:.1}", 24.0 + row * f64::from(i)), "hair");
    }
    head.path(format!("M{:.1} 0V{:.1}", w / 2.0, row * 3.0 + 24.0), "hair");
    drawing.parts.push(head);
    let mut label = Part::new("lines", [left, if wide { y } else { top - 22.0 }], "box label");
    label.text([0.0, -10.0], "start", "dim", "memory lines");
    drawing.parts.push(label);
    for (i, id) in ids.iter().enumerate() {
        let Some(segment) = step.state.segment(*id) else { continue };
        let at = [x, y + 24.0 + row * i as f64];
        let fresh = if segment.fresh { " fresh" } else { "" };
        let title =
            format!("Segment {}: {} bytes, root line {}", step.name(*id), segment.length, segment.root);
        let mut part = Part::new(format!("segment {id}"), at, format!("box row{fresh}")).titled(title);
        part.rect([1.0, 1.0, w - 2.0, row - 2.0], "body");
        part.text([10.0, 22.0], "start", "name", step.name(*id));
        part.text([w / 2.0 + 10.0, 22.0], "start", "root", segment.root.to_string());
        drawing.parts.push(part);
        if let Some(to) = places.top_middle(&step.state, segment.root) {
            let shift = (i as f64 - 1.0) * 16.0;
            let from = [x + w - 12.0, at[1] + row / 2.0];
            reach(
                &mut drawing,
                format!("map {id}"),
                from,
                [to[0] + shift, to[1]],
                12.0 * (2.0 - i as f64) + 12.0,
                fresh,
            );
        }
    }
    places.draw_free(&mut drawing, scene);
    places.draw(&mut drawing, scene);
    drawing
}

/// A reference that leaves sideways and comes from above.
fn reach(drawing: &mut Drawing, key: String, from: [f64; 2], to: [f64; 2], lift: f64, class: &str) {
    let mut part = Part::new(key, [0.0, 0.0], format!("link entry{class}"));
    let [x0, y0, x1, y1] = [from[0], from[1], to[0], to[1]];
    let over = (y1 - lift - 30.0).min(y0);
    part.path(
        format!(
            "M{x0:.1} {y0:.1}C{:.1} {y0:.1} {x1:.1} {over:.1} {x1:.1} {y1:.1}",
            x0 + (x1 - x0).abs().max(30.0) * 0.5
        ),
        "line",
    );
    part.path(
        format!("M{:.1} {:.1}L{x1:.1} {y1:.1}L{:.1} {:.1}", x1 - 3.5, y1 - 5.0, x1 + 3.5, y1 - 5.0),
        "head",
    );
    part.rect([x0 - 3.0, y0 - 3.0, 6.0, 6.0], "word");
    drawing.parts.push(part);
}

/// Receipt: user, kernel and ring over the lines.
pub(super) fn ring_and_lines(scene: Scene<'_>) -> Drawing {
    let Scene { step, width, stretch, .. } = scene;
    let state = &step.state;
    let wide = scene.wide();
    let gutter = if wide { super::GUTTER } else { 0.0 };
    let label = if wide { 0.0 } else { 20.0 };
    let ring_top = 66.0 + 18.0 * stretch + 2.0 * label;
    let lines_top = ring_top + ring::HEIGHT + 20.0 + 20.0 * stretch + label;
    let slots: Vec<u32> = state
        .ring
        .iter()
        .flat_map(|ring| ring.pointers.base..ring.pointers.base + ring.pointers.slots)
        .collect();
    let ids: Vec<u32> = slots.iter().copied().chain([STACK, SECOND, OBJECT]).collect();
    let places = Places::new(scene, &ids, gutter + 2.0, width - 2.0, lines_top);
    let mut drawing = Drawing { size: [width, places.bottom + 34.0], parts: Vec::new() };
    drawing.band(4.0, "user, kernel");
    drawing.band(ring_top - 10.0 - label, "RX ring, NIC");
    drawing.band(lines_top - 30.0 - label, "memory");
    let top = 14.0 + label;
    let room = width - gutter;
    let w = if wide { ENTRY[0] } else { (width - 12.0) / 3.0 };
    let mut passing = Vec::new();
    for (id, share) in [(OBJECT, 0.17), (STACK, 0.5), (SECOND, 0.83)] {
        let at = [gutter + room * share - w / 2.0, top];
        let segment = state.segment(id);
        drawing.parts.push(boxes::entry(id, step.name(id), segment, at, w));
        if let Some(to) = segment.and_then(|segment| places.top_middle(state, segment.root)) {
            let from = [at[0] + w / 2.0, top + ENTRY[1]];
            let shift = if id == OBJECT { -12.0 } else { 12.0 };
            let to = [to[0] + shift, to[1]];
            passing.extend(passes(from, to));
            drawing.link(format!("map {id}"), from, to, "entry");
        }
    }
    let area = [gutter, ring_top, room];
    // What a slot refers to is reached past the pointers.
    let [foot, until] = [ring_top + ring::SLOT, ring_top + ring::HEIGHT - 4.0];
    for (slot, middle) in slots.iter().zip(ring::middles(step, area)) {
        if let Some(to) = state.segment(*slot).and_then(|segment| places.top_middle(state, segment.root)) {
            passing.extend(passes([middle, foot], [middle, until]));
            drawing.drop(format!("map {slot}"), [middle, foot], until, to, "entry");
        }
    }
    ring::draw(&mut drawing, step, area, &passing);
    places.draw(&mut drawing, scene);
    parts_of_frames(&mut drawing, scene, &places);
    drawing
}

/// What the first frame's lines are: metadata and headers, then payload from a line of its own on.
fn parts_of_frames(drawing: &mut Drawing, scene: Scene<'_>, places: &Places) {
    let holder = |state: &State| {
        let base = state.ring.as_ref()?.pointers.base;
        [base, STACK, OBJECT].into_iter().find(|id| state.root(*id).is_some())
    };
    let state = &scene.step.state;
    let Some(found) = holder(state).map(|id| state.places(id)) else { return };
    let parts: [(&str, &str, Range<u64>); 2] =
        [("metadata, headers", "headers", 0..PAYLOAD_PLACE), ("payload", "payload", PAYLOAD_PLACE..u64::MAX)];
    for (name, short, range) in parts {
        let leaves = found.iter().filter(|(line, place)| line.height == 0 && range.contains(place));
        let corners: Vec<f64> =
            leaves.filter_map(|(line, _)| places.corner(state, line)).map(|at| at[0]).collect();
        let (Some(first), Some(last)) =
            (corners.iter().copied().reduce(f64::min), corners.iter().copied().reduce(f64::max))
        else {
            continue;
        };
        let end = last + places.widths[0];
        let mut part = Part::new(format!("rule {short}"), [0.0, places.bottom + 8.0], "box rule");
        part.path(format!("M{first:.1} 0V4H{end:.1}V0"), "hair");
        part.text(
            [(first + end) / 2.0, 18.0],
            "middle",
            "dim small",
            if scene.wide() { name } else { short },
        );
        drawing.parts.push(part);
    }
}
