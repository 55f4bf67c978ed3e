//! The memory panel at a lane's side: of a conventional stack every line that is held, of snapshots each different line
//! once with its count.

use snapstack::buffers::{Origin, Scheme};

use super::content::cell;
use super::{HUES, Ink, LaneView, LineTarget, Scene, Shape, counted, grouped};
use crate::timeline::{Held, Panel, Timeline};

/// What a call brings into memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Arriving {
    /// Lines that are being copied, and how much of them has been.
    pub(super) copied: (Vec<u32>, f64),
    /// Lines that are there and are referred to, ascending.
    pub(super) referred: Vec<u32>,
}

/// Where the squares are and how many lines one stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Grid {
    x: f64,
    y: f64,
    columns: usize,
    rows: usize,
    pub(super) size: f64,
    /// Lines that one square stands for.
    pub(super) scale: usize,
}

impl Grid {
    /// The grid in which `lines` lines find room: large squares while they fit, then small ones, then several lines a
    /// square.
    pub(super) fn new((x, y): (f64, f64), (w, h): (f64, f64), lines: usize) -> Self {
        let make = |size: f64| Self {
            x,
            y,
            columns: (w / (size + 1.0)).floor().max(1.0) as usize,
            rows: (h / (size + 1.0)).floor().max(1.0) as usize,
            size,
            scale: 1,
        };
        let grids = [15.0, 11.0, 8.0, 6.0].map(make);
        if let Some(grid) = grids.into_iter().find(|grid| grid.places() >= lines) {
            return grid;
        }
        let mut last = grids[3];
        // A power of two, or three quarters of one: numbers to reckon with, of which there are few while a run comes in.
        let least = lines.div_ceil(last.places());
        let power = least.next_power_of_two();
        last.scale = if power / 4 * 3 < least { power } else { power / 4 * 3 };
        last
    }

    fn places(&self) -> usize {
        self.columns * self.rows
    }

    /// Left top of a place.
    pub(super) fn at(&self, place: usize) -> (f64, f64) {
        let pitch = self.size + 1.0;
        (self.x + (place % self.columns) as f64 * pitch, self.y + (place / self.columns) as f64 * pitch)
    }
}

