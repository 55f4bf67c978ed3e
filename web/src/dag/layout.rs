//! From top to bottom: a row for the segments, one for each height, the leaves at the foot, and a map of the whole under
//! them. Levels that would only repeat themselves, or for which there is no room, are folded into one row.

use super::items::NAMED;
use super::model::Model;
use super::spread::{Item, LEAST, Thing, spread};
use super::view::{View, bit};
use snapstack::order::sort_by_number;

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The lowest level in it; the segments are one over the highest.
    pub low: u8,
    /// The highest level in it: another one only if it is folded.
    pub high: u8,
    /// Whether it is folded: then its one item stands for all that is in view of these levels.
    pub folded: bool,
    /// Top.
    pub y: f64,
    /// Height.
    pub h: f64,
    /// What is in it, from left to right.
    pub items: Vec<Item>,
}

impl Row {
    /// Its lower edge.
    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }

    /// The item whose region a place is in.
    pub fn around(&self, x: f64) -> Option<&Item> {
        let at = self.items.partition_point(|item| item.region.1 <= x);
        self.items.get(at).filter(|item| item.region.0 <= x)
    }

    /// The item that a rank belongs to, if it is in view.
    pub fn of(&self, rank: u32) -> Option<&Item> {
        let at = self.items.partition_point(|item| item.ranks.1 <= rank);
        self.items.get(at).filter(|item| item.ranks.0 <= rank)
    }
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Width and height of the whole, in CSS pixels.
    pub size: (f64, f64),
    /// Left and right edge of what is between the names of the rows and the border.
    pub across: (f64, f64),
    /// The rows, from the top.
    pub rows: Vec<Row>,
    /// Top of the map; None if everything is drawn singly.
    pub map: Option<f64>,
    /// Levels that are folded, a bit each.
    pub folded: u32,
}

/// Height of the map.
pub(super) const MAP: f64 = 18.0;
const EDGE: f64 = 10.0;
/// Between rows, at least and at most: room for references.
const BETWEEN: (f64, f64) = (14.0, 240.0);

/// Left and right edge of the columns on so wide a screen.
pub fn across(width: f64) -> (f64, f64) {
    let names = if width < 560.0 { 32.0 } else { 84.0 };
    (names, (width - EDGE).max(names + 1.0))
}

/// Lays out what is in view.
pub fn layout(model: &Model, view: &View, size: (f64, f64)) -> Layout {
    let across = across(size.0);
    let levels = spread(model, view, across.0, across.1);
    let whole = levels.iter().flatten().all(|item| !item.is_bar()) && view.is_whole(model);
    let foot = if whole { EDGE } else { EDGE + MAP + 10.0 };
    let room = size.1 - EDGE - foot;
    let folded = view.held.unwrap_or_else(|| fold(&levels, view, room));
    let mut rows = Vec::new();
    let mut items = levels.into_iter().enumerate().rev().peekable();
    while let Some((level, items_here)) = items.next() {
        let high = level as u8;
        if level == model.levels() || folded & bit(high) == 0 {
            rows.push(Row { low: high, high, folded: false, y: 0.0, h: 0.0, items: items_here });
            continue;
        }
        let mut all = items_here;
        let mut low = high;
        while let Some((level, more)) = items.next_if(|(level, _)| folded & bit(*level as u8) != 0) {
            low = level as u8;
            all.extend(more);
        }
        // Without anything in view only its name is there, so that it can be unfolded.
        let ends = all.iter().map(|item| item.region).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let columns = all.iter().map(|item| item.columns).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let items = ends.zip(columns).map(|((from, to), columns)| {
            let (from, to) = (from.max(across.0), to.min(across.1));
            let ranks = (0, all.iter().map(Item::count).sum());
            Item {
                thing: Thing::Levels(low, high),
                x: from,
                w: to - from,
                region: (from, to),
                columns,
                ranks,
                bundled: true,
            }
        });
        rows.push(Row { low, high, folded: true, y: 0.0, h: 0.0, items: items.into_iter().collect() });
    }
    let top = model.levels() as u8;
    let gaps = rows.len().saturating_sub(1).max(1) as f64;
    let tall = |roomy| rows.iter().map(|row| height(row, top, roomy)).sum::<f64>();
    let roomy = tall(true) + 2.0 * BETWEEN.0 * gaps <= room;
    let spare = room - tall(roomy);
    let between = (spare / gaps).clamp(BETWEEN.0, BETWEEN.1);
    let mut y = EDGE + ((spare - between * gaps) / 2.0).max(0.0);
    for row in &mut rows {
        row.y = y.round();
        row.h = height(row, top, roomy);
        y += row.h + between;
    }
    let map = (!whole).then_some(size.1 - EDGE - MAP);
    Layout { size, across, rows, map, folded }
}

