//! The schemes: what moves and what is allocated on the way down and up, identical frames, honest faults.

use proptest::prelude::*;
use snapstack::buffers::{
    BufferError, Buffers, Chunk, ContentNews, FlowId, Holders, Holding, Origin, PayloadId, Scheme, SendId,
    SkBuff, Snapshot, UserId,
};
use snapstack::ledger::{AllocationKind, CopyCause, Count, PacketId, Transaction};
use snapstack::memory::{MemoryConfig, MemoryError, Principal};
use snapstack::nic::{Delivery, DropReason, IommuMode, NicConfig, RingFull, TxFrames, TxOffload, Verdict};
use snapstack::traffic::capture::ETHERNET;

use super::frames;
use super::support::{Flow, V4, V6, noise, read_tcp};

const LINES: [u32; 3] = [16, 32, 64];
const FLOW: FlowId = FlowId(0);

fn snapshot(line_size: u32, nic: NicConfig) -> Snapshot {
    let memory = MemoryConfig { line_size, lines: 1 << 17, ..MemoryConfig::default() };
    Snapshot::new(memory, nic).unwrap()
}

fn write<B: Buffers>(buffers: &mut B, bytes: &[u8]) -> UserId {
    buffers.app_write(None, SendId(0), bytes).unwrap()
}

fn read<B: Buffers>(buffers: &mut B, user: UserId) -> Vec<u8> {
    let mut bytes = vec![0; buffers.user_len(user).unwrap() as usize];
    buffers.read_user(user, 0, &mut bytes).unwrap();
    bytes
}

/// Posts a TCP packet of these pieces on queue 0.
fn post<B: Buffers>(buffers: &mut B, flow: Flow, seq: u32, parts: &[Chunk], offload: TxOffload) {
    let len = parts.iter().map(|part| part.len as usize).sum();
    let mut packet = buffers.packet(parts).unwrap();
    for header in flow.tcp(seq, 7, len).iter().rev() {
        buffers.push_header(&mut packet, header).unwrap();
    }
    assert!(buffers.has_room(0, &packet));
    buffers.post(0, PacketId(seq), packet, offload).unwrap();
}

/// Rings, and lets the NIC send all that is posted.
fn flush<B: Buffers>(buffers: &mut B) -> Vec<Vec<u8>> {
    buffers.doorbell(0);
    let mut out = TxFrames::default();
    while buffers.transmit(0, &mut out).unwrap().is_some() {}
    buffers.interrupt(0);
    while buffers.recycle(0).unwrap().is_some() {}
    for frame in out.iter() {
        frames::record(ETHERNET, 0, frame);
    }
    out.iter().map(<[u8]>::to_vec).collect()
}

/// Cuts `payload` at `mss`, sends it as frames of a peer, and keeps their payloads.
fn arrive<B: Buffers>(buffers: &mut B, flow: Flow, payload: &[u8], mss: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for (i, part) in payload.chunks(mss).enumerate() {
        let frame = flow.frame((i * mss) as u32, part);
        buffers.refill(0).unwrap();
        assert_eq!(buffers.deliver(&frame), Delivery::Queued { queue: 0 });
        let received = buffers.poll_rx(0).unwrap().unwrap();
        assert_eq!(buffers.metadata(&received).transport_checksum, Verdict::Good);
        assert_eq!(buffers.frame_len(&received) as usize, frame.len());
        let mut headers = vec![0; flow.header_len()];
        buffers.read_header(&received, 0, &mut headers).unwrap();
        assert_eq!(headers, frame[..headers.len()]);
        let range = headers.len() as u32..frame.len() as u32;
        let payload = buffers.keep_payload(received, range).unwrap();
        chunks.push(Chunk { payload, offset: 0, len: part.len() as u32 });
    }
    chunks
}

fn release<B: Buffers>(buffers: &mut B, chunks: &[Chunk]) {
    for chunk in chunks {
        buffers.release(chunk.payload);
    }
}

/// Bytes that live payloads and packets keep from the allocators, by kind.
fn held(buffers: &SkBuff) -> [u64; AllocationKind::ALL.len()] {
    AllocationKind::ALL.map(|kind| buffers.ledger().held(kind).count)
}

