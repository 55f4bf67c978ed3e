//! The lab's drawing as a scene: a segment map entry points to its root, every word that is a PLID points to its line,
//! and a line that is shared is there once with its count.

use std::collections::BTreeSet;

use super::layout::{Detail, Layout, Placed};
use super::{LineView, Picture, Thing};
use crate::scene::{Ink, Scene, Shape, content_cell, grouped};

/// Most edges into one level that are drawn; where there are more, only the ways to a selected line are.
const EDGES: usize = 160;

/// Points that a reference goes through.
type Way = Vec<(f64, f64)>;

/// Draws a picture as it was laid out.
pub fn scene(picture: &Picture, layout: &Layout, selected: Option<Thing>) -> Scene {
    let mut scene = Scene::default();
    let (segments, lines) = layout.placed.split_at(layout.segments);
    let lit = lit(picture, selected);
    let crowded = |height: u8| {
        let above = picture.lines.iter().filter(|line| line.height == height + 1);
        above.map(|line| line.children.iter().flatten().count()).sum::<usize>() > EDGES
    };
    let crowded: Vec<bool> = (0..=picture.lines.first().map_or(0, |line| line.height)).map(crowded).collect();
    let line_selected = matches!(selected, Some(Thing::Line(_)));
    // Where edges come in, side by side.
    let mut arrivals: Vec<Vec<(Way, bool)>> = vec![Vec::new(); lines.len()];
    let bands = bands(picture, lines);
    for (segment, place) in picture.segments.iter().zip(segments) {
        if let Some(root) = picture.lines.iter().position(|line| line.plid == segment.root) {
            let on = selected.is_some_and(|thing| thing == place.thing) || lit.contains(&root);
            let way = way((place.middle(), place.y + place.h), &lines[root], &bands);
            arrivals[root].push((way, on && selected.is_some()));
        }
    }
    for (i, (line, place)) in picture.lines.iter().zip(lines).enumerate() {
        for (word, child) in line.children.iter().enumerate() {
            let Some(child) = child else { continue };
            let on = selected.is_some()
                && (Some(Thing::Line(line.plid)) == selected || lit.contains(&i) && lit.contains(child));
            let level = usize::from(picture.lines[*child].height);
            if line_selected && on || !crowded[level] {
                arrivals[*child].push((vec![slot(place, line, word)], on));
            }
        }
    }
    for (place, mut arriving) in lines.iter().zip(arrivals) {
        let last = |way: &[(f64, f64)]| way.last().map_or(0.0, |point| point.0);
        arriving.sort_by(|a, b| last(&a.0).total_cmp(&last(&b.0)));
        let step = place.w * 0.7 / arriving.len().max(1) as f64;
        let start = place.middle() - step * (arriving.len().saturating_sub(1)) as f64 / 2.0;
        for (i, (mut way, on)) in arriving.into_iter().enumerate() {
            way.push((start + step * i as f64, place.y));
            edge(&mut scene, &way, on, place.detail);
        }
    }
    for (segment, place) in picture.segments.iter().zip(segments) {
        let chosen = selected == Some(place.thing);
        scene.fill(place.x, place.y, place.w, place.h, if chosen { Ink::Faint } else { Ink::Ground }, 1.0);
        let (ink, width) = if chosen { (Ink::Text, 2.0) } else { (Ink::Reference, 1.5) };
        scene.outline(place.x, place.y, place.w, place.h, ink, width);
        scene.label(
            (place.x + 8.0, place.y + 17.0),
            -1,
            Ink::Text,
            13.0,
            true,
            place.w,
            segment.name.to_string(),
        );
        let root = if segment.root.0 == 0 { "zeros".to_owned() } else { format!("root {}", segment.root) };
        scene.label((place.x + place.w - 8.0, place.y + 17.0), 1, Ink::Reference, 11.0, false, 72.0, root);
        let bytes = format!("{} B", grouped(segment.length));
        scene.label((place.x + 8.0, place.y + 33.0), -1, Ink::Dim, 11.0, false, place.w - 16.0, bytes);
    }
    for (line, place) in picture.lines.iter().zip(lines) {
        let chosen = selected == Some(place.thing);
        if line.content.is_some() {
            leaf(&mut scene, line, place);
        } else {
            interior(&mut scene, line, place);
        }
        if chosen {
            scene.outline(place.x - 3.0, place.y - 3.0, place.w + 6.0, place.h + 6.0, Ink::Text, 2.0);
        }
        if line.fresh && place.detail != Detail::Small {
            scene.label(
                (place.x + place.w, place.y + place.h + 12.0),
                1,
                Ink::Dim,
                10.5,
                true,
                place.w,
                "new",
            );
        }
    }
    scene
}