/// How high a row is: what its widest item has to say decides.
fn height(row: &Row, top: u8, roomy: bool) -> f64 {
    let widest = row.items.iter().filter(|item| !item.is_bar()).map(|item| item.w).fold(0.0, f64::max);
    let bars = row.items.iter().any(Item::is_bar);
    let (tight, full) = match row.low {
        _ if row.folded => (14.0, 18.0),
        low if low == top => (18.0, if widest >= 40.0 { 34.0 } else { 18.0 }),
        0 if bars => (24.0, 28.0),
        0 => (18.0, if widest >= NAMED { 30.0 } else { 16.0 }),
        _ if widest >= 60.0 => (18.0, 34.0),
        _ => (18.0, 28.0),
    };
    if roomy { full } else { tight }
}

/// Which levels to fold.
fn fold(levels: &[Vec<Item>], view: &View, room: f64) -> u32 {
    let Some(lines) = levels.len().checked_sub(1) else { return 0 };
    let bars = |level: usize| {
        let items = &levels[level];
        !items.is_empty() && items.iter().all(|item| item.bundled)
    };
    let mut folded = view.folded & !bit(0);
    // Bars between bars say nothing new; the leaves are where content shows.
    let within: Vec<usize> = (1..lines).filter(|level| bars(*level) && bars(level + 1)).collect();
    if within.len() > 1 {
        folded |= within.iter().fold(0, |all, level| all | bit(*level as u8)) & !view.opened;
    }
    // What has least to say goes first where the rest has no room, and last what was asked for.
    let dullness = |level: usize| match levels[level].as_slice() {
        [] => 0,
        _ if bars(level) => 1,
        [_] => 2,
        _ => 3,
    };
    let mut order: Vec<usize> = (1..lines).collect();
    sort_by_number(&mut order, |level| {
        let opened = u64::from(view.opened & bit(*level as u8) != 0);
        opened << 40 | dullness(*level) << 32 | (lines - level) as u64
    });
    for level in order {
        if needed(levels, folded) <= room {
            break;
        }
        folded |= bit(level as u8);
    }
    folded
}

/// Least height of all rows.
fn needed(levels: &[Vec<Item>], folded: u32) -> f64 {
    let mut rows = 0.0;
    let mut before = false;
    for level in 0..levels.len() {
        let now = level + 1 < levels.len() && folded & bit(level as u8) != 0;
        rows += if now && before { 0.0 } else { 1.0 };
        before = now;
    }
    rows * (18.0 + BETWEEN.0) - BETWEEN.0 + 6.0
}

impl Layout {
    /// What lies at a point; the nearest of a row within half of the least size of an item, for fingers.
    pub fn hit(&self, x: f64, y: f64) -> Option<Thing> {
        if self.map.is_some_and(|top| y >= top) {
            return Some(Thing::Map);
        }
        let near = LEAST / 2.0;
        let row = self.rows.iter().find(|row| y >= row.y - near && y <= row.bottom() + near)?;
        if x < self.across.0 {
            return None;
        }
        let away = |item: &&Item| (item.x - x).max(x - item.x - item.w).max(0.0);
        let item = row.items.iter().min_by(|a, b| away(a).total_cmp(&away(b)))?;
        (away(&item) <= near).then_some(item.thing)
    }

    /// The level whose name lies at a point.
    pub fn level(&self, x: f64, y: f64) -> Option<&Row> {
        let row = self.rows.iter().find(|row| y >= row.y - 8.0 && y <= row.bottom() + 8.0)?;
        (x < self.across.0).then_some(row)
    }

    /// The row of a level, if it is not folded.
    pub fn row(&self, level: usize) -> Option<&Row> {
        self.rows.iter().find(|row| usize::from(row.low) == level && !row.folded)
    }

    /// The column under a place of the map.
    pub fn map_column(&self, model: &Model, x: f64) -> f64 {
        (x - self.across.0) / (self.across.1 - self.across.0) * f64::from(model.columns())
    }
}
