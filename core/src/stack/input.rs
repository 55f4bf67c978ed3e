//! Up from the link: what each frame is, by its headers alone, and what is to be kept of it. The payload is taken over by
//! reference in one place, [`Stack::input`], after all headers were found good.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use super::DropReason;
use super::chunk::{Chunk, Ends};
use super::control::{Quoted, most_quoted};
use super::host::Stack;
use super::interface::Addressee;
use super::reassembly::{First, Key, Part};
use super::sockets::SocketId;
use super::tcp::Segment;
use super::wire::{
    ETHERNET_BYTES, Echo, EtherType, Ethernet, Fragment, HeaderSource, IcmpError, Ip, Stop, Tcp, UDP_BYTES,
    Udp, protocol, pseudo_header, read_ip,
};
use crate::buffers::{BufferError, Buffers};
use crate::nic::{Verdict, fold, sum};

/// Most header bytes that one checksum covers: a neighbour message with its options.
const MAX_SUMMED: usize = 320;

/// The header bytes of a frame in a scheme's memory.
pub(super) struct FrameHeaders<'a, B: Buffers> {
    buffers: &'a mut B,
    frame: &'a B::Frame,
    len: u32,
}

impl<'a, B: Buffers> FrameHeaders<'a, B> {
    pub(super) fn new(buffers: &'a mut B, frame: &'a B::Frame) -> Self {
        let len = buffers.frame_len(frame);
        Self { buffers, frame, len }
    }
}

impl<B: Buffers> HeaderSource for FrameHeaders<'_, B> {
    fn len(&self) -> u32 {
        self.len
    }

    fn fill(&mut self, offset: u32, out: &mut [u8]) -> Result<(), BufferError> {
        self.buffers.read_header(self.frame, offset, out)
    }
}

/// The pseudo-header's part of a checksum; ICMP for IPv4 has none.
pub(super) fn seed(source: IpAddr, destination: IpAddr, protocol: u8, len: u32) -> u16 {
    if protocol == protocol::ICMP { 0 } else { pseudo_header(source, destination, protocol, len) }
}

/// Bytes of a frame that something above wants.
pub(super) struct Keep {
    pub(super) range: Range<u32>,
    pub(super) what: Kept,
    /// The sum of the headers whose checksum covers the range too, where the NIC did not verify it.
    pub(super) unverified: Option<u64>,
}

/// For what they are kept.
pub(super) enum Kept {
    Tcp {
        ends: Ends,
        segment: Segment,
    },
    Udp {
        socket: SocketId,
        from: SocketAddr,
    },
    EchoRequest {
        ip: Ip,
        echo: Echo,
    },
    EchoReply {
        ip: Ip,
        socket: SocketId,
    },
    Quote {
        to: IpAddr,
        from: IpAddr,
        error: IcmpError,
    },
    Error {
        error: IcmpError,
        quoted: Quoted,
    },
    /// Of a first fragment the headers are kept, too: `skip` is where what comes behind them begins.
    Fragment {
        key: Key,
        place: Fragment,
        len: u32,
        first: Option<First>,
        skip: Option<u32>,
    },
}

impl<B: Buffers> Stack<B> {
    /// A frame that the driver took from queue `queue`.
    pub(super) fn input(&mut self, now: u64, queue: u16, frame: B::Frame) {
        let keep = match self.inspect(now, &frame) {
            Ok(keep) => keep,
            Err(stop) => self.stopped(now, &frame, stop),
        };
        let Some(Keep { range, what, unverified }) = keep else { return self.buffers.drop_frame(frame) };
        let len = range.end - range.start;
        let chunk = if len == 0 {
            self.buffers.drop_frame(frame);
            None
        } else {
            match self.buffers.keep_payload(frame, range) {
                Ok(payload) => Some(Chunk { payload, offset: 0, len }),
                Err(error) => return self.refuse(error),
            }
        };
        match unverified.map(|headers| self.verify(headers, chunk.as_slice())) {
            None | Some(Ok(true)) => self.kept(now, queue, what, chunk),
            Some(Ok(false)) => {
                self.drops.add(DropReason::BadChecksum);
                self.release(chunk.as_slice());
            }
            Some(Err(error)) => {
                self.refuse(error);
                self.release(chunk.as_slice());
            }
        }
    }

    /// Whether headers of that sum and the payload behind them verify: for protocols that the NIC does not know.
    pub(super) fn verify(&mut self, headers: u64, chunks: &[Chunk]) -> Result<bool, BufferError> {
        let payload = if chunks.is_empty() { 0 } else { self.buffers.sum(chunks)? };
        Ok(fold(headers + u64::from(payload)) == 0xffff)
    }

