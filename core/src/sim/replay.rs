//! The shown host of a capture: its threads send what it sent, through one scheme, and what others sent arrives at its NIC
//! when it was captured (paper sections 3.2 and 3.3).
//!
//! Protocol time never depends on the scheme: layers take [`Config::layer_ns`], the wire runs at the link's rate, and at most
//! [`TX_LIMIT`] packets are between driver and completion. Payload waits by reference until the ring has room, as in the
//! stack. A capture's connections are not spoken again: each payload has headers of its own with consistent numbers, nothing
//! is acknowledged, and what the link loses stays lost.

use std::collections::VecDeque;
use std::sync::Arc;

use super::book::Book;
use super::change::{Change, Pending};
use super::config::{Config, Receive, Retention};
use super::event::{DropPlace, Event, FaultKind, Kind, ThreadState};
use super::journal::Side;
use super::port::{Driver, Port};
use super::recorded::Recorded;
use super::report::Receipt;
use super::run::{Run, Saved};
use super::wires::{Tap, Wires};
use crate::buffers::{BufferError, Buffers, Chunk, FlowId, Holders, PayloadId, SendId, UserId};
use crate::ledger::PacketId;
use crate::nic::{self, DoorbellBatch, TxFrames, TxOffload};
use crate::order::NumberMap;
use crate::stack::{self, DropReason, Drops, Endpoints, MSS, MTU, Protocol, Segment, TcpNumbers};
use crate::traffic::{Send, Traffic};

/// Longest time that a filled slot waits for others to share its doorbell.
pub const DOORBELL_TIMEOUT_NS: u64 = 20_000;
/// Packets between driver and completion at the most, as Linux's byte queue limits keep the ring short.
pub const TX_LIMIT: u32 = 64;

/// What happens next; those at the same time happen in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Change,
    Capture,
    Leave,
    Arrive,
    Send,
    Run,
}

/// A thread with its connection.
#[derive(Clone)]
struct Thread {
    /// Sends that wait for it, by index.
    waiting: VecDeque<u32>,
    /// What has arrived for it.
    received: VecDeque<Chunk>,
    runnable: bool,
    buffer: Option<UserId>,
    numbers: TcpNumbers,
}

/// A piece of a send on its way to the ring.
#[derive(Clone, Copy)]
struct Piece {
    send: u32,
    chunk: Chunk,
    segment: Segment,
}

/// What the socket layer holds of a send until its last packet is completed.
#[derive(Clone, Copy)]
struct Held {
    payload: PayloadId,
    open: u32,
}

/// A capture's host with one scheme.
#[derive(Clone)]
pub struct Replay<B: Buffers, T = ()> {
    traffic: Arc<Traffic>,
    config: Config,
    buffers: Recorded<B>,
    tap: T,
    book: Book,
    wires: Wires,
    port: Port,
    changes: Pending,
    now: u64,
    /// Payloads of the capture that have come up.
    captured: usize,
    threads: Vec<Thread>,
    runnable: VecDeque<u32>,
    held: NumberMap<Held>,
    /// Pieces that wait for room, by queue.
    backlog: Vec<VecDeque<Piece>>,
    /// Sends of the packets in the rings, by queue, in order.
    posted: Vec<VecDeque<u32>>,
    in_flight: Vec<u32>,
    bells: Vec<DoorbellBatch>,
    kept: Vec<UserId>,
    ident: u16,
    busy_until: u64,
    drops: Drops,
    /// Payload bytes that threads have received.
    received: u64,
    frames: [u64; 2],
}

struct Rings<'a, B: Buffers>(&'a mut Recorded<B>);

impl<B: Buffers> Driver<B> for Rings<'_, B> {
    fn recorded(&mut self) -> &mut Recorded<B> {
        self.0
    }

    fn transmit(&mut self, queue: u16, frames: &mut TxFrames) {
        // A fault is counted by the NIC; the packet is completed all the same.
        let _ = self.0.transmit(queue, frames);
    }
}

