//! A host of the simulated network: its stack, its threads, and its processor's and NIC's time.

use std::collections::{BTreeSet, VecDeque};

use super::config::NetConfig;
use super::journal::{Journal, Side};
use super::recorded::Recorded;
use super::thread::{Shared, Thread, ThreadCounts, Turn};
use crate::buffers::Buffers;
use crate::nic::{Link, Moderation, TxFrames};
use crate::sim::event::{DropPlace, Event, Kind, ThreadState};
use crate::stack::{Drops, Stack};

/// Threads that run before the driver is polled again.
const TURNS: u32 = 8;
/// When the second thread starts, and how far the others are behind each other: neighbours are known by then.
const FIRST_START: u64 = 100_000;
const NEXT_START: u64 = 1_000;

/// A host.
#[derive(Clone)]
pub(super) struct Host<B: Buffers> {
    pub(super) stack: Stack<Recorded<B>>,
    pub(super) threads: Vec<Thread>,
    shared: Shared,
    runnable: VecDeque<u32>,
    starting: BTreeSet<(u64, u32)>,
    ended: usize,
    moderation: Moderation,
    /// Until when the processor is busy.
    busy_until: u64,
    /// When the NIC can fetch the next packet.
    nic_idle_at: u64,
    /// When it will be done with those that it has fetched.
    completions: VecDeque<u64>,
    drops: Drops,
    frames: TxFrames,
}

impl<B: Buffers> Host<B> {
    pub(super) fn new(config: &NetConfig, buffers: B, shown: bool) -> Self {
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
            moderation: Moderation::new(),
            busy_until: 0,
            nic_idle_at: 0,
            completions: VecDeque::new(),
            drops: Drops::default(),
            frames: TxFrames::default(),
        }
    }

    fn recorder(&mut self) -> &mut Recorded<B> {
        self.stack.buffers_mut()
    }

    /// Whether all threads are done.
    pub(super) fn is_done(&self) -> bool {
        self.ended == self.threads.len()
    }

    pub(super) fn thread_counts(&self) -> impl Iterator<Item = ThreadCounts> + '_ {
        self.threads.iter().map(|thread| thread.counts)
    }

    /// The next record of before `time`.
    pub(super) fn next_record(&mut self, time: u64) -> Option<Event> {
        self.recorder().journal.next(time)
    }

    /// Records something that the link did.
    pub(super) fn record_link(&mut self, now: u64, kind: Kind) {
        let journal = &mut self.recorder().journal;
        journal.advance(Side::Receive, now);
        journal.record(Side::Receive, Event::NONE, kind);
    }

    // The NIC.

    pub(super) fn deliver(&mut self, now: u64, frame: &[u8]) {
        self.recorder().journal.advance(Side::Receive, now);
        self.recorder().deliver(frame);
        self.moderation.event(now);
    }

    /// The queue whose packet the NIC fetches next, and when: first come, first served.
    fn next_fetch(&self) -> Option<(u64, u16)> {
        let buffers = self.stack.buffers();
        let queues = 0..self.stack.config().queues;
        let first = queues.filter_map(|queue| Some((buffers.announced(queue)?, queue))).min();
        first.map(|(announced, queue)| (announced.max(self.nic_idle_at), queue))
    }

    /// When the NIC fetches the next packet, or is done with one.
    pub(super) fn send_time(&self) -> Option<u64> {
        let fetch = self.next_fetch().map(|(time, _)| time);
        fetch.into_iter().chain(self.completions.front().copied()).min()
    }

    /// The NIC completes what is on the link, and fetches a packet if it is time: its frames are on the link `lead` later.
    /// `sent` sees each with its departure.
    pub(super) fn send(&mut self, now: u64, lead: u64, link: &mut Link, mut sent: impl FnMut(u64, &[u8])) {
        while let Some(time) = self.completions.front().copied().filter(|time| *time <= now) {
            self.completions.pop_front();
            self.recorder().complete();
            self.moderation.event(time);
        }
        let Some((_, queue)) = self.next_fetch().filter(|(time, _)| *time <= now) else { return };
        let mut frames = std::mem::take(&mut self.frames);
        frames.clear();
        self.recorder().journal.advance(Side::Transmit, now);
        self.stack.transmit(queue, &mut frames);
        let start = (now + lead).max(link.idle_at());
        let mut ends = Vec::with_capacity(frames.len());
        for frame in frames.iter() {
            let end = link.send(now + lead, frame);
            ends.push(end);
            sent(end, frame);
        }
        self.recorder().on_wire(queue, start, ends.into_iter().zip(frames.iter()));
        self.frames = frames;
        self.nic_idle_at = link.idle_at().saturating_sub(lead).max(now);
        self.completions.push_back(link.idle_at().max(now) + lead);
    }

    // The processor.

    /// When the processor has something to do.
    pub(super) fn run_time(&self, now: u64) -> Option<u64> {
        let runnable = (!self.runnable.is_empty()).then_some(now);
        let starting = self.starting.first().map(|(time, _)| *time);
        let due = [runnable, starting, self.moderation.next_time(), self.stack.next_time()];
        let first = due.into_iter().flatten().min()?;
        Some(first.max(self.busy_until).max(now))
    }

    /// The processor runs: the interrupt handler, some threads, the stack.
    pub(super) fn run(&mut self, now: u64, config: &NetConfig) {
        self.recorder().journal.advance(Side::Software, now);
        if self.moderation.raise(now).is_some() {
            self.recorder().journal.advance(Side::Receive, now);
            self.stack.interrupt();
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

    fn run_thread(&mut self, now: u64, index: u32, config: &NetConfig) {
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

    fn record_drops(&mut self) {
        let (was, is) = (self.drops, *self.stack.drops());
        self.drops = is;
        for (reason, total) in is.iter() {
            let count = (total - was.get(reason)) as u32;
            if count > 0 {
                let kind = Kind::Drop { place: DropPlace::Stack, reason: reason as u32, count };
                self.recorder().journal.record(Side::Software, Event::NONE, kind);
            }
        }
    }
}
