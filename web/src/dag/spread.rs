//! From left to right: what of each level is drawn singly, and what as a bar that stands for many.
//!
//! From the top downwards the screen is cut into regions, each under one line or one group of neighbours. Where what a
//! region holds on a level has room, it is drawn singly and each thing gets its own region; where not, neighbours are
//! bundled, and their region stays one down to the leaves. So everything stands under what it is first met through,
//! nothing overlaps, and the work depends on the width of the screen, not on the size of the DAG.

use super::model::{Model, Row};
use super::view::View;

/// Ranges of ranks, and the room of each.
type Parts = (Vec<(u32, u32)>, Vec<(f64, f64)>);

/// Least CSS pixels of a thing of its own, the gap beside it included.
pub(super) const LEAST: f64 = 14.0;
/// CSS pixels that a bar wants at least: room for its number.
const BAR: f64 = 76.0;

/// What something drawn is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A segment.
    Segment(u32),
    /// A line.
    Line(u32),
    /// Neighbours on a level: ranks from the first to the end.
    Bar {
        /// The level; that of the segments is one over the highest.
        level: u8,
        /// The first rank.
        first: u32,
        /// The rank behind the last.
        end: u32,
    },
    /// Levels folded away, from the lowest to the highest.
    Levels(u8, u8),
    /// The map of the whole under the leaves.
    Map,
}

/// Something at its place from left to right.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// What it is.
    pub thing: Thing,
    /// Left end of what is drawn.
    pub x: f64,
    /// Width of what is drawn.
    pub w: f64,
    /// Its region, which may reach beyond the screen.
    pub region: (f64, f64),
    /// Columns of the region.
    pub columns: (u32, u32),
    /// Ranks in its row, the end excluded.
    pub ranks: (u32, u32),
    /// Whether it is, or is among, what is bundled with its neighbours: nothing under it is drawn apart from theirs.
    pub bundled: bool,
}

impl Item {
    /// Its middle.
    pub fn middle(&self) -> f64 {
        self.x + self.w / 2.0
    }

    /// Where a column of the region lies.
    pub fn at(&self, column: f64) -> f64 {
        let (from, to) = (f64::from(self.columns.0), f64::from(self.columns.1));
        self.region.0 + (column - from) / (to - from) * (self.region.1 - self.region.0)
    }

    /// The column at a place.
    pub fn column(&self, x: f64) -> f64 {
        let (from, to) = (f64::from(self.columns.0), f64::from(self.columns.1));
        from + (x - self.region.0) / (self.region.1 - self.region.0) * (to - from)
    }

    /// How many things it stands for.
    pub fn count(&self) -> u32 {
        self.ranks.1 - self.ranks.0
    }

    /// Whether it is a bar.
    pub fn is_bar(&self) -> bool {
        matches!(self.thing, Thing::Bar { .. })
    }
}

#[derive(Clone, Copy)]
struct Region {
    columns: (u32, u32),
    x: (f64, f64),
    /// Whether it stays one down to the leaves.
    whole: bool,
}

/// Everything, as one region, on a screen between `left` and `right`.
fn everything(model: &Model, view: &View, left: f64, right: f64) -> Region {
    let scale = (right - left) / view.columns;
    let x = (left - view.from * scale, left + (f64::from(model.columns()) - view.from) * scale);
    Region { columns: (0, model.columns()), x, whole: false }
}

/// What is in view of each level, the segments last, from left to right. `left` and `right` are the edges of the screen.
pub(super) fn spread(model: &Model, view: &View, left: f64, right: f64) -> Vec<Vec<Item>> {
    let mut regions = vec![everything(model, view, left, right)];
    let mut levels = vec![Vec::new(); model.levels() + 1];
    for level in (0..=model.levels()).rev() {
        let mut cut =
            Cut { model, level, row: model.row(level), left, right, items: Vec::new(), next: Vec::new() };
        for region in regions {
            cut.region(region);
        }
        levels[level] = cut.items;
        regions = cut.next;
    }
    levels
}