#[test]
fn slots_are_granted_in_batches_by_the_descriptor_driver_and_at_once_by_the_segment_driver() {
    fn doorbells<B: Buffers>(mut buffers: B) -> u64 {
        buffers.refill(0).unwrap();
        let rung = |buffers: &B| buffers.ledger().bus.count(Transaction::Doorbell).requests;
        let before = rung(&buffers);
        let chunks = arrive(&mut buffers, V4, &noise(64 * 100, 1), 100);
        release(&mut buffers, &chunks);
        buffers.refill(0).unwrap();
        rung(&buffers) - before
    }
    let nic = |refill_batch| NicConfig { refill_batch, rx_slots: 65, ..NicConfig::default() };
    for (batch, expected) in [(1, 64), (4, 16), (16, 4), (32, 2), (1000, 2)] {
        assert_eq!(doorbells(SkBuff::new(64, nic(batch))), expected, "batches of {batch}");
        assert_eq!(doorbells(snapshot(64, nic(batch))), 64);
    }
}

#[test]
fn receipt_costs_each_nic_its_own_kinds_of_bus_traffic() {
    let frame = V4.frame(0, &noise(1_448, 1));
    fn receive<B: Buffers>(mut buffers: B, frame: &[u8]) -> [[u64; 3]; Transaction::ALL.len()] {
        buffers.refill(0).unwrap();
        for _ in 0..10 {
            assert_eq!(buffers.deliver(frame), Delivery::Queued { queue: 0 });
        }
        buffers.interrupt(0);
        Transaction::ALL.map(|kind| {
            let count = buffers.ledger().bus.count(kind);
            [count.requests, count.to_nic, count.to_host]
        })
    }
    let nic = NicConfig { rx_slots: 64, ..NicConfig::default() };
    let len = frame.len() as u64;
    // A write of n bytes has 24 more for each 256 of them (PCI Express, as the ledger's module says). Tail is written for
    // eight frames, and for the rest by the interrupt.
    let written = |bytes: u64| 10 * (bytes + bytes.div_ceil(256) * 24);
    let segments = receive(snapshot(64, nic), &frame);
    let expected = [[1, 28, 0], [0; 3], [0; 3], [10, 0, written(16 + len)], [2, 0, 2 * (4 + 24)], [1, 0, 28]];
    assert_eq!(segments, expected);
    // 16 bytes of a descriptor are read beforehand, 32 at a time, and written back.
    let descriptors = receive(SkBuff::new(64, nic), &frame);
    assert_eq!(descriptors[0], [1, 28, 0]);
    assert_eq!(descriptors[1][0], 1);
    assert_eq!(descriptors[3], [10, 0, written(len)]);
    assert_eq!(descriptors[4], [2, 0, 10 * 16 + 2 * 24]);
    assert_eq!(descriptors[5], [1, 0, 28]);
}

#[test]
fn the_pool_of_payloads_grows_by_pages_that_are_counted_and_then_kept() {
    let mut buffers = snapshot(64, NicConfig::default());
    let user = write(&mut buffers, b"payload");
    for _ in 0..2 {
        let payloads: Vec<_> = (0..20_000).map(|_| buffers.send(FLOW, user, 0..7).unwrap()).collect();
        // Set up for 16,384; a page has 128.
        let pages = Count { count: 29, bytes: 29 * 4096 };
        assert_eq!(buffers.ledger().allocations(AllocationKind::Page), pages);
        assert_eq!(buffers.ledger().allocated(), pages);
        payloads.into_iter().for_each(|payload| buffers.release(payload));
    }
}

#[test]
fn pieces_are_handed_out_all_or_none() {
    let mut buffers = snapshot(64, NicConfig::default());
    let chunks = arrive(&mut buffers, V4, &noise(3_000, 5), 1_000);
    let last = Holding::Queue { payload: chunks[2].payload.0 };
    let holdings = buffers.holdings();
    let (segment, _) = holdings.iter().find(|(_, holding)| *holding == last).unwrap();
    // The last piece is out of the kernel's reach: the first two were snapshotted before that is found out.
    buffers.memory_mut().hand_over(*segment, Principal::Nic).unwrap();
    assert!(matches!(buffers.recv_segments(&chunks), Err(BufferError::Memory(MemoryError::Fault(_)))));
    let given = |holding: &Holding| matches!(holding, Holding::App { .. });
    assert!(!buffers.holdings().iter().any(|(_, holding)| given(holding)));
    assert_eq!(buffers.recv_segments(&chunks[..2]).unwrap().len(), 2);
}

