//! The slots of the rings and the threads' sockets: which packet is where at a position, since when, and what comes next
//! (DESIGN.md section 4), in each queue's pair of rings.

use snapstack::sim::{Event, Kind, Stage};

use super::{Call, NEVER, Side, Timeline};

/// A ring of the shown host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Where packets wait to be sent.
    Tx,
    /// Where frames arrive.
    Rx,
}

impl Ring {
    /// Which of a slot's steps the NIC makes, and which one puts a packet in.
    fn steps(self) -> (usize, usize) {
        match self {
            Self::Tx => (2, 0),
            Self::Rx => (1, 1),
        }
    }
}

/// A place in a lane that can be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A slot of a ring.
    Slot {
        /// The lane.
        side: Side,
        /// The ring.
        ring: Ring,
        /// The queue that the ring is of, from 0 on.
        queue: u32,
        /// Its number, from 0 on.
        slot: u32,
    },
    /// A thread's socket.
    Socket {
        /// The lane.
        side: Side,
        /// The thread.
        thread: u32,
    },
}

impl Place {
    /// The queue of a slot.
    pub fn queue(self) -> Option<u32> {
        match self {
            Self::Slot { queue, .. } => Some(queue),
            Self::Socket { .. } => None,
        }
    }
}

impl Slots {
    /// The first of them, in a lane.
    pub fn place(self, side: Side) -> Place {
        Place::Slot { side, ring: self.ring, queue: self.queue, slot: self.first }
    }
}

/// Slots of a ring that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// The ring.
    pub ring: Ring,
    /// Its queue.
    pub queue: u32,
    /// The first slot.
    pub first: u32,
    /// How many.
    pub count: u32,
}

/// Positions that the work of queues is compared over.
const SPAN: u32 = 512;

/// What the records say of a ring: how many slots have passed each step, as counters that never go back.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct RingLog {
    base: u32,
    /// Tail, and how often it has moved.
    tail: (u32, u32),
    steps: [Vec<Step>; 3],
}

/// A counter from a position on, and the packet that moved it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    at: u32,
    packet: u32,
    count: u32,
}

impl RingLog {
    /// Takes in a record of the pointers: Tail, what the NIC owns, and what the driver has filled or has to take. True when
    /// that put a packet in.
    ///
    /// Records stand in the order of their times, and the clocks of NIC and driver are apart: a record of either may show
    /// what the other does only later. So each is believed about its own counters only.
    pub(super) fn push(
        &mut self,
        (ring, slots, nic): (Ring, u32, bool),
        (at, packet): (u32, u32),
        [tail, owned, waiting]: [u32; 3],
    ) -> bool {
        if self.is_empty() {
            // Nothing was completed before: Tail is cyclically the slot before the first.
            self.base = (tail + 1).saturating_sub(slots);
        } else {
            let moved = (tail + slots - self.tail.0) % slots;
            // What seems to be more than half a turn is a step back.
            let back = if moved > slots / 2 { slots } else { 0 };
            self.tail.1 = (self.tail.1 + moved).saturating_sub(back);
        }
        self.tail.0 = tail;
        let done = self.tail.1;
        let counts = match ring {
            Ring::Tx => [done + owned + waiting, done + owned, done],
            Ring::Rx => [done + owned, done, done.saturating_sub(waiting)],
        };
        let mut put_in = false;
        for (step, (log, count)) in self.steps.iter_mut().zip(counts).enumerate() {
            let grows = log.last().is_none_or(|last| last.count < count) && count > 0;
            if grows && nic == (step == ring.steps().0) {
                log.push(Step { at, packet, count });
                put_in |= step == ring.steps().1;
            }
        }
        put_in
    }

    /// Steps in a range of positions, and the last one before its end.
    fn work(&self, from: u32, end: u32) -> (usize, u32) {
        let mut sum = (0, 0);
        for log in &self.steps {
            let before = |at: u32| log.partition_point(|step| step.at < at);
            let done = before(end);
            sum.0 += done - before(from);
            sum.1 = sum.1.max(log[..done].last().map_or(0, |last| last.at));
        }
        sum
    }

    fn is_empty(&self) -> bool {
        self.steps[0].is_empty()
    }

    fn counts(&self, position: u32) -> [u32; 3] {
        self.steps.each_ref().map(|log| {
            let after = log.partition_point(|step| step.at <= position);
            log[..after].last().map_or(0, |step| step.count)
        })
    }

    /// The record by which the slot that is used as the `nth` of all has passed a step.
    fn passed(&self, step: usize, nth: u32) -> Option<&Step> {
        let log = &self.steps[step];
        log.get(log.partition_point(|passed| passed.count <= nth))
    }

    fn used(&self, ring: Ring, nth: u32) -> Use {
        let packet = self.passed(ring.steps().1, nth).map_or(Event::NONE, |step| step.packet);
        let at = [0, 1, 2].map(|step| self.passed(step, nth).map_or(NEVER, |step| step.at));
        Use { packet, at }
    }
}

