//! A step as a drawing: parts with keys, so that the same thing keeps its place and its element from step to step. Pure
//! geometry, in CSS pixels of a drawing as wide as asked for.

mod boxes;
mod lines;
mod packet;
mod reading;
mod ring;
mod transmit;

use super::{Figure, Step};

/// Something to draw inside a part, from the part's own corner.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// A rectangle.
    Rect {
        /// Left, top, width, height.
        at: [f64; 4],
        /// What it means; the style sheet knows the looks.
        class: &'static str,
    },
    /// A stroke.
    Path {
        /// Points as SVG writes them.
        d: String,
        /// What it means.
        class: &'static str,
    },
    /// Text.
    Text {
        /// Left, middle or right end, and baseline.
        at: [f64; 2],
        /// `start`, `middle` or `end`.
        anchor: &'static str,
        /// What it means.
        class: &'static str,
        /// What it says.
        text: String,
    },
    /// A line's content as colour and glyph.
    Content {
        /// Left, top, width, height.
        at: [f64; 4],
        /// Hash of the bytes.
        hash: u32,
    },
}

/// A thing of the drawing.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name, the same in every step.
    pub key: String,
    /// Where its corner is.
    pub at: [f64; 2],
    /// What it means.
    pub class: String,
    /// What it is, in words.
    pub title: String,
    /// What to draw.
    pub marks: Vec<Mark>,
}

impl Part {
    fn new(key: impl Into<String>, at: [f64; 2], class: impl Into<String>) -> Self {
        Self { key: key.into(), at, class: class.into(), title: String::new(), marks: Vec::new() }
    }

    fn titled(mut self, title: String) -> Self {
        self.title = title;
        self
    }

    fn rect(&mut self, at: [f64; 4], class: &'static str) {
        self.marks.push(Mark::Rect { at, class });
    }

    fn text(&mut self, at: [f64; 2], anchor: &'static str, class: &'static str, text: impl Into<String>) {
        self.marks.push(Mark::Text { at, anchor, class, text: text.into() });
    }

    fn path(&mut self, d: String, class: &'static str) {
        self.marks.push(Mark::Path { d, class });
    }
}

/// A drawing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drawing {
    /// Width and height.
    pub size: [f64; 2],
    /// Bands, references, then things, each in the order of their keys.
    pub parts: Vec<Part>,
}

impl Drawing {
    /// The part of a key.
    pub fn part(&self, key: &str) -> Option<&Part> {
        self.parts.iter().find(|part| part.key == key)
    }

    /// A reference, from a point to another: down or up, with a head.
    fn link(&mut self, key: impl Into<String>, from: [f64; 2], to: [f64; 2], class: &str) {
        self.drop(key, from, from[1], to, class);
    }

    /// A reference that goes straight to the height `until` before it turns.
    fn drop(&mut self, key: impl Into<String>, from: [f64; 2], until: f64, to: [f64; 2], class: &str) {
        let bend = (to[1] - until) * 0.5;
        let wing = 5.0_f64.copysign(to[1] - from[1]);
        let mut part = Part::new(key, [0.0, 0.0], format!("link {class}"));
        let [x0, y0, x1, y1] = [from[0], from[1], to[0], to[1]];
        part.path(
            format!(
                "M{x0:.1} {y0:.1}V{until:.1}C{x0:.1} {:.1} {x1:.1} {:.1} {x1:.1} {y1:.1}",
                until + bend,
                y1 - bend
            ),
            "line",
        );
        part.path(
            format!("M{:.1} {:.1}L{x1:.1} {y1:.1}L{:.1} {:.1}", x1 - 3.5, y1 - wing, x1 + 3.5, y1 - wing),
            "head",
        );
        self.parts.push(part);
    }

    /// A band's name over a hairline.
    fn band(&mut self, y: f64, name: &str) {
        let mut part = Part::new(format!("band {name}"), [0.0, y], "band");
        part.path(format!("M0 0H{:.1}", self.size[0]), "hair");
        self.parts.push(part);
        // Over the references that pass.
        let mut part = Part::new(format!("name {name}"), [0.0, y], "box label");
        part.text([0.0, 15.0], "start", "dim", name);
        self.parts.push(part);
    }

    /// Puts bands behind references, and those behind things, each in a fixed order: a part's element stays where it is
    /// in the document from step to step, and so can move.
    fn ordered(mut self) -> Self {
        let depth = |part: &Part| match part.class.split(' ').next() {
            Some("band") => 0,
            Some("link") => 1,
            _ => 2,
        };
        self.parts.sort_by(|a, b| depth(a).cmp(&depth(b)).then_with(|| a.key.cmp(&b.key)));
        self
    }
}

