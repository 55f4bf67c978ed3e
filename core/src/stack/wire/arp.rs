//! ARP for IPv4 over Ethernet (RFC 826).

use std::net::Ipv4Addr;

use smoltcp::wire::{ArpHardware, ArpOperation as Operation, ArpPacket, EthernetProtocol};

use super::super::DropReason;
use super::{HardwareAddress, Header, HeaderSource, Stop};

/// Bytes of a message.
const ARP_BYTES: u32 = 28;

/// What a message does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) enum ArpOperation {
    Request,
    Reply,
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Arp {
    pub(in crate::stack) operation: ArpOperation,
    pub(in crate::stack) sender: (HardwareAddress, Ipv4Addr),
    pub(in crate::stack) target: (HardwareAddress, Ipv4Addr),
}

fn hardware(bytes: &[u8]) -> HardwareAddress {
    let mut address = [0; 6];
    for (to, from) in address.iter_mut().zip(bytes) {
        *to = *from;
    }
    HardwareAddress(address)
}

fn ipv4(bytes: &[u8]) -> Ipv4Addr {
    let mut address = [0; 4];
    for (to, from) in address.iter_mut().zip(bytes) {
        *to = *from;
    }
    Ipv4Addr::from(address)
}

impl Arp {
    pub(in crate::stack) fn read(headers: &mut impl HeaderSource, offset: u32) -> Result<Self, Stop> {
        let bytes: [u8; ARP_BYTES as usize] = headers.array(offset)?;
        let view = ArpPacket::new_unchecked(&bytes[..]);
        let ours = view.hardware_type() == ArpHardware::Ethernet
            && view.protocol_type() == EthernetProtocol::Ipv4
            && (view.hardware_len(), view.protocol_len()) == (6, 4);
        let operation = match view.operation() {
            Operation::Request if ours => ArpOperation::Request,
            Operation::Reply if ours => ArpOperation::Reply,
            _ => return Err(Stop::Drop(DropReason::NeighbourIgnored)),
        };
        Ok(Self {
            operation,
            sender: (hardware(view.source_hardware_addr()), ipv4(view.source_protocol_addr())),
            target: (hardware(view.target_hardware_addr()), ipv4(view.target_protocol_addr())),
        })
    }

    pub(in crate::stack) fn write(&self) -> Header {
        let mut header = Header::zeroed(ARP_BYTES as usize);
        let mut view = ArpPacket::new_unchecked(header.bytes_mut());
        view.set_hardware_type(ArpHardware::Ethernet);
        view.set_protocol_type(EthernetProtocol::Ipv4);
        view.set_hardware_len(6);
        view.set_protocol_len(4);
        view.set_operation(match self.operation {
            ArpOperation::Request => Operation::Request,
            ArpOperation::Reply => Operation::Reply,
        });
        view.set_source_hardware_addr(&self.sender.0.0);
        view.set_source_protocol_addr(&self.sender.1.octets());
        view.set_target_hardware_addr(&self.target.0.0);
        view.set_target_protocol_addr(&self.target.1.octets());
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_reads_back_as_written_and_a_short_one_is_refused() {
        let arp = Arp {
            operation: ArpOperation::Reply,
            sender: (HardwareAddress([2, 0, 0, 0, 0, 1]), Ipv4Addr::new(10, 0, 0, 1)),
            target: (HardwareAddress([2, 0, 0, 0, 0, 2]), Ipv4Addr::new(10, 0, 0, 2)),
        };
        let header = arp.write();
        assert_eq!(Arp::read(&mut header.bytes(), 0), Ok(arp));
        let mut short = &header.bytes()[..27];
        assert_eq!(Arp::read(&mut short, 0), Err(Stop::Drop(DropReason::Truncated)));
    }

    #[test]
    fn a_message_of_another_protocol_is_ignored() {
        let mut bytes = [0; 28];
        bytes[1] = 1;
        bytes[7] = 1;
        assert_eq!(Arp::read(&mut &bytes[..], 0), Err(Stop::Drop(DropReason::NeighbourIgnored)));
    }
}