impl<B: Buffers, T: Tap> Replay<B, T> {
    /// A host before anything has happened; `buffers` is its scheme, with [`Config::nic`].
    pub fn new(traffic: Arc<Traffic>, config: Config, changes: &[Change], buffers: B, tap: T) -> Self {
        let queues = usize::from(config.queues);
        let book = Book::new(&config, changes, buffers.scheme(), Some(&traffic.sha256));
        let mut recorded = Recorded::new(buffers, config.queues, config.layer_ns, false);
        recorded.plan_flips(changes);
        let threads = (0..traffic.flows.len() as u32)
            .map(|flow| Thread {
                waiting: VecDeque::new(),
                received: VecDeque::new(),
                runnable: false,
                buffer: None,
                numbers: TcpNumbers::new(config.seed, flow),
            })
            .collect();
        let bell = DoorbellBatch::new(config.doorbell_every, DOORBELL_TIMEOUT_NS);
        let mut replay = Self {
            book,
            buffers: recorded,
            tap,
            wires: Wires::new(&config, changes),
            port: Port::new(config.queues),
            changes: Pending::new(changes),
            now: 0,
            captured: 0,
            threads,
            runnable: VecDeque::new(),
            held: NumberMap::default(),
            backlog: vec![VecDeque::new(); queues],
            posted: vec![VecDeque::new(); queues],
            in_flight: vec![0; queues],
            bells: vec![bell; queues],
            kept: Vec::new(),
            ident: 0,
            busy_until: 0,
            drops: Drops::default(),
            received: 0,
            frames: [0; 2],
            traffic,
            config,
        };
        for queue in 0..replay.config.queues {
            replay.refill(queue);
        }
        replay
    }

    fn next(&self) -> Option<(u64, Next)> {
        let capture = self.traffic.sends.get(self.captured).map(|send| send.time_ns);
        let times = [
            (self.changes.next_time().filter(|_| capture.is_some() || self.is_busy()), Next::Change),
            (capture, Next::Capture),
            (self.wires.down.next_time(), Next::Leave),
            (self.wires.up.next_time(), Next::Arrive),
            (self.port.send_time(&self.buffers), Next::Send),
            (self.run_time(), Next::Run),
        ];
        times.into_iter().filter_map(|(time, next)| Some((time?, next))).min()
    }

    /// Whether something is still under way once the capture has come up.
    fn is_busy(&self) -> bool {
        self.run_time().is_some() || self.port.send_time(&self.buffers).is_some()
    }

    fn step(&mut self) -> bool {
        let Some((time, next)) = self.next() else {
            self.book.collect(&mut self.buffers, u64::MAX);
            return false;
        };
        self.now = self.now.max(time);
        self.buffers.journal.steps += 1;
        let now = self.now;
        match next {
            Next::Change => self.change(),
            Next::Capture => self.capture(),
            // Nobody is there to receive what the shown host sent.
            Next::Leave => _ = self.wires.down.receive(now),
            Next::Arrive => {
                if let Some(frame) = self.wires.up.receive(now) {
                    self.arrive(&frame);
                }
            }
            Next::Send => {
                let Self { port, buffers, wires, tap, frames, config, .. } = self;
                port.send(
                    now,
                    config.layer_ns,
                    &mut Rings(buffers),
                    &mut wires.down,
                    |time, packet, frame| {
                        frames[0] += 1;
                        tap.frame(time, false, packet, frame);
                    },
                );
            }
            Next::Run => self.run(),
        }
        for fault in self.wires.faults() {
            self.buffers.journal.advance(Side::Receive, now);
            self.buffers.journal.record(Side::Receive, Event::NONE, fault);
        }
        self.book.collect(&mut self.buffers, now);
        true
    }

    fn record(&mut self, kind: Kind) {
        self.buffers.journal.record(Side::Software, Event::NONE, kind);
    }

