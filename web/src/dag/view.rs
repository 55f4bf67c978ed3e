//! What of a DAG is looked at, and how: the columns in view, the levels folded away, the line selected, what was found.
//! Plain data; every change is an [`Act`].

use super::model::Model;
use super::spread::descend;
use snapstack::order::sort_by_number;

/// Most CSS pixels a column is wide, so that a line has room for all that is said of it.
pub(super) const WIDEST_COLUMN: f64 = 160.0;
/// Part of the view left free beside a line that is brought into it.
const MARGIN: f64 = 0.08;

/// What is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// How far from the first column the left edge is, in columns, if all were equally wide; less than 0 is left of it.
    pub from: f64,
    /// Columns in view, if all were equally wide.
    pub columns: f64,
    /// CSS pixels that they take.
    pub room: f64,
    /// Levels that are shown whatever there is on them, a bit each.
    pub opened: u32,
    /// Levels that are folded away, a bit each. Of the others the layout folds those that would only repeat themselves.
    pub folded: u32,
    /// The line selected.
    pub selected: Option<u32>,
    /// The line from which the walk came down to it.
    pub via: Option<u32>,
    /// Lines found, from left to right.
    pub hits: Vec<u32>,
    /// Levels that the layout keeps folded while the view moves, so that nothing jumps under the hand.
    pub held: Option<u32>,
}

/// A step from the selected line to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the left on its level.
    Left,
    /// To the right on its level.
    Right,
    /// To the line that refers to it: the one that the walk came from, or the one through which it is first met.
    Up,
    /// To the first line that it refers to.
    Down,
    /// To the line that the word before refers to, in the line above.
    Before,
    /// To the line that the word behind refers to, in the line above.
    Behind,
    /// To the first of its level.
    First,
    /// To the last of its level.
    Last,
    /// To the next line found.
    NextHit,
    /// To the line found before.
    LastHit,
}

/// A change of the view.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// So many CSS pixels are there for the columns now.
    Resize(f64),
    /// Zoom in (over 1) or out about a point, which is a part of the width.
    Zoom {
        /// 0 is the left edge, 1 the right one.
        at: f64,
        /// How many times larger.
        by: f64,
    },
    /// Move the view to the right by a part of its width.
    Pan(f64),
    /// Move the view so that this column is in its middle.
    Centre(f64),
    /// Show everything.
    Fit,
    /// Show these columns, the end excluded, and little else.
    Show(u32, u32),
    /// Fold a level away.
    Fold(u8),
    /// Show the levels from the first to the last.
    Unfold(u8, u8),
    /// Show every level, or leave it to the layout again.
    AllLevels(bool),
    /// Keep these levels folded while the view moves; None ends it.
    Hold(Option<u32>),
    /// Select a line, and bring it into view.
    Select(Option<u32>),
    /// Select a neighbour of the selected line, and bring it into view.
    Go(Step),
    /// These lines were found; the first is selected.
    Hits(Vec<u32>),
}

/// A level's bit in a set of them.
pub(super) fn bit(level: u8) -> u32 {
    1u32.checked_shl(u32::from(level)).unwrap_or(0)
}

impl View {
    /// All of a model, on a so many CSS pixels wide part of the screen.
    pub fn new(model: &Model, room: f64) -> Self {
        let mut view = Self {
            from: 0.0,
            columns: 1.0,
            room: room.max(1.0),
            opened: 0,
            folded: 0,
            selected: None,
            via: None,
            hits: Vec::new(),
            held: None,
        };
        view.fit(model);
        view
    }

