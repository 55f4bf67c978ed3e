//! Tests of the cache models: their rules one by one, and random accesses against a plain list.

use super::*;

fn cache(size: u64, ways: u32, line_size: u32) -> Result<LastLevelCache, CacheError> {
    LastLevelCache::new(CacheConfig { size, ways, line_size })
}

#[test]
fn configurations_that_are_none_are_refused_with_their_numbers() {
    let refused = |size, ways, line_size| cache(size, ways, line_size).err();
    assert_eq!(refused(4096, 0, 64), Some(CacheError::Ways(0)));
    assert_eq!(refused(4096, 4, 48), Some(CacheError::LineSize(48)));
    assert_eq!(refused(4096, 4, 0), Some(CacheError::LineSize(0)));
    assert_eq!(refused(4096, 4, 4), Some(CacheError::LineSize(4)));
    assert_eq!(refused(0, 4, 64), Some(CacheError::Size { size: 0, set: 256 }));
    assert_eq!(refused(4100, 4, 64), Some(CacheError::Size { size: 4100, set: 256 }));
    assert_eq!(refused(3 * 256, 4, 64), Some(CacheError::Sets(3)));
    assert_eq!(refused(1 << 40, 4, 64), Some(CacheError::TooLarge(1 << 34)));
    assert_eq!(refused(12 * 64, 12, 64), None, "ways need not be a power of two");

    let refused = |entries, ways| MapCache::new(MapCacheConfig { entries, ways }).err();
    assert_eq!(refused(64, 0), Some(CacheError::Ways(0)));
    assert_eq!(refused(0, 4), Some(CacheError::Entries { entries: 0, ways: 4 }));
    assert_eq!(refused(66, 4), Some(CacheError::Entries { entries: 66, ways: 4 }));
    assert_eq!(refused(24, 4), Some(CacheError::Sets(6)));
    assert_eq!(refused(24, 24), None);
}

#[test]
fn copies_miss_by_address_and_hit_by_content() {
    for (indexing, kind, hits) in
        [(Indexing::ByContent, LineKind::Content, 7), (Indexing::ByAddress, LineKind::Address, 0)]
    {
        let mut cache = LastLevelCache::default();
        for copy in 0..8 {
            cache.access(indexing.key(Plid(5), copy * 4096));
        }
        let expected = CacheCounts { hits, misses: 8 - hits, ..CacheCounts::default() };
        assert_eq!(cache.counts(kind), expected);
    }
}

#[test]
fn every_byte_of_a_line_is_one_entry() {
    let mut cache = LastLevelCache::default();
    assert!(!cache.access(CacheKey::Address(128)));
    assert!(cache.access(CacheKey::Address(191)));
    assert!(!cache.access(CacheKey::Address(192)));
    assert!(!cache.access(CacheKey::Address(u64::MAX)), "the last line is as good as any");
    assert!(cache.access(CacheKey::Address(u64::MAX - 63)));
}

#[test]
fn a_line_number_and_a_plid_of_the_same_value_are_two_entries() {
    let mut cache = cache(4 * 64, 4, 64).unwrap();
    assert!(!cache.access(CacheKey::Content(Plid(1))));
    assert!(!cache.access(CacheKey::Address(64)));
    assert!(cache.access(CacheKey::Content(Plid(1))));
    assert!(cache.invalidate(CacheKey::Address(64)));
    assert!(cache.access(CacheKey::Content(Plid(1))));
}

#[test]
fn a_reused_plid_misses_after_invalidation() {
    let mut cache = LastLevelCache::default();
    let key = CacheKey::Content(Plid(9));
    assert!(!cache.access(key) && cache.access(key));
    assert!(cache.invalidate(key) && !cache.invalidate(key));
    assert!(!cache.access(key));
    let expected = CacheCounts { hits: 1, misses: 2, evictions: 0, invalidated: 1 };
    assert_eq!(cache.counts(LineKind::Content), expected);
}

#[test]
fn an_eviction_counts_with_the_kind_that_left() {
    let mut cache = cache(64, 1, 64).unwrap();
    cache.access(CacheKey::Content(Plid(3)));
    cache.access(CacheKey::Address(0));
    cache.access(CacheKey::Address(64));
    assert_eq!(cache.counts(LineKind::Content).evictions, 1);
    assert_eq!(cache.counts(LineKind::Address).evictions, 1);
}

#[test]
fn the_zero_line_takes_no_room() {
    let mut cache = cache(64, 1, 64).unwrap();
    cache.access(CacheKey::Content(Plid(3)));
    assert!(cache.access(CacheKey::Content(Plid(0))));
    assert!(!cache.invalidate(CacheKey::Content(Plid(0))));
    assert!(cache.access(CacheKey::Content(Plid(3))));
    assert_eq!(cache.counts(LineKind::Content).hits, 1);
}

#[test]
fn first_ways_of_many_buckets_use_nearly_all_of_the_cache() {
    let mut cache = LastLevelCache::default();
    let lines = (cache.config().size / 64) as u32;
    // One line in each bucket of 12 ways, half as many lines as the cache holds.
    for pass in 0..2 {
        for bucket in 0..lines / 2 {
            cache.access(CacheKey::Content(Plid(1 + 12 * bucket)));
        }
        assert!(cache.counts(LineKind::Content).evictions <= u64::from(lines) / 100, "pass {pass}");
    }
}

