//! Merging the records of both lanes, and taking in what each says.

use std::rc::Rc;

use snapstack::order::sort_by_number;
use snapstack::sim::{EVENT_WORDS, Event, FaultKind, Kind, Stage, ThreadState};

use super::track::{Call, NEVER, Track, Write};
use super::{BOTH, RIGHT, Ring, Side, Timeline, columns};

/// Codes of the records that both lanes make alike: stages and threads (`Event::encode`).
const SHARED: [u32; 2] = [0, 16];
/// Least number of new events after which columns are chosen anew, and at least one in so many of those that are there: all of
/// them are looked at.
const RECOLUMN: (usize, usize) = (4096, 4);

fn is_shared(record: &[u32; EVENT_WORDS]) -> bool {
    SHARED.contains(&(record[2] & 0xff))
}

impl Timeline {
    /// Takes a batch of one lane's events, the lines of the contents in them, and the hashes of lines that are new.
    pub fn push(&mut self, side: Side, words: &[u32], contents: &[u32], glyphs: &[u32]) {
        self.glyphs.extend_from_slice(glyphs);
        let lane = &mut self.lanes[side as usize];
        lane.contents.tell(contents);
        lane.words.extend_from_slice(words);
        self.merge();
        let events = self.merged.len();
        if events - self.chosen > RECOLUMN.0.max(events / RECOLUMN.1) {
            self.choose_columns();
        }
    }

    /// Takes the ports of a lane's packets: number, and source below destination.
    pub fn tell_ports(&mut self, side: Side, words: &[u32]) {
        let list = &mut self.lanes[side as usize].ports;
        for [packet, ports] in words.as_chunks().0 {
            let packet = *packet as usize;
            // Numbers follow each other; whatever else comes is not believed.
            if packet >= list.len() + (1 << 20) {
                continue;
            }
            list.resize(list.len().max(packet + 1), [0; 2]);
            list[packet] = [*ports as u16, (*ports >> 16) as u16];
        }
    }

    /// No more events will come.
    pub fn finish(&mut self) {
        self.merge();
        let ends = self.lanes.each_ref().map(super::Lane::len);
        // What is left stands in one lane only: by time.
        loop {
            let time = |side: Side| {
                let lane = &self.lanes[side as usize];
                (lane.merged < ends[side as usize]).then(|| lane.event(lane.merged).map_or(0, |e| e.time_ns))
            };
            let side = match (time(Side::Left), time(Side::Right)) {
                (Some(left), Some(right)) if right < left => Side::Right,
                (Some(_), _) => Side::Left,
                (None, Some(_)) => Side::Right,
                (None, None) => break,
            };
            self.take(side, false);
        }
        self.complete = true;
        self.choose_columns();
    }

    fn choose_columns(&mut self) {
        self.chosen = self.merged.len();
        let lane = &self.lanes[1];
        let sent = lane.calls.iter().map(|call| (call.at, call.thread));
        let received = lane.starts.iter().filter_map(|(at, packet)| {
            let track = &lane.tracks[*packet as usize];
            track.up.then_some((*at, track.thread))
        });
        let mut used: Vec<(u32, u32)> = sent.chain(received).collect();
        sort_by_number(&mut used, |(at, thread)| u64::from(*at) << 32 | u64::from(*thread));
        let threads = self.threads.len();
        let used = used.into_iter().map(|(_, thread)| thread).filter(|thread| (*thread as usize) < threads);
        let used: Vec<u32> = used.collect();
        self.columns = columns(threads, used.iter().copied());
    }

    /// Index of the next shared record at or after what is merged.
    fn next_shared(&self, side: Side) -> Option<usize> {
        let lane = &self.lanes[side as usize];
        (lane.merged..lane.len()).find(|index| lane.record(*index).is_some_and(is_shared))
    }

    fn merge(&mut self) {
        loop {
            let (Some(left), Some(right)) = (self.next_shared(Side::Left), self.next_shared(Side::Right))
            else {
                return;
            };
            let [one, two] = &self.lanes;
            let (Some(a), Some(b)) = (one.record(left), two.record(right)) else { return };
            if a == b {
                self.take_until(Side::Left, left);
                self.take_until(Side::Right, right);
                self.take(Side::Left, true);
                continue;
            }
            // The lanes differ: the earlier goes first, alone.
            let time = |record: &[u32; EVENT_WORDS]| u64::from(record[0]) | u64::from(record[1]) << 32;
            if time(b) < time(a) {
                self.take_until(Side::Right, right + 1);
            } else {
                self.take_until(Side::Left, left + 1);
            }
        }
    }