#[test]
fn snapshot_sends_copy_nothing_at_whatever_byte_they_begin() {
    let bytes = noise(70_000, 1);
    for line in LINES {
        let mut buffers = snapshot(line, NicConfig::default());
        let user = write(&mut buffers, &bytes);
        for from in [0usize, 1, 15, 16, 17, 63, 64, 1459, 4095, 60_001] {
            let payload = buffers.send(FLOW, user, from as u64..bytes.len() as u64).unwrap();
            for (i, offset) in (0..8_000u32).step_by(1460).enumerate() {
                let part = Chunk { payload, offset, len: 1460 };
                post(&mut buffers, V4, i as u32, &[part], V4.checksum());
            }
            for (i, frame) in flush(&mut buffers).iter().enumerate() {
                assert_eq!(read_tcp(frame).payload, &bytes[from + i * 1460..][..1460]);
            }
            buffers.release(payload);
        }
        assert_eq!(buffers.ledger().copied(), Count::default());
        assert_eq!(buffers.ledger().allocated(), Count::default());
        assert_eq!(buffers.ledger().app_write.bytes, 70_000);
        buffers.memory_mut().check().unwrap();
        buffers.free_user(user).unwrap();
        assert_eq!(buffers.memory().live_lines(), 0, "nothing is left behind");
    }
}

#[test]
fn a_snapshot_keeps_what_was_sent_when_the_application_overwrites() {
    fn sent_then_overwritten<B: Buffers>(mut buffers: B) -> Vec<u8> {
        let user = write(&mut buffers, &noise(3000, 1));
        let payload = buffers.send(FLOW, user, 100..3000).unwrap();
        let user = buffers.app_write(Some(user), SendId(1), &[0xee; 3000]).unwrap();
        let parts = [Chunk { payload, offset: 0, len: 1460 }];
        post(&mut buffers, V4, 0, &parts, V4.checksum());
        let frames = flush(&mut buffers);
        buffers.free_user(user).unwrap();
        // The retransmission after the buffer is gone, from the same payload.
        post(&mut buffers, V4, 0, &parts, V4.checksum());
        assert_eq!(flush(&mut buffers), frames);
        read_tcp(&frames[0]).payload
    }
    let expected = noise(3000, 1)[100..1560].to_vec();
    assert_eq!(sent_then_overwritten(snapshot(64, NicConfig::default())), expected);
    assert_eq!(sent_then_overwritten(SkBuff::new(64, NicConfig::default())), expected);
}

#[test]
fn sk_buff_copies_every_byte_once_down_and_never_again_for_a_retransmission() {
    let bytes = noise(50_000, 2);
    let mut buffers = SkBuff::new(64, NicConfig::default());
    let user = write(&mut buffers, &bytes);
    let payload = buffers.send(FLOW, user, 0..50_000).unwrap();
    assert_eq!(buffers.ledger().copies(CopyCause::UserToKernel).bytes, 50_000);
    for _ in 0..3 {
        let parts = [Chunk { payload, offset: 0, len: 50_000 }];
        post(&mut buffers, V4, 0, &parts, V4.tso(1448));
        let whole: Vec<u8> = flush(&mut buffers).iter().flat_map(|frame| read_tcp(frame).payload).collect();
        assert_eq!(whole, bytes);
    }
    assert_eq!(buffers.ledger().copied().bytes, 50_000);
    assert_eq!(buffers.ledger().allocations(AllocationKind::SkBuff).count, 3);
    buffers.release(payload);
    assert_eq!(held(&buffers), [0, 0, 1, 0], "the thread keeps the page that it fills");
}

#[test]
fn up_to_three_pieces_are_gathered_in_order() {
    fn gather<B: Buffers>(mut buffers: B) {
        let bytes = noise(9000, 4);
        let users = [write(&mut buffers, &bytes[..5000]), write(&mut buffers, &bytes[5000..])];
        let a = buffers.send(FLOW, users[0], 0..5000).unwrap();
        let b = buffers.send(FLOW, users[1], 0..4000).unwrap();
        let parts = [
            Chunk { payload: a, offset: 4_333, len: 667 },
            Chunk { payload: b, offset: 0, len: 1 },
            Chunk { payload: a, offset: 1, len: 700 },
        ];
        post(&mut buffers, V6, 0, &parts, V6.checksum());
        let frames = flush(&mut buffers);
        let expected = [&bytes[4333..5000], &bytes[5000..5001], &bytes[1..701]].concat();
        assert_eq!(read_tcp(&frames[0]).payload, expected);
        let four = [parts[0]; 4];
        assert_eq!(buffers.packet(&four).err(), Some(BufferError::Gather { chunks: 4, max: 3 }));
        let beyond = Chunk { payload: b, offset: 3_999, len: 2 };
        let error = BufferError::OutOfRange { start: 3_999, end: 4_001, length: 4_000 };
        assert_eq!(buffers.packet(&[beyond]).err(), Some(error));
    }
    for line in LINES {
        gather(snapshot(line, NicConfig::default()));
    }
    gather(SkBuff::new(64, NicConfig::default()));
}