/// Draws a panel with room for `most` lines; returns its grid.
pub(super) fn draw(
    scene: &mut Scene,
    timeline: &Timeline,
    panel: &Panel,
    (view, arriving, most): (&LaneView<'_>, &Arriving, usize),
    area: (f64, f64, f64, f64),
) -> Grid {
    let (x, y, w, h) = area;
    let held = panel.held(view.side);
    let grid = Grid::new((x, y + 34.0), (w, h - 36.0), most);
    let narrow = w < 150.0;
    let distinct = u64::from(held.distinct());
    let store = view.scheme == Scheme::Snapshot;
    let title = match (store, narrow) {
        (false, true) => format!("{} held", counted(held.lines(), "line")),
        (true, true) => counted(distinct, "line"),
        (false, false) => format!("memory: {} held", counted(held.lines(), "line")),
        (true, false) => format!("line store: {}", counted(distinct, "line")),
    };
    let detail = if store {
        let fold = if held.distinct() == 0 { 1.0 } else { held.lines() as f64 / f64::from(held.distinct()) };
        format!("{} held, {fold:.1}×", grouped(held.lines()))
    } else {
        format!("{} different", grouped(distinct))
    };
    let detail = if narrow { String::new() } else { format!("{detail} · ") };
    let unit = match grid.scale {
        1 => " line",
        // Beside large numbers the number is what matters.
        _ if detail.chars().count() > 23 => "",
        _ => " lines",
    };
    let scale = format!("□ = {}{unit}", grouped(grid.scale as u64));
    scene.label((x, y + 10.0), -1, Ink::Text, 11.0, true, w, title);
    scene.label((x, y + 24.0), -1, Ink::Dim, 10.5, false, w, format!("{detail}{scale}"));
    // As much as there is at the most has room in this.
    let pitch = grid.size + 1.0;
    let rows = most.div_ceil(grid.scale).div_ceil(grid.columns) as f64;
    let frame = (grid.columns as f64 * pitch + 3.0, rows * pitch + 3.0);
    scene.outline(x - 2.0, y + 32.0, frame.0, frame.1, Ink::Faint, 1.0);
    let marked = panel.marked(view.side);
    let first = scene.shapes.len();
    if store {
        store_lines(scene, timeline, (held, marked), view, (&grid, &arriving.referred));
    } else {
        every_line(scene, timeline, held, view, (&grid, &arriving.copied));
    }
    by_colour(&mut scene.shapes, first);
    grid
}

/// Puts the fills of squares, from a shape on, before all else and those of a colour together: none covers another, and a canvas
/// takes a colour anew each time it changes.
fn by_colour(shapes: &mut Vec<Shape>, first: usize) {
    let mut fills: Vec<Vec<Shape>> = vec![Vec::new(); HUES as usize];
    let mut others = Vec::new();
    for shape in shapes.drain(first..) {
        match shape {
            Shape::Rect { ink: Ink::Content(hash), outline: 0.0, .. } => {
                fills[(hash % HUES) as usize].push(shape);
            }
            other => others.push(other),
        }
    }
    shapes.extend(fills.into_iter().flatten().chain(others));
}

/// Every line of every content that is held, in the order of their creation; copies of payload have the colour of copies.
fn every_line(
    scene: &mut Scene,
    timeline: &Timeline,
    held: &Held,
    view: &LaneView<'_>,
    (grid, copied): (&Grid, &(Vec<u32>, f64)),
) {
    let contents = timeline.contents(view.side);
    let square = (grid.size, grid.size);
    // Every `scale`-th line stands for its square.
    let mut index = 0usize;
    for content in held.alive() {
        let lines = contents.lines(content);
        let origin = contents.get(content).and_then(|content| content.origin);
        let mut next = index.next_multiple_of(grid.scale);
        while next < index + lines.len() {
            let line = lines[next - index];
            let at = grid.at(next / grid.scale);
            cell(scene, at, square, timeline.glyphs.get(line as usize).copied().unwrap_or(0), false);
            if view.line == Some(line) {
                scene.outline(at.0 - 1.0, at.1 - 1.0, grid.size + 2.0, grid.size + 2.0, Ink::Text, 2.0);
            } else if matches!(origin, Some(Origin::Kernel | Origin::Recv)) {
                copy(scene, at, grid);
            }
            scene.lines.push(LineTarget { x: at.0, y: at.1, size: grid.size, line });
            next += grid.scale;
        }
        index += lines.len();
    }
    // What is being copied grows behind them.
    let shown = (copied.0.len() as f64 * copied.1).round() as usize;
    for (i, line) in copied.0.iter().enumerate().take(shown) {
        if (index + i).is_multiple_of(grid.scale) && (index + i) / grid.scale < grid.places() {
            let at = grid.at((index + i) / grid.scale);
            cell(scene, at, square, timeline.glyphs.get(*line as usize).copied().unwrap_or(0), false);
            copy(scene, at, grid);
        }
    }
}

/// Marks a square as a copy: a ring, or where that would hide what it holds, a bar at its foot.
fn copy(scene: &mut Scene, at: (f64, f64), grid: &Grid) {
    if grid.size >= 11.0 {
        scene.outline(at.0, at.1, grid.size, grid.size, Ink::Copy, 1.5);
    } else {
        scene.fill(at.0, at.1 + grid.size - 1.5, grid.size, 1.5, Ink::Copy, 1.0);
    }
}

/// Each different line once, with how often it is held; lines that were held at the marked moment too have a mark.
fn store_lines(
    scene: &mut Scene,
    timeline: &Timeline,
    (held, marked): (&Held, Option<&Held>),
    view: &LaneView<'_>,
    (grid, referred): (&Grid, &[u32]),
) {
    let glyph = |line: usize| timeline.glyphs.get(line).copied().unwrap_or(0);
    let lines = held.counts().iter().enumerate().filter(|(_, count)| **count > 0);
    for (rank, (line, count)) in lines.enumerate() {
        let lit = view.line == Some(line as u32);
        if rank % grid.scale != 0 && !lit {
            continue;
        }
        let at = grid.at(rank / grid.scale);
        if grid.scale == 1 && grid.size >= 11.0 {
            scene.fill(at.0, at.1, grid.size, grid.size, Ink::Content(glyph(line)), 1.0);
            let size = if *count < 100 { grid.size * 0.62 } else { grid.size * 0.45 };
            let middle = (at.0 + grid.size / 2.0, at.1 + grid.size / 2.0 + size * 0.36);
            scene.text(middle, 0, Ink::OnContent, size, count.to_string());
        } else {
            cell(scene, at, (grid.size, grid.size), glyph(line), false);
        }
        let before = marked.is_some_and(|marked| marked.counts().get(line).is_some_and(|count| *count > 0));
        if lit {
            scene.outline(at.0 - 1.0, at.1 - 1.0, grid.size + 2.0, grid.size + 2.0, Ink::Text, 2.0);
        } else if before || referred.binary_search(&(line as u32)).is_ok() {
            scene.outline(at.0, at.1, grid.size, grid.size, Ink::Reference, 2.0);
        }
        scene.lines.push(LineTarget { x: at.0, y: at.1, size: grid.size, line: line as u32 });
    }
}

/// Where each of some lines is in the store.
pub(super) fn places(held: &Held, lines: &[u32], grid: &Grid) -> Vec<(f64, f64)> {
    let top = lines.iter().copied().max().unwrap_or(0) as usize;
    let mut ranks = Vec::with_capacity(top + 1);
    let mut rank = 0;
    for count in held.counts().iter().take(top + 1) {
        ranks.push(rank);
        rank += usize::from(*count > 0);
    }
    lines.iter().map(|line| grid.at(ranks.get(*line as usize).copied().unwrap_or(0) / grid.scale)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_come_first_by_colour_and_all_else_keeps_its_order() {
        let mut scene = Scene::default();
        scene.label((0.0, 0.0), 0, Ink::Text, 10.0, false, 10.0, "title".to_owned());
        for (x, hash) in [(0.0, 7), (16.0, 3), (32.0, 7 + HUES), (48.0, 3)] {
            cell(&mut scene, (x, 0.0), (15.0, 15.0), hash, false);
            scene.outline(x, 0.0, 15.0, 15.0, Ink::Copy, 1.5);
        }
        let before = scene.shapes.clone();
        by_colour(&mut scene.shapes, 1);
        let fill = |shape: &Shape| match shape {
            Shape::Rect { x, ink: Ink::Content(hash), outline: 0.0, .. } => Some((*x, hash % HUES)),
            _ => None,
        };
        assert_eq!(scene.shapes[0], before[0]);
        let fills: Vec<_> = scene.shapes[1..5].iter().filter_map(fill).collect();
        assert_eq!(fills, [(16.0, 3), (48.0, 3), (0.0, 7), (32.0, 7)]);
        let others = |shapes: &[Shape]| -> Vec<Shape> {
            shapes.iter().filter(|shape| fill(shape).is_none()).cloned().collect()
        };
        assert_eq!(others(&scene.shapes), others(&before));
    }

    #[test]
    fn the_grid_grows_its_scale_only_when_squares_no_longer_fit() {
        let few = Grid::new((0.0, 0.0), (160.0, 320.0), 23);
        assert_eq!((few.size, few.scale), (15.0, 1));
        let more = Grid::new((0.0, 0.0), (160.0, 320.0), 600);
        assert!(more.size < 15.0 && more.scale == 1);
        for lines in [1_000, 8_346, 1_000_000] {
            let many = Grid::new((0.0, 0.0), (160.0, 320.0), lines);
            let room = many.places() * many.scale;
            assert!((lines..2 * lines).contains(&room), "{room} for {lines}");
            assert!(many.scale.is_power_of_two() || (many.scale / 3).is_power_of_two());
        }
    }
}
