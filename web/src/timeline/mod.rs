//! A run as the page knows it: the events of both lanes merged on the clock of packet stages, and what can be asked of
//! any position in them. Everything drawn comes from here.
//!
//! A *position* is a number of merged events that have happened, `0..=len`. Both lanes enter a stage in one merged event;
//! what else happens in a stage follows it, left lane first.

mod columns;
mod panel;
mod series;

pub use columns::{COLUMNS, columns};
pub use panel::Panel;
pub use series::Series;

use snapstack::sim::{EVENT_WORDS, Event, Kind, Stage};

/// A position that has not come (yet).
pub const NEVER: u32 = u32::MAX;

/// The lanes: the scheme of today on the left, snapshots on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The conventional scheme.
    Left,
    /// The snapshot scheme.
    Right,
}

impl Side {
    /// Both, left first.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];
}

/// One call of `send()`, as far as the picture needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendInfo {
    /// The flow.
    pub flow: u32,
    /// The captured packet's number, from 1.
    pub frame: u32,
    /// Payload bytes.
    pub len: u32,
    /// First of its lines in [`Traffic::lines`].
    pub first_line: u32,
    /// Lines of the payload.
    pub lines: u32,
}

/// What the page knows of the traffic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Traffic {
    /// The sends in order.
    pub sends: Vec<SendInfo>,
    /// A label for each flow.
    pub flows: Vec<String>,
    /// Content of every payload line, numbered by first appearance.
    pub lines: Vec<u32>,
    /// A hash of each different content, for its colour and glyph.
    pub glyphs: Vec<u32>,
    /// Bytes a line.
    pub line_size: u32,
    /// The column of each flow.
    pub columns: Vec<u8>,
}

impl Traffic {
    /// Contents of a send's lines.
    pub fn contents(&self, send: u32) -> &[u32] {
        let info = &self.sends[send as usize];
        &self.lines[info.first_line as usize..][..info.lines as usize]
    }
}

/// A packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketTrack {
    /// Its send.
    pub send: u32,
    /// First payload byte.
    pub offset: u32,
    /// Payload bytes.
    pub len: u32,
    /// Position from which on it is in each stage; [`NEVER`] before that is known.
    pub stages: [u32; 9],
    /// Whether both lanes put the same frame on the wire; None before that is known.
    pub identical: Option<bool>,
}

impl PacketTrack {
    /// The stage it is in at a position.
    pub fn stage(&self, position: u32) -> Option<Stage> {
        Stage::DOWN.into_iter().rev().find(|stage| self.stages[*stage as usize] <= position)
    }
}

/// A send's time in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendTrack {
    /// Position from which on its payload is in the application's buffer.
    pub at: u32,
    /// First of its packets.
    pub first_packet: u32,
    /// Position from which on no buffer holds the payload, by side.
    pub dead: [u32; 2],
}

/// Counters of one lane.
#[derive(Clone, Debug, PartialEq)]
pub struct LaneSeries {
    /// Bytes copied.
    pub copied: Series,
    /// Calls to allocators.
    pub allocations: Series,
    /// Dedup ratio, held.
    pub held: Series,
    /// Dedup ratio, cumulative.
    pub cumulative: Series,
    /// Segment map entries written.
    pub map_entries: Series,
    /// Slots: TX Head, TX Tail, owned by the NIC, filled and not posted.
    pub ring: [Series; 4],
}

impl LaneSeries {
    fn new() -> Self {
        Self {
            copied: Series::new(0.0),
            allocations: Series::new(0.0),
            held: Series::new(1.0),
            cumulative: Series::new(1.0),
            map_entries: Series::new(0.0),
            ring: std::array::from_fn(|_| Series::new(0.0)),
        }
    }
}

#[derive(Default)]
struct Lane {
    words: Vec<u32>,
    merged: usize,
    requested: f64,
    new: f64,
}

impl Lane {
    fn event(&self, index: usize) -> Option<Event> {
        let words = self.words.get(index * EVENT_WORDS..(index + 1) * EVENT_WORDS)?;
        Event::decode(words.try_into().ok()?)
    }

    fn len(&self) -> usize {
        self.words.len() / EVENT_WORDS
    }

    /// Index of the next stage event at or after `from`.
    fn next_stage(&self, from: usize) -> Option<usize> {
        (from..self.len()).find(|i| self.words[i * EVENT_WORDS + 2] & 0xff == 0)
    }
}

