//! How a packet lies in its segment (DESIGN.md section 3; paper section 3.1, Figure 3).
//!
//! ```text
//! | metadata, zeros, headers right-aligned | sub-DAG | sub-DAG | ... of the sender's segments
//! |<------------- F^k lines -------------->|<------>|
//! ```
//!
//! k is the least height at which F^k lines hold metadata and headers, and at most F - 1 sub-DAGs cover the payload
//! ranges. So building a packet costs O(height) new lines whatever its size, at whatever byte it begins.

use crate::nic::{MAX_RANGES, METADATA_BYTES};

/// Most bytes of headers that a packet reserves room for (DESIGN.md section 3).
pub(super) const HEADER_ROOM: usize = 138;

/// The sub-DAGs that cover one payload range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cover {
    /// First byte of the sender's segment that is taken over: a multiple of [`Layout::unit`].
    pub(super) from: u64,
    /// Sub-DAGs.
    pub(super) children: u64,
}

/// The layout of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Height of the header sub-DAG, and of each payload sub-DAG: k.
    pub(super) height: u8,
    /// Bytes of each: F^k lines.
    pub(super) unit: u64,
    /// One cover a range, in order.
    pub(super) covers: [Cover; MAX_RANGES],
}

impl Layout {
    /// The layout for up to [`MAX_RANGES`] ranges (offset, length) of segments, with lines of `line` bytes.
    pub(super) fn new(line: u32, ranges: &[(u64, u64)]) -> Self {
        // Lines and fan-outs are powers of two: units are shifted by, as divisions would be most of this function's time.
        let (bits, fan_out) = (line.trailing_zeros(), u64::from(line / 4));
        let (mut shift, mut height) = (bits, 0);
        loop {
            let unit = 1 << shift;
            let mut covers = [Cover::default(); MAX_RANGES];
            for (cover, (offset, len)) in covers.iter_mut().zip(ranges) {
                let first = offset >> shift;
                let children = if *len == 0 { 0 } else { ((offset + len - 1) >> shift) + 1 - first };
                *cover = Cover { from: first << shift, children };
            }
            let layout = Self { height, unit, covers };
            if unit >= (METADATA_BYTES + HEADER_ROOM) as u64 && layout.children() < fan_out {
                return layout;
            }
            shift += bits - 2;
            height += 1;
        }
    }

    /// Payload sub-DAGs.
    pub(super) fn children(&self) -> u64 {
        self.covers.iter().map(|cover| cover.children).sum()
    }

    /// Bytes of the packet's segment.
    pub(super) fn length(&self) -> u64 {
        (1 + self.children()) * self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: u32, offset: u64, len: u64) -> (u64, u64, u64) {
        let layout = Layout::new(line, &[(offset, len)]);
        (layout.unit, layout.covers[0].from, layout.children())
    }

    #[test]
    fn a_full_frame_takes_two_sub_dags_at_64_bytes_a_line() {
        assert_eq!(one(64, 0, 1448), (1024, 0, 2));
        assert_eq!(one(64, 1460, 1460), (1024, 1024, 2));
        assert_eq!(one(64, 0, 0), (1024, 0, 0));
    }

    #[test]
    fn small_lines_need_higher_sub_dags() {
        assert_eq!(one(32, 0, 1460), (256, 0, 6));
        assert_eq!(one(16, 0, 700), (256, 0, 3));
        assert_eq!(one(16, 0, 1460), (1024, 0, 2));
    }

    #[test]
    fn three_ranges_at_16_bytes_a_line_get_one_sub_dag_each() {
        let layout = Layout::new(16, &[(250, 20), (0, 5), (1020, 8)]);
        assert_eq!(layout.unit, 4096, "the least at which no range crosses a boundary");
        assert_eq!(layout.covers.map(|cover| (cover.from, cover.children)), [(0, 1), (0, 1), (0, 1)]);
    }

    #[test]
    fn the_sub_dags_cover_the_ranges_and_are_fewer_than_the_fan_out() {
        for line in [16u32, 32, 64] {
            for offset in (0..70_000).step_by(733) {
                for len in [0u64, 1, 63, 64, 65, 1448, 1460, 9000, 65_000] {
                    let ranges = [(offset, len), (offset / 3, len / 2), (7 * offset, 100)];
                    for count in 0..=3 {
                        let layout = Layout::new(line, &ranges[..count]);
                        for (cover, (offset, len)) in layout.covers.iter().zip(&ranges[..count]) {
                            assert!(cover.from <= *offset);
                            assert!(*len == 0 || cover.from + cover.children * layout.unit >= offset + len);
                        }
                        assert!(layout.children() < u64::from(line / 4));
                        assert!(layout.unit >= 186);
                    }
                }
            }
        }
    }
}
