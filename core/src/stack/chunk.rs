//! What protocol queues hold instead of bytes: ranges of payloads that the buffer scheme keeps (DESIGN.md section 3).

/// Bytes that a socket queue holds: immutable, with counted holders, kept inside the buffer scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadId(pub u32);

/// A range of one payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// The payload.
    pub payload: PayloadId,
    /// First byte of the range, counted from the payload's start.
    pub offset: u32,
    /// Bytes in the range.
    pub len: u32,
}
