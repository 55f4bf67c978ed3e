//! The NICs by themselves: offloads against smoltcp, queues against published hashes, DMA against grants.

use super::frames;
use super::support::{Flow, V4, V6, noise, read_tcp, udp4};
use proptest::prelude::*;
use smoltcp::wire::TcpControl;
use snapstack::ledger::{Ledger, Transaction};
use snapstack::memory::{Content, Memory, MemoryConfig, SegmentId};
use snapstack::nic::{
    Delivery, Descriptor, DescriptorNic, DmaError, DropReason, HostMemory, Iommu, IommuMode, NicConfig, Rss,
    RxMetadata, RxRing, SegmentNic, TxFrames, TxRing, Verdict,
};
use snapstack::traffic::capture::ETHERNET;

/// A NIC with a memory, and the slots that tests fill by hand.
struct Rig {
    memory: Memory,
    nic: SegmentNic,
    ledger: Ledger,
}

impl Rig {
    fn new(config: NicConfig) -> Self {
        let mut memory = Memory::new(MemoryConfig::default()).unwrap();
        memory.create_range(SegmentId(config.ring_base), config.segments()).unwrap();
        Self { memory, nic: SegmentNic::new(&config), ledger: Ledger::default() }
    }

    fn receive(&mut self, frame: &[u8]) -> Delivery {
        self.nic.receive(frame, &mut self.memory, &mut self.ledger)
    }
}

const SMALL: NicConfig = NicConfig {
    queues: 2,
    tx_slots: 8,
    rx_slots: 8,
    ring_base: 100,
    header_split: true,
    refill_batch: 16,
    iommu: IommuMode::Off,
};

#[test]
fn the_nic_faults_outside_its_rings_and_changes_nothing() {
    let mut rig = Rig::new(SMALL);
    let private = rig.memory.create(b"not the NIC's", Content::Data).unwrap();
    // A broken driver points the rings at a segment of somebody else's.
    rig.nic.rx[0] = RxRing::new(private.0, 2);
    rig.nic.rx[0].grant();
    rig.nic.tx[0] = TxRing::new(private.0, 2);
    rig.nic.tx[0].fill().unwrap();
    rig.nic.tx[0].doorbell();

    let mut arp = vec![0xff; 42];
    arp[12..14].copy_from_slice(&[8, 6]);
    assert_eq!(rig.receive(&arp), Delivery::Dropped(DropReason::Fault));
    let mut out = TxFrames::default();
    let sent = rig.nic.transmit(0, &mut rig.memory, &mut rig.ledger, &mut out);
    assert_eq!(sent, Err(DmaError::NotGranted(private)));
    assert!(out.is_empty());
    assert_eq!(rig.nic.counts().faults, 2);
    assert_eq!(rig.memory.to_vec(private).unwrap(), b"not the NIC's");
}

#[test]
fn a_received_segment_has_metadata_headers_and_payload_on_a_line() {
    let mut rig = Rig::new(SMALL);
    for queue in 0..2 {
        while rig.nic.rx[queue].grant().is_some() {}
    }
    let payload = noise(1448, 1);
    for flow in [V4, V6] {
        let frame = flow.frame(9, &payload);
        let Delivery::Queued { queue } = rig.receive(&frame) else { panic!("dropped") };
        let slot = SegmentId(rig.nic.rx[usize::from(queue)].tail());
        let bytes = rig.memory.to_vec(slot).unwrap();
        let metadata = RxMetadata::decode(bytes.first_chunk().unwrap());
        assert_eq!(metadata.ip, Some(flow.ip));
        assert_eq!(usize::from(metadata.split), flow.header_len());
        assert_eq!(usize::from(metadata.length), frame.len());
        assert_eq!(metadata.transport_checksum, Verdict::Good);
        assert_eq!(queue, metadata.rss_hash as u16 % 2);
        let start = bytes.len() - payload.len();
        assert_eq!(start % 64, 0, "the payload begins on a line");
        assert_eq!(bytes[start - flow.header_len()..], frame, "headers end where it begins");
    }
}

