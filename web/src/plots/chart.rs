//! One plot: curves over positions, with value labels that fit.

use plotters::prelude::*;
use web_sys::CanvasRenderingContext2d;

use super::backend::Canvas;
use super::surface::Surface;
use crate::scene::{Ink, Palette};

/// CSS pixels around the curves: left, right, top, bottom.
pub const MARGIN: (f64, f64, f64, f64) = (46.0, 8.0, 6.0, 6.0);

/// A curve: points (x, value) and its ink.
pub struct Curve {
    /// Points from left to right; x is the axis'.
    pub points: Vec<(f64, f64)>,
    /// Its colour.
    pub ink: Ink,
    /// Whether it is only there to compare with.
    pub faint: bool,
}

/// Range of a plot's values, and its axis' measures.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// Least value.
    pub low: f64,
    /// Greatest value.
    pub high: f64,
    /// Greatest x.
    pub end: f64,
    /// Folded stretches, from where to where.
    pub folds: Vec<(f64, f64)>,
}

impl Scale {
    /// CSS pixels of a point in a plot of `size` CSS pixels.
    pub fn at(&self, size: (f64, f64), x: f64, value: f64) -> (f64, f64) {
        let (left, right, top, bottom) = MARGIN;
        let x = left + (size.0 - left - right) * x / self.end.max(1.0);
        let share = (value - self.low) / (self.high - self.low).max(f64::MIN_POSITIVE);
        (x, size.1 - bottom - (size.1 - top - bottom) * share)
    }
}

/// A value in at most five characters: 0, 950, 12 k, 1.5 M; ratios with two digits.
pub fn format_value(value: f64, ratio: bool) -> String {
    if ratio {
        return format!("{value:.2}");
    }
    let (scaled, unit) = match value {
        v if v >= 1e9 => (v / 1e9, " G"),
        v if v >= 1e6 => (v / 1e6, " M"),
        v if v >= 1e3 => (v / 1e3, " k"),
        v => (v, ""),
    };
    if scaled >= 10.0 || scaled.fract() < 0.05 || unit.is_empty() {
        format!("{scaled:.0}{unit}")
    } else {
        format!("{scaled:.1}{unit}")
    }
}

fn rgb(css: &str) -> RGBColor {
    let value = u32::from_str_radix(css.trim_start_matches('#'), 16).unwrap_or(0x0088_8888);
    RGBColor((value >> 16) as u8, (value >> 8) as u8, value as u8)
}

/// What lies of a curve in every other one of the stripes that are so wide, from x 0 on.
fn dashes(points: &[(f64, f64)], width: f64) -> Vec<Vec<(f64, f64)>> {
    let stripe = |x: f64| (x / width).max(0.0) as u32;
    let mut dashes: Vec<Vec<(f64, f64)>> = Vec::new();
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        let last = stripe(to.0);
        for at in stripe(from.0)..=last {
            let edge = f64::from(at + 1) * width;
            let share = (edge - from.0) / (to.0 - from.0);
            let next = if at < last { (edge, from.1 + (to.1 - from.1) * share) } else { to };
            if at % 2 == 0 {
                match dashes.last_mut().filter(|dash| dash.last() == Some(&from)) {
                    Some(dash) => dash.push(next),
                    None => dashes.push(vec![from, next]),
                }
            }
            from = next;
        }
    }
    dashes
}

/// Draws a plot of `size` CSS pixels at `ratio` device pixels each; false when the canvas refuses.
pub fn draw(
    context: &CanvasRenderingContext2d,
    palette: &Palette,
    size: (f64, f64),
    ratio: f64,
    scale: &Scale,
    curves: &[Curve],
    ratios: bool,
) -> bool {
    let pixels = ((size.0 * ratio).round() as u32, (size.1 * ratio).round() as u32);
    let _ = context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, f64::from(pixels.0), f64::from(pixels.1));
    if pixels.0 < 60 || pixels.1 < 24 {
        return true;
    }
    let backend = Surface::Canvas(Canvas { context, size: pixels, font: &palette.font });
    render(backend, palette, size, ratio, scale, curves, ratios)
}

