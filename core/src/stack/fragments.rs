//! Fragments on their way up: what is kept of each, and where a datagram goes once it is whole.

use std::net::SocketAddr;

use super::DropReason;
use super::chunk::Ends;
use super::host::Stack;
use super::input::{FrameHeaders, Keep, Kept, seed};
use super::interface::Addressee;
use super::reassembly::{First, Key, Outcome, Part, Whole};
use super::wire::{
    ECHO_BYTES, Fragment, Header, HeaderSource, IcmpError, IcmpMessage, Ip, Stop, TCP_BYTES, Tcp, UDP_BYTES,
    Udp, protocol, tcp_header_len,
};
use crate::buffers::Buffers;
use crate::nic::sum;

impl<B: Buffers> Stack<B> {
    /// A fragment: the transport header is read off the first one, so that what is kept is payload only.
    pub(super) fn fragment(
        &mut self,
        frame: &B::Frame,
        ip: &Ip,
        place: Fragment,
    ) -> Result<Option<Keep>, Stop> {
        let malformed = Err(Stop::Drop(DropReason::FragmentMalformed));
        let mut first = None;
        let mut skip = None;
        if place.offset == 0 {
            let mut headers = FrameHeaders::new(&mut self.buffers, frame);
            let header_len = match ip.protocol {
                protocol::UDP => UDP_BYTES,
                protocol::ICMP | protocol::ICMPV6 => ECHO_BYTES,
                protocol::TCP if ip.len() >= TCP_BYTES => {
                    tcp_header_len(&headers.array(ip.start)?).max(TCP_BYTES)
                }
                protocol::TCP => return malformed,
                _ => return Err(Stop::Drop(DropReason::UnknownProtocol)),
            };
            if ip.len() < header_len {
                return malformed;
            }
            let mut header = Header::zeroed(header_len as usize);
            headers.read(ip.start, header.bytes_mut())?;
            first = Some(First { protocol: ip.protocol, hop_limit: ip.hop_limit, header });
            skip = Some(ip.start - ip.header + header_len);
        }
        let key = Key {
            source: ip.source,
            destination: ip.destination,
            protocol: if ip.source.is_ipv4() { ip.protocol } else { 0 },
            ident: place.ident,
        };
        // Of the first one everything is kept: an error about the datagram would quote it.
        let range = if skip.is_some() { ip.header } else { ip.start }..ip.end;
        let what = Kept::Fragment { key, place, len: ip.len(), first, skip };
        Ok(Some(Keep { range, what, unverified: None }))
    }

    /// A fragment's bytes were kept: with the others of its datagram, or as the last of them.
    pub(super) fn fragment_kept(&mut self, now: u64, queue: u16, key: Key, part: Part) {
        match self.reassembly.add(now, key, part) {
            Outcome::Waits => {}
            Outcome::Complete(whole) => {
                self.counters.reassembled += 1;
                let taken = self.whole(now, queue, &key, &whole);
                if let Err(reason) = taken {
                    self.drops.add(reason);
                    self.release(&whole.chunks);
                }
                let unwanted = taken == Err(DropReason::NoSocket) && whole.first.protocol == protocol::UDP;
                match whole.quote {
                    // RFC 1122 section 4.1.3.1, as for a datagram that came whole.
                    Some(quote) if unwanted => {
                        self.report_fragments(now, &key, IcmpError::PortUnreachable, quote);
                    }
                    quote => self.release(quote.as_slice()),
                }
            }
            Outcome::Dropped { reason, released } => {
                self.drops.add(reason);
                self.release(&released);
            }
        }
    }

    /// A datagram put together from fragments. On an error its holders stay the caller's.
    pub(super) fn whole(&mut self, now: u64, queue: u16, key: &Key, whole: &Whole) -> Result<(), DropReason> {
        let First { protocol, hop_limit, header } = whole.first;
        let mut bytes = header.bytes();
        let v4 = key.source.is_ipv4();
        let unsummed = protocol == protocol::UDP && v4 && bytes[6..8] == [0, 0];
        let seed = seed(key.source, key.destination, protocol, whole.len);
        match self.verify(u64::from(seed) + sum(bytes), &whole.chunks) {
            Ok(good) if good || unsummed => {}
            Ok(_) => return Err(DropReason::BadChecksum),
            Err(error) => {
                self.refused.get_or_insert(error);
                return Err(DropReason::Memory);
            }
        }
        let ip = Ip {
            source: key.source,
            destination: key.destination,
            protocol,
            hop_limit,
            header: 0,
            named_at: 0,
            start: 0,
            end: whole.len,
            fragment: None,
        };
        let us = self.interface.addressee(key.destination) == Addressee::Us;
        match (protocol, bytes.first_chunk::<8>()) {
            (protocol::UDP, Some(first)) => {
                let udp = Udp::parse(first);
                if u32::from(udp.len) != whole.len || udp.checksum == 0 && !v4 {
                    return Err(DropReason::Malformed);
                }
                let local = SocketAddr::new(key.destination, udp.destination);
                let remote = SocketAddr::new(key.source, udp.source);
                let socket = self.datagram_socket(&Ends { local, remote }, whole.len - UDP_BYTES)?;
                self.datagram_received(socket, remote, &whole.chunks);
                Ok(())
            }
            (protocol::TCP, _) if us => {
                let header_len = <[u8]>::len(bytes) as u32;
                let tcp = Tcp::read(&mut bytes, 0, header_len).map_err(|_| DropReason::Malformed)?;
                let local = SocketAddr::new(key.destination, tcp.destination);
                let remote = SocketAddr::new(key.source, tcp.source);
                self.segment_in_pieces(now, queue, Ends { local, remote }, tcp.segment, &whole.chunks);
                Ok(())
            }
            (protocol::ICMP | protocol::ICMPV6, Some(first)) if us && (protocol == protocol::ICMP) == v4 => {
                let message = if v4 { IcmpMessage::parse_v4(first) } else { IcmpMessage::parse_v6(first) };
                match message {
                    IcmpMessage::Echo(echo) if echo.reply => {
                        let Ok(socket) = self.echo_socket(&ip, echo) else {
                            return Err(DropReason::NoSocket);
                        };
                        self.datagram_received(socket, SocketAddr::new(ip.source, 0), &whole.chunks);
                        Ok(())
                    }
                    IcmpMessage::Echo(echo) => {
                        self.answer_echo(now, &ip, echo, &whole.chunks);
                        self.release(&whole.chunks);
                        Ok(())
                    }
                    _ => Err(DropReason::IcmpIgnored),
                }
            }
            _ => Err(DropReason::UnknownProtocol),
        }
    }
}
