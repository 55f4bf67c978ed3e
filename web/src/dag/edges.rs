//! References as lines between rows: singly where there are few, gathered between the same two things where there are
//! many. Those to lines that stand elsewhere, because they were met before, are drawn as what they are: sharing.

use super::layout::{Layout, Row};
use super::model::Model;
use super::spread::{Item, Thing};
use super::view::View;
use crate::scene::{Ink, Scene, Shape};
use snapstack::order::sort_by_number;

/// Most cross references between two rows that are looked at one by one; of more, every second, fourth, ... is.
const LOOKED_AT: usize = 2048;
/// Most lines that are drawn for the cross references between two rows, the heaviest first.
const DRAWN: usize = 96;
/// Most referrers of the selected line that are drawn.
const REFERRERS: usize = 48;

/// How a reference looks.
#[derive(Clone, Copy)]
struct Stroke {
    ink: Ink,
    width: f64,
    alpha: f64,
}

const TREE: Stroke = Stroke { ink: Ink::Dim, width: 1.0, alpha: 0.55 };
const SHARING: Stroke = Stroke { ink: Ink::Reference, width: 1.25, alpha: 0.75 };

/// Draws all references that are to be seen.
pub(super) fn edges(scene: &mut Scene, model: &Model, view: &View, layout: &Layout) {
    let pen = Pen { model, layout };
    for at in 1..layout.rows.len() {
        pen.tree(scene, &layout.rows[..at], &layout.rows[at]);
    }
    if let Some(row) = layout.rows.first() {
        pen.roots(scene, row);
    }
    for rows in layout.rows.windows(2) {
        if !rows[0].folded && !rows[1].folded && usize::from(rows[0].low) < model.levels() {
            pen.cross(scene, &rows[0], &rows[1]);
        }
    }
    if let Some(line) = view.selected.filter(|line| *line < model.lines()) {
        pen.selected(scene, line);
    }
}

struct Pen<'a> {
    model: &'a Model,
    layout: &'a Layout,
}

