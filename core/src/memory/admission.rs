//! Admission: what happens to a request for lines when there are too few (DESIGN.md 2.14).
//!
//! The reserve is a part of the overflow area, because only there every line fits, whatever bucket it belongs to:
//! ordinary requests leave `reserve` overflow entries free, so requests for receive DMA can take that many new lines for
//! certain. Dead lines that wait leave before any request is refused.
//!
//! A refused request is denied, or its principal is delayed. Delayed principals stand in one queue and none is overtaken:
//! until a principal's turn has come every ordinary request of it that may need lines is refused with the same ticket.
//! The first in the queue is ready once lines have come free since it was refused; it leaves the queue with its first
//! request that succeeds, or by giving up.

use std::collections::VecDeque;

use super::build::Scratch;
use super::store::{Full, Store};
use super::{Memory, MemoryError, Principal};

/// What a request for lines is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Class {
    /// Anything but receive DMA.
    #[default]
    Ordinary,
    /// Receive DMA, which cannot wait: it may use the reserve and is never delayed.
    Receive,
}

/// What to do with ordinary requests that do not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pressure {
    /// Refuse them: [`MemoryError::Exhausted`].
    #[default]
    Deny,
    /// Let up to `queue` principals wait: [`MemoryError::Delayed`]. Others are denied.
    Delay {
        /// Most principals that wait.
        queue: u32,
    },
}

/// A place in the queue of delayed principals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

impl std::fmt::Display for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ticket {}", self.0)
    }
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    ticket: Ticket,
    principal: Principal,
    /// Lines that were live when it was refused; None if it was not tried because others waited.
    refused_at: Option<u64>,
}

impl Waiting {
    fn ready(&self, live: u64) -> bool {
        self.refused_at.is_none_or(|refused| live < refused)
    }
}

/// The reserve, the policy and the queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Admission {
    reserve: u32,
    class: Class,
    pressure: Pressure,
    queue: VecDeque<Waiting>,
    tickets: u64,
}

impl Admission {
    pub(super) fn new(reserve: u32) -> Self {
        Self { reserve, ..Self::default() }
    }
}

impl Memory {
    /// Runs `requests` as requests of a class.
    pub fn as_class<T>(&mut self, class: Class, requests: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.admission.class, class);
        let result = requests(self);
        self.admission.class = before;
        result
    }

    /// Sets the policy for ordinary requests that do not fit. Principals over the new bound lose their tickets, the
    /// latest first.
    pub fn set_pressure(&mut self, pressure: Pressure) {
        let bound = match pressure {
            Pressure::Deny => 0,
            Pressure::Delay { queue } => queue as usize,
        };
        self.admission.queue.truncate(bound);
        self.admission.pressure = pressure;
    }

    /// The delayed principal whose turn has come, if lines have come free for it.
    pub fn next_ready(&self) -> Option<(Ticket, Principal)> {
        let first = self.admission.queue.front()?;
        first.ready(self.store.live).then_some((first.ticket, first.principal))
    }

    /// Principals that are delayed.
    pub fn delayed(&self) -> usize {
        self.admission.queue.len()
    }

    /// Takes a delayed principal out of the queue; false if the ticket is not in it.
    pub fn give_up(&mut self, ticket: Ticket) -> bool {
        let queue = &mut self.admission.queue;
        let at = queue.iter().position(|waiting| waiting.ticket == ticket);
        at.is_some_and(|at| queue.remove(at).is_some())
    }

    /// Overflow entries that requests of the present class leave free.
    fn kept(&self) -> u32 {
        match self.admission.class {
            Class::Ordinary => self.admission.reserve,
            Class::Receive => 0,
        }
    }

    /// Runs a request that may take up to `needed` new lines, whole or not at all: when `request` runs out of lines it has
    /// given back what it had taken.
    pub(super) fn attempt<T>(
        &mut self,
        needed: u64,
        request: impl FnOnce(&mut Store, &mut Scratch) -> Result<T, Full>,
    ) -> Result<T, MemoryError> {
        let ordinary = self.admission.class == Class::Ordinary;
        let acting = self.guard.acting;
        let place = self.admission.queue.iter().position(|waiting| waiting.principal == acting);
        if ordinary && !self.admission.queue.is_empty() {
            let turn = place == Some(0) && self.next_ready().is_some();
            if !turn {
                return Err(self.refuse(needed, place, false));
            }
        }
        self.store.kept = self.kept();
        self.store.marked.clear();
        let result = request(&mut self.store, &mut self.scratch);
        match result {
            Ok(value) => {
                if ordinary && place == Some(0) {
                    self.admission.queue.pop_front();
                }
                Ok(value)
            }
            Err(Full) => {
                self.store.unmark();
                // All that waited left before the request failed: what waits now is of the request itself.
                self.store.drain_waiting();
                Err(if ordinary { self.refuse(needed, place, true) } else { self.exhausted(needed) })
            }
        }
    }

    fn exhausted(&self, needed: u64) -> MemoryError {
        MemoryError::Exhausted { needed, free: self.store.available(self.kept()) }
    }

    /// The answer to an ordinary request that was `tried` and did not fit, or has to let others go first.
    fn refuse(&mut self, needed: u64, place: Option<usize>, tried: bool) -> MemoryError {
        let live = self.store.live;
        let free = self.store.available(self.kept());
        let Pressure::Delay { queue: bound } = self.admission.pressure else {
            return MemoryError::Exhausted { needed, free };
        };
        let admission = &mut self.admission;
        let refused_at = tried.then_some(live);
        let ticket = if let Some(waiting) = place.and_then(|place| admission.queue.get_mut(place)) {
            waiting.refused_at = refused_at.or(waiting.refused_at);
            waiting.ticket
        } else if admission.queue.len() < bound as usize {
            admission.tickets += 1;
            let ticket = Ticket(admission.tickets);
            admission.queue.push_back(Waiting { ticket, principal: self.guard.acting, refused_at });
            ticket
        } else {
            return MemoryError::Exhausted { needed, free };
        };
        MemoryError::Delayed { ticket, needed, free }
    }
}
