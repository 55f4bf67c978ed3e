//! The send queue: chunks that are not acknowledged yet, by sequence number (DESIGN.md section 3: retransmissions take the
//! same payload again).

use std::collections::VecDeque;

use super::segment::Parts;
use crate::buffers::{Chunk, Holders};

/// Chunks in order; each knows the sequence number of its first byte. Finding a byte is O(log chunks).
#[derive(Clone, Debug)]
pub(super) struct SendQueue {
    chunks: VecDeque<(u64, Chunk)>,
    start: u64,
    end: u64,
}

impl SendQueue {
    /// An empty queue whose first byte will have number `start`.
    pub(super) fn new(start: u64) -> Self {
        Self { chunks: VecDeque::new(), start, end: start }
    }

    /// The number behind the last byte.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Bytes in the queue.
    pub(super) fn len(&self) -> u64 {
        self.end - self.start
    }

    pub(super) fn push(&mut self, chunk: Chunk) {
        self.chunks.push_back((self.end, chunk));
        self.end += u64::from(chunk.len);
    }

    /// Lets go of every byte before `at`.
    pub(super) fn release_to(&mut self, at: u64, holders: &mut impl Holders) {
        self.start = self.start.max(at.min(self.end));
        while let Some(&(first, chunk)) = self.chunks.front() {
            if first + u64::from(chunk.len) > self.start {
                break;
            }
            holders.release(chunk.payload);
            self.chunks.pop_front();
        }
    }

    /// The bytes from `at` on, at most `max`, as ranges. Fewer come when the ranges run out; the second value says so.
    pub(super) fn gather(&self, at: u64, max: u64) -> (Parts, bool) {
        let mut parts = Parts::default();
        let stop = at.saturating_add(max).min(self.end);
        let mut at = at;
        let mut index = self.chunks.partition_point(|&(first, _)| first <= at).saturating_sub(1);
        while at < stop {
            let Some(&(first, chunk)) = self.chunks.get(index) else { break };
            let skipped = (at - first) as u32;
            let len = u64::from(chunk.len - skipped).min(stop - at);
            let range = Chunk { payload: chunk.payload, offset: chunk.offset + skipped, len: len as u32 };
            if !parts.push(range) {
                return (parts, true);
            }
            at += len;
            index += 1;
        }
        (parts, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffers::PayloadId;

    #[derive(Default)]
    struct Released(Vec<u32>);

    impl Holders for Released {
        fn hold(&mut self, payload: PayloadId) {
            panic!("the send queue holds what it was given, not {payload:?} twice");
        }

        fn payload_len(&self, payload: PayloadId) -> u32 {
            panic!("chunks know their lengths, nobody asks for that of {payload:?}")
        }

        fn release(&mut self, payload: PayloadId) {
            self.0.push(payload.0);
        }
    }

    fn queue() -> SendQueue {
        let mut queue = SendQueue::new(1000);
        for (payload, len) in [(1, 10), (2, 5), (3, 5), (4, 30)] {
            queue.push(Chunk { payload: PayloadId(payload), offset: 100, len });
        }
        queue
    }

    #[test]
    fn a_chunk_goes_when_its_last_byte_is_acknowledged() {
        let (mut queue, mut released) = (queue(), Released::default());
        queue.release_to(1009, &mut released);
        assert_eq!((queue.len(), released.0.len()), (41, 0));
        queue.release_to(1015, &mut released);
        assert_eq!((queue.len(), released.0.as_slice()), (35, &[1, 2][..]));
        queue.release_to(u64::MAX, &mut released);
        assert_eq!((queue.len(), released.0.as_slice()), (0, &[1, 2, 3, 4][..]));
    }

    #[test]
    fn ranges_begin_and_end_inside_chunks() {
        let (parts, cut) = queue().gather(1004, 10);
        let expected = [
            Chunk { payload: PayloadId(1), offset: 104, len: 6 },
            Chunk { payload: PayloadId(2), offset: 100, len: 4 },
        ];
        assert_eq!((parts.as_slice(), cut), (&expected[..], false));
    }

    #[test]
    fn a_segment_that_needs_a_fourth_range_ends_before_it() {
        let (parts, cut) = queue().gather(1000, 40);
        assert_eq!((parts.len(), parts.as_slice().len(), cut), (20, 3, true));
    }
}
