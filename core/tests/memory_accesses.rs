//! Accesses against counts derived by hand from the rules of FACTS.md section 1 (DESIGN.md 2.3 and section 5).

#![cfg(not(target_family = "wasm"))]

use snapstack::memory::{
    AccessCounts, CacheConfig, CacheError, Content, Indexing, LineKind, MapCacheConfig, Memory, MemoryConfig,
};

fn memory(line_size: u32, lines: u64, delayed_free: u32) -> Memory {
    Memory::new(MemoryConfig { line_size, lines, delayed_free, ..MemoryConfig::default() }).unwrap()
}

/// What `work` adds to the counts. False matches are left to chance, and so to the tests that force them.
fn counted<T>(memory: &mut Memory, work: impl FnOnce(&mut Memory) -> T) -> (AccessCounts, T) {
    let before = memory.access_counts();
    let result = work(memory);
    let after = memory.access_counts();
    let false_matches = after.false_matches - before.false_matches;
    let counts = AccessCounts {
        signature_reads: after.signature_reads - before.signature_reads,
        signature_writes: after.signature_writes - before.signature_writes,
        candidate_reads: after.candidate_reads - before.candidate_reads - false_matches,
        false_matches: 0,
        overflow_reads: after.overflow_reads - before.overflow_reads,
        overflow_writes: after.overflow_writes - before.overflow_writes,
        data_writes: after.data_writes - before.data_writes,
        data_reads: after.data_reads - before.data_reads,
        count_updates: after.count_updates - before.count_updates,
        map_reads: after.map_reads - before.map_reads,
        map_writes: after.map_writes - before.map_writes,
    };
    (counts, result)
}

const NONE: AccessCounts = AccessCounts {
    signature_reads: 0,
    signature_writes: 0,
    candidate_reads: 0,
    false_matches: 0,
    overflow_reads: 0,
    overflow_writes: 0,
    data_writes: 0,
    data_reads: 0,
    count_updates: 0,
    map_reads: 0,
    map_writes: 0,
};

/// A lookup that allocates.
const MISS: AccessCounts =
    AccessCounts { signature_reads: 1, signature_writes: 1, data_writes: 1, count_updates: 1, ..NONE };

#[test]
fn a_new_line_is_a_signature_read_and_three_writes() {
    let mut memory = memory(16, 1000, 0);
    let (counts, _) = counted(&mut memory, |memory| memory.create(&[1; 16], Content::Data));
    assert_eq!(counts, AccessCounts { map_writes: 1, ..MISS });
}

#[test]
fn a_line_that_is_there_is_read_once_and_counted_once_more() {
    let mut memory = memory(16, 1000, 0);
    memory.create(&[1; 16], Content::Data).unwrap();
    let (counts, _) = counted(&mut memory, |memory| memory.create(&[1; 16], Content::Data));
    let hit = AccessCounts { signature_reads: 1, candidate_reads: 1, count_updates: 1, ..NONE };
    assert_eq!(counts, AccessCounts { map_writes: 1, ..hit });
}

#[test]
fn the_zero_line_is_no_access() {
    let mut memory = memory(16, 1000, 0);
    let (counts, segment) = counted(&mut memory, |memory| memory.create(&[0; 64], Content::Data));
    assert_eq!(counts, AccessCounts { map_writes: 1, ..NONE });
    let (counts, bytes) = counted(&mut memory, |memory| memory.to_vec(segment.unwrap()).unwrap());
    assert_eq!((counts, bytes), (AccessCounts { map_reads: 1, ..NONE }, vec![0; 64]));
}

/// Three new leaves and their root: the root's PLIDs are counted one by one.
#[test]
fn a_new_interior_line_changes_the_count_of_every_child() {
    let mut memory = memory(16, 1000, 0);
    let bytes = [[1u8; 16], [2; 16], [3; 16]].concat();
    let (counts, segment) = counted(&mut memory, |memory| memory.create(&bytes, Content::Data));
    let expected = AccessCounts {
        signature_reads: 4,
        signature_writes: 4,
        data_writes: 4,
        count_updates: 4 + 3,
        map_writes: 1,
        ..NONE
    };
    assert_eq!(counts, expected);

    // The same again: four hits, and the three references that the root does not need are given back.
    let (counts, _) = counted(&mut memory, |memory| memory.create(&bytes, Content::Data));
    let expected =
        AccessCounts { signature_reads: 4, candidate_reads: 4, count_updates: 4 + 3, map_writes: 1, ..NONE };
    assert_eq!(counts, expected);

    let (counts, read) = counted(&mut memory, |memory| memory.to_vec(segment.unwrap()).unwrap());
    assert_eq!((counts, read), (AccessCounts { data_reads: 4, map_reads: 1, ..NONE }, bytes));
}

