//! Moments that are found again when the same traffic runs another way, the cursor's, the marked one and the bookmarks; and
//! what is selected.

use super::Provider;
use crate::player::Anchor;
use crate::spec::Spec;
use crate::state::Action;
use crate::timeline::{Identity, Place};

/// The moments of the run before, until the one that runs now is over.
pub(super) struct Moments {
    here: Anchor,
    mark: Option<Anchor>,
    bookmarks: Vec<Anchor>,
    /// What was selected in it: a packet, a place, and a line by its hash.
    packet: Option<Identity>,
    place: Option<Place>,
    line: Option<u32>,
}

impl Default for Moments {
    fn default() -> Self {
        Self { here: Anchor::End, mark: None, bookmarks: Vec::new(), packet: None, place: None, line: None }
    }
}

impl Provider {
    /// Another run, of `spec`, is about to take the place of the one on screen.
    pub(super) fn take_moments(&mut self, spec: &Spec) {
        let state = &self.session.state;
        if !state.finds_moments() {
            self.moments = Moments::default();
            return;
        }
        let player = self.session.player.borrow();
        let again = state.shown == *spec;
        let anchor = |at| if again { Anchor::At(at) } else { player.anchor(at) };
        let here = player.position();
        // A run that was not over, and in which nobody went anywhere, has not come to its moment.
        if state.digest.is_some() || here > 0 {
            self.moments.here = anchor(here);
        }
        if let Some(mark) = state.mark {
            self.moments.mark = Some(anchor(mark));
        }
        self.moments.bookmarks.extend(state.bookmarks.iter().map(|at| anchor(*at)));
        let run = player.timeline.as_ref();
        let packet = run.zip(state.selected).and_then(|(run, packet)| run.identity(packet));
        let Moments { packet: was, place, line, .. } = &mut self.moments;
        (*was, *place, *line) = if state.has_selection() {
            (None, None, None)
        } else {
            (packet.or(*was), state.place.or(*place), state.line_hash.or(*line))
        };
    }

    /// The run is over: its moments are found, and what was selected as far as it has it.
    pub(super) fn restore_moments(&mut self) {
        let Moments { here, mark, bookmarks, packet, place, line } = std::mem::take(&mut self.moments);
        let mut player = self.session.player.borrow_mut();
        let here = player.find(&here);
        player.jump(here);
        let mark = mark.map(|anchor| player.find(&anchor));
        let bookmarks = bookmarks.iter().map(|anchor| player.find(anchor)).collect();
        let packet = player.timeline.as_ref().zip(packet).and_then(|(run, packet)| run.same_packet(&packet));
        drop(player);
        self.act(Action::Carried(mark, bookmarks));
        // What has been selected since then is newer.
        let state = &self.session.state;
        if state.selected.is_some() || state.place.is_some() || state.line.is_some() {
            return;
        }
        if packet.is_some() {
            self.act(Action::Select(packet));
        }
        if place.is_some() {
            self.act(Action::Place(place));
        }
        if let Some(line) = line {
            self.find_line(line);
        }
    }
}
