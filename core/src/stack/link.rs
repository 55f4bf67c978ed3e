//! Down to the link: routing, the wait for a neighbour's address, IP fragmentation, the queue before the ring, and the
//! driver's posts and doorbells.

use std::collections::VecDeque;
use std::net::IpAddr;

use super::chunk::{self, Chunk};
use super::host::Stack;
use super::interface::solicited_node;
use super::neighbours::{Question, Resolution};
use super::tcp::Parts;
use super::wire::{
    Arp, ArpOperation, ETHERNET_BYTES, EtherType, Ethernet, Fragment, HardwareAddress, Header, ICMP_CHECKSUM,
    IpOut, Solicitation, UDP_CHECKSUM, ip_header, protocol, pseudo_header,
};
use super::{DropReason, tcp};
use crate::buffers::{BufferError, Buffers};
use crate::ledger::PacketId;
use crate::nic::{Checksum, IpVersion, Tso, TxOffload, fold, sum};

/// Hop limit of what a neighbour must know to come from the link (RFC 4861 section 11.2).
pub(super) const LINK_HOPS: u8 = 255;
/// Hop limit of everything else (RFC 1700's default).
pub(super) const HOPS: u8 = 64;

/// Control messages that wait for the ring of one queue: a burst of ICMP errors, and some.
const CONTROL_WAITING: u32 = 64;

/// Whose packet waits for a ring. Each kind has places of its own, or streams, which fill theirs again whenever one is free,
/// would keep all others out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Traffic {
    /// Segments of TCP connections.
    Stream,
    /// What applications send by datagram sockets.
    Datagram,
    /// What the stack sends of its own accord: ARP, NDP, echo replies, ICMP errors, resets.
    Control,
}

/// An IP packet before it has addresses on the link: headers as small values, payload by reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Datagram {
    pub(super) ip: IpOut,
    /// The transport header; none for a later fragment.
    pub(super) header: Header,
    /// The payload, with a holder for each piece.
    pub(super) parts: Parts,
    /// Where in the transport header the checksum field lies that the NIC completes; it holds the pseudo-header's sum.
    pub(super) checksum: Option<u16>,
    /// Most payload of a TCP segment when the NIC cuts this one.
    pub(super) cut: Option<u16>,
    pub(super) queue: u16,
    pub(super) traffic: Traffic,
}

/// What waits for a ring.
#[derive(Clone, Copy, Debug)]
enum Content {
    Ip(Datagram),
    Arp(Header),
}

impl Content {
    fn traffic(&self) -> Traffic {
        match self {
            Self::Ip(datagram) => datagram.traffic,
            Self::Arp(_) => Traffic::Control,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    destination: HardwareAddress,
    content: Content,
}

/// One TX queue's driver state.
#[derive(Clone, Debug, Default)]
struct TxQueue {
    waiting: VecDeque<Waiting>,
    /// How many of them are of each kind of [`Traffic`].
    places: [u32; 3],
    in_flight: u32,
    /// Posts since the last doorbell.
    unannounced: u32,
}

/// The driver's queues.
#[derive(Clone, Debug)]
pub(super) struct Link {
    queues: Vec<TxQueue>,
    /// Whether a packet has come to wait since the rings were last filled.
    eager: bool,
    next_packet: u32,
}

impl Link {
    pub(super) fn new(queues: u16) -> Self {
        let queues = vec![TxQueue::default(); usize::from(queues.max(1))];
        Self { queues, eager: false, next_packet: 0 }
    }

    /// When a packet that waits could be posted: at once, unless only completions help.
    pub(super) fn next_time(&self) -> Option<u64> {
        self.eager.then_some(0)
    }

    fn wait(&mut self, queue: u16, waiting: Waiting) {
        let queue = self.queue(queue);
        queue.places[waiting.content.traffic() as usize] += 1;
        queue.waiting.push_back(waiting);
        self.eager = true;
    }

    fn take(&mut self, queue: u16) -> Option<Waiting> {
        let queue = self.queue(queue);
        let waiting = queue.waiting.pop_front()?;
        queue.places[waiting.content.traffic() as usize] -= 1;
        Some(waiting)
    }

    fn put_back(&mut self, queue: u16, waiting: Waiting) {
        let queue = self.queue(queue);
        queue.places[waiting.content.traffic() as usize] += 1;
        queue.waiting.push_front(waiting);
    }

    fn queue(&mut self, queue: u16) -> &mut TxQueue {
        let count = self.queues.len();
        &mut self.queues[usize::from(queue) % count]
    }
}

/// What [`Stack::send_ip`] sends.
pub(super) struct Message<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) protocol: u8,
    pub(super) hop_limit: u8,
    /// The transport header; its checksum field is filled here.
    pub(super) header: Header,
    /// Where that field lies, and whether the pseudo-header belongs to the sum.
    pub(super) checksum: (u16, bool),
    /// The payload; the sender's holders stay the sender's.
    pub(super) chunks: &'a [Chunk],
    pub(super) queue: u16,
    pub(super) traffic: Traffic,
}

