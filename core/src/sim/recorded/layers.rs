//! The recorder as a scheme: each call is handed on, and becomes a stage with what it caused.

use std::ops::Range;

use super::notes::{Load, PayloadNote, TxNote};
use super::{Arrived, Climb, Marked, Recorded, put};
use crate::buffers::{
    BufferError, Buffers, Chunk, Contents, FlowId, Holders, Observation, PayloadId, Scheme, SendId, UserId,
};
use crate::ledger::{Ledger, PacketId};
use crate::memory::AccessCounts;
use crate::nic::{self, Delivery, NicCounts, RingPointers, Rss, RxMetadata, TxFrames, TxOffload};
use crate::sim::event::{DropPlace, Event, FaultKind, Kind, Stage};
use crate::sim::journal::Side;

/// Bytes of an Ethernet header: shorter headers belong to no other layer.
const ETHERNET_BYTES: usize = 14;
/// First byte of the IP header of a frame.
const IP_AT: u32 = 14;
/// How an ARP message over Ethernet and IPv4 begins (RFC 826).
const ARP: [u8; 6] = [0, 1, 8, 0, 6, 4];

/// Whether an IP header is followed by one of TCP or UDP: by its protocol field (RFC 791 section 3.1), or its next header
/// (RFC 8200 section 3).
fn carries_ports(header: &[u8]) -> bool {
    let at = if header.first().is_some_and(|first| first >> 4 == 4) { 9 } else { 6 };
    header.get(at).is_some_and(|protocol| [6, 17].contains(protocol))
}

impl<B: Buffers> Holders for Recorded<B> {
    fn hold(&mut self, payload: PayloadId) {
        self.inner.hold(payload);
    }

    fn release(&mut self, payload: PayloadId) {
        self.inner.release(payload);
        let frame = self.note(payload).map_or(Event::NONE, |note| note.frame);
        self.effects(Side::Software, frame);
    }

    fn payload_len(&self, payload: PayloadId) -> u32 {
        self.inner.payload_len(payload)
    }
}

impl<B: Buffers> Buffers for Recorded<B> {
    type Packet = Marked<B::Packet>;
    type Frame = Arrived<B::Frame>;

    fn scheme(&self) -> Scheme {
        self.inner.scheme()
    }

    fn app_write(
        &mut self,
        buffer: Option<UserId>,
        send: SendId,
        bytes: &[u8],
    ) -> Result<UserId, BufferError> {
        let before = self.inner.ledger().app_write;
        let user = self.inner.app_write(buffer, send, bytes)?;
        let after = self.inner.ledger().app_write;
        put(&mut self.users, user.0, (Event::NONE, 0), (send.0, 0));
        if let Some(times) = self.scribbled.get_mut(user.0 as usize) {
            *times = 0;
        }
        let requested = (after.lines_requested - before.lines_requested) as u32;
        let new = (after.lines_new - before.lines_new) as u32;
        self.layer(Event::NONE, Kind::AppWrite { bytes: bytes.len() as u32, requested, new });
        Ok(user)
    }

    fn user_len(&self, user: UserId) -> Result<u64, BufferError> {
        self.inner.user_len(user)
    }

    fn read_user(&mut self, user: UserId, offset: u64, out: &mut [u8]) -> Result<(), BufferError> {
        self.inner.read_user(user, offset, out)
    }

    fn free_user(&mut self, user: UserId) -> Result<(), BufferError> {
        self.inner.free_user(user)?;
        self.effects(Side::Software, Event::NONE);
        Ok(())
    }

    fn send(&mut self, flow: FlowId, user: UserId, range: Range<u64>) -> Result<PayloadId, BufferError> {
        let (send, base) = self.users.get(user.0 as usize).copied().unwrap_or((Event::NONE, 0));
        let offset = base.wrapping_add(range.start as u32);
        let load = Load { send, offset, len: range.end.saturating_sub(range.start) as u32 };
        let payload = self.inner.send(flow, user, range)?;
        put(&mut self.payloads, payload.0, None, Some(PayloadNote { load, frame: Event::NONE, sent: 0 }));
        self.layer(Event::NONE, load.stage(Stage::Send));
        Ok(payload)
    }