/// The lines on any way from a segment to the selection, and all under a selected segment.
fn lit(picture: &Picture, selected: Option<Thing>) -> BTreeSet<usize> {
    let mut lit = BTreeSet::new();
    let at = |plid| picture.lines.iter().position(|line| line.plid == plid);
    match selected {
        None => {}
        Some(Thing::Line(plid)) => {
            lit.extend(at(plid));
            // Lines are in the order of their height, so parents come before their children.
            for i in (0..picture.lines.len()).rev() {
                if picture.lines[i].children.iter().flatten().any(|child| lit.contains(child)) {
                    lit.insert(i);
                }
            }
        }
        Some(Thing::Segment(name)) => {
            lit.extend(picture.segment(name).and_then(|segment| at(segment.root)));
            for i in 0..picture.lines.len() {
                if lit.contains(&i) {
                    lit.extend(picture.lines[i].children.iter().flatten());
                }
            }
        }
    }
    lit
}

/// Where the edge of a word begins.
fn slot(place: &Placed, line: &LineView, word: usize) -> (f64, f64) {
    let w = place.w / line.children.len().max(1) as f64;
    (place.x + (word as f64 + 0.5) * w, place.y + place.h - 7.0_f64.min(place.h / 2.0))
}

/// Lines of one height: from where to where they reach from top to bottom, and each from left to right.
struct Band {
    top: f64,
    bottom: f64,
    taken: Vec<(f64, f64)>,
}

/// The levels, from the top.
fn bands(picture: &Picture, lines: &[Placed]) -> Vec<Band> {
    let mut bands: Vec<(u8, Band)> = Vec::new();
    for (line, place) in picture.lines.iter().zip(lines) {
        let (top, bottom) = (place.y, place.y + place.h);
        if bands.last().is_none_or(|(height, _)| *height != line.height) {
            bands.push((line.height, Band { top, bottom, taken: Vec::new() }));
        }
        if let Some((_, band)) = bands.last_mut() {
            (band.top, band.bottom) = (band.top.min(top), band.bottom.max(bottom));
            band.taken.push((place.x, place.x + place.w));
        }
    }
    bands.into_iter().map(|(_, band)| band).collect()
}

/// Space between a line and a reference that passes it: least, and where there is room.
const PASSING: (f64, f64) = (4.0, 10.0);

/// The way from a segment to its root: where levels lie between, through the gaps between their lines, or past them.
fn way(from: (f64, f64), to: &Placed, bands: &[Band]) -> Way {
    let mut way = vec![from];
    for band in bands.iter().take_while(|band| band.bottom < to.y) {
        let (x, y) = way[way.len() - 1];
        // Nearest to the straight line.
        let share = ((band.top + band.bottom) / 2.0 - y) / (to.y - y).max(1.0);
        let wanted = x + (to.middle() - x) * share;
        let free =
            |x: f64| band.taken.iter().all(|(left, right)| x <= left - PASSING.0 || x >= right + PASSING.0);
        let beside = band.taken.iter().flat_map(|(left, right)| [left - PASSING.1, right + PASSING.1]);
        // In a narrow gap in the middle of it.
        let between = band.taken.windows(2).map(|pair| f64::midpoint(pair[0].1, pair[1].0));
        let places = between.chain(beside).chain([wanted]).filter(|x| *x > 0.0 && free(*x));
        let x = places.min_by(|a, b| (a - wanted).abs().total_cmp(&(b - wanted).abs())).unwrap_or(wanted);
        way.extend([(x, band.top - 6.0), (x, band.bottom + 6.0)]);
    }
    way
}