fn put_checksum(header: &mut Header, field: u16, value: u16) {
    let [high, low] = value.to_be_bytes();
    let at = usize::from(field);
    if let [first, second] = &mut header.bytes_mut()[at..at + 2] {
        (*first, *second) = (high, low);
    }
}

impl<B: Buffers> Stack<B> {
    pub(super) fn hold(&mut self, chunks: &[Chunk]) {
        for chunk in chunks {
            self.buffers.hold(chunk.payload);
        }
    }

    pub(super) fn release(&mut self, chunks: &[Chunk]) {
        for chunk in chunks {
            self.buffers.release(chunk.payload);
        }
    }

    /// Whether the queue before a ring takes another packet of that kind.
    pub(super) fn has_room(&mut self, queue: u16, traffic: Traffic) -> bool {
        let most = match traffic {
            Traffic::Stream | Traffic::Datagram => self.config.tx_waiting,
            Traffic::Control => CONTROL_WAITING,
        };
        self.link.queue(queue).places[traffic as usize] < most
    }

    /// Sends a datagram of any length an IP packet can have: in fragments where it is larger than the MTU (RFC 791 section
    /// 3.2, RFC 8200 section 4.5). Routers may fragment none of ours but those of IPv4 that are fragments already.
    ///
    /// # Errors
    /// The scheme's, when it must read payload for the checksum of a datagram in fragments.
    pub(super) fn send_ip(&mut self, now: u64, mut message: Message<'_>) -> Result<(), BufferError> {
        let (field, with_addresses) = message.checksum;
        let carried = chunk::total(message.chunks);
        let len = message.header.bytes().len() as u32 + carried;
        let seed = if with_addresses {
            pseudo_header(message.source, message.destination, message.protocol, len)
        } else {
            0
        };
        let ip = IpOut {
            source: message.source,
            destination: message.destination,
            protocol: message.protocol,
            hop_limit: message.hop_limit,
            len,
            ident: 0,
            dont_fragment: true,
            fragment: None,
        };
        let ip_bytes = if message.destination.is_ipv4() { 20 } else { 40 };
        let mtu = u32::from(self.config.mtu);
        if ip_bytes + len <= mtu && message.chunks.len() <= tcp::MAX_CHUNKS {
            put_checksum(&mut message.header, field, seed);
            let parts = chunk::parts(message.chunks);
            self.hold(message.chunks);
            let checksum = Some(field);
            self.output(
                now,
                Datagram {
                    ip,
                    header: message.header,
                    parts,
                    checksum,
                    cut: None,
                    queue: message.queue,
                    traffic: message.traffic,
                },
            );
            return Ok(());
        }
        put_checksum(&mut message.header, field, 0);
        let payload = self.buffers.sum(message.chunks)?;
        let value = !fold(u64::from(seed) + sum(message.header.bytes()) + u64::from(payload));
        put_checksum(
            &mut message.header,
            field,
            if value == 0 && field == UDP_CHECKSUM { 0xffff } else { value },
        );
        let room = mtu - ip_bytes - if message.destination.is_ipv4() { 0 } else { 8 };
        self.ident = self.ident.wrapping_add(1);
        let mut offset = 0;
        while offset < len {
            let header = if offset == 0 { message.header } else { Header::zeroed(0) };
            let header_len = header.bytes().len() as u32;
            let from = (offset + header_len) - message.header.bytes().len() as u32;
            let most = (room - header_len).min(carried - from);
            let mut pieces = chunk::slice(message.chunks, from, most, tcp::MAX_CHUNKS);
            let mut size = header_len + chunk::total(&pieces);
            let more = offset + size < len;
            if more {
                size -= size % 8;
                pieces = chunk::slice(message.chunks, from, size - header_len.min(size), tcp::MAX_CHUNKS);
            }
            if size == 0 {
                self.drops.add(DropReason::TransmitQueueFull);
                return Ok(());
            }
            let fragment = Some(Fragment { ident: self.ident, offset, more });
            let ip = IpOut { len: size, dont_fragment: false, fragment, ..ip };
            self.hold(&pieces);
            let parts = chunk::parts(&pieces);
            let (queue, traffic) = (message.queue, message.traffic);
            self.output(now, Datagram { ip, header, parts, checksum: None, cut: None, queue, traffic });
            offset += size;
        }
        Ok(())
    }

