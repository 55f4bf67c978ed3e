//! A forest with what drawing and walking it needs: a place from left to right for each line, rows of equal height, who
//! refers to whom. Built once per forest in O(lines + references).
//!
//! A **column** is the unit from left to right. Lines are visited from each segment's root downwards, word by word. A
//! leaf takes the next column when it is first met; an interior line spans the columns of what is first met under it,
//! one if there is nothing new. So in every row spans do not overlap, and a line's span lies within that of the line
//! above through which it was first met, its *tree parent*. Every other reference to it is a *cross reference*.

use snapstack::memory::{LINE_SIZES, MAX_LENGTH};
use snapstack::order::sort_by_number;

use super::forest::{Edge, Forest, ForestError, Line, MAX_LINES, Top, flag};

/// No line.
const NONE: u32 = u32::MAX;

/// The lines of one height, or the segments, from left to right.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is in it: lines, or segments; a position in here is a *rank*.
    pub ids: Vec<u32>,
    starts: Vec<u32>,
    ends: Vec<u32>,
    /// How many of those before each rank are shared.
    shared: Vec<u32>,
    held: Vec<u32>,
    /// Cross references out of the row: rank of the parent, child, word; by rank.
    cross: Vec<(u32, u32, u8)>,
}

impl Row {
    fn new() -> Self {
        let none = Vec::new;
        Self { ids: none(), starts: none(), ends: none(), shared: vec![0], held: vec![0], cross: Vec::new() }
    }

    /// How many things are in it.
    pub fn len(&self) -> u32 {
        self.ids.len() as u32
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Columns of the thing at a rank, the end excluded.
    pub fn span(&self, rank: u32) -> (u32, u32) {
        (self.starts[rank as usize], self.ends[rank as usize])
    }

    /// Ranks of what begins within columns, the end excluded. O(log n).
    pub fn within(&self, (from, to): (u32, u32)) -> (u32, u32) {
        let before = |column: u32| self.starts.partition_point(|start| *start < column) as u32;
        (before(from), before(to))
    }

    /// Ranks of what lies over columns, the end excluded, or reaches into them. O(log n).
    pub fn over(&self, (from, to): (u32, u32)) -> (u32, u32) {
        let first = self.ends.partition_point(|end| *end <= from) as u32;
        (first, self.within((from, to)).1.max(first))
    }

    /// How many at these ranks, the end excluded, are shared.
    pub fn shared(&self, (from, to): (u32, u32)) -> u32 {
        self.shared[to as usize] - self.shared[from as usize]
    }

    /// How many at these ranks, the end excluded, were held at the other moment.
    pub fn held(&self, (from, to): (u32, u32)) -> u32 {
        self.held[to as usize] - self.held[from as usize]
    }

    /// Cross references of the parents at these ranks, the end excluded, and how many come before them.
    pub fn cross(&self, (from, to): (u32, u32)) -> (usize, &[(u32, u32, u8)]) {
        let before = |rank: u32| self.cross.partition_point(|(parent, ..)| *parent < rank);
        (before(from), &self.cross[before(from)..before(to)])
    }

    fn push(&mut self, id: u32, start: u32, flags: u8) {
        let rank = self.ids.len();
        self.ids.push(id);
        self.starts.push(start);
        self.ends.push(start + 1);
        self.shared.push(self.shared[rank] + u32::from(flags & flag::SHARED != 0));
        self.held.push(self.held[rank] + u32::from(flags & flag::HELD != 0));
    }
}

/// Where a line is first met.
#[derive(Clone, Copy, Debug)]
struct Met {
    /// Its place in its row.
    rank: u32,
    /// The tree parent, [`NONE`] for a root.
    parent: u32,
    top: u32,
    /// The first leaf place under it.
    place: u64,
}

/// A forest that can be drawn.
#[derive(Clone, Debug)]
pub struct Model {
    forest: Forest,
    /// By height; the segments last.
    rows: Vec<Row>,
    met: Vec<Met>,
    occurrences: Vec<u64>,
    /// Where each line's references begin in the forest's edges.
    down: Vec<u32>,
    /// Where each line's referrers begin in `parents`.
    up: Vec<u32>,
    /// Indexes into the forest's edges, by child, then from left to right.
    parents: Vec<u32>,
    by_plid: Vec<(u32, u32)>,
    columns: u32,
    any_held: bool,
}

impl Model {
    /// The model of words that [`Forest::to_words`] made; they may come from anywhere.
    ///
    /// # Errors
    /// Any [`ForestError`].
    pub fn from_words(labels: &[String], words: &[u32]) -> Result<Self, ForestError> {
        Self::new(Forest::from_words(labels, words)?)
    }

