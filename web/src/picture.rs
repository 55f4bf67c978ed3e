//! Pictures for the user to keep or to paste elsewhere: a scene as SVG, a canvas as PNG, each with the link to what it shows.

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, CanvasRenderingContext2d, Document, HtmlCanvasElement};

use crate::browser::{palette, save_bytes, save_text, window};
use crate::plots::Format;
use crate::reopen::png_with_text;
use crate::scene::{Scene, paint, svg_file};

/// Device pixels of a picture for each of its own.
pub const RATIO: f64 = 2.0;

/// A canvas of its own, and what draws on it.
pub fn canvas(document: &Document) -> Option<(HtmlCanvasElement, CanvasRenderingContext2d)> {
    let canvas: HtmlCanvasElement = document.create_element("canvas").ok()?.dyn_into().ok()?;
    let context = canvas.get_context("2d").ok()??.dyn_into().ok()?;
    Some((canvas, context))
}

/// Hands a framed scene to the user in a format, as a file `snapstack-{key}` or on the clipboard; `told` hears of the latter
/// whether it came there.
pub fn give(
    (scene, size): (&Scene, (f64, f64)),
    (key, title): (&str, &str),
    (caption, link): (&str, &str),
    format: Format,
    told: impl FnOnce(bool) + 'static,
) {
    let Some(document) = window().and_then(|window| window.document()) else { return };
    let colors = palette(&document);
    let name = format!("snapstack-{key}.{}", format.name());
    if format == Format::Svg {
        let text = svg_file(scene, size, &colors, title, (caption, link));
        save_text(&document, &name, "image/svg+xml", &text);
    } else if let Some((canvas, context)) = canvas(&document) {
        canvas.set_width((size.0 * RATIO) as u32);
        canvas.set_height((size.1 * RATIO) as u32);
        paint(&context, &colors, scene, size, RATIO);
        give_canvas(&document, &name, &canvas, link, format, told);
    }
}

/// Hands a canvas to the user: on the clipboard, or as a PNG file that carries the link to what it shows.
pub fn give_canvas(
    document: &Document,
    name: &str,
    canvas: &HtmlCanvasElement,
    link: &str,
    format: Format,
    told: impl FnOnce(bool) + 'static,
) {
    let drawn = Promise::new(&mut |resolve, _| _ = canvas.to_blob(&resolve));
    if format == Format::Copy {
        let written = put_on_clipboard(&drawn);
        return spawn_local(async move {
            told(match written {
                Some(written) => JsFuture::from(written).await.is_ok(),
                None => false,
            });
        });
    }
    let (document, name, link) = (document.clone(), name.to_owned(), link.to_owned());
    spawn_local(async move {
        let Some(blob) = JsFuture::from(drawn).await.ok().and_then(|blob| blob.dyn_into::<Blob>().ok())
        else {
            return;
        };
        if let Ok(buffer) = JsFuture::from(blob.array_buffer()).await {
            let png = png_with_text(&Uint8Array::new(&buffer).to_vec(), "Link", &link);
            save_bytes(&document, &name, "image/png", &png);
        }
    });
}

/// Puts a PNG on the clipboard as soon as it is there; None where the browser has no such clipboard.
fn put_on_clipboard(png: &Promise) -> Option<Promise> {
    let clipboard = window()?.navigator().clipboard();
    let make: Function = Reflect::get(&js_sys::global(), &"ClipboardItem".into()).ok()?.dyn_into().ok()?;
    let write: Function = Reflect::get(&clipboard, &"write".into()).ok()?.dyn_into().ok()?;
    let parts = Object::new();
    Reflect::set(&parts, &"image/png".into(), png).ok()?;
    let item = Reflect::construct(&make, &Array::of1(&parts)).ok()?;
    write.call1(&clipboard, &Array::of1(&item)).ok()?.dyn_into().ok()
}