#[test]
fn a_read_by_plid_touches_the_path_and_nothing_else() {
    let mut memory = memory(16, 1000, 0);
    let bytes: Vec<u8> = (0..64u8).flat_map(|i| [i + 1; 16]).collect();
    let segment = memory.create(&bytes, Content::Data).unwrap();
    let mut out = [0; 16];
    let (counts, result) = counted(&mut memory, |memory| memory.read(segment, 17 * 16, &mut out));
    // 64 leaves under 16, 4 and 1 interior lines; the map's cache does not have the segment yet.
    assert_eq!((counts, result), (AccessCounts { data_reads: 4, map_reads: 1, ..NONE }, Ok(())));
    let (counts, _) = counted(&mut memory, |memory| memory.read(segment, 0, &mut out));
    assert_eq!(counts, AccessCounts { data_reads: 4, ..NONE }, "the second time it has");
}

#[test]
fn a_freed_leaf_is_a_count_and_a_signature() {
    let mut memory = memory(16, 1000, 0);
    let segment = memory.create(&[1; 16], Content::Data).unwrap();
    let (counts, _) = counted(&mut memory, |memory| memory.release(segment));
    let freed = AccessCounts { count_updates: 1, signature_reads: 1, signature_writes: 1, ..NONE };
    assert_eq!(counts, AccessCounts { map_reads: 1, map_writes: 1, ..freed });
}

#[test]
fn a_freed_interior_line_is_read_for_its_children() {
    let mut memory = memory(16, 1000, 0);
    let segment = memory.create(&[[1u8; 16], [2; 16], [3; 16]].concat(), Content::Data).unwrap();
    let (counts, _) = counted(&mut memory, |memory| memory.release(segment));
    let expected = AccessCounts {
        count_updates: 1 + 3,
        data_reads: 1,
        signature_reads: 4,
        signature_writes: 4,
        map_reads: 1,
        map_writes: 1,
        ..NONE
    };
    assert_eq!(counts, expected);
}

#[test]
fn a_line_that_waits_is_freed_when_it_leaves_the_queue() {
    let mut memory = memory(16, 1000, 1);
    let [first, second] = [1, 2].map(|byte| memory.create(&[byte; 16], Content::Data).unwrap());
    let (counts, _) = counted(&mut memory, |memory| memory.release(first));
    assert_eq!(counts, AccessCounts { count_updates: 1, map_reads: 1, map_writes: 1, ..NONE });
    let (counts, _) = counted(&mut memory, |memory| memory.release(second));
    let freed = AccessCounts { signature_reads: 1, signature_writes: 1, ..NONE };
    assert_eq!(counts, AccessCounts { count_updates: 1, map_reads: 1, map_writes: 1, ..freed });
}

/// One bucket of 12 ways: the 13th line and those after it are chained, the latest first.
#[test]
fn overflow_entries_are_read_up_to_the_one_that_is_looked_for() {
    let mut memory = memory(16, 12, 0);
    let segments: Vec<_> =
        (1..=15u8).map(|byte| memory.create(&[byte; 16], Content::Data).unwrap()).collect();
    // The 16th: three entries are searched, then one is taken from the free list and linked.
    let (counts, _) = counted(&mut memory, |memory| memory.create(&[16; 16], Content::Data));
    assert_eq!(counts, AccessCounts { overflow_reads: 3 + 1, overflow_writes: 1, map_writes: 1, ..MISS });

    // The 13th is the last of now four; the 16th would be the first.
    for (byte, visited) in [(13, 4), (16, 1), (3, 0)] {
        let (counts, again) = counted(&mut memory, |memory| memory.create(&[byte; 16], Content::Data));
        let hit = AccessCounts { signature_reads: 1, candidate_reads: 1, count_updates: 1, ..NONE };
        assert_eq!(counts, AccessCounts { overflow_reads: visited, map_writes: 1, ..hit }, "line {byte}");
        memory.release(again.unwrap()).unwrap();
    }

    // The 15th is behind the 16th: its line (for the bucket), itself, the link of the bucket, the 16th; that one and itself
    // are written.
    let (counts, _) = counted(&mut memory, |memory| memory.release(segments[14]));
    let expected = AccessCounts {
        count_updates: 1,
        data_reads: 1,
        signature_reads: 1,
        overflow_reads: 2,
        overflow_writes: 2,
        map_reads: 1,
        map_writes: 1,
        ..NONE
    };
    assert_eq!(counts, expected);
}

#[test]
fn a_candidate_with_other_content_is_a_false_match() {
    // 3,000 lookups in full buckets of 12 ways and their chains: about one false match in 20.
    let mut memory = memory(16, 3000, 0);
    for i in 0..3000u64 {
        memory.create(&[i * 0x9e37_79b9 + 1, !i].map(u64::to_le_bytes).concat(), Content::Data).unwrap();
    }
    let (counts, lines) = (memory.access_counts(), memory.line_counts());
    assert_eq!(lines.new, 3000);
    assert_eq!(counts.candidate_reads, counts.false_matches, "no lookup found its line");
    // At most ways / 255 a lookup, and half of that while the memory fills; four standard deviations are 32.
    assert!((40..=110).contains(&counts.false_matches), "{} false matches", counts.false_matches);
}

