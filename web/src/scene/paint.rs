//! Shapes onto a canvas, sharp at any pixel ratio; colours come from the style sheet's custom properties.

use std::cell::OnceCell;

use js_sys::JsString;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, Element};

use super::{Ink, Scene, Shape};

#[wasm_bindgen]
extern "C" {
    /// A drawing context that takes a colour as a string of the browser's: there are some thousand changes of colour in a
    /// picture, and a string of ours would be decoded at each.
    type Brush;
    #[wasm_bindgen(method, setter, js_name = "fillStyle")]
    fn fill_with(this: &Brush, color: &JsString);
    #[wasm_bindgen(method, setter, js_name = "strokeStyle")]
    fn stroke_with(this: &Brush, color: &JsString);
}

/// The theme's colours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Palette {
    /// Those with names, in the order of [`NAMES`], then those of contents.
    colors: Vec<String>,
    /// The same for the browser, once it has drawn with them.
    brushes: OnceCell<Vec<JsString>>,
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
pub(super) const HUES: u32 = 24;

impl Palette {
    /// The colours that hold for an element now.
    pub fn of(element: &Element) -> Self {
        let style = web_sys::window().and_then(|window| window.get_computed_style(element).ok().flatten());
        let get = |name: &str| {
            let value = style.as_ref().and_then(|style| style.get_property_value(name).ok());
            value.unwrap_or_default().trim().to_owned()
        };
        let named = NAMES.iter().map(|name| get(&format!("--{name}")));
        let (saturation, lightness) = (get("--content-saturation"), get("--content-lightness"));
        let contents = (0..HUES).map(|hue| format!("hsl({} {saturation} {lightness})", hue * 360 / HUES));
        Self { colors: named.chain(contents).collect(), brushes: OnceCell::new(), font: get("font-family") }
    }

    /// The colour of an ink.
    pub fn color(&self, ink: Ink) -> &str {
        self.colors.get(index(ink)).map_or("#888", String::as_str)
    }

    fn brush(&self, color: usize) -> Option<&JsString> {
        let brushes =
            self.brushes.get_or_init(|| self.colors.iter().map(|color| color.as_str().into()).collect());
        brushes.get(color)
    }
}

/// The place of an ink among a palette's colours.
fn index(ink: Ink) -> usize {
    match ink {
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
        Ink::Content(hash) => NAMES.len() + (hash % HUES) as usize,
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
    let brush: &Brush = context.unchecked_ref();
    let mut fill = None;
    let mut stroke = None;
    let mut line_width = 0.0;
    let mut align = None;
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
                let color = index(*ink);
                if fill != Some(color) {
                    palette.brush(color).inspect(|color| brush.fill_with(color));
                    fill = Some(color);
                }
                context.fill_rect(*x, *y, *w, *h);
            }
            Shape::Rect { x, y, w, h, ink, outline, .. } => {
                let color = index(*ink);
                if stroke != Some(color) {
                    palette.brush(color).inspect(|color| brush.stroke_with(color));
                    stroke = Some(color);
                }
                if line_width != *outline {
                    context.set_line_width(*outline);
                    line_width = *outline;
                }
                context.stroke_rect(x + outline / 2.0, y + outline / 2.0, w - outline, h - outline);
            }
            Shape::Path { points, ink, width, dashed, .. } => {
                let color = index(*ink);
                if stroke != Some(color) {
                    palette.brush(color).inspect(|color| brush.stroke_with(color));
                    stroke = Some(color);
                }
                if line_width != *width {
                    context.set_line_width(*width);
                    line_width = *width;
                }
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
                let color = index(*ink);
                if fill != Some(color) {
                    palette.brush(color).inspect(|color| brush.fill_with(color));
                    fill = Some(color);
                }
                if font != (*size, *bold) {
                    let weight = if *bold { "600" } else { "400" };
                    context.set_font(&format!("{weight} {size}px {}", palette.font));
                    font = (*size, *bold);
                }
                if align != Some(*anchor) {
                    context.set_text_align(match anchor {
                        0 => "center",
                        1 => "right",
                        _ => "left",
                    });
                    align = Some(*anchor);
                }
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