/// One use of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// The packet that is put in; [`Event::NONE`] while none is.
    pub packet: u32,
    /// Where it passes each step, [`NEVER`] those that do not come: filled, posted, completed in a TX ring; granted, filled,
    /// taken in an RX ring.
    pub at: [u32; 3],
}

/// A slot at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its segment ID, or the index of its descriptor.
    pub id: u32,
    /// Its present use, or its last one.
    pub now: Option<Use>,
    /// The use after that.
    pub next: Option<Use>,
    /// How many steps of the present use have happened.
    pub steps: usize,
    /// Where the driver has recycled it or will, of a TX slot.
    pub recycled: u32,
    /// The packet in it.
    pub packet: Option<u32>,
    /// Which of the packet's slots it is, from 1 on, and of how many.
    pub part: (u32, u32),
}

/// A socket at a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Socket {
    /// Calls of `send()` so far, and their bytes.
    pub sent: (u32, u64),
    /// The same, of the whole run.
    pub sent_all: (u32, u64),
    /// Payloads that `recv()` has handed over, and their bytes.
    pub received: (u32, u64),
    /// The same, of the whole run.
    pub received_all: (u32, u64),
    /// Packets of its from the socket layer to the NIC.
    pub under_way: u32,
    /// Payloads in its queue, and their bytes.
    pub waiting: (u32, u64),
    /// The last call so far.
    pub last: Option<Call>,
    /// The next one.
    pub next: Option<Call>,
}

impl Timeline {
    /// A ring; of a queue that is not there the first one's.
    fn ring(&self, side: Side, ring: Ring, queue: u32) -> &RingLog {
        let queues = &self.lanes[side as usize].rings;
        &queues.get(queue as usize).unwrap_or(&queues[0])[ring as usize]
    }

    /// ID of a ring's first slot: a segment ID, or the index of a descriptor.
    pub fn base(&self, side: Side, ring: Ring, queue: u32) -> u32 {
        self.ring(side, ring, queue).base
    }

    /// The queue to look at: that of the selected slot, or of the selected packet, or else the one whose rings work most
    /// around a position, which is the same in both lanes and stays for a while.
    pub fn queue_at_work(&self, place: Option<Place>, packet: Option<u32>, position: u32) -> u32 {
        let known = |queue: u32| Some(queue).filter(|queue| *queue < self.queues);
        if let Some(queue) = place.and_then(Place::queue).and_then(known) {
            return queue;
        }
        let tracks = Side::BOTH.into_iter().filter_map(|side| self.track(side, packet?));
        if let Some(queue) = tracks.filter_map(|track| known(track.queue)).next() {
            return queue;
        }
        let from = position / SPAN * SPAN;
        if let Some((_, _, queue)) =
            self.busiest.get().filter(|(at, events, _)| (*at, *events) == (from, self.len()))
        {
            return queue;
        }
        let work = |queue: u32| {
            let mut sum = (0, 0);
            for (side, ring) in Side::BOTH.into_iter().flat_map(|side| [(side, Ring::Tx), (side, Ring::Rx)]) {
                let (steps, last) = self.ring(side, ring, queue).work(from, from + SPAN);
                sum = (sum.0 + steps, sum.1.max(last));
            }
            sum
        };
        let queue = (0..self.queues).rev().max_by_key(|queue| work(*queue)).unwrap_or(0);
        self.busiest.set(Some((from, self.len(), queue)));
        queue
    }

    /// A ring at a position: Head and Tail, slots that the NIC owns, and those that are filled and not posted, or not taken;
    /// None before the ring is first used.
    pub fn pointers(&self, side: Side, ring: Ring, queue: u32, position: u32) -> Option<[u32; 4]> {
        let log = self.ring(side, ring, queue);
        let [first, second, third] = log.counts(position);
        let id = |count: u32| log.base + count % self.slots;
        // Their clocks apart, the NIC may seem to be done with what the driver is about to post.
        let less = |a: u32, b: u32| a.saturating_sub(b);
        let pointers = match ring {
            Ring::Tx => [id(second), id(third + self.slots - 1), less(second, third), less(first, second)],
            Ring::Rx => [id(first), id(second + self.slots - 1), less(first, second), less(second, third)],
        };
        (first > 0).then_some(pointers)
    }

    /// Whether the run has a place.
    pub fn has_place(&self, place: Place) -> bool {
        match place {
            Place::Slot { queue, slot, .. } => queue < self.queues && slot < self.slots,
            Place::Socket { thread, .. } => (thread as usize) < self.threads.len(),
        }
    }