    /// The model of a forest.
    ///
    /// # Errors
    /// Any [`ForestError`] but those of words.
    pub fn new(forest: Forest) -> Result<Self, ForestError> {
        check(&forest)?;
        let lines = forest.lines.len();
        let mut down = vec![0u32; lines + 1];
        for edge in &forest.edges {
            down[edge.parent as usize + 1] += 1;
        }
        for i in 0..lines {
            down[i + 1] += down[i];
        }
        let levels = forest.lines.iter().map(|line| usize::from(line.height) + 1).max().unwrap_or(0);
        let unmet = Met { rank: NONE, parent: NONE, top: 0, place: 0 };
        let mut model = Self {
            rows: vec![Row::new(); levels + 1],
            met: vec![unmet; lines],
            occurrences: vec![0; lines],
            down,
            up: Vec::new(),
            parents: Vec::new(),
            by_plid: (0..).zip(&forest.lines).map(|(i, line)| (line.plid, i)).collect(),
            columns: 0,
            any_held: forest.lines.iter().any(|line| line.flags & flag::HELD != 0),
            forest,
        };
        sort_by_number(&mut model.by_plid, |(plid, _)| (*plid).into());
        for top in 0..model.forest.segments.len() as u32 {
            model.rows[levels].push(top, model.columns, 0);
            let start = model.columns;
            match model.segment(top).root {
                Some(root) if model.met[root as usize].rank == NONE => model.visit(root, NONE, top, 0),
                _ => {}
            }
            model.columns = model.columns.max(start + 1);
            model.rows[levels].ends[top as usize] = model.columns;
        }
        if let Some(line) = model.met.iter().position(|met| met.rank == NONE) {
            return Err(ForestError::Unreached(line as u32));
        }
        model.count();
        Ok(model)
    }

    /// Gives a line its place, and those first met under it. As deep as the DAG is high, 18 levels at most.
    fn visit(&mut self, line: u32, parent: u32, top: u32, place: u64) {
        let Line { height, flags, .. } = *self.line(line);
        let level = usize::from(height);
        let (start, rank) = (self.columns, self.rows[level].len());
        self.rows[level].push(line, start, flags);
        self.met[line as usize] = Met { rank, parent, top, place };
        for at in self.down[line as usize]..self.down[line as usize + 1] {
            let Edge { child, word, .. } = self.forest.edges[at as usize];
            if self.met[child as usize].rank == NONE {
                self.visit(child, line, top, place + u64::from(word) * self.leaves(height - 1));
            } else {
                self.rows[level].cross.push((rank, child, word));
            }
        }
        self.columns = self.columns.max(start + 1);
        self.rows[level].ends[rank as usize] = self.columns;
    }

    /// Occurrences and referrers, from the top downwards.
    fn count(&mut self) {
        for root in self.forest.segments.iter().filter_map(|top| top.root) {
            self.occurrences[root as usize] += 1;
        }
        let lines = self.forest.lines.len();
        let mut up = vec![0u32; lines + 1];
        for edge in &self.forest.edges {
            up[edge.child as usize + 1] += 1;
        }
        for i in 0..lines {
            up[i + 1] += up[i];
        }
        let mut next = up.clone();
        self.parents = vec![0; self.forest.edges.len()];
        for row in self.rows[..self.rows.len() - 1].iter().rev() {
            for line in &row.ids {
                let times = self.occurrences[*line as usize];
                for at in self.down[*line as usize]..self.down[*line as usize + 1] {
                    let child = self.forest.edges[at as usize].child as usize;
                    self.occurrences[child] = self.occurrences[child].saturating_add(times);
                    self.parents[next[child] as usize] = at;
                    next[child] += 1;
                }
            }
        }
        self.up = up;
    }

    /// The forest that it was made of.
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// How many lines there are.
    pub fn lines(&self) -> u32 {
        self.forest.lines.len() as u32
    }

    /// A line.
    pub fn line(&self, line: u32) -> &Line {
        &self.forest.lines[line as usize]
    }