    fn change(&mut self) {
        self.buffers.journal.advance(Side::Software, self.now);
        match self.changes.due(self.now) {
            Some(Change::Rings { slots, .. }) => self.buffers.limit_rings(slots),
            Some(Change::Overwrite { thread, .. }) => {
                let buffer = self.threads.get(thread as usize).and_then(|thread| thread.buffer);
                let buffer = buffer.or(self.kept.last().copied());
                if let Some(buffer) = buffer
                    && self.buffers.scribble(buffer, SendId(Event::NONE))
                {
                    self.record(Kind::Fault {
                        fault: FaultKind::Overwritten,
                        from_peer: false,
                        frame: thread,
                    });
                }
            }
            _ => {}
        }
    }

    // The capture and the link.

    /// The next payload of the capture: a thread is to send it, or its frame is on the link.
    fn capture(&mut self) {
        let index = self.captured as u32;
        self.captured += 1;
        let traffic = Arc::clone(&self.traffic);
        let send = &traffic.sends[index as usize];
        if !send.arrives {
            self.threads[send.flow as usize].waiting.push_back(index);
            self.wake(send.flow);
            return;
        }
        let payload = traffic.bytes(send);
        for (offset, len) in pieces(payload.len() as u32, self.mss(send)) {
            let segment = self.segment(send, len);
            let frame = stack::frame(&segment, &payload[offset as usize..(offset + len) as usize]);
            let end = self.wires.up.send(self.now, &frame);
            self.frames[1] += 1;
            self.tap.frame(end, true, Event::NONE, &frame);
        }
    }

    fn arrive(&mut self, frame: &[u8]) {
        let packet = self.buffers.subjects();
        self.tap.arrival(self.now, packet, frame);
        self.buffers.announce(self.thread_of(frame).unwrap_or(Event::NONE));
        self.port.deliver(self.now, &mut self.buffers, frame);
    }

    /// Whose frame arrives, as the picture has it: the headers as the link left them.
    fn thread_of(&self, frame: &[u8]) -> Option<u32> {
        let ip = match frame.get(nic::ETHERNET_BYTES)? >> 4 {
            4 => nic::IpVersion::V4,
            _ => nic::IpVersion::V6,
        };
        let at = stack::transport_at(ip) as usize;
        let (endpoints, tcp, _) = stack::ends(frame.get(nic::ETHERNET_BYTES..at)?, frame.get(at..at + 8)?)?;
        self.traffic.thread(endpoints, tcp)
    }

    /// Most payload of one packet of a send.
    fn mss(&self, send: &Send) -> u32 {
        let flow = &self.traffic.flows[send.flow as usize];
        if !flow.tcp {
            return MTU;
        }
        match flow.endpoints {
            Endpoints::V4 { .. } => MSS,
            // IPv6's header is 20 bytes longer, and the packet must fit the same MTU.
            Endpoints::V6 { .. } => MSS - 20,
        }
    }

    fn segment(&mut self, send: &Send, len: u32) -> Segment {
        let flow = self.traffic.flows[send.flow as usize];
        let protocol = if flow.tcp {
            let (seq, ack) = self.threads[send.flow as usize].numbers.take(send.reverse, len);
            Protocol::Tcp { seq, ack }
        } else {
            Protocol::Udp
        };
        let endpoints = if send.reverse { flow.endpoints.reversed() } else { flow.endpoints };
        let ident = self.ident;
        self.ident = self.ident.wrapping_add(1);
        Segment { endpoints, hardware: send.hardware, protocol, ident, payload: len as u16 }
    }

    // The processor.

    fn wake(&mut self, thread: u32) {
        let state = &mut self.threads[thread as usize];
        if !std::mem::replace(&mut state.runnable, true) {
            self.runnable.push_back(thread);
        }
    }

    fn run_time(&self) -> Option<u64> {
        let runnable = (!self.runnable.is_empty()).then_some(self.now);
        let bells = self.bells.iter().filter_map(DoorbellBatch::next_time).min();
        let first = [runnable, bells, self.port.interrupt_time()].into_iter().flatten().min()?;
        Some(first.max(self.busy_until).max(self.now))
    }

