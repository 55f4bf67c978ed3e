//! Figure 3: the packet's leaves at their places, header space before the payload, and the lines above them.

use std::collections::BTreeMap;

use super::boxes::{self, ENTRY, LINE, Look};
use super::reading;
use super::{Drawing, Part, Scene, WIDE};
use crate::figures::sender::{FIRST, KERNEL, OBJECT, STACK};
use crate::figures::{Line, State, Step};

/// Width of a place that is always zero.
const ZERO: f64 = 9.0;

/// The segment that holds the packet at a step, if any does.
fn packet(state: &State) -> Option<u32> {
    [STACK, FIRST].into_iter().find(|id| state.segment(*id).is_some_and(|segment| segment.length > 0))
}

/// The columns: one for each leaf place that some step fills, narrow ones for those that stay zero.
struct Columns {
    /// Left and width of each place.
    places: Vec<[f64; 2]>,
    /// The place at which the payload begins: the leaf offset.
    offset: u64,
    /// Where lines go that only the application's object has.
    apart: [f64; 2],
}

impl Columns {
    fn new(steps: &[Step], width: f64) -> Self {
        let mut used = Vec::new();
        let mut offset = 0;
        for step in steps {
            let Some(id) = packet(&step.state) else { continue };
            let leaves = step.state.places(id).into_iter().filter(|(line, _)| line.height == 0);
            used.extend(leaves.map(|(_, place)| place));
            // The kernel's snapshot is what was appended: its root's place in the packet is the offset.
            let root = step.state.root(KERNEL).map(|line| line.plid);
            let found = step.state.places(id).into_iter().find(|(line, _)| Some(line.plid) == root);
            offset = found.map_or(offset, |(_, place)| place);
        }
        let count = used.iter().max().map_or(1, |last| last + 1);
        let zeros = (0..count).filter(|place| !used.contains(place)).count() as f64;
        let zero = if width >= WIDE { ZERO } else { 3.0 };
        let gap = if width >= WIDE { 5.0 } else { 1.5 };
        let full = count as f64 - zeros + 1.0;
        let w = ((width - 4.0 - zeros * (zero + gap)) / (full + 0.4) - gap).min(58.0).floor();
        let total = zeros * (zero + gap) + (full + 0.4) * (w + gap);
        let mut x = ((width - total) / 2.0).max(2.0);
        let places = (0..count)
            .map(|place| {
                let here = [x, if used.contains(&place) { w } else { zero }];
                x += here[1] + gap;
                here
            })
            .collect();
        Self { places, offset, apart: [x + 0.4 * w, w] }
    }

    fn middle(&self, place: u64) -> f64 {
        self.places.get(place as usize).map_or(0.0, |[x, w]| x + w / 2.0)
    }
}

/// A line with its role, which its key and its place come from.
struct Placed<'s> {
    key: String,
    line: &'s Line,
    at: [f64; 2],
    w: f64,
}

fn place_lines<'s>(
    state: &'s State,
    columns: &Columns,
    width: f64,
    leaves: f64,
    rise: f64,
) -> BTreeMap<u32, Placed<'s>> {
    let mut placed: BTreeMap<u32, Placed<'s>> = BTreeMap::new();
    let packet = packet(state);
    // The payload's place is the same before and after it belongs to the packet.
    let sources = [(packet, 0), (Some(KERNEL), columns.offset), (Some(OBJECT), columns.offset)];
    for (id, shift) in sources.into_iter().filter_map(|(id, shift)| Some((id?, shift))) {
        let apart = id == OBJECT && state.segment(KERNEL).is_some();
        let mut found = state.places(id);
        found.sort_by_key(|(line, _)| line.height);
        for (line, place) in found {
            if placed.contains_key(&line.plid) {
                continue;
            }
            let place = place + shift;
            let y = leaves - rise * f64::from(line.height);
            let w = if line.height == 0 { columns.apart[1] } else { node_width(width) };
            let children: Vec<f64> = line
                .children
                .iter()
                .flatten()
                .filter_map(|plid| placed.get(plid))
                .map(|child| child.at[0] + child.w / 2.0)
                .collect();
            let middle = if apart {
                columns.apart[0] + columns.apart[1] / 2.0
            } else if line.height == 0 {
                columns.middle(place)
            } else if line.height == 3 {
                // The packet's root stays between header space and payload while the header space is still zero.
                (columns.middle(0) + columns.middle(columns.offset + 7)) / 2.0
            } else {
                children.iter().sum::<f64>() / children.len().max(1) as f64
            };
            // A header sub-DAG that is filled from the right keeps its place while it is.
            let middle = if line.height == 2 && place == 0 && !apart {
                columns.middle(columns.offset / 2)
            } else {
                middle
            };
            let middle = if line.height == 1 && place == columns.offset.saturating_sub(4) {
                (columns.middle(place) + columns.middle(place + 3)) / 2.0
            } else {
                middle
            };
            let role = if apart { "apart" } else { "packet" };
            let x = (middle - w / 2.0).clamp(1.0, width - w - 2.0);
            placed.insert(
                line.plid,
                Placed { key: format!("line {role} {} {place}", line.height), line, at: [x, y], w },
            );
        }
    }
    placed
}

fn node_width(width: f64) -> f64 {
    if width >= WIDE { 76.0 } else { 40.0 }
}

