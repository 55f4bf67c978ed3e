//! Records of one host in the order of time, though software is recorded ahead of what the NIC does meanwhile.

use std::collections::VecDeque;

use crate::sim::event::{Event, Kind};

/// Who did something: each has a clock that never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The NIC, receiving, and the link.
    Receive,
    /// The processor.
    Software,
    /// The NIC, sending.
    Transmit,
}

/// Records that may still be preceded by others.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal {
    /// Nothing is recorded.
    pub(super) silent: bool,
    /// Steps of the run that have begun.
    pub(super) steps: u32,
    /// Each record with the step that made it.
    queues: [VecDeque<(Event, u32)>; 3],
    clocks: [u64; 3],
}

impl Journal {
    pub(super) fn new(silent: bool) -> Self {
        Self { silent, ..Self::default() }
    }

    /// When a side does what it does now.
    pub(super) fn clock(&self, side: Side) -> u64 {
        self.clocks[side as usize]
    }

    /// A side's clock moves to `time`, unless it is beyond.
    pub(super) fn advance(&mut self, side: Side, time: u64) {
        let clock = &mut self.clocks[side as usize];
        *clock = time.max(*clock);
    }

    pub(super) fn record(&mut self, side: Side, packet: u32, kind: Kind) {
        if !self.silent {
            let time_ns = self.clock(side);
            self.queues[side as usize].push_back((Event { time_ns, packet, kind }, self.steps));
        }
    }

    /// Bytes of the records that wait.
    pub(super) fn bytes(&self) -> u64 {
        self.queues.iter().map(|queue| (queue.len() * size_of::<(Event, u32)>()) as u64).sum()
    }

    /// The next record of before `time`, and the step that made it; what happens at one time is in the order of [`Side`].
    pub(super) fn next(&mut self, time: u64) -> Option<(Event, u32)> {
        let front = |queue: &VecDeque<(Event, u32)>| queue.front().map(|(event, _)| event.time_ns);
        let first = self.queues.iter_mut().min_by_key(|queue| front(queue).unwrap_or(u64::MAX))?;
        let due = first.front().is_some_and(|(event, _)| event.time_ns < time);
        if due { first.pop_front() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_in_the_order_of_time() {
        let mut journal = Journal::default();
        let kind = Kind::MapEntries { count: 1 };
        for (side, time) in [
            (Side::Software, 10),
            (Side::Software, 30),
            (Side::Transmit, 5),
            (Side::Receive, 30),
            (Side::Software, 40),
        ] {
            journal.steps += 1;
            journal.advance(side, time);
            journal.record(side, side as u32, kind);
        }
        journal.advance(Side::Software, 7);
        assert_eq!(journal.clock(Side::Software), 40, "clocks never go back");
        let mut out = Vec::new();
        while let Some((event, step)) = journal.next(40) {
            out.push((event.time_ns, event.packet, step));
        }
        assert_eq!(out, [(5, 2, 3), (10, 1, 1), (30, 0, 4), (30, 1, 2)]);
        assert_eq!(journal.next(u64::MAX).map(|(event, step)| (event.time_ns, step)), Some((40, 5)));
        assert_eq!(journal.next(u64::MAX), None);
    }
}
