//! Where everything in the lab's drawing lies: the segment map on top, lines by height under it, leaves at the foot. Pure
//! geometry, in CSS pixels.

use super::{Picture, Thing};

/// Space around everything.
const EDGE: f64 = 16.0;
/// Between levels: room for edges, more where there is height to fill.
const BETWEEN: (f64, f64) = (56.0, 112.0);
const SEGMENT: (f64, f64) = (104.0, 40.0);
/// Between segments, least and most.
const BESIDE: (f64, f64) = (8.0, 56.0);
/// Largest scale.
const LARGEST: f64 = 1.6;

/// How much a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Detail {
    /// Its text.
    Full,
    /// Glyph, PLID and count.
    Medium,
    /// Glyph only.
    Small,
}

/// Something at its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// What it is.
    pub thing: Thing,
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
    /// How much is said there.
    pub detail: Detail,
}

impl Placed {
    /// Its middle, from the left.
    pub fn middle(&self) -> f64 {
        self.x + self.w / 2.0
    }
}

/// Everything at its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// Segments in their order, then lines in theirs.
    pub placed: Vec<Placed>,
    /// Width and height of the whole.
    pub size: (f64, f64),
    /// How much larger than that it is to be shown: what is few is large.
    pub scale: f64,
    /// How many of `placed` are segments.
    pub segments: usize,
}

/// Which way to go from one thing to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// One level up.
    Up,
    /// One level down.
    Down,
}

impl Layout {
    /// What lies at a point.
    pub fn hit(&self, x: f64, y: f64) -> Option<Thing> {
        let inside = |p: &&Placed| (p.x..=p.x + p.w).contains(&x) && (p.y..=p.y + p.h).contains(&y);
        self.placed.iter().find(inside).map(|placed| placed.thing)
    }

    /// The place of a thing.
    pub fn of(&self, thing: Thing) -> Option<&Placed> {
        self.placed.iter().find(|placed| placed.thing == thing)
    }

    /// The neighbour of a thing: the next one in its row, or the nearest one of the next row that has any; from nowhere,
    /// the first one.
    pub fn neighbour(&self, from: Option<Thing>, direction: Direction) -> Option<Thing> {
        let Some(here) = from.and_then(|thing| self.of(thing)) else {
            return self.placed.first().map(|placed| placed.thing);
        };
        let beyond = |other: &&Placed| match direction {
            Direction::Left => other.y == here.y && other.x < here.x,
            Direction::Right => other.y == here.y && other.x > here.x,
            Direction::Up => other.y < here.y,
            Direction::Down => other.y > here.y,
        };
        let distance = |other: &Placed| match direction {
            Direction::Left | Direction::Right => ((other.x - here.x).abs(), 0.0),
            Direction::Up | Direction::Down => {
                ((other.y - here.y).abs(), (other.middle() - here.middle()).abs())
            }
        };
        let nearest = self.placed.iter().filter(beyond).min_by(|a, b| {
            let (a, b) = (distance(a), distance(b));
            a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
        });
        nearest.map(|placed| placed.thing)
    }
}

/// Size of a leaf, and of an interior line.
fn sizes(detail: Detail, line_size: u32) -> [(f64, f64); 2] {
    let rows = f64::from(line_size / 16);
    let words = f64::from(line_size / 4);
    match detail {
        Detail::Full => [(128.0, 26.0 + 14.0 * rows), ((words * 16.0).clamp(72.0, 144.0), 34.0)],
        Detail::Medium => [(56.0, 40.0), ((words * 8.0).clamp(64.0, 96.0), 34.0)],
        Detail::Small => [(13.0, 13.0), (18.0, 13.0)],
    }
}

fn gap(detail: Detail) -> f64 {
    match detail {
        Detail::Full => 12.0,
        Detail::Medium => 8.0,
        Detail::Small => 3.0,
    }
}

/// Lays a picture out in `width`: with as much detail as fits, and in several rows a level if nothing fits; larger where there
/// is room. Levels stand apart so far that `height` is used, within bounds.
pub fn layout(picture: &Picture, width: f64, height: f64) -> Layout {
    let plain = place(picture, width, height);
    let scale = (width / (plain.across + 2.0 * EDGE)).min(height / plain.least).clamp(1.0, LARGEST);
    let Plan { layout, .. } = if scale > 1.0 { place(picture, width / scale, height / scale) } else { plain };
    Layout { scale, ..layout }
}