/// Draws the figure.
pub(super) fn draw(scene: Scene<'_>) -> Drawing {
    let Scene { steps, step, width, stretch, .. } = scene;
    let state = &step.state;
    let rise = LINE + 34.0 * stretch;
    let columns = Columns::new(steps, width);
    let top = 30.0;
    let leaves = top + ENTRY[1] + 24.0 + 24.0 * stretch + 3.0 * rise;
    let bottom = leaves + boxes::leaf_height(columns.apart[1]);
    let mut drawing = Drawing { size: [width, bottom + 52.0 + reading::height(width)], parts: Vec::new() };
    drawing.band(4.0, "segment map");
    drawing.band(top + ENTRY[1] + 16.0, "lines");
    let placed = place_lines(state, &columns, width, leaves, rise);
    let wide = scene.wide();
    let w = if wide { ENTRY[0] } else { (width - 18.0) / 4.0 };
    for (i, id) in [FIRST, STACK, KERNEL, OBJECT].into_iter().enumerate() {
        let share = [0.12, 0.34, 0.62, 0.86][i];
        let x = if wide { width * share - w / 2.0 } else { 2.0 + (w + 4.0) * i as f64 };
        let segment = state.segment(id).filter(|segment| segment.length > 0);
        drawing.parts.push(boxes::entry(
            id,
            if wide { step.name(id) } else { short(id) },
            segment,
            [x, top],
            w,
        ));
        if let Some(root) = segment.and_then(|segment| placed.get(&segment.root)) {
            let side: f64 = [-14.0, -6.0, 16.0, 24.0][i];
            let most = root.w / 2.0 - 6.0;
            let to = [root.at[0] + root.w / 2.0 + side.clamp(-most, most), root.at[1]];
            drawing.link(format!("map {id}"), [x + w / 2.0, top + ENTRY[1]], to, "entry");
        }
    }
    for line in placed.values() {
        for (word, child) in line.line.children.iter().enumerate() {
            if let Some(to) = child.and_then(|plid| placed.get(&plid)) {
                let from = boxes::word(line.at, line.w, line.line.children.len(), word);
                let class = if line.line.fresh { "fresh" } else { "" };
                drawing.link(format!("{} {word}", line.key), from, [to.at[0] + to.w / 2.0, to.at[1]], class);
            }
        }
        drawing.parts.push(boxes::line(line.key.clone(), line.line, line.at, line.w, Look::Held));
    }
    rule(&mut drawing, state, &columns, leaves, bottom);
    reading::draw(&mut drawing, state, packet(state), columns.offset, bottom + 52.0);
    drawing
}

fn short(id: u32) -> &'static str {
    match id {
        FIRST => "ring slot",
        STACK => "stack seg.",
        KERNEL => "snapshot",
        _ => "object",
    }
}

/// What the places are: zero ones, and the parts under a rule.
fn rule(drawing: &mut Drawing, state: &State, columns: &Columns, leaves: f64, bottom: f64) {
    let Some(id) = packet(state) else { return };
    let filled: Vec<u64> =
        state.places(id).iter().filter(|(line, _)| line.height == 0).map(|(_, place)| *place).collect();
    for (place, [x, w]) in columns.places.iter().enumerate() {
        if !filled.contains(&(place as u64)) {
            let mut part = Part::new(format!("zero {place:02}"), [*x, leaves], "box zero")
                .titled(format!("Leaf place {place}: zero, no line"));
            part.rect([0.0, 0.0, *w, 18.0], "body");
            drawing.parts.push(part);
        }
    }
    let runs: [(&str, Vec<u64>); 3] = [
        ("metadata", filled.iter().copied().filter(|place| *place < columns.offset / 2).collect()),
        (
            "headers",
            filled
                .iter()
                .copied()
                .filter(|place| (columns.offset / 2..columns.offset).contains(place))
                .collect(),
        ),
        ("payload", filled.iter().copied().filter(|place| *place >= columns.offset).collect()),
    ];
    let y = bottom + 8.0;
    for (name, run) in runs {
        let (Some(first), Some(last)) = (run.iter().min(), run.iter().max()) else { continue };
        let [x0, _] = columns.places[*first as usize];
        let [x1, w1] = columns.places[*last as usize];
        let mut part = Part::new(format!("rule {name}"), [0.0, y], format!("box rule {name}"));
        part.path(format!("M{x0:.1} 0V4H{:.1}V0", x1 + w1), "hair");
        part.text([((x0 + x1 + w1) / 2.0).max(26.0), 18.0], "middle", "dim small", name);
        drawing.parts.push(part);
    }
    if filled.iter().all(|place| *place >= columns.offset) {
        let [x0, _] = columns.places[0];
        let [x1, w1] = columns.places[columns.offset as usize - 1];
        let mut part = Part::new("rule zero", [0.0, y], "box rule");
        part.path(format!("M{x0:.1} 0V4H{:.1}V0", x1 + w1), "hair");
        part.text(
            [(x0 + x1 + w1) / 2.0, 18.0],
            "middle",
            "dim small",
            if drawing.size[0] >= WIDE { "header space: zero, no lines" } else { "zero: no lines" },
        );
        drawing.parts.push(part);
    }
    let [x, _] = columns.places[columns.offset as usize];
    let mut part = Part::new("offset", [x, y + 26.0], "box rule");
    part.path("M0 14V4M-4 8L0 3L4 8".to_owned(), "mark");
    part.text([8.0, 16.0], "start", "dim small", format!("leaf offset {}", columns.offset));
    drawing.parts.push(part);
}