    /// Changes the view.
    pub fn act(&mut self, model: &Model, act: Act) {
        match act {
            Act::Resize(room) => {
                let whole = self.is_whole(model);
                self.room = room.max(1.0);
                if whole { self.fit(model) } else { self.settle(model) }
            }
            Act::Zoom { at, by } => {
                let column = self.column(model, at * self.room);
                self.columns = self.bounded(model, self.columns / by);
                self.bring(model, column, at);
            }
            Act::Pan(part) => {
                self.from += part * self.columns;
                self.settle(model);
            }
            Act::Centre(column) => self.bring(model, column, 0.5),
            Act::Fit => self.fit(model),
            Act::Show(from, to) => {
                let (from, to) = (f64::from(from), f64::from(to.max(from + 1)));
                self.columns = self.bounded(model, to - from);
                // How wide they come out shows only there.
                for _ in 0..2 {
                    let wide = self.place(model, to) - self.place(model, from);
                    let wanted = (self.room * (1.0 - 2.0 * MARGIN)).min(120.0 * (to - from));
                    self.columns = self.bounded(model, self.columns * wide / wanted);
                }
                self.bring(model, f64::midpoint(from, to), 0.5);
            }
            Act::Fold(level) => {
                self.folded |= bit(level);
                self.opened &= !bit(level);
            }
            Act::Unfold(low, high) => {
                for level in low..=high {
                    self.folded &= !bit(level);
                    self.opened |= bit(level);
                }
            }
            Act::AllLevels(all) => {
                self.folded = 0;
                self.opened = if all { u32::MAX } else { 0 };
            }
            Act::Hold(levels) => self.held = levels,
            Act::Select(line) => {
                self.via = None;
                self.select(model, line);
            }
            Act::Go(step) => {
                if let Some(line) = self.neighbour(model, step) {
                    self.via = match step {
                        Step::Down => self.selected,
                        Step::Before | Step::Behind => self.above(model),
                        _ => None,
                    };
                    self.select(model, Some(line));
                }
            }
            Act::Hits(hits) => {
                self.hits = hits;
                self.hits.retain(|line| *line < model.lines());
                sort_by_number(&mut self.hits, |line| (u8::MAX - model.line(*line).height).into());
                sort_by_number(&mut self.hits, |line| model.span(*line).0.into());
                self.hits.dedup();
                if let Some(first) = self.hits.first() {
                    self.via = None;
                    self.select(model, Some(*first));
                }
            }
        }
    }

    /// The view of another model that takes the place of one: the same lines and columns, as far as they are there.
    pub fn adopt(&mut self, old: &Model, new: &Model) {
        let whole = self.is_whole(old);
        let same = |line: u32| (line < old.lines()).then(|| new.find(old.line(line).plid)).flatten();
        self.selected = self.selected.and_then(same);
        self.via = self.via.and_then(same);
        self.hits = self.hits.iter().filter_map(|line| same(*line)).collect();
        if whole { self.fit(new) } else { self.settle(new) }
    }

    /// Where a column is, in CSS pixels from the left edge.
    pub fn place(&self, model: &Model, column: f64) -> f64 {
        // The last column's end is part of it.
        let within = |from: u32, to: u32| f64::from(from) <= column && column < f64::from(to);
        let last = column >= f64::from(model.columns());
        let ((from, to), x) =
            descend(model, self, |(from, to), _| within(from, to) || last && to == model.columns());
        x.0 + (column - f64::from(from)) / f64::from(to - from).max(1.0) * (x.1 - x.0)
    }

    /// The column at so many CSS pixels from the left edge.
    pub fn column(&self, model: &Model, x: f64) -> f64 {
        let ((from, to), place) = descend(model, self, |_, place| (place.0..place.1).contains(&x));
        let column = f64::from(from) + (x - place.0) / (place.1 - place.0) * f64::from(to - from);
        if column.is_finite() { column } else { 0.0 }
    }

    /// Moves the view so that a column is at a part of the width.
    fn bring(&mut self, model: &Model, column: f64, at: f64) {
        self.settle(model);
        // What is drawn how wide depends on what is in view: one move may not be all of the way, and where a line gives way
        // to a bar no view has the column exactly there. The best one is taken.
        let mut best = (f64::INFINITY, self.from);
        for _ in 0..8 {
            let away = self.place(model, column) - at * self.room;
            if away.abs() < best.0 {
                best = (away.abs(), self.from);
            }
            self.from += away / self.room * self.columns;
            self.settle(model);
        }
        if (self.place(model, column) - at * self.room).abs() > best.0 {
            self.from = best.1;
        }
    }