/// A merged run.
pub struct Timeline {
    /// The traffic it is a run of.
    pub traffic: Traffic,
    /// Packets by creation.
    pub packets: Vec<PacketTrack>,
    /// Sends by index; those that have not run have `at` [`NEVER`].
    pub sends: Vec<SendTrack>,
    /// Sends in the order in which they ran.
    pub order: Vec<u32>,
    /// Counters by side.
    pub series: [LaneSeries; 2],
    /// Payloads that came (true) or died, by side, in order of position.
    pub payloads: [Vec<(u32, u32, bool)>; 2],
    lanes: [Lane; 2],
    /// Top bit: right lane; low bits: index in that lane. Stage events stand once, as the left lane's.
    merged: Vec<u32>,
    frames: Vec<[u64; 2]>,
    current: u32,
    complete: bool,
}

const RIGHT: u32 = 1 << 31;

impl Timeline {
    /// A run without events.
    pub fn new(traffic: Traffic) -> Self {
        let track = SendTrack { at: NEVER, first_packet: NEVER, dead: [NEVER; 2] };
        Self {
            sends: vec![track; traffic.sends.len()],
            traffic,
            packets: Vec::new(),
            order: Vec::new(),
            series: [LaneSeries::new(), LaneSeries::new()],
            payloads: [Vec::new(), Vec::new()],
            lanes: [Lane::default(), Lane::default()],
            merged: Vec::new(),
            frames: Vec::new(),
            current: NEVER,
            complete: false,
        }
    }

    /// Merged events so far.
    pub fn len(&self) -> u32 {
        self.merged.len() as u32
    }

    /// Whether there is no event yet.
    pub fn is_empty(&self) -> bool {
        self.merged.is_empty()
    }

    /// Whether all events are in.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The event that brings the run to `position` (from 1), and whose it is; stage events are both lanes'.
    pub fn event(&self, position: u32) -> Option<(Option<Side>, Event)> {
        let entry = *self.merged.get(position.checked_sub(1)? as usize)?;
        let side = if entry & RIGHT != 0 { Side::Right } else { Side::Left };
        let event = self.lanes[side as usize].event((entry & !RIGHT) as usize)?;
        Some((if matches!(event.kind, Kind::Stage { .. }) { None } else { Some(side) }, event))
    }

    /// Takes a batch of one lane's events.
    pub fn push(&mut self, side: Side, words: &[u32]) {
        self.lanes[side as usize].words.extend_from_slice(words);
        self.merge();
    }

    /// No more events will come.
    pub fn finish(&mut self) {
        for side in Side::BOTH {
            let end = self.lanes[side as usize].len();
            self.take(side, end);
        }
        self.complete = true;
    }

    fn merge(&mut self) {
        loop {
            let [left, right] = &self.lanes;
            let (Some(l), Some(r)) = (left.next_stage(left.merged), right.next_stage(right.merged)) else {
                return;
            };
            self.take(Side::Left, l);
            self.take(Side::Right, r);
            // The stage itself: once for both.
            self.lanes[1].merged += 1;
            self.take(Side::Left, l + 1);
        }
    }

    /// Merges a lane's events before index `end`.
    fn take(&mut self, side: Side, end: usize) {
        while self.lanes[side as usize].merged < end {
            let index = self.lanes[side as usize].merged;
            self.lanes[side as usize].merged += 1;
            let Some(event) = self.lanes[side as usize].event(index) else { continue };
            self.merged.push(index as u32 | if side == Side::Right { RIGHT } else { 0 });
            self.apply(side, &event);
        }
    }

