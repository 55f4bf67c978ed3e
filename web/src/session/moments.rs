//! Moments that are found again when the same traffic runs another way: the cursor's, the marked one, the bookmarks.

use super::Provider;
use crate::player::Anchor;
use crate::spec::Spec;
use crate::state::Action;

/// The moments of the run before, until the one that runs now is over.
pub(super) struct Moments {
    here: Anchor,
    mark: Option<Anchor>,
    bookmarks: Vec<Anchor>,
}

impl Default for Moments {
    fn default() -> Self {
        Self { here: Anchor::End, mark: None, bookmarks: Vec::new() }
    }
}

impl Provider {
    /// Another run, of `spec`, is about to take the place of the one on screen.
    pub(super) fn take_moments(&mut self, spec: &Spec) {
        let state = &self.session.state;
        if !state.same_traffic() {
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
    }

    /// The run is over: its moments are found.
    pub(super) fn restore_moments(&mut self) {
        let Moments { here, mark, bookmarks } = std::mem::take(&mut self.moments);
        let mut player = self.session.player.borrow_mut();
        let here = player.find(&here);
        player.jump(here);
        let mark = mark.map(|anchor| player.find(&anchor));
        let bookmarks = bookmarks.iter().map(|anchor| player.find(anchor)).collect();
        drop(player);
        self.act(Action::Carried(mark, bookmarks));
    }
}
