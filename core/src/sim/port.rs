//! A host's port: when its NIC fetches packets, when they are on the link, and when it interrupts.

use std::collections::VecDeque;

use super::journal::Side;
use super::recorded::Recorded;
use crate::buffers::Buffers;
use crate::nic::{Delivery, Link, Moderation, TxFrames};

/// What stands between a host and its NIC.
pub(super) trait Driver<B: Buffers> {
    /// The scheme.
    fn recorded(&mut self) -> &mut Recorded<B>;

    /// The NIC reads the queue's next packet.
    fn transmit(&mut self, queue: u16, frames: &mut TxFrames);
}

/// The NIC's time.
#[derive(Clone)]
pub(super) struct Port {
    queues: u16,
    moderation: Moderation,
    /// The queues that something has happened on since the last interrupt: each has a message of its own.
    touched: Vec<bool>,
    /// When the NIC can fetch the next packet.
    idle_at: u64,
    /// When it will be done with those that it has fetched.
    completions: VecDeque<u64>,
    frames: TxFrames,
}

impl Port {
    /// A port that nothing has happened at.
    pub(super) fn new(queues: u16) -> Self {
        Self {
            queues,
            moderation: Moderation::new(),
            touched: vec![false; usize::from(queues)],
            idle_at: 0,
            completions: VecDeque::new(),
            frames: TxFrames::default(),
        }
    }

    /// A frame arrives.
    pub(super) fn deliver<B: Buffers>(&mut self, now: u64, buffers: &mut Recorded<B>, frame: &[u8]) {
        buffers.journal.advance(Side::Receive, now);
        let queue = match buffers.deliver(frame) {
            Delivery::Queued { queue } => queue,
            // What concerns no queue is told with the first one's message.
            Delivery::Dropped(_) => 0,
        };
        self.event(now, queue);
    }

    fn event(&mut self, now: u64, queue: u16) {
        self.moderation.event(now);
        if let Some(touched) = self.touched.get_mut(usize::from(queue)) {
            *touched = true;
        }
    }

    /// The queue whose packet the NIC fetches next, and when: first come, first served.
    fn next_fetch<B: Buffers>(&self, buffers: &Recorded<B>) -> Option<(u64, u16)> {
        let queues = 0..self.queues;
        let first = queues.filter_map(|queue| Some((buffers.announced(queue)?, queue))).min();
        first.map(|(announced, queue)| (announced.max(self.idle_at), queue))
    }

    /// When the NIC fetches the next packet, or is done with one.
    pub(super) fn send_time<B: Buffers>(&self, buffers: &Recorded<B>) -> Option<u64> {
        let fetch = self.next_fetch(buffers).map(|(time, _)| time);
        fetch.into_iter().chain(self.completions.front().copied()).min()
    }

    /// The NIC completes what is on the link, and fetches a packet if it is time: its frames are on the link `lead` later.
    /// `sent` sees each with its departure and the number of its packet.
    pub(super) fn send<B: Buffers>(
        &mut self,
        now: u64,
        lead: u64,
        driver: &mut impl Driver<B>,
        link: &mut Link,
        mut sent: impl FnMut(u64, u32, &[u8]),
    ) {
        while let Some(time) = self.completions.front().copied().filter(|time| *time <= now) {
            self.completions.pop_front();
            let queue = driver.recorded().complete();
            self.event(time, queue.unwrap_or(0));
        }
        let Some((_, queue)) = self.next_fetch(driver.recorded()).filter(|(time, _)| *time <= now) else {
            return;
        };
        let mut frames = std::mem::take(&mut self.frames);
        frames.clear();
        driver.recorded().journal.advance(Side::Transmit, now);
        driver.transmit(queue, &mut frames);
        let packet = driver.recorded().last_read(queue);
        let start = (now + lead).max(link.idle_at());
        let mut ends = Vec::with_capacity(frames.len());
        for frame in frames.iter() {
            let end = link.send(now + lead, frame);
            ends.push(end);
            sent(end, packet, frame);
        }
        driver.recorded().on_wire(queue, start, ends.into_iter().zip(frames.iter()));
        self.frames = frames;
        self.idle_at = link.idle_at().saturating_sub(lead).max(now);
        self.completions.push_back(link.idle_at().max(now) + lead);
    }

    /// When the NIC interrupts.
    pub(super) fn interrupt_time(&self) -> Option<u64> {
        self.moderation.next_time()
    }

    /// The queues that the NIC interrupts for now; None when it does not interrupt.
    pub(super) fn interrupts(&mut self, now: u64) -> Option<impl Iterator<Item = u16> + use<>> {
        self.moderation.raise(now)?;
        let untouched = vec![false; self.touched.len()];
        let touched = std::mem::replace(&mut self.touched, untouched);
        Some((0..).zip(touched).filter_map(|(queue, touched)| touched.then_some(queue)))
    }
}