/// Points of a reference on its way from a point to another.
fn passes(from: [f64; 2], to: [f64; 2]) -> impl Iterator<Item = [f64; 2]> {
    (0..=32).map(move |i| {
        let (t, u) = (f64::from(i) / 32.0, 1.0 - f64::from(i) / 32.0);
        let x = (u * u * u + 3.0 * u * u * t) * from[0] + (3.0 * u * t * t + t * t * t) * to[0];
        let half = f64::midpoint(from[1], to[1]);
        let y = u * u * u * from[1] + 3.0 * u * t * half + t * t * t * to[1];
        [x, y]
    })
}

/// Narrowest drawing that is laid out.
const NARROWEST: f64 = 300.0;
/// Width of the bands' names where they stand beside what is in the band.
const GUTTER: f64 = 84.0;
/// From this width on there is room for words.
const WIDE: f64 = 680.0;

/// How much levels may be drawn apart where there is height.
const STRETCH: f64 = 1.9;

/// What a drawing is made from, and how large.
#[derive(Clone, Copy)]
struct Scene<'s> {
    /// All steps: things stay in their places over them.
    steps: &'s [Step],
    /// The step to draw.
    step: &'s Step,
    /// The one before.
    before: Option<&'s Step>,
    /// Width in CSS pixels.
    width: f64,
    /// Factor of the space between levels.
    stretch: f64,
}

impl Scene<'_> {
    fn wide(&self) -> bool {
        self.width >= WIDE
    }

    fn draw(self, figure: Figure) -> Drawing {
        match figure {
            Figure::Lines => lines::map_and_lines(self),
            Figure::Packet => packet::draw(self),
            Figure::Transmit => transmit::draw(self),
            Figure::Receive => lines::ring_and_lines(self),
        }
    }
}

