//! The shell's end of the annex: fetches that module when one of its pages is opened, and tells it what it needs to know.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Element;

use super::{Msg, Provider};
use crate::browser::{mark, window};
use crate::dag::Found;
use crate::engine::DagOf;
use crate::state::DagInfo;
use crate::storage;

#[wasm_bindgen]
extern "C" {
    /// What the annex's module offers.
    #[derive(Clone)]
    pub type Exports;
    #[wasm_bindgen(method)]
    fn mount(this: &Exports, host: &Element);
    #[wasm_bindgen(method)]
    fn moved(this: &Exports);
    #[wasm_bindgen(method)]
    fn themed(this: &Exports);
    #[wasm_bindgen(method)]
    fn command(this: &Exports, id: &str);
    #[wasm_bindgen(method)]
    fn kept(this: &Exports) -> Option<String>;
    #[wasm_bindgen(method)]
    fn lines_open(this: &Exports, host: &Element, onselect: &Function, onfind: &Function);
    #[wasm_bindgen(method)]
    fn lines_show(
        this: &Exports,
        labels: Vec<String>,
        words: &[u32],
        time_ns: f64,
        all: bool,
        hash: Option<u32>,
    );
    #[wasm_bindgen(method)]
    fn lines_compare(this: &Exports, labels: Vec<String>, words: &[u32], time_ns: f64);
    #[wasm_bindgen(method)]
    fn lines_alone(this: &Exports);
    #[wasm_bindgen(method)]
    fn lines_found(this: &Exports, bytes: &[u8], plids: &[u32], more: bool);
    #[wasm_bindgen(method)]
    fn lines_close(this: &Exports);
}

/// How far the annex is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fetched {
    /// Not asked for yet.
    #[default]
    Not,
    /// On its way.
    Coming,
    /// It could not be fetched.
    Failed,
    /// There.
    There,
}

/// The annex, once it is there; until then what it is told is lost, as it will look for itself.
#[derive(Clone, Default)]
pub struct Annex {
    /// How far it is.
    pub fetched: Fetched,
    exports: Option<Exports>,
}

impl Annex {
    pub(super) fn moved(&self) {
        if let Some(exports) = &self.exports {
            exports.moved();
        }
    }

    pub(super) fn themed(&self) {
        if let Some(exports) = &self.exports {
            exports.themed();
        }
    }

    pub(super) fn command(&self, id: &str) {
        if let Some(exports) = &self.exports {
            exports.command(id);
        }
    }

    /// Draws memory lines in an element until [`Annex::close_lines`]; `onselect` is called with a line's PLID and the hash of a
    /// data line, either of them undefined where there is none, `onfind` with bytes.
    pub fn open_lines(&self, host: &Element, onselect: &Function, onfind: &Function) {
        if let Some(exports) = &self.exports {
            exports.lines_open(host, onselect, onfind);
        }
    }

    /// Shows other lines; the one of this hash, if it is among them, is selected.
    pub fn show_lines(&self, dag: &DagInfo, hash: Option<u32>) {
        if let Some(exports) = &self.exports {
            let all = dag.of == DagOf::All;
            exports.lines_show(dag.labels.to_vec(), &dag.words, dag.when.time_ns as f64, all, hash);
        }
    }

    /// Compares them with those of the marked moment, or shows them by themselves.
    pub fn compare_lines(&self, marked: Option<&DagInfo>) {
        match (&self.exports, marked) {
            (Some(exports), Some(dag)) => {
                exports.lines_compare(dag.labels.to_vec(), &dag.words, dag.when.time_ns as f64);
            }
            (Some(exports), None) => exports.lines_alone(),
            (None, _) => {}
        }
    }

    /// Shows which of them hold what was looked for.
    pub fn found_lines(&self, found: &Found) {
        if let Some(exports) = &self.exports {
            exports.lines_found(&found.bytes, &found.plids, found.more);
        }
    }

    /// Draws them no longer.
    pub fn close_lines(&self) {
        if let Some(exports) = &self.exports {
            exports.lines_close();
        }
    }
}

impl Provider {
    /// Fetches the annex, unless it is there or on its way; true when that begins.
    pub(super) fn fetch_annex(&mut self) -> bool {
        if matches!(self.session.annex.fetched, Fetched::Coming | Fetched::There) {
            return false;
        }
        self.session.annex.fetched = Fetched::Coming;
        let send = self.session.send.clone();
        spawn_local(async move { send.emit(Msg::Annex(fetch().await)) });
        true
    }

    /// A page of the annex is to be shown.
    pub(super) fn show_annex(&mut self) {
        self.fetch_annex();
        if self.session.annex.fetched != Fetched::There {
            mark("data-ready", "false");
        }
    }

    /// Shows the annex in its element; true, as the shell then shows something else.
    pub(super) fn admit_annex(&mut self, exports: Option<Exports>) -> bool {
        let document = window().and_then(|window| window.document());
        let host = document.and_then(|document| document.get_element_by_id("annex"));
        self.session.annex = match (exports, host) {
            (Some(exports), Some(host)) => {
                exports.mount(&host);
                Annex { fetched: Fetched::There, exports: Some(exports) }
            }
            _ => Annex { fetched: Fetched::Failed, exports: None },
        };
        true
    }

    /// Keeps the lab's steps for the next visit, if they may have changed.
    pub(super) fn keep_annex(&self) {
        let Some(exports) = &self.session.annex.exports else { return };
        match exports.kept() {
            Some(text) if self.keeps => storage::set(storage::LAB, &text),
            _ => storage::remove(storage::LAB),
        }
    }
}

/// The module, by the loader, which knows its addresses; None when it is not to be had.
async fn fetch() -> Option<Exports> {
    let loader = Reflect::get(&js_sys::global(), &"__snapstackAnnex".into()).ok()?;
    let promise = loader.dyn_into::<Function>().ok()?.call0(&JsValue::NULL).ok()?;
    let exports = JsFuture::from(promise.dyn_into::<Promise>().ok()?).await.ok()?;
    Some(exports.unchecked_into())
}