    fn send_conventional(&mut self, flow: FlowId, bytes: &[u8]) -> Result<PayloadId, BufferError> {
        let payload = self.inner.send_conventional(flow, bytes)?;
        let load = Load { len: bytes.len() as u32, ..Load::NONE };
        put(&mut self.payloads, payload.0, None, Some(PayloadNote { load, frame: Event::NONE, sent: 0 }));
        self.layer(Event::NONE, load.stage(Stage::Send));
        Ok(payload)
    }

    fn packet(&mut self, parts: &[Chunk]) -> Result<Self::Packet, BufferError> {
        let inner = self.inner.packet(parts)?;
        let subject = self.subject();
        let mut load = parts.first().map_or(Load::NONE, |first| self.load_of(first).0);
        load.len = parts.iter().map(|part| part.len).sum();
        let mut kept = [None; crate::nic::MAX_RANGES];
        for (kept, part) in kept.iter_mut().zip(parts) {
            *kept = Some(*part);
        }
        self.layer(subject, load.stage(Stage::Socket));
        Ok(Marked { inner, subject, load, headers: 0, ports: [0; 2], parts: kept })
    }

    fn push_header(&mut self, packet: &mut Self::Packet, header: &[u8]) -> Result<(), BufferError> {
        self.inner.push_header(&mut packet.inner, header)?;
        let stage = match packet.headers {
            _ if header.len() == ETHERNET_BYTES => Stage::Driver,
            0 if !header.starts_with(&ARP) => Stage::Transport,
            _ => Stage::Ip,
        };
        if stage == Stage::Transport {
            // Both TCP and UDP begin with the ports.
            let port = |at: usize| header.get(at..at + 2).map_or(0, |b| u16::from_be_bytes([b[0], b[1]]));
            packet.ports = [port(0), port(2)];
        }
        if stage == Stage::Transport && packet.load.len == 0 {
            packet.load.offset = self.thread_of(packet.ports.into());
        }
        if stage == Stage::Ip && packet.headers == 1 && carries_ports(header) {
            self.note_ports(packet.subject, packet.ports);
        }
        packet.headers += 1;
        self.layer(packet.subject, packet.load.stage(stage));
        Ok(())
    }

    fn drop_packet(&mut self, packet: Self::Packet) {
        self.inner.drop_packet(packet.inner);
        self.effects(Side::Software, packet.subject);
    }

    fn has_room(&self, queue: u16, packet: &Self::Packet) -> bool {
        self.inner.has_room(queue, &packet.inner)
    }

    fn post(
        &mut self,
        queue: u16,
        _id: PacketId,
        mut packet: Self::Packet,
        offload: TxOffload,
    ) -> Result<(), BufferError> {
        // A byte beyond the payload is none that could be flipped.
        let flip = self.flips.remove(packet.subject.into());
        if let Some(offset) = flip.filter(|offset| *offset < packet.load.len) {
            self.inner.flip_payload_byte(&mut packet.inner, offset)?;
            let fault = Kind::Fault { fault: FaultKind::Flipped, from_peer: false, frame: packet.subject };
            self.software(packet.subject, fault);
        }
        self.count_resent(&packet);
        let Marked { inner, subject, load, .. } = packet;
        // The scheme knows the packet by the number that the records have.
        self.inner.post(queue, PacketId(subject), inner, offload)?;
        self.tx[usize::from(queue)].posted.push_back(TxNote { subject, load, announced: None });
        self.effects(Side::Software, subject);
        Ok(())
    }

    fn doorbell(&mut self, queue: u16) {
        self.inner.doorbell(queue);
        let time = self.clock();
        let mut first = Event::NONE;
        for at in 0..self.tx[usize::from(queue)].posted.len() {
            let note = &mut self.tx[usize::from(queue)].posted[at];
            if note.announced.is_none() {
                note.announced = Some(time);
                let note = *note;
                first = first.min(note.subject);
                self.software(note.subject, note.load.stage(Stage::Doorbell));
            }
        }
        self.effects(Side::Software, first);
    }

