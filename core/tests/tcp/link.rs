//! A link between two hosts with seeded faults, and the clock that drives them.

use std::collections::BTreeMap;

use snapstack::random::mix;
use snapstack::stack::tcp::{MILLISECOND, SECOND};

/// Seeded random numbers.
#[derive(Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    pub(crate) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.draw() % limit
    }

    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

/// Faults of a link, in thousandths of the packets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    pub(crate) loss: u64,
    pub(crate) duplication: u64,
    pub(crate) reordering: u64,
    pub(crate) corruption: u64,
    /// One way, in nanoseconds.
    pub(crate) latency: u64,
    /// Bytes a second of each direction, and bytes that wait for it; 0 for no limit.
    pub(crate) rate: u64,
    pub(crate) queue: u64,
}

impl Faults {
    pub(crate) fn drawn(random: &mut Random) -> Self {
        Self {
            loss: random.pick(&[0, 0, 10, 50, 100, 200]),
            duplication: random.pick(&[0, 0, 20, 100]),
            reordering: random.pick(&[0, 0, 50, 300]),
            corruption: random.pick(&[0, 0, 20, 50]),
            latency: random.pick(&[20_000, MILLISECOND, 50 * MILLISECOND]),
            rate: random.pick(&[0, 0, 0, 1_000_000]),
            queue: 30_000,
        }
    }

    /// When a packet of `len` bytes has left, if the wire is free from `free` on; `None` when it does not fit the queue.
    fn leave(&self, now: u64, free: u64, len: usize) -> Option<u64> {
        if self.rate == 0 {
            return Some(now);
        }
        let begin = free.max(now);
        let waiting = (begin - now) * self.rate / SECOND;
        (waiting <= self.queue).then_some(begin + len as u64 * SECOND / self.rate)
    }
}

/// How many cases to run where `usual` ones are the rule: `SNAPSTACK_SOAK=20` makes it twenty times as many.
pub(crate) fn cases(usual: u32) -> u32 {
    let factor =
        std::env::var("SNAPSTACK_SOAK").map_or(1, |times| times.parse().expect("SNAPSTACK_SOAK is a number"));
    usual * factor
}

/// One end of the link.
pub(crate) trait Host {
    /// A packet arrives.
    fn deliver(&mut self, now: u64, packet: &[u8]);
    /// Lets application and protocol work; the packets that leave.
    fn work(&mut self, now: u64) -> Vec<Vec<u8>>;
    /// When to work next if nothing arrives.
    fn next_time(&mut self, now: u64) -> Option<u64>;
    /// Whether nothing more will come of it.
    fn done(&self) -> bool;
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) end: u64,
    pub(crate) packets: u64,
}

/// Runs two hosts until both are done.
///
/// # Panics
/// When they are not done after `limit` packets, or when nothing is left to happen.
pub(crate) fn run(mut hosts: [&mut dyn Host; 2], faults: &Faults, seed: u64, limit: u64) -> Run {
    let mut random = Random::new(seed);
    let mut flying: BTreeMap<(u64, u64), (usize, Vec<u8>)> = BTreeMap::new();
    let (mut now, mut packets, mut free) = (0, 0, [0; 2]);
    loop {
        for (from, host) in hosts.iter_mut().enumerate() {
            for packet in host.work(now) {
                packets += 1;
                assert!(packets < limit, "{packets} packets and no end in sight at {now} ns");
                let Some(left) = faults.leave(now, free[from], packet.len()) else { continue };
                free[from] = left;
                let copies = if random.chance(faults.loss) {
                    0
                } else {
                    1 + usize::from(random.chance(faults.duplication))
                };
                for copy in 0..copies {
                    let mut packet = packet.clone();
                    if random.chance(faults.corruption) {
                        let at = random.below(packet.len() as u64) as usize;
                        packet[at] ^= 1 << random.below(8);
                    }
                    let late =
                        if random.chance(faults.reordering) { random.below(4 * faults.latency) } else { 0 };
                    flying
                        .insert((now + faults.latency + late, 2 * packets + copy as u64), (1 - from, packet));
                }
            }
        }
        if hosts[0].done() && hosts[1].done() {
            return Run { end: now, packets };
        }
        let wake = [hosts[0].next_time(now), hosts[1].next_time(now)].into_iter().flatten();
        let next = wake.chain(flying.keys().next().map(|&(at, _)| at)).min();
        now = next.expect("hosts that are not done but wait for nothing").max(now);
        while let Some(entry) = flying.first_entry()
            && entry.key().0 <= now
        {
            let (to, packet) = entry.remove();
            hosts[to].deliver(now, &packet);
        }
    }
}
