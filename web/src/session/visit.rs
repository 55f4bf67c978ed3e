//! Arriving and leaving: what the address asks for, and what is kept for the next visit.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use std::rc::Rc;

use super::{Msg, Provider};
use crate::browser::{hash, window};
use crate::state::{Action, Page};
use crate::storage;

/// Whether the page was here before with this address: it is loaded again, or come back to.
fn again() -> bool {
    let entries =
        window().and_then(|window| window.performance()).map(|all| all.get_entries_by_type("navigation"));
    let kind = entries
        .and_then(|entries| Reflect::get(&entries.get(0), &"type".into()).ok())
        .and_then(|kind| kind.as_string());
    kind.is_some_and(|kind| kind != "navigate")
}

impl Provider {
    /// Goes to where the address leads, or to where the last visit was.
    pub(super) fn arrive(&mut self) {
        let hash = hash();
        let page = Page::of(&hash);
        let links = page == Some(Page::Explore) && hash.contains('?');
        if !self.session.embedded
            && page.is_some()
            && let Some(moment) = storage::get(storage::MOMENT)
        {
            let kept = storage::get(storage::STEPS).unwrap_or_default();
            let (address, steps) = kept.split_once('\n').unwrap_or_default();
            // What was done since a link was opened is there after a reload; a link that is opened anew is that link.
            let changed = links && again() && address == hash && moment != hash;
            if !links || changed {
                self.act(Action::Resume(moment, steps.to_owned()));
            }
            if changed {
                return;
            }
        }
        self.act(Action::Address(hash));
    }

    /// Keeps the moment for the next visit, once there is one that is not shown in place of a file that is waited for.
    pub(super) fn keep_moment(&mut self) {
        let player = self.session.player.borrow();
        let (position, speed) = (player.position(), player.speed);
        drop(player);
        let state = Rc::make_mut(&mut self.session.state);
        state.here = position;
        if self.keeps && state.opened && state.pending.as_ref() != Some(&state.link) && state.digest.is_some()
        {
            storage::set(storage::MOMENT, &state.link_at(position).fragment());
            storage::set(storage::STEPS, &format!("{}\n{}", hash(), state.kept(speed)));
        }
    }

    /// A link is about to be gone to: where the address has it already, the browser tells nothing.
    pub(super) fn visit(&mut self, link: &str) {
        if hash() == link {
            self.take(Msg::Moved);
        }
    }

    /// The address's link is not what is shown any more.
    pub(super) fn leave_link(&self) {
        if let Some(window) = window()
            && self.session.page == Page::Explore
            && hash().contains('?')
            && let Ok(history) = window.history()
        {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(Page::Explore.fragment()));
        }
    }
}
