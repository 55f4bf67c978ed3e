//! The picture: references, what they lead to, the names of the rows at the left, and a map of the whole at the foot.

use super::edges::edges;
use super::items::{item, text_width};
use super::layout::{Layout, MAP, layout};
use super::model::Model;
use super::spread::Thing;
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

/// Lines found, and the selected line where it is not drawn singly.
fn marks(scene: &mut Scene, model: &Model, view: &View, layout: &Layout) {
    for row in &layout.rows {
        let here = |line: u32| {
            // A view may be of another model.
            let line = Some(line).filter(|line| *line < model.lines())?;
            let item = if row.folded { row.items.first() } else { row.of(model.rank(line)) };
            let (from, to) = model.span(line);
            let inside = (row.low..=row.high).contains(&model.line(line).height);
            let item = item.filter(|_| inside)?;
            let single = matches!(item.thing, Thing::Line(_));
            let column = f64::midpoint(f64::from(from), f64::from(to));
            Some((item, single, if single { item.middle() } else { item.at(column) }))
        };
        let mut last = f64::NEG_INFINITY;
        // Sorted from left to right; a row shows at most one mark every few pixels.
        for (item, single, x) in view.hits.iter().filter_map(|hit| here(*hit)) {
            if x < last + 5.0 || x < layout.across.0 || x > layout.across.1 {
                continue;
            }
            last = x;
            let half = if single { item.w / 2.0 } else { 2.0 };
            scene.fill(x - half, row.y - 6.0, 2.0 * half, 4.0, Ink::Text, 1.0);
        }
        let Some((line, (_, false, x))) = view.selected.and_then(|line| Some((line, here(line)?))) else {
            continue;
        };
        scene.fill(x - 1.5, row.y - 4.0, 3.0, row.h + 8.0, Ink::Text, 1.0);
        let text = format!("line {}", model.line(line).plid);
        let half = text_width(&text, 11.0) / 2.0 + 4.0;
        let x = x.clamp(layout.across.0 + half, (layout.across.1 - half).max(layout.across.0 + half));
        scene.fill(x - half, row.y - 19.0, 2.0 * half, 15.0, Ink::Text, 1.0);
        scene.label((x, row.y - 7.5), 0, Ink::Ground, 11.0, true, 2.0 * half, text);
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
            _ if level == levels => ("segments".to_owned(), "seg".to_owned()),
            0 if !row.folded => ("data".to_owned(), "data".to_owned()),
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
        if wide {
            scene.label((12.0, middle - 1.0), -1, Ink::Text, 11.0, false, edge - 12.0, long);
            let what = match all {
                _ if level == levels => "",
                1 => " line",
                _ => " lines",
            };
            let text = format!("{}{what}", grouped(all));
            scene.label((12.0, middle + 12.0), -1, Ink::Dim, 10.0, false, edge - 12.0, text);
        } else {
            let x = if level == levels || level == 0 { 2.0 } else { 12.0 };
            scene.label((x, middle + 3.5), -1, Ink::Dim, 10.0, false, edge, short);
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
    let places = (width / 3.0).max(1.0) as u32;
    for place in 0..places.min(model.columns()) {
        let part = |i: u32| {
            (u64::from(i) * u64::from(model.columns()) / u64::from(places.min(model.columns()))) as u32
        };
        let ranks = leaves.within((part(place), part(place + 1)));
        if ranks.0 < ranks.1 {
            let high = f64::from(leaves.shared(ranks)) / f64::from(ranks.1 - ranks.0) * (MAP - 4.0);
            let (a, b) = (x(f64::from(part(place))).round(), x(f64::from(part(place + 1))).round());
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
    for hit in view.hits.iter().filter(|hit| **hit < model.lines()) {
        let at = x(f64::from(model.span(*hit).0) + 0.5);
        if at >= last + 2.0 {
            scene.fill(at - 1.0, top, 2.0, 6.0, Ink::Text, 1.0);
            last = at;
        }
    }
    if let Some(line) = view.selected.filter(|line| *line < model.lines()) {
        let at = x(f64::from(model.span(line).0) + 0.5);
        scene.fill(at - 1.0, top, 2.0, MAP, Ink::Text, 1.0);
    }
    let (from, to) = (x(view.column(model, 0.0)).max(left), x(view.column(model, view.room)).min(right));
    scene.fill(left, top, from - left, MAP, Ink::Ground, 0.6);
    scene.fill(to, top, right - to, MAP, Ink::Ground, 0.6);
    let w = (to - from).max(4.0);
    scene.outline(from.min(right - w) - 1.0, top - 1.0, w + 2.0, MAP + 2.0, Ink::Text, 1.5);
}
