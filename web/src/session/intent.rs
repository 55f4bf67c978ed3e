//! Keys and commands, and what they do: sharing, sheets, what is kept for the next visit.

use snapstack::sim::{Change, Event, MODEL_VERSION};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::spawn_local;
use web_sys::KeyboardEvent;

use super::{Msg, Over, Provider};
use crate::browser::{copy, focus_later, mark, window};
use crate::commands::{self, Intent};
use crate::pages::covered;
use crate::state::{Action, Bottom, Page, Report};
use crate::timeline::{Place, Side};
use crate::{settings, storage, theme};

/// What to say where a text should be on the clipboard.
const NO_CLIPBOARD: &str = "is here, as this browser lets the page write nothing to the clipboard";

impl Provider {
    pub(super) fn key(&mut self, event: &KeyboardEvent) -> bool {
        let Some(chord) = commands::chord(event) else { return false };
        if event.default_prevented() || !commands::reaches(event, &chord) {
            return false;
        }
        // A sheet has the keyboard to itself, but for what opens and closes sheets.
        let sheets = |intent: &Intent| {
            matches!(intent, Intent::Palette | Intent::Help | Intent::Gallery | Intent::Close)
        };
        match commands::by_chord(&chord, self.session.page) {
            // The error sheet has the keyboard to itself, and no key closes it.
            Some(_) if self.session.state.broken.is_some() => {
                event.prevent_default();
                false
            }
            Some(command) if self.session.embedded && !command.intent.only_looks() => false,
            Some(command) if self.session.over.is_none() || sheets(&command.intent) => {
                event.prevent_default();
                self.carry_out(command.intent)
            }
            _ => false,
        }
    }

