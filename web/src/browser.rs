//! The window, its address, marks on the document, and files for the user to keep: what both modules ask of the browser.

use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, Document, Element, HtmlAnchorElement, HtmlElement, Url, Window};

use crate::scene::Palette;

/// The window; a worker has none.
pub fn window() -> Option<Window> {
    web_sys::window()
}

/// From now on a panic is written to the console, and left where the scripts beside the modules find it once that has ended
/// the program: one that ends without has no memory.
pub fn note_panics() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        let text = info.to_string().into();
        let _ = Reflect::set(&js_sys::global(), &"__snapstackPanic".into(), &text);
    }));
}

/// The address's fragment, with its `#`.
pub fn hash() -> String {
    window().and_then(|window| window.location().hash().ok()).unwrap_or_default()
}

/// Whether the page is inside another one that asks for no more than to look (`?embed`).
pub fn embedded() -> bool {
    let query = window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    query.trim_start_matches('?').split('&').any(|part| part == "embed" || part.starts_with("embed="))
}

/// Writes an attribute of the document's root: for tests, screenshots and measurements.
pub fn mark(name: &str, value: &str) {
    if let Some(root) = window().and_then(|w| w.document()).and_then(|d| d.document_element()) {
        let _ = root.set_attribute(name, value);
    }
}

/// The colours on screen.
pub fn palette(document: &Document) -> Palette {
    document.document_element().map(|root| Palette::of(&root)).unwrap_or_default()
}

/// Gives an element the focus once what happens now is over: until then something else may have it, or the element may be out
/// of reach.
pub fn focus_later(element: Option<Element>) {
    later(0, move || {
        if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
        }
    });
}

/// Does something after so many milliseconds.
pub fn later(ms: i32, what: impl FnOnce() + 'static) {
    let what = Closure::once_into_js(what);
    if let Some(window) = window() {
        let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(what.unchecked_ref(), ms);
    }
}

/// Puts a text on the clipboard; false where the browser has none for this page, or does not let it.
pub async fn copy(text: &str) -> bool {
    let Some(window) = window() else { return false };
    let clipboard = window.navigator().clipboard();
    // Only a page that came by a secure way has one.
    !clipboard.is_undefined() && JsFuture::from(clipboard.write_text(text)).await.is_ok()
}

/// Hands a text to the user as a file.
pub fn save_text(document: &Document, name: &str, kind: &str, text: &str) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(&text.into());
    if let Ok(blob) = Blob::new_with_str_sequence_and_options(&parts, &options) {
        save(document, name, &blob);
    }
}

/// Hands bytes to the user as a file.
pub fn save_bytes(document: &Document, name: &str, kind: &str, bytes: &[u8]) {
    let options = BlobPropertyBag::new();
    options.set_type(kind);
    let parts = Array::of1(&js_sys::Uint8Array::from(bytes).into());
    if let Ok(blob) = Blob::new_with_u8_array_sequence_and_options(&parts, &options) {
        save(document, name, &blob);
    }
}

/// Offers a file as a click on a link to it would.
pub fn save(document: &Document, name: &str, blob: &Blob) {
    let Ok(url) = Url::create_object_url_with_blob(blob) else { return };
    let anchor = document.create_element("a").ok().and_then(|a| a.dyn_into::<HtmlAnchorElement>().ok());
    if let Some(anchor) = anchor {
        anchor.set_href(&url);
        anchor.set_download(name);
        anchor.click();
    }
    let _ = Url::revoke_object_url(&url);
}
