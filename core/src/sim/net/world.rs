//! The simulated network: the shown host, its peer, and the link between them, on one clock of integer nanoseconds.
//!
//! Everything is plain data: a clone runs on as the original does. What happens when depends on the configuration alone,
//! never on the scheme of the shown host, until its rings or memory drop something (DESIGN.md section 5).

use super::fairness::Fairness;
use super::host::Host;
use super::thread::ThreadCounts;
use crate::buffers::{AnyScheme, Buffers, SkBuff};
use crate::nic::LinkCounts;
use crate::sim::book::Book;
use crate::sim::change::{Change, Pending};
use crate::sim::config::Config;
use crate::sim::event::Event;
use crate::sim::recorded::Recorded;
use crate::sim::report::Receipt;
use crate::sim::run::{Run, Saved};
use crate::sim::wires::{Tap, Wires};
use crate::stack::Stack;

/// Bytes that a thread with its connection takes at the most, at one host, but for payload.
const PER_THREAD: u64 = 2048;

/// What happens next; those at the same time happen in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Change,
    ArriveAtPeer,
    Arrive,
    Send,
    PeerSend,
    Run,
    PeerRun,
}

/// Two hosts on a link.
#[derive(Clone)]
pub struct World<B: Buffers, T = ()> {
    config: Config,
    shown: Host<B>,
    peer: Host<AnyScheme>,
    wires: Wires,
    changes: Pending,
    now: u64,
    tap: T,
    frames: [u64; 2],
    book: Book,
}

