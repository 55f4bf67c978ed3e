//! Neighbour solicitations and advertisements (RFC 4861 sections 4.3, 4.4), with at most one link-layer address option.

use std::net::Ipv6Addr;

use smoltcp::wire::{
    Icmpv6Message, Icmpv6Packet, NdiscNeighborFlags, NdiscOption, NdiscOptionType, RawHardwareAddress,
};

use super::super::DropReason;
use super::{HardwareAddress, Header, HeaderSource, Stop};

/// Bytes of a message with its option.
const NDP_BYTES: u32 = 32;
/// Bytes of a message without options.
const FIXED_BYTES: u32 = 24;
/// Bytes of options that are walked.
const MAX_OPTION_BYTES: u32 = 256;
/// Bytes of a link-layer address option.
const OPTION_BYTES: usize = 8;

/// "Where is this address?"
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Solicitation {
    pub(in crate::stack) target: Ipv6Addr,
    /// The asker's own address on the link.
    pub(in crate::stack) source: Option<HardwareAddress>,
}

/// "Here it is."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Advertisement {
    pub(in crate::stack) target: Ipv6Addr,
    pub(in crate::stack) hardware: Option<HardwareAddress>,
    /// Whether it answers a solicitation.
    pub(in crate::stack) solicited: bool,
    /// Whether it replaces what is known.
    pub(in crate::stack) overrides: bool,
}

/// A neighbour message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) enum Neighbour {
    Solicitation(Solicitation),
    Advertisement(Advertisement),
}

impl Neighbour {
    /// Reads the message in bytes `start..end`.
    pub(in crate::stack) fn read(
        headers: &mut impl HeaderSource,
        start: u32,
        end: u32,
    ) -> Result<Self, Stop> {
        if end < start + FIXED_BYTES {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        let bytes: [u8; FIXED_BYTES as usize] = headers.array(start)?;
        let view = Icmpv6Packet::new_unchecked(&bytes[..]);
        let target = view.target_addr();
        if target.is_multicast() {
            return Err(Stop::Drop(DropReason::Malformed));
        }
        match view.msg_type() {
            Icmpv6Message::NeighborSolicit => {
                let source = option(headers, start, end, NdiscOptionType::SourceLinkLayerAddr)?;
                Ok(Self::Solicitation(Solicitation { target, source }))
            }
            Icmpv6Message::NeighborAdvert => {
                let hardware = option(headers, start, end, NdiscOptionType::TargetLinkLayerAddr)?;
                let flags = view.neighbor_flags();
                Ok(Self::Advertisement(Advertisement {
                    target,
                    hardware,
                    solicited: flags.contains(NdiscNeighborFlags::SOLICITED),
                    overrides: flags.contains(NdiscNeighborFlags::OVERRIDE),
                }))
            }
            _ => Err(Stop::Drop(DropReason::NeighbourIgnored)),
        }
    }
}

/// The link-layer address in the options, if it is there. An option of length 0 voids the message (RFC 4861 section 4.6).
fn option(
    headers: &mut impl HeaderSource,
    start: u32,
    end: u32,
    wanted: NdiscOptionType,
) -> Result<Option<HardwareAddress>, Stop> {
    let mut at = start + FIXED_BYTES;
    let last = end.min(at + MAX_OPTION_BYTES);
    let mut found = None;
    while at < last {
        if at + OPTION_BYTES as u32 > end {
            return Err(Stop::Drop(DropReason::Malformed));
        }
        let bytes: [u8; OPTION_BYTES] = headers.array(at)?;
        let view = NdiscOption::new_unchecked(&bytes[..]);
        let len = u32::from(view.data_len()) * 8;
        if len == 0 || at + len > end {
            return Err(Stop::Drop(DropReason::Malformed));
        }
        if view.option_type() == wanted && len == OPTION_BYTES as u32 {
            let [_, _, a, b, c, d, e, f] = bytes;
            found = Some(HardwareAddress([a, b, c, d, e, f]));
        }
        at += len;
    }
    Ok(found)
}

fn with_option(header: &mut Header, kind: NdiscOptionType, address: HardwareAddress) {
    let mut view = NdiscOption::new_unchecked(&mut header.bytes_mut()[FIXED_BYTES as usize..]);
    view.set_option_type(kind);
    view.set_data_len(1);
    view.set_link_layer_addr(RawHardwareAddress::from_bytes(&address.0));
}

impl Solicitation {
    /// The message's bytes, with the pseudo-header's sum; the NIC completes its checksum.
    pub(in crate::stack) fn write(&self, pseudo_header: u16) -> Header {
        let mut header = Header::zeroed(if self.source.is_some() { NDP_BYTES } else { FIXED_BYTES } as usize);
        let mut view = Icmpv6Packet::new_unchecked(header.bytes_mut());
        view.set_msg_type(Icmpv6Message::NeighborSolicit);
        view.set_checksum(pseudo_header);
        view.set_target_addr(self.target);
        if let Some(source) = self.source {
            with_option(&mut header, NdiscOptionType::SourceLinkLayerAddr, source);
        }
        header
    }
}

impl Advertisement {
    /// The message's bytes, with the pseudo-header's sum; the NIC completes its checksum.
    pub(in crate::stack) fn write(&self, pseudo_header: u16) -> Header {
        let mut header =
            Header::zeroed(if self.hardware.is_some() { NDP_BYTES } else { FIXED_BYTES } as usize);
        let mut view = Icmpv6Packet::new_unchecked(header.bytes_mut());
        view.set_msg_type(Icmpv6Message::NeighborAdvert);
        view.set_checksum(pseudo_header);
        let mut flags = NdiscNeighborFlags::empty();
        flags.set(NdiscNeighborFlags::SOLICITED, self.solicited);
        flags.set(NdiscNeighborFlags::OVERRIDE, self.overrides);
        view.set_neighbor_flags(flags);
        view.set_target_addr(self.target);
        if let Some(hardware) = self.hardware {
            with_option(&mut header, NdiscOptionType::TargetLinkLayerAddr, hardware);
        }
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGET: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const HARDWARE: HardwareAddress = HardwareAddress([2, 0, 0, 0, 0, 7]);

    fn reading(bytes: &[u8]) -> Result<Neighbour, Stop> {
        Neighbour::read(&mut &bytes[..], 0, bytes.len() as u32)
    }

    #[test]
    fn messages_read_back_as_written() {
        for source in [None, Some(HARDWARE)] {
            let asked = Solicitation { target: TARGET, source };
            assert_eq!(reading(asked.write(3).bytes()), Ok(Neighbour::Solicitation(asked)));
            let told = Advertisement { target: TARGET, hardware: source, solicited: true, overrides: false };
            assert_eq!(reading(told.write(3).bytes()), Ok(Neighbour::Advertisement(told)));
        }
    }

    #[test]
    fn options_that_never_end_or_end_beyond_the_message_are_refused() {
        let mut header = Solicitation { target: TARGET, source: Some(HARDWARE) }.write(0);
        header.bytes_mut()[25] = 0;
        assert_eq!(reading(header.bytes()), Err(Stop::Drop(DropReason::Malformed)));
        header.bytes_mut()[25] = 2;
        assert_eq!(reading(header.bytes()), Err(Stop::Drop(DropReason::Malformed)));
        assert_eq!(reading(&header.bytes()[..23]), Err(Stop::Drop(DropReason::Truncated)));
        assert_eq!(reading(&header.bytes()[..27]), Err(Stop::Drop(DropReason::Malformed)));
    }
}
