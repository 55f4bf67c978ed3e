//! Counters of what the memory did: lookups by outcome and accesses by kind (FACTS.md section 1). They are incremented
//! where the access happens, never derived from a formula.

use serde::Serialize;

use super::Plid;
use super::cache::{CacheKey, Indexing, LastLevelCache};

/// Line lookups by outcome: `requested = new + hits + zero`, and `hits` include `revived`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LineCounts {
    /// Lines asked for by content.
    pub requested: u64,
    /// Lines that were not there and were allocated.
    pub new: u64,
    /// Lines that were there.
    pub hits: u64,
    /// Requests for the all-zero line, which needs no storage.
    pub zero: u64,
    /// Hits on lines that were dead and waiting to be freed.
    pub revived: u64,
}

impl LineCounts {
    /// What was counted since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            requested: self.requested - earlier.requested,
            new: self.new - earlier.new,
            hits: self.hits - earlier.hits,
            zero: self.zero - earlier.zero,
            revived: self.revived - earlier.revived,
        }
    }
}

/// Accesses to the memory by kind, in accesses (one signature line, count word or data line each).
///
/// | operation | accesses |
/// |---|---|
/// | lookup, hit | signature read, a candidate read a matching signature, count update |
/// | lookup, miss | signature read, data write, signature write, count update, and one a PLID in the new line |
/// | one of these in the overflow area | and an overflow read an entry visited; a miss: one read and one write more |
/// | read by PLID | data read |
/// | reference made or dropped by PLID | count update |
/// | line freed | signature read and write; of an interior line also a data read, and a count update a child |
/// | line freed in the overflow area | data read (its hash tells the bucket), and the entries of the chain up to it |
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessCounts {
    /// Signature lines read: one a lookup, one a freed line.
    pub signature_reads: u64,
    /// Signature lines written (the overflow link of the bucket is in the same line).
    pub signature_writes: u64,
    /// Candidate lines read because their signature matched.
    pub candidate_reads: u64,
    /// Candidates that turned out to hold other content.
    pub false_matches: u64,
    /// Overflow entries read.
    pub overflow_reads: u64,
    /// Overflow entries written.
    pub overflow_writes: u64,
    /// Data or interior lines written.
    pub data_writes: u64,
    /// Data or interior lines read by PLID.
    pub data_reads: u64,
    /// Reference counts changed (read-modify-write).
    pub count_updates: u64,
    /// Segment map entries read from memory: those that the map's cache did not have.
    pub map_reads: u64,
    /// Segment map entries written.
    pub map_writes: u64,
}

impl AccessCounts {
    /// All accesses. (A false match is a candidate read, which is counted.)
    pub fn total(&self) -> u64 {
        self.signature_reads
            + self.signature_writes
            + self.candidate_reads
            + self.overflow_reads
            + self.overflow_writes
            + self.data_writes
            + self.data_reads
            + self.count_updates
            + self.map_reads
            + self.map_writes
    }
}

/// Where accesses are counted as they happen, and shown to the last-level cache if one is modelled.
#[derive(Clone, Default)]
pub(super) struct Accesses {
    pub(super) counts: AccessCounts,
    pub(super) cache: Option<Box<Front>>,
    /// Row headers of buckets; those of overflow entries come behind.
    buckets: u32,
    ways: u32,
}

/// The last-level cache in front of the memory.
#[derive(Clone)]
pub(super) struct Front {
    pub(super) model: LastLevelCache,
    pub(super) indexing: Indexing,
}

impl Front {
    #[inline(never)]
    fn see(&mut self, key: CacheKey) {
        if self.indexing == Indexing::ByContent {
            self.model.access(key);
        }
    }
}

/// The two lines of a row header (FACTS.md section 1).
#[derive(Clone, Copy)]
enum Header {
    Signatures,
    Counts,
}

