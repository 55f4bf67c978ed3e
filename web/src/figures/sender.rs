//! A host that sends, with the paper's segment numbers: the snapshot scheme, the layers above it, and a ring.

use snapstack::buffers::{
    Buffers, Chunk, FlowId, Holders, PayloadId, SendId, Snapshot, StackSegment, UserId,
};
use snapstack::ledger::PacketId;
use snapstack::memory::{Memory, MemoryConfig, MemoryError, SegmentId};
use snapstack::nic::{NicConfig, TxFrames, TxOffload};
use snapstack::stack::{self, Endpoints, Hardware, Protocol, Segment, TcpNumbers};

use super::state::{HIGHEST, Observer, Pointers, Ring};
use super::{FigureError, State, Step};

/// The application's object (paper section 3.2).
pub(super) const OBJECT: u32 = 9000;
/// The kernel's snapshot of it, which the paper gives no number.
pub(super) const KERNEL: u32 = 29;
/// The stack segment (paper section 3.2).
pub(super) const STACK: u32 = 30;
/// The first ring segment that is filled (paper section 3.2).
pub(super) const FIRST: u32 = 1059;

/// What the segments are.
const NAMES: [(u32, &str); 4] =
    [(OBJECT, "user object"), (KERNEL, "snapshot"), (STACK, "stack segment"), (FIRST, "ring slot")];
const FLOW: FlowId = FlowId(0);
const QUEUE: u16 = 0;

/// The host.
pub(super) struct Sender {
    buffers: Snapshot,
    nic: NicConfig,
    numbers: TcpNumbers,
    packets: u32,
    frames: Vec<Vec<u8>>,
    observer: Observer,
    steps: Vec<Step>,
}

/// Has these segment numbers handed out next, in this order: of released segments the latest come first.
pub(super) fn number(memory: &mut Memory, order: &[u32]) -> Result<(), MemoryError> {
    memory.create_range(SegmentId(HIGHEST), 1)?;
    let low = (0..=STACK + 1).map(|_| memory.create_zeroed(0)).collect::<Result<Vec<_>, _>>()?;
    let others = low.into_iter().filter(|id| !order.contains(&id.0));
    for id in others.chain(order.iter().rev().map(|id| SegmentId(*id))) {
        memory.release(id)?;
    }
    Ok(())
}

/// A packet on its way down.
pub(super) struct Packet {
    held: StackSegment,
    segment: Segment,
}

/// A layer that writes a header.
#[derive(Clone, Copy)]
pub(super) enum Layer {
    Tcp,
    Ip,
    Ethernet,
}

impl Sender {
    /// A host with a ring of `slots` slots from segment `base` on, which the NIC has gone through up to [`FIRST`].
    pub(super) fn new(base: u32, slots: u32) -> Result<Self, FigureError> {
        let nic = NicConfig { tx_slots: slots, rx_slots: slots, ring_base: base, ..NicConfig::default() };
        let memory = MemoryConfig { line_size: 16, lines: super::LINES, ..MemoryConfig::default() };
        let mut sender = Self {
            buffers: Snapshot::new(memory, nic)?,
            nic,
            numbers: TcpNumbers::new(1, 0),
            packets: 0,
            frames: Vec::new(),
            observer: Observer::default(),
            steps: Vec::new(),
        };
        for _ in base..FIRST {
            sender.earlier()?;
        }
        number(sender.buffers.memory_mut(), &[OBJECT, KERNEL, STACK])?;
        sender.observer.begin(sender.buffers.memory());
        Ok(sender)
    }

    /// A packet from before the figure, sent and forgotten.
    fn earlier(&mut self) -> Result<(), FigureError> {
        let user = self.buffers.app_write(None, SendId(0), b"before")?;
        let payload = self.send(user, 6)?;
        let mut packet = self.packet(payload, 0, 6)?;
        self.push(&mut packet, &[Layer::Tcp, Layer::Ip, Layer::Ethernet])?;
        self.post(packet)?;
        self.doorbell();
        self.transmit()?;
        self.recycle()?;
        self.buffers.release(payload);
        self.buffers.free_user(user)?;
        self.frames.clear();
        Ok(())
    }

