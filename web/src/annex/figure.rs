//! The figure on screen as a picture of pixels: the elements of its SVG painted on a canvas, one by one, with the styles that
//! they have here. The page's policy lets no image be made of the SVG itself, and needs not.

use js_sys::Reflect;
use wasm_bindgen::JsValue;
use web_sys::{CanvasRenderingContext2d, Element, Path2d, Window};

/// Paints an element and what is in it, at the canvas's origin, where everything around it has the opacity `alpha`.
pub(super) fn paint(context: &CanvasRenderingContext2d, window: &Window, element: &Element, alpha: f64) {
    let Some(style) = window.get_computed_style(element).ok().flatten() else { return };
    let get = |name: &str| style.get_property_value(name).unwrap_or_default();
    let alpha = alpha * get("opacity").parse().unwrap_or(1.0);
    let attribute = |name: &str| element.get_attribute(name).unwrap_or_default();
    let number = |name: &str| attribute(name).parse().unwrap_or(0.0);
    let outline = match &*element.local_name() {
        "svg" | "g" => {
            context.save();
            if let Some((x, y)) = moved(&attribute("transform")) {
                let _ = context.translate(x, y);
            }
            let children = element.children();
            for child in (0..children.length()).filter_map(|i| children.item(i)) {
                paint(context, window, &child, alpha);
            }
            return context.restore();
        }
        "rect" => Path2d::new().inspect(|path| {
            path.rect(number("x"), number("y"), number("width"), number("height"));
        }),
        "path" => Path2d::new_with_path_string(&attribute("d")),
        // More points than one after an M are lines (SVG 2, section 9.3.3).
        "polyline" => Path2d::new_with_path_string(&format!("M{}", attribute("points"))),
        "text" => {
            context.set_font(&[get("font-weight"), get("font-size"), get("font-family")].join(" "));
            let spacing = get("letter-spacing").replace("normal", "0px");
            let _ = Reflect::set(context, &"letterSpacing".into(), &spacing.into());
            context.set_text_align(match &*attribute("text-anchor") {
                "middle" => "center",
                "end" => "right",
                _ => "left",
            });
            let text = element.text_content().unwrap_or_default();
            let (x, y) = (number("x"), number("y"));
            // Letters are kept off what they stand on by a stroke of the ground's colour, which lies under them.
            if colors(context, &get, alpha).1 {
                let _ = context.stroke_text(&text, x, y);
            }
            let _ = context.fill_text(&text, x, y);
            return;
        }
        _ => return,
    };
    let Ok(outline) = outline else { return };
    let (fills, strokes) = colors(context, &get, alpha);
    if fills {
        context.fill_with_path_2d(&outline);
    }
    if strokes {
        context.stroke_with_path(&outline);
    }
}

/// Takes over how an element is filled and stroked; whether it is.
fn colors(context: &CanvasRenderingContext2d, get: &impl Fn(&str) -> String, alpha: f64) -> (bool, bool) {
    let (fill, stroke) = (get("fill"), get("stroke"));
    let length = |text: &str| text.trim_end_matches("px").parse::<f64>().ok();
    context.set_global_alpha(alpha);
    context.set_fill_style_str(&fill);
    context.set_stroke_style_str(&stroke);
    context.set_line_width(length(&get("stroke-width")).unwrap_or(1.0));
    context.set_line_join(&get("stroke-linejoin"));
    let dashes = get("stroke-dasharray");
    let dashes = dashes.split(',').filter_map(|dash| length(dash.trim())).map(JsValue::from);
    let _ = context.set_line_dash(&dashes.collect::<js_sys::Array>());
    (fill != "none", stroke != "none")
}

/// How far a transform moves, which does nothing else in a figure.
fn moved(transform: &str) -> Option<(f64, f64)> {
    let (x, y) = transform.strip_prefix("translate(")?.strip_suffix(')')?.split_once(' ')?;
    Some((x.parse().ok()?, y.parse().ok()?))
}

/// A text in lines of up to so many CSS pixels, in the canvas's font.
pub(super) fn lines(context: &CanvasRenderingContext2d, text: &str, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        let fits = |line: &String| context.measure_text(line).is_ok_and(|text| text.width() <= width);
        match (longer.filter(fits), lines.last_mut()) {
            (Some(longer), Some(line)) => *line = longer,
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
