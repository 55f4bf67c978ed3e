//! smoltcp's loopback: two sockets of one interface, and a device that gives back what it is given.

use smoltcp::iface::{Config, Interface, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Loopback, Medium};
use smoltcp::socket::tcp::{Socket, SocketBuffer};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};

use super::Bench;

/// A loopback with Ethernet's frames instead of its own of 64 KiB.
struct Wire(Loopback);

impl Device for Wire {
    type RxToken<'a> = <Loopback as Device>::RxToken<'a>;
    type TxToken<'a> = <Loopback as Device>::TxToken<'a>;

    fn receive(&mut self, now: Instant) -> Option<(Self::RxToken<'_>, Self::TxToken<'_>)> {
        self.0.receive(now)
    }

    fn transmit(&mut self, now: Instant) -> Option<Self::TxToken<'_>> {
        self.0.transmit(now)
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = self.0.capabilities();
        capabilities.max_transmission_unit = 1514;
        capabilities
    }
}

/// Bytes of each of a socket's buffers, as our sockets have.
const BUFFER: usize = 1 << 20;

fn socket() -> Socket<'static> {
    Socket::new(SocketBuffer::new(vec![0; BUFFER]), SocketBuffer::new(vec![0; BUFFER]))
}

/// Nanoseconds that a transfer of so many bytes takes.
pub(super) fn transfer(bench: &Bench<'_>, bytes: usize) -> f64 {
    let mut device = Wire(Loopback::new(Medium::Ethernet));
    let config = Config::new(EthernetAddress([2, 0, 0, 0, 0, 1]).into());
    let mut interface = Interface::new(config, &mut device, Instant::ZERO);
    interface.update_ip_addrs(|addresses| {
        addresses.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8)).expect("room for an address");
    });
    let mut sockets = SocketSet::new(vec![]);
    let (server, client) = (sockets.add(socket()), sockets.add(socket()));
    sockets.get_mut::<Socket<'_>>(server).listen(80).expect("a free port");
    let context = interface.context();
    let connected =
        sockets.get_mut::<Socket<'_>>(client).connect(context, (IpAddress::v4(127, 0, 0, 1), 80), 50_000);
    connected.expect("a free port");
    sockets.get_mut::<Socket<'_>>(client).set_nagle_enabled(false);
    let (mut sent, mut received) = (0, 0);
    let piece = [7; 1460];
    let mut now = 0;
    let ((), time) = bench.time(|| {
        while received < bytes {
            interface.poll(Instant::from_micros(now), &mut device, &mut sockets);
            now += 20;
            let socket = sockets.get_mut::<Socket<'_>>(client);
            while sent < bytes && socket.can_send() {
                let len = piece.len().min(bytes - sent);
                sent += socket.send_slice(&piece[..len]).expect("an open socket");
            }
            let socket = sockets.get_mut::<Socket<'_>>(server);
            while socket.can_recv() {
                received += socket.recv(|bytes| (bytes.len(), bytes.len())).expect("an open socket");
            }
        }
    });
    assert_eq!((sent, received), (bytes, bytes));
    time
}