impl<B: Buffers, T: Tap> World<B, T> {
    /// A world before anything has happened; `buffers` is the scheme of the shown host, with [`Config::nic`].
    pub fn new(config: Config, changes: &[Change], buffers: B, tap: T) -> Self {
        let peer = AnyScheme::SkBuff(SkBuff::new(config.line_size, config.nic()));
        let book = Book::new(&config, changes, buffers.scheme(), None);
        let mut shown = Host::new(&config, buffers, true);
        shown.recorder().plan_flips(changes);
        Self {
            book,
            shown,
            peer: Host::new(&config, peer, false),
            wires: Wires::new(&config, changes),
            changes: Pending::new(changes),
            config,
            now: 0,
            tap,
            frames: [0; 2],
        }
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The shown host's stack; its scheme is in [`Recorded::inner`].
    pub fn stack(&self) -> &Stack<Recorded<B>> {
        &self.shown.stack
    }

    /// The peer's stack.
    pub fn peer(&self) -> &Stack<Recorded<AnyScheme>> {
        &self.peer.stack
    }

    /// What the shown host's threads have done, in their order.
    pub fn threads(&self) -> Vec<ThreadCounts> {
        self.shown.thread_counts().collect()
    }

    /// What the peer's threads have done, in their order.
    pub fn peer_threads(&self) -> Vec<ThreadCounts> {
        self.peer.thread_counts().collect()
    }

    /// What sees the frames.
    pub fn tap(&self) -> &T {
        &self.tap
    }

    /// Nanoseconds since the beginning.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Events recorded so far.
    pub fn events(&self) -> u64 {
        self.book.events()
    }

    /// Frames that the shown host has sent, and that its peer has.
    pub fn frames(&self) -> [u64; 2] {
        self.frames
    }

    /// What the link did to frames of the shown host, and to those of its peer.
    pub fn link_counts(&self) -> [LinkCounts; 2] {
        self.wires.counts()
    }

    /// Whether all threads have ended.
    pub fn is_done(&self) -> bool {
        self.shown.is_done() && self.peer.is_done()
    }

    fn next(&self) -> Option<(u64, Next)> {
        if self.is_done() {
            return None;
        }
        let times = [
            (self.changes.next_time(), Next::Change),
            (self.wires.down.next_time(), Next::ArriveAtPeer),
            (self.wires.up.next_time(), Next::Arrive),
            (self.shown.send_time(), Next::Send),
            (self.peer.send_time(), Next::PeerSend),
            (self.shown.run_time(self.now), Next::Run),
            (self.peer.run_time(self.now), Next::PeerRun),
        ];
        times.into_iter().filter_map(|(time, next)| Some((time?, next))).min()
    }

    /// When the next step happens; None when all threads have ended.
    pub fn next_time(&self) -> Option<u64> {
        self.next().map(|(time, _)| time.max(self.now))
    }

    /// Carries out what happens next; false when all threads have ended.
    pub fn step(&mut self) -> bool {
        let Some((time, next)) = self.next() else {
            self.book.collect(self.shown.recorder(), u64::MAX);
            return false;
        };
        self.now = self.now.max(time);
        self.shown.recorder().journal.steps += 1;
        let (now, lead) = (self.now, self.config.layer_ns);
        let Self { shown, peer, wires: Wires { down, up, .. }, tap, frames, config, changes, .. } = self;
        match next {
            Next::Change => {
                if let Some(change) = changes.due(now) {
                    shown.change(now, change, config);
                }
            }
            Next::ArriveAtPeer => {
                if let Some(frame) = down.receive(now) {
                    peer.deliver(now, &frame);
                }
            }
            Next::Arrive => {
                if let Some(frame) = up.receive(now) {
                    tap.arrival(now, shown.recorder().subjects(), &frame);
                    shown.deliver(now, &frame);
                }
            }
            Next::Send => shown.send(now, lead, down, |time, packet, frame| {
                frames[0] += 1;
                tap.frame(time, false, packet, frame);
            }),
            Next::PeerSend => peer.send(now, lead, up, |time, _, frame| {
                frames[1] += 1;
                tap.frame(time, true, Event::NONE, frame);
            }),
            Next::Run => shown.run(now, config),
            Next::PeerRun => peer.run(now, config),
        }
        if matches!(next, Next::Send | Next::PeerSend) {
            for fault in self.wires.faults() {
                self.shown.record_link(now, fault);
            }
        }
        self.book.collect(self.shown.recorder(), now);
        true
    }

    /// Carries out up to `steps` steps; false when all threads have ended.
    pub fn step_many(&mut self, steps: u32) -> bool {
        (0..steps).all(|_| self.step())
    }

    /// Hands over the records made since the last call, as words ([`Event::encode`]).
    pub fn take_events(&mut self) -> Vec<u32> {
        self.book.take()
    }

    /// Records are hashed and forgotten: for runs that need only the result.
    pub fn discard_events(&mut self) {
        self.book.discard();
    }

    /// Runs to the end, and hands each record to `see`.
    pub fn run(&mut self, mut see: impl FnMut(&Event)) {
        loop {
            let goes_on = self.step_many(256);
            self.book.pending().for_each(|event| see(&event));
            self.discard_events();
            if !goes_on {
                return;
            }
        }
    }

    /// The digest over what has happened so far.
    pub fn digest(&self) -> String {
        self.book.digest(self.shown.stack.buffers())
    }
}

impl<B: Saved, T: Tap + Clone + 'static> Run for World<B, T>
where
    Self: Clone,
{
    type Scheme = B;
    type Tap = T;

    fn step(&mut self) -> bool {
        World::step(self)
    }

    fn next_time(&self) -> Option<u64> {
        World::next_time(self)
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn frames(&self) -> [u64; 2] {
        self.frames
    }

    fn book(&self) -> &Book {
        &self.book
    }

    fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    fn recorded(&self) -> &Recorded<B> {
        self.shown.stack.buffers()
    }

    fn recorded_mut(&mut self) -> &mut Recorded<B> {
        self.shown.recorder()
    }

    fn tap(&self) -> &T {
        &self.tap
    }

    fn tap_mut(&mut self) -> &mut T {
        &mut self.tap
    }

    fn receipt(&self) -> Receipt {
        let threads = self.threads();
        let counts = self.stack().buffers().nic_counts();
        let wrong = threads.iter().chain(&self.peer_threads()).map(|thread| thread.wrong).sum();
        Receipt {
            frames: counts.received,
            sent_by_peer: self.frames[1],
            bytes: threads.iter().map(|thread| thread.received).sum(),
            wrong: Some(wrong),
            nic_drops: counts.by_reason(),
            stack_drops: self
                .stack()
                .drops()
                .losses()
                .map(|(reason, count)| (reason.name(), count))
                .collect(),
            resent: self.stack().buffers().resent(),
            elapsed_ns: self.now,
            fairness: Some(Fairness::of(&threads)),
        }
    }

    fn unshared(&self, other: &Self) -> u64 {
        let peers = (self.peer.stack.buffers().inner(), other.peer.stack.buffers().inner());
        let threads = self.shown.threads.len() + self.peer.threads.len();
        Saved::unshared(peers.0, peers.1) + self.wires.unshared(&other.wires) + PER_THREAD * threads as u64
    }
}
