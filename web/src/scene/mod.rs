//! Pictures as lists of shapes, made from a [`crate::timeline::Timeline`] and nothing else, and testable without a
//! browser; [`paint`] puts them on a canvas.

mod content;
mod frame;
mod lane;
mod memory;
mod paint;
mod svg;

pub use content::cell as content_cell;
pub use frame::{LANE_KEY, Sign, framed};
pub use lane::{LaneView, lane};
use paint::HUES;
pub use paint::{Palette, paint};
pub use svg::{svg, svg_file};

use crate::timeline::Place;

/// Colours by meaning; the palette has the value for each theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Text.
    Text,
    /// Text of lesser weight.
    Dim,
    /// Hairlines.
    Hair,
    /// Faint hairlines: empty places.
    Faint,
    /// The ground.
    Ground,
    /// A ledger copy, and only that.
    Copy,
    /// A snapshot or reference.
    Reference,
    /// DMA.
    Dma,
    /// A software allocation.
    Allocation,
    /// Header bytes.
    Header,
    /// A line's content, by its hash.
    Content(u32),
    /// Text on a content fill.
    OnContent,
}

/// One thing to draw, in CSS pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A rectangle, filled or outlined.
    Rect {
        /// Left.
        x: f64,
        /// Top.
        y: f64,
        /// Width.
        w: f64,
        /// Height.
        h: f64,
        /// Colour.
        ink: Ink,
        /// Width of the outline; 0 fills.
        outline: f64,
        /// Opacity.
        alpha: f64,
    },
    /// A line of connected points.
    Path {
        /// The points.
        points: Vec<(f64, f64)>,
        /// Colour.
        ink: Ink,
        /// Width.
        width: f64,
        /// Whether it is dashed.
        dashed: bool,
        /// Opacity.
        alpha: f64,
    },
    /// Text, from its left, middle or right end.
    Text {
        /// The point.
        x: f64,
        /// Baseline.
        y: f64,
        /// What it says.
        text: String,
        /// Colour.
        ink: Ink,
        /// Font size.
        size: f64,
        /// Whether it is bold.
        bold: bool,
        /// -1 from the left, 0 from the middle, 1 from the right.
        anchor: i8,
        /// Greatest width; the text is shortened to fit.
        max: f64,
    },
}

/// Something that can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
    /// The packet.
    pub packet: u32,
}

/// A line of memory that can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineTarget {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width and height.
    pub size: f64,
    /// The line, by number.
    pub line: u32,
}

/// A slot or a socket that can be pointed at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaceTarget {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
    /// Which.
    pub place: Place,
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// What to draw, back to front.
    pub shapes: Vec<Shape>,
    /// What can be pointed at, back to front.
    pub targets: Vec<Target>,
    /// Lines of memory that can be pointed at.
    pub lines: Vec<LineTarget>,
    /// Slots and sockets that can be pointed at.
    pub places: Vec<PlaceTarget>,
}

impl Scene {
    /// A filled rectangle.
    pub fn fill(&mut self, x: f64, y: f64, w: f64, h: f64, ink: Ink, alpha: f64) {
        self.shapes.push(Shape::Rect { x, y, w, h, ink, outline: 0.0, alpha });
    }

    /// An outlined rectangle; the outline lies inside.
    pub fn outline(&mut self, x: f64, y: f64, w: f64, h: f64, ink: Ink, width: f64) {
        self.shapes.push(Shape::Rect { x, y, w, h, ink, outline: width, alpha: 1.0 });
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64) {
        self.shapes.push(Shape::Path { points: vec![from, to], ink, width, dashed: false, alpha: 1.0 });
    }

