//! Figure 4: user, kernel, memory, ring and wire, one over the other. The sixteen lines of each packet's payload are one
//! box, over the slot that refers to them.

use super::boxes::ENTRY;
use super::{Drawing, GUTTER, Part, Scene, boxes, passes, ring};
use crate::figures::Line;
use crate::figures::sender::{FIRST, KERNEL, OBJECT, STACK};

/// Height of the sub-DAGs that packets take over.
const SHARE: u8 = 2;

/// Draws the figure.
pub(super) fn draw(scene: Scene<'_>) -> Drawing {
    let Scene { step, before, width, stretch, .. } = scene;
    let state = &step.state;
    let wide = scene.wide();
    let gutter = if wide { GUTTER } else { 0.0 };
    let label = if wide { 0.0 } else { 20.0 };
    let room = width - gutter;
    let user = 14.0 + label;
    let memory = user + ENTRY[1] + 16.0 + 24.0 * stretch + label;
    let level = boxes::LINE + 24.0 * stretch;
    let shares = memory + 2.0 * level;
    let slots = shares + boxes::LINE + 40.0 * stretch + label;
    let wire = slots + ring::HEIGHT + 14.0 + label;
    let mut drawing = Drawing { size: [width, wire + 40.0], parts: Vec::new() };
    drawing.band(4.0, "user, kernel");
    drawing.band(memory - 22.0 - label, "memory");
    drawing.band(slots - 22.0 - label, "TX ring, NIC");
    drawing.band(wire - 14.0 - label, "wire");
    let middles = ring::middles(step, [gutter, slots, room]);
    let base = state.ring.as_ref().map_or(FIRST, |ring| ring.pointers.base);
    let column = |segment: u32| middles.get((segment - base) as usize).copied().unwrap_or(gutter);

    // The object's lines: those above the shares in the middle over them, the shares over their slots.
    let found = state.places(OBJECT);
    let pitch = room / middles.len().max(1) as f64;
    let middle_of = |line: &Line, first: u64| {
        let leaves = 4u64.pow(u32::from(line.height));
        let last = ((first + leaves).min(160) - 1) / 16;
        (column(FIRST + (first / 16) as u32) + column(FIRST + last as u32)) / 2.0
    };
    let above: Vec<_> = found.iter().filter(|(line, _)| line.height >= SHARE).collect();
    let top_of = |line: &Line| match line.height {
        4 => memory,
        3 => memory + level,
        _ => shares,
    };
    let wide_node = if wide { 76.0 } else { 40.0 };
    let at = |line: &Line, first: u64| {
        let w = if line.height == SHARE { pitch - 5.0 } else { wide_node };
        ([middle_of(line, first) - w / 2.0, top_of(line)], w)
    };
    let find =
        |plid: u32| above.iter().find(|(line, _)| line.plid == plid).map(|(line, first)| at(line, *first));
    for (line, first) in &above {
        let (corner, w) = at(line, *first);
        let key = format!("line {} {first:03}", line.height);
        if line.height == SHARE {
            drawing.parts.push(share(key, line, corner, w));
            continue;
        }
        for (word, child) in line.children.iter().enumerate() {
            if let Some((to, w_to)) = child.and_then(find) {
                let from = boxes::word(corner, w, line.children.len(), word);
                drawing.link(format!("{key} {word}"), from, [to[0] + w_to / 2.0, to[1]], "");
            }
        }
        drawing.parts.push(boxes::line(key, line, corner, w, boxes::Look::Held));
    }

    let w = if wide { 190.0 } else { (room - 12.0) / 3.0 };
    for (i, id) in [OBJECT, KERNEL, STACK].into_iter().enumerate() {
        let x = if wide {
            (gutter + room * [0.14, 0.5, 0.86][i] - w / 2.0).clamp(gutter, width - w - 1.0)
        } else {
            2.0 + (w + 4.0) * i as f64
        };
        let segment = state.segment(id).filter(|segment| segment.length > 0);
        let own = segment.filter(|_| wide && id == STACK).map(|segment| segment.own_lines);
        let name = own.map_or(step.name(id).to_owned(), |own| format!("{}, {own} own lines", step.name(id)));
        drawing.parts.push(boxes::entry(id, &name, segment, [x, user], w));
        let Some(segment) = segment else { continue };
        let from = [x + w / 2.0, user + ENTRY[1]];
        if let Some((to, w_to)) = find(segment.root) {
            let side = if id == OBJECT { -8.0 } else { 8.0 };
            drawing.link(format!("map {id}"), from, [to[0] + w_to / 2.0 + side, to[1]], "entry");
        } else {
            // The packet's root has the share as its second word.
            let payload =
                state.root(id).and_then(|root| root.children.iter().flatten().copied().find_map(find));
            if let Some((to, w_to)) = payload {
                drawing.link(format!("map {id}"), from, [to[0] + w_to / 2.0, to[1]], "entry");
            }
        }
    }
    for (slot, middle) in (base..).zip(&middles) {
        let payload =
            state.root(slot).and_then(|root| root.children.iter().flatten().copied().find_map(find));
        if let Some((to, w_to)) = payload {
            let class = if state.segment(slot).is_some_and(|segment| segment.fresh) {
                "entry fresh"
            } else {
                "entry"
            };
            drawing.link(
                format!("map {slot}"),
                [*middle, slots],
                [to[0] + w_to / 2.0, to[1] + boxes::LINE],
                class,
            );
        }
    }
    let earlier = before.map_or(0, |before| before.state.frames.len());
    let sent = (earlier..state.frames.len()).map(|i| column(FIRST + i as u32));
    let beams: Vec<_> = sent.flat_map(|x| passes([x, slots + ring::SLOT], [x, wire])).collect();
    ring::draw(&mut drawing, step, [gutter, slots, room], &beams);
    for (i, frame) in state.frames.iter().enumerate() {
        let middle = column(FIRST + i as u32);
        if i >= earlier {
            drawing.link(format!("dma {i}"), [middle, slots + ring::SLOT + 6.0], [middle, wire], "dma");
        }
        let w = pitch - 5.0;
        let mut part = Part::new(format!("frame {i}"), [middle - w / 2.0, wire], "box frame")
            .titled(format!("Frame {} on the wire: {} bytes", i + 1, frame.len()));
        part.rect([0.0, 0.0, w, 24.0], "body");
        let header = if w < 40.0 { 3.0 } else { w / 6.0 };
        part.rect([0.0, 0.0, header, 24.0], "header");
        part.text(
            [f64::midpoint(w, header), 16.0],
            "middle",
            if w < 40.0 { "tiny" } else { "small" },
            if pitch > 50.0 { format!("{} B", frame.len()) } else { frame.len().to_string() },
        );
        drawing.parts.push(part);
    }
    drawing
}

/// A packet's share of the object: sixteen lines under one.
fn share(key: String, line: &Line, at: [f64; 2], w: f64) -> Part {
    let shared = if line.references > 1 { " shared" } else { "" };
    let title = format!(
        "Line {} over 16 lines of payload, referred to {}",
        line.plid,
        if line.references == 1 { "once".to_owned() } else { format!("{} times", line.references) }
    );
    let mut part = Part::new(key, at, format!("box line node{shared}")).titled(title);
    part.rect([0.0, 0.0, w, boxes::LINE], "body");
    if w >= 54.0 {
        part.text([6.0, 15.0], "start", "id", line.plid.to_string());
        part.text([w - 6.0, 15.0], "end", "count", format!("×{}", line.references));
        part.text([6.0, 31.0], "start", "dim small", if w >= 66.0 { "16 lines" } else { "16" });
    } else {
        part.text([w / 2.0, 15.0], "middle", "id small", line.plid.to_string());
        part.text([w / 2.0, 31.0], "middle", "count small", format!("×{}", line.references));
    }
    part
}
