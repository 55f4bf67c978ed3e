//! Segments, lines and bars, each as much of it as its place has room for.

use super::forest::flag;
use super::layout::Row;
use super::model::Model;
use super::spread::{Item, Thing};
use super::view::View;
use super::words::{ShortName, short_name};
use crate::scene::{Ink, Scene, Shape, content_cell, grouped};

/// Least width of a leaf that has its name beside its content.
pub(super) const NAMED: f64 = 44.0;
/// Least CSS pixels of one cell in a bar.
const CELL: f64 = 4.0;

/// About how wide a text is: canvases measure exactly, but a layout must be the same everywhere.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    text.chars().count() as f64 * size * 0.6
}

/// The longest of some texts that fits.
fn fitting(texts: impl IntoIterator<Item = String>, size: f64, room: f64) -> Option<String> {
    texts.into_iter().find(|text| text_width(text, size) <= room)
}

/// Draws something in a row.
pub(super) fn item(scene: &mut Scene, model: &Model, view: &View, row: &Row, item: &Item) {
    match item.thing {
        Thing::Segment(top) => segment(scene, model, row, item, top),
        Thing::Line(line) if row.low == 0 => leaf(scene, model, row, item, line),
        Thing::Line(line) => interior(scene, model, row, item, line),
        Thing::Bar { .. } => bar(scene, model, row, item),
        Thing::Levels(low, high) => levels(scene, row, item, (low, high)),
        Thing::Map => {}
    }
    if let Thing::Line(line) = item.thing
        && view.selected == Some(line)
    {
        scene.outline(item.x - 3.0, row.y - 3.0, item.w + 6.0, row.h + 6.0, Ink::Text, 2.0);
    }
}

fn segment(scene: &mut Scene, model: &Model, row: &Row, item: &Item, top: u32) {
    let (x, w, y) = (item.x, item.w, row.y);
    let top = model.segment(top);
    scene.fill(x, y, w, row.h, Ink::Ground, 1.0);
    scene.outline(x, y, w, row.h, Ink::Reference, 1.5);
    let room = w - 10.0;
    let middle = item.middle();
    let ShortName { names, parts } = short_name(&top.label);
    let tall = row.h > 30.0;
    let base = if tall { y + 15.0 } else { y + row.h / 2.0 + 4.0 };
    if let Some(name) = fitting(names, 12.0, room) {
        scene.label((middle, base), 0, Ink::Text, 12.0, true, room, name);
    } else if let Some((kind, number)) = stacked(parts, w).filter(|_| tall) {
        scene.label((middle, y + 14.0), 0, Ink::Text, 10.0, true, w, kind);
        scene.label((middle, y + 27.0), 0, Ink::Text, 10.0, true, w, number);
        return;
    } else if let Some(name) = fitting(initials(&top.label, top.segment), 10.0, w - 3.0) {
        scene.label((middle, base), 0, Ink::Text, 10.0, true, w, name);
    }
    if tall {
        let bytes = grouped(top.length);
        let zeros = if top.root.is_none() { ", zeros" } else { "" };
        if let Some(length) = fitting([format!("{bytes} B{zeros}"), format!("{bytes} B")], 10.0, room) {
            scene.label((middle, y + 28.0), 0, Ink::Dim, 10.0, false, room, length);
        }
    }
}

/// Kind and number of what holds a segment, as they fit one over the other; of the kind its initial, if need be.
fn stacked(parts: Option<(&str, String)>, w: f64) -> Option<(String, String)> {
    let (kind, number) = parts.filter(|(_, number)| text_width(number, 10.0) <= w - 2.0)?;
    let kind = fitting([kind.to_owned(), kind.chars().take(1).collect()], 10.0, w - 4.0)?;
    Some((kind, number))
}

/// The least that a segment's box says: kind and number of what holds it, else the segment's own number.
fn initials(label: &str, segment: u32) -> [String; 2] {
    let parts = short_name(label).parts;
    let (kind, number) = parts.unwrap_or(("", segment.to_string()));
    let initial: String = kind.chars().take(1).collect();
    [format!("{initial}{number}"), number]
}

/// The box of a line: what it is by its outline.
fn frame(scene: &mut Scene, model: &Model, row: &Row, item: &Item, line: u32) {
    let flags = model.line(line).flags;
    let (x, y, w, h) = (item.x, row.y, item.w, row.h);
    if flags & flag::WAITING != 0 {
        let points = vec![(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)];
        scene.shapes.push(Shape::Path { points, ink: Ink::Dim, width: 1.0, dashed: true, alpha: 1.0 });
    } else if flags & flag::SHARED != 0 {
        scene.outline(x, y, w, h, Ink::Reference, 1.5);
    } else {
        scene.outline(x, y, w, h, Ink::Hair, 1.0);
    }
    if flags & flag::HELD != 0 {
        scene.fill(x, y + h - 3.0, w, 3.0, Ink::Text, 1.0);
    }
}

