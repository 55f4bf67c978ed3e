//! The shell's end of the annex: fetches that module when one of its pages is opened, and tells it what it needs to know.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Element;

use super::{Msg, Provider};
use crate::browser::{mark, window};
use crate::storage;

#[wasm_bindgen]
extern "C" {
    /// What the annex's module offers.
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
#[derive(Default)]
pub(super) struct Annex(Option<Exports>);

impl Annex {
    pub(super) fn moved(&self) {
        if let Some(exports) = &self.0 {
            exports.moved();
        }
    }

    pub(super) fn themed(&self) {
        if let Some(exports) = &self.0 {
            exports.themed();
        }
    }

    pub(super) fn command(&self, id: &str) {
        if let Some(exports) = &self.0 {
            exports.command(id);
        }
    }
}

impl Provider {
    /// Fetches the annex, unless it is there or on its way; true when that begins.
    pub(super) fn fetch_annex(&mut self) -> bool {
        if matches!(self.session.annex, Fetched::Coming | Fetched::There) {
            return false;
        }
        self.session.annex = Fetched::Coming;
        mark("data-ready", "false");
        let send = self.session.send.clone();
        spawn_local(async move { send.emit(Msg::Annex(fetch().await)) });
        true
    }

    /// Shows the annex in its element; true, as the shell then shows something else.
    pub(super) fn admit_annex(&mut self, exports: Option<Exports>) -> bool {
        let document = window().and_then(|window| window.document());
        let host = document.and_then(|document| document.get_element_by_id("annex"));
        self.session.annex = match (exports, host) {
            (Some(exports), Some(host)) => {
                exports.mount(&host);
                self.annex = Annex(Some(exports));
                Fetched::There
            }
            _ => Fetched::Failed,
        };
        true
    }

    /// Keeps the lab's steps for the next visit, if they may have changed.
    pub(super) fn keep_annex(&self) {
        let Annex(Some(exports)) = &self.annex else { return };
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