    /// Sends one packet, whose holders pass to the link.
    pub(super) fn output(&mut self, now: u64, datagram: Datagram) {
        let Some(hop) = self.interface.next_hop(datagram.ip.destination) else {
            return self.give_back(&datagram, DropReason::NoRoute);
        };
        if let Some(group) = self.interface.group(hop) {
            return self.enqueue(group, datagram);
        }
        match self.neighbours.resolve(now, hop, datagram) {
            Resolution::Known(datagram, hardware) => self.enqueue(hardware, datagram),
            Resolution::Waits => {}
            Resolution::Full(datagram) => self.give_back(&datagram, DropReason::NeighbourQueueFull),
        }
        self.ask_neighbours(now);
    }

    fn give_back(&mut self, datagram: &Datagram, reason: DropReason) {
        self.drops.add(reason);
        self.release(datagram.parts.as_slice());
    }

    /// Puts a packet into the queue before the ring.
    pub(super) fn enqueue(&mut self, destination: HardwareAddress, datagram: Datagram) {
        if !self.has_room(datagram.queue, datagram.traffic) {
            return self.give_back(&datagram, DropReason::TransmitQueueFull);
        }
        let waiting = Waiting { destination, content: Content::Ip(datagram) };
        self.link.wait(datagram.queue, waiting);
    }

    /// Sends an ARP message.
    pub(super) fn send_arp(&mut self, destination: HardwareAddress, arp: &Arp) {
        if !self.has_room(0, Traffic::Control) {
            self.drops.add(DropReason::TransmitQueueFull);
            return;
        }
        let waiting = Waiting { destination, content: Content::Arp(arp.write()) };
        self.link.wait(0, waiting);
    }

    /// Sends a neighbour message over IPv6, to a known hardware address.
    pub(super) fn send_neighbour_message(
        &mut self,
        destination: HardwareAddress,
        addresses: (IpAddr, IpAddr),
        mut header: Header,
    ) {
        let (source, target) = addresses;
        let len = header.bytes().len() as u32;
        put_checksum(&mut header, ICMP_CHECKSUM, pseudo_header(source, target, protocol::ICMPV6, len));
        let ip = IpOut {
            source,
            destination: target,
            protocol: protocol::ICMPV6,
            hop_limit: LINK_HOPS,
            len,
            ident: 0,
            dont_fragment: true,
            fragment: None,
        };
        let parts = Parts::default();
        let checksum = Some(ICMP_CHECKSUM);
        let traffic = Traffic::Control;
        self.enqueue(destination, Datagram { ip, header, parts, checksum, cut: None, queue: 0, traffic });
    }

    /// Puts the questions on the link that are due.
    pub(super) fn ask_neighbours(&mut self, now: u64) {
        while let Some(Question { target, hardware }) = self.neighbours.question(now) {
            let Some(source) = self.interface.source_for(target) else { continue };
            let mine = self.interface.hardware;
            match (source, target) {
                (IpAddr::V4(source), IpAddr::V4(target)) => {
                    let arp = Arp {
                        operation: ArpOperation::Request,
                        sender: (mine, source),
                        target: (HardwareAddress([0; 6]), target),
                    };
                    self.send_arp(hardware.unwrap_or(HardwareAddress::BROADCAST), &arp);
                }
                (IpAddr::V6(_), IpAddr::V6(asked)) => {
                    let group = IpAddr::V6(solicited_node(asked));
                    let to = if hardware.is_some() { target } else { group };
                    let hardware = hardware.or_else(|| self.interface.group(group));
                    let message = Solicitation { target: asked, source: Some(mine) }.write(0);
                    let Some(hardware) = hardware else { continue };
                    self.send_neighbour_message(hardware, (source, to), message);
                }
                _ => {}
            }
        }
    }

