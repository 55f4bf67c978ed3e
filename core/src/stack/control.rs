//! Control messages: ARP and NDP answers, echo replies, ICMP errors in and out (RFC 826, RFC 4861, RFC 792, RFC 4443).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::DropReason;
use super::chunk::{Chunk, Ends};
use super::host::Stack;
use super::input::{FrameHeaders, Keep, Kept};
use super::interface::Addressee;
use super::link::{Datagram, HOPS, LINK_HOPS, Message, Traffic};
use super::reassembly::Key;
use super::wire::{
    Advertisement, Arp, ArpOperation, ECHO_BYTES, ETHERNET_BYTES, Echo, Ethernet, HardwareAddress,
    HeaderSource, ICMP_CHECKSUM, IcmpError, IcmpMessage, Ip, Neighbour, Stop, protocol,
};
use crate::buffers::Buffers;
use crate::nic::fold;

/// Bytes of an IPv4 packet that an error quotes: so that the error is at most 576 bytes long (RFC 1812 section 4.3.2.3).
const QUOTE_V4: u32 = 576 - 20 - ECHO_BYTES;
/// The same for IPv6, where the error may fill the least MTU (RFC 4443 section 3.1).
const QUOTE_V6: u32 = 1280 - 40 - ECHO_BYTES;
/// What every host can receive over IPv4 (RFC 791 section 3.1), and what every link of IPv6 carries (RFC 8200 section 5).
const LEAST_MTU_V4: u32 = 576;
const LEAST_MTU_V6: u32 = 1280;
/// ICMP errors that may be sent at once (RFC 4443 section 2.4(f): a token bucket).
const BURST: u64 = 50;
/// Time that earns one more: 100 a second.
const ERROR_PERIOD: u64 = 10_000_000;

/// Most bytes of a packet from that source that an error quotes.
pub(super) fn most_quoted(source: IpAddr) -> u32 {
    if source.is_ipv4() { QUOTE_V4 } else { QUOTE_V6 }
}

/// The token bucket of ICMP errors, as the time that is earned and not spent.
#[derive(Clone, Copy, Debug)]
pub(super) struct ErrorBudget {
    earned: u64,
    since: u64,
}

impl Default for ErrorBudget {
    fn default() -> Self {
        Self { earned: BURST * ERROR_PERIOD, since: 0 }
    }
}

impl ErrorBudget {
    /// Spends one error's worth, if it is there.
    pub(super) fn spend(&mut self, now: u64) -> bool {
        let passed = now.saturating_sub(self.since);
        self.earned = self.earned.saturating_add(passed).min(BURST * ERROR_PERIOD);
        self.since = now;
        let enough = self.earned >= ERROR_PERIOD;
        if enough {
            self.earned -= ERROR_PERIOD;
        }
        enough
    }
}

/// The transport header's first 8 bytes in a packet that an error quotes, and that packet's addresses.
#[derive(Clone, Copy)]
pub(super) struct Quoted {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    transport: [u8; 8],
}

impl Quoted {
    fn ports(&self) -> (u16, u16) {
        let [a, b, c, d, ..] = self.transport;
        (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
    }

    fn sequence(&self) -> u32 {
        let [.., a, b, c, d] = self.transport;
        u32::from_be_bytes([a, b, c, d])
    }

    fn ends(&self) -> Ends {
        let (local, remote) = self.ports();
        Ends { local: SocketAddr::new(self.source, local), remote: SocketAddr::new(self.destination, remote) }
    }
}

impl<B: Buffers> Stack<B> {
    /// An ARP message.
    pub(super) fn arp(&mut self, now: u64, frame: &B::Frame, ethernet: &Ethernet) -> Result<(), Stop> {
        let arp = Arp::read(&mut FrameHeaders::new(&mut self.buffers, frame), ETHERNET_BYTES)?;
        let (hardware, address) = arp.sender;
        // A probe (RFC 5227) has no sender address: it is answered, and teaches nothing.
        let probe = address == Ipv4Addr::UNSPECIFIED;
        let honest = hardware == ethernet.source && !hardware.is_multicast();
        if !honest || !(probe || self.interface.may_be_source(address.into())) {
            return Err(Stop::Drop(DropReason::NeighbourIgnored));
        }
        let for_us = self.interface.is_ours(arp.target.1.into());
        match arp.operation {
            ArpOperation::Request => {
                if !probe {
                    let waited = self.neighbours.heard(now, address.into(), hardware, for_us);
                    self.flush(waited, hardware);
                }
                if for_us {
                    let mine = (self.interface.hardware, arp.target.1);
                    let reply = Arp { operation: ArpOperation::Reply, sender: mine, target: arp.sender };
                    self.send_arp(hardware, &reply);
                }
            }
            ArpOperation::Reply if for_us => {
                let waited = self.neighbours.answered(now, address.into(), hardware);
                self.flush(waited, hardware);
            }
            ArpOperation::Reply => {
                let waited = self.neighbours.heard(now, address.into(), hardware, false);
                self.flush(waited, hardware);
            }
        }
        Ok(())
    }

