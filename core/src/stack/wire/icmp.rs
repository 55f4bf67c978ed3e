//! ICMP (RFC 792) and ICMPv6 (RFC 4443) headers: their first 8 bytes; what follows is payload, or headers of another packet.

use smoltcp::wire::{Icmpv4Message, Icmpv4Packet, Icmpv6Message, Icmpv6Packet};

use super::Header;

/// Bytes of the header of every message that is read or written here.
pub(in crate::stack) const ECHO_BYTES: u32 = 8;
/// Where the checksum field lies in it.
pub(in crate::stack) const ICMP_CHECKSUM: u16 = 2;

/// An echo request or reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) struct Echo {
    pub(in crate::stack) reply: bool,
    pub(in crate::stack) ident: u16,
    pub(in crate::stack) sequence: u16,
}

/// An error about a packet that is quoted behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) enum IcmpError {
    PortUnreachable,
    /// IPv4 only: ICMPv6 reports an unknown protocol as a parameter problem, with a pointer to where it is named.
    ProtocolUnreachable,
    /// No route, prohibited, or the host does not answer.
    HostUnreachable,
    /// The largest packet that the next link takes; 0 when the router does not say.
    PacketTooBig {
        mtu: u32,
    },
    TimeExceeded {
        code: u8,
    },
    ParameterProblem {
        code: u8,
        pointer: u32,
    },
}

/// A message by its first 8 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stack) enum IcmpMessage {
    Echo(Echo),
    Error(IcmpError),
    NeighbourSolicitation,
    NeighbourAdvertisement,
    Other,
}

impl IcmpMessage {
    /// Reads the first 8 bytes of an ICMP message.
    pub(in crate::stack) fn parse_v4(bytes: &[u8; ECHO_BYTES as usize]) -> Self {
        let view = Icmpv4Packet::new_unchecked(&bytes[..]);
        let echo = |reply| Self::Echo(Echo { reply, ident: view.echo_ident(), sequence: view.echo_seq_no() });
        let code = view.msg_code();
        match view.msg_type() {
            Icmpv4Message::EchoRequest if code == 0 => echo(false),
            Icmpv4Message::EchoReply if code == 0 => echo(true),
            Icmpv4Message::DstUnreachable => Self::Error(match code {
                2 => IcmpError::ProtocolUnreachable,
                3 => IcmpError::PortUnreachable,
                4 => IcmpError::PacketTooBig { mtu: u32::from(u16::from_be_bytes([bytes[6], bytes[7]])) },
                _ => IcmpError::HostUnreachable,
            }),
            Icmpv4Message::TimeExceeded => Self::Error(IcmpError::TimeExceeded { code }),
            Icmpv4Message::ParamProblem => {
                Self::Error(IcmpError::ParameterProblem { code, pointer: u32::from(bytes[4]) })
            }
            _ => Self::Other,
        }
    }

    /// Reads the first 8 bytes of an ICMPv6 message.
    pub(in crate::stack) fn parse_v6(bytes: &[u8; ECHO_BYTES as usize]) -> Self {
        let view = Icmpv6Packet::new_unchecked(&bytes[..]);
        let echo = |reply| Self::Echo(Echo { reply, ident: view.echo_ident(), sequence: view.echo_seq_no() });
        let code = view.msg_code();
        match view.msg_type() {
            Icmpv6Message::EchoRequest if code == 0 => echo(false),
            Icmpv6Message::EchoReply if code == 0 => echo(true),
            Icmpv6Message::DstUnreachable if code == 4 => Self::Error(IcmpError::PortUnreachable),
            Icmpv6Message::DstUnreachable => Self::Error(IcmpError::HostUnreachable),
            Icmpv6Message::PktTooBig => Self::Error(IcmpError::PacketTooBig { mtu: view.pkt_too_big_mtu() }),
            Icmpv6Message::TimeExceeded => Self::Error(IcmpError::TimeExceeded { code }),
            Icmpv6Message::ParamProblem => {
                Self::Error(IcmpError::ParameterProblem { code, pointer: view.param_problem_ptr() })
            }
            Icmpv6Message::NeighborSolicit if code == 0 => Self::NeighbourSolicitation,
            Icmpv6Message::NeighborAdvert if code == 0 => Self::NeighbourAdvertisement,
            _ => Self::Other,
        }
    }
}

impl Echo {
    /// The header of an ICMP echo; the NIC completes its checksum.
    pub(in crate::stack) fn write_v4(&self) -> Header {
        let mut header = Header::zeroed(ECHO_BYTES as usize);
        let mut view = Icmpv4Packet::new_unchecked(header.bytes_mut());
        view.set_msg_type(if self.reply { Icmpv4Message::EchoReply } else { Icmpv4Message::EchoRequest });
        view.set_echo_ident(self.ident);
        view.set_echo_seq_no(self.sequence);
        header
    }