    fn transmit(&mut self, queue: u16, out: &mut TxFrames) -> Result<Option<PacketId>, BufferError> {
        let sent = self.inner.transmit(queue, out);
        if !matches!(sent, Ok(None)) {
            let notes = &mut self.tx[usize::from(queue)];
            if let Some(note) = notes.posted.get(notes.read).copied() {
                notes.read += 1;
                self.on_link.push_back(queue);
                self.journal.record(Side::Transmit, note.subject, note.load.stage(Stage::Dma));
                self.effects(Side::Transmit, note.subject);
            }
        }
        sent
    }

    /// As the scheme does, but of no packet that the last interrupt was not about: status reaches memory at other times in
    /// other schemes, and protocol time must not depend on it.
    fn recycle(&mut self, queue: u16) -> Result<Option<PacketId>, BufferError> {
        if self.tx[usize::from(queue)].reported == 0 {
            return Ok(None);
        }
        let recycled = self.inner.recycle(queue)?;
        let notes = &mut self.tx[usize::from(queue)];
        if recycled.is_some()
            && let Some(note) = notes.posted.pop_front()
        {
            notes.read -= 1;
            notes.completed -= 1;
            notes.reported -= 1;
            self.software(note.subject, note.load.stage(Stage::Completion));
            self.effects(Side::Software, note.subject);
        }
        Ok(recycled)
    }

    fn interrupt(&mut self, queue: u16) {
        self.inner.interrupt(queue);
        let notes = &mut self.tx[usize::from(queue)];
        notes.reported = notes.completed;
        self.effects(Side::Receive, Event::NONE);
    }

    fn refill(&mut self, queue: u16) -> Result<(), BufferError> {
        let result = self.inner.refill(queue);
        self.effects(Side::Software, Event::NONE);
        result
    }

    fn deliver(&mut self, frame: &[u8]) -> Delivery {
        let subject = self.subject();
        let ports = nic::ports(frame);
        if let Some(ports) = ports {
            self.note_ports(subject, ports.into());
        }
        let thread = match self.arriving.take() {
            Some(thread) => thread,
            None => ports.map_or(Event::NONE, |ports| self.thread_of(ports)),
        };
        let load = Load { send: thread, offset: 0, len: frame.len() as u32 };
        self.journal.record(Side::Receive, subject, load.stage(Stage::WireIn));
        let delivery = self.inner.deliver(frame);
        match delivery {
            Delivery::Queued { queue } => {
                self.rx[usize::from(queue)].push_back((subject, thread));
                self.journal.record(Side::Receive, subject, load.stage(Stage::DmaIn));
            }
            Delivery::Dropped(reason) => {
                let (place, reason) = (DropPlace::Nic, reason as u32);
                self.journal.record(Side::Receive, subject, Kind::Drop { place, reason, count: 1 });
            }
        }
        self.effects(Side::Receive, subject);
        delivery
    }

    fn poll_rx(&mut self, queue: u16) -> Result<Option<Self::Frame>, BufferError> {
        let Some(inner) = self.inner.poll_rx(queue)? else { return Ok(None) };
        let noted = self.rx[usize::from(queue)].pop_front();
        let (subject, thread) = noted.unwrap_or((Event::NONE, Event::NONE));
        self.climb = Climb { subject, ..Climb::default() };
        let load = Load { send: thread, offset: 0, len: self.inner.frame_len(&inner) };
        self.layer(subject, load.stage(Stage::DriverIn));
        Ok(Some(Arrived { inner, subject, thread }))
    }

    fn frame_len(&self, frame: &Self::Frame) -> u32 {
        self.inner.frame_len(&frame.inner)
    }

    fn metadata(&self, frame: &Self::Frame) -> RxMetadata {
        self.inner.metadata(&frame.inner)
    }

