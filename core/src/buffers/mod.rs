//! The schemes: how a stack holds packets. One trait, one file a scheme, and the protocol code above never asks which one
//! it runs on (DESIGN.md section 1; the paper's claim that sockets stay and only memory changes).
//!
//! A payload's way down: [`Buffers::app_write`] (the application fills a buffer), [`Buffers::send`] (the socket layer
//! takes it over), [`Buffers::packet`] (a frame's share of it), [`Buffers::push_header`] (once a layer),
//! [`Buffers::post`] (into the TX ring), [`Buffers::doorbell`], [`Buffers::transmit`] (the NIC reads it),
//! [`Buffers::recycle`] (the interrupt handler).
//!
//! Its way up: [`Buffers::refill`] (the driver grants slots), [`Buffers::deliver`] (the NIC writes a frame),
//! [`Buffers::poll_rx`] (the driver takes it: the slot is free at once), [`Buffers::read_header`] (once a layer),
//! [`Buffers::keep_payload`] (into a queue, no byte moves), [`Buffers::recv`] or [`Buffers::recv_segments`].
//!
//! What state holds on to is a small index ([`UserId`], [`PayloadId`], and [`Chunk`]s of payloads): queues of the layers
//! above contain no payload bytes, whatever the scheme.
#![deny(clippy::disallowed_methods)]

mod any;
mod contents;
mod sk_buff;
mod snapshot;
mod types;

pub use any::{AnyFrame, AnyPacket, AnyScheme};
pub use contents::{ContentLines, ContentNews, Contents, Origin};
pub use sk_buff::{RxSkb, SkBuff, Skb};
pub use snapshot::{Holding, RxSegment, Snapshot, StackSegment};
pub use types::{BufferError, Chunk, FlowId, Held, Observation, PayloadId, Scheme, SendId, UserId};

use std::ops::Range;

use crate::ledger::{Ledger, PacketId};
use crate::memory::AccessCounts;
use crate::nic::{Delivery, NicCounts, RingPointers, Rss, RxMetadata, TxFrames, TxOffload};

/// Who holds payloads: all that a queue of [`Chunk`]s needs of a scheme.
pub trait Holders {
    /// One more holder of a payload.
    ///
    /// # Panics
    /// If there is no such payload: holders are the caller's to balance.
    fn hold(&mut self, payload: PayloadId);

    /// One holder less; with the last one the bytes go.
    ///
    /// # Panics
    /// If there is no such payload.
    fn release(&mut self, payload: PayloadId);

    /// Bytes of a payload.
    ///
    /// # Panics
    /// If there is no such payload.
    fn payload_len(&self, payload: PayloadId) -> u32;
}

/// A scheme of holding packets. Queues are the NIC's, from 0 on; a queue that the NIC does not have is a panic.
pub trait Buffers: Holders {
    /// One frame on its way down, headers being pushed.
    type Packet;
    /// A received frame on its way up.
    type Frame;

    /// Which scheme this is.
    fn scheme(&self) -> Scheme;

    // The application.

    /// The application fills a buffer with `bytes`: `buffer` again, or a new one. `send` names the content in
    /// [`ContentNews`]. An error leaves the former buffer as it was.
    ///
    /// # Errors
    /// [`BufferError::Memory`], [`BufferError::UnknownUser`].
    fn app_write(
        &mut self,
        buffer: Option<UserId>,
        send: SendId,
        bytes: &[u8],
    ) -> Result<UserId, BufferError>;

    /// Bytes of an application's buffer.
    ///
    /// # Errors
    /// [`BufferError::UnknownUser`].
    fn user_len(&self, user: UserId) -> Result<u64, BufferError>;

    /// The application reads its buffer from byte `offset` on: not a copy between buffers, in any scheme.
    ///
    /// # Errors
    /// [`BufferError::UnknownUser`], [`BufferError::OutOfRange`].
    fn read_user(&mut self, user: UserId, offset: u64, out: &mut [u8]) -> Result<(), BufferError>;

    /// The application gives its buffer up.
    ///
    /// # Errors
    /// [`BufferError::UnknownUser`].
    fn free_user(&mut self, user: UserId) -> Result<(), BufferError>;

    // The socket layer, down.

