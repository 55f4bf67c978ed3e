//! A plot as a file: SVG, PNG or CSV, with its legend and what it takes to make it again.

use std::fmt::Write;

use snapstack::order::sort_by_number;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::axis::Axis;
use super::chart::{draw, render};
use super::spec::Spec;
use super::surface::Surface;
use super::svg::{Svg, escape};
use crate::scene::{Ink, Palette, Scene, duration, paint};
use crate::timeline::Timeline;

/// Width and height of a picture, in CSS pixels.
const SIZE: (f64, f64) = (960.0, 440.0);
/// Where the chart begins, and its height.
const CHART: (f64, f64) = (64.0, 332.0);

/// What a file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The capture and the configuration, for people.
    pub caption: String,
    /// The link that shows the same run, from `#` on.
    pub link: String,
}

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A drawing that scales.
    Svg,
    /// A picture, two pixels to one.
    Png,
    /// Numbers, a row wherever one of them changes.
    Csv,
    /// The same numbers, by curve.
    Json,
    /// The picture, on the clipboard.
    Copy,
}

impl Format {
    /// All.
    pub const ALL: &[Self] = &[Self::Svg, Self::Png, Self::Csv, Self::Json, Self::Copy];
    /// Those of pictures without numbers.
    pub const PICTURES: &[Self] = &[Self::Svg, Self::Png, Self::Copy];

    /// Its name, and its files' extension.
    pub fn name(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Copy => "copy",
        }
    }
}

impl Format {
    /// What it does.
    pub fn title(self) -> &'static str {
        match self {
            Self::Svg => "Save as SVG",
            Self::Png => "Save as PNG",
            Self::Csv => "Save as CSV",
            Self::Json => "Save as JSON",
            Self::Copy => "Copy the picture",
        }
    }
}

/// The plot's numbers: a row at every position at which one changes, under lines that begin with `#` and say what it is. By
/// time each row also says where the axis has it, in nanoseconds without what is folded.
pub fn csv(spec: &Spec, timeline: &Timeline, axis: &Axis, about: &About) -> String {
    let curves: Vec<_> =
        spec.curves.iter().map(|curve| (curve.label, curve.series(&timeline.series))).collect();
    let mut positions: Vec<u32> =
        curves.iter().flat_map(|(_, series)| series.changes().iter().copied()).collect();
    positions.extend([0, timeline.len()]);
    sort_by_number(&mut positions, |at| (*at).into());
    positions.dedup();
    let unit = if spec.unit.is_empty() { String::new() } else { format!(" ({})", spec.unit) };
    let mut text =
        format!("# Snapstack: {}{unit}\n# {}\n# {}\nevent,time_ns", spec.title, about.caption, about.link);
    if axis.is_time() {
        text += ",folded_ns";
    }
    for (label, _) in &curves {
        let _ = write!(text, ",{label}");
    }
    for position in positions {
        let _ = write!(text, "\n{position},{}", timeline.time_ns(position));
        if axis.is_time() {
            let _ = write!(text, ",{}", axis.x(&timeline.clock, f64::from(position)));
        }
        for (_, series) in &curves {
            let _ = write!(text, ",{}", series.value(position));
        }
    }
    text + "\n"
}

/// A text as a JSON string (RFC 8259 section 7).
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out + "\""
}

/// The plot's numbers by curve: `[event, time in ns, value]` wherever it changes.
pub fn json(spec: &Spec, timeline: &Timeline, about: &About) -> String {
    let curves: Vec<String> = spec
        .curves
        .iter()
        .map(|curve| {
            let series = curve.series(&timeline.series);
            let positions = [0].into_iter().chain(series.changes().iter().copied()).chain([timeline.len()]);
            let points: Vec<String> =
                positions.map(|at| format!("[{at},{},{}]", timeline.time_ns(at), series.value(at))).collect();
            format!("{{\"label\":{},\"points\":[{}]}}", quoted(curve.label), points.join(","))
        })
        .collect();
    format!(
        "{{\"snapstack\":1,\"title\":{},\"unit\":{},\"about\":{},\"link\":{},\"curves\":[{}]}}\n",
        quoted(spec.title),
        quoted(spec.unit),
        quoted(&about.caption),
        quoted(&about.link),
        curves.join(",")
    )
}