/// A reference along its way; it turns between levels only.
fn edge(scene: &mut Scene, way: &[(f64, f64)], on: bool, detail: Detail) {
    let Some(to) = way.last().copied() else { return };
    let turn = |from: (f64, f64), to: (f64, f64), t: f64| {
        let (u, bend) = (1.0 - t, (to.1 - from.1) * 0.5);
        let (a, b, c, d) = (u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t);
        let x = (a + b) * from.0 + (c + d) * to.0;
        let y = a * from.1 + b * (from.1 + bend) + c * (to.1 - bend) + d * to.1;
        (x, y)
    };
    let turns = way.windows(2).flat_map(|ends| (0..=14).map(|i| turn(ends[0], ends[1], f64::from(i) / 14.0)));
    let points = turns.collect();
    let (width, alpha) = match (on, detail) {
        (true, _) => (2.0, 1.0),
        (false, Detail::Small) => (1.0, 0.25),
        (false, _) => (1.0, 0.6),
    };
    scene.shapes.push(Shape::Path { points, ink: Ink::Reference, width, dashed: false, alpha });
    if detail != Detail::Small {
        let points = vec![(to.0 - 3.5, to.1 - 5.0), to, (to.0 + 3.5, to.1 - 5.0)];
        scene.shapes.push(Shape::Path {
            points,
            ink: Ink::Reference,
            width: width.max(1.5),
            dashed: false,
            alpha,
        });
    }
}

fn frame(scene: &mut Scene, line: &LineView, place: &Placed) {
    let shared = line.references > 1;
    let (ink, width) = if shared { (Ink::Reference, 1.5) } else { (Ink::Hair, 1.0) };
    scene.outline(place.x, place.y, place.w, place.h, ink, width);
}

fn leaf(scene: &mut Scene, line: &LineView, place: &Placed) {
    let Placed { x, y, w, h, detail, .. } = *place;
    if detail == Detail::Small {
        content_cell(scene, (x, y), (w, h), line.hash, false);
        return;
    }
    scene.fill(x, y, w, h, Ink::Ground, 1.0);
    content_cell(scene, (x, y), (12.0, h), line.hash, false);
    frame(scene, line, place);
    let left = x + 18.0;
    scene.label((left, y + 15.0), -1, Ink::Text, 11.0, true, w - 20.0, line.plid.to_string());
    let count = format!("×{}", line.references);
    let ink = if line.references > 1 { Ink::Reference } else { Ink::Dim };
    if detail == Detail::Full {
        scene.label((x + w - 6.0, y + 15.0), 1, ink, 11.0, line.references > 1, 40.0, count);
        let bytes: &[u8] = line.content.as_deref().unwrap_or_default();
        for (row, bytes) in bytes.chunks(16).enumerate() {
            let text: String = bytes.iter().map(|byte| printable(*byte)).collect();
            scene.label((left, y + 30.0 + 14.0 * row as f64), -1, Ink::Text, 11.0, false, w - 22.0, text);
        }
    } else {
        scene.label((left, y + 31.0), -1, ink, 11.0, line.references > 1, w - 20.0, count);
    }
}

fn interior(scene: &mut Scene, line: &LineView, place: &Placed) {
    let Placed { x, y, w, h, detail, .. } = *place;
    scene.fill(x, y, w, h, Ink::Ground, 1.0);
    frame(scene, line, place);
    if detail == Detail::Small {
        return;
    }
    scene.label((x + 6.0, y + 14.0), -1, Ink::Text, 11.0, true, w / 2.0, line.plid.to_string());
    let ink = if line.references > 1 { Ink::Reference } else { Ink::Dim };
    let count = format!("×{}", line.references);
    scene.label((x + w - 6.0, y + 14.0), 1, ink, 11.0, line.references > 1, w / 2.0, count);
    // A word with the tag is a PLID; one without is zero.
    let word = w / line.children.len().max(1) as f64;
    scene.line((x, y + 20.5), (x + w, y + 20.5), Ink::Hair, 1.0);
    for (i, child) in line.children.iter().enumerate() {
        let left = x + word * i as f64;
        if i > 0 {
            scene.line((left.round() + 0.5, y + 20.5), (left.round() + 0.5, y + h), Ink::Hair, 1.0);
        }
        if child.is_some() {
            let size = (word - 4.0).clamp(2.0, 6.0);
            scene.fill(left + (word - size) / 2.0, y + 27.0 - size / 2.0, size, size, Ink::Reference, 1.0);
        }
    }
}

/// A byte as the character that it is, or a dot.
fn printable(byte: u8) -> char {
    if (0x20..0x7f).contains(&byte) { byte as char } else { '·' }
}
