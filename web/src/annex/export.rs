//! The lab's drawing and the figure on screen, for the user to keep.

use js_sys::{Array, Function, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Element, Window};

use super::figure;
use crate::browser::{palette, save_text, window};
use crate::figures::{Place, Show};
use crate::lab::{self, Lab};
use crate::picture::{RATIO, canvas, give, give_canvas};
use crate::plots::{Format, escape};
use crate::scene::{Ink, Scene, framed, paint};

/// Width and height that the lab is laid out in, in CSS pixels.
const SIZE: (f64, f64) = (960.0, 540.0);
/// Space around a figure in its picture, in CSS pixels; its caption's first line, the next ones, and the font's size.
const EDGE: f64 = 16.0;
const CAPTION: [f64; 3] = [26.0, 18.0, 13.0];
/// What the style sheet says of a figure's parts, and a file has to say itself.
const STYLES: [&str; 9] = [
    "fill",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "opacity",
    "font-size",
    "font-weight",
    "letter-spacing",
    "paint-order",
];

/// Hands the lab's drawing to the user; a file carries the lab's steps, so that it opens again. `told` hears whether a copy came
/// on the clipboard.
pub(super) fn save(lab: &Lab, format: Format, told: impl FnOnce(bool) + 'static) {
    let layout = lab::layout(lab.picture(), SIZE.0, SIZE.1);
    let scene = lab::scene(lab.picture(), &layout, lab.selected());
    let caption = format!("{} B lines, {} steps", lab.picture().line_size, lab.steps());
    let link = lab.link();
    let title = "Segments and lines";
    let (scene, size) = framed(&scene, layout.size, &[], &[title, ": ", &caption].concat(), &link);
    give((&scene, size), ("memory", title), (&caption, &link), format, told);
}

/// Hands the figure on screen to the user, with the styles that it has here; `told` hears whether a copy came on the clipboard.
pub(super) fn save_figure(show: &mut Show, format: Format, told: impl FnOnce(bool) + 'static) -> Option<()> {
    let window = window()?;
    let document = window.document()?;
    let shown = document.get_element_by_id("figure")?;
    let _ = finish(&shown);
    if format == Format::Svg {
        return figure_svg(&window, &document, &shown, show.place());
    }
    let (figure, steps, at) = show.now();
    let size = |name: &str| shown.get_attribute(name)?.parse::<f64>().ok();
    let (width, height) = (size("width")? + 2.0 * EDGE, size("height")?);
    let (canvas, context) = canvas(&document)?;
    let palette = palette(&document);
    let [first, next, font] = CAPTION;
    context.set_font(&format!("{font}px {}", palette.font));
    let mut scene = Scene::default();
    let mut top = first;
    for line in figure::lines(&context, &steps.get(at)?.caption, width - 2.0 * EDGE) {
        scene.text((EDGE, top), -1, Ink::Text, font, line);
        top += next;
    }
    let title = format!("{}: {}, step {} of {}", figure.name(), figure.title(), at + 1, steps.len());
    let link = Place { figure, step: at + 1 }.fragment();
    let (scene, size) = framed(&scene, (width, top + height), &[], &title, &link);
    canvas.set_width((size.0 * RATIO) as u32);
    canvas.set_height((size.1 * RATIO) as u32);
    paint(&context, &palette, &scene, size, RATIO);
    context.translate(EDGE, top).ok()?;
    figure::paint(&context, &window, &shown, 1.0);
    let name = format!("snapstack-figure-{}.png", figure.slug());
    give_canvas(&document, &name, &canvas, &link, format, told);
    Some(())
}

/// Brings what still moves or appears to where it is to be.
fn finish(shown: &Element) -> Result<(), JsValue> {
    let all = Object::new();
    Reflect::set(&all, &"subtree".into(), &true.into())?;
    let moving: Function = Reflect::get(shown, &"getAnimations".into())?.dyn_into()?;
    for animation in Array::from(&moving.call1(shown, &all)?) {
        let finish: Function = Reflect::get(&animation, &"finish".into())?.dyn_into()?;
        finish.call0(&animation)?;
    }
    Ok(())
}

fn figure_svg(window: &Window, document: &Document, shown: &Element, place: Place) -> Option<()> {
    let copy: Element = shown.clone_node_with_deep(true).ok()?.dyn_into().ok()?;
    let (parts, copies) = (shown.get_elements_by_tag_name("*"), copy.get_elements_by_tag_name("*"));
    for i in 0..parts.length() {
        let (Some(part), Some(copy)) = (parts.item(i), copies.item(i)) else { continue };
        let Some(style) = window.get_computed_style(&part).ok().flatten() else { continue };
        for name in STYLES {
            let value = style.get_property_value(name).unwrap_or_default();
            let _ = copy.set_attribute(name, &value);
        }
        let _ = copy.remove_attribute("class");
    }
    for (name, value) in [("xmlns", "http://www.w3.org/2000/svg"), ("font-family", "sans-serif")] {
        let _ = copy.set_attribute(name, value);
    }
    let text = copy.outer_html();
    let (head, parts) = text.split_once('>')?;
    let link = escape(&place.fragment());
    let ground = palette(document).color(Ink::Ground).to_owned();
    let file = format!(
        "{head}>\n<metadata>{link}</metadata>\n<rect width=\"100%\" height=\"100%\" fill=\"{ground}\"/>\n{parts}\n"
    );
    save_text(document, &format!("snapstack-figure-{}.svg", place.figure.slug()), "image/svg+xml", &file);
    Some(())
}