    /// A slot of a ring at a position.
    pub fn slot(&self, side: Side, ring: Ring, (queue, slot): (u32, u32), position: u32) -> Slot {
        let log = self.ring(side, ring, queue);
        let begun = log.counts(position)[0];
        let nth = (begun > slot).then(|| slot + (begun - 1 - slot) / self.slots * self.slots);
        let now = nth.map(|nth| log.used(ring, nth));
        let next = log.used(ring, nth.map_or(slot, |nth| nth + self.slots));
        let steps = now.map_or(0, |now| now.at.iter().filter(|at| **at <= position).count());
        let of = now.filter(|now| now.packet != Event::NONE && now.at[ring.steps().1] <= position);
        let track = of.and_then(|now| self.track(side, now.packet)).filter(|_| ring == Ring::Tx);
        let recycled = track.map_or(NEVER, |track| track.at(Stage::Completion));
        // A TX slot keeps its packet until the driver has recycled it.
        let inside = steps < 3 || track.is_some() && recycled > position;
        let packet = of.map(|now| now.packet).filter(|_| inside);
        let part = packet.zip(nth).and_then(|(packet, nth)| {
            let uses = self.uses(side, packet)?;
            Some((nth.checked_sub(uses.first)? + 1, uses.count))
        });
        Slot {
            id: log.base + slot,
            now,
            next: Some(next).filter(|next| next.at[0] != NEVER),
            steps,
            recycled,
            packet,
            part: part.unwrap_or((1, 1)),
        }
    }

    /// The uses of slots by a packet, the first one by its number among all uses.
    fn uses(&self, side: Side, packet: u32) -> Option<Slots> {
        let track = self.track(side, packet).filter(|track| track.queue != Event::NONE)?;
        let (ring, queue) = (if track.up { Ring::Rx } else { Ring::Tx }, track.queue);
        let (log, of) = (self.ring(side, ring, queue), ring.steps().1);
        let steps = &log.steps[of];
        let from = steps.partition_point(|step| step.at < track.start());
        let own = from
            + steps[from..]
                .iter()
                .take_while(|step| step.at <= track.end())
                .position(|step| step.packet == packet)?;
        let before = own.checked_sub(1).map_or(0, |before| steps[before].count);
        Some(Slots { ring, queue, first: before, count: steps[own].count - before })
    }

    /// The slots that a packet has or had in a lane.
    pub fn slots_of(&self, side: Side, packet: u32) -> Option<Slots> {
        let uses = self.uses(side, packet)?;
        Some(Slots { first: uses.first % self.slots, ..uses })
    }

    /// The slots of a lane that a selected one stands for: in its own lane itself; in the other one those of the packet in
    /// it, or without a packet the one of the same number.
    pub fn linked(&self, side: Side, place: Place, position: u32) -> Option<Slots> {
        let Place::Slot { side: own, ring, queue, slot } = place else { return None };
        match self.slot(own, ring, (queue, slot), position).packet.filter(|_| side != own) {
            Some(packet) => self.slots_of(side, packet),
            None => Some(Slots { ring, queue, first: slot, count: 1 }),
        }
    }

    /// The slot of a ring with which something happens next at a position: which the NIC reads or fills.
    pub fn next_slot(&self, side: Side, ring: Ring, queue: u32, position: u32) -> u32 {
        self.ring(side, ring, queue).counts(position)[ring.steps().0] % self.slots
    }

    /// That slot as a place.
    pub fn next_place(&self, side: Side, ring: Ring, queue: u32, position: u32) -> Place {
        Place::Slot { side, ring, queue, slot: self.next_slot(side, ring, queue, position) }
    }

    /// A thread's socket at a position.
    pub fn socket(&self, side: Side, thread: u32, position: u32) -> Socket {
        let lane = &self.lanes[side as usize];
        let mut socket = Socket::default();
        let add = |sum: &mut (u32, u64), len: u32| *sum = (sum.0 + 1, sum.1 + u64::from(len));
        for call in lane.calls.iter().filter(|call| call.thread == thread) {
            add(&mut socket.sent_all, call.len);
            if call.at <= position {
                add(&mut socket.sent, call.len);
                socket.last = Some(*call);
            } else {
                socket.next = socket.next.or(Some(*call));
            }
        }
        for track in lane.tracks.iter().filter(|track| track.thread == thread && track.start() != NEVER) {
            let recv = track.at(Stage::Recv);
            if track.up && track.has_payload() {
                if recv <= position {
                    add(&mut socket.received, track.len);
                } else if track.at(Stage::SocketIn) <= position {
                    add(&mut socket.waiting, track.len);
                }
                if recv != NEVER {
                    add(&mut socket.received_all, track.len);
                }
            } else if !track.up && track.start() <= position {
                socket.under_way += u32::from(track.end() > position && track.at(Stage::Wire) > position);
            }
        }
        socket
    }

    /// Copies that a thread's calls and packets have caused in a lane so far, and their bytes.
    pub fn copied_by(&self, side: Side, thread: u32, position: u32) -> (u32, u64) {
        let mut sum = (0, 0);
        for at in self.series[side as usize].copied.changes().iter().take_while(|at| **at <= position) {
            let Some((_, Event { kind: Kind::Copy { bytes, .. }, packet, .. })) = self.event(*at) else {
                continue;
            };
            // What has no packet yet is of the call that it follows.
            let track = self.track(side, packet).map(|track| track.thread);
            if track.or_else(|| Some(self.called(side, *at).next()?.thread)) == Some(thread) {
                sum = (sum.0 + 1, sum.1 + u64::from(bytes));
            }
        }
        sum
    }
}
