//! What can be asked of a position.

use snapstack::order::sort_by_number;
use snapstack::sim::{Change, Event, FaultKind, Kind, Stage};

use super::track::{Call, NEVER, Track, Write};
use super::{BOTH, Contents, INDEX, Passing, RIGHT, Side, Timeline};

/// Packets and frames looked back over for those that are under way: older ones are done.
const LOOK_BACK: usize = 4096;

/// What to jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// A ledger copy.
    Copy,
    /// Something dropped.
    Drop,
    /// An injected fault, or a change.
    Fault,
    /// Bytes sent again.
    Retransmission,
    /// A moment to come back to, of which the run knows nothing.
    Bookmark,
}

impl Jump {
    /// All, in the order of the controls.
    pub const ALL: [Self; 5] = [Self::Copy, Self::Drop, Self::Fault, Self::Retransmission, Self::Bookmark];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Drop => "drop",
            Self::Fault => "fault",
            Self::Retransmission => "retransmission",
            Self::Bookmark => "bookmark",
        }
    }
}

impl Timeline {
    /// The event that brings the run to `position` (from 1), and whose it is; what both lanes do is nobody's.
    pub fn event(&self, position: u32) -> Option<(Option<Side>, Event)> {
        let entry = *self.merged.get(position.checked_sub(1)? as usize)?;
        let side = if entry & RIGHT != 0 { Side::Right } else { Side::Left };
        let event = self.lanes[side as usize].event((entry & INDEX) as usize)?;
        Some((if entry & BOTH != 0 { None } else { Some(side) }, event))
    }

    /// Simulated time at a position, in nanoseconds.
    pub fn time_ns(&self, position: u32) -> u64 {
        self.event(position).map_or(0, |(_, event)| event.time_ns)
    }

    /// How many of a lane's events have happened at a position. O(position).
    pub fn events(&self, side: Side, position: u32) -> u32 {
        let merged = &self.merged[..(position as usize).min(self.merged.len())];
        let own = |entry: &&u32| match side {
            Side::Left => **entry & RIGHT == 0,
            Side::Right => **entry & (RIGHT | BOTH) != 0,
        };
        merged.iter().filter(own).count() as u32
    }

