//! How a host's stack is set up: addresses, routes and limits. The same value serves every scheme.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::HardwareAddress;
use super::tcp;

/// An address with the network it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub address: IpAddr,
    /// Bits of the network's prefix: at most 32 or 128; more counts as that.
    pub prefix: u8,
}

impl Address {
    /// An address with its prefix length.
    pub fn new(address: impl Into<IpAddr>, prefix: u8) -> Self {
        Self { address: address.into(), prefix }
    }

    /// Whether `other` is in the same network.
    pub fn contains(&self, other: IpAddr) -> bool {
        match (self.address, other) {
            (IpAddr::V4(mine), IpAddr::V4(other)) => {
                let shift = 32 - u32::from(self.prefix.min(32));
                u64::from(mine.to_bits()) >> shift == u64::from(other.to_bits()) >> shift
            }
            (IpAddr::V6(mine), IpAddr::V6(other)) => {
                let host = 128 - u32::from(self.prefix.min(128));
                let network = |address: Ipv6Addr| address.to_bits().checked_shr(host).unwrap_or(0);
                network(mine) == network(other)
            }
            _ => false,
        }
    }

    /// The network's broadcast address (RFC 922): IPv4 networks of more than two hosts have one.
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        match self.address {
            IpAddr::V4(mine) if self.prefix < 31 => {
                Some(Ipv4Addr::from_bits(mine.to_bits() | u32::MAX >> self.prefix))
            }
            _ => None,
        }
    }
}

/// A host's settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Address of the network interface.
    pub hardware: HardwareAddress,
    /// Its IP addresses. The IPv6 link-local address that follows from `hardware` (RFC 4291 appendix A) comes by itself.
    pub addresses: Vec<Address>,
    /// Routers for everything that is not on the link, at most one a family.
    pub routers: Vec<IpAddr>,
    /// Largest IP packet of the link, at least 1,280 (RFC 8200 section 5).
    pub mtu: u16,
    /// Pairs of TX and RX rings that the NIC has.
    pub queues: u16,
    /// Seed of all that is drawn: initial sequence numbers, ports, identifications.
    pub seed: u64,
    /// Posts that share a doorbell (the paper's figure: 10); whatever is left is announced when the stack has no more.
    pub posts_per_doorbell: u32,
    /// Packets between driver and completion on one queue, so that the ring stays short.
    pub tx_in_flight: u32,
    /// Packets of streams that wait for the ring of one queue, and as many datagrams; control messages have 64 places beside
    /// them.
    pub tx_waiting: u32,
    /// TCP settings; the MSS is set from the MTU, less the headers of the family.
    pub tcp: tcp::Config,
    /// Bytes that a datagram socket's receive queue holds, payload and 256 bytes a datagram for its bookkeeping.
    pub datagram_buffer: u32,
    /// Sockets at once.
    pub max_sockets: u32,
    /// TCP connections at once, half-open and orphaned ones included; TIME-WAIT apart.
    pub max_connections: u32,
    /// Connections in TIME-WAIT at once.
    pub max_time_wait: u32,
}

impl Config {
    /// A host with that hardware address and these IP addresses, everything else as usual.
    pub fn new(hardware: HardwareAddress, addresses: Vec<Address>) -> Self {
        Self { hardware, addresses, ..Self::default() }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hardware: HardwareAddress([2, 0, 0, 0, 0, 1]),
            addresses: Vec::new(),
            routers: Vec::new(),
            mtu: 1500,
            queues: 1,
            seed: 1,
            posts_per_doorbell: 10,
            tx_in_flight: 64,
            tx_waiting: 256,
            tcp: tcp::Config::default(),
            datagram_buffer: 208 * 1024,
            max_sockets: 4096,
            max_connections: 4096,
            max_time_wait: 4096,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_hosts_and_no_others() {
        let v4 = Address::new(Ipv4Addr::new(10, 1, 2, 3), 24);
        assert!(v4.contains(Ipv4Addr::new(10, 1, 2, 200).into()));
        assert!(!v4.contains(Ipv4Addr::new(10, 1, 3, 3).into()));
        assert_eq!(v4.broadcast(), Some(Ipv4Addr::new(10, 1, 2, 255)));
        let v6 = Address::new("fd00::1".parse::<Ipv6Addr>().expect("an address"), 64);
        assert!(v6.contains("fd00::9".parse().expect("an address")));
        assert!(!v6.contains("fd01::9".parse().expect("an address")));
        assert!(!v6.contains(Ipv4Addr::new(10, 1, 2, 3).into()));
        let all = Address::new(Ipv4Addr::UNSPECIFIED, 0);
        assert!(all.contains(Ipv4Addr::new(203, 0, 113, 9).into()));
        let host = Address::new(Ipv4Addr::new(10, 0, 0, 1), 99);
        assert!(!host.contains(Ipv4Addr::new(10, 0, 0, 2).into()));
        assert_eq!(host.broadcast(), None);
    }
}