    fn read_header(&mut self, frame: &Self::Frame, offset: u32, out: &mut [u8]) -> Result<(), BufferError> {
        self.inner.read_header(&frame.inner, offset, out)?;
        let climb = &mut self.climb;
        if climb.subject != frame.subject {
            return Ok(());
        }
        let load = Load { send: frame.thread, offset: 0, len: self.inner.frame_len(&frame.inner) };
        if offset == IP_AT && !climb.ip {
            climb.ip = true;
            // IPv4 says how long its header is (RFC 791 section 3.1); IPv6's is 40 bytes (RFC 8200 section 3).
            climb.transport_at = out.first().map(|first| match first >> 4 {
                4 => IP_AT + 4 * u32::from(first & 0xf),
                _ => IP_AT + 40,
            });
            self.layer(frame.subject, load.stage(Stage::IpIn));
        } else if climb.transport_at.is_some_and(|at| offset >= at) && !climb.transport {
            climb.transport = true;
            self.layer(frame.subject, load.stage(Stage::TransportIn));
        }
        Ok(())
    }

    fn keep_payload(&mut self, frame: Self::Frame, range: Range<u32>) -> Result<PayloadId, BufferError> {
        let Arrived { inner, subject, thread } = frame;
        let load = Load { send: thread, offset: 0, len: range.end.saturating_sub(range.start) };
        let payload = self.inner.keep_payload(inner, range)?;
        put(&mut self.payloads, payload.0, None, Some(PayloadNote { load, frame: subject, sent: 0 }));
        self.layer(subject, load.stage(Stage::SocketIn));
        Ok(payload)
    }

    fn drop_frame(&mut self, frame: Self::Frame) {
        self.inner.drop_frame(frame.inner);
        self.effects(Side::Software, frame.subject);
    }

    fn recv(&mut self, parts: &[Chunk]) -> Result<UserId, BufferError> {
        let user = self.inner.recv(parts)?;
        put(&mut self.users, user.0, (Event::NONE, 0), (Event::NONE, 0));
        self.hand_over(parts);
        Ok(user)
    }

    fn recv_segments(&mut self, parts: &[Chunk]) -> Result<Vec<UserId>, BufferError> {
        let users = self.inner.recv_segments(parts)?;
        for user in &users {
            put(&mut self.users, user.0, (Event::NONE, 0), (Event::NONE, 0));
        }
        self.hand_over(parts);
        Ok(users)
    }

    fn recv_conventional(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError> {
        self.inner.recv_conventional(parts, out)?;
        self.hand_over(parts);
        Ok(())
    }

    fn sum(&mut self, parts: &[Chunk]) -> Result<u16, BufferError> {
        self.inner.sum(parts)
    }

    fn copy_to_file(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError> {
        let result = self.inner.copy_to_file(parts, out);
        self.effects(Side::Software, Event::NONE);
        result
    }

    fn rss(&self) -> &Rss {
        self.inner.rss()
    }

    fn nic_counts(&self) -> NicCounts {
        self.inner.nic_counts()
    }

    fn rx_granted(&self, queue: u16) -> u32 {
        self.inner.rx_granted(queue)
    }

    fn flip_payload_byte(&mut self, packet: &mut Self::Packet, offset: u32) -> Result<(), BufferError> {
        self.inner.flip_payload_byte(&mut packet.inner, offset)
    }

    fn contents_mut(&mut self) -> &mut Contents {
        self.inner.contents_mut()
    }

    fn limit_rings(&mut self, slots: u32) {
        self.inner.limit_rings(slots);
        let fault = Kind::Fault { fault: FaultKind::Resized, from_peer: false, frame: slots };
        self.software(Event::NONE, fault);
    }

    fn ledger(&self) -> &Ledger {
        self.inner.ledger()
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        self.inner.ledger_mut()
    }

    fn access_counts(&self) -> AccessCounts {
        self.inner.access_counts()
    }

    fn observe(&self) -> Observation {
        self.inner.observe()
    }

    fn pointers(&self, queue: u16) -> [RingPointers; 2] {
        self.inner.pointers(queue)
    }
}