    /// The interrupt handler, one thread, and the doorbells that are due.
    fn run(&mut self) {
        let now = self.now;
        self.buffers.journal.advance(Side::Software, now);
        if let Some(queues) = self.port.interrupts(now) {
            self.buffers.journal.advance(Side::Receive, now);
            for queue in queues {
                self.buffers.interrupt(queue);
                self.recycle(queue);
                self.receive(queue);
                self.refill(queue);
            }
        }
        if let Some(thread) = self.runnable.pop_front() {
            self.threads[thread as usize].runnable = false;
            self.run_thread(thread);
        }
        for queue in 0..self.config.queues {
            self.fill(queue);
            if self.bells[usize::from(queue)].due(now) {
                self.buffers.doorbell(queue);
            }
        }
        self.busy_until = self.buffers.clock().max(now + self.config.layer_ns);
    }

    fn run_thread(&mut self, thread: u32) {
        self.record(Kind::Thread { state: ThreadState::Runs, thread, waited_ns: 0 });
        if !self.threads[thread as usize].received.is_empty() {
            self.recv(thread);
        }
        if let Some(send) = self.threads[thread as usize].waiting.pop_front()
            && self.send(thread, send).is_err()
        {
            self.refused();
        }
        if !self.threads[thread as usize].waiting.is_empty() {
            self.wake(thread);
        }
    }

    /// A call found no memory: it is counted, and the run goes on.
    fn refused(&mut self) {
        self.dropped(DropReason::Memory);
    }

    fn dropped(&mut self, reason: DropReason) {
        self.drops.add(reason);
        self.record(Kind::Drop { place: DropPlace::Stack, reason: reason as u32, count: 1 });
    }

    /// What was dropped above the NIC, by reason.
    pub fn drops(&self) -> &Drops {
        &self.drops
    }

    /// A `send()`: the application fills its buffer, the socket layer takes it over, its pieces wait for the ring.
    fn send(&mut self, thread: u32, index: u32) -> Result<(), BufferError> {
        let traffic = Arc::clone(&self.traffic);
        let send = &traffic.sends[index as usize];
        let payload = traffic.bytes(send);
        let former = self.threads[thread as usize].buffer.take();
        let reused = match self.config.retention {
            Retention::Overwrite => former,
            _ => None,
        };
        let user = match self.buffers.app_write(reused, SendId(index), payload) {
            Ok(user) => user,
            Err(error) => {
                self.threads[thread as usize].buffer = reused;
                return Err(error);
            }
        };
        self.threads[thread as usize].buffer = Some(user);
        let taken = self.buffers.send(FlowId(thread), user, 0..payload.len() as u64);
        if let Ok(payload) = taken {
            let len = send.range.len() as u32;
            let queue = usize::from(self.queue_of(thread));
            let cuts: Vec<_> = pieces(len, self.mss(send)).collect();
            self.held.insert(index.into(), Held { payload, open: cuts.len() as u32 });
            for (offset, cut) in cuts {
                let segment = self.segment(send, cut);
                let chunk = Chunk { payload, offset, len: cut };
                self.backlog[queue].push_back(Piece { send: index, chunk, segment });
            }
        }
        self.fill(self.queue_of(thread));
        match self.config.retention {
            Retention::Keep => self.kept.extend(self.threads[thread as usize].buffer),
            Retention::Overwrite => {}
            Retention::Free => {
                self.threads[thread as usize].buffer = None;
                self.buffers.free_user(user)?;
            }
        }
        taken.map(|_| ())
    }

