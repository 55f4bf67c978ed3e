//! A host that replays traffic through one scheme: threads, layers, driver, NIC and wire on a queue of timed actions.
//!
//! Protocol time never depends on the scheme: every layer takes [`STAGE_NS`], the wire runs at [`LINK_BITS_PER_S`], and at
//! most [`TX_LIMIT`] packets are between driver and completion. What differs between schemes is what happens inside a
//! stage, never when.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::config::{Config, Retention};
use super::digest::RunDigest;
use super::event::{Event, Kind, Stage};
use crate::buffers::{BufferError, Buffers, Chunk, FlowId, Observation, PayloadId, SendId, UserId};
use crate::ledger::{Count, Entry, PacketId};
use crate::nic::{TxFrames, TxOffload};
use crate::stack::{self, Endpoints, MSS, MTU, Protocol, Segment, TcpNumbers};
use crate::traffic::Traffic;

/// Nominal time of a layer in nanoseconds: it orders what happens and is no estimate of a cost.
pub const STAGE_NS: u64 = 1_000;
/// The link's rate (10 GbE).
pub const LINK_BITS_PER_S: u64 = 10_000_000_000;
/// Preamble, FCS and gap of an Ethernet frame, in bytes of wire time (IEEE 802.3).
const WIRE_OVERHEAD: u64 = 24;
/// Longest time that a filled slot waits for others to share its doorbell.
pub const DOORBELL_TIMEOUT_NS: u64 = 20_000;
/// Packets between driver and completion at the most, as Linux's byte queue limits keep the ring short.
pub const TX_LIMIT: u32 = 64;

/// The one queue that the replay uses.
const QUEUE: u16 = 0;

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("packet {packet} could not be sent: {source}")]
pub struct SimError {
    /// The packet being made.
    pub packet: u32,
    /// What its scheme said.
    pub source: BufferError,
}

/// A fault to inject: the bits of one payload byte of one packet are flipped, in this host's own memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The packet.
    pub packet: PacketId,
    /// The payload byte, from the packet's first.
    pub offset: u32,
}

/// Sees every frame on the wire.
pub trait Tap {
    /// A frame, without FCS.
    fn frame(&mut self, packet: PacketId, frame: &[u8]);
}

