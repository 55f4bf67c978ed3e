//! The picture: references, what they lead to, the names of the rows at the left, and a map of the whole at the foot.

use super::edges::edges;
use super::items::{item, text_width};
use super::layout::{Layout, MAP, layout};
use super::model::Model;
use super::view::View;
use crate::scene::{Ink, Scene, grouped};

/// Draws a model as it is looked at, on so many CSS pixels; the layout tells what lies where.
pub fn scene(model: &Model, view: &View, size: (f64, f64)) -> (Scene, Layout) {
    let layout = layout(model, view, size);
    let mut scene = Scene::default();
    edges(&mut scene, model, view, &layout);
    for row in &layout.rows {
        for it in &row.items {
            item(&mut scene, model, view, row, it);
        }
    }
    marks(&mut scene, model, view, &layout);
    names(&mut scene, model, &layout);
    if let Some(top) = layout.map {
        map(&mut scene, model, view, &layout, top);
    }
    (scene, layout)
}

/// The selected line where it is part of a bar, and lines found.
fn marks(scene: &mut Scene, model: &Model, view: &View, layout: &Layout) {
    for row in layout.rows.iter().filter(|row| !row.folded) {
        let mut last = f64::NEG_INFINITY;
        // Sorted from left to right; a row shows at most one mark every few pixels.
        for hit in view.hits.iter().filter(|hit| model.line(**hit).height == row.low) {
            let Some(it) = row.of(model.rank(*hit)) else { continue };
            let x = if it.is_bar() { it.at(f64::from(model.span(*hit).0) + 0.5) } else { it.middle() };
            if x < last + 5.0 || x < layout.across.0 || x > layout.across.1 {
                continue;
            }
            last = x;
            let y = row.y - 2.0;
            for dx in [-3.5, 3.5] {
                scene.line((x + dx, y - 5.0), (x, y), Ink::Text, 2.0);
            }
        }
        let selected = view.selected.filter(|line| model.line(*line).height == row.low);
        let Some((line, it)) = selected.and_then(|line| Some((line, row.of(model.rank(line))?))) else {
            continue;
        };
        if it.is_bar() {
            let x = it.at(f64::from(model.span(line).0) + 0.5);
            scene.fill(x - 1.5, row.y - 4.0, 3.0, row.h + 8.0, Ink::Text, 1.0);
            let text = format!("line {}", model.line(line).plid);
            let half = text_width(&text, 11.0) / 2.0 + 4.0;
            let x = x.clamp(layout.across.0 + half, (layout.across.1 - half).max(layout.across.0 + half));
            scene.fill(x - half, row.y - 19.0, 2.0 * half, 15.0, Ink::Text, 1.0);
            scene.label((x, row.y - 7.5), 0, Ink::Ground, 11.0, true, 2.0 * half, text);
        }
    }
}

/// What each row is, at the left; a mark says whether it is folded.
fn names(scene: &mut Scene, model: &Model, layout: &Layout) {
    let edge = layout.across.0 - 4.0;
    let wide = edge > 60.0;
    scene.fill(0.0, 0.0, edge, layout.map.map_or(layout.size.1, |top| top - 4.0), Ink::Ground, 1.0);
    scene.fill(layout.across.1, 0.0, layout.size.0 - layout.across.1, layout.size.1, Ink::Ground, 1.0);
    let levels = model.levels();
    for row in &layout.rows {
        let middle = row.y + row.h / 2.0;
        let level = usize::from(row.low);
        let count = |level: usize| u64::from(model.row(level).len());
        let all: u64 = (level..=usize::from(row.high)).map(count).sum();
        let (long, short) = match level {
            _ if level == levels => ("segments".to_owned(), "S".to_owned()),
            0 if !row.folded => ("data".to_owned(), "D".to_owned()),
            _ if row.low == row.high => (format!("height {level}"), level.to_string()),
            _ => (format!("height {}–{}", row.low, row.high), format!("{}–{}", row.low, row.high)),
        };
        if level != levels && level != 0 {
            // An open row points down, a folded one to the right.
            let (x, y) = (5.0, if wide { middle - 4.0 } else { middle });
            let points = if row.folded {
                [(x - 1.5, y - 3.5), (x + 2.0, y), (x - 1.5, y + 3.5)]
            } else {
                [(x - 3.0, y - 1.5), (x + 0.5, y + 2.0), (x + 4.0, y - 1.5)]
            };
            scene.line(points[0], points[1], Ink::Dim, 1.25);
            scene.line(points[1], points[2], Ink::Dim, 1.25);
        }
        if wide && row.h < 16.0 {
            scene.label((12.0, middle + 4.0), -1, Ink::Dim, 11.0, false, edge - 12.0, long);
        } else if wide {
            scene.label((12.0, middle - 1.0), -1, Ink::Text, 11.0, false, edge - 12.0, long);
            let what = if level == levels { "" } else { " lines" };
            let text = format!("{}{what}", grouped(all));
            scene.label((12.0, middle + 12.0), -1, Ink::Dim, 10.0, false, edge - 12.0, text);
        } else {
            scene.label((12.0, middle + 3.5), -1, Ink::Dim, 10.0, false, edge - 8.0, short);
        }
    }
}

/// All columns: where segments begin, what is shared, what is in view.
fn map(scene: &mut Scene, model: &Model, view: &View, layout: &Layout, top: f64) {
    let (left, right) = layout.across;
    let width = right - left;
    let all = f64::from(model.columns().max(1));
    let x = |column: f64| left + column / all * width;
    scene.fill(left, top, width, MAP, Ink::Faint, 1.0);
    // Of every few columns, how many of the leaves are shared.
    let leaves = model.row(0);
    let step = ((3.0 * all / width).ceil() as u32).max(1);
    for from in (0..model.columns()).step_by(step as usize) {
        let ranks = leaves.within((from, from.saturating_add(step)));
        if ranks.0 < ranks.1 {
            let share = f64::from(leaves.shared(ranks)) / f64::from(ranks.1 - ranks.0);
            let high = share * (MAP - 4.0);
            let (a, b) = (x(f64::from(from)), x(f64::from(from + step)).min(right));
            scene.fill(a, top + MAP - 2.0 - high, b - a, high, Ink::Reference, 0.55);
        }
    }
    let tops = model.row(model.levels());
    if f64::from(tops.len()) * 6.0 < width {
        for rank in 1..tops.len() {
            let at = x(f64::from(tops.span(rank).0));
            scene.line((at, top), (at, top + MAP), Ink::Dim, 1.0);
        }
    }
    let mut last = f64::NEG_INFINITY;
    for hit in &view.hits {
        let at = x(f64::from(model.span(*hit).0) + 0.5);
        if at >= last + 2.0 {
            scene.fill(at - 1.0, top, 2.0, 6.0, Ink::Text, 1.0);
            last = at;
        }
    }
    if let Some(line) = view.selected {
        let at = x(f64::from(model.span(line).0) + 0.5);
        scene.fill(at - 1.0, top, 2.0, MAP, Ink::Text, 1.0);
    }
    let (from, to) = (x(view.from).max(left), x(view.from + view.columns).min(right));
    scene.fill(left, top, from - left, MAP, Ink::Ground, 0.6);
    scene.fill(to, top, right - to, MAP, Ink::Ground, 0.6);
    let w = (to - from).max(4.0);
    scene.outline(from.min(right - w) - 1.0, top - 1.0, w + 2.0, MAP + 2.0, Ink::Text, 1.5);
}
