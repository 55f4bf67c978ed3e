//! A ring: its slots with their owner, Head and Tail under them.

use super::{Drawing, Part};
use crate::figures::{Owner, Ring, Step};

/// Height of a slot.
pub(super) const SLOT: f64 = 44.0;
/// Height of a ring with its pointers.
pub(super) const HEIGHT: f64 = SLOT + 62.0;
/// How far a pointer stands from the middle of its slot, where what the slot refers to leaves it: two fit side by side.
const ASIDE: f64 = 6.0;
/// A label from its stem.
const BESIDE: f64 = 5.0;
/// Rows of labels, from the foot of the ring.
const ROWS: [f64; 2] = [26.0, 44.0];

/// What is drawn of a ring and its pointers: the middle of each slot.
pub(super) fn middles(step: &Step, [left, _, width]: [f64; 3]) -> Vec<f64> {
    let slots = step.state.ring.as_ref().map_or(0, |ring| ring.pointers.slots);
    (0..slots).map(|i| left + width / f64::from(slots) * (f64::from(i) + 0.5)).collect()
}

/// Draws the step's ring at `area` (left, top, width). The labels of Head and Tail keep off `obstacles`: points of what passes
/// under the ring.
pub(super) fn draw(drawing: &mut Drawing, step: &Step, area: [f64; 3], obstacles: &[[f64; 2]]) {
    let Some(ring) = &step.state.ring else { return };
    let [left, top, width] = area;
    let pitch = width / f64::from(ring.pointers.slots);
    let middle = |id: u32| left + pitch * (f64::from(id - ring.pointers.base) + 0.5);
    for (id, owner) in (ring.pointers.base..).zip(&ring.owners) {
        drawing.parts.push(slot(step, id, *owner, [middle(id) - pitch / 2.0 + 1.5, top], pitch - 3.0));
    }
    owned(drawing, ring, area, pitch);
    let pointers = [("Head", ring.pointers.head, ASIDE), ("Tail", ring.pointers.tail, -ASIDE)];
    let pointers = pointers.map(|(name, id, aside)| Pointer { name, id, x: middle(id) + aside });
    let foot = top + SLOT + 4.0;
    for label in labels(&pointers, [left + width, foot], width, obstacles) {
        let Pointer { name, id, x } = pointers[label.of];
        let class = format!("pointer {}", name.to_ascii_lowercase());
        let mut part = Part::new(format!("pointer {name}"), [x, foot], class)
            .titled(format!("{name} is {id}; {}", writer(name)));
        part.path(format!("M0 2L-4 9H4ZM0 8V{:.1}", label.row - 4.0), "mark");
        let (at, anchor) = if label.leftwards { (-BESIDE, "end") } else { (BESIDE, "start") };
        part.text([at, label.row + 5.0], anchor, "name", label.text);
        drawing.parts.push(part);
    }
}

/// A pointer on the ring.
struct Pointer {
    name: &'static str,
    id: u32,
    x: f64,
}

impl Pointer {
    /// What it says, from the most to the least.
    fn text(&self, most: usize) -> String {
        match most {
            0 => format!("{} {}, {}", self.name, self.id, writer(self.name)),
            1 => format!("{} {}", self.name, self.id),
            _ => self.name.to_owned(),
        }
    }
}

fn writer(name: &str) -> &'static str {
    if name == "Head" { "the driver writes it" } else { "the NIC writes it" }
}

/// A pointer's label: under the ring, in one of two rows.
struct Label {
    of: usize,
    row: f64,
    leftwards: bool,
    text: String,
    /// Left and right end.
    span: [f64; 2],
}

/// How long a label is at most, in the widest of the fonts that the page may have.
fn long(text: &str) -> f64 {
    let width = |letter: char| match letter {
        'A'..='Z' => 11.0,
        'i' | 'l' | ',' | ' ' => 4.6,
        't' | 'r' => 6.5,
        _ => 9.1,
    };
    text.chars().map(width).sum()
}