#[test]
fn a_ring_that_fits_the_map_cache_misses_once_a_segment() {
    let mut cache = MapCache::default();
    for _ in 0..10 {
        for slot in 1000..1064 {
            cache.lookup(SegmentId(slot));
        }
    }
    assert_eq!(cache.counts(), CacheCounts { hits: 576, misses: 64, ..CacheCounts::default() });
    cache.clear();
    assert_eq!(cache.counts(), CacheCounts::default());
    assert!(!cache.lookup(SegmentId(1000)));
}

#[test]
fn the_highest_segment_id_has_an_entry_like_any_other() {
    let mut cache = MapCache::default();
    assert!(!cache.lookup(SegmentId(u32::MAX)) && cache.lookup(SegmentId(u32::MAX)));
    assert!(cache.invalidate(SegmentId(u32::MAX)) && !cache.lookup(SegmentId(u32::MAX)));
}

#[cfg(not(target_family = "wasm"))]
mod random {
    use proptest::prelude::*;

    use super::*;

    /// All entries in one list, the latest first; a set is whatever `same_set` says.
    struct Naive<K> {
        held: Vec<K>,
        ways: usize,
        counts: CacheCounts,
    }

    impl<K: Copy + PartialEq> Naive<K> {
        fn new(ways: u32) -> Self {
            Self { held: Vec::new(), ways: ways as usize, counts: CacheCounts::default() }
        }

        fn access(&mut self, key: K, set: impl Fn(K) -> u64) -> bool {
            let hit = self.held.contains(&key);
            self.held.retain(|held| *held != key);
            self.held.insert(0, key);
            if hit {
                self.counts.hits += 1;
            } else {
                self.counts.misses += 1;
                let mates: Vec<K> = self.held.iter().copied().filter(|k| set(*k) == set(key)).collect();
                if mates.len() > self.ways {
                    let oldest = mates[mates.len() - 1];
                    self.held.retain(|held| *held != oldest);
                    self.counts.evictions += 1;
                }
            }
            hit
        }

        fn invalidate(&mut self, key: K) -> bool {
            let held = self.held.contains(&key);
            self.held.retain(|other| *other != key);
            self.counts.invalidated += u64::from(held);
            held
        }
    }

    /// (invalidate instead of access, by content, number)
    fn steps() -> impl Strategy<Value = Vec<(bool, bool, u32)>> {
        prop::collection::vec((prop::bool::weighted(0.15), any::<bool>(), 0u32..48), 0..400)
    }

    proptest! {
        #[test]
        fn last_level_cache_agrees_with_a_list(
            steps in steps(),
            ways in 1u32..7,
            sets in 0u32..4,
            line_bits in 4u32..7,
        ) {
            let (sets, line_size) = (1u64 << sets, 1u32 << line_bits);
            let size = sets * u64::from(ways) * u64::from(line_size);
            let mut cache = cache(size, ways, line_size).unwrap();
            let mut naive = Naive::new(ways);
            for (invalidate, content, number) in steps {
                let address = u64::from(number) * u64::from(line_size);
                let kind = if content { Indexing::ByContent } else { Indexing::ByAddress };
                // The naive list knows lines, not bytes; the cache is asked for the line's last byte.
                let key = kind.key(Plid(number + 1), address);
                let asked = kind.key(Plid(number + 1), address + u64::from(line_size) - 1);
                if invalidate {
                    prop_assert_eq!(cache.invalidate(asked), naive.invalidate(key));
                    continue;
                }
                let hit = naive.access(key, |key| match key {
                    CacheKey::Address(address) => address / u64::from(line_size) % sets,
                    CacheKey::Content(_) | CacheKey::Row(_) => cache.place(key).0 % sets,
                });
                prop_assert_eq!(cache.access(asked), hit);
            }
            let (a, b) = (cache.counts(LineKind::Content), cache.counts(LineKind::Address));
            prop_assert_eq!(naive.counts, CacheCounts {
                hits: a.hits + b.hits,
                misses: a.misses + b.misses,
                evictions: a.evictions + b.evictions,
                invalidated: a.invalidated + b.invalidated,
            });
            for (kind, counts) in [(LineKind::Content, a), (LineKind::Address, b)] {
                let held = naive.held.iter().filter(|key| key.kind() == kind).count() as u64;
                prop_assert_eq!(counts.misses - counts.evictions - counts.invalidated, held);
            }
        }

        #[test]
        fn map_cache_agrees_with_a_list(steps in steps(), ways in 1u32..7, sets in 0u32..4) {
            let sets = 1u32 << sets;
            let mut cache = MapCache::new(MapCacheConfig { entries: sets * ways, ways }).unwrap();
            let mut naive = Naive::new(ways);
            for (invalidate, _, id) in steps {
                if invalidate {
                    prop_assert_eq!(cache.invalidate(SegmentId(id)), naive.invalidate(id));
                } else {
                    let hit = naive.access(id, |id| u64::from(id % sets));
                    prop_assert_eq!(cache.lookup(SegmentId(id)), hit);
                }
            }
            prop_assert_eq!(cache.counts(), naive.counts);
        }
    }
}