/// A layout with the width that its widest level needs, and the least height of all.
struct Plan {
    layout: Layout,
    across: f64,
    least: f64,
}

fn place(picture: &Picture, width: f64, height: f64) -> Plan {
    let room = (width - 2.0 * EDGE).max(60.0);
    let top = picture.lines.iter().map(|line| line.height).max();
    let levels: Vec<Vec<usize>> = (0..=top.unwrap_or(0))
        .rev()
        .map(|height| {
            (0..picture.lines.len()).filter(|i| picture.lines[*i].height == height).collect::<Vec<_>>()
        })
        .filter(|level| !level.is_empty())
        .collect();
    // As much detail as fits, level by level.
    let levels: Vec<(Vec<usize>, Detail, (f64, f64))> = levels
        .into_iter()
        .map(|level| {
            let kind = usize::from(picture.lines[level[0]].height > 0);
            let size = |detail| sizes(detail, picture.line_size)[kind];
            let fits = |detail: &Detail| level.len() as f64 * (size(*detail).0 + gap(*detail)) <= room + 0.5;
            let detail = [Detail::Full, Detail::Medium].into_iter().find(fits).unwrap_or(Detail::Small);
            (level, detail, size(detail))
        })
        .collect();
    let tall: f64 = levels.iter().map(|(_, _, size)| size.1).sum();
    let spare = height - 2.0 * EDGE - 14.0 - SEGMENT.1 - tall;
    let between = (spare / levels.len().max(1) as f64).clamp(BETWEEN.0, BETWEEN.1);

    let count = picture.segments.len();
    let mut xs = vec![0.0; picture.lines.len()];
    let mut placed: Vec<Option<Placed>> = vec![None; count + picture.lines.len()];
    // From the leaves up, so that parents stand over their children.
    for (level, detail, size) in levels.iter().rev() {
        let leaves = picture.lines[level[0]].height == 0;
        let wanted: Vec<f64> = level
            .iter()
            .map(|i| {
                let below: Vec<f64> = picture.lines[*i].children.iter().flatten().map(|c| xs[*c]).collect();
                if below.is_empty() { 0.0 } else { below.iter().sum::<f64>() / below.len() as f64 }
            })
            .collect();
        let row = if leaves {
            spread(level.len(), size.0, gap(*detail), room)
        } else {
            settle(&wanted, size.0, gap(*detail), room)
        };
        for (i, x) in level.iter().zip(row) {
            xs[*i] = x;
        }
    }
    let wanted: Vec<f64> = picture
        .segments
        .iter()
        .map(|segment| {
            picture.lines.iter().position(|line| line.plid == segment.root).map_or(room / 2.0, |i| xs[i])
        })
        .collect();
    let mut y = EDGE;
    let mut rows = Rows::new(y, SEGMENT.1, BESIDE.0);
    for (i, x) in in_order(&wanted, SEGMENT.0, room).into_iter().enumerate() {
        let top = rows.place(x, SEGMENT.0);
        let thing = Thing::Segment(picture.segments[i].name);
        placed[i] = Some(Placed {
            thing,
            x: EDGE + x - SEGMENT.0 / 2.0,
            y: top,
            w: SEGMENT.0,
            h: SEGMENT.1,
            detail: Detail::Full,
        });
    }
    if count > 0 {
        y = rows.bottom() + between;
    }
    for (level, detail, size) in &levels {
        let mut rows = Rows::new(y, size.1, gap(*detail));
        for i in level {
            let top = rows.place(xs[*i], size.0);
            let thing = Thing::Line(picture.lines[*i].plid);
            placed[count + i] = Some(Placed {
                thing,
                x: EDGE + xs[*i] - size.0 / 2.0,
                y: top,
                w: size.0,
                h: size.1,
                detail: *detail,
            });
        }
        y = rows.bottom() + between;
    }
    let placed: Vec<Placed> = placed.into_iter().flatten().collect();
    let bottom = placed.iter().map(|p| p.y + p.h).fold(0.0, f64::max);
    let size = (width.max(60.0 + 2.0 * EDGE), bottom + EDGE + 14.0);
    // As wide as what decides how much detail fits.
    let row = |count: usize, w: f64, gap: f64| (count as f64 * (w + gap)).min(room);
    let segments = row(count, SEGMENT.0, BESIDE.0);
    let across = levels
        .iter()
        .map(|(level, detail, size)| row(level.len(), size.0, gap(*detail)))
        .fold(segments, f64::max);
    let least = size.1 - levels.len() as f64 * (between - BETWEEN.0);
    Plan { layout: Layout { placed, size, scale: 1.0, segments: count }, across, least }
}

