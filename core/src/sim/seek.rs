//! Going to any moment of a run: saved states on the way, from which it runs on (DESIGN.md section 6).
//!
//! States are saved while the run goes forward for the first time. When they hold more than their budget, one goes for each
//! that comes, where they are closest, and once none is close to another they are saved half as often: so they stay spread evenly
//! over a run of any length, and no step takes long. On the way from one of them to the moment that is sought, a few more are
//! saved, for who looks at a moment wants to step back from it.
//!
//! What happens in a step is there at once, but its records are stamped by clocks that go on meanwhile: software's by every
//! layer, the sending NIC's by every frame. So the records that have been told up to a time are of no one state: of the steps
//! that made them, some may have made more, and others, that begin later, none that is told yet. Which step made a record is
//! therefore noted, and two moments are exact: before a record was made ([`Seeker::step_of`]), and the first state in which all
//! that is told has happened ([`Seeker::step_after`]). Nothing of what a later step does is in that one.

use super::run::{Lane, LaneState};
use super::wires::Tap;
use crate::buffers::BufferError;

/// Bytes that the saved states of a run's lanes may hold together: DESIGN.md's 128 MiB.
pub const SEEK_BYTES: u64 = 128 << 20;
/// Events between two saved states, before any is given up.
const SPACING: u64 = 4_096;
/// A state is also saved when what changed since the last one takes this part of the budget, as it takes less then.
const PENDING: u64 = 16;
/// Steps between two looks at whether a state is due.
const STEPS: u32 = 32;
/// Events between two states saved near a moment that was sought, and how many of them are kept.
const NEAR: (u64, usize) = (2_048, 4);

struct Mark<T> {
    /// Events that had been recorded.
    events: u64,
    /// When the last step before it had happened, and how many had.
    now: u64,
    steps: u32,
    state: LaneState<T>,
    /// Bytes beside HICAMP memory, once the next mark is there.
    bytes: u64,
}

/// A moment of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Once all steps up to this time, in nanoseconds, have been carried out, those of that time included.
    Time(u64),
    /// Once so many steps have been carried out.
    Step(u32),
}

impl Moment {
    /// Whether a state at this time, after so many steps, is at the moment or before it.
    fn is_after(self, now: u64, steps: u32) -> bool {
        match self {
            Self::Time(time) => now <= time,
            Self::Step(step) => steps <= step,
        }
    }
}

/// A lane that can go to any moment it has been at.
pub struct Seeker<T> {
    lane: Lane<T>,
    marks: Vec<Mark<T>>,
    /// States before the moment that was sought last, earliest first; all come from the one of `marks` before it.
    near: Vec<Mark<T>>,
    spacing: u64,
    budget: u64,
    /// Of each event of the run's first way through, the step that made it.
    made: Vec<u32>,
    /// Steps so far, that way.
    steps: u32,
    over: bool,
    /// Where the lane is to go.
    to: Moment,
    /// Events at which a state is saved on the way there, and steps from which on: those far from the moment are soon given up.
    save_at: (u64, u32),
    /// The lane is not, or may not be, where the run has been last.
    away: bool,
    /// Contents tell their lines, the run's first way through.
    watched: bool,
}