    fn flush(&mut self, waited: impl IntoIterator<Item = Datagram>, hardware: HardwareAddress) {
        for datagram in waited {
            self.enqueue(hardware, datagram);
        }
    }

    /// A neighbour solicitation or advertisement; what RFC 4861 section 7.1 calls invalid is dropped.
    fn neighbour(&mut self, now: u64, frame: &B::Frame, ip: &Ip) -> Result<(), Stop> {
        let ignored = Err(Stop::Drop(DropReason::NeighbourIgnored));
        if ip.hop_limit != LINK_HOPS {
            return ignored;
        }
        // The message is headers from end to end.
        if let Some(total) = self.unverified(frame, ip, ip.len(), ip.len())?
            && fold(total) != 0xffff
        {
            return Err(Stop::Drop(DropReason::BadChecksum));
        }
        let message = Neighbour::read(&mut FrameHeaders::new(&mut self.buffers, frame), ip.start, ip.end)?;
        match message {
            Neighbour::Solicitation(asked) => {
                let target = IpAddr::V6(asked.target);
                let probe = ip.source.is_unspecified();
                if !self.interface.is_ours(target) || (probe && asked.source.is_some()) {
                    return ignored;
                }
                let (to, hardware) = if probe {
                    let all_nodes = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1));
                    (all_nodes, self.interface.group(all_nodes))
                } else {
                    if let Some(hardware) = asked.source.filter(|source| !source.is_multicast()) {
                        let waited = self.neighbours.heard(now, ip.source, hardware, true);
                        self.flush(waited, hardware);
                    }
                    let named = asked.source.filter(|source| !source.is_multicast());
                    // Who asks one host alone, to see whether it is there, need not name itself (RFC 4861 section 4.3).
                    let known = match named {
                        None if !ip.destination.is_multicast() => {
                            Some(Ethernet::read(&mut FrameHeaders::new(&mut self.buffers, frame))?.source)
                        }
                        named => named,
                    };
                    (ip.source, known)
                };
                let told = Advertisement {
                    target: asked.target,
                    hardware: Some(self.interface.hardware),
                    solicited: !probe,
                    overrides: true,
                };
                match hardware {
                    Some(hardware) => {
                        self.send_neighbour_message(hardware, (target, to), told.write(0));
                        Ok(())
                    }
                    None => ignored,
                }
            }
            Neighbour::Advertisement(told) => {
                let target = IpAddr::V6(told.target);
                if told.hardware.is_some_and(HardwareAddress::is_multicast) {
                    return ignored;
                }
                if self.interface.is_ours(target) || (told.solicited && ip.destination.is_multicast()) {
                    return ignored;
                }
                if let Some((hardware, waited)) = self.neighbours.advertised(now, target, &told) {
                    self.flush(waited, hardware);
                }
                Ok(())
            }
        }
    }

    /// An ICMP message: what it asks to be kept of its frame.
    pub(super) fn icmp(
        &mut self,
        now: u64,
        frame: &B::Frame,
        ip: &Ip,
        addressee: Addressee,
    ) -> Result<Option<Keep>, Stop> {
        if ip.len() < ECHO_BYTES {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        let bytes = FrameHeaders::new(&mut self.buffers, frame).array(ip.start)?;
        let message =
            if ip.source.is_ipv4() { IcmpMessage::parse_v4(&bytes) } else { IcmpMessage::parse_v6(&bytes) };
        let payload = ip.start + ECHO_BYTES..ip.end;
        let unverified = self.unverified(frame, ip, ip.len(), ECHO_BYTES)?;
        match message {
            // Broadcast pings of IPv4 go unanswered (RFC 1122 section 3.2.2.6 allows it), those of IPv6 do not.
            IcmpMessage::Echo(echo) if !echo.reply => {
                if addressee == Addressee::Everybody && ip.source.is_ipv4() {
                    return Err(Stop::Drop(DropReason::IcmpIgnored));
                }
                Ok(Some(Keep { range: payload, what: Kept::EchoRequest { ip: *ip, echo }, unverified }))
            }
            IcmpMessage::Echo(echo) if addressee == Addressee::Us => {
                let socket = self.echo_socket(ip, echo)?;
                Ok(Some(Keep { range: payload, what: Kept::EchoReply { ip: *ip, socket }, unverified }))
            }
            IcmpMessage::NeighbourSolicitation | IcmpMessage::NeighbourAdvertisement => {
                self.neighbour(now, frame, ip).map(|()| None)
            }
            IcmpMessage::Error(error) if addressee == Addressee::Us => {
                let quoted = self.quoted(frame, ip)?;
                Ok(Some(Keep { range: payload, what: Kept::Error { error, quoted }, unverified }))
            }
            IcmpMessage::Echo(_) | IcmpMessage::Error(_) | IcmpMessage::Other => {
                Err(Stop::Drop(DropReason::IcmpIgnored))
            }
        }
    }

    /// Answers an echo request with its own payload.
    pub(super) fn answer_echo(&mut self, now: u64, ip: &Ip, echo: Echo, chunks: &[Chunk]) {
        let source = match self.interface.addressee(ip.destination) {
            Addressee::Us => Some(ip.destination),
            _ => self.interface.source_for(ip.source),
        };
        let Some(source) = source else { return self.drops.add(DropReason::NoRoute) };
        self.counters.echoes += 1;
        self.send_echo(now, (source, ip.source), Echo { reply: true, ..echo }, chunks, 0);
    }

    /// Sends an echo request or reply; the holders stay the caller's.
    pub(super) fn send_echo(
        &mut self,
        now: u64,
        (source, destination): (IpAddr, IpAddr),
        echo: Echo,
        chunks: &[Chunk],
        queue: u16,
    ) {
        let v4 = destination.is_ipv4();
        let message = Message {
            source,
            destination,
            protocol: if v4 { protocol::ICMP } else { protocol::ICMPV6 },
            hop_limit: HOPS,
            header: if v4 { echo.write_v4() } else { echo.write_v6(0) },
            checksum: (ICMP_CHECKSUM, !v4),
            chunks,
            queue,
            traffic: if echo.reply { Traffic::Control } else { Traffic::Datagram },
        };
        if let Err(error) = self.send_ip(now, message) {
            self.refuse(error);
        }
    }

    /// The part of a packet that an error about it quotes, if an error is due and the rate allows one: to the source of a
    /// packet for us alone (RFC 1122 section 3.2.2, RFC 4443 section 2.4(e)).
    pub(super) fn quote(
        &mut self,
        now: u64,
        ip: &Ip,
        error: IcmpError,
        addressee: Addressee,
        reason: DropReason,
    ) -> Result<Option<Keep>, Stop> {
        self.drops.add(reason);
        if addressee != Addressee::Us {
            return Ok(None);
        }
        if !self.errors.spend(now) {
            return Err(Stop::Drop(DropReason::IcmpRate));
        }
        let range = ip.header..ip.end.min(ip.header + most_quoted(ip.source));
        Ok(Some(Keep {
            range,
            what: Kept::Quote { to: ip.source, from: ip.destination, error },
            unverified: None,
        }))
    }

    /// Sends an error about a datagram that came in fragments, if one is due and the rate allows it. `quoted` is the
    /// beginning of its first fragment, with a holder that is given up.
    pub(super) fn report_fragments(&mut self, now: u64, key: &Key, error: IcmpError, quoted: Chunk) {
        if self.interface.addressee(key.destination) == Addressee::Us {
            if self.errors.spend(now) {
                self.send_error(now, key.destination, key.source, error, &[quoted]);
            } else {
                self.drops.add(DropReason::IcmpRate);
            }
        }
        self.buffers.release(quoted.payload);
    }

    /// Sends an error that quotes those bytes.
    pub(super) fn send_error(
        &mut self,
        now: u64,
        from: IpAddr,
        to: IpAddr,
        error: IcmpError,
        quoted: &[Chunk],
    ) {
        let v4 = to.is_ipv4();
        let message = Message {
            source: from,
            destination: to,
            protocol: if v4 { protocol::ICMP } else { protocol::ICMPV6 },
            hop_limit: HOPS,
            header: if v4 { error.write_v4() } else { error.write_v6(0) },
            checksum: (ICMP_CHECKSUM, !v4),
            chunks: quoted,
            queue: 0,
            traffic: Traffic::Control,
        };
        self.counters.errors_sent += 1;
        if let Err(error) = self.send_ip(now, message) {
            self.refuse(error);
        }
    }

    /// Reads the headers that an error quotes; they are ours only when the packet was sent from here.
    fn quoted(&mut self, frame: &B::Frame, ip: &Ip) -> Result<Quoted, Stop> {
        let mut headers = FrameHeaders::new(&mut self.buffers, frame);
        let at = ip.start + ECHO_BYTES;
        let (source, destination, protocol, transport): (IpAddr, IpAddr, u8, u32) = if ip.source.is_ipv4() {
            let bytes: [u8; 20] = headers.array(at)?;
            let [.., a, b, c, d, e, f, g, h] = bytes;
            let later = u16::from_be_bytes([bytes[6], bytes[7]]) & 0x1fff != 0;
            if later {
                return Err(Stop::Drop(DropReason::IcmpIgnored));
            }
            let (source, destination) = (Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h));
            (source.into(), destination.into(), bytes[9], at + u32::from(bytes[0] & 0xf) * 4)
        } else {
            let bytes: [u8; 40] = headers.array(at)?;
            let address = |from: usize| {
                let mut octets = [0; 16];
                for (to, byte) in octets.iter_mut().zip(&bytes[from..]) {
                    *to = *byte;
                }
                Ipv6Addr::from(octets)
            };
            (address(8).into(), address(24).into(), bytes[6], at + 40)
        };
        if transport + 8 > ip.end {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        let transport = headers.array(transport)?;
        if !self.interface.is_ours(source) {
            return Err(Stop::Drop(DropReason::IcmpIgnored));
        }
        Ok(Quoted { source, destination, protocol, transport })
    }

    /// Tells the socket that sent the quoted packet.
    pub(super) fn error_received(&mut self, now: u64, error: IcmpError, quoted: &Quoted) -> Result<(), Stop> {
        let ends = quoted.ends();
        match (quoted.protocol, error) {
            (protocol::TCP, IcmpError::PacketTooBig { mtu }) => {
                let (fixed, mtu) = match (ends.remote.is_ipv4(), mtu) {
                    // A router from before RFC 1191, which does not say: the size that every host takes (its section 5).
                    (true, 0) => (40, LEAST_MTU_V4),
                    (true, mtu) => (40, mtu),
                    // No IPv6 link takes less: somebody lies (RFC 8201 section 4).
                    (false, ..LEAST_MTU_V6) => return Err(Stop::Drop(DropReason::IcmpIgnored)),
                    (false, mtu) => (60, mtu),
                };
                let mss = mtu.min(u32::from(self.config.mtu)).saturating_sub(fixed) as u16;
                self.connection_path_mss(now, &ends, quoted.sequence(), mss)
            }
            (protocol::TCP, IcmpError::TimeExceeded { .. }) => Err(Stop::Drop(DropReason::IcmpIgnored)),
            (protocol::TCP, _) => self.connection_unreachable(now, &ends, quoted.sequence()),
            (protocol::UDP, IcmpError::PortUnreachable | IcmpError::HostUnreachable) => {
                self.datagram_unreachable(&ends, error)
            }
            _ => Err(Stop::Drop(DropReason::IcmpIgnored)),
        }
    }

    /// A packet of ours that no neighbour took: its socket learns it.
    pub(super) fn undeliverable(&mut self, now: u64, datagram: &Datagram) {
        let Some(transport) = datagram.header.bytes().first_chunk::<8>() else { return };
        let quoted = Quoted {
            source: datagram.ip.source,
            destination: datagram.ip.destination,
            protocol: datagram.ip.protocol,
            transport: *transport,
        };
        // Nobody waits for the answer of packets without a socket.
        let _ = self.error_received(now, IcmpError::HostUnreachable, &quoted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_in_a_burst_and_then_at_their_rate() {
        let mut budget = ErrorBudget::default();
        assert_eq!((0..100).filter(|_| budget.spend(0)).count(), 50);
        assert!(!budget.spend(ERROR_PERIOD - 1));
        assert!(budget.spend(ERROR_PERIOD));
        assert!(!budget.spend(ERROR_PERIOD));
        assert_eq!((0..100).filter(|_| budget.spend(u64::MAX)).count(), 50);
    }
}
