//! The host's own addresses on its one link: what is for us, which source address fits a destination (RFC 6724, the rules
//! that matter with one interface), which neighbour is the next hop.

use std::net::{IpAddr, Ipv6Addr};

use super::HardwareAddress;
use super::config::{Address, Config};

/// To whom a packet is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Addressee {
    /// One of our addresses.
    Us,
    /// A group or broadcast that includes us.
    Everybody,
    /// Others.
    Others,
}

/// Addresses and routes.
#[derive(Clone, Debug)]
pub(super) struct Interface {
    pub(super) hardware: HardwareAddress,
    addresses: Vec<Address>,
    routers: Vec<IpAddr>,
}

/// The IPv6 link-local address of a hardware address (RFC 4291 appendix A).
fn link_local(HardwareAddress([a, b, c, d, e, f]): HardwareAddress) -> Ipv6Addr {
    Ipv6Addr::from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f])
}

/// The group that a neighbour solicitation for `target` is sent to (RFC 4291 section 2.7.1).
pub(super) fn solicited_node(target: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = target.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

/// The hardware address of a group or broadcast (RFC 1112 section 6.4, RFC 2464 section 7); None for a single host.
pub(super) fn group_hardware(address: IpAddr) -> Option<HardwareAddress> {
    match address {
        IpAddr::V4(address) if address.is_broadcast() => Some(HardwareAddress::BROADCAST),
        IpAddr::V4(address) if address.is_multicast() => {
            let [_, b, c, d] = address.octets();
            Some(HardwareAddress([0x01, 0x00, 0x5e, b & 0x7f, c, d]))
        }
        IpAddr::V6(address) if address.is_multicast() => {
            let [.., a, b, c, d] = address.octets();
            Some(HardwareAddress([0x33, 0x33, a, b, c, d]))
        }
        _ => None,
    }
}

impl Interface {
    pub(super) fn new(config: &Config) -> Self {
        let mut addresses = config.addresses.clone();
        addresses.push(Address::new(link_local(config.hardware), 64));
        Self { hardware: config.hardware, addresses, routers: config.routers.clone() }
    }

    /// Whether the address is one of ours.
    pub(super) fn is_ours(&self, address: IpAddr) -> bool {
        self.addresses.iter().any(|mine| mine.address == address)
    }

    /// Whether the address is the broadcast of a network of ours, or of all.
    fn is_broadcast(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address else { return false };
        address.is_broadcast() || self.addresses.iter().any(|mine| mine.broadcast() == Some(address))
    }

    /// For whom a packet to that address is. Of the groups we are in all-hosts (RFC 1112), all-nodes and the
    /// solicited-node groups of our addresses (RFC 4291 section 2.8).
    pub(super) fn addressee(&self, address: IpAddr) -> Addressee {
        let all_nodes = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
        let group = match address {
            IpAddr::V4(group) => group.octets() == [224, 0, 0, 1],
            IpAddr::V6(group) => {
                group == all_nodes
                    || self.addresses.iter().any(|mine| match mine.address {
                        IpAddr::V6(mine) => solicited_node(mine) == group,
                        IpAddr::V4(_) => false,
                    })
            }
        };
        if self.is_ours(address) {
            Addressee::Us
        } else if group || self.is_broadcast(address) {
            Addressee::Everybody
        } else {
            Addressee::Others
        }
    }

    /// Whether a host may send from that address to us.
    pub(super) fn may_be_source(&self, address: IpAddr) -> bool {
        let reserved = address.is_multicast() || address.is_unspecified() || address.is_loopback();
        !reserved && !self.is_broadcast(address) && !self.is_ours(address)
    }

    /// Our address that fits a destination: of its family, of its network where there is one, link-local for link-local.
    pub(super) fn source_for(&self, destination: IpAddr) -> Option<IpAddr> {
        let fits = |mine: &&Address| match (mine.address, destination) {
            (IpAddr::V4(_), IpAddr::V4(_)) => true,
            (IpAddr::V6(mine), IpAddr::V6(destination)) => {
                let local = destination.is_unicast_link_local()
                    || destination.is_multicast() && destination.octets()[1] & 0xf <= 2;
                mine.is_unicast_link_local() == local
            }
            _ => false,
        };
        let candidates = || self.addresses.iter().filter(fits);
        let same = candidates().find(|mine| mine.contains(destination));
        same.or_else(|| candidates().next()).map(|mine| mine.address)
    }

    /// The address on the link that a packet for `destination` is handed to; None without a route.
    pub(super) fn next_hop(&self, destination: IpAddr) -> Option<IpAddr> {
        if destination.is_unspecified() || destination.is_loopback() || self.is_ours(destination) {
            return None;
        }
        let direct = group_hardware(destination).is_some()
            || self.addresses.iter().any(|mine| mine.contains(destination));
        if direct {
            return Some(destination);
        }
        self.routers.iter().copied().find(|router| router.is_ipv4() == destination.is_ipv4())
    }

    /// The group's hardware address, for directed broadcasts too.
    pub(super) fn group(&self, address: IpAddr) -> Option<HardwareAddress> {
        group_hardware(address).or_else(|| self.is_broadcast(address).then_some(HardwareAddress::BROADCAST))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn interface() -> Interface {
        let addresses = vec![
            Address::new(Ipv4Addr::new(10, 0, 0, 1), 24),
            Address::new("fd00::1".parse::<IpAddr>().expect("an address"), 64),
        ];
        let routers = vec![Ipv4Addr::new(10, 0, 0, 254).into()];
        Interface::new(&Config { addresses, routers, ..Config::default() })
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn packets_are_told_apart_by_whom_they_are_for() {
        let interface = interface();
        let cases = [
            ("10.0.0.1", Addressee::Us),
            ("10.0.0.2", Addressee::Others),
            ("10.0.0.255", Addressee::Everybody),
            ("255.255.255.255", Addressee::Everybody),
            ("224.0.0.1", Addressee::Everybody),
            ("224.0.0.251", Addressee::Others),
            ("fd00::1", Addressee::Us),
            ("fe80::ff:fe00:1", Addressee::Us),
            ("ff02::1", Addressee::Everybody),
            ("ff02::1:ff00:1", Addressee::Everybody),
            ("ff02::1:ff00:2", Addressee::Others),
        ];
        for (address, expected) in cases {
            assert_eq!(interface.addressee(ip(address)), expected, "{address}");
        }
    }

    #[test]
    fn sources_and_next_hops_follow_the_destination() {
        let interface = interface();
        let cases = [
            ("10.0.0.9", Some("10.0.0.1"), Some("10.0.0.9")),
            ("192.0.2.1", Some("10.0.0.1"), Some("10.0.0.254")),
            ("fd00::9", Some("fd00::1"), Some("fd00::9")),
            ("2001:db8::1", Some("fd00::1"), None),
            ("fe80::9", Some("fe80::ff:fe00:1"), Some("fe80::9")),
            ("ff02::1", Some("fe80::ff:fe00:1"), Some("ff02::1")),
            ("10.0.0.1", Some("10.0.0.1"), None),
            ("0.0.0.0", Some("10.0.0.1"), None),
        ];
        for (destination, source, hop) in cases {
            assert_eq!(interface.source_for(ip(destination)), source.map(ip), "{destination}");
            assert_eq!(interface.next_hop(ip(destination)), hop.map(ip), "{destination}");
        }
    }

    #[test]
    fn groups_have_hardware_addresses_of_their_own() {
        let interface = interface();
        assert_eq!(interface.group(ip("10.0.0.255")), Some(HardwareAddress::BROADCAST));
        assert_eq!(interface.group(ip("224.129.2.3")), Some(HardwareAddress([1, 0, 0x5e, 1, 2, 3])));
        assert_eq!(interface.group(ip("ff02::1:ff00:2")), Some(HardwareAddress([0x33, 0x33, 0xff, 0, 0, 2])));
        assert_eq!(interface.group(ip("10.0.0.9")), None);
    }

    #[test]
    fn no_host_sends_from_a_group_or_from_our_own_address() {
        let interface = interface();
        for bad in ["10.0.0.1", "10.0.0.255", "224.0.0.1", "0.0.0.0", "127.0.0.1", "ff02::1", "::", "fd00::1"]
        {
            assert!(!interface.may_be_source(ip(bad)), "{bad}");
        }
        assert!(interface.may_be_source(ip("10.0.0.9")) && interface.may_be_source(ip("2001:db8::1")));
    }
}