    /// `send()`: takes over bytes `range` of the buffer as they are now, by a snapshot or by a counted copy into the
    /// kernel's pages; the application may overwrite its buffer at once. The caller is the payload's one holder.
    ///
    /// # Errors
    /// [`BufferError::UnknownUser`], [`BufferError::OutOfRange`], [`BufferError::Memory`].
    fn send(&mut self, flow: FlowId, user: UserId, range: Range<u64>) -> Result<PayloadId, BufferError>;

    /// `send()` of a buffer in the conventional partition of memory, which no scheme can take by reference: always a
    /// counted copy.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn send_conventional(&mut self, flow: FlowId, bytes: &[u8]) -> Result<PayloadId, BufferError>;

    /// A packet that carries the pieces in order: at most [`crate::nic::MAX_RANGES`], none for a bare acknowledgement. It
    /// refers to their bytes itself; the caller's holders stay the caller's.
    ///
    /// # Errors
    /// [`BufferError::Gather`], [`BufferError::UnknownPayload`], [`BufferError::OutOfRange`], [`BufferError::Memory`].
    fn packet(&mut self, parts: &[Chunk]) -> Result<Self::Packet, BufferError>;

    /// A layer puts its header before what is there.
    ///
    /// # Errors
    /// [`BufferError::HeaderRoom`], [`BufferError::Memory`].
    fn push_header(&mut self, packet: &mut Self::Packet, header: &[u8]) -> Result<(), BufferError>;

    /// Gives up a packet that was never posted.
    fn drop_packet(&mut self, packet: Self::Packet);

    /// Whether [`Buffers::post`] of this packet finds room in the queue's ring.
    fn has_room(&self, queue: u16, packet: &Self::Packet) -> bool;

    /// The driver puts the packet into a TX ring. After an error the packet is gone.
    ///
    /// # Errors
    /// [`BufferError::Ring`] (see [`Buffers::has_room`]), [`BufferError::Offload`], [`BufferError::Memory`].
    fn post(
        &mut self,
        queue: u16,
        id: PacketId,
        packet: Self::Packet,
        offload: TxOffload,
    ) -> Result<(), BufferError>;

    /// The driver rings the doorbell: the NIC owns what was posted on the queue.
    fn doorbell(&mut self, queue: u16);

    /// The NIC reads the queue's next packet, and puts what goes on the wire behind `out`: one frame, or the cuts of a
    /// segmented send. None when nothing is posted.
    ///
    /// # Errors
    /// [`BufferError::Dma`]; the packet counts as completed.
    fn transmit(&mut self, queue: u16, out: &mut TxFrames) -> Result<Option<PacketId>, BufferError>;

    /// The interrupt handler takes back the slots of the queue's oldest completed packet; None when there is none.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn recycle(&mut self, queue: u16) -> Result<Option<PacketId>, BufferError>;

    /// The NIC interrupts the host: status that it has not yet written to memory goes there first. When it does is for
    /// [`crate::nic::Moderation`] to say.
    fn interrupt(&mut self, queue: u16);

    // NIC and driver, up.

    /// The driver empties the RX slots that can be granted and grants them; the conventional one posts a new buffer in
    /// each, in batches.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn refill(&mut self, queue: u16) -> Result<(), BufferError>;

    /// A frame arrives: the NIC verifies its checksums, picks a queue by its flow, and writes it into memory.
    fn deliver(&mut self, frame: &[u8]) -> Delivery;

    /// The driver takes the queue's oldest received frame: by a snapshot of the slot, or by detaching its buffer. The slot
    /// can be granted again at once. The caller ends the frame by [`Buffers::keep_payload`] or [`Buffers::drop_frame`].
    ///
    /// # Errors
    /// [`BufferError::Memory`]; the frame stays where it is.
    fn poll_rx(&mut self, queue: u16) -> Result<Option<Self::Frame>, BufferError>;

    /// Bytes of a frame, without FCS.
    fn frame_len(&self, frame: &Self::Frame) -> u32;

    /// What the NIC found out about it. Where it splits headers from payload is the scheme's own affair: protocol code
    /// must not depend on it.
    fn metadata(&self, frame: &Self::Frame) -> RxMetadata;

    /// A layer looks at header bytes, `out.len()` of them from frame byte `offset` on.
    ///
    /// # Errors
    /// [`BufferError::OutOfRange`].
    fn read_header(&mut self, frame: &Self::Frame, offset: u32, out: &mut [u8]) -> Result<(), BufferError>;

