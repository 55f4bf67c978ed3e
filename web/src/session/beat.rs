//! Beats while something is to come from the engine: a worker that says nothing any more is noticed at them.

use js_sys::Date;

use super::{Msg, Provider};
use crate::browser::{later, window};
use crate::engine::{BEAT_MS, LATE_MS};
use crate::state::Action;

impl Provider {
    /// A beat, asked for at a time of the clock; or none before, as nothing was waited for. As long as something is, the next
    /// one follows. True when a worker is found dead.
    pub(super) fn beat(&mut self, asked: Option<f64>) -> bool {
        self.beats = false;
        let Some(engine) = self.engine.as_ref().filter(|_| self.session.state.waits()) else { return false };
        let now = Date::now();
        let hidden = window().and_then(|window| window.document()).is_none_or(|document| document.hidden());
        if engine.beat(hidden || asked.is_none_or(|asked| now - asked > LATE_MS)) {
            self.engine = None;
            let text = "The simulation does not answer any more: it hangs, or the browser has ended it.";
            return self.act(Action::EngineBroken(text.to_owned()));
        }
        self.beats = true;
        let send = self.session.send.clone();
        later(BEAT_MS, move || send.emit(Msg::Beat(now)));
        false
    }
}
