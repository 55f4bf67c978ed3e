//! Addresses, loads and stores in both partitions (DESIGN.md 2.12).

use proptest::prelude::*;
use snapstack::memory::{
    AccessError, AccessFaults, Address, Content, Controller, HeapError, MAX_LENGTH, MAX_SEGMENTS,
    MemoryConfig, MemoryError, Partition, Principal, SegmentId,
};

const THREAD: Principal = Principal::Thread(7);

fn controller(line_size: u32) -> Controller {
    Controller::new(MemoryConfig { line_size, ..MemoryConfig::default() }, 1 << 16).unwrap()
}

#[test]
fn an_address_is_a_partition_and_in_hicamp_a_segment_and_an_offset() {
    let address = Address::hicamp(SegmentId(0x12_3456), 0xab_cdef_0123).unwrap();
    assert_eq!(address.0, 0x9234_56ab_cdef_0123);
    let meaning = Partition::Hicamp { segment: SegmentId(0x12_3456), offset: 0xab_cdef_0123 };
    assert_eq!(address.partition(), meaning);
    assert_eq!(Address(0x7fff_ffff_ffff_ffff).partition(), Partition::Conventional(0x7fff_ffff_ffff_ffff));
    assert_eq!(Address::hicamp(SegmentId(MAX_SEGMENTS), 0), None);
    assert_eq!(Address::hicamp(SegmentId(0), MAX_LENGTH), None);
}

#[test]
fn address_arithmetic_does_not_leave_the_segment_or_the_partition() {
    let last = Address::hicamp(SegmentId(5), MAX_LENGTH - 1).unwrap();
    assert_eq!(last.checked_add(1), None);
    assert_eq!(last.checked_add(u64::MAX), None);
    assert_eq!(Address((1 << 63) - 1).checked_add(1), None);
    assert_eq!(Address(4096).checked_add(4), Some(Address(4100)));
}

#[test]
fn halloc_and_malloc_share_one_address_space() {
    let mut controller = controller(16);
    let segment = controller.halloc(THREAD, 1000).unwrap();
    let block = controller.malloc(THREAD, 1000).unwrap();
    assert!(matches!(segment.partition(), Partition::Hicamp { offset: 0, .. }));
    assert!(matches!(block.partition(), Partition::Conventional(_)));
    for base in [segment, block] {
        let at = base.checked_add(991).unwrap();
        controller.store(THREAD, at, 8, u64::MAX - 6).unwrap();
        assert_eq!(controller.load(THREAD, at, 8), Ok(u64::MAX - 6));
        assert_eq!(controller.load(THREAD, base, 1), Ok(0));
    }
    controller.hfree(THREAD, segment).unwrap();
    controller.free(THREAD, block).unwrap();
    assert_eq!((controller.memory().live_lines(), controller.heap_held()), (0, (0, 0)));
    assert!(controller.load(THREAD, segment, 1).is_err());
    assert!(controller.load(THREAD, block, 1).is_err());
    assert_eq!(controller.faults(), AccessFaults { unmapped: 1, conventional: 0, segment: 1 });
}

#[test]
fn what_is_not_there_or_not_allowed_is_a_typed_error_and_counted() {
    let mut controller = controller(64);
    let block = controller.malloc(THREAD, 10).unwrap();
    let page = controller.halloc(THREAD, 10).unwrap();
    let conventional = AccessError::Conventional { principal: Principal::Nic, address: block };
    assert_eq!(controller.load(Principal::Nic, block, 1), Err(conventional));
    assert!(matches!(
        controller.load(Principal::Nic, page, 1),
        Err(AccessError::Memory(MemoryError::Fault(_)))
    ));
    let Partition::Hicamp { segment, .. } = page.partition() else { panic!("{page}") };
    let past = page.checked_add(6).unwrap();
    let range = MemoryError::OutOfRange { segment, offset: 6, end: 14, length: 10 };
    assert_eq!(controller.store(THREAD, past, 8, 1), Err(AccessError::Memory(range)), "stores do not extend");
    let unmapped = HeapError::Unmapped { address: block.0 + 6, len: 8 };
    assert_eq!(controller.store(THREAD, Address(block.0 + 6), 8, 1), Err(AccessError::Heap(unmapped)));
    assert_eq!(controller.load(THREAD, page, 9), Err(AccessError::Width(9)));
    assert_eq!(controller.store(THREAD, page, 0, 1), Err(AccessError::Width(0)));
    assert_eq!(controller.hfree(THREAD, past), Err(AccessError::NotSegment { address: past }));
    assert_eq!(controller.hfree(THREAD, block), Err(AccessError::NotSegment { address: block }));
    let misplaced = HeapError::NotAllocated { address: page.0 };
    assert_eq!(controller.free(THREAD, page), Err(AccessError::Heap(misplaced)));
    assert_eq!(controller.faults(), AccessFaults { unmapped: 1, conventional: 1, segment: 1 });
    assert_eq!(controller.memory().fault_counts().read, 1);
    assert_eq!(controller.memory().live_lines(), 0, "nothing was stored");
}

