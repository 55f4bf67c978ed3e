//! The engine against smoltcp, as real IP packets over a link with faults.

use std::cell::Cell;

use smoltcp::iface::{Config as InterfaceConfig, Interface, SocketHandle, SocketSet};
use smoltcp::phy::Medium;
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State as PeerState};
use smoltcp::time::Duration;
use smoltcp::wire::{HardwareAddress, IpCidr};
use snapstack::stack::tcp::{Failure, MILLISECOND};

use super::device::{Wire, instant};
use super::host::{Engine, Plan, stream};
use super::link::{Faults, Host, Random, Run, cases, run};
use super::pair::drawn_config;
use super::wire::End;

thread_local! {
    /// smoltcp asks for timestamps without saying when.
    static MILLISECONDS: Cell<u32> = const { Cell::new(0) };
}

/// smoltcp with the same kind of application on it.
struct Peer {
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    wire: Wire,
    plan: Plan,
    received: Vec<u8>,
    written: usize,
    next_read: u64,
    opened: bool,
    closed: bool,
}

impl Peer {
    fn new(random: &mut Random, plan: Plan, ends: [End; 2], opens: bool) -> Self {
        let mut wire = Wire::new(Medium::Ip);
        let mut config = InterfaceConfig::new(HardwareAddress::Ip);
        config.random_seed = random.draw();
        let mut interface = Interface::new(config, &mut wire, instant(0));
        interface.update_ip_addrs(|addresses| {
            let prefix = if ends[0].address.version() == smoltcp::wire::IpVersion::Ipv4 { 24 } else { 64 };
            addresses.push(IpCidr::new(ends[0].address, prefix)).unwrap();
        });
        let buffers = [64, 1_000, 8_000, 65_535, 200_000];
        let buffer = |random: &mut Random| SocketBuffer::new(vec![0; random.pick(&buffers)]);
        let mut socket = Socket::new(buffer(random), buffer(random));
        // It believes the window of an acknowledgement that a newer one has overtaken, and does not probe it when it was
        // closed: with reordering it would stall for ever. Its keep-alive brings the window of today.
        socket.set_keep_alive(Some(Duration::from_secs(10)));
        socket.set_nagle_enabled(random.chance(500));
        socket.set_ack_delay(random.chance(500).then(|| Duration::from_millis(10)));
        socket.set_congestion_control(random.pick(&[CongestionControl::None, CongestionControl::Reno]));
        if random.chance(500) {
            socket.set_tsval_generator(Some(|| MILLISECONDS.get()));
        }
        let [here, there] = ends;
        if opens {
            socket.connect(interface.context(), (there.address, there.port), here.port).unwrap();
        } else {
            socket.listen(here.port).unwrap();
        }
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        Self {
            interface,
            sockets,
            handle,
            wire,
            plan,
            received: Vec::new(),
            written: 0,
            next_read: 0,
            opened: false,
            closed: false,
        }
    }

    fn state(&self) -> PeerState {
        self.sockets.get::<Socket<'_>>(self.handle).state()
    }

    fn application(&mut self, now: u64) {
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        self.opened |= socket.may_send();
        while socket.can_send() && self.written < self.plan.send.len() {
            self.written += socket.send_slice(&self.plan.send[self.written..]).unwrap();
        }
        while now >= self.next_read && socket.can_recv() {
            let most = (self.plan.read as usize).min(socket.recv_queue());
            let mut bytes = vec![0; most];
            socket.recv_slice(&mut bytes).unwrap();
            self.received.extend_from_slice(&bytes);
            if self.plan.pause > 0 {
                self.next_read = now + self.plan.pause;
            }
        }
        if self.plan.abort_after.is_some_and(|after| self.received.len() >= after) && self.opened {
            self.plan.abort_after = None;
            self.closed = true;
            socket.abort();
        }
        let wrote_all = self.written == self.plan.send.len();
        if self.opened && !self.closed && wrote_all && (!self.plan.close_second || !socket.may_recv()) {
            self.closed = true;
            socket.close();
        }
    }
}

impl Host for Peer {
    fn deliver(&mut self, _: u64, packet: &[u8]) {
        self.wire.received.push_back(packet.to_vec());
    }

    fn work(&mut self, now: u64) -> Vec<Vec<u8>> {
        MILLISECONDS.set((now / MILLISECOND) as u32 + 1);
        for _ in 0..2 {
            self.interface.poll(instant(now), &mut self.wire, &mut self.sockets);
            self.application(now);
        }
        self.interface.poll(instant(now), &mut self.wire, &mut self.sockets);
        std::mem::take(&mut self.wire.sent)
    }