/// Draws a plot through a backend that takes device pixels; false when it refuses.
pub(super) fn render(
    backend: Surface<'_>,
    palette: &Palette,
    size: (f64, f64),
    ratio: f64,
    scale: &Scale,
    curves: &[Curve],
    ratios: bool,
) -> bool {
    let device = |css: f64| (css * ratio).round() as i32;
    let root = backend.into_drawing_area();
    let (left, right, top, bottom) = MARGIN;
    let render = || {
        let mut chart = ChartBuilder::on(&root)
            .margin_top(device(top))
            .margin_bottom(device(bottom))
            .margin_right(device(right))
            .set_label_area_size(LabelAreaPosition::Left, device(left))
            .build_cartesian_2d(0.0..scale.end.max(1.0), scale.low..scale.high)?;
        let dim = rgb(palette.color(Ink::Dim));
        // Where there is room for larger labels, they are still no wider than their margin.
        let letters = 10.5 * (size.1 / 150.0).clamp(1.0, 1.3) * ratio;
        let label = TextStyle::from(("sans-serif", letters).into_font()).color(&dim);
        let hair = rgb(palette.color(Ink::Hair)).stroke_width(ratio.round().max(1.0) as u32);
        chart
            .configure_mesh()
            .disable_x_mesh()
            .disable_x_axis()
            // Where there is hardly any room, the least and one more.
            .y_labels(match size.1 {
                h if h < 60.0 => 2,
                h if h < 90.0 => 3,
                _ => 4,
            })
            .y_label_formatter(&|value| format_value(*value, ratios))
            .y_label_style(label)
            .bold_line_style(hair)
            .light_line_style(TRANSPARENT)
            .axis_style(TRANSPARENT)
            .draw()?;
        for (from, to) in &scale.folds {
            let x = (from + to) / 2.0;
            let line = [(x, scale.low), (x, scale.high)];
            chart.draw_series(LineSeries::new(line.iter().copied(), hair))?;
        }
        for curve in curves {
            let color = rgb(palette.color(curve.ink));
            let (parts, style) = if curve.faint {
                let width = 5.0 * scale.end / (size.0 - left - right);
                (dashes(&curve.points, width), color.mix(0.7).stroke_width(ratio.round().max(1.0) as u32))
            } else {
                (vec![curve.points.clone()], color.stroke_width((1.8 * ratio).round() as u32))
            };
            for part in parts {
                chart.draw_series(LineSeries::new(part.iter().copied(), style))?;
            }
        }
        Ok::<(), DrawingAreaErrorKind<_>>(())
    };
    render().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_short() {
        let cases =
            [(0.0, "0"), (950.0, "950"), (12_000.0, "12 k"), (1_500.0, "1.5 k"), (2_000_000.0, "2 M")];
        for (value, text) in cases {
            assert_eq!(format_value(value, false), text);
        }
        assert_eq!(format_value(5.704_7, true), "5.70");
    }

    #[test]
    fn dashes_are_what_lies_of_a_curve_in_every_other_stripe() {
        let curve = [(0.0, 0.0), (1.0, 1.0), (1.0, 3.0), (5.0, 11.0), (5.0, 20.0)];
        let first = vec![(0.0, 0.0), (1.0, 1.0), (1.0, 3.0), (2.0, 5.0)];
        assert_eq!(dashes(&curve, 2.0), [first, vec![(4.0, 9.0), (5.0, 11.0), (5.0, 20.0)]]);
        assert!(dashes(&curve[..1], 2.0).is_empty());
    }

    #[test]
    fn points_map_into_the_margins() {
        let scale = Scale { low: 0.0, high: 10.0, end: 100.0, folds: Vec::new() };
        let size = (200.0, 100.0);
        assert_eq!(scale.at(size, 0.0, 0.0), (46.0, 94.0));
        assert_eq!(scale.at(size, 100.0, 10.0), (192.0, 6.0));
    }
}