#[test]
fn checksums_are_verified_and_broken_frames_told_apart() {
    let mut rig = Rig::new(NicConfig { rx_slots: 64, queues: 1, ..SMALL });
    while rig.nic.rx[0].grant().is_some() {}
    let mut verdicts = |frame: &[u8]| {
        assert_eq!(rig.receive(frame), Delivery::Queued { queue: 0 });
        let slot = SegmentId(rig.nic.rx[0].tail());
        let bytes = rig.memory.to_vec(slot).unwrap();
        let metadata = RxMetadata::decode(bytes.first_chunk().unwrap());
        (metadata.ip_checksum, metadata.transport_checksum)
    };
    use Verdict::{Bad, Good, Unchecked};
    let flip = |mut frame: Vec<u8>, at: usize| {
        frame[at] ^= 1;
        frame
    };
    let payload = noise(333, 2);
    assert_eq!(verdicts(&V4.frame(1, &payload)), (Good, Good));
    assert_eq!(verdicts(&V6.frame(1, &payload)), (Unchecked, Good));
    assert_eq!(verdicts(&udp4(9, &payload)), (Good, Good));
    assert_eq!(verdicts(&flip(V4.frame(1, &payload), 200)), (Good, Bad));
    assert_eq!(
        verdicts(&flip(V4.frame(1, &payload), 22)),
        (Bad, Good),
        "the TTL is not in the pseudo-header"
    );
    assert_eq!(verdicts(&flip(V6.frame(1, &payload), 380)), (Unchecked, Bad));
    let mut padded = V4.frame(1, b"tiny");
    padded.resize(60, 0xaa);
    assert_eq!(verdicts(&padded), (Good, Good), "padding is not the packet's");
    let mut without = udp4(9, &payload);
    without[40..42].fill(0);
    assert_eq!(verdicts(&without), (Good, Unchecked), "UDP without a checksum");
    let mut without = V6.frame(1, b"")[..54 + 8].to_vec();
    without[18..21].copy_from_slice(&[0, 8, 17]);
    without[54..].copy_from_slice(&[0, 9, 0, 53, 0, 8, 0, 0]);
    assert_eq!(verdicts(&without), (Unchecked, Bad), "which IPv6 does not allow");
    let mut fragment = udp4(9, &payload);
    fragment[20] = 0x20;
    assert_eq!(verdicts(&fragment).1, Unchecked, "a fragment's checksum covers the whole datagram");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_frame_whatever_its_bytes_stops_the_nic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        kind in 0usize..4,
        cut in 0usize..120,
    ) {
        let mut frame = match kind {
            0 => bytes.clone(),
            1 => V4.frame(1, &bytes),
            2 => V6.frame(1, &bytes),
            _ => udp4(7, &bytes),
        };
        // Damage the headers, then cut the frame.
        for (at, byte) in bytes.iter().take(8).enumerate() {
            let place = usize::from(*byte) % frame.len().max(1);
            if let Some(target) = frame.get_mut(place) {
                *target ^= bytes[bytes.len() - 1 - at];
            }
        }
        frame.truncate(frame.len().saturating_sub(cut));
        let mut rig = Rig::new(NicConfig { queues: 1, ..SMALL });
        rig.nic.rx[0].grant();
        let delivery = rig.receive(&frame);
        if frame.len() < 14 {
            prop_assert_eq!(delivery, Delivery::Dropped(DropReason::TooShort));
        } else {
            prop_assert_eq!(delivery, Delivery::Queued { queue: 0 });
            let stored = rig.memory.to_vec(SegmentId(rig.nic.rx[0].tail())).unwrap();
            prop_assert!(stored.ends_with(&frame));
        }
    }
}

#[test]
fn arriving_frames_are_dropped_and_counted_by_reason() {
    let mut rig = Rig::new(NicConfig { queues: 1, ..SMALL });
    let frame = V4.frame(1, b"x");
    assert_eq!(rig.receive(&frame), Delivery::Dropped(DropReason::NoSlot), "nothing is granted");
    while rig.nic.rx[0].grant().is_some() {}
    assert_eq!(rig.receive(&[0; 13]), Delivery::Dropped(DropReason::TooShort));
    assert_eq!(rig.receive(&[0; 2049]), Delivery::Dropped(DropReason::TooLong));
    for _ in 0..7 {
        assert_eq!(rig.receive(&frame), Delivery::Queued { queue: 0 });
    }
    assert_eq!(rig.receive(&frame), Delivery::Dropped(DropReason::NoSlot));
    let counts = rig.nic.counts();
    assert_eq!(counts.received, 7);
    assert_eq!(counts.dropped, [1, 1, 2, 0, 0]);
}

