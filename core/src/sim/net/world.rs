//! The simulated network: the shown host, its peer, and the link between them, on one clock of integer nanoseconds.
//!
//! Everything is plain data: a clone runs on as the original does. What happens when depends on the configuration alone,
//! never on the scheme of the shown host, until its rings or memory drop something (DESIGN.md section 5).

use super::config::NetConfig;
use super::host::Host;
use super::recorded::Recorded;
use super::thread::ThreadCounts;
use crate::buffers::{Buffers, SkBuff};
use crate::nic::{Link, LinkCounts};
use crate::sim::digest::RunDigest;
use crate::sim::event::{EVENT_WORDS, Event, FaultKind, Kind};
use crate::stack::Stack;

/// Sees every frame that leaves a NIC, before anything happens to it on the link.
pub trait WireTap {
    /// A frame, without FCS, whose last bit leaves at `time_ns`.
    fn frame(&mut self, time_ns: u64, from_peer: bool, frame: &[u8]);
}

impl WireTap for () {
    fn frame(&mut self, _time_ns: u64, _from_peer: bool, _frame: &[u8]) {}
}

/// What happens next; those at the same time happen in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
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
    config: NetConfig,
    shown: Host<B>,
    peer: Host<SkBuff>,
    /// From the shown host, and to it.
    links: [Link; 2],
    link_counts: [LinkCounts; 2],
    now: u64,
    tap: T,
    frames: [u64; 2],
    events: u64,
    words: Vec<u32>,
    hashed: usize,
    digest: RunDigest,
}

impl<B: Buffers, T: WireTap> World<B, T> {
    /// A world before anything has happened; `buffers` is the scheme of the shown host, with [`NetConfig::nic`].
    pub fn new(config: NetConfig, buffers: B, tap: T) -> Self {
        let peer = SkBuff::new(config.line_size, config.nic());
        Self {
            digest: RunDigest::of_integers(&config.integers(), B::SCHEME),
            shown: Host::new(&config, buffers, true),
            peer: Host::new(&config, peer, false),
            links: [Link::new(config.link(false)), Link::new(config.link(true))],
            link_counts: [LinkCounts::default(); 2],
            config,
            now: 0,
            tap,
            frames: [0; 2],
            events: 0,
            words: Vec::new(),
            hashed: 0,
        }
    }

    /// The configuration.
    pub fn config(&self) -> &NetConfig {
        &self.config
    }

    /// The shown host's stack; its scheme is in [`Recorded::inner`].
    pub fn stack(&self) -> &Stack<Recorded<B>> {
        &self.shown.stack
    }

    /// The peer's stack.
    pub fn peer(&self) -> &Stack<Recorded<SkBuff>> {
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
        self.events
    }

    /// Frames that the shown host has sent, and that its peer has.
    pub fn frames(&self) -> [u64; 2] {
        self.frames
    }

    /// What the link did to frames of the shown host, and to those of its peer.
    pub fn link_counts(&self) -> [LinkCounts; 2] {
        self.links.each_ref().map(Link::counts)
    }

    /// Flips payload byte `offset` of packet `packet` in the shown host's own memory, when it is posted.
    pub fn plan_flip(&mut self, packet: u32, offset: u32) {
        self.shown.stack.buffers_mut().plan_flip(packet, offset);
    }

    /// Whether all threads have ended.
    pub fn is_done(&self) -> bool {
        self.shown.is_done() && self.peer.is_done()
    }

    fn next(&self) -> Option<(u64, Next)> {
        let [down, up] = &self.links;
        let times = [
            (down.next_time(), Next::ArriveAtPeer),
            (up.next_time(), Next::Arrive),
            (self.shown.send_time(), Next::Send),
            (self.peer.send_time(), Next::PeerSend),
            (self.shown.run_time(self.now), Next::Run),
            (self.peer.run_time(self.now), Next::PeerRun),
        ];
        times.into_iter().filter_map(|(time, next)| Some((time?, next))).min()
    }

    /// Carries out what happens next; false when all threads have ended.
    pub fn step(&mut self) -> bool {
        let Some((time, next)) = self.next().filter(|_| !self.is_done()) else {
            self.collect(u64::MAX);
            return false;
        };
        self.now = self.now.max(time);
        let (now, lead) = (self.now, self.config.layer_ns);
        let Self { shown, peer, links: [down, up], tap, frames, config, .. } = self;
        match next {
            Next::ArriveAtPeer => {
                if let Some(frame) = down.receive(now) {
                    peer.deliver(now, &frame);
                }
            }
            Next::Arrive => {
                if let Some(frame) = up.receive(now) {
                    shown.deliver(now, &frame);
                }
            }
            Next::Send => shown.send(now, lead, down, |time, frame| {
                frames[0] += 1;
                tap.frame(time, false, frame);
            }),
            Next::PeerSend => peer.send(now, lead, up, |time, frame| {
                frames[1] += 1;
                tap.frame(time, true, frame);
            }),
            Next::Run => shown.run(now, config),
            Next::PeerRun => peer.run(now, config),
        }
        if matches!(next, Next::Send | Next::PeerSend) {
            self.record_faults();
        }
        self.collect(now);
        true
    }

    /// Carries out up to `steps` steps; false when all threads have ended.
    pub fn step_many(&mut self, steps: u32) -> bool {
        (0..steps).all(|_| self.step())
    }

    fn record_faults(&mut self) {
        for (direction, link) in self.links.iter().enumerate() {
            let (was, is) = (self.link_counts[direction], link.counts());
            self.link_counts[direction] = is;
            let changes = [
                (FaultKind::Lost, is.lost - was.lost),
                (FaultKind::Duplicated, is.duplicated - was.duplicated),
                (FaultKind::Late, is.late - was.late),
                (FaultKind::Corrupted, is.corrupted - was.corrupted),
            ];
            for (fault, count) in changes {
                for _ in 0..count {
                    let frame = (is.sent - 1) as u32;
                    let kind = Kind::Fault { fault, from_peer: direction == 1, frame };
                    self.shown.record_link(self.now, kind);
                }
            }
        }
    }

    /// Takes over what was recorded before `time`: nothing earlier can come any more.
    fn collect(&mut self, time: u64) {
        while let Some(event) = self.shown.next_record(time) {
            self.events += 1;
            self.words.extend(event.encode());
        }
    }

    /// Hands over the records made since the last call, as words ([`Event::encode`]).
    pub fn take_events(&mut self) -> Vec<u32> {
        self.digest.events(&self.words[self.hashed..]);
        self.hashed = 0;
        std::mem::take(&mut self.words)
    }

    /// Records are hashed and forgotten: for runs that need only the result.
    pub fn discard_events(&mut self) {
        self.digest.events(&self.words[self.hashed..]);
        self.hashed = 0;
        self.words.clear();
        self.words.shrink_to(1024 * EVENT_WORDS);
    }

    /// Runs to the end, and hands each record to `see`.
    pub fn run(&mut self, mut see: impl FnMut(&Event)) {
        loop {
            let goes_on = self.step_many(256);
            for words in self.words.as_chunks::<EVENT_WORDS>().0 {
                if let Some(event) = Event::decode(words) {
                    see(&event);
                }
            }
            self.discard_events();
            if !goes_on {
                return;
            }
        }
    }

    /// The digest over what has happened so far.
    pub fn digest(&self) -> String {
        let mut digest = self.digest.clone();
        digest.events(&self.words[self.hashed..]);
        let buffers = self.shown.stack.buffers();
        let seen = buffers.observe();
        digest.finish(&buffers.ledger().integers(seen.map_entries, &seen.lines, &seen.data_lines))
    }
}
