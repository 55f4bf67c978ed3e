//! The memory panel at a lane's side: on the left every line that is held, on the right each different line once with its
//! count. Both panels use the same scale, so that their areas compare.

use super::content::cell;
use super::{Ink, Scene, grouped};
use crate::timeline::{Panel, Side, Timeline};

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
        last.scale = lines.div_ceil(last.places()).next_power_of_two();
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

/// Kernel copies that the conventional memory holds besides the applications' buffers: contents of their lines.
pub(super) fn kernel_copies(timeline: &Timeline, position: u32) -> Vec<u32> {
    let size = timeline.traffic.line_size;
    let mut lines = Vec::new();
    for packet in timeline.in_flight(position) {
        let track = &timeline.packets[packet as usize];
        let contents = timeline.traffic.contents(track.send);
        let (from, to) = (track.offset / size, (track.offset + track.len).div_ceil(size));
        lines.extend(contents[from as usize..(to as usize).min(contents.len())].iter().copied());
    }
    lines
}

/// Draws a panel; returns the grid, and the place of each content on the right.
pub(super) fn draw(
    scene: &mut Scene,
    timeline: &Timeline,
    panel: &Panel,
    side: Side,
    position: u32,
    area: (f64, f64, f64, f64),
) -> Grid {
    let (x, y, w, h) = area;
    let copies = kernel_copies(timeline, position);
    let held = panel.left_lines() as usize + copies.len();
    let grid = Grid::new((x, y + 34.0), (w, h - 36.0), held);
    let narrow = w < 150.0;
    let title = match side {
        Side::Left if narrow => format!("{} lines held", grouped(held as u64)),
        Side::Right if narrow => format!("{} lines", grouped(u64::from(panel.distinct()))),
        Side::Left => format!("memory: {} lines held", grouped(held as u64)),
        Side::Right => format!("line store: {} lines", grouped(u64::from(panel.distinct()))),
    };
    let detail = match side {
        Side::Left => format!("{} different", grouped(u64::from(panel.distinct()))),
        Side::Right => "each held once".to_owned(),
    };
    let detail = if narrow { String::new() } else { format!("{detail} · ") };
    let plural = if grid.scale == 1 { "" } else { "s" };
    let scale = format!("□ = {} line{plural}", grouped(grid.scale as u64));
    scene.label((x, y + 10.0), -1, Ink::Text, 11.0, true, w, title);
    scene.label((x, y + 24.0), -1, Ink::Dim, 10.5, false, w, format!("{detail}{scale}"));
    for place in 0..grid.places() {
        let (px, py) = grid.at(place);
        scene.outline(px, py, grid.size, grid.size, Ink::Faint, 1.0);
    }
    match side {
        Side::Left => left(scene, timeline, panel, &copies, &grid),
        Side::Right => right(scene, timeline, panel, &grid),
    }
    grid
}

fn left(scene: &mut Scene, timeline: &Timeline, panel: &Panel, copies: &[u32], grid: &Grid) {
    let traffic = &timeline.traffic;
    let square = (grid.size, grid.size);
    // Every `scale`-th line stands for its square.
    let mut index = 0usize;
    for send in panel.alive() {
        let contents = traffic.contents(send);
        let mut next = index.next_multiple_of(grid.scale);
        while next < index + contents.len() {
            let hash = traffic.glyphs[contents[next - index] as usize];
            cell(scene, grid.at(next / grid.scale), square, hash, false);
            next += grid.scale;
        }
        index += contents.len();
    }
    let first = index.next_multiple_of(grid.scale);
    for next in (first..index + copies.len()).step_by(grid.scale) {
        let at = grid.at(next / grid.scale);
        cell(scene, at, square, traffic.glyphs[copies[next - index] as usize], false);
        scene.outline(at.0, at.1, grid.size, grid.size, Ink::Copy, 1.5);
    }
}

fn right(scene: &mut Scene, timeline: &Timeline, panel: &Panel, grid: &Grid) {
    let glyphs = &timeline.traffic.glyphs;
    let held = panel.counts().iter().enumerate().filter(|(_, count)| **count > 0);
    for (rank, (content, count)) in held.enumerate() {
        if rank % grid.scale == 0 {
            let at = grid.at(rank / grid.scale);
            let numbered = grid.scale == 1 && grid.size >= 11.0;
            if numbered {
                scene.fill(at.0, at.1, grid.size, grid.size, Ink::Content(glyphs[content]), 1.0);
                let size = if *count < 100 { grid.size * 0.62 } else { grid.size * 0.45 };
                let middle = (at.0 + grid.size / 2.0, at.1 + grid.size / 2.0 + size * 0.36);
                scene.text(middle, 0, Ink::OnContent, size, count.to_string());
            } else {
                cell(scene, at, (grid.size, grid.size), glyphs[content], false);
            }
        }
    }
}

/// The place on the right of each of a send's lines.
pub(super) fn places(panel: &Panel, contents: &[u32], grid: &Grid) -> Vec<(f64, f64)> {
    let top = contents.iter().copied().max().unwrap_or(0) as usize;
    let mut ranks = Vec::with_capacity(top + 1);
    let mut rank = 0;
    for count in panel.counts().iter().take(top + 1) {
        ranks.push(rank);
        rank += usize::from(*count > 0);
    }
    contents
        .iter()
        .map(|content| grid.at(ranks.get(*content as usize).copied().unwrap_or(0) / grid.scale))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_grows_its_scale_only_when_squares_no_longer_fit() {
        let few = Grid::new((0.0, 0.0), (160.0, 320.0), 23);
        assert_eq!((few.size, few.scale), (15.0, 1));
        let more = Grid::new((0.0, 0.0), (160.0, 320.0), 600);
        assert!(more.size < 15.0 && more.scale == 1);
        for lines in [1_000, 8_346, 1_000_000] {
            let many = Grid::new((0.0, 0.0), (160.0, 320.0), lines);
            assert!(many.places() * many.scale >= lines);
            assert!(many.scale.is_power_of_two());
        }
    }
}