    /// The header of an ICMPv6 echo, with the pseudo-header's sum; the NIC completes its checksum.
    pub(in crate::stack) fn write_v6(&self, pseudo_header: u16) -> Header {
        let mut header = Header::zeroed(ECHO_BYTES as usize);
        let mut view = Icmpv6Packet::new_unchecked(header.bytes_mut());
        view.set_msg_type(if self.reply { Icmpv6Message::EchoReply } else { Icmpv6Message::EchoRequest });
        view.set_echo_ident(self.ident);
        view.set_echo_seq_no(self.sequence);
        view.set_checksum(pseudo_header);
        header
    }
}

impl IcmpError {
    /// The header of an ICMP error; the NIC completes its checksum.
    pub(in crate::stack) fn write_v4(&self) -> Header {
        let mut header = Header::zeroed(ECHO_BYTES as usize);
        let (kind, code, rest) = match *self {
            Self::PortUnreachable => (Icmpv4Message::DstUnreachable, 3, 0),
            Self::ProtocolUnreachable => (Icmpv4Message::DstUnreachable, 2, 0),
            Self::HostUnreachable => (Icmpv4Message::DstUnreachable, 1, 0),
            Self::PacketTooBig { mtu } => (Icmpv4Message::DstUnreachable, 4, mtu & 0xffff),
            Self::TimeExceeded { code } => (Icmpv4Message::TimeExceeded, code, 0),
            Self::ParameterProblem { code, pointer } => (Icmpv4Message::ParamProblem, code, pointer << 24),
        };
        for (to, from) in header.bytes_mut()[4..].iter_mut().zip(rest.to_be_bytes()) {
            *to = from;
        }
        let mut view = Icmpv4Packet::new_unchecked(header.bytes_mut());
        view.set_msg_type(kind);
        view.set_msg_code(code);
        header
    }

    /// The header of an ICMPv6 error, with the pseudo-header's sum; the NIC completes its checksum.
    pub(in crate::stack) fn write_v6(&self, pseudo_header: u16) -> Header {
        let mut header = Header::zeroed(ECHO_BYTES as usize);
        let (kind, code, rest) = match *self {
            Self::PortUnreachable => (Icmpv6Message::DstUnreachable, 4, 0),
            Self::HostUnreachable => (Icmpv6Message::DstUnreachable, 3, 0),
            Self::PacketTooBig { mtu } => (Icmpv6Message::PktTooBig, 0, mtu),
            Self::TimeExceeded { code } => (Icmpv6Message::TimeExceeded, code, 0),
            // The next header of a packet without extension headers.
            Self::ProtocolUnreachable => (Icmpv6Message::ParamProblem, 1, 6),
            Self::ParameterProblem { code, pointer } => (Icmpv6Message::ParamProblem, code, pointer),
        };
        for (to, from) in header.bytes_mut()[4..].iter_mut().zip(rest.to_be_bytes()) {
            *to = from;
        }
        let mut view = Icmpv6Packet::new_unchecked(header.bytes_mut());
        view.set_msg_type(kind);
        view.set_msg_code(code);
        view.set_checksum(pseudo_header);
        header
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(header: &Header) -> [u8; 8] {
        header.bytes().try_into().expect("8 bytes")
    }

    #[test]
    fn echoes_read_back_as_written() {
        for reply in [false, true] {
            let echo = Echo { reply, ident: 0x1234, sequence: 0xfffe };
            assert_eq!(IcmpMessage::parse_v4(&first(&echo.write_v4())), IcmpMessage::Echo(echo));
            assert_eq!(IcmpMessage::parse_v6(&first(&echo.write_v6(7))), IcmpMessage::Echo(echo));
        }
    }

    #[test]
    fn errors_read_back_as_written() {
        let both = [
            IcmpError::PortUnreachable,
            IcmpError::HostUnreachable,
            IcmpError::PacketTooBig { mtu: 1400 },
            IcmpError::TimeExceeded { code: 1 },
            IcmpError::ParameterProblem { code: 2, pointer: 42 },
        ];
        for error in both {
            assert_eq!(IcmpMessage::parse_v4(&first(&error.write_v4())), IcmpMessage::Error(error));
            assert_eq!(IcmpMessage::parse_v6(&first(&error.write_v6(7))), IcmpMessage::Error(error));
        }
        let unknown = IcmpError::ProtocolUnreachable;
        assert_eq!(IcmpMessage::parse_v4(&first(&unknown.write_v4())), IcmpMessage::Error(unknown));
    }

    #[test]
    fn unknown_messages_are_told_apart_from_known_ones() {
        assert_eq!(IcmpMessage::parse_v4(&[13, 0, 0, 0, 0, 0, 0, 0]), IcmpMessage::Other, "timestamp");
        assert_eq!(IcmpMessage::parse_v4(&[8, 1, 0, 0, 0, 0, 0, 0]), IcmpMessage::Other, "echo with a code");
        assert_eq!(
            IcmpMessage::parse_v6(&[134, 0, 0, 0, 0, 0, 0, 0]),
            IcmpMessage::Other,
            "router advertisement"
        );
    }
}
