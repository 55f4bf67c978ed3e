//! The one scheduler on animation frames.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;
use yew::Callback;

use crate::player::{Player, Status};

type Frame = Closure<dyn FnMut(f64)>;

fn request(frame: &Frame) {
    if let Some(window) = web_sys::window() {
        let _ = window.request_animation_frame(frame.as_ref().unchecked_ref());
    }
}

/// Runs the player on animation frames as long as someone holds it; `onstatus` hears of every change.
pub(super) fn run(player: Weak<RefCell<Player>>, onstatus: Callback<Status>) {
    let slot: Rc<RefCell<Option<Frame>>> = Rc::default();
    let again = Rc::clone(&slot);
    let mut last: Option<Status> = None;
    *slot.borrow_mut() = Some(Closure::new(move |now: f64| {
        let Some(player) = player.upgrade() else {
            again.borrow_mut().take();
            return;
        };
        player.borrow_mut().frame(now);
        let status = player.borrow().status();
        if last.as_ref() != Some(&status) {
            last = Some(status.clone());
            onstatus.emit(status);
        }
        if let Some(frame) = &*again.borrow() {
            request(frame);
        }
    }));
    if let Some(frame) = &*slot.borrow() {
        request(frame);
    }
}
