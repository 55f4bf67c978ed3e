//! A line's content as a small square: its colour and its glyph come from its hash, so equal content looks equal, also
//! without colour.

use super::lane::Strip;
use super::{Ink, Scene, Shape};

/// Draws one content cell: filled where the bytes are, outlined where only a reference to them is.
pub fn cell(scene: &mut Scene, at: (f64, f64), size: (f64, f64), hash: u32, reference: bool) {
    let ((x, y), (w, h)) = (at, size);
    let ink = Ink::Content(hash);
    if reference {
        scene.outline(x, y, w, h, ink, if w < 4.0 { 1.0 } else { 1.5 });
    } else {
        scene.fill(x, y, w, h, ink, 1.0);
    }
    if w < 6.0 || h < 7.0 {
        return;
    }
    let mark = if reference { ink } else { Ink::OnContent };
    let (cx, cy) = (x + w / 2.0, y + h / 2.0);
    let r = (w.min(h) / 4.0).min(2.5);
    let mut stroke = |points: Vec<(f64, f64)>| {
        scene.shapes.push(Shape::Path { points, ink: mark, width: 1.0, dashed: false, alpha: 0.65 });
    };
    match hash >> 8 & 7 {
        0 => stroke(vec![(cx - r, cy), (cx + r, cy)]),
        1 => stroke(vec![(cx, cy - r), (cx, cy + r)]),
        2 => stroke(vec![(cx - r, cy - r), (cx + r, cy + r)]),
        3 => stroke(vec![(cx + r, cy - r), (cx - r, cy + r)]),
        4 => stroke(vec![(cx - r, cy + r), (cx, cy - r), (cx + r, cy + r)]),
        5 => stroke(vec![(cx - r, cy - r), (cx, cy + r), (cx + r, cy - r)]),
        6 => scene.shapes.push(Shape::Rect {
            x: cx - r / 1.5,
            y: cy - r / 1.5,
            w: r * 1.33,
            h: r * 1.33,
            ink: mark,
            outline: 0.0,
            alpha: 0.65,
        }),
        _ => {}
    }
}

/// A run of lines as cells in rows; returns how many lines one cell stands for.
pub(super) fn strip(
    scene: &mut Scene,
    at: (f64, f64),
    cells: Strip,
    hashes: &[u32],
    reference: bool,
    shown: f64,
) -> usize {
    let per_cell = hashes.len().div_ceil(cells.slots()).max(1);
    let count = hashes.len().div_ceil(per_cell);
    let visible = (shown.clamp(0.0, 1.0) * count as f64).round() as usize;
    for i in 0..visible {
        let (x, y) = cells.at(i);
        cell(scene, (at.0 + x, at.1 + y), cells.cell, hashes[i * per_cell], reference);
    }
    per_cell
}