    /// The interrupt handler's part: completed packets leave the rings.
    pub(super) fn recycle(&mut self) {
        for queue in 0..self.config.queues {
            loop {
                match self.buffers.recycle(queue) {
                    Ok(Some(_)) => {
                        let queue = self.link.queue(queue);
                        queue.in_flight = queue.in_flight.saturating_sub(1);
                    }
                    Ok(None) => break,
                    Err(error) => {
                        self.refuse(error);
                        break;
                    }
                }
            }
        }
    }

    /// The driver's part: waiting packets into the rings, with a doorbell every so many.
    pub(super) fn post_waiting(&mut self) {
        self.link.eager = false;
        for queue in 0..self.config.queues {
            while self.link.queue(queue).in_flight < self.config.tx_in_flight {
                let Some(waiting) = self.link.take(queue) else { break };
                match self.post(queue, &waiting) {
                    Ok(true) => {
                        if let Content::Ip(datagram) = waiting.content {
                            self.release(datagram.parts.as_slice());
                        }
                        self.counters.packets_posted += 1;
                        let state = self.link.queue(queue);
                        state.in_flight += 1;
                        state.unannounced += 1;
                        if state.unannounced >= self.config.posts_per_doorbell {
                            state.unannounced = 0;
                            self.buffers.doorbell(queue);
                        }
                    }
                    Ok(false) => {
                        self.link.put_back(queue, waiting);
                        break;
                    }
                    Err(error) => {
                        if let Content::Ip(datagram) = waiting.content {
                            self.release(datagram.parts.as_slice());
                        }
                        self.refuse(error);
                    }
                }
            }
        }
    }

    /// Announces what no full batch announced.
    pub(super) fn ring_doorbells(&mut self) {
        for queue in 0..self.config.queues {
            if std::mem::take(&mut self.link.queue(queue).unannounced) > 0 {
                self.buffers.doorbell(queue);
            }
        }
    }

    /// Makes the packet and puts it into the ring: false when the ring is full.
    fn post(&mut self, queue: u16, waiting: &Waiting) -> Result<bool, BufferError> {
        let source = self.interface.hardware;
        let (kind, parts) = match &waiting.content {
            Content::Arp(_) => (EtherType::Arp, Parts::default()),
            Content::Ip(datagram) if datagram.ip.destination.is_ipv4() => (EtherType::Ipv4, datagram.parts),
            Content::Ip(datagram) => (EtherType::Ipv6, datagram.parts),
        };
        let mut packet = self.buffers.packet(parts.as_slice())?;
        let ethernet = Ethernet { source, destination: waiting.destination, kind };
        match self.push_headers(&mut packet, &ethernet, &waiting.content) {
            Ok(_) if !self.buffers.has_room(queue, &packet) => {
                self.buffers.drop_packet(packet);
                Ok(false)
            }
            Ok(offload) => {
                let id = PacketId(self.link.next_packet);
                self.link.next_packet = self.link.next_packet.wrapping_add(1);
                self.buffers.post(queue, id, packet, offload)?;
                Ok(true)
            }
            Err(error) => {
                self.buffers.drop_packet(packet);
                Err(error)
            }
        }
    }

    fn push_headers(
        &mut self,
        packet: &mut B::Packet,
        ethernet: &Ethernet,
        content: &Content,
    ) -> Result<TxOffload, BufferError> {
        let mut offload = TxOffload::None;
        match content {
            Content::Arp(header) => self.buffers.push_header(packet, header.bytes())?,
            Content::Ip(datagram) => {
                if !datagram.header.bytes().is_empty() {
                    self.buffers.push_header(packet, datagram.header.bytes())?;
                }
                if let Some(ip) = ip_header(&datagram.ip) {
                    self.buffers.push_header(packet, ip.bytes())?;
                    offload = datagram.offload(ETHERNET_BYTES as u16 + ip.bytes().len() as u16);
                }
            }
        }
        if let Some(header) = ethernet.write() {
            self.buffers.push_header(packet, header.bytes())?;
        }
        Ok(offload)
    }
}

impl Datagram {
    /// What the NIC does to it; the transport header begins at byte `transport` of the frame.
    fn offload(&self, transport: u16) -> TxOffload {
        match (self.cut, self.checksum) {
            (Some(mss), _) => {
                let ip = if self.ip.destination.is_ipv4() { IpVersion::V4 } else { IpVersion::V6 };
                TxOffload::Segment(Tso { transport, mss, ip })
            }
            (None, Some(offset)) => TxOffload::Checksum(Checksum { start: transport, offset }),
            (None, None) => TxOffload::None,
        }
    }
}