    fn apply(&mut self, side: Side, event: &Event) {
        let at = self.merged.len() as u32;
        let series = &mut self.series[side as usize];
        match event.kind {
            Kind::Stage { stage: Stage::Send, send, .. } => {
                self.current = send;
                self.order.push(send);
                if let Some(track) = self.sends.get_mut(send as usize) {
                    track.at = at;
                    for payloads in &mut self.payloads {
                        payloads.push((at, send, true));
                    }
                }
            }
            Kind::Stage { stage, send, offset, len } => {
                let packet = event.packet as usize;
                if packet == self.packets.len() {
                    let mut stages = [NEVER; 9];
                    stages[0] = self.sends.get(send as usize).map_or(NEVER, |track| track.at);
                    self.packets.push(PacketTrack { send, offset, len, stages, identical: None });
                    self.frames.push([0; 2]);
                    if let Some(track) = self.sends.get_mut(send as usize)
                        && track.first_packet == NEVER
                    {
                        track.first_packet = event.packet;
                    }
                }
                let track = self.packets.get_mut(packet);
                if let Some(position) = track.and_then(|track| track.stages.get_mut(stage as usize)) {
                    *position = at;
                }
            }
            Kind::AppWrite { requested, new, .. } => {
                let lane = &mut self.lanes[side as usize];
                lane.requested += f64::from(requested);
                lane.new += f64::from(new);
                if lane.new > 0.0 {
                    series.cumulative.set(at, lane.requested / lane.new);
                }
            }
            Kind::Copy { bytes, .. } => series.copied.add(at, f64::from(bytes)),
            Kind::Allocate { .. } => series.allocations.add(at, 1.0),
            Kind::MapEntries { count } => series.map_entries.add(at, f64::from(count)),
            Kind::Held { references, distinct } => {
                let ratio = if distinct == 0 { 1.0 } else { f64::from(references) / f64::from(distinct) };
                series.held.set(at, ratio);
            }
            Kind::Ring { head, tail, owned, unposted } => {
                let values = [head, tail, u32::from(owned), u32::from(unposted)];
                for (series, value) in series.ring.iter_mut().zip(values) {
                    series.set(at, f64::from(value));
                }
            }
            Kind::Frame { hash, .. } => {
                if let Some(frame) = self.frames.get_mut(event.packet as usize) {
                    frame[side as usize] = hash;
                    if frame[0] != 0 && frame[1] != 0 {
                        self.packets[event.packet as usize].identical = Some(frame[0] == frame[1]);
                    }
                }
            }
            Kind::PayloadDead { send } => {
                if let Some(track) = self.sends.get_mut(send as usize) {
                    track.dead[side as usize] = at;
                    self.payloads[side as usize].push((at, send, false));
                }
            }
            Kind::Free { .. }
            | Kind::Lines { .. }
            | Kind::Dma { .. }
            | Kind::RxRing { .. }
            | Kind::Drop { .. }
            | Kind::Retransmission { .. }
            | Kind::Fault { .. }
            | Kind::Thread { .. } => {}
        }
    }

    /// All events of a packet (and of its send, for the first of them), with their positions.
    pub fn events_of(&self, packet: u32) -> Vec<(u32, Option<Side>, Event)> {
        let Some(track) = self.packets.get(packet as usize) else { return Vec::new() };
        let send = self.sends[track.send as usize];
        let mut found = Vec::new();
        if send.first_packet == packet {
            // Events without a packet follow their send's stage event directly.
            for position in send.at..=self.len() {
                match self.event(position) {
                    Some((side, event)) if event.packet == Event::NONE => {
                        let another = side.is_none() && position != send.at;
                        if another {
                            break;
                        }
                        found.push((position, side, event));
                    }
                    _ => break,
                }
            }
        }
        let last = track.stages[8].min(self.len());
        // What the completion caused follows its stage event.
        let last = (last..self.len())
            .take_while(|position| self.event(position + 1).is_some_and(|(side, _)| side.is_some()))
            .last()
            .map_or(last, |position| position + 1);
        for position in track.stages[1]..=last {
            if let Some((side, event)) = self.event(position)
                && event.packet == packet
            {
                found.push((position, side, event));
            }
        }
        found
    }

    /// The packets that are between socket and completion at a position, oldest first.
    pub fn in_flight(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        let end = self.packets.partition_point(|packet| packet.stages[1] <= position);
        // Packets complete nearly in order: one that is this much older than the newest is done.
        let start = end.saturating_sub(4096);
        (start..end).filter(move |i| self.packets[*i].stages[8] > position).map(|i| i as u32)
    }

    /// The sends whose payload waits in the application's buffer for its first packet at a position.
    pub fn calling(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        let end = self.order.partition_point(|send| self.sends[*send as usize].at <= position);
        let start = end.saturating_sub(1024);
        self.order[start..end].iter().copied().filter(move |send| {
            let first = self.sends[*send as usize].first_packet;
            first == NEVER || self.packets[first as usize].stages[1] > position
        })
    }

    /// The latest frames on the wire at a position, newest first.
    pub fn on_wire(&self, position: u32) -> impl Iterator<Item = u32> + '_ {
        let end = self.packets.partition_point(|packet| packet.stages[7] <= position);
        (0..end.min(64))
            .map(move |i| (end - 1 - i) as u32)
            .filter(move |packet| self.packets[*packet as usize].stages[7] <= position)
    }

    /// Simulated time at a position, in nanoseconds.
    pub fn time_ns(&self, position: u32) -> u64 {
        self.event(position).map_or(0, |(_, event)| event.time_ns)
    }

    /// The first packet of the send that carries the captured packet `frame`.
    pub fn packet_of_frame(&self, frame: u32) -> Option<u32> {
        let send = self.traffic.sends.iter().position(|send| send.frame == frame)?;
        Some(self.sends[send].first_packet).filter(|packet| *packet != NEVER)
    }
}

#[cfg(test)]
pub(crate) mod tests;
