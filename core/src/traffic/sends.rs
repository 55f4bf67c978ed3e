//! A capture as traffic: every non-empty TCP or UDP payload, in captured order, is one `send()` of the shown host, or a
//! frame that arrives at it.
//!
//! The shown host is the address that sends most payload. What any other address sends arrives, also what was meant for a
//! third one: a capture holds what its NIC saw. A flow is a connection: both directions of one pair of addresses and ports,
//! with one thread of the shown host.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::Range;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::capture::{Captured, Fragment, PayloadKind, Reader, Status, Summary, Transport, parse};
use crate::stack::{Endpoints, Hardware, MTU};

/// Captured packets that do not become a `send()`, by reason. With the sends they add up to all packets read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// IP fragments.
    pub ip_fragment: u64,
    /// Packets of which the snaplen cut a part off.
    pub cut_by_snaplen: u64,
    /// UDP datagrams that do not fit one IP packet of 1,500 bytes.
    pub over_mtu: u64,
    /// Packets whose headers contradict themselves.
    pub malformed: u64,
    /// TCP or UDP without payload: nothing to send.
    pub no_payload: u64,
    /// Neither TCP nor UDP over IP.
    pub not_tcp_or_udp: u64,
}

impl Skipped {
    /// All skipped packets.
    pub fn total(&self) -> u64 {
        self.ip_fragment
            + self.cut_by_snaplen
            + self.over_mtu
            + self.malformed
            + self.no_payload
            + self.not_tcp_or_udp
    }
}

/// A connection with its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Addresses and ports, seen from the end that sent first.
    pub endpoints: Endpoints,
    /// Whether it is TCP; else UDP.
    pub tcp: bool,
}

/// One captured payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Send {
    /// The flow, by index.
    pub flow: u32,
    /// Whether the end that sends is not the one that sent first.
    pub reverse: bool,
    /// When the packet was captured, in nanoseconds since the first; never before an earlier send.
    pub time_ns: u64,
    /// The captured packet's number, from 1.
    pub frame: u64,
    /// Ethernet addresses: as captured, or made from the IP addresses.
    pub hardware: Hardware,
    /// It arrives at the shown host, which else sends it.
    pub arrives: bool,
    /// Where the payload lies in [`Traffic::payload`].
    pub range: Range<usize>,
}

/// Why a capture cannot be replayed, in words for its user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrafficError {
    /// Nothing could be read.
    #[error("This is no capture that can be read: {0}")]
    Unreadable(String),
    /// It was read and holds nothing to send.
    #[error(
        "The capture has {packets} packets and none of them is a TCP or UDP packet with payload that could be sent \
         ({skipped:?}). Drop a pcap or pcapng file with TCP or UDP traffic."
    )]
    NothingToSend {
        /// Packets read.
        packets: u64,
        /// Why each was skipped.
        skipped: Skipped,
    },
}

/// A capture's sends and what was learned while reading it.
#[derive(Debug)]
pub struct Traffic {
    /// The payloads of all sends, one after the other.
    pub payload: Vec<u8>,
    /// The sends in captured order.
    pub sends: Vec<Send>,
    /// The flows in order of their first send.
    pub flows: Vec<Flow>,
    /// Which flow ends and protocol belong to, in the order in which they were seen first.
    index: HashMap<(Endpoints, bool), u32>,
    /// Packets that were not sent.
    pub skipped: Skipped,
    /// The host that is shown.
    pub shown: IpAddr,
    /// What the capture file is.
    pub summary: Summary,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

impl Traffic {
    /// Reads a whole capture.
    ///
    /// # Errors
    /// Those of [`TrafficBuilder::finish`].
    pub fn read(bytes: &[u8]) -> Result<Self, TrafficError> {
        let mut builder = TrafficBuilder::new();
        builder.push(bytes);
        builder.finish()
    }

    /// The thread of a connection, seen from either end.
    pub fn thread(&self, endpoints: Endpoints, tcp: bool) -> Option<u32> {
        let found = self.index.get(&(endpoints, tcp));
        found.or_else(|| self.index.get(&(endpoints.reversed(), tcp))).copied()
    }

    /// A send's bytes.
    pub fn bytes(&self, send: &Send) -> &[u8] {
        &self.payload[send.range.clone()]
    }

    /// What a user should know about how the reading ended, if it did not end well.
    pub fn warning(&self) -> Option<String> {
        (self.summary.ending.status != Status::Ok)
            .then(|| format!("The file was read up to an error: {}", self.summary.ending.message))
    }

    /// Data lines that all payloads fill, each by itself, sent and arriving.
    pub fn lines(&self, line_size: u32) -> u64 {
        self.sends.iter().map(|send| send.range.len().div_ceil(line_size as usize) as u64).sum()
    }
}

/// Reads a capture pushed in chunks of any size.
pub struct TrafficBuilder {
    reader: Reader,
    hash: Sha256,
    out: Builder,
}

#[derive(Default)]
struct Builder {
    payload: Vec<u8>,
    sends: Vec<Send>,
    flows: Vec<Flow>,
    index: HashMap<(Endpoints, bool), u32>,
    skipped: Skipped,
    first_ns: Option<i128>,
    last_ns: u64,
}

impl Default for TrafficBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl TrafficBuilder {
    /// Before the first chunk.
    pub fn new() -> Self {
        Self { reader: Reader::new(), hash: Sha256::new(), out: Builder::default() }
    }

    /// Reads the next bytes of the file.
    pub fn push(&mut self, chunk: &[u8]) {
        self.hash.update(chunk);
        let out = &mut self.out;
        self.reader.push(chunk, |packet| out.packet(&packet));
    }