#[test]
fn a_full_heap_says_what_is_free_and_joins_what_comes_back() {
    let mut controller = Controller::new(MemoryConfig::default(), 160).unwrap();
    let blocks: Vec<Address> = (0..10).map(|_| controller.malloc(THREAD, 16).unwrap()).collect();
    for block in [blocks[2], blocks[4], blocks[6]] {
        controller.free(THREAD, block).unwrap();
    }
    let full = HeapError::Full { needed: 40, free: 48, largest: 16 };
    assert_eq!(controller.malloc(THREAD, 40), Err(AccessError::Heap(full)));
    for block in [blocks[5], blocks[3]] {
        controller.free(THREAD, block).unwrap();
    }
    assert_eq!(controller.malloc(THREAD, 80), Ok(blocks[2]));
    let twice = HeapError::NotAllocated { address: blocks[6].0 };
    assert_eq!(controller.free(THREAD, blocks[6]), Err(AccessError::Heap(twice)));
    for size in [u64::MAX, u64::MAX - 20] {
        assert!(controller.malloc(THREAD, size).is_err());
    }
}

proptest! {
    #[test]
    fn loads_and_stores_of_any_width_at_any_alignment_behave_like_bytes(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        hicamp in any::<bool>(),
        stores in prop::collection::vec((0u64..300, 1u32..=8, any::<u64>()), 1..60),
        bulk in prop::collection::vec((0usize..300, prop::collection::vec(any::<u8>(), 0..200)), 0..10),
    ) {
        const SIZE: usize = 300;
        let mut controller = controller(line_size);
        let base = if hicamp { controller.halloc(THREAD, SIZE as u64) } else { controller.malloc(THREAD, SIZE as u64) };
        let base = base.unwrap();
        let mut model = [0u8; SIZE];
        for (at, width, value) in stores {
            let (start, end) = (at as usize, at as usize + width as usize);
            let stored = controller.store(THREAD, base.checked_add(at).unwrap(), width, value);
            prop_assert_eq!(stored.is_ok(), end <= SIZE);
            if end <= SIZE {
                model[start..end].copy_from_slice(&value.to_le_bytes()[..width as usize]);
                let mask = u64::MAX >> (64 - 8 * width);
                let loaded = controller.load(THREAD, base.checked_add(at).unwrap(), width);
                prop_assert_eq!(loaded, Ok(value & mask));
            }
        }
        for (at, bytes) in bulk {
            let address = base.checked_add(at as u64).unwrap();
            let stored = controller.store_bytes(THREAD, address, &bytes, Content::Data);
            prop_assert_eq!(stored.is_ok(), at + bytes.len() <= SIZE);
            if stored.is_ok() {
                model[at..at + bytes.len()].copy_from_slice(&bytes);
            }
        }
        let mut all = [0; SIZE];
        controller.load_bytes(THREAD, base, &mut all).unwrap();
        prop_assert_eq!(all, model);
        prop_assert_eq!(controller.memory_mut().check(), Ok(()));
    }

    #[test]
    fn no_access_at_any_address_panics(
        address in any::<u64>(),
        near in -20i64..20,
        width in any::<u32>(),
        value in any::<u64>(),
        length in any::<u64>(),
    ) {
        let mut controller = controller(32);
        let page = controller.halloc(THREAD, 40).unwrap();
        let block = controller.malloc(THREAD, 40).unwrap();
        for address in [address, page.0.wrapping_add_signed(near), block.0.wrapping_add_signed(near), u64::MAX] {
            let address = Address(address);
            for principal in [THREAD, Principal::Kernel, Principal::Nic] {
                let _ = controller.load(principal, address, width % 10);
                let _ = controller.store(principal, address, width, value);
                let _ = controller.load_bytes(principal, address, &mut [0; 100]);
                let _ = controller.halloc(principal, length);
                let _ = controller.malloc(principal, length);
                let _ = controller.hfree(principal, address);
                let _ = controller.free(principal, address);
            }
            let _ = address.checked_add(length);
            let _ = controller.address_of(SegmentId(width), length);
        }
        prop_assert_eq!(controller.memory_mut().check(), Ok(()));
    }
}