    /// Merges a lane's events before index `end`.
    fn take_until(&mut self, side: Side, end: usize) {
        while self.lanes[side as usize].merged < end {
            self.take(side, false);
        }
    }

    /// Merges a lane's next event, or both lanes'.
    fn take(&mut self, side: Side, both: bool) {
        let index = self.lanes[side as usize].merged;
        let event = self.lanes[side as usize].event(index);
        self.lanes[side as usize].merged += 1;
        if both {
            self.lanes[1 - side as usize].merged += 1;
        }
        let Some(event) = event else { return };
        let flags = if both {
            BOTH
        } else if side == Side::Right {
            RIGHT
        } else {
            0
        };
        self.merged.push(index as u32 | flags);
        let now = self.clock.last().max(event.time_ns as f64);
        Rc::make_mut(&mut self.clock).set(self.merged.len() as u32, now);
        self.apply(side, &event);
        if both {
            self.apply(Side::Right, &event);
        }
    }

    fn apply(&mut self, side: Side, event: &Event) {
        let at = self.merged.len() as u32;
        let series = &mut Rc::make_mut(&mut self.series)[side as usize];
        let lane = &mut self.lanes[side as usize];
        match event.kind {
            Kind::Stage { stage: Stage::Send, send, offset, len } => {
                lane.calls.push(Call { at, thread: lane.thread, write: send, offset, len });
                // A buffer that threads share belongs to whoever sends from it.
                if let Some(write) = lane.writes.get_mut(send as usize)
                    && write.thread == Event::NONE
                {
                    write.thread = lane.thread;
                }
            }
            Kind::Stage { stage, send, offset, len } => {
                lane.enter(at, event.packet, stage, (send, offset, len));
            }
            Kind::AppWrite { bytes, .. } => {
                lane.written = Some((at, bytes));
            }
            Kind::Content { origin, content, send, .. } => {
                lane.contents.born(at, content, origin, send, event.packet);
                if let Some((at, len)) = lane.written.take_if(|_| send != Event::NONE) {
                    let index = send as usize;
                    if lane.writes.len() <= index {
                        lane.writes.resize(index + 1, Write::NONE);
                    }
                    lane.writes[index] = Write { at, thread: lane.thread, content, len };
                }
                if let Some(track) = lane.tracks.get_mut(event.packet as usize)
                    && track.up
                {
                    track.content = content;
                }
            }
            Kind::ContentGone { content } => lane.contents.gone(at, content),
            Kind::DataLines { requested, new, zero } => {
                let (all, distinct, zeros) = &mut lane.lookups;
                *all += f64::from(requested);
                *distinct += f64::from(new);
                *zeros |= zero > 0;
                let lines = *distinct + f64::from(u8::from(*zeros));
                if lines > 0.0 {
                    series.cumulative.set(at, *all / lines);
                }
            }
            Kind::Copy { bytes, .. } => series.copied.add(at, f64::from(bytes)),
            Kind::Allocate { .. } => series.allocations.add(at, 1.0),
            Kind::MapEntries { count } => series.map_entries.add(at, f64::from(count)),
            Kind::Held { references, distinct } => {
                let ratio = if distinct == 0 { 1.0 } else { f64::from(references) / f64::from(distinct) };
                series.held.set(at, ratio);
            }
            Kind::Gauges { footprint, bus, accesses } => {
                series.footprint.set(at, f64::from(footprint));
                series.bus.add(at, f64::from(bus));
                series.accesses.add(at, f64::from(accesses));
            }
            Kind::Ring { queue, tail, owned, unposted, .. } => {
                let pointers = [tail, owned.into(), unposted.into()];
                lane.turn(self.slots, (Ring::Tx, queue), (at, event.packet), pointers);
            }
            Kind::RxRing { queue, tail, owned, waiting, .. } => {
                let pointers = [tail, owned.into(), waiting.into()];
                lane.turn(self.slots, (Ring::Rx, queue), (at, event.packet), pointers);
            }
            Kind::Frame { hash, .. } => {
                if let Some(track) = lane.tracks.get_mut(event.packet as usize) {
                    track.frames = track.frames.rotate_left(7) ^ hash | 1;
                    let index = lane.frames.len() as u32;
                    lane.frames.push(event.packet);
                    if lane.lost.contains(&index) {
                        track.lost = at;
                    }
                }
            }
            Kind::Drop { .. } => {
                lane.marks.drops.push(at);
                if let Some(track) = lane.tracks.get_mut(event.packet as usize) {
                    track.dropped = at;
                }
            }
            Kind::Retransmission { len, .. } => {
                lane.marks.resent.push(at);
                if let Some(track) = lane.tracks.get_mut(event.packet as usize) {
                    track.resent += len;
                }
            }
            Kind::Fault { fault, from_peer, frame } => {
                lane.marks.faults.push(at);
                if fault == FaultKind::Lost && !from_peer {
                    // Told when the frame is handed over, which on a busy link is before it is on the wire.
                    match lane.frames.get(frame as usize) {
                        Some(packet) => lane.tracks[*packet as usize].lost = at,
                        None => lane.lost.push(frame),
                    }
                }
            }
            Kind::Thread { state, thread, .. } => {
                lane.thread = if state == ThreadState::Runs { thread } else { Event::NONE };
            }
            Kind::Free { .. } | Kind::Lines { .. } | Kind::Dma { .. } => {}
        }
    }
}