    /// Counts a frame that goes no further; for a parameter problem something of it may be quoted.
    fn stopped(&mut self, now: u64, frame: &B::Frame, stop: Stop) -> Option<Keep> {
        let Stop::Problem { code, pointer, multicast } = stop else {
            self.count(stop);
            return None;
        };
        let error = IcmpError::ParameterProblem { code, pointer };
        match self.problem(now, frame, error, multicast) {
            Ok(keep) => keep,
            Err(stop) => {
                self.count(stop);
                None
            }
        }
    }

    fn count(&mut self, stop: Stop) {
        match stop {
            Stop::Drop(reason) => self.drops.add(reason),
            Stop::Problem { .. } => self.drops.add(DropReason::RefusedOption),
            Stop::Memory(error) => self.refuse(error),
        }
    }

    /// The quote for a parameter problem of an IPv6 packet (RFC 4443 section 3.4).
    fn problem(
        &mut self,
        now: u64,
        frame: &B::Frame,
        error: IcmpError,
        multicast: bool,
    ) -> Result<Option<Keep>, Stop> {
        let mut headers = FrameHeaders::new(&mut self.buffers, frame);
        let end = headers.len();
        let bytes: [u8; 32] = headers.array(ETHERNET_BYTES + 8)?;
        let address = |bytes: &[u8]| {
            let mut octets = [0; 16];
            for (to, from) in octets.iter_mut().zip(bytes) {
                *to = *from;
            }
            IpAddr::from(octets)
        };
        let (source, destination) = (address(&bytes), address(&bytes[16..]));
        let from = match self.interface.addressee(destination) {
            Addressee::Us => destination,
            Addressee::Everybody if multicast => match self.interface.source_for(source) {
                Some(from) => from,
                None => return Err(Stop::Drop(DropReason::NoRoute)),
            },
            _ => return Err(Stop::Drop(DropReason::RefusedOption)),
        };
        if !self.interface.may_be_source(source) {
            return Err(Stop::Drop(DropReason::BadSource));
        }
        let header = ETHERNET_BYTES;
        let ip = Ip {
            source,
            destination: from,
            protocol: 0,
            hop_limit: 0,
            header,
            named_at: 0,
            start: header,
            end,
            fragment: None,
        };
        self.quote(now, &ip, error, Addressee::Us, DropReason::RefusedOption)
    }

    /// Looks at the headers of a frame: what is to be kept of it, if anything.
    fn inspect(&mut self, now: u64, frame: &B::Frame) -> Result<Option<Keep>, Stop> {
        let ethernet = Ethernet::read(&mut FrameHeaders::new(&mut self.buffers, frame))?;
        if ethernet.destination != self.interface.hardware && !ethernet.destination.is_multicast() {
            return Err(Stop::Drop(DropReason::NotForUs));
        }
        if ethernet.source.is_multicast() || ethernet.source == self.interface.hardware {
            return Err(Stop::Drop(DropReason::BadSource));
        }
        if ethernet.kind == EtherType::Arp {
            return self.arp(now, frame, &ethernet).map(|()| None);
        }
        let ip = read_ip(&mut FrameHeaders::new(&mut self.buffers, frame), ethernet.kind, ETHERNET_BYTES)?;
        let addressee = self.interface.addressee(ip.destination);
        // A packet for one host in a frame for many is somebody's mistake (RFC 1122 section 3.3.6).
        let mismatch = addressee == Addressee::Us && ethernet.destination.is_multicast();
        if addressee == Addressee::Others || mismatch {
            return Err(Stop::Drop(DropReason::NotForUs));
        }
        // Who looks for a free address asks from the unspecified one (RFC 4862 section 5.4.2).
        let probe = ip.source.is_unspecified() && ip.protocol == protocol::ICMPV6;
        if !probe && !self.interface.may_be_source(ip.source) {
            return Err(Stop::Drop(DropReason::BadSource));
        }
        match ip.fragment {
            Some(fragment) => self.fragment(frame, &ip, fragment),
            None => self.transport(now, frame, &ip, addressee),
        }
    }

    fn transport(
        &mut self,
        now: u64,
        frame: &B::Frame,
        ip: &Ip,
        addressee: Addressee,
    ) -> Result<Option<Keep>, Stop> {
        let known = matches!(
            (ip.protocol, ip.source),
            (protocol::TCP | protocol::UDP, _)
                | (protocol::ICMP, IpAddr::V4(_))
                | (protocol::ICMPV6, IpAddr::V6(_))
        );
        if !known {
            let error = match ip.source {
                IpAddr::V4(_) => IcmpError::ProtocolUnreachable,
                // RFC 4443 section 3.4: an unrecognized next header, wherever it is named.
                IpAddr::V6(_) => IcmpError::ParameterProblem { code: 1, pointer: ip.named_at },
            };
            return self.quote(now, ip, error, addressee, DropReason::UnknownProtocol);
        }
        match ip.protocol {
            protocol::TCP if addressee == Addressee::Us => {
                let mut headers = FrameHeaders::new(&mut self.buffers, frame);
                let tcp = Tcp::read(&mut headers, ip.start, ip.end)?;
                let ends = Ends {
                    local: SocketAddr::new(ip.destination, tcp.destination),
                    remote: SocketAddr::new(ip.source, tcp.source),
                };
                let unverified = self.unverified(frame, ip, ip.len(), tcp.header_len)?;
                let range = ip.start + tcp.header_len..ip.end;
                Ok(Some(Keep { range, what: Kept::Tcp { ends, segment: tcp.segment }, unverified }))
            }
            protocol::TCP => Err(Stop::Drop(DropReason::NotForUs)),
            protocol::UDP => self.udp(now, frame, ip, addressee),
            _ => self.icmp(now, frame, ip, addressee),
        }
    }

