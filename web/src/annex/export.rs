//! The lab's drawing as a file for the user to keep.

use crate::browser::{palette, save_text, window};
use crate::lab::{self, Lab};
use crate::scene::svg_file;
use crate::state::Page;

/// Width and height that it is laid out in, in CSS pixels.
const SIZE: (f64, f64) = (960.0, 540.0);

/// Hands the drawing to the user.
pub(super) fn save(lab: &Lab) {
    let Some(document) = window().and_then(|window| window.document()) else { return };
    let layout = lab::layout(lab.picture(), SIZE.0, SIZE.1);
    let scene = lab::scene(lab.picture(), &layout, lab.selected());
    let caption = format!("{} B lines, {} steps", lab.picture().line_size, lab.steps());
    let about = (caption.as_str(), Page::Memory.fragment());
    let text = svg_file(&scene, layout.size, &palette(&document), "Segments and lines", about);
    save_text(&document, "snapstack-memory.svg", "image/svg+xml", &text);
}
