//! What can go wrong in the memory; every error carries the numbers involved and means that nothing changed.

use super::{CheckpointId, CursorId, SegmentId};

/// Errors of the memory's operations. After any of them bytes, map and live lines are as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// The line size is none of 16, 32, 64 bytes.
    #[error("a line size of {0} bytes is not supported: choose 16, 32 or 64")]
    LineSize(u32),
    /// The number of ways a bucket is outside FACTS.md section 1's range.
    #[error("{0} ways a bucket are not supported: choose 12 to 32")]
    Ways(u32),
    /// The capacity in lines is 0 or does not fit 32-bit PLIDs.
    #[error("a capacity of {0} lines is not supported: choose 1 to {max}", max = super::MAX_LINES)]
    Capacity(u64),
    /// The request did not fit (DESIGN.md 2.14): it may need up to `needed` new lines; `free` were free.
    #[error("memory is exhausted: the request may need {needed} lines and {free} are free")]
    Exhausted {
        /// Most lines that the request can need.
        needed: u64,
        /// Lines that were free, waiting lines included.
        free: u64,
    },
    /// No such segment: never created, or released.
    #[error("segment {0} does not exist")]
    UnknownSegment(SegmentId),
    /// The byte range reaches past the end of the segment.
    #[error("bytes {offset}..{end} reach past the end of segment {segment}, which has {length} bytes")]
    OutOfRange {
        /// The segment.
        segment: SegmentId,
        /// First byte asked for.
        offset: u64,
        /// One past the last byte asked for.
        end: u64,
        /// Bytes the segment has.
        length: u64,
    },
    /// The segment would grow past [`super::MAX_LENGTH`].
    #[error("a segment of {length} bytes is over the limit of {max}", max = super::MAX_LENGTH)]
    TooLong {
        /// Bytes asked for.
        length: u64,
    },
    /// A graft whose source and destination do not start on a line, or which ends inside one that is not the last.
    #[error("a graft moves whole lines of {line} bytes: {offset} is no multiple of it")]
    Unaligned {
        /// Line size in bytes.
        line: u32,
        /// The offending byte offset or length.
        offset: u64,
    },
    /// The segment is read-only.
    #[error("segment {0} is read-only")]
    ReadOnly(SegmentId),
    /// No such cursor: never opened, or closed.
    #[error("cursor {0} does not exist")]
    UnknownCursor(CursorId),
    /// No such checkpoint: never taken, or dropped.
    #[error("checkpoint {0} does not exist")]
    UnknownCheckpoint(CheckpointId),
    /// A merge-update in which both sides changed the same bytes.
    #[error("bytes {offset}..{end} of segment {segment} were changed by both sides")]
    Conflict {
        /// The segment.
        segment: SegmentId,
        /// First byte that both changed.
        offset: u64,
        /// One past the last such byte of that line (or the longer length, when both changed the length).
        end: u64,
    },
}