    /// A `recv()` of all that has arrived for a thread.
    fn recv(&mut self, thread: u32) {
        let parts: Vec<Chunk> = self.threads[thread as usize].received.drain(..).collect();
        let received = match self.config.receive {
            Receive::Segments => self.buffers.recv_segments(&parts),
            Receive::Contiguous => self.buffers.recv(&parts).map(|user| vec![user]),
        };
        for part in &parts {
            self.buffers.release(part.payload);
        }
        if received.is_ok() {
            self.received += parts.iter().map(|part| u64::from(part.len)).sum::<u64>();
        }
        match received {
            // What becomes of the buffer is decided as for those that were sent from.
            Ok(users) if self.config.retention == Retention::Keep => self.kept.extend(users),
            Ok(users) => {
                for user in users {
                    let freed = self.buffers.free_user(user);
                    debug_assert_eq!(freed, Ok(()), "the buffer was just handed out");
                }
            }
            Err(_) => self.refused(),
        }
    }

    // The driver.

    fn queue_of(&self, thread: u32) -> u16 {
        (thread % u32::from(self.config.queues)) as u16
    }

    /// Makes packets of the pieces that wait, and posts them, as far as the limit and the ring allow.
    fn fill(&mut self, queue: u16) {
        let index = usize::from(queue);
        while self.in_flight[index] < TX_LIMIT {
            let Some(piece) = self.backlog[index].front().copied() else { break };
            match self.post(queue, &piece) {
                Ok(true) => {}
                Ok(false) => break,
                Err(_) => {
                    self.refused();
                    self.complete_part(piece.send);
                }
            }
            self.backlog[index].pop_front();
        }
        // A full queue rings at once: nothing more can come to share the doorbell.
        if self.in_flight[index] == TX_LIMIT && self.bells[index].ring() {
            self.buffers.doorbell(queue);
        }
    }

    /// Whether the packet found room.
    fn post(&mut self, queue: u16, piece: &Piece) -> Result<bool, BufferError> {
        let index = usize::from(queue);
        let mut packet = self.buffers.packet(&[piece.chunk])?;
        stack::transport(&mut self.buffers, &mut packet, &piece.segment)?;
        stack::network(&mut self.buffers, &mut packet, &piece.segment)?;
        stack::ethernet(&mut self.buffers, &mut packet, &piece.segment)?;
        if !self.buffers.has_room(queue, &packet) {
            self.buffers.drop_packet(packet);
            return Ok(false);
        }
        let offload = TxOffload::Checksum(stack::checksum(&piece.segment));
        // The recorder numbers packets itself.
        self.buffers.post(queue, PacketId(piece.send), packet, offload)?;
        self.posted[index].push_back(piece.send);
        self.in_flight[index] += 1;
        let now = self.buffers.clock();
        if self.bells[index].post(now) {
            self.buffers.doorbell(queue);
        }
        Ok(true)
    }

    fn recycle(&mut self, queue: u16) {
        let index = usize::from(queue);
        while let Ok(Some(_)) = self.buffers.recycle(queue) {
            self.in_flight[index] -= 1;
            if let Some(send) = self.posted[index].pop_front() {
                self.complete_part(send);
            }
        }
    }

    /// One of a send's packets is done; with the last one the socket layer lets go of the payload.
    fn complete_part(&mut self, send: u32) {
        let Some(held) = self.held.get_mut(send.into()) else { return };
        held.open -= 1;
        if held.open == 0 {
            let payload = held.payload;
            self.held.remove(send.into());
            self.buffers.release(payload);
        }
    }

    fn refill(&mut self, queue: u16) {
        if self.buffers.refill(queue).is_err() {
            self.refused();
        }
    }

    /// Takes what has arrived up to the sockets, without a byte moving.
    fn receive(&mut self, queue: u16) {
        loop {
            let frame = match self.buffers.poll_rx(queue) {
                Ok(Some(frame)) => frame,
                Ok(None) => return,
                Err(_) => return self.refused(),
            };
            if let Some((thread, chunk)) = self.climb(frame) {
                self.threads[thread as usize].received.push_back(chunk);
                self.wake(thread);
            }
        }
    }

