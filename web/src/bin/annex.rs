//! The annex's module: what the shell calls of it.

use snapstack_web::annex;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Element;

fn main() {
    console_error_panic_hook::set_once();
}

/// Shows the annex in an element.
#[wasm_bindgen]
pub fn mount(host: Element) {
    annex::mount(host);
}

/// The address has changed.
#[wasm_bindgen]
pub fn moved() {
    annex::tell(annex::Msg::Moved);
}

/// The theme has changed.
#[wasm_bindgen]
pub fn themed() {
    annex::tell(annex::Msg::Themed);
}

/// Carries out a command; one that is not the annex's does nothing.
#[wasm_bindgen]
pub fn command(id: &str) {
    if let Some(msg) = annex::by_id(id) {
        annex::tell(msg);
    }
}

/// What to keep of the annex for the next visit, if there is something.
#[wasm_bindgen]
pub fn kept() -> Option<String> {
    annex::kept()
}