impl Pen<'_> {
    /// From what is above to what is first met through it.
    fn tree(&self, scene: &mut Scene, above: &[Row], below: &Row) {
        if let Some(row) = above.last().filter(|_| below.folded) {
            return self.fold_below(scene, row, below);
        }
        for item in &below.items {
            let middle = item.middle();
            // Segments are not all equally high: the next row may have nothing here.
            let over = above.iter().rev().find_map(|row| Some((row, row.around(middle)?)));
            let Some((row, over)) = over else { continue };
            let gap = (row.bottom(), below.y);
            match (over.thing, item.thing) {
                // Drawn with the roots.
                (Thing::Segment(_), _) => {}
                (Thing::Line(parent), Thing::Line(line)) => {
                    if let Some(x) = self.word(over, parent, line) {
                        curve(scene, (x, gap.0), (middle, gap.1), TREE);
                    }
                }
                (Thing::Line(parent), Thing::Bar { first, end, .. }) => {
                    let ids = &self.model.row(usize::from(below.low)).ids;
                    for (rank, to) in [(first, item.x + 1.0), (end - 1, item.x + item.w - 1.0)] {
                        let from = self.word(over, parent, ids[rank as usize]);
                        curve(scene, (from.unwrap_or(over.middle()), gap.0), (to, gap.1), TREE);
                    }
                }
                (Thing::Bar { .. } | Thing::Levels(..), Thing::Bar { .. }) => band(scene, over, item, gap),
                _ => curve(scene, (middle, gap.0), (middle, gap.1), TREE),
            }
        }
    }

    /// From everything above into levels folded away.
    fn fold_below(&self, scene: &mut Scene, above: &Row, below: &Row) {
        let gap = (above.bottom(), below.y);
        for (over, fold) in above.items.iter().zip(below.items.iter().cycle()) {
            match over.thing {
                Thing::Bar { .. } => band(scene, over, fold, gap),
                // Drawn with the roots.
                Thing::Segment(_) => {}
                _ => curve(scene, (over.middle(), gap.0), (over.middle(), gap.1), TREE),
            }
        }
    }

    /// From the segments to their roots.
    fn roots(&self, scene: &mut Scene, row: &Row) {
        for item in &row.items {
            let Thing::Segment(top) = item.thing else { continue };
            let Some(root) = self.model.segment(top).root else { continue };
            let Some((x, y, _)) = self.place(root) else { continue };
            let stroke = if self.model.owns_root(top) { TREE } else { SHARING };
            curve(scene, (item.middle(), row.bottom()), (x, y), stroke);
        }
    }

    /// References to what was met before.
    fn cross(&self, scene: &mut Scene, above: &Row, below: &Row) {
        let ends = above.items.first().zip(above.items.last());
        let Some(ranks) = ends.map(|(first, last)| (first.ranks.0, last.ranks.1)) else { return };
        let (before, references) = self.model.row(usize::from(above.low)).cross(ranks);
        let step = references.len().div_ceil(LOOKED_AT).max(1).next_power_of_two();
        // Those at the same places whatever is in view, so that nothing flickers when it moves.
        let first = before.next_multiple_of(step) - before;
        let mut links: Vec<Link> = Vec::new();
        let mut from = 0;
        for (parent, child, word) in references.iter().skip(first).step_by(step) {
            while above.items[from].ranks.1 <= *parent {
                from += 1;
            }
            links.push((from, target(below, self.model.rank(*child)), *child, *parent, *word));
        }
        // By item above and below, and within that by line.
        sort_by_number(&mut links, |link| link.2.into());
        sort_by_number(&mut links, |link| (link.0 as u64) << 32 | link.1.number());
        let mut drawn: Vec<&[Link]> = links.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)).collect();
        sort_by_number(&mut drawn, |links| u64::MAX - links.len() as u64);
        drawn.truncate(DRAWN);
        let crowd = (32.0 / drawn.len() as f64).clamp(0.4, 1.0);
        for links in drawn {
            // The one in the middle stands for all.
            let (from, to, child, parent, word) = links[links.len() / 2];
            let over = &above.items[from];
            let x = match over.thing {
                Thing::Line(_) => slot(over, word, self.model),
                _ => self.within(over, self.model.row(usize::from(above.low)).ids[parent as usize]),
            };
            let end = match to {
                Target::Left => self.layout.across.0 - 6.0,
                Target::Right => self.layout.across.1 + 6.0,
                Target::At(at) => self.within(&below.items[at], child),
            };
            let stroke = if over.is_bar() {
                let weight = (links.len() * step) as f64;
                Stroke { width: (1.0 + weight.log2() * 0.5).min(6.0), alpha: 0.4 * crowd, ..SHARING }
            } else {
                Stroke { alpha: SHARING.alpha * crowd, ..SHARING }
            };
            curve(scene, (x, above.bottom()), (end, below.y), stroke);
        }
    }

    /// All references of the selected line, and the way to it from the segment in which it is first met.
    fn selected(&self, scene: &mut Scene, line: u32) {
        let strong = |shared: bool| match shared {
            true => Stroke { ink: Ink::Reference, width: 2.0, alpha: 1.0 },
            false => Stroke { ink: Ink::Text, width: 2.0, alpha: 1.0 },
        };
        for edge in self.model.parents(line).take(REFERRERS).chain(self.model.children(line)) {
            self.reference(
                scene,
                edge.parent,
                edge.child,
                edge.word,
                strong(self.model.parent(edge.child) != Some(edge.parent)),
            );
        }
        let mut at = line;
        while let Some(parent) = self.model.parent(at) {
            if let Some(edge) = self.model.children(parent).iter().find(|edge| edge.child == at) {
                self.reference(scene, parent, at, edge.word, strong(false));
            }
            at = parent;
        }
        let Some(row) = self.layout.rows.first() else { return };
        for item in &row.items {
            let Thing::Segment(top) = item.thing else { continue };
            let root = self.model.segment(top).root;
            if let Some((x, y, _)) =
                root.filter(|root| [line, at].contains(root)).and_then(|root| self.place(root))
            {
                let shared = !self.model.owns_root(top);
                if !shared || root == Some(line) {
                    curve(scene, (item.middle(), row.bottom()), (x, y), strong(shared));
                }
            }
        }
    }

    fn reference(&self, scene: &mut Scene, parent: u32, child: u32, word: u8, stroke: Stroke) {
        let Some(((x, _, bottom), (to, top, _))) = self.place(parent).zip(self.place(child)) else { return };
        let row = self.layout.row(usize::from(self.model.line(parent).height));
        let item = row.and_then(|row| row.of(self.model.rank(parent)));
        let from = match item {
            Some(item) if !item.is_bar() => slot(item, word, self.model),
            _ => x,
        };
        if bottom < top {
            curve(scene, (from, bottom), (to, top), stroke);
        }
    }

    /// Middle, top and bottom of where a line is, or of the edge of the screen behind which it is.
    fn place(&self, line: u32) -> Option<(f64, f64, f64)> {
        let (height, rank) = (self.model.line(line).height, self.model.rank(line));
        let row = self.layout.rows.iter().find(|row| (row.low..=row.high).contains(&height))?;
        let x = if row.folded {
            let column = self.model.span(line);
            let item = row.items.first()?;
            item.at(f64::midpoint(f64::from(column.0), f64::from(column.1))).clamp(item.x, item.x + item.w)
        } else {
            match target(row, rank) {
                Target::Left => self.layout.across.0 - 6.0,
                Target::Right => self.layout.across.1 + 6.0,
                Target::At(at) => self.within(&row.items[at], line),
            }
        };
        Some((x, row.y, row.bottom()))
    }

    /// Where a line is within the item that it belongs to.
    fn within(&self, item: &Item, line: u32) -> f64 {
        let (from, to) = self.model.span(line);
        match item.is_bar() {
            true => item.at(f64::midpoint(f64::from(from), f64::from(to))).clamp(item.x, item.x + item.w),
            false => item.middle(),
        }
    }

    /// Where the first reference from a parent to a line begins.
    fn word(&self, item: &Item, parent: u32, line: u32) -> Option<f64> {
        let edge = self.model.children(parent).iter().find(|edge| edge.child == line)?;
        Some(slot(item, edge.word, self.model))
    }
}