impl<T: Tap + Clone + 'static> Seeker<T> {
    /// A lane before its first step; its saved states may hold up to `budget` bytes.
    ///
    /// # Errors
    /// [`BufferError::Memory`] when the machine has no room.
    pub fn new(lane: Lane<T>, budget: u64) -> Result<Self, BufferError> {
        let mut seeker = Self {
            lane,
            marks: Vec::new(),
            near: Vec::new(),
            spacing: SPACING,
            budget,
            made: Vec::new(),
            steps: 0,
            over: false,
            to: Moment::Step(0),
            save_at: (0, 0),
            away: false,
            watched: false,
        };
        seeker.mark()?;
        Ok(seeker)
    }

    /// The lane, at the moment that was sought last, once it is there.
    pub fn lane(&self) -> &Lane<T> {
        &self.lane
    }

    /// The lane, to take records and lines from.
    pub fn lane_mut(&mut self) -> &mut Lane<T> {
        &mut self.lane
    }

    /// Events up to where the run has been.
    pub fn reached(&self) -> u64 {
        self.made.len() as u64
    }

    /// Whether the run's end has been reached.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Goes forward by up to `steps` steps, beyond what has been reached; false when the run is over. Records and lines must be
    /// taken in between: who looks back has done so before.
    ///
    /// # Errors
    /// [`BufferError::Memory`] when the machine has no room for a state.
    pub fn advance(&mut self, steps: u32) -> Result<bool, BufferError> {
        if self.away {
            self.to_end()?;
            if self.watched {
                self.lane.watch();
            }
            self.away = false;
        }
        let mut left = steps;
        while left > 0 && !self.over {
            let some = left.min(STEPS);
            self.over = !self.lane.step_many(some);
            left -= some;
            self.steps = self.lane.steps();
            let known = self.made.len() as u64;
            let fresh = self.lane.made();
            let new = (self.lane.events() - known) as usize;
            self.made.extend_from_slice(&fresh[fresh.len().saturating_sub(new)..]);
            let last = self.marks.last().map_or(0, |mark| mark.events);
            let full = self.lane.pending_checkpoint_bytes() > self.budget / PENDING;
            if self.reached() >= last + self.spacing || full {
                self.mark()?;
            }
        }
        // What changed since the last state counts, too.
        self.keep_to_budget();
        Ok(!self.over)
    }

    /// The step that made the record of this index, counted from 1; None for one that is not there (yet).
    pub fn step_of(&self, event: u64) -> Option<u32> {
        self.made.get(usize::try_from(event).ok()?).copied()
    }

    /// After how many steps the first `events` records have been made, all of them, for the first time. The last of these
    /// steps may have made some of the records that follow, too; but nothing has happened that is of a later step. O(events).
    pub fn step_after(&self, events: u64) -> u32 {
        let told = usize::try_from(events).unwrap_or(usize::MAX).min(self.made.len());
        self.made[..told].iter().copied().max().unwrap_or(0)
    }

    /// Makes the state exactly what it is once everything up to `time_ns`, that moment included, has happened, as far as the
    /// run has been; returns the time of the last step. Records made on the way are forgotten: they are known.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    pub fn seek(&mut self, time_ns: u64) -> Result<u64, BufferError> {
        self.aim(Moment::Time(time_ns))?;
        while !self.approach(u32::MAX)? {}
        Ok(self.lane.now())
    }

    /// Begins to go to a moment, or to as far as the run has been: from where the lane is, or from the nearest saved state.
    /// [`Seeker::approach`] goes on, until it is there or something else is aimed at.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    pub fn aim(&mut self, to: Moment) -> Result<(), BufferError> {
        self.to = to;
        let before = |marks: &[Mark<T>]| {
            marks.partition_point(|mark| to.is_after(mark.now, mark.steps)).checked_sub(1)
        };
        let far = &self.marks[before(&self.marks).unwrap_or(0)];
        let close = before(&self.near).map(|at| &self.near[at]).filter(|near| near.steps >= far.steps);
        let mark = close.unwrap_or(far);
        // From here on, unless here is too far or a saved state is nearer.
        let usable = to.is_after(self.lane.now(), self.lane.steps()) && self.lane.steps() >= mark.steps;
        if !usable {
            self.lane.restore(&mark.state)?;
            if close.is_none() {
                while let Some(near) = self.near.pop() {
                    self.lane.forget(near.state);
                }
            }
            // States hold what differs from here, which may be more here than at the end.
            self.keep_to_budget();
        }
        // On the way the same contents come to be that have told their lines before.
        self.watched |= self.lane.unwatch();
        self.away = true;
        let last = self.near.last().map_or(0, |near| near.events);
        let from = match to {
            Moment::Time(_) => 0,
            Moment::Step(step) => {
                let events = NEAR.0 * NEAR.1 as u64;
                let steps = events * u64::from(self.steps) / self.reached().max(1);
                step.saturating_sub(u32::try_from(steps).unwrap_or(u32::MAX))
            }
        };
        self.save_at = (last.max(self.lane.events()) + NEAR.0, from);
        Ok(())
    }

    /// Goes on to the moment that was aimed at last by up to `steps` steps; true once it is there. Records made on the way
    /// are forgotten: they are known.
    ///
    /// # Errors
    /// [`BufferError::Memory`] when the machine has no room for a state.
    pub fn approach(&mut self, steps: u32) -> Result<bool, BufferError> {
        for _ in 0..steps {
            if !self.is_before() || !self.lane.step() {
                break;
            }
            self.lane.discard_events();
            let (events, steps) = self.save_at;
            if self.lane.events() >= events && self.lane.steps() >= steps {
                self.save_at.0 = self.lane.events() + NEAR.0;
                self.mark_near()?;
            }
        }
        self.lane.discard_events();
        self.keep_to_budget();
        Ok(!self.is_before())
    }

    /// Whether the moment that was aimed at is ahead, as far as the run has been.
    fn is_before(&self) -> bool {
        self.lane.steps() < self.steps
            && match self.to {
                Moment::Time(time) => self.lane.next_time().is_some_and(|next| next <= time),
                Moment::Step(step) => self.lane.steps() < step,
            }
    }

    /// Goes to as far as the run has been.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    pub fn to_end(&mut self) -> Result<(), BufferError> {
        self.seek(u64::MAX)?;
        if self.over {
            while self.lane.step() {
                self.lane.discard_events();
            }
            self.lane.discard_events();
        }
        Ok(())
    }

    /// Bytes that the saved states hold.
    pub fn bytes(&mut self) -> u64 {
        let marks = self.marks.iter().chain(&self.near);
        marks.map(|mark| mark.bytes).sum::<u64>() + self.lane.memory_checkpoint_bytes()
    }

    /// How many states are saved.
    pub fn states(&self) -> usize {
        self.marks.len()
    }

    /// The present state, to be put behind others.
    fn present(lane: &mut Lane<T>, before: &mut [Mark<T>]) -> Result<Mark<T>, BufferError> {
        let state = lane.save()?;
        if let Some(last) = before.last_mut() {
            last.bytes = last.state.unshared(&state);
        }
        Ok(Mark { events: lane.events(), now: lane.now(), steps: lane.steps(), state, bytes: 0 })
    }

    fn mark_near(&mut self) -> Result<(), BufferError> {
        if self.near.len() == NEAR.1 {
            let first = self.near.remove(0);
            self.lane.forget(first.state);
        }
        let mark = Self::present(&mut self.lane, &mut self.near)?;
        self.near.push(mark);
        Ok(())
    }

    fn mark(&mut self) -> Result<(), BufferError> {
        let mark = Self::present(&mut self.lane, &mut self.marks)?;
        self.marks.push(mark);
        self.keep_to_budget();
        Ok(())
    }

    /// Gives up states, as many as it takes: mostly one for one that has come.
    fn keep_to_budget(&mut self) {
        while self.marks.len() > 1 && self.bytes() > self.budget {
            self.thin();
        }
    }

    /// Gives up the state, but not the first, without which the rest is still spread most evenly.
    fn thin(&mut self) {
        let gap = |at: &usize| self.marks[at + 1].events - self.marks[at - 1].events;
        let last = self.marks.len() - 1;
        let at = (1..last).min_by_key(gap).unwrap_or(last);
        // No two next to each other are as close as they are saved (by some steps more): from here on fewer are.
        if at == last || 2 * gap(&at) > 5 * self.spacing {
            self.spacing *= 2;
        }
        let gone = self.marks.remove(at);
        self.lane.forget(gone.state);
        // What was shared with it may not be shared with the next.
        let (before, after) = self.marks.split_at_mut(at);
        if let Some(before) = before.last_mut() {
            before.bytes = after.first().map_or(0, |next| before.state.unshared(&next.state));
        }
    }
}
