//! What protocol queues hold instead of bytes: ranges of payloads that the buffer scheme keeps (DESIGN.md section 3).

pub use crate::buffers::{Chunk, PayloadId};