    fn next_time(&mut self, now: u64) -> Option<u64> {
        let socket = self.sockets.get::<Socket<'_>>(self.handle);
        let read = socket.can_recv().then_some(self.next_read.max(now));
        let poll = self.interface.poll_at(instant(now), &self.sockets);
        // Its clock ticks in microseconds.
        let poll = poll.map(|at| (at.total_micros() as u64 * 1_000).max(now + 1_000));
        [read, poll].into_iter().flatten().min()
    }

    fn done(&self) -> bool {
        let socket = self.sockets.get::<Socket<'_>>(self.handle);
        let over = matches!(socket.state(), PeerState::Closed | PeerState::TimeWait);
        over && self.opened && !socket.can_recv()
    }
}

struct Case {
    engine: Engine,
    peer: Peer,
    faults: Faults,
    seed: u64,
}

impl Case {
    fn drawn(seed: u64, sizes: &[usize]) -> Self {
        let mut random = Random::new(seed ^ 0x736d_6f6c);
        let faults = Faults::drawn(&mut random);
        let v6 = random.chance(500);
        let (here, there) = (End::new(v6, 1), End::new(v6, 2));
        let (up, down) = (random.pick(sizes), random.pick(sizes));
        let mut plan = Plan::drawn(&mut random, stream(seed, up));
        let peer_plan = Plan::drawn(&mut random, stream(!seed, down));
        plan.close_second &= !peer_plan.close_second;
        let opens = random.chance(500);
        let config = drawn_config(&mut random);
        let peer = Peer::new(&mut random, peer_plan, [there, here], !opens);
        Self { engine: Engine::new(config, plan, [here, there], opens, seed), peer, faults, seed }
    }

    fn run(&mut self) -> Run {
        run([&mut self.engine, &mut self.peer], &self.faults, self.seed, 4_000_000)
    }

    /// Whether the connection ended by itself; see [`Engine::ended_well`]. smoltcp stays in TIME-WAIT for 10 s only.
    fn transfer(mut self) -> bool {
        self.run();
        let Self { engine, peer, seed, .. } = self;
        assert!(peer.received == engine.plan.send, "seed {seed}: {} bytes there", peer.received.len());
        assert!(engine.received == peer.plan.send, "seed {seed}: {} bytes here", engine.received.len());
        assert_eq!(engine.payloads.live(), 0, "seed {seed}");
        engine.ended_well()
    }
}

#[test]
fn transfers_with_smoltcp_arrive_both_ways_under_every_kind_of_fault() {
    let sizes = [0, 1, 535, 1_460, 5_000, 30_000, 65_536];
    let all = cases(500);
    let ended_well = (0..all).filter(|&seed| Case::drawn(seed.into(), &sizes).transfer()).count() as u32;
    assert!(ended_well * 100 >= all * 96, "{ended_well} of {all}");
}

#[test]
fn long_transfers_with_smoltcp_arrive() {
    let sizes = [300_000, 500_000, 1 << 20];
    let all = cases(40);
    let ended_well =
        (0..all).filter(|&seed| Case::drawn(1 << 32 | u64::from(seed), &sizes).transfer()).count() as u32;
    assert!(ended_well * 100 >= all * 90, "{ended_well} of {all}");
}

#[test]
fn a_reset_by_smoltcp_ends_the_connection_and_lets_everything_go() {
    for seed in 2_000..2_050 {
        let mut case = Case::drawn(seed, &[100_000]);
        case.faults.loss = 0; // smoltcp sends its reset once
        case.faults.corruption = 0;
        case.peer.plan.abort_after = Some(seed as usize * 37 % 60_000);
        case.run();
        assert_eq!(case.peer.state(), PeerState::Closed);
        assert_eq!(case.engine.failure(), Some(Failure::Reset), "seed {seed}");
        assert_eq!(case.engine.payloads.live(), 0, "seed {seed}");
    }
}

#[test]
fn a_reset_by_the_engine_ends_the_connection_of_smoltcp() {
    for seed in 3_000..3_050 {
        let mut case = Case::drawn(seed, &[100_000]);
        case.faults.loss = 0;
        case.faults.corruption = 0;
        case.engine.plan.abort_after = Some(seed as usize * 37 % 60_000 + 1);
        case.run();
        assert_eq!(case.engine.failure(), Some(Failure::Aborted));
        assert_eq!(case.engine.payloads.live(), 0, "seed {seed}");
        assert_eq!(case.peer.state(), PeerState::Closed, "seed {seed}");
    }
}
