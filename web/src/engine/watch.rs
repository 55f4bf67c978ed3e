//! Whether a worker is still there. One that fails says so; one that hangs, or that the browser has ended, says nothing.
//!
//! A worker works in quanta of some milliseconds and hears the page in between, but for what is one piece of work: to save or
//! restore a state takes up to half a second on a fast machine. So while the page waits, a worker that has not been heard of
//! for some beats is asked for a sign of life, and one that gives none for some more is taken for dead. Beats are counted, and
//! not time: those of a page that was hidden, suspended or busy come late, and so may what the worker has said.

use std::cell::Cell;

/// Milliseconds between two beats.
pub const BEAT_MS: i32 = 1000;
/// Milliseconds after which a beat is late.
pub const LATE_MS: f64 = 2000.0;
/// Beats of silence after which a worker is asked for a sign of life.
const ASK: u32 = 4;
/// Beats of silence after which it is taken for dead.
const DEAD: u32 = 12;
/// The same before it has said anything: its code may still be compiled.
const UNBORN: u32 = 60;

/// What to do at a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing.
    Nothing,
    /// To ask for a sign of life.
    Ask,
    /// It does not live.
    Dead,
}

/// Counts the beats since something was heard.
#[derive(Debug, Default)]
pub(super) struct Watch(Cell<u32>);

impl Watch {
    /// Something was heard, or nothing was waited for.
    pub(super) fn heard(&self) {
        self.0.set(0);
    }

    /// A beat that was not late, of a worker that has said something or has not.
    pub(super) fn beat(&self, born: bool) -> Due {
        let beats = self.0.get() + 1;
        self.0.set(beats);
        match beats {
            _ if beats >= if born { DEAD } else { UNBORN } => Due::Dead,
            ASK if born => Due::Ask,
            _ => Due::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beats(watch: &Watch, born: bool, count: u32) -> Vec<Due> {
        (0..count).map(|_| watch.beat(born)).collect()
    }

    #[test]
    fn who_is_silent_is_asked_once_and_then_dead() {
        let watch = Watch::default();
        let dues = beats(&watch, true, DEAD);
        let asked: Vec<u32> =
            (1..).zip(&dues).filter(|(_, due)| **due == Due::Ask).map(|(at, _)| at).collect();
        assert_eq!((asked, dues.last()), (vec![ASK], Some(&Due::Dead)));
        assert!(!dues[..dues.len() - 1].contains(&Due::Dead));
    }

    #[test]
    fn who_is_heard_in_time_lives_and_is_asked_again() {
        let watch = Watch::default();
        for _ in 0..10 {
            let dues = beats(&watch, true, DEAD - 1);
            assert!(dues.contains(&Due::Ask) && !dues.contains(&Due::Dead), "{dues:?}");
            watch.heard();
        }
    }

    #[test]
    fn who_has_not_said_anything_yet_is_given_the_time_to_be_compiled() {
        let watch = Watch::default();
        assert_eq!(beats(&watch, false, UNBORN - 1), vec![Due::Nothing; UNBORN as usize - 1]);
        assert_eq!(watch.beat(false), Due::Dead);
    }
}
