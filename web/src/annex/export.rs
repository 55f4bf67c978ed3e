//! The lab's drawing and the figure on screen, for the user to keep.

use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::browser::{palette, save_text, window};
use crate::figures::Place;
use crate::lab::{self, Lab};
use crate::picture::give;
use crate::plots::{Format, escape};
use crate::scene::{Ink, framed};

/// Width and height that the lab is laid out in, in CSS pixels.
const SIZE: (f64, f64) = (960.0, 540.0);
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

/// Hands the figure on screen to the user as SVG, with the styles that it has here.
pub(super) fn save_figure(place: Place) -> Option<()> {
    let window = window()?;
    let document = window.document()?;
    let shown = document.get_element_by_id("figure")?;
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
    let ground = palette(&document).color(Ink::Ground).to_owned();
    let file = format!(
        "{head}>\n<metadata>{link}</metadata>\n<rect width=\"100%\" height=\"100%\" fill=\"{ground}\"/>\n{parts}\n"
    );
    save_text(&document, &format!("snapstack-figure-{}.svg", place.figure.slug()), "image/svg+xml", &file);
    Some(())
}