/// PLID, and how many references where there are several: beside each other, or one over the other. `y` is the middle.
fn named(scene: &mut Scene, model: &Model, line: u32, (x, y, w): (f64, f64, f64), stacked: bool) {
    let line = model.line(line);
    let (plid, times) = (line.plid.to_string(), format!("×{}", grouped(u64::from(line.references))));
    // Where it is tight a PLID may go nearer to the border.
    let sizes = [(11.0, 0.0), (10.0, 2.0), (9.0, 6.0)];
    let fits = |(size, more): &(f64, f64)| text_width(&plid, *size) <= w + more;
    let Some((size, _)) = sizes.into_iter().find(fits) else { return };
    let (wide, more) = (text_width(&plid, size), text_width(&times, size));
    let mut say = |x: f64, y: f64, anchor: i8, ink: Ink, text: String| {
        scene.label((x, y + 4.0), anchor, ink, size, true, w, text);
    };
    let several = line.references > 1;
    if wide + more + 6.0 <= w {
        say(x, y, -1, Ink::Text, plid);
        if several {
            say(x + w, y, 1, Ink::Reference, times);
        }
    } else if several && stacked && more <= w {
        say(x + w / 2.0, y - 6.5, 0, Ink::Text, plid);
        say(x + w / 2.0, y + 6.5, 0, Ink::Reference, times);
    } else {
        say(x + w / 2.0, y, 0, Ink::Text, plid);
    }
}

fn leaf(scene: &mut Scene, model: &Model, row: &Row, item: &Item, line: u32) {
    let (x, y, w, h) = (item.x, row.y, item.w, row.h);
    let hash = model.line(line).hash;
    if w < NAMED {
        content_cell(scene, (x, y), (w, h), hash, false);
        if model.line(line).flags & (flag::SHARED | flag::WAITING | flag::HELD) != 0 {
            frame(scene, model, row, item, line);
        }
        return;
    }
    scene.fill(x, y, w, h, Ink::Ground, 1.0);
    // Content is all that a leaf is: it takes what the text leaves.
    let strip = (w * 0.2).clamp(10.0, 20.0);
    content_cell(scene, (x, y), (strip, h), hash, false);
    frame(scene, model, row, item, line);
    named(scene, model, line, (x + strip + 4.0, y + h / 2.0, w - strip - 8.0), h > 28.0);
}

fn interior(scene: &mut Scene, model: &Model, row: &Row, item: &Item, line: u32) {
    let (x, y, w, h) = (item.x, row.y, item.w, row.h);
    scene.fill(x, y, w, h, Ink::Ground, 1.0);
    let word = w / f64::from(model.fan_out());
    // A word with the tag is a PLID; one without is zero.
    let words = if h > 24.0 && w >= 20.0 { (h * 0.4).min(13.0) } else { 0.0 };
    if words > 0.0 {
        scene.fill(x, y + h - words, w, words, Ink::Faint, 0.6);
        let size = (word - 2.0).clamp(1.5, 6.0);
        for edge in model.children(line) {
            let shared = model.parent(edge.child) != Some(line);
            let ink = if shared { Ink::Reference } else { Ink::Dim };
            let left = x + (f64::from(edge.word) + 0.5) * word - size / 2.0;
            scene.fill(left, y + h - (words + size) / 2.0, size, size, ink, 1.0);
        }
    }
    frame(scene, model, row, item, line);
    named(scene, model, line, (x + 5.0, y + (h - words) / 2.0, w - 10.0), h > 30.0 && words == 0.0);
}

/// What a bar says: how many lines, and how much of it is shared.
fn summary(count: u32, shared: u32, what: &str) -> [String; 4] {
    let lines = grouped(u64::from(count));
    let part = match shared {
        0 => String::new(),
        _ if shared == count => ", all shared".to_owned(),
        _ => format!(", {} shared", percent(shared, count)),
    };
    let thousands = format!("{}k", (count + 500) / 1000);
    [format!("{lines} {what}{part}"), format!("{lines} {what}"), lines, thousands]
}

/// A part in per cent: none or all only if it is so.
fn percent(part: u32, all: u32) -> String {
    match f64::from(part) / f64::from(all.max(1)) * 100.0 {
        share if part > 0 && share < 1.0 => "<1 %".to_owned(),
        share if share > 99.0 => "99 %".to_owned(),
        share => format!("{share:.0} %"),
    }
}

