//! Counters of what the memory did: lookups by outcome and accesses by kind (FACTS.md section 1). They are incremented
//! where the access happens, never derived from a formula.

use serde::Serialize;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessCounts {
    /// Signature lines read: one a lookup, one a freed line.
    pub signature_reads: u64,
    /// Signature lines written.
    pub signature_writes: u64,
    /// Candidate lines read because their signature matched.
    pub candidate_reads: u64,
    /// Candidates that turned out to hold other content.
    pub false_matches: u64,
    /// Overflow entries visited.
    pub overflow_reads: u64,
    /// Data lines written.
    pub data_writes: u64,
    /// Data or interior lines read by PLID.
    pub data_reads: u64,
    /// Reference counts changed (read-modify-write).
    pub count_updates: u64,
    /// Segment map entries read.
    pub map_reads: u64,
    /// Segment map entries written.
    pub map_writes: u64,
}