/// Draws step `at` of a figure, `width` CSS pixels wide, and up to `height` high as far as drawing levels apart goes.
pub fn drawing(figure: Figure, steps: &[Step], at: usize, [width, height]: [f64; 2]) -> Drawing {
    let Some(step) = steps.get(at) else { return Drawing::default() };
    let before = at.checked_sub(1).and_then(|at| steps.get(at));
    let scene = Scene { steps, step, before, width: width.max(NARROWEST).round(), stretch: 1.0 };
    // Heights grow evenly with the stretch.
    let [least, most] = [1.0, STRETCH].map(|stretch| Scene { stretch, ..scene }.draw(figure).size[1]);
    let stretch = 1.0 + (STRETCH - 1.0) * ((height - least) / (most - least)).clamp(0.0, 1.0);
    Scene { stretch, ..scene }.draw(figure).ordered()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Widest text of a class, in pixels a character: what the style sheet's fonts need at most.
    fn per_char(class: &str) -> f64 {
        if class.contains("bytes") {
            7.0
        } else if class.contains("tiny") {
            5.8
        } else if class.contains("small") {
            6.2
        } else {
            7.4
        }
    }

    #[test]
    fn everything_lies_within_the_drawing_at_any_width() {
        for figure in Figure::ALL {
            let steps = figure.run().unwrap();
            for (width, height) in
                [(328.0, 0.0), (368.0, 700.0), (700.0, 500.0), (1088.0, 660.0), (1280.0, 2000.0)]
            {
                for at in 0..steps.len() {
                    let drawing = drawing(figure, &steps, at, [width, height]);
                    let [w, h] = drawing.size;
                    assert!(w <= width && h > 100.0, "{figure:?}");
                    for part in &drawing.parts {
                        for mark in &part.marks {
                            let (left, right, bottom) = match mark {
                                Mark::Rect { at: [x, y, w, h], .. }
                                | Mark::Content { at: [x, y, w, h], .. } => (*x, x + w, y + h),
                                Mark::Text { at: [x, y], anchor, class, text } => {
                                    let len = text.chars().count() as f64 * per_char(class);
                                    let left = match *anchor {
                                        "start" => *x,
                                        "middle" => x - len / 2.0,
                                        _ => x - len,
                                    };
                                    (left, left + len, *y)
                                }
                                Mark::Path { .. } => continue,
                            };
                            let (left, right) = (left + part.at[0], right + part.at[0]);
                            let place =
                                format!("{figure:?} step {} at {width}: {} {mark:?}", at + 1, part.key);
                            assert!(left >= -1.0 && right <= w + 1.0, "{place}: {left}..{right} of {w}");
                            assert!(
                                bottom + part.at[1] <= h + 1.0,
                                "{place}: {} of {h}",
                                bottom + part.at[1]
                            );
                        }
                    }
                }
            }
        }
    }

    /// Points of a path of lines and curves with absolute coordinates.
    fn points(d: &str) -> Vec<[f64; 2]> {
        let mut points: Vec<[f64; 2]> = Vec::new();
        for part in d.split_inclusive(|c: char| c.is_ascii_alphabetic()).collect::<Vec<_>>().windows(2) {
            let command = part[0].chars().last();
            let numbers: Vec<f64> = part[1]
                .split(|c: char| c == ' ' || c.is_ascii_alphabetic())
                .filter_map(|number| number.parse().ok())
                .collect();
            let last = points.last().copied().unwrap_or_default();
            let ends: Vec<[f64; 2]> = match command {
                Some('V') => vec![[last[0], numbers[0]]],
                Some('H') => vec![[numbers[0], last[1]]],
                Some('C') => {
                    points.extend(passes(last, [numbers[4], numbers[5]]));
                    continue;
                }
                _ => numbers.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect(),
            };
            for end in ends {
                let from = points.last().copied().unwrap_or(end);
                points.extend(
                    (1..=20)
                        .map(|i| f64::from(i) / 20.0)
                        .map(|t| [from[0] + (end[0] - from[0]) * t, from[1] + (end[1] - from[1]) * t]),
                );
            }
        }
        points
    }

    #[test]
    fn nothing_goes_through_the_labels_of_head_and_tail() {
        let mut pointers = 0;
        for figure in [Figure::Transmit, Figure::Receive] {
            let steps = figure.run().unwrap();
            for (width, height) in
                [(328.0, 0.0), (380.0, 700.0), (700.0, 500.0), (1088.0, 660.0), (1280.0, 2000.0)]
            {
                for at in 0..steps.len() {
                    let drawing = drawing(figure, &steps, at, [width, height]);
                    let labels = drawing.parts.iter().filter(|part| part.class.starts_with("pointer"));
                    for label in labels.clone() {
                        let Some(Mark::Text { at: [x, y], anchor, text, .. }) = label.marks.last() else {
                            panic!("{label:?}")
                        };
                        pointers += 1;
                        // Numbers are wider than words.
                        let letter = if text.contains(' ') && !text.contains(',') { 8.7 } else { 7.3 };
                        let long = text.chars().count() as f64 * letter;
                        let left = label.at[0] + if *anchor == "end" { x - long } else { *x };
                        let base = label.at[1] + y;
                        let others = labels.clone().filter(|other| other.key != label.key);
                        let links = drawing.parts.iter().filter(|part| part.class.starts_with("link"));
                        // Of a narrow ring every slot's frame and reference cannot be kept off.
                        let crowded =
                            |link: &Part| link.class.ends_with("dma") || link.key.starts_with("map");
                        let links = links.filter(|link| width >= WIDE || !crowded(link));
                        for other in others.chain(links) {
                            let Some(Mark::Path { d, .. }) = other.marks.first() else { panic!("{other:?}") };
                            let d = d.split('Z').next_back().unwrap();
                            let through = points(d)
                                .into_iter()
                                .map(|[x, y]| [x + other.at[0], y + other.at[1]])
                                .find(|[x, y]| {
                                    (left..left + long).contains(x) && (base - 10.0..base).contains(y)
                                });
                            assert_eq!(
                                through,
                                None,
                                "{figure:?} step {} at {width}: {} through {text}",
                                at + 1,
                                other.key
                            );
                        }
                    }
                }
            }
        }
        assert!(pointers > 100);
    }

    #[test]
    fn figure_1_begins_with_lines_that_hold_nothing() {
        let steps = Figure::Lines.run().unwrap();
        let free = |at| {
            let drawing = drawing(Figure::Lines, &steps, at, [880.0, 600.0]);
            drawing.parts.iter().filter(|part| part.class == "box free").count()
        };
        assert!(free(0) >= 7 && steps[0].state.lines.is_empty());
        assert_eq!(free(1) + 1, free(0), "one of them holds the first object");
    }

    #[test]
    fn keys_are_unique_and_every_line_of_the_core_is_there_once() {
        for figure in Figure::ALL {
            let steps = figure.run().unwrap();
            for (at, step) in steps.iter().enumerate() {
                let drawing = drawing(figure, &steps, at, [1120.0, 700.0]);
                let keys: BTreeSet<_> = drawing.parts.iter().map(|part| &part.key).collect();
                assert_eq!(keys.len(), drawing.parts.len(), "{figure:?} step {}", at + 1);
                if figure == Figure::Transmit {
                    continue;
                }
                let held = |part: &&Part| part.class.starts_with("box line") && !part.class.contains("freed");
                let drawn = drawing.parts.iter().filter(held).count();
                assert_eq!(drawn, step.state.lines.len(), "{figure:?} step {}", at + 1);
            }
        }
    }

    #[test]
    fn what_stays_keeps_its_place() {
        for figure in Figure::ALL {
            let steps = figure.run().unwrap();
            let all: Vec<_> =
                (0..steps.len()).map(|at| drawing(figure, &steps, at, [1120.0, 700.0])).collect();
            for pair in all.windows(2) {
                for part in pair[0].parts.iter().filter(|part| part.class.starts_with("box line")) {
                    if let Some(after) = pair[1].part(&part.key) {
                        assert_eq!(after.at, part.at, "{figure:?}: {}", part.key);
                    }
                }
                assert_eq!(pair[0].size, pair[1].size, "{figure:?}");
            }
        }
    }
}