    /// The traffic, once all bytes are in.
    ///
    /// # Errors
    /// [`TrafficError`] when there is nothing to send.
    pub fn finish(self) -> Result<Traffic, TrafficError> {
        let summary = self.reader.finish();
        let Builder { payload, mut sends, flows, index, skipped, .. } = self.out;
        if sends.is_empty() {
            return Err(if summary.packets == 0 && summary.ending.status != Status::Ok {
                TrafficError::Unreadable(summary.ending.message)
            } else {
                TrafficError::NothingToSend { packets: summary.packets, skipped }
            });
        }
        let shown = most_sending(&sends, &flows);
        for send in &mut sends {
            send.arrives = source(send, &flows) != shown;
        }
        Ok(Traffic {
            payload,
            sends,
            flows,
            index,
            skipped,
            shown,
            summary,
            sha256: self.hash.finalize().into(),
        })
    }
}

impl Builder {
    fn packet(&mut self, captured: &Captured<'_>) {
        let time = self.time(captured.time_ns);
        let parsed = parse(captured.link_type, captured.captured, captured.original_len);
        let skipped = &mut self.skipped;
        let counter = match (parsed.kind, parsed.ip) {
            (_, Some(ip)) if ip.fragment != Fragment::None => &mut skipped.ip_fragment,
            (PayloadKind::HeadersCut, _) => &mut skipped.cut_by_snaplen,
            (_, Some(ip)) if ip.cut => &mut skipped.cut_by_snaplen,
            (PayloadKind::Malformed, _) => &mut skipped.malformed,
            (PayloadKind::TcpEmpty | PayloadKind::UdpEmpty, _) => &mut skipped.no_payload,
            (PayloadKind::Tcp | PayloadKind::Udp, Some(ip)) => {
                if let (Some(ports), Some(transport)) = (parsed.ports, parsed.transport)
                    && let Some(endpoints) = endpoints(ip.src, ip.dst, ports)
                {
                    let tcp = matches!(transport, Transport::Tcp { .. });
                    let room = MTU as usize - endpoints.header_len() - 8;
                    if tcp || parsed.payload.len() <= room {
                        let hardware = parsed.link.map_or_else(
                            || Hardware { src: made_up(ip.src), dst: made_up(ip.dst) },
                            |link| Hardware { src: link.src, dst: link.dst },
                        );
                        self.send(time, captured.number, endpoints, tcp, hardware, parsed.payload);
                        return;
                    }
                    &mut skipped.over_mtu
                } else {
                    &mut skipped.malformed
                }
            }
            _ => &mut skipped.not_tcp_or_udp,
        };
        *counter += 1;
    }

    /// Nanoseconds since the first packet; time never runs backwards, and a packet without one takes the last.
    fn time(&mut self, time_ns: Option<i128>) -> u64 {
        if let Some(time) = time_ns {
            let first = *self.first_ns.get_or_insert(time);
            // A stray clock must not overflow simulated time: 2^62 ns are 146 years.
            let since = (time - first).clamp(0, 1 << 62) as u64;
            self.last_ns = self.last_ns.max(since);
        }
        self.last_ns
    }

    fn send(
        &mut self,
        time_ns: u64,
        frame: u64,
        endpoints: Endpoints,
        tcp: bool,
        hardware: Hardware,
        payload: &[u8],
    ) {
        let (flow, reverse) = if let Some(flow) = self.index.get(&(endpoints, tcp)) {
            (*flow, false)
        } else if let Some(flow) = self.index.get(&(endpoints.reversed(), tcp)) {
            (*flow, true)
        } else {
            let flow = self.flows.len() as u32;
            self.flows.push(Flow { endpoints, tcp });
            self.index.insert((endpoints, tcp), flow);
            (flow, false)
        };
        let start = self.payload.len();
        self.payload.extend_from_slice(payload);
        let range = start..self.payload.len();
        self.sends.push(Send { flow, reverse, time_ns, frame, hardware, arrives: false, range });
    }
}

/// Who sent a payload.
fn source(send: &Send, flows: &[Flow]) -> IpAddr {
    let endpoints = flows[send.flow as usize].endpoints;
    match if send.reverse { endpoints.reversed() } else { endpoints } {
        Endpoints::V4 { src, .. } => src.0.into(),
        Endpoints::V6 { src, .. } => src.0.into(),
    }
}

/// The address that sends most payload; of several, the one that sent first.
fn most_sending(sends: &[Send], flows: &[Flow]) -> IpAddr {
    let mut bytes: HashMap<IpAddr, u64> = HashMap::new();
    for send in sends {
        *bytes.entry(source(send, flows)).or_default() += send.range.len() as u64;
    }
    let most = bytes.values().copied().max();
    let addresses = sends.iter().map(|send| source(send, flows));
    let first = addresses.into_iter().find(|address| bytes.get(address).copied() == most);
    first.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED))
}

fn endpoints(src: IpAddr, dst: IpAddr, ports: (u16, u16)) -> Option<Endpoints> {
    match (src, dst) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            Some(Endpoints::V4 { src: (src, ports.0), dst: (dst, ports.1) })
        }
        (IpAddr::V6(src), IpAddr::V6(dst)) => {
            Some(Endpoints::V6 { src: (src, ports.0), dst: (dst, ports.1) })
        }
        _ => None,
    }
}

/// A locally administered Ethernet address (IEEE 802) from the last bytes of an IP address, for captures without any.
fn made_up(address: IpAddr) -> [u8; 6] {
    let tail = match address {
        IpAddr::V4(v4) => v4.octets(),
        IpAddr::V6(v6) => {
            let octets = v6.octets();
            [octets[12], octets[13], octets[14], octets[15]]
        }
    };
    [2, 0, tail[0], tail[1], tail[2], tail[3]]
}