/// A cross reference: item above, target, child, rank of the parent, word.
type Link = (usize, Target, u32, u32, u8);

/// Where a reference leads to in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Left,
    At(usize),
    Right,
}

impl Target {
    /// Its place from left to right.
    fn number(self) -> u64 {
        match self {
            Self::Left => 0,
            Self::At(item) => 1 + item as u64,
            Self::Right => u64::from(u32::MAX),
        }
    }
}

fn target(row: &Row, rank: u32) -> Target {
    let at = row.items.partition_point(|item| item.ranks.1 <= rank);
    match row.items.get(at) {
        None => Target::Right,
        Some(item) if item.ranks.0 <= rank => Target::At(at),
        Some(_) => Target::Left,
    }
}

/// The middle of a word of a line.
fn slot(item: &Item, word: u8, model: &Model) -> f64 {
    item.x + (f64::from(word) + 0.5) * item.w / f64::from(model.fan_out())
}

/// From a bar to what it holds further down.
fn band(scene: &mut Scene, over: &Item, under: &Item, gap: (f64, f64)) {
    let (from, to) = (over.x.max(under.x), (over.x + over.w).min(under.x + under.w));
    scene.fill(from, gap.0, (to - from).max(0.0), gap.1 - gap.0, Ink::Faint, 0.6);
}

/// A reference from one point down to another.
fn curve(scene: &mut Scene, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
    let bend = (to.1 - from.1) * 0.5;
    let at = |t: f64| {
        let u = 1.0 - t;
        let (a, b, c, d) = (u * u * u, 3.0 * u * u * t, 3.0 * u * t * t, t * t * t);
        ((a + b) * from.0 + (c + d) * to.0, a * from.1 + b * (from.1 + bend) + c * (to.1 - bend) + d * to.1)
    };
    // Denser at the ends, where it bends.
    let steps = if (to.0 - from.0).abs() < 2.0 { 1 } else { 20 };
    let even = |i: u8| 0.5 - 0.5 * (std::f64::consts::PI * f64::from(i) / f64::from(steps)).cos();
    let points = (0..=steps).map(|i| at(even(i))).collect();
    let Stroke { ink, width, alpha } = stroke;
    scene.shapes.push(Shape::Path { points, ink, width, dashed: false, alpha });
}
