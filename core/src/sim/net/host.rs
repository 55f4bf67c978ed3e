//! A host of the simulated network: its stack, its threads, and its processor's and NIC's time.

use std::collections::{BTreeSet, VecDeque};

use super::thread::{Shared, Thread, ThreadCounts, Turn};
use crate::buffers::Buffers;
use crate::nic::{Link, TxFrames};
use crate::sim::change::Change;
use crate::sim::config::Config;
use crate::sim::event::{DropPlace, Event, FaultKind, Kind, ThreadState};
use crate::sim::journal::{Journal, Side};
use crate::sim::port::{Driver, Port};
use crate::sim::recorded::Recorded;
use crate::stack::{Drops, Stack};

/// Threads that run before the driver is polled again.
const TURNS: u32 = 8;
/// When the second thread starts, and how far the others are behind each other: neighbours are known by then.
const FIRST_START: u64 = 100_000;
const NEXT_START: u64 = 1_000;

impl<B: Buffers> Driver<B> for Stack<Recorded<B>> {
    fn recorded(&mut self) -> &mut Recorded<B> {
        self.buffers_mut()
    }

    fn transmit(&mut self, queue: u16, frames: &mut TxFrames) {
        Stack::transmit(self, queue, frames);
    }
}

/// A host.
#[derive(Clone)]
pub(super) struct Host<B: Buffers> {
    pub(super) stack: Stack<Recorded<B>>,
    pub(super) threads: Vec<Thread>,
    shared: Shared,
    runnable: VecDeque<u32>,
    starting: BTreeSet<(u64, u32)>,
    ended: usize,
    port: Port,
    /// Until when the processor is busy.
    busy_until: u64,
    drops: Drops,
}

impl<B: Buffers> Host<B> {
    pub(super) fn new(config: &Config, buffers: B, shown: bool) -> Self {
        let recorded = Recorded::new(buffers, config.queues, config.layer_ns, !shown);
        let start = |thread: u32| match thread {
            0 => 0,
            _ => FIRST_START + u64::from(thread) * NEXT_START,
        };
        Self {
            stack: Stack::new(config.stack(if shown { 1 } else { 2 }), recorded),
            threads: (0..config.threads).map(|index| Thread::new(config, index, shown)).collect(),
            shared: Shared::default(),
            runnable: VecDeque::new(),
            starting: (0..config.threads).map(|thread| (start(thread), thread)).collect(),
            ended: 0,
            port: Port::new(config.queues),
            busy_until: 0,
            drops: Drops::default(),
        }
    }

    pub(super) fn recorder(&mut self) -> &mut Recorded<B> {
        self.stack.buffers_mut()
    }

    /// Whether all threads are done.
    pub(super) fn is_done(&self) -> bool {
        self.ended == self.threads.len()
    }

