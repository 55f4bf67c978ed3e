//! Files for the user to keep.

use wasm_bindgen::prelude::*;
use web_sys::{Blob, CanvasRenderingContext2d, Document, HtmlCanvasElement};

use super::Provider;
use crate::browser::{palette, save, save_text, window};
use crate::plots::{self, Format, PLOTS};
use crate::scene::svg_file;
use crate::timeline::Side;

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
}

fn canvas(document: &Document) -> Option<(HtmlCanvasElement, CanvasRenderingContext2d)> {
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    Some((canvas, context))
}

fn save_canvas(document: Document, name: String, canvas: &HtmlCanvasElement) {
    let done = Closure::once_into_js(move |blob: JsValue| {
        if let Ok(blob) = blob.dyn_into::<Blob>() {
            save(&document, &name, &blob);
        }
    });
    let _ = canvas.to_blob(done.unchecked_ref());
}