/// A label for each pointer. The stem of the one in the lower row goes past the upper row, so which is the upper one, to which
/// side of its stem each stands and how much it says is chosen so that nothing goes through either, or as little as can be where
/// frames leave all slots of a narrow ring.
fn labels(
    pointers: &[Pointer; 2],
    [right, foot]: [f64; 2],
    width: f64,
    obstacles: &[[f64; 2]],
) -> Vec<Label> {
    let middle = right - width / 2.0;
    let crossed = |labels: &[Label]| {
        let stem = [pointers[labels[1].of].x, foot + ROWS[0]];
        let cost = |label: &Label| {
            let inside = |[x, y]: &[f64; 2]| {
                (label.span[0] - 3.0..=label.span[1] + 3.0).contains(x) && (y - foot - label.row).abs() < 10.0
            };
            let wrong = label.span[0] < 0.0 || label.span[1] > right || inside(&stem);
            obstacles.iter().filter(|point| inside(point)).count() + if wrong { 1000 } else { 0 }
        };
        labels.iter().map(cost).sum::<usize>()
    };
    let mut best: Option<(usize, Vec<Label>)> = None;
    for (most, turned, order) in (0..3)
        .flat_map(|most| (0..4).flat_map(move |turned| [[0, 1], [1, 0]].map(|order| (most, turned, order))))
    {
        let place = |(of, row): (usize, f64)| {
            let pointer = &pointers[of];
            let leftwards = (pointer.x > middle) != (turned & (1 << of) != 0);
            let text = pointer.text(most);
            let long = long(&text);
            let span = if leftwards {
                [pointer.x - BESIDE - long, pointer.x - BESIDE]
            } else {
                [pointer.x + BESIDE, pointer.x + BESIDE + long]
            };
            Label { of, row, leftwards, text, span }
        };
        let placed: Vec<Label> = order.into_iter().zip(ROWS).map(place).collect();
        let count = crossed(&placed);
        if best.as_ref().is_none_or(|(least, _)| count < *least) {
            best = Some((count, placed));
        }
        if count == 0 {
            break;
        }
    }
    best.map_or(Vec::new(), |(_, labels)| labels)
}

fn slot(step: &Step, id: u32, owner: Owner, at: [f64; 2], w: f64) -> Part {
    let segment = step.state.segment(id).filter(|segment| segment.length > 0);
    let (class, who) = match owner {
        Owner::Nic => ("nic", "the NIC's"),
        Owner::Os => ("os", "the operating system's"),
    };
    let filled = if segment.is_some() { " filled" } else { "" };
    let fresh = if segment.is_some_and(|segment| segment.fresh) { " fresh" } else { "" };
    let holds = segment.map_or("empty".to_owned(), |segment| {
        format!("{} bytes, root line {}", segment.length, segment.root)
    });
    let mut part = Part::new(format!("slot {id}"), at, format!("box slot {class}{filled}{fresh}"))
        .titled(format!("Ring segment {id}, {who}: {holds}"));
    part.rect([0.0, 0.0, w, SLOT], "body");
    part.text([w / 2.0, 15.0], "middle", if w > 36.0 { "id small" } else { "tiny" }, id.to_string());
    if let Some(segment) = segment {
        part.path(format!("M0 21.5H{w:.1}"), "hair");
        part.text([w / 2.0, 36.0], "middle", "root small", segment.root.to_string());
    }
    part
}

/// A line under what the NIC owns: one, or two where that goes across the ring's end.
fn owned(drawing: &mut Drawing, ring: &Ring, [left, top, _]: [f64; 3], pitch: f64) {
    let owned = ring.owned(Owner::Nic);
    let mut runs: Vec<[u32; 2]> = Vec::new();
    for id in owned {
        match runs.last_mut() {
            Some(run) if run[1] + 1 == id => run[1] = id,
            _ => runs.push([id, id]),
        }
    }
    for (i, [first, last]) in runs.into_iter().enumerate() {
        let x = |id: u32| left + pitch * f64::from(id - ring.pointers.base);
        let mut part = Part::new(format!("owned {i}"), [0.0, top + SLOT + 4.0], "box owned");
        part.rect([x(first) + 2.0, -2.0, x(last + 1) - x(first) - 4.0, 3.0], "dma");
        drawing.parts.push(part);
    }
}