impl super::Lane {
    /// A queue's ring has turned, by what the NIC or the driver did to a packet.
    fn turn(&mut self, slots: u32, (ring, queue): (Ring, u16), (at, packet): (u32, u32), pointers: [u32; 3]) {
        let track = self.tracks.get_mut(packet as usize);
        let nic = track.as_ref().is_some_and(|track| match ring {
            Ring::Tx => track.stage(at) == Some(Stage::Dma),
            Ring::Rx => track.at(Stage::DriverIn) > at,
        });
        let Some(rings) = self.rings.get_mut(usize::from(queue)) else { return };
        let put_in = rings[ring as usize].push((ring, slots, nic), (at, packet), pointers);
        if let Some(track) = track.filter(|track| put_in && track.up == (ring == Ring::Rx)) {
            track.queue = queue.into();
        }
    }

    /// A packet or frame enters a stage.
    fn enter(&mut self, at: u32, packet: u32, stage: Stage, (send, offset, len): (u32, u32, u32)) {
        let index = packet as usize;
        // Subjects are numbered by creation, but their records need not come in that order.
        if packet == Event::NONE || index > self.tracks.len() + (1 << 20) {
            return;
        }
        let up = stage as usize >= Stage::WireIn as usize;
        while self.tracks.len() <= index {
            self.tracks.push(Track::new(up));
        }
        let track = &mut self.tracks[index];
        if track.stages == [NEVER; 9] {
            *track = Track::new(up);
            self.starts.push((at, packet));
        }
        if up {
            track.thread = if send == Event::NONE { track.thread } else { send };
            if stage == Stage::Recv && self.thread != Event::NONE {
                track.thread = self.thread;
            }
            if track.at(Stage::SocketIn) == NEVER || stage == Stage::SocketIn {
                (track.offset, track.len) = (offset, len);
            }
        } else if len > 0 {
            (track.write, track.offset, track.len) = (send, offset, len);
            let write = self.writes.get(send as usize);
            if track.thread == Event::NONE {
                // Of the calls for these bytes the latest is this packet's, but for retransmissions.
                let of = |call: &&Call| {
                    call.write == send && (call.offset..call.offset + call.len).contains(&offset)
                };
                let call = self.calls.iter().rev().take(64).find(of);
                track.thread = call.map_or(write.map_or(Event::NONE, |write| write.thread), |c| c.thread);
            }
        } else if offset != Event::NONE && send == Event::NONE {
            track.thread = offset;
        }
        let slot = &mut track.stages[Track::slot(stage)];
        if *slot == NEVER {
            *slot = at;
        }
        match stage {
            Stage::Wire => self.departures.push((at, packet)),
            Stage::WireIn => self.arrivals.push((at, packet)),
            _ => {}
        }
    }
}
