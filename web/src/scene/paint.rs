//! Shapes onto a canvas, sharp at any pixel ratio; colours come from the style sheet's custom properties.

use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, Element};

use super::{Ink, Scene, Shape};

/// The theme's colours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Palette {
    named: Vec<String>,
    contents: Vec<String>,
    /// The font family.
    pub font: String,
}

const NAMES: [&str; 11] = [
    "ink",
    "dim",
    "hair",
    "faint",
    "ground",
    "copy",
    "reference",
    "dma",
    "allocation",
    "header",
    "on-content",
];
/// Hues of contents: coarse enough to tell apart, muted by the style sheet's saturation and lightness.
const HUES: u32 = 24;

impl Palette {
    /// The colours that hold for an element now.
    pub fn of(element: &Element) -> Self {
        let style = web_sys::window().and_then(|window| window.get_computed_style(element).ok().flatten());
        let get = |name: &str| {
            let value = style.as_ref().and_then(|style| style.get_property_value(name).ok());
            value.unwrap_or_default().trim().to_owned()
        };
        let named = NAMES.iter().map(|name| get(&format!("--{name}"))).collect();
        let (saturation, lightness) = (get("--content-saturation"), get("--content-lightness"));
        let contents =
            (0..HUES).map(|hue| format!("hsl({} {saturation} {lightness})", hue * 360 / HUES)).collect();
        Self { named, contents, font: get("font-family") }
    }

    /// The colour of an ink.
    pub fn color(&self, ink: Ink) -> &str {
        let index = match ink {
            Ink::Content(hash) => {
                return self.contents.get((hash % HUES) as usize).map_or("#888", String::as_str);
            }
            Ink::Text => 0,
            Ink::Dim => 1,
            Ink::Hair => 2,
            Ink::Faint => 3,
            Ink::Ground => 4,
            Ink::Copy => 5,
            Ink::Reference => 6,
            Ink::Dma => 7,
            Ink::Allocation => 8,
            Ink::Header => 9,
            Ink::OnContent => 10,
        };
        self.named.get(index).map_or("#888", String::as_str)
    }
}

/// Draws a scene on a canvas of `size` CSS pixels at `ratio` device pixels each.
pub fn paint(
    context: &CanvasRenderingContext2d,
    palette: &Palette,
    scene: &Scene,
    size: (f64, f64),
    ratio: f64,
) {
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, size.0, size.1);
    let dash: JsValue = js_sys::Array::of2(&3.0.into(), &3.0.into()).into();
    let solid: JsValue = js_sys::Array::new().into();
    let mut fill = None;
    let mut stroke = None;
    let mut font = (0.0, false);
    let mut opacity = 1.0;
    for shape in &scene.shapes {
        let alpha = match shape {
            Shape::Rect { alpha, .. } | Shape::Path { alpha, .. } => *alpha,
            Shape::Text { .. } => 1.0,
        };
        if alpha != opacity {
            context.set_global_alpha(alpha);
            opacity = alpha;
        }
        match shape {
            Shape::Rect { x, y, w, h, ink, outline, .. } if *outline == 0.0 => {
                if fill != Some(*ink) {
                    context.set_fill_style_str(palette.color(*ink));
                    fill = Some(*ink);
                }
                context.fill_rect(*x, *y, *w, *h);
            }
            Shape::Rect { x, y, w, h, ink, outline, .. } => {
                if stroke != Some(*ink) {
                    context.set_stroke_style_str(palette.color(*ink));
                    stroke = Some(*ink);
                }
                context.set_line_width(*outline);
                context.stroke_rect(x + outline / 2.0, y + outline / 2.0, w - outline, h - outline);
            }
            Shape::Path { points, ink, width, dashed, .. } => {
                if stroke != Some(*ink) {
                    context.set_stroke_style_str(palette.color(*ink));
                    stroke = Some(*ink);
                }
                context.set_line_width(*width);
                if *dashed {
                    let _ = context.set_line_dash(&dash);
                }
                context.begin_path();
                for (i, (x, y)) in points.iter().enumerate() {
                    if i == 0 { context.move_to(*x, *y) } else { context.line_to(*x, *y) }
                }
                context.stroke();
                if *dashed {
                    let _ = context.set_line_dash(&solid);
                }
            }
            Shape::Text { x, y, text, ink, size, bold, anchor, max } => {
                if fill != Some(*ink) {
                    context.set_fill_style_str(palette.color(*ink));
                    fill = Some(*ink);
                }
                if font != (*size, *bold) {
                    let weight = if *bold { "600" } else { "400" };
                    context.set_font(&format!("{weight} {size}px {}", palette.font));
                    font = (*size, *bold);
                }
                context.set_text_align(match anchor {
                    0 => "center",
                    1 => "right",
                    _ => "left",
                });
                let _ = context.fill_text(&shortened(context, text, *max), *x, *y);
            }
        }
    }
    context.set_global_alpha(1.0);
}

/// The text, or as much of it as fits before an ellipsis.
fn shortened(context: &CanvasRenderingContext2d, text: &str, max: f64) -> String {
    let width = |text: &str| context.measure_text(text).map_or(0.0, |metrics| metrics.width());
    if max.is_infinite() || width(text) <= max {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let mut keep = chars.len();
    while keep > 1 {
        keep -= 1;
        let short: String = chars[..keep].iter().chain(&['…']).collect();
        if width(&short) <= max {
            return short;
        }
    }
    String::new()
}