#[test]
fn an_exhausted_memory_drops_the_frame_and_keeps_the_slot() {
    let config = NicConfig { queues: 1, ..SMALL };
    let mut memory = Memory::new(MemoryConfig { lines: 64, ..MemoryConfig::default() }).unwrap();
    memory.create_range(SegmentId(config.ring_base), config.segments()).unwrap();
    let mut rig = Rig { memory, nic: SegmentNic::new(&config), ledger: Ledger::default() };
    while rig.nic.rx[0].grant().is_some() {}
    let mut received = 0;
    let mut seed = 0;
    while let Delivery::Queued { .. } = rig.receive(&V4.frame(1, &noise(1448, seed))) {
        received += 1;
        seed += 1;
    }
    assert!((1..7).contains(&received));
    assert_eq!(rig.nic.counts().drops(DropReason::NoMemory), 1);
    assert_eq!(rig.nic.rx[0].owned_by_nic(), 7 - received);
    rig.memory.check().unwrap();
    assert_eq!(rig.receive(&V4.frame(1, b"small")), Delivery::Queued { queue: 0 }, "less fits");
}

#[test]
fn rss_agrees_with_the_published_vectors() {
    // Microsoft, "Verifying the RSS Hash Calculation": source, destination, hash over addresses, hash with ports.
    let v4 = [
        ([66, 9, 149, 187], 2794, [161, 142, 100, 80], 1766, 0x323e_8fc2, 0x51cc_c178),
        ([199, 92, 111, 2], 14230, [65, 69, 140, 83], 4739, 0xd718_262a, 0xc626_b0ea),
        ([24, 19, 198, 95], 12898, [12, 22, 207, 184], 38024, 0xd2d0_a5de, 0x5c2b_394a),
        ([38, 27, 205, 30], 48228, [209, 142, 163, 6], 2217, 0x8298_9176, 0xafc7_327f),
        ([153, 39, 163, 191], 44251, [202, 188, 127, 2], 1303, 0x5d18_09c5, 0x10e8_28a2),
    ];
    let rss = Rss::new(4);
    for (src, src_port, dst, dst_port, plain, with_ports) in v4 {
        let (a, b) = (u16::to_be_bytes(src_port), u16::to_be_bytes(dst_port));
        assert_eq!(rss.hash(&[&src, &dst]), plain);
        assert_eq!(rss.hash(&[&src, &dst, &a, &b]), with_ports);
    }
    let v6 = [
        ("3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766, 0x2cc1_8cd5u32, 0x4020_7d3du32),
        ("3ffe:501:8::260:97ff:fe40:efab", 14230, "ff02::1", 4739, 0x0f0c_461c, 0xdde5_1bbf),
        (
            "3ffe:1900:4545:3:200:f8ff:fe21:67cf",
            44251,
            "fe80::200:f8ff:fe21:67cf",
            38024,
            0x4b61_e985,
            0x02d1_feef,
        ),
    ];
    for (src, src_port, dst, dst_port, plain, with_ports) in v6 {
        let octets = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
        let (src, dst) = (octets(src), octets(dst));
        let (a, b) = (u16::to_be_bytes(src_port), u16::to_be_bytes(dst_port));
        assert_eq!(rss.hash(&[&src, &dst]), plain);
        assert_eq!(rss.hash(&[&src, &dst, &a, &b]), with_ports);
    }
}

#[test]
fn a_flow_stays_on_its_queue_and_flows_spread() {
    let config = NicConfig { queues: 4, rx_slots: 512, ..SMALL };
    let mut rig = Rig::new(config);
    for ring in &mut rig.nic.rx {
        while ring.grant().is_some() {}
    }
    let mut per_queue = [0; 4];
    for port in 1000..1200 {
        let flow = Flow { port, ..V4 };
        let Delivery::Queued { queue } = rig.receive(&flow.frame(1, b"first")) else { panic!() };
        assert_eq!(rig.receive(&flow.frame(6, b"second")), Delivery::Queued { queue });
        per_queue[usize::from(queue)] += 1;
    }
    assert!(per_queue.iter().all(|flows| (25..=75).contains(flows)), "{per_queue:?}");
}

#[test]
fn segmentation_cuts_as_smoltcp_reads_it() {
    let payload = noise(10_000, 3);
    for flow in [V4, V6] {
        for mss in [1, 536, 1448, 9_999, 10_000, 20_000u16] {
            let mut rig = Rig::new(SMALL);
            let mut out = TxFrames::default();
            let len = if mss == 1 { 50 } else { payload.len() };
            send_by_hand(&mut rig, flow, 0xffff_f000, &payload[..len], mss);
            rig.nic.transmit(0, &mut rig.memory, &mut rig.ledger, &mut out).unwrap();
            let cuts = len.div_ceil(usize::from(mss));
            assert_eq!(out.len(), cuts);
            let mut whole = Vec::new();
            for (i, frame) in out.iter().enumerate() {
                frames::record(ETHERNET, 0, frame);
                let seen = read_tcp(frame);
                assert_eq!(seen.seq, 0xffff_f000u32.wrapping_add(whole.len() as u32), "wraps past 2^32");
                if flow.ip == snapstack::nic::IpVersion::V4 {
                    assert_eq!(
                        seen.ident,
                        Some(0xffffu16.wrapping_add(i as u16)),
                        "one IP identification a cut"
                    );
                }
                let last = i + 1 == cuts;
                assert_eq!(seen.control, if last { TcpControl::Fin } else { TcpControl::None });
                whole.extend(seen.payload);
            }
            assert_eq!(whole, &payload[..len]);
            let read = rig.ledger.bus.count(Transaction::PacketRead);
            assert_eq!(read.requests, 1, "one request, however many cuts");
        }
    }
}

/// Fills slot 0 of the rig's first TX ring with a packet of its own segment.
fn send_by_hand(rig: &mut Rig, flow: Flow, seq: u32, payload: &[u8], mss: u16) {
    use snapstack::nic::{Range, TxMetadata};
    let headers = flow.tcp(seq, 0xffff, payload.len()).concat();
    let slot = SegmentId(rig.nic.tx[0].base() + rig.nic.tx[0].fill().unwrap());
    let (at, len) = (1024 - headers.len() as u32, headers.len() as u32);
    let data = Range { offset: 1024, length: payload.len() as u32 };
    let metadata = TxMetadata {
        offload: flow.tso(mss),
        header: Range { offset: at, length: len },
        payload: [data, Range::default(), Range::default()],
    };
    rig.memory.overwrite(slot, 0, &metadata.encode(), Content::Other).unwrap();
    rig.memory.overwrite(slot, u64::from(at), &headers, Content::Other).unwrap();
    rig.memory.overwrite(slot, 1024, payload, Content::Data).unwrap();
    rig.nic.tx[0].doorbell();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn metadata_of_a_broken_driver_gives_an_error_or_a_frame(
        metadata in prop::array::uniform32(any::<u8>()),
        tail in prop::array::uniform16(any::<u8>()),
        small in any::<bool>(),
    ) {
        let mut rig = Rig::new(SMALL);
        let slot = SegmentId(rig.nic.tx[0].base() + rig.nic.tx[0].fill().unwrap());
        let mut bytes: Vec<u8> = metadata.iter().chain(&tail).copied().collect();
        if small {
            // Ranges that lie in the segment, so that offloads are reached.
            for at in (16..48).step_by(4) {
                bytes[at + 1] &= 3;
                bytes[at + 2] = 0;
                bytes[at + 3] = 0;
            }
        }
        rig.memory.overwrite(slot, 0, &bytes, Content::Other).unwrap();
        rig.memory.overwrite(slot, 48, &noise(2000, 1), Content::Data).unwrap();
        rig.nic.tx[0].doorbell();
        let mut out = TxFrames::default();
        match rig.nic.transmit(0, &mut rig.memory, &mut rig.ledger, &mut out) {
            Ok(sent) => prop_assert_eq!(sent, Some(0)),
            Err(DmaError::Memory(_) | DmaError::TooLong { .. }) => prop_assert!(out.is_empty()),
            Err(other) => prop_assert!(false, "{other}"),
        }
        prop_assert_eq!(rig.nic.tx[0].recycle(), Some(0), "the slot is completed all the same");
    }
}

/// 64 KiB of memory at address 0, of which the IOMMU lets the NIC see what is mapped.
struct Host {
    bytes: Vec<u8>,
    iommu: Iommu,
}

impl HostMemory for Host {
    fn dma_read(&mut self, address: u64, len: u32) -> Option<&[u8]> {
        self.dma_write(address, len).map(|bytes| &*bytes)
    }

    fn dma_write(&mut self, address: u64, len: u32) -> Option<&mut [u8]> {
        if !self.iommu.check(address, len) {
            return None;
        }
        self.bytes.get_mut(address as usize..address as usize + len as usize)
    }
}

#[test]
fn an_unmapped_buffer_is_neither_sent_nor_written() {
    let mut host = Host { bytes: noise(65_536, 1), iommu: Iommu::new(IommuMode::Strict) };
    let before = host.bytes.clone();
    let mut nic = DescriptorNic::new(&NicConfig { queues: 1, ..SMALL });
    let mut ledger = Ledger::default();
    let part = |address, end| Descriptor::Data { address, len: 100, end };
    host.iommu.map(0, 100);
    nic.tx[0].post(&[part(0, false), part(8192, true)]).unwrap();
    nic.tx[0].post(&[part(0, true)]).unwrap();
    nic.tx[0].ring.doorbell();
    let mut out = TxFrames::default();
    let fault = Err(DmaError::Address { address: 8192, len: 100 });
    assert_eq!(nic.transmit(0, &mut host, &mut ledger, &mut out), fault);
    assert!(out.is_empty());
    assert_eq!(nic.transmit(0, &mut host, &mut ledger, &mut out), Ok(Some(1)), "it goes on with the next");
    assert_eq!(out.iter().next(), Some(&before[..100]));

    let slot = nic.rx[0].ring.grant().unwrap();
    nic.rx[0].post(slot, 4096);
    let dropped = nic.receive(&V4.frame(1, b"x"), &mut host, &mut ledger);
    assert_eq!(dropped, Delivery::Dropped(DropReason::Fault));
    assert_eq!(host.bytes, before);
    host.iommu.map(4096, 2048);
    let arrived = nic.receive(&V4.frame(1, b"x"), &mut host, &mut ledger);
    assert_eq!(arrived, Delivery::Queued { queue: 0 }, "the descriptor is used for the next frame");
    assert_eq!((nic.counts().faults, host.iommu.counts().faults), (2, 2));
}

#[test]
fn descriptors_are_fetched_40_and_written_back_8_at_a_time() {
    let mut host = Host { bytes: noise(65_536, 1), iommu: Iommu::new(IommuMode::Off) };
    let mut nic = DescriptorNic::new(&NicConfig { queues: 1, tx_slots: 512, rx_slots: 512, ..SMALL });
    let mut ledger = Ledger::default();
    for i in 0..100u64 {
        nic.tx[0].post(&[Descriptor::Data { address: i * 64, len: 64, end: true }]).unwrap();
    }
    nic.tx[0].ring.doorbell();
    let mut out = TxFrames::default();
    while nic.transmit(0, &mut host, &mut ledger, &mut out).unwrap().is_some() {}
    assert_eq!(out.len(), 100);
    let count = |ledger: &Ledger, kind| ledger.bus.count(kind).requests;
    assert_eq!(count(&ledger, Transaction::DescriptorFetch), 3, "40, 40, 20");
    assert_eq!(count(&ledger, Transaction::PacketRead), 100);
    assert_eq!(count(&ledger, Transaction::WriteBack), 13, "12 times 8, and 4 when nothing is left");

    let mut ledger = Ledger::default();
    while let Some(slot) = nic.rx[0].ring.grant() {
        nic.rx[0].post(slot, 32_768 + u64::from(slot) % 16 * 2048);
    }
    for i in 0..100 {
        let arrived = nic.receive(&V4.frame(i, b"payload"), &mut host, &mut ledger);
        assert_eq!(arrived, Delivery::Queued { queue: 0 });
    }
    assert_eq!(count(&ledger, Transaction::DescriptorFetch), 3);
    assert_eq!(count(&ledger, Transaction::PacketWrite), 100);
    assert_eq!(count(&ledger, Transaction::WriteBack), 12, "4 wait for company or an interrupt");
    nic.interrupt(0, &mut ledger);
    assert_eq!(count(&ledger, Transaction::WriteBack), 13);
    assert_eq!(count(&ledger, Transaction::Interrupt), 1);
}