/// The smallest region that `inside` says yes to, on its way down from everything: columns and place. Narrow things get more
/// room than their columns would, so where a column is shows only on the way to it.
pub(super) fn descend(
    model: &Model,
    view: &View,
    inside: impl Fn((u32, u32), (f64, f64)) -> bool,
) -> ((u32, u32), (f64, f64)) {
    let (left, right) = (0.0, view.room);
    let mut at = everything(model, view, left, right);
    for level in (0..=model.levels()).rev().take_while(|_| model.columns() > 0) {
        let mut cut =
            Cut { model, level, row: model.row(level), left, right, items: Vec::new(), next: Vec::new() };
        let Some((parts, places)) = cut.parts(at) else { continue };
        if at.whole {
            break;
        }
        if level == 0 {
            let columns = parts.iter().map(|part| cut.columns(*part));
            let found = columns.zip(places).find(|(columns, x)| inside(*columns, *x));
            return found.unwrap_or((at.columns, at.x));
        }
        cut.below(&parts, &places);
        let Some(next) = cut.next.into_iter().find(|region| inside(region.columns, region.x)) else { break };
        at = next;
    }
    (at.columns, at.x)
}

/// A level while its regions are cut.
struct Cut<'m> {
    model: &'m Model,
    level: usize,
    row: &'m Row,
    left: f64,
    right: f64,
    items: Vec<Item>,
    next: Vec<Region>,
}