impl Accesses {
    pub(super) fn new(buckets: u32, ways: u32) -> Self {
        Self { buckets, ways, ..Self::default() }
    }

    #[inline]
    fn header(&mut self, bucket: u32, header: Header) {
        if let Some(front) = &mut self.cache {
            front.see(CacheKey::Row(u64::from(bucket) * 2 + header as u64));
        }
    }

    #[inline]
    fn overflow(&mut self, entry: u32) {
        if let Some(front) = &mut self.cache {
            front.see(CacheKey::Row(u64::from(self.buckets) * 2 + u64::from(entry)));
        }
    }

    #[inline]
    fn line(&mut self, plid: u32) {
        if let Some(front) = &mut self.cache {
            front.see(CacheKey::Content(Plid(plid)));
        }
    }

    #[inline]
    pub(super) fn signature_read(&mut self, bucket: u32) {
        self.counts.signature_reads += 1;
        self.header(bucket, Header::Signatures);
    }

    #[inline]
    pub(super) fn signature_write(&mut self, bucket: u32) {
        self.counts.signature_writes += 1;
        self.header(bucket, Header::Signatures);
    }

    #[inline]
    pub(super) fn candidate_read(&mut self, plid: u32, equal: bool) {
        self.counts.candidate_reads += 1;
        self.counts.false_matches += u64::from(!equal);
        self.line(plid);
    }

    #[inline]
    pub(super) fn overflow_read(&mut self, entry: u32) {
        self.counts.overflow_reads += 1;
        self.overflow(entry);
    }

    #[inline]
    pub(super) fn overflow_write(&mut self, entry: u32) {
        self.counts.overflow_writes += 1;
        self.overflow(entry);
    }

    #[inline]
    pub(super) fn data_write(&mut self, plid: u32) {
        self.counts.data_writes += 1;
        self.line(plid);
    }

    /// A line is read by PLID. PLID 0 has no line to read.
    #[inline(always)]
    pub(super) fn data_read(&mut self, plid: u32) {
        if plid != 0 {
            self.counts.data_reads += 1;
            self.line(plid);
        }
    }

    #[inline]
    pub(super) fn count_update(&mut self, plid: u32) {
        self.counts.count_updates += 1;
        if self.cache.is_some() {
            let primary = self.buckets * self.ways;
            match (plid - 1).checked_sub(primary) {
                None => self.header((plid - 1) / self.ways, Header::Counts),
                Some(entry) => self.overflow(entry),
            }
        }
    }

    /// The counts of some lines are changed; 0 is no line.
    #[inline(always)]
    pub(super) fn count_updates(&mut self, plids: &[u32]) {
        if self.cache.is_some() {
            self.show_count_updates(plids);
        } else {
            self.counts.count_updates +=
                u64::from(plids.iter().map(|plid| u32::from(*plid != 0)).sum::<u32>());
        }
    }

    #[inline(never)]
    fn show_count_updates(&mut self, plids: &[u32]) {
        plids.iter().filter(|plid| **plid != 0).for_each(|plid| self.count_update(*plid));
    }

    /// A line is gone: its PLID may name other content next.
    #[inline]
    pub(super) fn freed(&mut self, plid: u32) {
        if let Some(front) = &mut self.cache {
            front.model.invalidate(CacheKey::Content(Plid(plid)));
        }
    }

    /// Bytes of a segment are read or written: what a memory that keeps every segment at an address of its own sees.
    #[inline]
    pub(super) fn conventional(&mut self, segment: u32, offset: u64, len: u64) {
        if let Some(front) = &mut self.cache
            && front.indexing == Indexing::ByAddress
        {
            let line = u64::from(front.model.config().line_size);
            // MAX_LENGTH is 2^40, so that segments do not overlap.
            let base = u64::from(segment) << 40;
            for index in offset / line..(offset + len).div_ceil(line) {
                front.model.access(CacheKey::Address(base | (index * line)));
            }
        }
    }
}
