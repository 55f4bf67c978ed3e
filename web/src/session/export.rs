//! Files for the user to keep.

use js_sys::Uint8Array;
use snapstack::buffers::Scheme;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, CanvasRenderingContext2d, Document, HtmlCanvasElement};

use super::Provider;
use crate::browser::{palette, save_bytes, save_text, window};
use crate::plots::{self, Format, PLOTS};
use crate::reopen::png_with_text;
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
        let axis = player.axis_of(timeline, None);
        let name = format!("snapstack-{}.{}", spec.key, format.name());
        match format {
            Format::Csv => {
                save_text(&document, &name, "text/csv", &plots::csv(spec, timeline, &axis, &about));
            }
            Format::Json => {
                save_text(&document, &name, "application/json", &plots::json(spec, timeline, &about));
            }
            Format::Svg => {
                let text = plots::svg(spec, timeline, &axis, &about, &palette(&document));
                save_text(&document, &name, "image/svg+xml", &text);
            }
            Format::Png => {
                let (Some(whole), Some(chart)) = (canvas(&document), canvas(&document)) else { return };
                let drawn = plots::png(
                    (&whole.0, &chart.0),
                    (&whole.1, &chart.1),
                    spec,
                    timeline,
                    &axis,
                    &about,
                    &palette(&document),
                );
                if drawn {
                    save_canvas(document, name, &whole.0, about.link);
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
        let key = match side {
            Side::Left => "left",
            Side::Right => "right",
        };
        let title = match player.schemes[side as usize] {
            Scheme::SkBuff => "Today: sk_buff, descriptor NIC",
            Scheme::Snapshot => "Snapshots: HICAMP memory, segment NIC",
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

/// Hands a canvas to the user as a PNG that carries the link to what it shows.
fn save_canvas(document: Document, name: String, canvas: &HtmlCanvasElement, link: String) {
    let done = Closure::once_into_js(move |blob: JsValue| {
        let Ok(blob) = blob.dyn_into::<Blob>() else { return };
        spawn_local(async move {
            if let Ok(buffer) = JsFuture::from(blob.array_buffer()).await {
                let png = png_with_text(&Uint8Array::new(&buffer).to_vec(), "Link", &link);
                save_bytes(&document, &name, "image/png", &png);
            }
        });
    });
    let _ = canvas.to_blob(done.unchecked_ref());
}