impl Cut<'_> {
    fn region(&mut self, region: Region) {
        if !self.in_view(region.x) {
            return;
        }
        let Some((parts, places)) = self.parts(region) else {
            self.next.push(region);
            return;
        };
        for (part, x) in parts.iter().zip(&places) {
            if self.in_view(*x) {
                self.item(*part, *x, region.whole || part.1 - part.0 > 1);
            }
        }
        if region.whole {
            self.next.push(region);
        } else {
            self.below(&parts, &places);
        }
    }

    /// What a region is cut into, by ranks and by place; nothing if there is nothing of this level.
    fn parts(&self, region: Region) -> Option<Parts> {
        let (first, end) = self.row.within(region.columns);
        if first == end {
            return None;
        }
        let singly = f64::from(end - first) * LEAST <= region.x.1 - region.x.0;
        let parts: Vec<(u32, u32)> = match (singly, region.whole) {
            (true, _) => (first..end).map(|rank| (rank, rank + 1)).collect(),
            (false, true) => vec![(first, end)],
            (false, false) => self.bundles(region, first, end),
        };
        let places = self.share(region, &parts);
        Some((parts, places))
    }

    fn in_view(&self, x: (f64, f64)) -> bool {
        x.1 > self.left && x.0 < self.right
    }

    fn columns(&self, (first, end): (u32, u32)) -> (u32, u32) {
        (self.row.span(first).0, self.row.span(end - 1).1)
    }

    /// How much of the region's width some neighbours would take by their columns.
    fn natural(&self, region: Region, ranks: (u32, u32)) -> f64 {
        let (from, to) = self.columns(ranks);
        let all = f64::from(region.columns.1 - region.columns.0);
        f64::from(to - from) / all * (region.x.1 - region.x.0)
    }

    /// Neighbours in bundles that are wide enough for a bar; what is wide enough alone stays alone.
    fn bundles(&self, region: Region, first: u32, end: u32) -> Vec<(u32, u32)> {
        let widths = (first..end).map(|rank| self.natural(region, (rank, rank + 1)));
        let things: Vec<(f64, bool)> = widths.map(|width| (width, width >= BAR)).collect();
        let parts = gather(&things).into_iter();
        parts.map(|(from, to)| (first + from as u32, first + to as u32)).collect()
    }

    /// Cuts a region among its parts by their columns, but so that the narrow ones, too, have room to say what they are:
    /// half of an even share or that of a bar, whichever is less, and never under [`LEAST`] if that is possible.
    fn share(&self, region: Region, parts: &[(u32, u32)]) -> Vec<(f64, f64)> {
        let room = region.x.1 - region.x.0;
        let natural: Vec<f64> = parts.iter().map(|part| self.natural(region, *part)).collect();
        let even = room / parts.len() as f64;
        let least = BAR.min(even / 2.0).max(LEAST.min(even));
        let over: f64 = natural.iter().map(|w| (w - least).max(0.0)).sum();
        let spare = room - least * parts.len() as f64;
        let mut x = region.x.0;
        let places = natural.iter().map(|w| {
            let part = if over > 0.0 { (w - least).max(0.0) / over } else { 1.0 / parts.len() as f64 };
            let from = x;
            x += least + spare * part;
            (from, x)
        });
        places.collect()
    }

    /// Regions of the level below: one for each part that has room for what is under it, one for neighbours that have not.
    fn below(&mut self, parts: &[(u32, u32)], places: &[(f64, f64)]) {
        let Some(below) = self.level.checked_sub(1) else { return };
        let opens = |part: (u32, u32), room: f64| {
            let (first, end) = self.model.row(below).within(self.columns(part));
            let kids = f64::from(end - first);
            part.1 - part.0 == 1 && (room >= BAR || kids > 0.0 && kids * LEAST <= room)
        };
        // What was bundled stays so; what does not open is gathered with its neighbours.
        let thing = |(part, x): (&(u32, u32), &(f64, f64))| {
            let room = x.1 - x.0;
            (room, part.1 - part.0 > 1 || opens(*part, room))
        };
        let things: Vec<(f64, bool)> = parts.iter().zip(places).map(thing).collect();
        let regions = gather(&things).into_iter().map(|(from, to)| {
            let part = (parts[from].0, parts[to - 1].1);
            let x = (places[from].0, places[to - 1].1);
            Region { columns: self.columns(part), x, whole: !(to - from == 1 && opens(part, x.1 - x.0)) }
        });
        let regions: Vec<Region> = regions.collect();
        self.next.extend(regions);
    }

    fn item(&mut self, ranks: (u32, u32), region: (f64, f64), bundled: bool) {
        let columns = self.columns(ranks);
        let room = region.1 - region.0;
        let id = self.row.ids[ranks.0 as usize];
        let segments = self.level == self.model.levels();
        let (thing, x, w) = if ranks.1 - ranks.0 > 1 {
            // A bar is as wide as its region, as far as that is in view.
            let (from, to) = (region.0.max(self.left), region.1.min(self.right));
            let gap = if to - from > 6.0 { 2.0 } else { 0.0 };
            (
                Thing::Bar { level: self.level as u8, first: ranks.0, end: ranks.1 },
                from + gap / 2.0,
                to - from - gap,
            )
        } else {
            let thing = if segments { Thing::Segment(id) } else { Thing::Line(id) };
            let widest = if self.level == 0 { 112.0 } else { 144.0 };
            let gap = if room < 28.0 { 2.0 } else { 8.0 };
            let w = (room - gap).min(widest);
            // In the middle of what is in view, but within its own region.
            let middle = f64::midpoint(region.0.max(self.left), region.1.min(self.right));
            let half = (w + gap) / 2.0;
            (thing, middle.clamp(region.0 + half, (region.1 - half).max(region.0 + half)) - w / 2.0, w)
        };
        self.items.push(Item { thing, x, w, region, columns, ranks, bundled });
    }
}

/// Gathers neighbours, given by width and by whether they stand alone, in groups about as wide as a bar; returns where each
/// group begins and ends.
fn gather(things: &[(f64, bool)]) -> Vec<(usize, usize)> {
    let mut groups = Vec::new();
    let mut at = 0;
    while at < things.len() {
        if things[at].1 {
            groups.push((at, at + 1));
            at += 1;
            continue;
        }
        let run = things[at..].iter().take_while(|thing| !thing.1);
        let room: f64 = run.clone().map(|thing| thing.0).sum();
        let (end, each) = (at + run.count(), room / (room / BAR).floor().max(1.0));
        let (mut begin, mut filled, mut goal) = (at, 0.0, each);
        for (i, (width, _)) in things[at..end].iter().enumerate() {
            filled += width;
            // To the nearest whole thing.
            if filled + width / 2.0 >= goal || at + i + 1 == end {
                groups.push((begin, at + i + 1));
                begin = at + i + 1;
                while goal <= filled + width / 2.0 {
                    goal += each;
                }
            }
        }
        at = end;
    }
    groups
}