    /// What the NIC found out about the checksum of `len` bytes of a transport protocol: None when it is good; the sum of
    /// the pseudo-header and the `header` bytes when the NIC does not know the protocol.
    pub(super) fn unverified(
        &mut self,
        frame: &B::Frame,
        ip: &Ip,
        len: u32,
        header: u32,
    ) -> Result<Option<u64>, Stop> {
        match self.buffers.metadata(frame).transport_checksum {
            Verdict::Good => Ok(None),
            Verdict::Bad => Err(Stop::Drop(DropReason::BadChecksum)),
            Verdict::Unchecked => {
                let mut bytes = [0; MAX_SUMMED];
                let Some(bytes) = bytes.get_mut(..header as usize) else {
                    return Err(Stop::Drop(DropReason::Malformed));
                };
                FrameHeaders::new(&mut self.buffers, frame).read(ip.start, bytes)?;
                Ok(Some(u64::from(seed(ip.source, ip.destination, ip.protocol, len)) + sum(bytes)))
            }
        }
    }

    fn udp(
        &mut self,
        now: u64,
        frame: &B::Frame,
        ip: &Ip,
        addressee: Addressee,
    ) -> Result<Option<Keep>, Stop> {
        if ip.len() < UDP_BYTES {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        let udp = Udp::parse(&FrameHeaders::new(&mut self.buffers, frame).array(ip.start)?);
        let len = u32::from(udp.len);
        if len < UDP_BYTES {
            return Err(Stop::Drop(DropReason::Malformed));
        }
        if len > ip.len() {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        // No checksum was sent (RFC 768), which IPv6 does not allow (RFC 8200 section 8.1).
        let unverified = match (udp.checksum, ip.source) {
            (0, IpAddr::V4(_)) => None,
            (0, IpAddr::V6(_)) => return Err(Stop::Drop(DropReason::BadChecksum)),
            _ => self.unverified(frame, ip, len, UDP_BYTES)?,
        };
        let ends = Ends {
            local: SocketAddr::new(ip.destination, udp.destination),
            remote: SocketAddr::new(ip.source, udp.source),
        };
        match self.datagram_socket(&ends, len - UDP_BYTES) {
            Ok(socket) => {
                let range = ip.start + UDP_BYTES..ip.start + len;
                Ok(Some(Keep { range, what: Kept::Udp { socket, from: ends.remote }, unverified }))
            }
            // Nobody is told about what may not have been for us.
            Err(DropReason::NoSocket) if unverified.is_none() => {
                self.quote(now, ip, IcmpError::PortUnreachable, addressee, DropReason::NoSocket)
            }
            Err(reason) => Err(Stop::Drop(reason)),
        }
    }

    /// Hands on what was kept, with the one holder that it has.
    fn kept(&mut self, now: u64, queue: u16, what: Kept, chunk: Option<Chunk>) {
        let chunks = chunk.as_slice();
        match what {
            Kept::Tcp { ends, segment } => {
                self.segment(now, queue, ends, Segment { payload: chunk, ..segment });
            }
            Kept::Udp { socket, from } => self.datagram_received(socket, from, chunks),
            Kept::EchoRequest { ip, echo } => {
                self.answer_echo(now, &ip, echo, chunks);
                self.release(chunks);
            }
            Kept::EchoReply { ip, socket } => {
                self.datagram_received(socket, SocketAddr::new(ip.source, 0), chunks);
            }
            Kept::Quote { to, from, error } => {
                self.send_error(now, from, to, error, chunks);
                self.release(chunks);
            }
            Kept::Error { error, quoted } => {
                self.release(chunks);
                if let Err(stop) = self.error_received(now, error, &quoted) {
                    self.count(stop);
                }
            }
            Kept::Fragment { key, place, len, first, skip } => {
                let (chunk, quote) = match (skip, chunk) {
                    (Some(skip), Some(all)) => {
                        let data = Chunk { offset: skip, len: all.len - skip, ..all };
                        let data = Some(data).filter(|data| data.len > 0);
                        self.hold(data.as_slice());
                        (data, Some(Chunk { len: all.len.min(most_quoted(key.source)), ..all }))
                    }
                    (_, chunk) => (chunk, None),
                };
                self.fragment_kept(now, queue, key, Part { place, len, chunk, first, quote });
            }
        }
    }
}