    /// Whether all columns are in view.
    pub fn is_whole(&self, model: &Model) -> bool {
        self.columns >= self.bounded(model, f64::INFINITY) * 0.999
    }

    /// The line that a step leads to; from nowhere, the first root.
    pub fn neighbour(&self, model: &Model, step: Step) -> Option<u32> {
        if let Step::NextHit | Step::LastHit = step {
            return self.next_hit(step == Step::NextHit);
        }
        let Some(line) = self.selected.filter(|line| *line < model.lines()) else {
            return model.forest().segments.iter().find_map(|top| top.root);
        };
        let row = model.row(usize::from(model.line(line).height));
        let rank = model.rank(line);
        let at = |rank: u32| row.ids.get(rank as usize).copied();
        match step {
            Step::Left => rank.checked_sub(1).and_then(at),
            Step::Right => at(rank + 1),
            Step::First => at(0),
            Step::Last => row.ids.last().copied(),
            Step::Up => self.above(model),
            Step::Down => model.children(line).first().map(|edge| edge.child),
            Step::Before | Step::Behind => {
                let family = model.children(self.above(model)?);
                let here = family.iter().position(|edge| edge.child == line)?;
                let (before, behind) = family.split_at(here);
                // Words that refer to the same line are one step.
                match step {
                    Step::Before => before.last().map(|edge| edge.child),
                    _ => behind.iter().map(|edge| edge.child).find(|child| *child != line),
                }
            }
            Step::NextHit | Step::LastHit => None,
        }
    }

    /// Which of the lines found the selected one is.
    pub fn hit(&self) -> Option<usize> {
        self.selected.and_then(|line| self.hits.iter().position(|hit| *hit == line))
    }

    fn next_hit(&self, forward: bool) -> Option<u32> {
        let last = self.hits.len().checked_sub(1)?;
        let at = match (self.hit(), forward) {
            (None, true) => 0,
            (None, false) => last,
            (Some(at), true) => (at + 1) % (last + 1),
            (Some(at), false) => at.checked_sub(1).unwrap_or(last),
        };
        self.hits.get(at).copied()
    }

    fn above(&self, model: &Model) -> Option<u32> {
        let line = self.selected.filter(|line| *line < model.lines())?;
        let via = self
            .via
            .filter(|via| *via < model.lines() && model.children(*via).iter().any(|edge| edge.child == line));
        via.or_else(|| model.parent(line)).or_else(|| model.parents(line).next().map(|edge| edge.parent))
    }

    fn select(&mut self, model: &Model, line: Option<u32>) {
        self.selected = line.filter(|line| *line < model.lines());
        let Some(line) = self.selected else { return };
        let (start, end) = model.span(line);
        let middle = f64::midpoint(f64::from(start), f64::from(end));
        let (start, end) = (self.place(model, f64::from(start)), self.place(model, f64::from(end)));
        let (low, high) = (MARGIN * self.room, (1.0 - MARGIN) * self.room);
        // A wide line is drawn in the part of its columns that is in view.
        if end.min(high) - start.max(low) < (end - start).min(high - low) * 0.5 {
            self.act(model, Act::Centre(middle));
        }
    }

    fn fit(&mut self, model: &Model) {
        self.columns = self.bounded(model, f64::INFINITY);
        self.settle(model);
    }

    /// Columns in view between what shows the widest columns and what shows everything.
    fn bounded(&self, model: &Model, columns: f64) -> f64 {
        let least = self.room / WIDEST_COLUMN;
        let most = f64::from(model.columns()).max(least);
        if columns.is_nan() { most } else { columns.clamp(least.min(most), most) }
    }

    /// Keeps the view on the columns that there are.
    fn settle(&mut self, model: &Model) {
        self.columns = self.bounded(model, self.columns);
        let spare = f64::from(model.columns()) - self.columns;
        if !self.from.is_finite() {
            self.from = 0.0;
        }
        // Fewer columns than fit are in the middle.
        self.from = if spare > 0.0 { self.from.clamp(0.0, spare) } else { spare / 2.0 };
    }
}