    /// An arrow down or sideways, with an open head.
    pub fn arrow(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64, dashed: bool) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = dx.hypot(dy).max(1.0);
        let (ux, uy) = (dx / length, dy / length);
        self.shapes.push(Shape::Path { points: vec![from, to], ink, width, dashed, alpha: 1.0 });
        let wing = |side: f64| (to.0 - 6.0 * ux - side * 4.0 * uy, to.1 - 6.0 * uy + side * 4.0 * ux);
        self.shapes.push(Shape::Path {
            points: vec![wing(1.0), to, wing(-1.0)],
            ink,
            width,
            dashed: false,
            alpha: 1.0,
        });
    }

    /// Text.
    pub fn text(&mut self, at: (f64, f64), anchor: i8, ink: Ink, size: f64, text: impl Into<String>) {
        self.label(at, anchor, ink, size, false, f64::INFINITY, text);
    }

    /// Text with everything said.
    #[expect(clippy::too_many_arguments)]
    pub fn label(
        &mut self,
        at: (f64, f64),
        anchor: i8,
        ink: Ink,
        size: f64,
        bold: bool,
        max: f64,
        text: impl Into<String>,
    ) {
        self.shapes.push(Shape::Text { x: at.0, y: at.1, text: text.into(), ink, size, bold, anchor, max });
    }

    /// Makes everything so many times larger.
    pub fn enlarge(&mut self, scale: f64) {
        if scale == 1.0 {
            return;
        }
        let all = |values: &mut [&mut f64]| values.iter_mut().for_each(|value| **value *= scale);
        for shape in &mut self.shapes {
            match shape {
                Shape::Rect { x, y, w, h, outline, .. } => all(&mut [x, y, w, h, outline]),
                Shape::Path { points, width, .. } => {
                    *width *= scale;
                    points.iter_mut().for_each(|(x, y)| all(&mut [x, y]));
                }
                Shape::Text { x, y, size, max, .. } => all(&mut [x, y, size, max]),
            }
        }
        self.targets.iter_mut().for_each(|target| {
            all(&mut [&mut target.x, &mut target.y, &mut target.w, &mut target.h]);
        });
        self.lines.iter_mut().for_each(|line| all(&mut [&mut line.x, &mut line.y, &mut line.size]));
        self.places.iter_mut().for_each(|place| {
            all(&mut [&mut place.x, &mut place.y, &mut place.w, &mut place.h]);
        });
    }

    /// The line of memory at a point.
    pub fn line_at(&self, x: f64, y: f64) -> Option<u32> {
        let hit = |target: &&LineTarget| {
            (target.x..=target.x + target.size + 1.0).contains(&x)
                && (target.y..=target.y + target.size + 1.0).contains(&y)
        };
        self.lines.iter().find(hit).map(|target| target.line)
    }

    /// The slot or socket at a point.
    pub fn place_at(&self, x: f64, y: f64) -> Option<Place> {
        let hit = |target: &&PlaceTarget| {
            (target.x..=target.x + target.w).contains(&x) && (target.y..=target.y + target.h).contains(&y)
        };
        self.places.iter().find(hit).map(|target| target.place)
    }

    /// The packet at a point, the one in front.
    pub fn hit(&self, x: f64, y: f64) -> Option<u32> {
        let hit = |target: &&Target| {
            (target.x..=target.x + target.w).contains(&x) && (target.y..=target.y + target.h).contains(&y)
        };
        self.targets.iter().rev().find(hit).map(|target| target.packet)
    }
}

/// A whole number with thousands apart.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of something, whose name in the singular is given.
pub fn counted(count: u64, one: &str) -> String {
    let number = grouped(count);
    match one.strip_suffix('y') {
        _ if count == 1 => format!("1 {one}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {one}s"),
    }
}

/// A time in the unit that suits it, to a thousandth of that.
pub fn duration(nanoseconds: u64) -> String {
    let (unit, name) = match nanoseconds {
        0..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    format!("{}.{:03} {name}", grouped(nanoseconds / unit), nanoseconds % unit * 1000 / unit)
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_told_in_the_unit_that_suits_them() {
        let cases = [
            (0, "0.000 µs"),
            (41_208, "41.208 µs"),
            (9_900_000, "9.900 ms"),
            (94_536_075, "94.536 ms"),
            (1_680_958_042_211, "1,680.958 s"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(super::duration(nanoseconds), text);
        }
    }

    #[test]
    fn one_thing_is_told_as_one() {
        let cases = [
            (0, "line", "0 lines"),
            (1, "line", "1 line"),
            (1, "segment map entry", "1 segment map entry"),
            (1_200, "segment map entry", "1,200 segment map entries"),
            (2, "way", "2 ways"),
        ];
        for (count, one, text) in cases {
            assert_eq!(super::counted(count, one), text);
        }
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let cases =
            [(0, "0"), (999, "999"), (1000, "1,000"), (522_459, "522,459"), (12_345_678, "12,345,678")];
        for (value, text) in cases {
            assert_eq!(super::grouped(value), text);
        }
    }
}