    /// IP and transport look at a frame: the thread that it is for, and its payload.
    fn climb(&mut self, frame: <Recorded<B> as Buffers>::Frame) -> Option<(u32, Chunk)> {
        match self.read_headers(&frame) {
            Ok((thread, start)) => {
                let len = self.buffers.frame_len(&frame);
                let payload = self.buffers.keep_payload(frame, start..len).ok()?;
                Some((thread, Chunk { payload, offset: 0, len: len - start }))
            }
            Err(reason) => {
                self.buffers.drop_frame(frame);
                self.dropped(reason);
                None
            }
        }
    }

    /// The thread that a frame is for, and where its payload begins.
    fn read_headers(&mut self, frame: &<Recorded<B> as Buffers>::Frame) -> Result<(u32, u32), DropReason> {
        let metadata = self.buffers.metadata(frame);
        let mut ip = [0; 40];
        let mut ports = [0; 8];
        let version = metadata.ip.ok_or(DropReason::UnknownEtherType)?;
        let transport = stack::transport_at(version);
        let ip = &mut ip[..transport as usize - nic::ETHERNET_BYTES];
        let cut = |_| DropReason::Truncated;
        self.buffers.read_header(frame, nic::ETHERNET_BYTES as u32, ip).map_err(cut)?;
        if [metadata.ip_checksum, metadata.transport_checksum].contains(&nic::Verdict::Bad) {
            return Err(DropReason::BadChecksum);
        }
        self.buffers.read_header(frame, transport, &mut ports).map_err(cut)?;
        let (endpoints, tcp, len) = stack::ends(ip, &ports).ok_or(DropReason::UnknownProtocol)?;
        let thread = self.traffic.thread(endpoints, tcp).ok_or(DropReason::NoSocket)?;
        let start = transport + len;
        if start >= self.buffers.frame_len(frame) {
            return Err(DropReason::Truncated);
        }
        Ok((thread, start))
    }
}

/// A send's packets: offset and bytes of each.
fn pieces(len: u32, most: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..len.div_ceil(most)).map(move |i| (i * most, most.min(len - i * most)))
}

impl<B: Saved, T: Tap + Clone + 'static> Run for Replay<B, T> {
    type Scheme = B;
    type Tap = T;

    fn step(&mut self) -> bool {
        Replay::step(self)
    }

    fn next_time(&self) -> Option<u64> {
        self.next().map(|(time, _)| time.max(self.now))
    }

    fn now(&self) -> u64 {
        self.now
    }

    fn frames(&self) -> [u64; 2] {
        self.frames
    }

    fn book(&self) -> &Book {
        &self.book
    }

    fn book_mut(&mut self) -> &mut Book {
        &mut self.book
    }

    fn recorded(&self) -> &Recorded<B> {
        &self.buffers
    }

    fn recorded_mut(&mut self) -> &mut Recorded<B> {
        &mut self.buffers
    }

    fn tap(&self) -> &T {
        &self.tap
    }

    fn tap_mut(&mut self) -> &mut T {
        &mut self.tap
    }

    fn receipt(&self) -> Receipt {
        let counts = self.buffers.nic_counts();
        let stack_drops = self.drops.iter().map(|(reason, count)| (reason.name(), count)).collect();
        Receipt {
            frames: counts.received,
            sent_by_peer: self.frames[1],
            bytes: self.received,
            wrong: None,
            nic_drops: counts.by_reason(),
            stack_drops,
            resent: self.buffers.resent(),
            elapsed_ns: self.now,
            fairness: None,
        }
    }

    fn unshared(&self, other: &Self) -> u64 {
        let queues = self.threads.iter().map(|thread| thread.waiting.len() + 4 * thread.received.len());
        let backlog: usize = self.backlog.iter().map(VecDeque::len).sum();
        let entries = 64 * self.threads.len() + 16 * self.kept.len() + 128 * backlog + 32 * self.held.len();
        self.wires.unshared(&other.wires) + (8 * queues.sum::<usize>() + entries) as u64
    }
}
