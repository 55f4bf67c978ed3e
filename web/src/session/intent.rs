//! Keys and commands, and what they do: sharing, sheets, what is kept for the next visit.

use wasm_bindgen::prelude::*;
use web_sys::KeyboardEvent;

use super::{Msg, Over, Provider};
use crate::browser::window;
use crate::commands::{self, Intent};
use crate::state::{Action, Page};
use crate::{storage, theme};

impl Provider {
    pub(super) fn key(&mut self, event: &KeyboardEvent) -> bool {
        let Some(chord) = commands::chord(event) else { return false };
        if event.default_prevented() || !commands::reaches(event, &chord) {
            return false;
        }
        // A sheet has the keyboard to itself, but for what opens and closes sheets.
        let sheets = |intent: &Intent| matches!(intent, Intent::Palette | Intent::Help | Intent::Close);
        match commands::by_chord(&chord, self.session.page) {
            Some(command) if self.session.over.is_none() || sheets(&command.intent) => {
                event.prevent_default();
                self.carry_out(command.intent.clone())
            }
            _ => false,
        }
    }

    pub(super) fn carry_out(&mut self, intent: Intent) -> bool {
        match intent {
            Intent::Time(event) => self.time(event),
            Intent::Act(action) => self.act(action),
            Intent::Annex(id) => {
                self.annex.command(id);
                false
            }
            Intent::Go(page) => {
                if let Some(window) = window() {
                    let _ = window.location().set_hash(page.fragment());
                }
                false
            }
            Intent::Share => self.share(),
            Intent::SaveLane(side) => {
                self.save_lane(side);
                false
            }
            Intent::RangeFrom | Intent::RangeTo => {
                let player = self.session.player.borrow();
                let (here, end) = (player.position(), player.end());
                drop(player);
                let (from, to) = self.session.state.range.unwrap_or((0, end));
                let range = match intent {
                    Intent::RangeFrom => (here, to.max(here)),
                    _ => (from.min(here), here),
                };
                self.act(Action::Range(Some(range)))
            }
            Intent::Theme => {
                theme::toggle();
                self.take(Msg::Themed)
            }
            Intent::Opening => {
                self.open();
                false
            }
            Intent::Close => {
                if self.session.over.take().is_some() {
                    return true;
                }
                match self.session.page {
                    Page::Explore if self.session.state.range.is_some() => self.act(Action::Range(None)),
                    Page::Explore => {
                        self.act(Action::Select(None));
                        true
                    }
                    Page::Memory => {
                        self.annex.command("lab-deselect");
                        false
                    }
                    Page::Figures => false,
                }
            }
            Intent::Palette => self.toggle(Over::Palette),
            Intent::Help => self.toggle(Over::Help),
            Intent::Forget => {
                storage::forget();
                self.keeps = false;
                self.session.over = None;
                self.act(Action::Inform(
                    "Nothing of the explorer is stored in this browser now, nor will be when you leave."
                        .to_owned(),
                ));
                true
            }
        }
    }

    pub(super) fn toggle(&mut self, over: Over) -> bool {
        self.session.over = if self.session.over == Some(over) { None } else { Some(over) };
        true
    }

    /// Keeps the moment for the next visit, once there is one that is not waiting for a file.
    pub(super) fn keep_moment(&self) {
        let state = &self.session.state;
        if self.keeps && state.opened && state.digest.is_some() {
            let position = self.session.player.borrow().position();
            storage::set(storage::MOMENT, &state.link_at(position).fragment());
        }
    }

    pub(super) fn share(&mut self) -> bool {
        let Some(window) = window() else { return false };
        let position = self.session.player.borrow().position();
        let link = self.session.state.link_at(position);
        let fragment = link.fragment();
        if let Ok(history) = window.history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&fragment));
        }
        let address = window.location().href().unwrap_or(fragment);
        // Where the clipboard is denied, the address bar has it all the same.
        let _ = window.navigator().clipboard().write_text(&address);
        self.act(Action::Shared(link))
    }
}