    /// The application fills its object.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<UserId, FigureError> {
        Ok(self.buffers.app_write(None, SendId(0), bytes)?)
    }

    /// The application fills it again.
    pub(super) fn overwrite(&mut self, user: UserId, bytes: &[u8]) -> Result<(), FigureError> {
        self.buffers.app_write(Some(user), SendId(1), bytes)?;
        Ok(())
    }

    pub(super) fn send(&mut self, user: UserId, len: u32) -> Result<PayloadId, FigureError> {
        Ok(self.buffers.send(FLOW, user, 0..u64::from(len))?)
    }

    pub(super) fn packet(
        &mut self,
        payload: PayloadId,
        offset: u32,
        len: u32,
    ) -> Result<Packet, FigureError> {
        let held = self.buffers.packet(&[Chunk { payload, offset, len }])?;
        // The stack would leave it transient until it is posted; here every step is looked at.
        self.buffers.settle(&held)?;
        let (seq, ack) = self.numbers.take(false, len);
        let segment = Segment {
            endpoints: Endpoints::V4 { src: ([10, 0, 0, 1].into(), 80), dst: ([10, 0, 0, 2].into(), 41022) },
            hardware: Hardware { src: [2, 0, 0, 0, 0, 1], dst: [2, 0, 0, 0, 0, 2] },
            protocol: Protocol::Tcp { seq, ack },
            ident: self.packets as u16,
            payload: len as u16,
        };
        Ok(Packet { held, segment })
    }

    pub(super) fn push(&mut self, packet: &mut Packet, layers: &[Layer]) -> Result<(), FigureError> {
        let Packet { held, segment } = packet;
        for layer in layers {
            match layer {
                Layer::Tcp => stack::transport(&mut self.buffers, held, segment)?,
                Layer::Ip => stack::network(&mut self.buffers, held, segment)?,
                Layer::Ethernet => stack::ethernet(&mut self.buffers, held, segment)?,
            }
        }
        Ok(self.buffers.settle(held)?)
    }

    /// The driver writes metadata and puts a snapshot into the ring's next slot.
    pub(super) fn post(&mut self, packet: Packet) -> Result<(), FigureError> {
        let offload = TxOffload::Checksum(stack::checksum(&packet.segment));
        self.buffers.post(QUEUE, PacketId(self.packets), packet.held, offload)?;
        self.packets += 1;
        Ok(())
    }

    pub(super) fn doorbell(&mut self) {
        self.buffers.doorbell(QUEUE);
    }

    /// The NIC sends the next packet; whether there was one.
    pub(super) fn transmit(&mut self) -> Result<bool, FigureError> {
        let mut out = TxFrames::default();
        let sent = self.buffers.transmit(QUEUE, &mut out)?;
        self.frames.extend(out.iter().map(<[u8]>::to_vec));
        Ok(sent.is_some())
    }

    /// The NIC interrupts, and the handler takes all completed slots back.
    pub(super) fn recycle(&mut self) -> Result<(), FigureError> {
        self.buffers.interrupt(QUEUE);
        while self.buffers.recycle(QUEUE)?.is_some() {}
        Ok(())
    }

    /// The frames on the wire so far.
    pub(super) fn frames(self) -> Vec<Vec<u8>> {
        self.frames
    }

    /// What the host's core holds now.
    fn state(&mut self) -> Result<State, FigureError> {
        let mut state = self.observer.look(self.buffers.memory())?;
        let [seen, _] = self.buffers.pointers(QUEUE);
        state.ring = Some(Ring::new(Pointers {
            base: self.nic.ring_base,
            slots: self.nic.tx_slots,
            head: seen.head,
            tail: seen.tail,
            owned_by_nic: seen.owned_by_nic,
        }));
        state.frames = self.frames.clone();
        state.copied = Some(self.buffers.ledger().copied().bytes);
        Ok(state)
    }

    /// The PLID of a segment's root line.
    pub(super) fn root(&self, id: u32) -> Result<u32, FigureError> {
        let dag = self.buffers.memory().dag(SegmentId(id), 1)?;
        Ok(dag.nodes.first().map_or(0, |node| node.plid.0))
    }

    /// Ends a step.
    pub(super) fn step(
        &mut self,
        part: &'static str,
        title: &'static str,
        caption: impl Into<String>,
    ) -> Result<(), FigureError> {
        let state = self.state()?;
        self.steps.push(Step { part, title, caption: caption.into(), names: NAMES.to_vec(), state });
        Ok(())
    }

    /// All steps.
    pub(super) fn steps(self) -> Vec<Step> {
        self.steps
    }
}