    pub(super) fn carry_out(&mut self, intent: Intent) -> bool {
        match intent {
            Intent::Time(event) => self.time(event),
            Intent::Act(action) => self.act(action()),
            Intent::Annex(id) => {
                self.session.annex.command(id);
                false
            }
            Intent::Go(page) => {
                if let Some(window) = window() {
                    let _ = window.location().set_hash(page.fragment());
                }
                false
            }
            Intent::Share => self.share(),
            Intent::SaveLane(side, format) => {
                self.save_lane(side, format);
                false
            }
            Intent::Ask(wanted) => self.take(Msg::Question(wanted())),
            Intent::Bookmark => {
                let here = self.session.player.borrow().position();
                self.act(Action::Bookmark(here))
            }
            Intent::MarkMoment => {
                let here = self.session.player.borrow().position();
                let mark = (self.session.state.mark != Some(here)).then_some(here);
                self.act(Action::MarkMoment(mark))
            }
            Intent::Rings(slots) => {
                let (at_ns, here) = self.moment();
                self.act(Action::Change(Change::Rings { at_ns, slots }, here))
            }
            Intent::Overwrite => {
                let (at_ns, here) = self.moment();
                let thread = self.thread();
                self.act(Action::Change(Change::Overwrite { at_ns, thread }, here))
            }
            Intent::Slot(ring) => self.slot(ring),
            Intent::NextQueue => self.next_queue(),
            Intent::Socket => {
                let thread = self.thread();
                self.place(Place::Socket { side: Side::Right, thread })
            }
            Intent::WhatIf => {
                let document = window().and_then(|window| window.document());
                let offer =
                    document.and_then(|document| document.query_selector(".offers button").ok().flatten());
                if offer.is_none() {
                    let text = "Select a packet that is sent first: the inspector then offers what can be changed about it.";
                    return self.act(Action::Inform(text.to_owned()));
                }
                focus_later(offer);
                false
            }
            Intent::CommandLine => self.copy_command_line(),
            Intent::Cite => self.copy_citation(),
            Intent::Present => {
                self.session.presents = !self.session.presents;
                self.session.player.borrow_mut().repaint();
                true
            }
            Intent::Gallery => self.toggle(Over::Gallery),
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
                    Page::Explore if self.session.presents => self.carry_out(Intent::Present),
                    Page::Explore if self.session.state.settings => self.act(Action::Settings(false)),
                    Page::Explore if covered(&self.session.state) => self.act(Action::CloseLines),
                    Page::Explore if self.session.state.line.is_some() => self.act(Action::SelectLine(None)),
                    Page::Explore if self.session.state.range.is_some() => self.act(Action::Range(None)),
                    Page::Explore => {
                        self.act(Action::Select(None));
                        true
                    }
                    Page::Memory => {
                        self.session.annex.command("lab-deselect");
                        false
                    }
                    Page::Figures => false,
                }
            }
            Intent::PacketFilter => {
                // A sheet that is about to close has it until then.
                let document = window().and_then(|window| window.document());
                focus_later(document.and_then(|document| document.get_element_by_id("packet-filter")));
                // On small screens the field stands over the list.
                self.act(Action::Bottom(Bottom::Events))
            }
            Intent::Palette => self.toggle(Over::Palette),
            Intent::Help => self.toggle(Over::Help),
            Intent::Restart => self.take(Msg::Restart),
            Intent::Cancel => self.cancel(),
            Intent::Forget => {
                storage::forget();
                spawn_local(super::keep::forget());
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

    /// The cursor's time and position.
    fn moment(&self) -> (u64, u32) {
        let player = self.session.player.borrow();
        let here = player.position();
        (player.timeline.as_ref().map_or(0, |timeline| timeline.time_ns(here)), here)
    }

    /// The selected packet's thread, or the one that called last, or the first.
    fn thread(&self) -> u32 {
        let player = self.session.player.borrow();
        let Some(timeline) = &player.timeline else { return 0 };
        let selected = player.selected.and_then(|packet| timeline.track(Side::Right, packet));
        let selected = selected.map(|track| track.thread).filter(|thread| *thread != Event::NONE);
        let called = timeline.called(Side::Right, player.position()).next().map(|call| call.thread);
        selected.or(called).unwrap_or(0)
    }

    fn copy(&mut self, text: String, what: &'static str) -> bool {
        let send = self.session.send.clone();
        spawn_local(async move {
            let how = if copy(&text).await { "is on the clipboard" } else { NO_CLIPBOARD };
            send.emit(Msg::Act(Action::Inform(format!("{what} {how}: {text}"))));
        });
        false
    }

    fn copy_command_line(&mut self) -> bool {
        let state = &self.session.state;
        let file = state.own_file().map(|file| &*file.name);
        let text = settings::command_line(&state.shown.config, &state.shown.changes, file);
        self.copy(text, "The command")
    }

    fn copy_citation(&mut self) -> bool {
        let here = window().and_then(|window| window.location().href().ok()).unwrap_or_default();
        let text = format!(
            "Snapstack {}, model {MODEL_VERSION}: an explorer of network stacks on memory snapshots, after M. Chan, H. Litz, D. R. Cheriton: Rethinking Network Stack Design with Memory Snapshots. {here}",
            env!("CARGO_PKG_VERSION")
        );
        self.copy(text, "A citation")
    }

    /// What somebody needs to know to find out why the worker died.
    pub(super) fn copy_report(&mut self) -> bool {
        let state = &self.session.state;
        let position = self.session.player.borrow().position();
        let link = state.link_at(position).fragment();
        let browser = window().and_then(|window| window.navigator().user_agent().ok()).unwrap_or_default();
        let reason = state.broken.as_deref().unwrap_or_default();
        let text = format!(
            "Snapstack {}, model {MODEL_VERSION}\n{reason}\n{link}\n{browser}",
            env!("CARGO_PKG_VERSION")
        );
        mark("data-report", &text);
        let send = self.session.send.clone();
        spawn_local(async move {
            let report = if copy(&text).await { Report::Copied } else { Report::Here(text) };
            send.emit(Msg::Act(Action::Reported(report)));
        });
        false
    }

    pub(super) fn share(&mut self) -> bool {
        let Some(window) = window() else { return false };
        let position = self.session.player.borrow().position();
        let fragment = self.session.state.link_at(position).fragment();
        if let Ok(history) = window.history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&fragment));
        }
        let address = window.location().href().unwrap_or(fragment);
        let send = self.session.send.clone();
        spawn_local(async move {
            // Where the clipboard is denied, the address bar has it all the same.
            let copied = copy(&address).await;
            send.emit(Msg::Act(Action::Shared(copied)));
        });
        false
    }
}