fn bar(scene: &mut Scene, model: &Model, row: &Row, item: &Item) {
    let (x, y, w, h) = (item.x, row.y, item.w, row.h);
    let level = usize::from(row.low);
    let segments = level == model.levels();
    let lines = model.row(level);
    scene.fill(x, y, w, h, Ink::Ground, 1.0);
    let lane = if h > 20.0 { 5.0 } else { 4.0 };
    let foot = y + h - lane;
    let shares = |scene: &mut Scene, part: &dyn Fn((u32, u32)) -> u32, ink: Ink, top: f64, high: f64| {
        // Cells that show the same are one: no seams, and less to draw.
        let mut run: Option<(f64, f64, f64)> = None;
        let mut flush = |run: Option<(f64, f64, f64)>| {
            if let Some((left, right, share)) = run.filter(|run| run.2 > 0.0) {
                scene.fill(left, top + high * (1.0 - share), right - left, high * share, ink, 1.0);
            }
        };
        cells(model, row, item, |(from, to), (left, width)| {
            let share = f64::from(part((from, to))) / f64::from(to - from);
            match &mut run {
                Some((_, right, same)) if *same == share && left - *right < 0.5 => *right = left + width,
                _ => flush(run.replace((left, left + width, share))),
            }
        });
        flush(run);
    };
    // What the cells of a bar cannot tell apart is told by its number.
    if level == 0 {
        let high = (h - lane - 13.0).max(4.0);
        cells(model, row, item, |(from, _), (left, width)| {
            let line = model.line(lines.ids[from as usize]);
            scene.fill(left, foot - high, width, high, Ink::Content(line.hash), 1.0);
        });
    }
    if !segments {
        scene.fill(x, foot, w, lane, Ink::Faint, 1.0);
        shares(scene, &|ranks| lines.shared(ranks), Ink::Reference, foot, lane);
        if model.compares() {
            shares(scene, &|ranks| lines.held(ranks), Ink::Text, y, 3.0);
        }
    }
    scene.outline(x, y, w, h, if segments { Ink::Reference } else { Ink::Hair }, 1.0);
    let what = if segments { "segments" } else { "lines" };
    let texts = summary(item.count(), lines.shared(item.ranks), what);
    let texts = texts.into_iter().skip(usize::from(segments));
    let texts = texts.take(if item.count() < 10_000 { 3 } else { 4 });
    if let Some(text) = fitting(texts, 10.0, w - 6.0) {
        let base = if segments { y + h / 2.0 + 3.5 } else { y + 10.5 };
        scene.label((item.middle(), base), 0, Ink::Text, 10.0, false, w, text);
    }
}

/// Cuts a bar into cells that stay where they are when the view moves: calls `each` with the ranks in one, and its left end
/// and width.
fn cells(model: &Model, row: &Row, item: &Item, mut each: impl FnMut((u32, u32), (f64, f64))) {
    let lines = model.row(usize::from(row.low));
    let scale = (item.region.1 - item.region.0) / f64::from(item.columns.1 - item.columns.0);
    let step = ((CELL / scale).ceil().max(1.0) as u32).next_power_of_two();
    let (from, to) = (item.column(item.x).max(0.0) as u32, item.column(item.x + item.w).ceil() as u32);
    let mut column = (from / step * step).max(item.columns.0);
    while column < to.min(item.columns.1) {
        let next = (column / step + 1) * step;
        let ranks = lines.over((column, next.min(item.columns.1)));
        if ranks.0 < ranks.1 {
            let left = item.at(f64::from(column)).max(item.x);
            let right = item.at(f64::from(next)).min(item.x + item.w);
            if right > left {
                each(ranks, (left, right - left));
            }
        }
        column = next;
    }
}

fn levels(scene: &mut Scene, row: &Row, item: &Item, (low, high): (u8, u8)) {
    let (x, y, w, h) = (item.x, row.y, item.w, row.h);
    scene.fill(x, y, w, h, Ink::Faint, 1.0);
    scene.line((x, y + 0.5), (x + w, y + 0.5), Ink::Hair, 1.0);
    scene.line((x, y + h - 0.5), (x + w, y + h - 0.5), Ink::Hair, 1.0);
    let lines = grouped(u64::from(item.count()));
    let name = if low == high { format!("height {low}") } else { format!("{} levels", high - low + 1) };
    let texts = [format!("{name}, {lines} lines"), lines];
    if let Some(text) = fitting(texts, 10.0, w - 6.0) {
        scene.label((item.middle(), y + h / 2.0 + 3.5), 0, Ink::Dim, 10.0, false, w, text);
    }
}
