//! One direction of a link: rate, latency, and a seeded injector of faults. Time is passed in.
//!
//! What happens to a frame depends on the seed and the frame's index on this link alone, never on its bytes or on when it
//! was sent: so two schemes that send the same frames suffer the same faults.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::random::mix;

/// Preamble, FCS and gap of an Ethernet frame, in bytes of wire time (IEEE 802.3).
const WIRE_OVERHEAD: u64 = 24;
/// Shortest frame on the wire without FCS; shorter ones take as long.
const SHORTEST: u64 = 60;
const MILLION: u64 = 1_000_000;

/// Odds of faults, each in frames per million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    /// The frame disappears.
    pub loss: u32,
    /// It arrives twice.
    pub duplicate: u32,
    /// It arrives late, so that later frames overtake it.
    pub reorder: u32,
    /// One of its bits is flipped.
    pub corrupt: u32,
}

/// What a link is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkConfig {
    /// Bits a second.
    pub bits_per_s: u64,
    /// From the last bit's departure to its arrival.
    pub latency_ns: u64,
    /// How much later than that a reordered frame arrives.
    pub reorder_ns: u64,
    /// Odds of faults.
    pub faults: Faults,
    /// Seed of the faults.
    pub seed: u64,
}

impl Default for LinkConfig {
    /// 10 Gbit/s, 5 us, no faults.
    fn default() -> Self {
        Self {
            bits_per_s: 10_000_000_000,
            latency_ns: 5_000,
            reorder_ns: 50_000,
            faults: Faults::default(),
            seed: 0,
        }
    }
}

/// What happens to one frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fate {
    /// It disappears.
    pub lost: bool,
    /// It arrives twice.
    pub duplicated: bool,
    /// It arrives late.
    pub late: bool,
    /// This bit is flipped, modulo the frame's bits.
    pub corrupted: Option<u64>,
}

impl Faults {
    /// The fate of frame `index`.
    pub fn fate(&self, seed: u64, index: u64) -> Fate {
        let draw = |kind: u64| mix(mix(seed) ^ mix(4 * index + kind));
        let happens = |kind: u64, odds: u32| draw(kind) % MILLION < u64::from(odds);
        Fate {
            lost: happens(0, self.loss),
            duplicated: happens(1, self.duplicate),
            late: happens(2, self.reorder),
            corrupted: happens(3, self.corrupt).then(|| draw(3) / MILLION),
        }
    }
}

/// What a link did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkCounts {
    /// Frames sent.
    pub sent: u64,
    /// Frames lost.
    pub lost: u64,
    /// Frames that arrive twice.
    pub duplicated: u64,
    /// Frames that arrive late.
    pub late: u64,
    /// Frames with a flipped bit.
    pub corrupted: u64,
}

/// One direction of a link.
#[derive(Clone, Debug)]
pub struct Link {
    config: LinkConfig,
    counts: LinkCounts,
    /// When the last bit sent so far has left.
    idle_at: u64,
    /// Frames under way, by arrival and then in order of sending.
    under_way: VecDeque<(u64, Arc<Vec<u8>>)>,
    /// Frames that are lost whatever the injector says, by index.
    planned: Vec<u64>,
    /// Frames that something happened to, by index, since they were taken; None unless they are wanted.
    touched: Option<Vec<(u64, Fate)>>,
}

impl Link {
    /// A link that nothing was sent on.
    pub fn new(config: LinkConfig) -> Self {
        Self {
            config,
            counts: LinkCounts::default(),
            idle_at: 0,
            under_way: VecDeque::new(),
            planned: Vec::new(),
            touched: None,
        }
    }

    /// Sends a frame (without FCS) as soon as those before it have left; returns when its last bit has.
    pub fn send(&mut self, now: u64, frame: &[u8]) -> u64 {
        let bits = ((frame.len() as u64).max(SHORTEST) + WIRE_OVERHEAD) * 8;
        self.idle_at = self.idle_at.max(now) + (bits * 1_000_000_000).div_ceil(self.config.bits_per_s.max(1));
        let index = self.counts.sent;
        let mut fate = self.config.faults.fate(self.config.seed, index);
        fate.lost |= self.planned.contains(&index);
        if fate.lost {
            // Nothing else happens to it any more.
            fate = Fate { lost: true, ..Fate::default() };
        }
        fate.corrupted.take_if(|_| frame.is_empty());
        self.counts.sent += 1;
        if fate != Fate::default()
            && let Some(touched) = &mut self.touched
        {
            touched.push((index, fate));
        }
        if fate.lost {
            self.counts.lost += 1;
            return self.idle_at;
        }
        let mut arrival = self.idle_at + self.config.latency_ns;
        if fate.late {
            self.counts.late += 1;
            arrival += self.config.reorder_ns;
        }
        let mut bytes = Vec::with_capacity(frame.len());
        // The wire is no buffer of a host: this is no copy of the stack's.
        #[expect(clippy::disallowed_methods)]
        bytes.extend_from_slice(frame);
        if let Some(bit) = fate.corrupted {
            self.counts.corrupted += 1;
            let bit = bit % (8 * bytes.len() as u64);
            bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
        }
        let bytes = Arc::new(bytes);
        if fate.duplicated {
            self.counts.duplicated += 1;
            self.put(arrival, Arc::clone(&bytes));
        }
        self.put(arrival, bytes);
        self.idle_at
    }

    fn put(&mut self, arrival: u64, bytes: Arc<Vec<u8>>) {
        // Nearly always behind all others: only a late frame is overtaken.
        let at = self.under_way.partition_point(|(other, _)| *other <= arrival);
        self.under_way.insert(at, (arrival, bytes));
    }

    /// From now on, frames that something happens to are kept for [`Link::take_touched`].
    pub fn watch(&mut self) {
        self.touched.get_or_insert_default();
    }

    /// The frames that something has happened to since the last call, by index, in the order of sending.
    pub fn take_touched(&mut self) -> Vec<(u64, Fate)> {
        self.touched.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Frame `index`, of those to come, is to be lost.
    pub fn plan_loss(&mut self, index: u64) {
        self.planned.push(index);
    }

    /// Bytes of the frames under way that are not under way any more in `other`, a clone at a later time, and of the list.
    pub fn unshared(&self, other: &Self) -> u64 {
        let list = size_of::<(u64, Arc<Vec<u8>>)>() * self.under_way.len();
        let later = other.next_time().unwrap_or(u64::MAX);
        let gone = self.under_way.iter().take_while(|(arrival, _)| *arrival < later);
        list as u64 + gone.map(|(_, frame)| frame.len() as u64).sum::<u64>()
    }

    /// When the next frame arrives.
    pub fn next_time(&self) -> Option<u64> {
        self.under_way.front().map(|(arrival, _)| *arrival)
    }

    /// When the link could send at once.
    pub fn idle_at(&self) -> u64 {
        self.idle_at
    }

    /// The next frame that has arrived by `now`.
    pub fn receive(&mut self, now: u64) -> Option<Arc<Vec<u8>>> {
        self.next_time().filter(|arrival| *arrival <= now)?;
        self.under_way.pop_front().map(|(_, bytes)| bytes)
    }

    /// What the link did.
    pub fn counts(&self) -> LinkCounts {
        self.counts
    }
}