/// Heading, legend with the last values, and foot.
fn frame(spec: &Spec, timeline: &Timeline, axis: &Axis, about: &About) -> Scene {
    let mut scene = Scene::default();
    scene.fill(0.0, 0.0, SIZE.0, SIZE.1, Ink::Ground, 1.0);
    scene.label((16.0, 28.0), -1, Ink::Text, 16.0, true, f64::INFINITY, spec.title);
    let mut x = 16.0;
    for curve in spec.curves {
        let value = spec.value(curve.series(&timeline.series).last());
        let text = format!("{} {value} {}", curve.label, spec.unit);
        scene.line((x, 48.0), (x + 16.0, 48.0), curve.ink, 2.0);
        // As wide as the text is on the average.
        let width = text.chars().count() as f64 * 6.8;
        scene.text((x + 22.0, 52.0), -1, curve.ink, 12.0, text.trim_end());
        x += 22.0 + width + 16.0;
    }
    let length = if axis.is_time() {
        format!("{}, idle stretches folded", duration(timeline.clock.last() as u64))
    } else {
        format!("{} events", crate::scene::grouped(u64::from(timeline.len())))
    };
    let text = format!("over {length}; {}", about.caption);
    scene.text((16.0, SIZE.1 - 28.0), -1, Ink::Dim, 11.0, text);
    scene.text((16.0, SIZE.1 - 12.0), -1, Ink::Dim, 9.0, about.link.clone());
    scene
}

/// The plot as SVG.
pub fn svg(spec: &Spec, timeline: &Timeline, axis: &Axis, about: &About, palette: &Palette) -> String {
    let (w, h) = SIZE;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" font-family=\"sans-serif\">\n\
         <title>{}</title>\n<desc>{}</desc>\n<metadata>{}</metadata>\n",
        escape(spec.title),
        escape(&about.caption),
        escape(&about.link)
    );
    text.push_str(&crate::scene::svg(&frame(spec, timeline, axis, about), palette));
    let _ = writeln!(text, "<g transform=\"translate(0 {})\">", CHART.0);
    let curves = spec.curves(&timeline.series, (&timeline.clock, timeline.len()), axis, w as u32);
    let backend = Surface::Svg(Svg { text: &mut text, size: (w as u32, CHART.1 as u32) });
    render(backend, palette, (w, CHART.1), 1.0, &spec.scale(axis, &curves), &curves, spec.ratio);
    text + "</g>\n</svg>\n"
}

/// Draws the plot on a canvas, two pixels to one; `chart` is another canvas to draw its inside on. False when the canvas
/// refuses.
pub fn png(
    canvases: (&HtmlCanvasElement, &HtmlCanvasElement),
    contexts: (&CanvasRenderingContext2d, &CanvasRenderingContext2d),
    spec: &Spec,
    timeline: &Timeline,
    axis: &Axis,
    about: &About,
    palette: &Palette,
) -> bool {
    let ratio = 2.0;
    for (canvas, height) in [(canvases.0, SIZE.1), (canvases.1, CHART.1)] {
        canvas.set_width((SIZE.0 * ratio) as u32);
        canvas.set_height((height * ratio) as u32);
    }
    paint(contexts.0, palette, &frame(spec, timeline, axis, about), SIZE, ratio);
    let columns = (SIZE.0 * ratio) as u32;
    let curves = spec.curves(&timeline.series, (&timeline.clock, timeline.len()), axis, columns);
    let scale = spec.scale(axis, &curves);
    let size = (SIZE.0, CHART.1);
    draw(contexts.1, palette, size, ratio, &scale, &curves, spec.ratio)
        && contexts.0.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0).is_ok()
        && contexts.0.draw_image_with_html_canvas_element(canvases.1, 0.0, CHART.0 * ratio).is_ok()
}