impl Tap for () {
    fn frame(&mut self, _packet: PacketId, _frame: &[u8]) {}
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Action {
    /// The next send of the traffic reaches its thread.
    Arrive,
    /// A thread calls `send()`.
    Call(u32),
    /// Frame `index` of the thread's send enters the socket layer.
    Frame { flow: u32, index: u32 },
    /// A packet enters the next layer.
    Layer(u32, Layer),
    /// Nobody else came to share the doorbell.
    DoorbellTimeout(u64),
    /// The NIC fetches the next packet.
    Dma,
    /// A frame has left.
    Wire,
    /// The interrupt handler runs.
    Interrupt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Layer {
    Transport,
    Ip,
    Driver,
}

struct Thread {
    waiting: VecDeque<u32>,
    /// The send that runs, while it runs.
    running: Option<u32>,
    buffer: Option<UserId>,
    numbers: TcpNumbers,
}

struct SendState {
    /// What the socket layer holds, from its first packet on.
    held: Option<PayloadId>,
    /// Packets that are not completed yet.
    open: u32,
}

struct PacketState<B: Buffers> {
    packet: Option<B::Packet>,
    send: u32,
    offset: u32,
    len: u32,
    last: bool,
    segment: Segment,
}

/// One host with one scheme.
pub struct Host<B: Buffers, T: Tap> {
    traffic: Arc<Traffic>,
    config: Config,
    /// The scheme.
    pub buffers: B,
    /// What sees the frames.
    pub tap: T,
    fault: Option<Fault>,
    now: u64,
    queue: BinaryHeap<Reverse<(u64, u64, Action)>>,
    sequence: u64,
    arrived: usize,
    threads: Vec<Thread>,
    sends: VecDeque<Option<SendState>>,
    sends_base: u32,
    packets: VecDeque<Option<PacketState<B>>>,
    packets_base: u32,
    kept: Vec<UserId>,
    ident: u16,
    backlog: VecDeque<u32>,
    in_flight: u32,
    filled: VecDeque<u32>,
    doorbell_generation: u64,
    on_wire: Option<u32>,
    nic_busy: bool,
    frames_out: TxFrames,
    seen: Observation,
    seen_dma: Count,
    words: Vec<u32>,
    digest: RunDigest,
    hashed: usize,
    frames: u64,
    events: u64,
}

impl<B: Buffers, T: Tap> Host<B, T> {
    /// A host before its first event.
    pub fn new(traffic: Arc<Traffic>, config: Config, buffers: B, tap: T, fault: Option<Fault>) -> Self {
        let threads = (0..traffic.flows.len() as u32)
            .map(|flow| Thread {
                waiting: VecDeque::new(),
                running: None,
                buffer: None,
                numbers: TcpNumbers::new(config.seed, flow),
            })
            .collect();
        let mut host = Self {
            digest: RunDigest::new(&config, B::SCHEME, &traffic.sha256),
            seen: buffers.observe(),
            traffic,
            config,
            buffers,
            tap,
            fault,
            now: 0,
            queue: BinaryHeap::new(),
            sequence: 0,
            arrived: 0,
            threads,
            sends: VecDeque::new(),
            sends_base: 0,
            packets: VecDeque::new(),
            packets_base: 0,
            kept: Vec::new(),
            ident: 0,
            backlog: VecDeque::new(),
            in_flight: 0,
            filled: VecDeque::new(),
            doorbell_generation: 0,
            on_wire: None,
            nic_busy: false,
            frames_out: TxFrames::default(),
            seen_dma: Count::default(),
            words: Vec::new(),
            hashed: 0,
            frames: 0,
            events: 0,
        };
        host.schedule_arrival();
        host
    }

    /// Frames on the wire so far.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Events recorded so far.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Packets made so far.
    pub fn packets(&self) -> u32 {
        self.packets_base + self.packets.len() as u32
    }

    /// Hands over the records made since the last call, as words ([`Event::encode`]).
    pub fn take_events(&mut self) -> Vec<u32> {
        self.digest.events(&self.words[self.hashed..]);
        self.hashed = 0;
        std::mem::take(&mut self.words)
    }

    /// Records are hashed and forgotten: for runs that need only the result.
    pub fn discard_events(&mut self) {
        self.digest.events(&self.words[self.hashed..]);
        self.hashed = 0;
        self.words.clear();
    }

    /// The digest, once the run is over.
    pub fn finish(mut self) -> (String, B, T) {
        self.discard_events();
        let seen = self.buffers.observe();
        let integers = self.buffers.ledger().integers(seen.map_entries, &seen.lines, &seen.data_lines);
        (self.digest.finish(&integers), self.buffers, self.tap)
    }

    /// Carries out the next action; false when none is left.
    ///
    /// # Errors
    /// [`SimError`]; the run cannot go on after it.
    pub fn step(&mut self) -> Result<bool, SimError> {
        let Some(Reverse((time, _, action))) = self.queue.pop() else { return Ok(false) };
        self.now = time;
        let result = match action {
            Action::Arrive => self.arrive(),
            Action::Call(flow) => self.call(flow),
            Action::Frame { flow, index } => self.frame_of(flow, index),
            Action::Layer(packet, layer) => self.layer(packet, layer),
            Action::DoorbellTimeout(generation) => {
                if generation == self.doorbell_generation {
                    self.doorbell();
                }
                Ok(())
            }
            Action::Dma => self.dma(),
            Action::Wire => self.wire(),
            Action::Interrupt => self.interrupt(),
        };
        result.map_err(|source| SimError { packet: self.packets(), source })?;
        Ok(true)
    }

    fn after(&mut self, delay: u64, action: Action) {
        self.at(self.now + delay, action);
    }

    fn at(&mut self, time: u64, action: Action) {
        self.sequence += 1;
        self.queue.push(Reverse((time, self.sequence, action)));
    }

    fn record(&mut self, packet: u32, kind: Kind) {
        self.events += 1;
        self.words.extend(Event { time_ns: self.now, packet, kind }.encode());
    }

    /// Records what the scheme's counters and ledger show since the last call, as caused by `packet`.
    fn record_effects(&mut self, packet: u32) {
        let entries: Vec<Entry> = self.buffers.ledger_mut().drain().collect();
        for entry in entries {
            let kind = match entry {
                Entry::Copy { cause, bytes } => Kind::Copy { cause, bytes },
                Entry::Allocate { kind, bytes } => Kind::Allocate { kind, bytes },
                Entry::Free { kind, bytes } => Kind::Free { kind, bytes },
            };
            self.record(packet, kind);
        }
        for send in self.buffers.take_dead_payloads() {
            self.record(packet, Kind::PayloadDead { send: send.0 });
        }
        let (was, is) = (self.seen, self.buffers.observe());
        self.seen = is;
        if is.map_entries != was.map_entries {
            self.record(packet, Kind::MapEntries { count: (is.map_entries - was.map_entries) as u32 });
        }
        let data = is.data_lines.since(&was.data_lines);
        let all = is.lines.since(&was.lines);
        if all.requested > data.requested {
            let requested = (all.requested - data.requested) as u32;
            let (new, hits) = ((all.new - data.new) as u32, (all.hits - data.hits) as u32);
            self.record(packet, Kind::Lines { requested, new, hits });
        }
        if is.held != was.held {
            let (references, distinct) = (is.held.references as u32, is.held.distinct as u32);
            self.record(packet, Kind::Held { references, distinct });
        }
        let dma = self.buffers.ledger().dma;
        if dma != self.seen_dma {
            let (requests, bytes) = (dma.count - self.seen_dma.count, dma.bytes - self.seen_dma.bytes);
            self.seen_dma = dma;
            self.record(packet, Kind::Dma { requests: requests as u32, bytes: bytes as u32 });
        }
        let ring = |seen: &Observation| (seen.head, seen.tail, seen.owned_by_nic, seen.unposted);
        if ring(&is) != ring(&was) {
            let (head, tail, owned, unposted) = ring(&is);
            self.record(packet, Kind::Ring { head, tail, owned: owned as u16, unposted: unposted as u16 });
        }
    }

    fn record_stage(&mut self, packet: u32, stage: Stage) {
        if let Some(state) = self.packet(packet) {
            let (send, offset, len) = (state.send, state.offset, state.len);
            self.record(packet, Kind::Stage { stage, send, offset, len });
        }
    }

    fn packet(&mut self, packet: u32) -> Option<&mut PacketState<B>> {
        self.packets.get_mut(packet.checked_sub(self.packets_base)? as usize)?.as_mut()
    }

    // The application and the socket layer.

    fn schedule_arrival(&mut self) {
        if let Some(send) = self.traffic.sends.get(self.arrived) {
            self.at(send.time_ns.max(self.now), Action::Arrive);
        }
    }

    fn arrive(&mut self) -> Result<(), BufferError> {
        let index = self.arrived as u32;
        let flow = self.traffic.sends[self.arrived].flow;
        self.arrived += 1;
        self.schedule_arrival();
        let thread = &mut self.threads[flow as usize];
        thread.waiting.push_back(index);
        if thread.running.is_none() && thread.waiting.len() == 1 {
            return self.call(flow);
        }
        Ok(())
    }

    /// A thread's next `send()`: it runs until the driver has the last of its packets.
    fn call(&mut self, flow: u32) -> Result<(), BufferError> {
        let Some(send) = self.threads[flow as usize].waiting.pop_front() else { return Ok(()) };
        let traffic = Arc::clone(&self.traffic);
        let payload = traffic.bytes(&traffic.sends[send as usize]);
        let reused = match self.config.retention {
            Retention::Overwrite => self.threads[flow as usize].buffer.take(),
            _ => None,
        };
        let before = self.buffers.ledger().app_write;
        let user = self.buffers.app_write(reused, SendId(send), payload)?;
        let after = self.buffers.ledger().app_write;
        // The stage event names the send; its packets come into being in the socket layer.
        let len = payload.len() as u32;
        self.record(Event::NONE, Kind::Stage { stage: Stage::Send, send, offset: 0, len });
        self.record(
            Event::NONE,
            Kind::AppWrite {
                bytes: len,
                requested: (after.lines_requested - before.lines_requested) as u32,
                new: (after.lines_new - before.lines_new) as u32,
            },
        );
        self.record_effects(Event::NONE);
        let open = len.div_ceil(self.mss(send));
        self.put_send(send, SendState { held: None, open });
        let thread = &mut self.threads[flow as usize];
        thread.running = Some(send);
        thread.buffer = Some(user);
        self.after(STAGE_NS, Action::Frame { flow, index: 0 });
        Ok(())
    }

    /// Most payload of one packet of a send.
    fn mss(&self, send: u32) -> u32 {
        let flow = &self.traffic.flows[self.traffic.sends[send as usize].flow as usize];
        if !flow.tcp {
            return MTU;
        }
        match flow.endpoints {
            Endpoints::V4 { .. } => MSS,
            // IPv6's header is 20 bytes longer, and the packet must fit the same MTU.
            Endpoints::V6 { .. } => MSS - 20,
        }
    }

    fn put_send(&mut self, send: u32, state: SendState) {
        if self.sends.is_empty() {
            self.sends_base = send;
        }
        // Threads start their sends out of order: older ones may still wait for their thread.
        while send < self.sends_base {
            self.sends.push_front(None);
            self.sends_base -= 1;
        }
        let at = (send - self.sends_base) as usize;
        while self.sends.len() <= at {
            self.sends.push_back(None);
        }
        self.sends[at] = Some(state);
    }

    fn frame_of(&mut self, flow: u32, index: u32) -> Result<(), BufferError> {
        let Some(send) = self.threads[flow as usize].running else { return Ok(()) };
        let traffic = &self.traffic.sends[send as usize];
        let (total, mss) = (traffic.range.len() as u32, self.mss(send));
        let (reverse, hardware) = (traffic.reverse, traffic.hardware);
        let offset = index * mss;
        let len = (total - offset).min(mss);
        let last = offset + len == total;
        let shape = &self.traffic.flows[flow as usize];
        let thread = &mut self.threads[flow as usize];
        let protocol = if shape.tcp {
            let (seq, ack) = thread.numbers.take(reverse, len);
            Protocol::Tcp { seq, ack }
        } else {
            Protocol::Udp
        };
        let endpoints = if reverse { shape.endpoints.reversed() } else { shape.endpoints };
        let segment = Segment { endpoints, hardware, protocol, ident: self.ident, payload: len as u16 };
        self.ident = self.ident.wrapping_add(1);
        let (Some(user), Some(Some(state))) =
            (thread.buffer, self.sends.get_mut((send - self.sends_base) as usize))
        else {
            return Ok(());
        };
        let payload = match state.held {
            Some(payload) => payload,
            None => *state.held.insert(self.buffers.send(FlowId(flow), user, 0..u64::from(total))?),
        };
        let made = self.buffers.packet(&[Chunk { payload, offset, len }])?;
        let packet = self.packets();
        self.packets.push_back(Some(PacketState { packet: Some(made), send, offset, len, last, segment }));
        self.record_stage(packet, Stage::Socket);
        self.record_effects(packet);
        self.after(STAGE_NS, Action::Layer(packet, Layer::Transport));
        if !last {
            self.after(STAGE_NS, Action::Frame { flow, index: index + 1 });
        }
        Ok(())
    }

    // The layers.

    fn layer(&mut self, packet: u32, layer: Layer) -> Result<(), BufferError> {
        let fault = self.fault.filter(|fault| fault.packet.0 == packet && layer == Layer::Driver);
        let Some(state) = self.packets[(packet - self.packets_base) as usize].as_mut() else { return Ok(()) };
        let segment = state.segment;
        let Some(held) = state.packet.as_mut() else { return Ok(()) };
        match layer {
            Layer::Transport => stack::transport(&mut self.buffers, held, &segment)?,
            Layer::Ip => stack::network(&mut self.buffers, held, &segment)?,
            Layer::Driver => stack::ethernet(&mut self.buffers, held, &segment)?,
        }
        if let Some(fault) = fault {
            self.buffers.flip_payload_byte(held, fault.offset)?;
        }
        let (stage, next) = match layer {
            Layer::Transport => (Stage::Transport, Some(Layer::Ip)),
            Layer::Ip => (Stage::Ip, Some(Layer::Driver)),
            Layer::Driver => (Stage::Driver, None),
        };
        self.record_stage(packet, stage);
        self.record_effects(packet);
        if let Some(next) = next {
            self.after(STAGE_NS, Action::Layer(packet, next));
            return Ok(());
        }
        self.backlog.push_back(packet);
        self.fill()?;
        self.return_from_send(packet)
    }

    /// The driver fills TX slots with the packets that wait, as far as the limit allows.
    fn fill(&mut self) -> Result<(), BufferError> {
        while self.in_flight < TX_LIMIT {
            let Some(packet) = self.backlog.pop_front() else { break };
            let Some(state) = self.packet(packet) else { continue };
            let offload = TxOffload::Checksum(stack::checksum(&state.segment));
            let Some(held) = state.packet.take() else { continue };
            self.buffers.post(QUEUE, PacketId(packet), held, offload)?;
            self.in_flight += 1;
            self.filled.push_back(packet);
            self.record_effects(packet);
            if self.filled.len() as u32 >= self.config.doorbell_every {
                self.doorbell();
            } else if self.filled.len() == 1 {
                self.doorbell_generation += 1;
                self.after(DOORBELL_TIMEOUT_NS, Action::DoorbellTimeout(self.doorbell_generation));
            }
        }
        // A full queue rings at once: nothing more can come to share the doorbell.
        if self.in_flight == TX_LIMIT {
            self.doorbell();
        }
        Ok(())
    }

    /// `send()` returns once the driver has its last packet; the buffer is the application's again.
    fn return_from_send(&mut self, packet: u32) -> Result<(), BufferError> {
        let Some(state) = self.packet(packet) else { return Ok(()) };
        if !state.last {
            return Ok(());
        }
        let send = state.send as usize;
        let flow = self.traffic.sends[send].flow;
        let thread = &mut self.threads[flow as usize];
        thread.running = None;
        match self.config.retention {
            Retention::Keep => self.kept.extend(thread.buffer.take()),
            Retention::Overwrite => {}
            Retention::Free => {
                if let Some(user) = thread.buffer.take() {
                    self.buffers.free_user(user)?;
                    self.record_effects(packet);
                }
            }
        }
        if !self.threads[flow as usize].waiting.is_empty() {
            self.after(0, Action::Call(flow));
        }
        Ok(())
    }

    // The NIC.

    fn doorbell(&mut self) {
        if self.filled.is_empty() {
            return;
        }
        self.doorbell_generation += 1;
        self.buffers.doorbell(QUEUE);
        let filled = std::mem::take(&mut self.filled);
        for packet in &filled {
            self.record_stage(*packet, Stage::Doorbell);
        }
        self.record_effects(filled[0]);
        if !self.nic_busy {
            self.nic_busy = true;
            self.after(STAGE_NS, Action::Dma);
        }
    }

    fn dma(&mut self) -> Result<(), BufferError> {
        self.frames_out.clear();
        let sent = self.buffers.transmit(QUEUE, &mut self.frames_out)?;
        let Some(PacketId(packet)) = sent else {
            self.nic_busy = false;
            self.after(STAGE_NS, Action::Interrupt);
            return Ok(());
        };
        self.record_stage(packet, Stage::Dma);
        self.record_effects(packet);
        for frame in self.frames_out.iter() {
            self.frames += 1;
            self.tap.frame(PacketId(packet), frame);
        }
        self.on_wire = Some(packet);
        self.after(STAGE_NS, Action::Wire);
        Ok(())
    }

    fn wire(&mut self) -> Result<(), BufferError> {
        if let Some(packet) = self.on_wire.take() {
            self.record_stage(packet, Stage::Wire);
            let sent: Vec<_> =
                self.frames_out.iter().map(|frame| (frame.len() as u32, xxh3_64(frame))).collect();
            let mut bits = 0;
            for (len, hash) in sent {
                self.record(packet, Kind::Frame { len, hash });
                bits += (u64::from(len) + WIRE_OVERHEAD) * 8;
            }
            self.after(bits * 1_000_000_000 / LINK_BITS_PER_S, Action::Dma);
        }
        Ok(())
    }

    fn interrupt(&mut self) -> Result<(), BufferError> {
        self.buffers.interrupt(QUEUE);
        while let Some(PacketId(packet)) = self.buffers.recycle(QUEUE)? {
            self.in_flight -= 1;
            self.record_stage(packet, Stage::Completion);
            if let Some(state) = self.packets[(packet - self.packets_base) as usize].take() {
                self.complete_part(state.send)?;
            }
            self.record_effects(packet);
        }
        while let Some(None) = self.packets.front() {
            self.packets.pop_front();
            self.packets_base += 1;
        }
        while let Some(None) = self.sends.front() {
            self.sends.pop_front();
            self.sends_base += 1;
        }
        self.fill()
    }

    /// One of a send's packets is done; with the last one the socket layer lets go of the payload.
    fn complete_part(&mut self, send: u32) -> Result<(), BufferError> {
        let Some(slot) = self.sends.get_mut((send - self.sends_base) as usize) else { return Ok(()) };
        let Some(state) = slot.as_mut() else { return Ok(()) };
        state.open -= 1;
        if state.open == 0
            && let Some(payload) = slot.take().and_then(|state| state.held)
        {
            self.buffers.release(payload);
        }
        Ok(())
    }
}
