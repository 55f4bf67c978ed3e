//! Right checksums for frames that were changed at random, so that the changes get past the first check.

use snapstack::nic::{fold, sum};

const ETHERNET: usize = 14;
const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ICMPV6: u8 = 58;

/// Sets the checksums of IP and of TCP, UDP and ICMP behind it, where the headers are long enough to have them; not behind
/// IPv6 extension headers, nor in fragments.
pub fn checksums(frame: &mut [u8]) {
    let Some((link, packet)) = frame.split_at_mut_checked(ETHERNET) else { return };
    match (link[12], link[13]) {
        (0x08, 0x00) => ipv4(packet),
        (0x86, 0xdd) => ipv6(packet),
        _ => {}
    }
}

fn ipv4(packet: &mut [u8]) {
    let Some(first) = packet.first() else { return };
    let header = usize::from(first & 15) * 4;
    if header < 20 || packet.len() < header {
        return;
    }
    set(packet, 0, header, 10, 0);
    let total = usize::from(u16::from_be_bytes([packet[2], packet[3]]));
    let whole = packet[6] & 0x3f == 0 && packet[7] == 0;
    if whole && (header..=packet.len()).contains(&total) {
        let pseudo = sum(&packet[12..20]);
        transport(packet, header..total, packet[9], pseudo);
    }
}

fn ipv6(packet: &mut [u8]) {
    if packet.len() < 40 {
        return;
    }
    let end = 40 + usize::from(u16::from_be_bytes([packet[4], packet[5]]));
    if end <= packet.len() {
        let pseudo = sum(&packet[8..40]);
        transport(packet, 40..end, packet[6], pseudo);
    }
}

/// `addresses` is the sum of the IP header's addresses.
fn transport(packet: &mut [u8], range: std::ops::Range<usize>, protocol: u8, addresses: u64) {
    let pseudo = addresses + u64::from(protocol) + range.len() as u64;
    let (field, pseudo) = match protocol {
        TCP => (16, pseudo),
        UDP => (6, pseudo),
        ICMP => (2, 0),
        ICMPV6 => (2, pseudo),
        _ => return,
    };
    set(packet, range.start, range.end, field, pseudo);
}

/// Sets the checksum at `field` of the bytes from `start` to `end`.
fn set(packet: &mut [u8], start: usize, end: usize, field: usize, pseudo: u64) {
    let bytes = &mut packet[start..end];
    if bytes.len() < field + 2 {
        return;
    }
    bytes[field..field + 2].fill(0);
    let value = !fold(sum(bytes) + pseudo);
    bytes[field..field + 2].copy_from_slice(&value.to_be_bytes());
}
