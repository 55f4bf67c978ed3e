//! Any scheme behind one type, for programs that hold several at a time: one copy of the code above serves all of them, and
//! each call finds its scheme by one branch. Benchmarks and the stack's own tests use the schemes themselves.

use std::ops::Range;

use super::{
    BufferError, Buffers, Chunk, Contents, FlowId, Holders, Observation, PayloadId, RxSegment, RxSkb, Scheme,
    SendId, SkBuff, Skb, Snapshot, StackSegment, UserId,
};
use crate::ledger::{Ledger, PacketId};
use crate::memory::AccessCounts;
use crate::nic::{Delivery, NicCounts, RingPointers, Rss, RxMetadata, TxFrames, TxOffload};

/// A scheme, whichever.
#[derive(Clone)]
#[expect(clippy::large_enum_variant, reason = "there are as many as lanes, and each is used all the time")]
pub enum AnyScheme {
    /// The conventional one.
    SkBuff(SkBuff),
    /// The paper's.
    Snapshot(Snapshot),
}

/// A packet of [`AnyScheme`].
#[allow(
    clippy::large_enum_variant,
    reason = "it is moved a few times, and a box would be an allocation for each packet"
)]
pub enum AnyPacket {
    /// The conventional one.
    SkBuff(Skb),
    /// The paper's.
    Snapshot(StackSegment),
}

/// A received frame of [`AnyScheme`].
pub enum AnyFrame {
    /// The conventional one.
    SkBuff(RxSkb),
    /// The paper's.
    Snapshot(RxSegment),
}

const MIXED: &str = "packets and frames stay with the scheme that made them";

/// What the scheme says.
macro_rules! of {
    ($any:expr, $scheme:ident => $call:expr) => {
        match $any {
            AnyScheme::SkBuff($scheme) => $call,
            AnyScheme::Snapshot($scheme) => $call,
        }
    };
}

/// What the scheme says of one of its packets or frames.
macro_rules! with {
    ($any:expr, $kind:ident: $thing:expr, $scheme:ident, $own:ident => $call:expr) => {
        match ($any, $thing) {
            (AnyScheme::SkBuff($scheme), $kind::SkBuff($own)) => $call,
            (AnyScheme::Snapshot($scheme), $kind::Snapshot($own)) => $call,
            _ => panic!("{MIXED}"),
        }
    };
}

impl Holders for AnyScheme {
    fn hold(&mut self, payload: PayloadId) {
        of!(self, scheme => scheme.hold(payload));
    }

    fn release(&mut self, payload: PayloadId) {
        of!(self, scheme => scheme.release(payload));
    }

    fn payload_len(&self, payload: PayloadId) -> u32 {
        of!(self, scheme => scheme.payload_len(payload))
    }
}

impl Buffers for AnyScheme {
    type Packet = AnyPacket;
    type Frame = AnyFrame;

    fn scheme(&self) -> Scheme {
        of!(self, scheme => scheme.scheme())
    }

    fn app_write(
        &mut self,
        buffer: Option<UserId>,
        send: SendId,
        bytes: &[u8],
    ) -> Result<UserId, BufferError> {
        of!(self, scheme => scheme.app_write(buffer, send, bytes))
    }

    fn user_len(&self, user: UserId) -> Result<u64, BufferError> {
        of!(self, scheme => scheme.user_len(user))
    }

    fn read_user(&mut self, user: UserId, offset: u64, out: &mut [u8]) -> Result<(), BufferError> {
        of!(self, scheme => scheme.read_user(user, offset, out))
    }

    fn free_user(&mut self, user: UserId) -> Result<(), BufferError> {
        of!(self, scheme => scheme.free_user(user))
    }

    fn send(&mut self, flow: FlowId, user: UserId, range: Range<u64>) -> Result<PayloadId, BufferError> {
        of!(self, scheme => scheme.send(flow, user, range))
    }

    fn send_conventional(&mut self, flow: FlowId, bytes: &[u8]) -> Result<PayloadId, BufferError> {
        of!(self, scheme => scheme.send_conventional(flow, bytes))
    }

    fn packet(&mut self, parts: &[Chunk]) -> Result<Self::Packet, BufferError> {
        match self {
            Self::SkBuff(scheme) => scheme.packet(parts).map(AnyPacket::SkBuff),
            Self::Snapshot(scheme) => scheme.packet(parts).map(AnyPacket::Snapshot),
        }
    }

    fn push_header(&mut self, packet: &mut Self::Packet, header: &[u8]) -> Result<(), BufferError> {
        with!(self, AnyPacket: packet, scheme, packet => scheme.push_header(packet, header))
    }

    fn drop_packet(&mut self, packet: Self::Packet) {
        with!(self, AnyPacket: packet, scheme, packet => scheme.drop_packet(packet));
    }

