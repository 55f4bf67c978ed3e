//! A ring: its slots with their owner, Head and Tail under them.

use super::{Drawing, Part};
use crate::figures::{Owner, Ring, Step};

/// Height of a slot.
pub(super) const SLOT: f64 = 44.0;
/// Height of a ring with its pointers.
pub(super) const HEIGHT: f64 = SLOT + 62.0;

/// Draws the step's ring at `area` (left, top, width); returns the middle of each slot.
pub(super) fn draw(drawing: &mut Drawing, step: &Step, area: [f64; 3]) -> Vec<f64> {
    let Some(ring) = &step.state.ring else { return Vec::new() };
    let [left, top, width] = area;
    let pitch = width / f64::from(ring.pointers.slots);
    let middle = |id: u32| left + pitch * (f64::from(id - ring.pointers.base) + 0.5);
    for (id, owner) in (ring.pointers.base..).zip(&ring.owners) {
        drawing.parts.push(slot(step, id, *owner, [middle(id) - pitch / 2.0 + 1.5, top], pitch - 3.0));
    }
    owned(drawing, ring, area, pitch);
    let (tail, head) = (ring.pointers.tail, ring.pointers.head);
    for (name, id, row, who) in
        [("Head", head, 26.0, "the driver writes it"), ("Tail", tail, 44.0, "the NIC writes it")]
    {
        let x = middle(id);
        let y = top + SLOT + 4.0;
        let mut part =
            Part::new(format!("pointer {name}"), [x, y], format!("pointer {}", name.to_ascii_lowercase()))
                .titled(format!("{name} is {id}; {who}"));
        part.path(format!("M0 2L-4 9H4ZM0 8V{:.1}", row - 4.0), "mark");
        let words = if pitch >= 50.0 { format!("{name} {id}, {who}") } else { format!("{name} {id}") };
        let late = x > left + width / 2.0;
        part.text(
            [if late { -5.0 } else { 5.0 }, row + 5.0],
            if late { "end" } else { "start" },
            "name",
            words,
        );
        drawing.parts.push(part);
    }
    (ring.pointers.base..ring.pointers.base + ring.pointers.slots).map(middle).collect()
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
