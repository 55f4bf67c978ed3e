//! What the window tells: keys, addresses, dropped files.

use wasm_bindgen::prelude::*;
use web_sys::{DragEvent, Event, EventTarget, KeyboardEvent};
use yew::Callback;

use super::Msg;
use crate::components::ControlsEvent;
use crate::state::Action;
use crate::theme;

/// A listener of the window; it ends when this is dropped.
pub(super) struct Listener {
    target: EventTarget,
    kind: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.closure.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.kind, callback);
    }
}

/// Listens to the window and sends on what happens.
pub(super) fn listen(send: &Callback<Msg>) -> Vec<Listener> {
    let mut listeners = Vec::new();
    let Some(window) = web_sys::window() else { return listeners };
    let mut on_target = |target: &EventTarget, kind: &'static str, make: fn(&Event) -> Option<Msg>| {
        let send = send.clone();
        let closure = Closure::<dyn FnMut(Event)>::new(move |event: Event| {
            if let Some(msg) = make(&event) {
                send.emit(msg);
            }
        });
        if target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref()).is_ok() {
            listeners.push(Listener { target: target.clone(), kind, closure });
        }
    };
    let mut on = |kind, make| on_target(&window, kind, make);
    on("keydown", |event| event.dyn_ref::<KeyboardEvent>().cloned().map(Msg::Key));
    on("hashchange", |_| Some(Msg::Moved));
    on("pagehide", |_| Some(Msg::Leaving));
    on("dragover", |event| {
        event.prevent_default();
        Some(Msg::Act(Action::Dragging(true)))
    });
    on("dragleave", |event| {
        event.prevent_default();
        // Leaving for a child of the page is no leaving.
        let inside = event.dyn_ref::<DragEvent>().is_some_and(|drag| drag.related_target().is_some());
        Some(Msg::Act(Action::Dragging(inside)))
    });
    on("drop", |event| {
        event.prevent_default();
        let files = event.dyn_ref::<DragEvent>().and_then(DragEvent::data_transfer).and_then(|d| d.files());
        Some(match files.and_then(|files| files.get(0)) {
            Some(file) => Msg::Controls(ControlsEvent::File(file)),
            None => Msg::Act(Action::Dragging(false)),
        })
    });
    for query in ["(prefers-color-scheme: dark)", theme::STILL] {
        if let Ok(Some(list)) = window.match_media(query) {
            on_target(&list.into(), "change", |_| Some(Msg::Themed));
        }
    }
    listeners
}