    pub(super) fn thread_counts(&self) -> impl Iterator<Item = ThreadCounts> + '_ {
        self.threads.iter().map(|thread| thread.counts)
    }

    /// Records something that the link did.
    pub(super) fn record_link(&mut self, now: u64, kind: Kind) {
        let journal = &mut self.recorder().journal;
        journal.advance(Side::Receive, now);
        journal.record(Side::Receive, Event::NONE, kind);
    }

    // The NIC.

    pub(super) fn deliver(&mut self, now: u64, frame: &[u8]) {
        self.port.deliver(now, self.stack.buffers_mut(), frame);
    }

    /// When the NIC fetches the next packet, or is done with one.
    pub(super) fn send_time(&self) -> Option<u64> {
        self.port.send_time(self.stack.buffers())
    }

    /// The NIC's turn: see [`Port::send`].
    pub(super) fn send(&mut self, now: u64, lead: u64, link: &mut Link, sent: impl FnMut(u64, u32, &[u8])) {
        self.port.send(now, lead, &mut self.stack, link, sent);
    }

    // The processor.

    /// When the processor has something to do.
    pub(super) fn run_time(&self, now: u64) -> Option<u64> {
        let runnable = (!self.runnable.is_empty()).then_some(now);
        let starting = self.starting.first().map(|(time, _)| *time);
        let due = [runnable, starting, self.port.interrupt_time(), self.stack.next_time()];
        let first = due.into_iter().flatten().min()?;
        Some(first.max(self.busy_until).max(now))
    }

    /// The processor runs: the interrupt handler, some threads, the stack.
    pub(super) fn run(&mut self, now: u64, config: &Config) {
        self.recorder().journal.advance(Side::Software, now);
        if let Some(queues) = self.port.interrupts(now) {
            self.recorder().journal.advance(Side::Receive, now);
            queues.for_each(|queue| self.stack.interrupt_queue(queue));
            self.stack.receive(now);
        }
        while let Some((_, thread)) = self.starting.first().filter(|(time, _)| *time <= now).copied() {
            self.starting.pop_first();
            self.runnable.push_back(thread);
        }
        self.take_wakeups();
        for _ in 0..TURNS {
            let Some(thread) = self.runnable.pop_front() else { break };
            self.run_thread(now, thread, config);
        }
        self.stack.poll(now);
        self.take_wakeups();
        self.record_drops();
        self.busy_until = self.recorder().clock().max(now + config.layer_ns);
    }

    fn take_wakeups(&mut self) {
        while let Some(wakeup) = self.stack.next_wakeup() {
            let thread = wakeup.thread.0;
            if !self.runnable.contains(&thread) {
                self.runnable.push_back(thread);
            }
        }
    }

    fn run_thread(&mut self, now: u64, index: u32, config: &Config) {
        let thread = &mut self.threads[index as usize];
        if thread.ended() {
            return;
        }
        let waited = thread.blocked.map_or(0, |since| now.saturating_sub(since));
        let waited_ns = u32::try_from(waited).unwrap_or(u32::MAX);
        let journal = &mut self.stack.buffers_mut().journal;
        let state = |journal: &mut Journal, state, waited_ns| {
            journal.record(Side::Software, Event::NONE, Kind::Thread { state, thread: index, waited_ns });
        };
        state(journal, ThreadState::Runs, waited_ns);
        let turn = thread.turn(now, config, &mut self.stack, &mut self.shared);
        if let Some(port) = thread.caller_port() {
            self.stack.buffers_mut().connect(port, index);
        }
        let journal = &mut self.stack.buffers_mut().journal;
        match turn {
            Turn::Yields => self.runnable.push_back(index),
            Turn::Blocks => state(journal, ThreadState::Blocks, 0),
            Turn::Ends => {
                self.ended += 1;
                let failed = self.threads[index as usize].counts.failed;
                state(journal, if failed { ThreadState::Fails } else { ThreadState::Ends }, 0);
            }
        }
    }

    /// A change is made by somebody who looks on.
    pub(super) fn change(&mut self, now: u64, change: Change, config: &Config) {
        self.recorder().journal.advance(Side::Software, now);
        match change {
            Change::Rings { slots, .. } => self.recorder().limit_rings(slots),
            Change::Overwrite { thread: index, .. } => {
                let Some(thread) = self.threads.get(index as usize) else { return };
                let Some(buffer) = thread.sending_from(config, &self.shared) else { return };
                let send = self.shared.next_write();
                if self.recorder().scribble(buffer, send) {
                    let fault = Kind::Fault { fault: FaultKind::Overwritten, from_peer: false, frame: index };
                    self.recorder().journal.record(Side::Software, Event::NONE, fault);
                }
            }
            // The link and the recorder know of these beforehand.
            Change::Lose { .. } | Change::Flip { .. } => {}
        }
    }

    fn record_drops(&mut self) {
        let (was, is) = (self.drops, *self.stack.drops());
        self.drops = is;
        for (reason, total) in is.losses() {
            let count = (total - was.get(reason)) as u32;
            if count > 0 {
                let kind = Kind::Drop { place: DropPlace::Stack, reason: reason as u32, count };
                self.recorder().journal.record(Side::Software, Event::NONE, kind);
            }
        }
    }
}
