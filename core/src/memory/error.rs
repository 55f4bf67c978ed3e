//! What can go wrong in the memory; every error carries the numbers involved and means that nothing changed.

use super::{CheckpointId, CursorId, Fault, SegmentId, Ticket};

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
    /// The reserve for receive DMA is larger than the memory.
    #[error("a reserve of {reserve} lines is more than the memory's {lines}")]
    Reserve {
        /// Lines asked for as reserve.
        reserve: u32,
        /// Lines that the memory is made for.
        lines: u64,
    },
    /// The host has no room for a memory of this size, or for a buffer of it.
    #[error("this machine has no room for {bytes} bytes")]
    Host {
        /// Bytes asked for.
        bytes: u64,
    },
    /// The request did not fit (DESIGN.md 2.14): it may need up to `needed` new lines; `free` were free. A line whose
    /// bucket is full needs one of the overflow area, so that a request may fail although enough lines are free.
    #[error("memory is exhausted: the request may need {needed} lines and {free} are free")]
    Exhausted {
        /// Most lines that the request can need.
        needed: u64,
        /// Lines that were free to it, waiting lines included, the reserve not.
        free: u64,
    },
    /// The request did not fit, or others wait before it, and the policy is to delay: try again when
    /// [`super::Memory::next_ready`] names the ticket.
    #[error("the request is delayed as {ticket}: it may need {needed} lines and {free} are free")]
    Delayed {
        /// The principal's place in the queue.
        ticket: Ticket,
        /// Most lines that the request can need.
        needed: u64,
        /// Lines that were free to it, waiting lines included, the reserve not.
        free: u64,
    },
    /// The acting principal lacks a right on a segment.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// All segment IDs are in use.
    #[error("all {limit} segments are in use")]
    MapFull {
        /// Segments that the map can hold.
        limit: u32,
    },
    /// A range of segment IDs that reaches past the last one.
    #[error("{count} segments from {base} reach past the map's {limit} segments")]
    MapRange {
        /// First segment ID.
        base: SegmentId,
        /// Segments asked for.
        count: u32,
        /// Segments that the map can hold.
        limit: u32,
    },
    /// A range of segment IDs of which one is in use already.
    #[error("segment {segment} is in use already")]
    InUse {
        /// The first such segment.
        segment: SegmentId,
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
    /// More sub-DAGs than one node has children.
    #[error("{children} sub-DAGs do not fit under a node of {fan_out} children")]
    FanOut {
        /// Sub-DAGs asked for.
        children: u64,
        /// Children of a node.
        fan_out: u32,
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
        /// One past the last such byte of that line (or the longer length, when both changed the length to different
        /// ones).
        end: u64,
    },
}