/// Middles of boxes in their order and at equal distances, as near to those wanted as that allows; row after row where they do
/// not fit in one.
fn in_order(wanted: &[f64], w: f64, room: f64) -> Vec<f64> {
    let count = wanted.len() as f64;
    if wanted.len() < 2 || count * (w + BESIDE.0) - BESIDE.0 > room {
        return settle(wanted, w, BESIDE.0, room);
    }
    // The straight line that fits best.
    let middle = (count - 1.0) / 2.0;
    let mean = wanted.iter().sum::<f64>() / count;
    let squares: f64 = (0..wanted.len()).map(|i| (i as f64 - middle).powi(2)).sum();
    let along: f64 = (0..).zip(wanted).map(|(i, x)| (f64::from(i) - middle) * (x - mean)).sum();
    let most = ((room - w) / (count - 1.0)).min(w + BESIDE.1);
    let pitch = (along / squares).clamp(w + BESIDE.0, most);
    let half = pitch * middle + w / 2.0;
    let mean = mean.clamp(half, room - half);
    (0..wanted.len()).map(|i| mean + pitch * (i as f64 - middle)).collect()
}

/// Middles of `count` boxes side by side, centred if they fit in a row, else row after row from the left.
fn spread(count: usize, w: f64, gap: f64, room: f64) -> Vec<f64> {
    let columns = (((room + gap) / (w + gap)).floor() as usize).clamp(1, count.max(1));
    let start = (room - (columns as f64 * (w + gap) - gap)) / 2.0;
    (0..count).map(|i| start + (i % columns) as f64 * (w + gap) + w / 2.0).collect()
}

/// Middles near those wanted, without overlaps; row after row where they do not fit in one.
fn settle(wanted: &[f64], w: f64, gap: f64, room: f64) -> Vec<f64> {
    if wanted.len() as f64 * (w + gap) - gap > room {
        return spread(wanted.len(), w, gap, room);
    }
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    let mut xs = vec![0.0; wanted.len()];
    let mut least = w / 2.0;
    for i in &order {
        xs[*i] = wanted[*i].max(least);
        least = xs[*i] + w + gap;
    }
    let mut most = room - w / 2.0;
    for i in order.iter().rev() {
        xs[*i] = xs[*i].min(most);
        most = xs[*i] - w - gap;
    }
    xs
}

/// Rows of one level: a box that lies left of the one before begins the next row, if it would overlap.
struct Rows {
    top: f64,
    height: f64,
    gap: f64,
    taken: Vec<Vec<(f64, f64)>>,
}

impl Rows {
    fn new(top: f64, height: f64, gap: f64) -> Self {
        Self { top, height, gap, taken: Vec::new() }
    }

    /// Top of a box around the middle `x`.
    fn place(&mut self, x: f64, w: f64) -> f64 {
        let span = (x - w / 2.0, x + w / 2.0);
        let free = |row: &Vec<(f64, f64)>| row.iter().all(|(from, to)| span.1 <= *from || span.0 >= *to);
        // Rows fill up one after the other, so only the last can have room.
        let last = self.taken.len().saturating_sub(1);
        let row = match self.taken.get(last) {
            Some(row) if free(row) => last,
            Some(_) => last + 1,
            None => 0,
        };
        if row == self.taken.len() {
            self.taken.push(Vec::new());
        }
        self.taken[row].push(span);
        self.top + row as f64 * (self.height + self.gap)
    }

    fn bottom(&self) -> f64 {
        let rows = self.taken.len().max(1) as f64;
        self.top + rows * (self.height + self.gap) - self.gap
    }
}