    fn has_room(&self, queue: u16, packet: &Self::Packet) -> bool {
        with!(self, AnyPacket: packet, scheme, packet => scheme.has_room(queue, packet))
    }

    fn post(
        &mut self,
        queue: u16,
        id: PacketId,
        packet: Self::Packet,
        offload: TxOffload,
    ) -> Result<(), BufferError> {
        with!(self, AnyPacket: packet, scheme, packet => scheme.post(queue, id, packet, offload))
    }

    fn doorbell(&mut self, queue: u16) {
        of!(self, scheme => scheme.doorbell(queue));
    }

    fn transmit(&mut self, queue: u16, out: &mut TxFrames) -> Result<Option<PacketId>, BufferError> {
        of!(self, scheme => scheme.transmit(queue, out))
    }

    fn recycle(&mut self, queue: u16) -> Result<Option<PacketId>, BufferError> {
        of!(self, scheme => scheme.recycle(queue))
    }

    fn interrupt(&mut self, queue: u16) {
        of!(self, scheme => scheme.interrupt(queue));
    }

    fn refill(&mut self, queue: u16) -> Result<(), BufferError> {
        of!(self, scheme => scheme.refill(queue))
    }

    fn deliver(&mut self, frame: &[u8]) -> Delivery {
        of!(self, scheme => scheme.deliver(frame))
    }

    fn poll_rx(&mut self, queue: u16) -> Result<Option<Self::Frame>, BufferError> {
        match self {
            Self::SkBuff(scheme) => Ok(scheme.poll_rx(queue)?.map(AnyFrame::SkBuff)),
            Self::Snapshot(scheme) => Ok(scheme.poll_rx(queue)?.map(AnyFrame::Snapshot)),
        }
    }

    fn frame_len(&self, frame: &Self::Frame) -> u32 {
        with!(self, AnyFrame: frame, scheme, frame => scheme.frame_len(frame))
    }

    fn metadata(&self, frame: &Self::Frame) -> RxMetadata {
        with!(self, AnyFrame: frame, scheme, frame => scheme.metadata(frame))
    }

    fn read_header(&mut self, frame: &Self::Frame, offset: u32, out: &mut [u8]) -> Result<(), BufferError> {
        with!(self, AnyFrame: frame, scheme, frame => scheme.read_header(frame, offset, out))
    }

    fn keep_payload(&mut self, frame: Self::Frame, range: Range<u32>) -> Result<PayloadId, BufferError> {
        with!(self, AnyFrame: frame, scheme, frame => scheme.keep_payload(frame, range))
    }

    fn drop_frame(&mut self, frame: Self::Frame) {
        with!(self, AnyFrame: frame, scheme, frame => scheme.drop_frame(frame));
    }

    fn recv(&mut self, parts: &[Chunk]) -> Result<UserId, BufferError> {
        of!(self, scheme => scheme.recv(parts))
    }

    fn recv_segments(&mut self, parts: &[Chunk]) -> Result<Vec<UserId>, BufferError> {
        of!(self, scheme => scheme.recv_segments(parts))
    }

    fn recv_conventional(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError> {
        of!(self, scheme => scheme.recv_conventional(parts, out))
    }

    fn sum(&mut self, parts: &[Chunk]) -> Result<u16, BufferError> {
        of!(self, scheme => scheme.sum(parts))
    }

    fn copy_to_file(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError> {
        of!(self, scheme => scheme.copy_to_file(parts, out))
    }

    fn rss(&self) -> &Rss {
        of!(self, scheme => scheme.rss())
    }

    fn nic_counts(&self) -> NicCounts {
        of!(self, scheme => scheme.nic_counts())
    }

    fn rx_granted(&self, queue: u16) -> u32 {
        of!(self, scheme => scheme.rx_granted(queue))
    }

    fn flip_payload_byte(&mut self, packet: &mut Self::Packet, offset: u32) -> Result<(), BufferError> {
        with!(self, AnyPacket: packet, scheme, packet => scheme.flip_payload_byte(packet, offset))
    }

    fn contents_mut(&mut self) -> &mut Contents {
        of!(self, scheme => scheme.contents_mut())
    }

    fn limit_rings(&mut self, slots: u32) {
        of!(self, scheme => scheme.limit_rings(slots));
    }

    fn ledger(&self) -> &Ledger {
        of!(self, scheme => scheme.ledger())
    }

    fn ledger_mut(&mut self) -> &mut Ledger {
        of!(self, scheme => scheme.ledger_mut())
    }

    fn access_counts(&self) -> AccessCounts {
        of!(self, scheme => scheme.access_counts())
    }

    fn observe(&self) -> Observation {
        of!(self, scheme => scheme.observe())
    }

    fn pointers(&self, queue: u16) -> [RingPointers; 2] {
        of!(self, scheme => scheme.pointers(queue))
    }
}