    /// The last position at or before a time.
    pub fn position_at(&self, time_ns: u64) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            if self.time_ns(middle) <= time_ns { low = middle } else { high = middle - 1 }
        }
        low
    }

    /// A lane's contents.
    pub fn contents(&self, side: Side) -> &Contents {
        &self.lanes[side as usize].contents
    }

    /// A packet's way in a lane.
    pub fn track(&self, side: Side, packet: u32) -> Option<&Track> {
        self.lanes[side as usize].tracks.get(packet as usize).filter(|track| track.start() != NEVER)
    }

    /// A packet's source and destination port in a lane; zeros if it has none.
    pub fn ports(&self, side: Side, packet: u32) -> [u16; 2] {
        self.lanes[side as usize].ports.get(packet as usize).copied().unwrap_or_default()
    }

    /// Packets and frames that a lane has numbered.
    pub fn packets(&self, side: Side) -> u32 {
        self.lanes[side as usize].tracks.len() as u32
    }

    /// A write of the application in a lane.
    pub fn write(&self, side: Side, write: u32) -> Option<&Write> {
        self.lanes[side as usize].writes.get(write as usize).filter(|write| write.at != NEVER)
    }

    /// A lane's writes, by index.
    pub fn writes(&self, side: Side) -> &[Write] {
        &self.lanes[side as usize].writes
    }

    /// A lane's calls of `send()`, in order.
    pub fn calls(&self, side: Side) -> &[Call] {
        &self.lanes[side as usize].calls
    }

    /// The calls that have happened at a position, newest first.
    pub fn called(&self, side: Side, position: u32) -> impl Iterator<Item = &Call> {
        let calls = self.calls(side);
        calls[..calls.partition_point(|call| call.at <= position)].iter().rev()
    }

    /// Line numbers of the payload bytes that a packet carries, as far as they are known.
    pub fn lines_of(&self, side: Side, track: &Track) -> &[u32] {
        let content = if track.up {
            track.content
        } else {
            self.write(side, track.write).map_or(NEVER, |write| write.content)
        };
        self.part(side, content, track.offset, track.len)
    }

    /// Line numbers of bytes `offset..offset + len` of a content.
    pub fn part(&self, side: Side, content: u32, offset: u32, len: u32) -> &[u32] {
        let lines = self.contents(side).lines(content);
        let (from, to) = (offset / self.line_size, offset.saturating_add(len).div_ceil(self.line_size));
        lines.get(from as usize..(to as usize).min(lines.len())).unwrap_or_default()
    }

    /// Whether both lanes put the same frames on the wire; None before that is known.
    pub fn identical(&self, packet: u32) -> Option<bool> {
        let frames = |side| self.track(side, packet).map(|track| track.frames).filter(|frames| *frames != 0);
        Some(frames(Side::Left)? == frames(Side::Right)?)
    }

    /// The packets and frames that are under way at a position, oldest first.
    pub fn in_flight(&self, side: Side, position: u32) -> impl Iterator<Item = u32> + '_ {
        let lane = &self.lanes[side as usize];
        let end = lane.starts.partition_point(|(at, _)| *at <= position);
        let recent = &lane.starts[end.saturating_sub(LOOK_BACK)..end];
        recent
            .iter()
            .map(|(_, packet)| *packet)
            .filter(move |packet| lane.tracks[*packet as usize].end() > position)
    }

    /// The latest packets on the wire at a position, newest first.
    pub fn departed(&self, side: Side, position: u32) -> impl Iterator<Item = u32> + '_ {
        let list = &self.lanes[side as usize].departures;
        list[..list.partition_point(|(at, _)| *at <= position)].iter().rev().map(|(_, packet)| *packet)
    }

    /// The latest frames that have arrived at a position, newest first.
    pub fn arrived(&self, side: Side, position: u32) -> impl Iterator<Item = u32> + '_ {
        let list = &self.lanes[side as usize].arrivals;
        list[..list.partition_point(|(at, _)| *at <= position)].iter().rev().map(|(_, packet)| *packet)
    }

    /// How many frames of the shown host were on the wire before a packet's first, as the link counts them, and how many are its
    /// own.
    pub fn frames_of(&self, packet: u32) -> Option<(u32, u32)> {
        let list = &self.lanes[Side::Right as usize].frames;
        let first = list.iter().position(|other| *other == packet)?;
        let own = list[first..].iter().take_while(|other| **other == packet);
        Some((first as u32, own.count() as u32))
    }

    /// How many frames arrived before one; that is how the link counts them as long as it has lost and doubled none.
    pub fn arrival_index(&self, packet: u32) -> Option<u32> {
        let list = &self.lanes[Side::Right as usize].arrivals;
        list.iter().position(|(_, arrived)| *arrived == packet).map(|index| index as u32)
    }

    /// The packet whose frame was so many frames after the first on the link, sent or arrived; with how many of its own frames
    /// were before that, and how many they are.
    pub fn on_link(&self, arrived: bool, index: u32) -> Option<(u32, u32, u32)> {
        let lane = &self.lanes[Side::Right as usize];
        if arrived {
            return lane.arrivals.get(index as usize).map(|(_, packet)| (*packet, 0, 1));
        }
        let packet = *lane.frames.get(index as usize)?;
        self.frames_of(packet).map(|(first, own)| (packet, index - first, own))
    }

    /// The packet of a frame that a lane has sent, by the frame's number on the link.
    pub(super) fn packet_sent(&self, side: Side, frame: u32) -> Option<u32> {
        self.lanes[side as usize].frames.get(frame as usize).copied()
    }

    /// Where a change happened, in either lane; None if it did not.
    pub fn change_at(&self, change: &Change) -> Option<u32> {
        let wanted = match *change {
            Change::Lose { from_peer, frame } => (FaultKind::Lost, from_peer, frame),
            Change::Flip { packet, .. } => (FaultKind::Flipped, false, packet),
            Change::Overwrite { thread, .. } => (FaultKind::Overwritten, false, thread),
            Change::Rings { slots, .. } => (FaultKind::Resized, false, slots),
        };
        let faults = self.lanes.iter().flat_map(|lane| &lane.marks.faults);
        let same = |at: &&u32| match self.event(**at) {
            Some((_, Event { time_ns, kind: Kind::Fault { fault, from_peer, frame }, .. })) => {
                (fault, from_peer, frame) == wanted && Some(time_ns) >= change.at_ns()
            }
            _ => false,
        };
        faults.filter(same).min().copied()
    }

    /// Whether a change happened in the run, in which so many frames were put on the link by the shown host, and by its peer.
    pub fn happened(&self, change: &Change, frames: [u32; 2]) -> bool {
        match *change {
            Change::Lose { from_peer, frame } => frame < frames[usize::from(from_peer)],
            Change::Flip { packet, offset, .. } => {
                let long = self.track(Side::Right, packet).is_some_and(|track| offset < track.len);
                long && self.change_at(change).is_some()
            }
            _ => self.change_at(change).is_some(),
        }
    }

    /// The first packet of the capture's packet `frame`.
    pub fn packet_of_frame(&self, frame: u32) -> Option<u32> {
        let write = self.captured.iter().position(|captured| *captured == frame)? as u32;
        let tracks = &self.lanes[0].tracks;
        let carries = |track: &Track| !track.up && track.write == write && track.len > 0;
        tracks.iter().position(carries).map(|packet| packet as u32)
    }

    /// The call of `send()` that took a packet's first byte, in a lane.
    pub fn call_of(&self, side: Side, track: &Track) -> Option<&Call> {
        let calls = &self.lanes[side as usize].calls;
        let before = calls.partition_point(|call| call.at < track.start());
        calls[..before].iter().rev().find(|call| {
            call.write == track.write && (call.offset..call.offset + call.len).contains(&track.offset)
        })
    }

    /// All events of a packet, with their positions: of a packet that was sent also those of the call that took its bytes,
    /// and of the application filling its buffer.
    pub fn events_of(&self, packet: u32) -> Vec<(u32, Option<Side>, Event)> {
        let mut found = Vec::new();
        let tracks = Side::BOTH.map(|side| self.track(side, packet).copied());
        let Some(track) = tracks[0].or(tracks[1]) else { return found };
        if !track.up && track.len > 0 {
            for side in Side::BOTH {
                if let Some(write) = self.write(side, track.write) {
                    self.caused(write.at, side, &mut found);
                }
                if let Some(call) = self.call_of(side, &track) {
                    self.caused(call.at, side, &mut found);
                }
            }
        }
        let last = tracks.iter().flatten().map(|track| {
            let stages = track.stages.iter().copied().filter(|at| *at != NEVER);
            stages.chain([track.dropped]).filter(|at| *at != NEVER).max().unwrap_or(0)
        });
        let last = last.max().unwrap_or(0);
        // What the last stage caused follows it.
        let end = (last + 1..=self.len())
            .find(|at| self.event(*at).is_some_and(|(side, _)| side.is_none()))
            .unwrap_or(self.len() + 1);
        for position in track.start()..end {
            if let Some((side, event)) = self.event(position)
                && event.packet == packet
            {
                found.push((position, side, event));
            }
        }
        sort_by_number(&mut found, |(position, ..)| (*position).into());
        found.dedup_by_key(|(position, ..)| *position);
        found
    }

    /// The event at a position, and what it caused in a lane: what has no packet and follows before the next shared event.
    fn caused(&self, from: u32, side: Side, found: &mut Vec<(u32, Option<Side>, Event)>) {
        for position in from..=self.len() {
            match self.event(position) {
                Some((of, event)) if position == from => found.push((position, of, event)),
                Some((Some(of), event)) if !matches!(event.kind, Kind::AppWrite { .. }) => {
                    if of == side && event.packet == Event::NONE {
                        found.push((position, Some(of), event));
                    }
                }
                _ => return,
            }
        }
    }

    /// The next or the last position of something before or after a position, in either lane or among `bookmarks`; with a
    /// filter, of something that is about a packet that passes.
    pub fn jump(
        &self,
        what: Jump,
        position: u32,
        forward: bool,
        passing: Option<&Passing>,
        bookmarks: &[u32],
    ) -> Option<u32> {
        let passing = passing.filter(|_| what != Jump::Bookmark);
        let passes = |at: &&u32| passing.is_none_or(|passing| passing.position(**at));
        let nearest = |list: &[u32]| {
            if forward {
                list[list.partition_point(|at| *at <= position)..].iter().find(passes).copied()
            } else {
                list[..list.partition_point(|at| *at < position)].iter().rfind(passes).copied()
            }
        };
        let found = Side::BOTH.map(|side| {
            let marks = &self.lanes[side as usize].marks;
            nearest(match what {
                Jump::Copy => self.series[side as usize].copied.changes(),
                Jump::Drop => &marks.drops,
                Jump::Fault => &marks.faults,
                Jump::Retransmission => &marks.resent,
                Jump::Bookmark => bookmarks,
            })
        });
        let found = found.into_iter().flatten();
        if forward { found.min() } else { found.max() }
    }

    /// The last drop in a lane by a position.
    pub fn last_drop(&self, side: Side, position: u32) -> Option<u32> {
        let drops = &self.lanes[side as usize].marks.drops;
        drops[..drops.partition_point(|at| *at <= position)].last().copied()
    }

    /// The next or the last position at which a packet or frame comes to be; with a filter, one that passes.
    pub fn packet_step(&self, position: u32, forward: bool, passing: Option<&Passing>) -> Option<u32> {
        let passes = |(_, packet): &&(u32, u32)| passing.is_none_or(|passing| passing.packet(*packet));
        let found = Side::BOTH.map(|side| {
            let starts = &self.lanes[side as usize].starts;
            let found = if forward {
                starts[starts.partition_point(|(at, _)| *at <= position)..].iter().find(passes)
            } else {
                starts[..starts.partition_point(|(at, _)| *at < position)].iter().rfind(passes)
            };
            found.map(|(at, _)| *at)
        });
        let found = found.into_iter().flatten();
        if forward { found.min() } else { found.max() }
    }

    /// The event at a position, if in both lanes a packet enters a stage there.
    pub fn stage(&self, position: u32) -> Option<Event> {
        let (side, event) = self.event(position)?;
        (side.is_none() && matches!(event.kind, Kind::Stage { .. })).then_some(event)
    }

    /// Where the first packet enters its first stage.
    pub fn first_stage(&self) -> Option<u32> {
        (1..=self.len()).find(|at| self.stage(*at).is_some())
    }

    /// Where a stage event of another run of the same traffic is in this one.
    pub fn find_stage(&self, event: &Event) -> Option<u32> {
        let Kind::Stage { stage, send, offset, .. } = event.kind else { return None };
        if stage == Stage::Send {
            let calls = self.calls(Side::Right);
            return calls.iter().find(|call| call.write == send && call.offset == offset).map(|call| call.at);
        }
        let track = self.track(Side::Right, event.packet)?;
        Some(track.at(stage)).filter(|at| *at != NEVER)
    }
}

impl Timeline {
    /// What an event of both lanes caused in one of them: the records that follow it before the next of both.
    pub fn effects(&self, side: Side, position: u32) -> impl Iterator<Item = (u32, Event)> {
        let following = (position + 1..=self.len()).map(|at| (at, self.event(at)));
        let own = following.map_while(|(at, found)| match found {
            Some((Some(of), event)) => Some((at, of, event)),
            _ => None,
        });
        own.filter(move |(_, of, _)| *of == side).map(|(at, _, event)| (at, event))
    }

    /// Payload bytes copied, and calls to allocators, by what happened at a position in a lane.
    pub fn cost(&self, side: Side, position: u32) -> (u32, u32) {
        self.effects(side, position).fold((0, 0), |(copied, allocated), (_, event)| match event.kind {
            Kind::Copy { bytes, .. } => (copied + bytes, allocated),
            Kind::Allocate { .. } => (copied, allocated + 1),
            _ => (copied, allocated),
        })
    }
}
