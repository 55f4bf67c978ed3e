//! Files for the user to keep.

use js_sys::Array;
use wasm_bindgen::prelude::*;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, Document, HtmlAnchorElement, HtmlCanvasElement, Url,
};

use super::{Provider, window};
use crate::lab;
use crate::plots::{self, Format, PLOTS};
use crate::scene::{Palette, svg_file};
use crate::state::Page;
use crate::timeline::Side;

/// Width and height that the lab is laid out in for a file, in CSS pixels.
const LAB: (f64, f64) = (960.0, 540.0);

impl Provider {
    /// Hands the plot in a slot to the user as a file.
    pub(super) fn export(&self, slot: usize, format: Format) {
        let Some(document) = window().and_then(|window| window.document()) else { return };
        let player = self.session.player.borrow();
        let state = &self.session.state;
        let (Some(timeline), Some(spec)) =
            (&player.timeline, state.plots.get(slot).and_then(|plot| PLOTS.get(*plot)))
        else {
            return;
        };
        let about = state.about(player.position());
        let name = format!("snapstack-{}.{}", spec.key, format.name());
        match format {
            Format::Csv => save_text(&document, &name, "text/csv", &plots::csv(spec, timeline, &about)),
            Format::Svg => {
                let text = plots::svg(spec, timeline, &about, &palette(&document));
                save_text(&document, &name, "image/svg+xml", &text);
            }
            Format::Png => {
                let (Some(whole), Some(chart)) = (canvas(&document), canvas(&document)) else { return };
                let drawn = plots::png(
                    (&whole.0, &chart.0),
                    (&whole.1, &chart.1),
                    spec,
                    timeline,
                    &about,
                    &palette(&document),
                );
                if drawn {
                    save_canvas(document, name, &whole.0);
                }
            }
        }
    }
}

impl Provider {
    /// Hands a lane, as it is drawn, to the user as a file.
    pub(super) fn save_lane(&self, side: Side) {
        let Some(document) = window().and_then(|window| window.document()) else { return };
        let player = self.session.player.borrow();
        let Some((scene, size)) = player.picture(side) else { return };
        let about = self.session.state.about(player.position());
        let (key, title) = match side {
            Side::Left => ("left", "Today: sk_buff, descriptor NIC"),
            Side::Right => ("right", "Snapshots: HICAMP memory, segment NIC"),
        };
        let text = svg_file(scene, size, &palette(&document), title, (&about.caption, &about.link));
        save_text(&document, &format!("snapstack-{key}.svg"), "image/svg+xml", &text);
    }

    /// Hands the lab's drawing to the user as a file.
    pub(super) fn save_lab(&self) {
        let Some(document) = window().and_then(|window| window.document()) else { return };
        let lab = self.session.lab.borrow();
        let layout = lab::layout(lab.picture(), LAB.0, LAB.1);
        let scene = lab::scene(lab.picture(), &layout, lab.selected());
        let caption = format!("{} B lines, {} steps", lab.picture().line_size, lab.steps());
        let about = (caption.as_str(), Page::Memory.fragment());
        let text = svg_file(&scene, layout.size, &palette(&document), "Segments and lines", about);
        save_text(&document, "snapstack-memory.svg", "image/svg+xml", &text);
    }
}

fn palette(document: &Document) -> Palette {
    document.document_element().map(|root| Palette::of(&root)).unwrap_or_default()
}

fn canvas(document: &Document) -> Option<(HtmlCanvasElement, CanvasRenderingContext2d)> {
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    Some((canvas, context))
}

fn save_text(document: &Document, name: &str, kind: &str, text: &str) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(&text.into());
    if let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &options) {
        save(document, name, &blob);
    }
}

fn save_canvas(document: Document, name: String, canvas: &HtmlCanvasElement) {
    let done = Closure::once_into_js(move |blob: JsValue| {
        if let Ok(blob) = blob.dyn_into::<Blob>() {
            save(&document, &name, &blob);
        }
    });
    let _ = canvas.to_blob(done.unchecked_ref());
}

/// Offers a file as a click on a link to it would.
fn save(document: &Document, name: &str, blob: &Blob) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    let anchor = document.create_element("a").ok().and_then(|a| a.dyn_into::<HtmlAnchorElement>().ok());
    if let Some(anchor) = anchor {
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
    }
    let _ = Url::revoke_object_url(&url);
}
