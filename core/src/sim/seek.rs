//! Going to any moment of a run: saved states on the way, from which it runs on (DESIGN.md section 6).
//!
//! States are saved while the run goes forward for the first time. When they hold more than their budget, every second one
//! goes, and from then on they are saved half as often: so they stay spread evenly over a run of any length. On the way from
//! one of them to the moment that is sought, a few more are saved, for who looks at a moment wants to step back from it.

use super::run::{Lane, LaneState};
use super::wires::Tap;
use crate::buffers::BufferError;

/// Bytes that the saved states of a run's lanes may hold together: DESIGN.md's 128 MiB.
pub const SEEK_BYTES: u64 = 128 << 20;
/// Events between two saved states, before any is given up.
const SPACING: u64 = 4_096;
/// Steps between two looks at whether a state is due.
const STEPS: u32 = 32;
/// Events between two states saved near a moment that was sought, and how many of them are kept.
const NEAR: (u64, usize) = (2_048, 4);

struct Mark<T> {
    /// Events that had been recorded.
    events: u64,
    /// When the last step before it had happened, and when the next one will; None at the end.
    now: u64,
    next: Option<u64>,
    state: LaneState<T>,
    /// Bytes beside HICAMP memory, once the next mark is there.
    bytes: u64,
}

/// A lane that can go to any moment it has been at.
pub struct Seeker<T> {
    lane: Lane<T>,
    marks: Vec<Mark<T>>,
    /// States before the moment that was sought last, earliest first; all come from the one of `marks` before it.
    near: Vec<Mark<T>>,
    spacing: u64,
    budget: u64,
    /// Events so far, the run's first way through.
    reached: u64,
    over: bool,
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
            reached: 0,
            over: false,
        };
        seeker.mark()?;
        Ok(seeker)
    }

    /// The lane, at the moment that was sought last.
    pub fn lane(&self) -> &Lane<T> {
        &self.lane
    }

    /// The lane, to take records and lines from.
    pub fn lane_mut(&mut self) -> &mut Lane<T> {
        &mut self.lane
    }

    /// Events up to where the run has been.
    pub fn reached(&self) -> u64 {
        self.reached
    }

    /// Whether the run's end has been reached.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Goes forward by up to `steps` steps, beyond what has been reached; false when the run is over.
    ///
    /// # Errors
    /// [`BufferError::Memory`] when the machine has no room for a state.
    pub fn advance(&mut self, steps: u32) -> Result<bool, BufferError> {
        let mut left = steps;
        while left > 0 && !self.over {
            let some = left.min(STEPS);
            self.over = !self.lane.step_many(some);
            left -= some;
            self.reached = self.lane.events();
            let last = self.marks.last().map_or(0, |mark| mark.events);
            if self.reached >= last + self.spacing {
                self.mark()?;
            }
        }
        Ok(!self.over)
    }

    /// Makes the state exactly what it is once everything up to `time_ns`, that moment included, has happened, as far as the
    /// run has been; returns the time of the last step. Records made on the way are forgotten: they are known.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    pub fn seek(&mut self, time_ns: u64) -> Result<u64, BufferError> {
        let before = |marks: &[Mark<T>]| marks.partition_point(|mark| mark.now <= time_ns).checked_sub(1);
        let far = &self.marks[before(&self.marks).unwrap_or(0)];
        let close = before(&self.near).map(|at| &self.near[at]).filter(|near| near.events >= far.events);
        let mark = close.unwrap_or(far);
        let here = self.lane.now();
        // From here on, unless here is too far or a saved state is nearer.
        let usable = here <= time_ns && here >= mark.now && self.lane.events() >= mark.events;
        if !usable || mark.next.is_some_and(|next| next > time_ns && here > mark.now) {
            self.lane.restore(&mark.state)?;
            if close.is_none() {
                while let Some(near) = self.near.pop() {
                    self.lane.forget(near.state);
                }
            }
        }
        let mut saved = self.near.last().map_or(0, |near| near.events).max(self.lane.events());
        while self.lane.events() < self.reached
            && self.lane.next_time().is_some_and(|next| next <= time_ns)
            && self.lane.step()
        {
            self.lane.discard_events();
            if self.lane.events() >= saved + NEAR.0 {
                saved = self.lane.events();
                self.mark_near()?;
            }
        }
        self.lane.discard_events();
        Ok(self.lane.now())
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
        Ok(Mark { events: lane.events(), now: lane.now(), next: lane.next_time(), state, bytes: 0 })
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
        while self.bytes() > self.budget && self.marks.len() > 2 {
            self.thin();
        }
        Ok(())
    }

    /// Gives up every second state but the first.
    fn thin(&mut self) {
        self.spacing *= 2;
        let marks = std::mem::take(&mut self.marks);
        for (index, mark) in marks.into_iter().enumerate() {
            if index % 2 == 0 {
                self.marks.push(mark);
            } else {
                self.lane.forget(mark.state);
            }
        }
        // What was shared with the neighbours that have gone may not be shared with those that are left.
        for index in 1..self.marks.len() {
            let (before, after) = self.marks.split_at_mut(index);
            if let (Some(last), Some(next)) = (before.last_mut(), after.first()) {
                last.bytes = last.state.unshared(&next.state);
            }
        }
    }
}