#[test]
fn a_snapshot_is_one_map_entry_and_one_count() {
    let mut memory = memory(64, 1000, 0);
    let segment = memory.create(&[7; 10_000], Content::Data).unwrap();
    let (counts, _) = counted(&mut memory, |memory| memory.snapshot(segment));
    assert_eq!(counts, AccessCounts { count_updates: 1, map_reads: 1, map_writes: 1, ..NONE });
}

#[test]
fn a_difference_is_found_without_reading_a_leaf() {
    let mut memory = memory(16, 1000, 0);
    let bytes: Vec<u8> = (0..64u8).flat_map(|i| [i + 1; 16]).collect();
    let [a, b] = [(); 2].map(|()| memory.create(&bytes, Content::Data).unwrap());
    memory.overwrite(b, 320, &[99], Content::Data).unwrap();
    memory.diff(a, b).unwrap();
    let (counts, runs) = counted(&mut memory, |memory| memory.diff(a, b).unwrap());
    assert_eq!((counts, runs.len()), (AccessCounts { data_reads: 2 * 3, ..NONE }, 1));
    assert_eq!(runs[0], 320..336);
}

#[test]
fn map_reads_are_what_the_maps_cache_misses() {
    let mut memory = memory(16, 1000, 0);
    memory.set_map_cache(MapCacheConfig { entries: 2, ways: 2 }).unwrap();
    let segments: Vec<_> = (1..=3u8).map(|byte| memory.create(&[byte; 16], Content::Data).unwrap()).collect();
    let (counts, _) = counted(&mut memory, |memory| {
        for segment in [0, 1, 0, 2, 0, 1] {
            memory.to_vec(segments[segment]).unwrap();
        }
    });
    assert_eq!((counts.map_reads, memory.map_cache().counts().hits), (4, 2));
    assert!(memory.read(snapstack::memory::SegmentId(99), 0, &mut [0]).is_err());
    assert_eq!(memory.access_counts().map_reads, 5, "a missing entry is looked for in memory");
    assert_eq!(memory.map_cache().counts().misses, 4);
    assert!(memory.set_map_cache(MapCacheConfig { entries: 3, ways: 2 }).is_err());
}

/// Two buffers of the same 32 lines are read in turn.
#[test]
fn duplicates_share_a_cache_entry_by_content_and_not_by_address() {
    let config = CacheConfig { size: 64 * 1024, ways: 16, line_size: 64 };
    for (indexing, kind, misses) in
        [(Indexing::ByContent, LineKind::Content, 35), (Indexing::ByAddress, LineKind::Address, 64)]
    {
        let mut memory = memory(64, 1000, 0);
        let bytes: Vec<u8> = (1..=32u8).flat_map(|i| [i; 64]).collect();
        let [a, b] = [(); 2].map(|()| memory.create(&bytes, Content::Data).unwrap());
        memory.set_last_level_cache(Some((config, indexing))).unwrap();
        for segment in [a, b] {
            memory.to_vec(segment).unwrap();
        }
        let counts = memory.last_level_cache().unwrap().counts(kind);
        // By content also the interior lines are read: two nodes and the root above them, once each.
        assert_eq!(counts.misses, misses, "{indexing:?}");
        assert_eq!(counts.hits, if indexing == Indexing::ByContent { 35 } else { 0 });
    }
}

#[test]
fn with_a_cache_every_counted_access_goes_through_it() {
    let mut memory = memory(32, 200, 3);
    memory
        .set_last_level_cache(Some((CacheConfig { size: 4096, ways: 4, line_size: 32 }, Indexing::ByContent)))
        .unwrap();
    let mut segments = Vec::new();
    for i in 0..60u8 {
        segments.push(memory.create(&vec![i % 7; usize::from(i) * 5], Content::Data).unwrap());
        memory.overwrite(segments[usize::from(i / 2)], u64::from(i), &[i; 40], Content::Other).unwrap();
        if i % 3 == 0 {
            memory.release(segments.remove(0)).unwrap();
        }
    }
    let counts = memory.access_counts();
    let cache = memory.last_level_cache().unwrap();
    let seen = |kind| cache.counts(kind).hits + cache.counts(kind).misses;
    assert_eq!(seen(LineKind::Content), counts.candidate_reads + counts.data_reads + counts.data_writes);
    let rows = counts.signature_reads + counts.signature_writes + counts.count_updates;
    assert_eq!(seen(LineKind::Row), rows + counts.overflow_reads + counts.overflow_writes);
    assert!(cache.counts(LineKind::Content).invalidated > 0, "freed lines leave the cache");
    memory.check().unwrap();
    assert_eq!(memory.access_counts(), counts, "checking is no access");
}

#[test]
fn a_cache_by_content_has_the_memorys_lines() {
    let mut memory = memory(32, 200, 0);
    let mismatch = Err(CacheError::Mismatch { cache: 64, memory: 32 });
    assert_eq!(memory.set_last_level_cache(Some((CacheConfig::default(), Indexing::ByContent))), mismatch);
    assert!(memory.last_level_cache().is_none());
    assert_eq!(memory.set_last_level_cache(Some((CacheConfig::default(), Indexing::ByAddress))), Ok(()));
    memory.set_last_level_cache(None).unwrap();
    assert!(memory.last_level_cache().is_none());
}