#[test]
fn a_buffer_in_conventional_memory_is_always_copied_in() {
    fn copied<B: Buffers>(mut buffers: B) -> u64 {
        let bytes = noise(1000, 5);
        let payload = buffers.send_conventional(FLOW, &bytes).unwrap();
        post(&mut buffers, V4, 0, &[Chunk { payload, offset: 0, len: 1000 }], V4.checksum());
        assert_eq!(read_tcp(&flush(&mut buffers)[0]).payload, bytes);
        buffers.ledger().copies(CopyCause::UserToKernel).bytes
    }
    assert_eq!(copied(snapshot(64, NicConfig::default())), 1000);
    assert_eq!(copied(SkBuff::new(64, NicConfig::default())), 1000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn both_schemes_put_identical_frames_on_the_wire(
        line in prop::sample::select(&LINES),
        sends in prop::collection::vec((1usize..20_000, 0usize..300, 1u16..9000), 1..12),
    ) {
        fn run<B: Buffers>(mut buffers: B, sends: &[(usize, usize, u16)]) -> Vec<Vec<u8>> {
            let mut frames = Vec::new();
            for (i, (len, skip, mss)) in sends.iter().enumerate() {
                let bytes = noise(len + skip, i as u64);
                let user = write(&mut buffers, &bytes);
                let payload = buffers.send(FLOW, user, *skip as u64..bytes.len() as u64).unwrap();
                let parts = [Chunk { payload, offset: 0, len: *len as u32 }];
                let flow = if i % 2 == 0 { V4 } else { V6 };
                post(&mut buffers, flow, i as u32, &parts, flow.tso(*mss));
                post(&mut buffers, flow, i as u32, &[], flow.checksum());
                frames.extend(flush(&mut buffers));
                buffers.release(payload);
            }
            frames
        }
        let conventional = run(SkBuff::new(line, NicConfig::default()), &sends);
        prop_assert!(conventional == run(snapshot(line, NicConfig::default()), &sends));
        for frame in &conventional {
            read_tcp(frame);
        }
    }

    #[test]
    fn what_arrives_is_what_recv_hands_over(
        line in prop::sample::select(&LINES),
        header_split in any::<bool>(),
        len in 1usize..30_000,
        mss in 1usize..1460,
        skip in 0u32..100,
    ) {
        fn run<B: Buffers>(mut buffers: B, bytes: &[u8], mss: usize, skip: u32) -> B {
            let mut chunks = arrive(&mut buffers, V4, bytes, mss.max(bytes.len() / 500));
            // A stream is read from any byte on.
            let skip = skip.min(chunks[0].len - 1);
            chunks[0].offset += skip;
            chunks[0].len -= skip;
            let whole = buffers.recv(&chunks).unwrap();
            assert_eq!(read(&mut buffers, whole), &bytes[skip as usize..]);
            let pieces = buffers.recv_segments(&chunks).unwrap();
            let joined: Vec<u8> = pieces.iter().flat_map(|piece| read(&mut buffers, *piece)).collect();
            assert_eq!(joined, &bytes[skip as usize..]);
            assert_eq!(buffers.sum(&chunks).unwrap(), snapstack::nic::fold(snapstack::nic::sum(&joined)));
            release(&mut buffers, &chunks);
            for user in pieces.into_iter().chain([whole]) {
                buffers.free_user(user).unwrap();
            }
            buffers
        }
        let bytes = noise(len, 6);
        let nic = NicConfig { header_split, ..NicConfig::default() };
        let mut snapshots = run(snapshot(line, nic), &bytes, mss, skip);
        prop_assert_eq!(snapshots.memory_mut().check(), Ok(()));
        run(SkBuff::new(line, nic), &bytes, mss, skip);
    }
}

#[test]
fn recv_segments_copies_nothing_over_snapshots() {
    for line in LINES {
        for header_split in [false, true] {
            let mut buffers = snapshot(line, NicConfig { header_split, ..NicConfig::default() });
            let bytes = noise(20_000, 7);
            let chunks = arrive(&mut buffers, V4, &bytes, 1447);
            let users = buffers.recv_segments(&chunks).unwrap();
            release(&mut buffers, &chunks);
            let joined: Vec<u8> = users.iter().flat_map(|user| read(&mut buffers, *user)).collect();
            assert_eq!(joined, bytes);
            assert_eq!(buffers.ledger().copied(), Count::default());
            assert_eq!(buffers.ledger().allocated(), Count::default(), "and no allocator was called");
        }
    }
}

#[test]
fn contiguous_recv_relines_nothing_with_header_split_and_whole_lines() {
    for line in LINES {
        let bytes = noise(20_000, 8);
        let relined = |header_split: bool, mss: usize| {
            let mut buffers = snapshot(line, NicConfig { header_split, ..NicConfig::default() });
            let chunks = arrive(&mut buffers, V4, &bytes, mss);
            let user = buffers.recv(&chunks).unwrap();
            assert_eq!(read(&mut buffers, user), bytes);
            buffers.memory_mut().check().unwrap();
            let ledger = buffers.ledger();
            assert_eq!(ledger.copied(), ledger.copies(CopyCause::Reline));
            ledger.copied().bytes
        };
        assert_eq!(relined(true, 1408), 0, "22, 44 or 88 whole lines a segment");
        assert_eq!(relined(false, 1408), 20_000, "54 bytes of headers shift every byte");
        let mixed = relined(true, 1460);
        assert!(mixed > 10_000 && mixed < 20_000, "{mixed}: only segments that begin on a line are grafted");
    }
}

#[test]
fn sk_buff_copies_every_byte_once_up() {
    let mut buffers = SkBuff::new(64, NicConfig::default());
    let bytes = noise(100_000, 9);
    for _ in 0..3 {
        let chunks = arrive(&mut buffers, V4, &bytes, 1448);
        let user = buffers.recv(&chunks).unwrap();
        release(&mut buffers, &chunks);
        assert_eq!(read(&mut buffers, user), bytes);
        buffers.free_user(user).unwrap();
    }
    let ledger = buffers.ledger();
    assert_eq!(ledger.copied().bytes, 300_000);
    assert_eq!(ledger.copies(CopyCause::KernelToUser).bytes, 300_000);
    let frames = 3 * 70;
    assert_eq!(ledger.allocations(AllocationKind::SkBuff).count, frames);
    let buffers_posted = ledger.allocations(AllocationKind::RxBuffer).count;
    assert!((511..511 + frames).contains(&buffers_posted), "one in the place of each: {buffers_posted}");
    let [skb, head, page, _] = held(&buffers);
    assert_eq!((skb, head, page), (0, 0, 0));
}

#[test]
fn a_slot_is_free_again_at_once_while_its_frames_are_kept() {
    fn keep_everything<B: Buffers>(mut buffers: B) -> usize {
        // Two slots, of which one can be granted.
        let mut kept = Vec::new();
        for i in 0..100 {
            buffers.refill(0).unwrap();
            assert_eq!(buffers.rx_granted(0), 1);
            let frame = V4.frame(i, &noise(1000, u64::from(i)));
            assert_eq!(buffers.deliver(&frame), Delivery::Queued { queue: 0 });
            assert_eq!(buffers.deliver(&frame), Delivery::Dropped(DropReason::NoSlot));
            kept.push(buffers.poll_rx(0).unwrap().unwrap());
        }
        for (i, frame) in kept.drain(..).enumerate() {
            let payload = buffers.keep_payload(frame, 54..1054).unwrap();
            let chunk = Chunk { payload, offset: 0, len: 1000 };
            let user = buffers.recv(&[chunk]).unwrap();
            assert_eq!(read(&mut buffers, user), noise(1000, i as u64));
        }
        assert_eq!(buffers.nic_counts().received, 100);
        buffers.nic_counts().drops(DropReason::NoSlot) as usize
    }
    let nic = NicConfig { rx_slots: 2, ..NicConfig::default() };
    assert_eq!(keep_everything(snapshot(64, nic)), 100);
    assert_eq!(keep_everything(SkBuff::new(64, nic)), 100);
}

#[test]
fn steady_receipt_leaves_nothing_behind() {
    let nic = NicConfig { rx_slots: 8, ..NicConfig::default() };
    let mut buffers = snapshot(32, nic);
    for round in 0..50 {
        let chunks = arrive(&mut buffers, V6, &noise(14_400, round), 1440);
        release(&mut buffers, &chunks);
        assert_eq!(buffers.memory().segments(), nic.segments() as usize);
        // A slot is emptied when it is granted, and one of a ring never is: it keeps its last frame.
        buffers.refill(0).unwrap();
        let frame = 1 + 3 + 45 + 8;
        assert!(buffers.memory().live_lines() <= frame, "metadata, headers, payload and the nodes above");
        assert_eq!(buffers.observe().held.references, 45);
    }
    buffers.memory_mut().check().unwrap();
}

#[test]
fn a_received_payload_is_sent_on_without_a_copy() {
    let mut buffers = snapshot(64, NicConfig::default());
    let bytes = noise(4_000, 10);
    let chunks = arrive(&mut buffers, V4, &bytes, 1448);
    post(&mut buffers, V6, 0, &chunks, V6.tso(1440));
    release(&mut buffers, &chunks);
    let sent: Vec<u8> = flush(&mut buffers).iter().flat_map(|frame| read_tcp(frame).payload).collect();
    assert_eq!(sent, bytes);
    assert_eq!(buffers.ledger().copied(), Count::default());
}

#[test]
fn a_full_ring_refuses_and_forgets_the_packet() {
    fn fill<B: Buffers>(buffers: &mut B, most: usize) {
        let user = write(buffers, &noise(100, 1));
        let payload = buffers.send(FLOW, user, 0..100).unwrap();
        let parts = [Chunk { payload, offset: 0, len: 100 }];
        let mut posted = 0;
        let refused = loop {
            let mut packet = buffers.packet(&parts).unwrap();
            for header in V4.tcp(posted, 7, 100).iter().rev() {
                buffers.push_header(&mut packet, header).unwrap();
            }
            match buffers.post(0, PacketId(posted), packet, V4.checksum()) {
                Ok(()) => posted += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(refused, BufferError::Ring(RingFull { slots: 8 }));
        assert_eq!(posted as usize, most);
        assert_eq!(flush(buffers).len(), most);
        buffers.release(payload);
        buffers.free_user(user).unwrap();
    }
    let nic = NicConfig { tx_slots: 8, rx_slots: 2, ..NicConfig::default() };
    let mut snapshots = snapshot(64, nic);
    fill(&mut snapshots, 7);
    assert_eq!(snapshots.memory().live_lines(), 0);
    let mut conventional = SkBuff::new(64, nic);
    // Three descriptors each: the offload, the headers, the payload.
    fill(&mut conventional, 2);
    assert_eq!(held(&conventional), [0, 0, 1, 0]);
}

#[test]
fn a_packet_that_is_never_posted_gives_everything_back() {
    let mut buffers = snapshot(64, NicConfig::default());
    buffers.contents_mut().keep_news();
    let user = write(&mut buffers, &noise(1000, 1));
    let payload = buffers.send(FLOW, user, 0..1000).unwrap();
    let mut packet = buffers.packet(&[Chunk { payload, offset: 0, len: 1000 }]).unwrap();
    buffers.push_header(&mut packet, &[1; 20]).unwrap();
    buffers.release(payload);
    buffers.free_user(user).unwrap();
    let born = ContentNews::Born { content: 0, origin: Origin::App, send: Some(SendId(0)), lines: 16 };
    assert_eq!(buffers.contents_mut().drain().collect::<Vec<_>>(), [born], "the packet still refers to it");
    buffers.drop_packet(packet);
    assert_eq!(buffers.contents_mut().drain().collect::<Vec<_>>(), [ContentNews::Gone { content: 0 }]);
    assert_eq!(buffers.memory().live_lines(), 0);
    let unknown = Chunk { payload: PayloadId(0), offset: 0, len: 1 };
    assert_eq!(buffers.packet(&[unknown]).err(), Some(BufferError::UnknownPayload(PayloadId(0))));
}

#[test]
fn the_iommu_is_asked_as_its_mode_says() {
    let run = |iommu: IommuMode| {
        let mut buffers = SkBuff::new(64, NicConfig { iommu, rx_slots: 8, ..NicConfig::default() });
        let bytes = noise(1448, 1);
        let user = write(&mut buffers, &bytes);
        let rx_before = buffers.iommu_counts().maps;
        for i in 0..100 {
            let payload = buffers.send(FLOW, user, 0..1448).unwrap();
            post(&mut buffers, V4, i, &[Chunk { payload, offset: 0, len: 1448 }], V4.checksum());
            assert_eq!(read_tcp(&flush(&mut buffers)[0]).payload, bytes);
            buffers.release(payload);
            let chunks = arrive(&mut buffers, V4, &bytes, 1448);
            let received = buffers.recv(&chunks).unwrap();
            assert_eq!(read(&mut buffers, received), bytes);
            release(&mut buffers, &chunks);
        }
        assert_eq!(rx_before, 0);
        (buffers.iommu_counts(), buffers.ledger().copies(CopyCause::Shadow).bytes)
    };
    let (off, copied) = run(IommuMode::Off);
    assert_eq!((off.maps, off.invalidations, copied), (0, 0, 0));
    let (strict, copied) = run(IommuMode::Strict);
    // Head and fragment a packet down; a buffer a frame up, of which some still wait in the ring.
    assert_eq!((strict.unmaps, strict.invalidations, copied), (300, 300, 0));
    assert!(strict.maps > 300 && strict.maps <= 307);
    let (batched, copied) = run(IommuMode::Batched);
    assert_eq!((batched.maps, batched.unmaps, copied), (strict.maps, 300, 0));
    assert!(batched.invalidations < 3, "{batched:?}");
    let (shadow, copied) = run(IommuMode::Shadow);
    assert_eq!((shadow.unmaps, shadow.invalidations), (0, 0));
    assert!(shadow.maps < 10, "{shadow:?}");
    assert_eq!(copied, 100 * (1448 + 1502), "payload down, whole frames up");
}

#[test]
fn bus_traffic_is_what_the_model_says_for_both_nics() {
    fn one<B: Buffers>(mut buffers: B) -> (B, Vec<u64>) {
        let user = write(&mut buffers, &noise(1460, 1));
        let payload = buffers.send(FLOW, user, 0..1460).unwrap();
        post(&mut buffers, V4, 0, &[Chunk { payload, offset: 0, len: 1460 }], V4.checksum());
        flush(&mut buffers);
        let bus = buffers.ledger().bus;
        let requests = Transaction::ALL.iter().map(|kind| bus.count(*kind).requests).collect();
        (buffers, requests)
    }
    // Doorbell, descriptor fetch, packet read, packet write, write-back, interrupt.
    let (conventional, requests) = one(SkBuff::new(64, NicConfig::default()));
    assert_eq!(requests, [1, 1, 2, 0, 1, 1], "head and payload are read apart");
    let (snapshots, requests) = one(snapshot(64, NicConfig::default()));
    assert_eq!(requests, [1, 0, 1, 0, 1, 1], "one request covers metadata, headers and payload");
    let (theirs, ours) = (conventional.ledger().bus.total(), snapshots.ledger().bus.total());
    // Three descriptors: 28 + (48 + 20) + (54 + 20) + (1460 + 6 * 20) in; 24 + 24 + 3 * 24 + (48 + 24) + 28 out.
    assert_eq!((theirs.to_nic, theirs.to_host), (1750, 220));
    // 28 + (48 + 1514 + 7 * 20) in; 4 * 24 + 28 + 28 out.
    assert_eq!((ours.to_nic, ours.to_host), (1730, 152));
}

#[test]
fn an_offload_that_does_not_fit_its_headers_is_refused() {
    fn refused<B: Buffers>(mut buffers: B) {
        let mut packet = buffers.packet(&[]).unwrap();
        buffers.push_header(&mut packet, &[0; 40]).unwrap();
        let error = buffers.post(0, PacketId(0), packet, V4.tso(1000)).unwrap_err();
        assert!(matches!(error, BufferError::Offload(_)), "{error}");
        assert!(flush(&mut buffers).is_empty());
    }
    refused(snapshot(64, NicConfig::default()));
    refused(SkBuff::new(64, NicConfig::default()));
}

#[test]
fn schemes_have_the_names_of_results_and_links() {
    for scheme in Scheme::ALL {
        assert_eq!(Scheme::from_name(scheme.name()), Some(scheme));
    }
}
