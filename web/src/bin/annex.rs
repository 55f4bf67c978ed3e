//! The annex's module: what the shell calls of it.

use js_sys::Function;
use snapstack_web::annex::{self, lines};
use snapstack_web::dag::Found;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Element;

fn main() {
    snapstack_web::browser::note_panics();
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
    lines::tell(lines::Msg::Themed);
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

/// Draws memory lines in an element until [`lines_close`]. `onselect` is called with the PLID of a line that was selected and
/// the hash of a data line's bytes, or with undefined, `onfind` with bytes that are looked for.
#[wasm_bindgen]
pub fn lines_open(host: Element, onselect: Function, onfind: Function) {
    lines::open(host, onselect, onfind);
}

/// Shows other lines, as the worker told them; whether they are those of `all` segments. The line of this hash is selected, if
/// it is among them.
#[wasm_bindgen]
pub fn lines_show(labels: Vec<String>, words: Vec<u32>, time_ns: f64, all: bool, hash: Option<u32>) {
    lines::tell(lines::Msg::Show(lines::Told { labels, words, time_ns: time_ns as u64, all }, hash));
}

/// Compares them with those of another moment.
#[wasm_bindgen]
pub fn lines_compare(labels: Vec<String>, words: Vec<u32>, time_ns: f64) {
    let other = lines::Told { labels, words, time_ns: time_ns as u64, all: true };
    lines::tell(lines::Msg::Compare(Some(other)));
}

/// Shows them by themselves.
#[wasm_bindgen]
pub fn lines_alone() {
    lines::tell(lines::Msg::Compare(None));
}

/// The lines that hold bytes which were looked for; whether there may be more.
#[wasm_bindgen]
pub fn lines_found(bytes: Vec<u8>, plids: Vec<u32>, more: bool) {
    lines::tell(lines::Msg::Found(Found { bytes, plids, more }));
}

/// The element is the shell's own again.
#[wasm_bindgen]
pub fn lines_close() {
    lines::close();
}