    /// Frame bytes `range` become a payload of which the caller is the one holder; no byte moves. The frame is gone, after
    /// an error too.
    ///
    /// # Errors
    /// [`BufferError::OutOfRange`].
    fn keep_payload(&mut self, frame: Self::Frame, range: Range<u32>) -> Result<PayloadId, BufferError>;

    /// Nobody wants the frame.
    fn drop_frame(&mut self, frame: Self::Frame);

    // The socket layer, up.

    /// `recv()` into one contiguous new buffer of the application's: a counted copy, or grafts where lines line up, and
    /// counted re-lining where they don't. The caller's holders stay the caller's.
    ///
    /// # Errors
    /// [`BufferError::UnknownPayload`], [`BufferError::OutOfRange`], [`BufferError::Memory`].
    fn recv(&mut self, parts: &[Chunk]) -> Result<UserId, BufferError>;

    /// `recv()` as one buffer a piece: snapshots, which never re-line; a counted copy in conventional memory.
    ///
    /// # Errors
    /// Those of [`Buffers::recv`].
    fn recv_segments(&mut self, parts: &[Chunk]) -> Result<Vec<UserId>, BufferError>;

    /// `recv()` into a buffer in the conventional partition of memory, `out.len()` bytes as the pieces have: always a
    /// counted copy. The caller's holders stay the caller's.
    ///
    /// # Errors
    /// [`BufferError::UnknownPayload`], [`BufferError::OutOfRange`] (also when the lengths differ).
    fn recv_conventional(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError>;

    /// The ones' complement sum (RFC 1071) of the pieces, one behind the other: for checksums that the NIC does not know,
    /// such as ICMP's and those of reassembled datagrams. It reads payload and moves none.
    ///
    /// # Errors
    /// [`BufferError::UnknownPayload`], [`BufferError::OutOfRange`].
    fn sum(&mut self, parts: &[Chunk]) -> Result<u16, BufferError>;

    /// Copies the pieces into pages of a conventional file system, `out.len()` bytes as the pieces have: one counted copy.
    ///
    /// # Errors
    /// [`BufferError::UnknownPayload`], [`BufferError::OutOfRange`] (also when the lengths differ).
    fn copy_to_file(&mut self, parts: &[Chunk], out: &mut [u8]) -> Result<(), BufferError>;

    // What tests and pictures look at.

    /// Which queue the NIC puts a flow's frames into.
    fn rss(&self) -> &Rss;

    /// Frames that the NIC received, sent and refused.
    fn nic_counts(&self) -> NicCounts;

    /// RX slots that the NIC may fill.
    fn rx_granted(&self, queue: u16) -> u32;

    /// A fault: flips all bits of payload byte `offset` of the packet, in this scheme's memory only.
    ///
    /// # Errors
    /// [`BufferError::Memory`].
    fn flip_payload_byte(&mut self, packet: &mut Self::Packet, offset: u32) -> Result<(), BufferError>;

    /// What buffers hold, to be told what comes and goes ([`Contents::keep_news`]).
    fn contents_mut(&mut self) -> &mut Contents;

    /// From now on the driver uses at most `slots` slots of each ring, 2 at least, as if the rings were smaller; what is in
    /// the others stays until it is done. Larger than the rings is as large as they are.
    fn limit_rings(&mut self, slots: u32);

    /// The ledger.
    fn ledger(&self) -> &Ledger;

    /// The ledger, to ask for its entries ([`Ledger::keep_entries`]) and take them.
    fn ledger_mut(&mut self) -> &mut Ledger;

    /// Accesses to HICAMP memory, by kind; none of a conventional scheme.
    fn access_counts(&self) -> AccessCounts {
        AccessCounts::default()
    }

    /// State and counters.
    fn observe(&self) -> Observation;

    /// The pointers of a queue's TX ring and of its RX ring.
    fn pointers(&self, queue: u16) -> [RingPointers; 2];
}

/// The part `offset..offset + len` of `length` bytes, or the error that names what is missing.
fn within(offset: u64, len: u64, length: u64) -> Result<Range<u64>, BufferError> {
    let end = offset.saturating_add(len);
    if end > length {
        return Err(BufferError::OutOfRange { start: offset, end, length });
    }
    Ok(offset..end)
}
