//! Segments that TCP rejects: each is counted once, for its reason.

use smoltcp::wire::{EthernetFrame, Ipv4Packet, TcpControl, TcpPacket};
use snapstack::buffers::{Buffers, Snapshot};
use snapstack::stack::{DropReason, Shutdown, SocketId, SocketKind, tcp};

use crate::craft::{self, Tcp};
use crate::net::{Application, Net, SECOND, THREAD, at, config, ready, snapshot, v4};

/// Host 1 has a connection to host 2, which an attacker behind host 2's addresses knows all of.
struct Conversation {
    net: Net<Snapshot>,
    sockets: [SocketId; 2],
    /// Host 1's port, the next number that it expects, and the next that it will send.
    port: u16,
    expects: u32,
    sends: u32,
}

impl Conversation {
    fn new(timestamps: bool) -> Self {
        let host = |n| {
            let plain = config(n);
            let tcp = tcp::Config { timestamps, ..plain.tcp };
            snapstack::stack::Config { tcp, ..plain }
        };
        let mut net = Net::with([host(1), host(2)], snapshot);
        let sockets = net.connected(v4(2));
        net.run(SECOND);
        let (_, last) =
            net.log.iter().rev().find(|(host, frame)| *host == 0 && frame[12] == 8).expect("frames");
        let frame = EthernetFrame::new_checked(&last[..]).expect("a frame");
        let ip = Ipv4Packet::new_checked(frame.payload()).expect("a packet");
        let tcp = TcpPacket::new_checked(ip.payload()).expect("a segment");
        let (expects, sends) = (tcp.ack_number().0 as u32, tcp.seq_number().0 as u32);
        let port = tcp.src_port();
        Self { port, net, sockets, expects, sends }
    }

    /// What the host counts for a segment, beside what it counted before.
    fn rejected(
        &mut self,
        control: TcpControl,
        seq: u32,
        ack: Option<u32>,
        payload: &[u8],
    ) -> Vec<DropReason> {
        let segment = Tcp { ports: (80, self.port), control, seq, ack, timestamp: None, payload };
        self.give(&segment)
    }

    fn give(&mut self, segment: &Tcp<'_>) -> Vec<DropReason> {
        let frame = craft::tcp(v4(2), v4(1), segment);
        let now = self.net.now;
        let one = &mut self.net.hosts[0];
        let before = *one.drops();
        one.buffers_mut().deliver(&frame);
        one.receive(now);
        let after = one.drops();
        let new = |reason: &DropReason| after.get(*reason) - before.get(*reason);
        DropReason::ALL.into_iter().flat_map(|reason| (0..new(&reason)).map(move |_| reason)).collect()
    }
}

#[test]
fn what_a_connection_rejects_is_counted_by_reason() {
    use TcpControl::{None as Plain, Psh, Rst, Syn};
    let mut it = Conversation::new(false);
    let (seq, ack) = (it.expects, it.sends);
    assert_eq!(it.rejected(Plain, seq.wrapping_sub(100_000), Some(ack), b""), [DropReason::TcpWindow]);
    assert_eq!(it.rejected(Psh, seq.wrapping_add(10_000_000), Some(ack), b"far"), [DropReason::TcpWindow]);
    assert_eq!(it.rejected(Rst, seq.wrapping_sub(1), None, b""), [DropReason::TcpWindow]);
    assert_eq!(it.rejected(Rst, seq.wrapping_add(5), None, b""), [DropReason::TcpReset]);
    assert_eq!(it.rejected(Syn, seq, None, b""), [DropReason::TcpSyn]);
    assert_eq!(it.rejected(Psh, seq, None, b"bare"), [DropReason::TcpAcknowledgement]);
    assert_eq!(it.rejected(Psh, seq, Some(ack.wrapping_add(9)), b"unsent"), [DropReason::TcpAcknowledgement]);
    assert_eq!(it.rejected(Psh, seq, Some(ack), b"good"), []);
    assert_eq!(it.rejected(Psh, seq, Some(ack), b"good"), [DropReason::TcpDuplicate]);
    assert_eq!(it.rejected(Psh, seq.wrapping_add(2), Some(ack), b"odd"), [], "one byte of it is new");
    assert_eq!(it.rejected(Rst, seq.wrapping_add(5), None, b""), [], "that one counts");
    assert_eq!(it.rejected(Psh, seq.wrapping_add(5), Some(ack), b"late"), [DropReason::NoSocket]);
}

#[test]
fn a_segment_with_an_old_timestamp_or_none_is_counted() {
    let mut it = Conversation::new(true);
    let segment = Tcp {
        ports: (80, it.port),
        control: TcpControl::Psh,
        seq: it.expects,
        ack: Some(it.sends),
        timestamp: None,
        payload: b"bytes",
    };
    assert_eq!(it.give(&segment), [DropReason::TcpTimestamp]);
    // The peer's clock is somewhere; one of these is half its range behind.
    let behind =
        [0, 1 << 30, 2 << 30, 3 << 30].map(|value| it.give(&Tcp { timestamp: Some(value), ..segment }));
    assert!(behind.contains(&vec![DropReason::TcpTimestamp]), "{behind:?}");
}

#[test]
fn what_listeners_and_time_wait_reject_is_counted_by_reason() {
    use TcpControl::{Fin, None as Plain, Rst, Syn};
    let mut it = Conversation::new(false);
    let (expects, sends, port) = (it.expects, it.sends, it.port);
    let one = &mut it.net.hosts[0];
    let listener = one.socket(SocketKind::Stream).expect("a socket");
    one.bind(listener, at(v4(1), 7)).expect("an address");
    one.listen(listener, 1).expect("a listener");
    let to = |control, ack| Tcp { ports: (5000, 7), control, seq: 1, ack, timestamp: None, payload: b"" };
    assert_eq!(it.give(&to(Rst, None)), [DropReason::TcpReset]);
    assert_eq!(it.give(&to(Fin, None)), [DropReason::TcpNoSyn]);
    assert_eq!(it.give(&to(Plain, Some(1))), [DropReason::TcpAcknowledgement]);
    assert_eq!(it.give(&to(Syn, None)), []);
    // This host closes first: its end goes to TIME-WAIT.
    let (now, [client, accepted]) = (it.net.now, it.sockets);
    it.net.hosts[0].shutdown(now, client, Shutdown::Send).expect("a stream");
    it.net.run(SECOND);
    let now = it.net.now;
    it.net.hosts[1].shutdown(now, accepted, Shutdown::Send).expect("a stream");
    it.net.run(SECOND);
    let end = ready(it.net.hosts[0].recv(it.net.now, client, THREAD, 1));
    assert_eq!(end, Some(None));
    assert_eq!(it.net.hosts[0].table_sizes()[3], 1, "one connection in TIME-WAIT");
    it.port = port;
    let (seq, ack) = (expects.wrapping_add(1), Some(sends.wrapping_add(1)));
    assert_eq!(it.rejected(Plain, seq, ack, b""), [], "what could be expected");
    assert_eq!(it.rejected(Fin, expects, ack, b""), [DropReason::TcpDuplicate]);
    assert_eq!(it.rejected(Rst, seq, None, b""), [DropReason::TcpReset]);
    assert_eq!(it.rejected(Plain, seq.wrapping_add(7), ack, b""), [DropReason::TcpWindow]);
    assert_eq!(it.rejected(Syn, expects.wrapping_sub(9), None, b""), [DropReason::TcpSyn]);
    let one = &mut it.net.hosts[0];
    let user = one.fill(b"x");
    assert!(one.send(client, THREAD, user, 0..1).is_err());
}