    /// A segment.
    pub fn segment(&self, top: u32) -> &Top {
        &self.forest.segments[top as usize]
    }

    /// How many levels of lines there are; the row of that number holds the segments.
    pub fn levels(&self) -> usize {
        self.rows.len() - 1
    }

    /// The row of a height, or of the segments.
    pub fn row(&self, level: usize) -> &Row {
        &self.rows[level]
    }

    /// Columns in all.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Words of an interior line.
    pub fn fan_out(&self) -> u32 {
        self.forest.line_size / 4
    }

    /// Leaf places under a line of a height.
    pub fn leaves(&self, height: u8) -> u64 {
        u64::from(self.fan_out()).pow(u32::from(height))
    }

    /// Columns of a line.
    pub fn span(&self, line: u32) -> (u32, u32) {
        self.rows[usize::from(self.line(line).height)].span(self.rank(line))
    }

    /// Place of a line in its row.
    pub fn rank(&self, line: u32) -> u32 {
        self.met[line as usize].rank
    }

    /// The line through which a line is first met; None for the root of the segment in which it is.
    pub fn parent(&self, line: u32) -> Option<u32> {
        Some(self.met[line as usize].parent).filter(|parent| *parent != NONE)
    }

    /// Where a line is first met: the segment, and the first leaf place under it there.
    pub fn first(&self, line: u32) -> (u32, u64) {
        let Met { top, place, .. } = self.met[line as usize];
        (top, place)
    }

    /// Whether a segment's root is first met in it, and not in one before.
    pub fn owns_root(&self, top: u32) -> bool {
        self.segment(top).root.is_some_and(|root| self.parent(root).is_none() && self.first(root).0 == top)
    }

    /// In how many places of the segments a line stands, as far as the lines above it are here; saturating.
    pub fn occurrences(&self, line: u32) -> u64 {
        self.occurrences[line as usize]
    }

    /// References of a line, by word.
    pub fn children(&self, line: u32) -> &[Edge] {
        &self.forest.edges[self.down[line as usize] as usize..self.down[line as usize + 1] as usize]
    }

    /// References to a line from lines that are here, from left to right.
    pub fn parents(&self, line: u32) -> impl ExactSizeIterator<Item = &Edge> {
        let range = self.up[line as usize] as usize..self.up[line as usize + 1] as usize;
        self.parents[range].iter().map(|at| &self.forest.edges[*at as usize])
    }

    /// The line of a PLID. O(log n).
    pub fn find(&self, plid: u32) -> Option<u32> {
        let at = self.by_plid.binary_search_by_key(&plid, |(plid, _)| *plid).ok()?;
        Some(self.by_plid[at].1)
    }

    /// Whether any line was held at another chosen moment.
    pub fn compares(&self) -> bool {
        self.any_held
    }
}

/// Whether a forest can be one; that every line is reached shows later.
fn check(forest: &Forest) -> Result<(), ForestError> {
    if !LINE_SIZES.contains(&forest.line_size) {
        return Err(ForestError::LineSize(forest.line_size));
    }
    if forest.lines.len() > MAX_LINES {
        return Err(ForestError::TooMany(forest.lines.len()));
    }
    let fan_out = u64::from(forest.line_size / 4);
    // The least height that holds the longest segment.
    let highest = (0..).find(|h| u64::from(forest.line_size) * fan_out.pow(*h) >= MAX_LENGTH).unwrap_or(0);
    for (i, line) in (0..).zip(&forest.lines) {
        if u32::from(line.height) > highest || line.flags & !flag::ALL != 0 {
            return Err(ForestError::Line(i));
        }
    }
    let height = |line: u32| forest.lines.get(line as usize).map(|line| line.height);
    for (i, top) in forest.segments.iter().enumerate() {
        let fits = top.root.is_none_or(|root| height(root) == Some(top.height));
        if !fits || top.length > MAX_LENGTH {
            return Err(ForestError::Segment(i));
        }
    }
    let mut before = None;
    for edge in &forest.edges {
        let ordered = before < Some((edge.parent, edge.word));
        before = Some((edge.parent, edge.word));
        let down = height(edge.parent).zip(height(edge.child)).is_some_and(|(up, down)| up == down + 1);
        if !ordered || !down || u64::from(edge.word) >= fan_out {
            return Err(ForestError::Reference(edge.parent));
        }
    }
    Ok(())
}
