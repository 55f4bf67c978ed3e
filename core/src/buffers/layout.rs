//! How a packet lies in its segment (DESIGN.md section 3; paper section 3.1, Figure 3).
//!
//! ```text
//! | metadata, zeros, headers right-aligned | sub-DAG | sub-DAG | ... of the sender's segment
//! |<------------- F^k lines -------------->|<------>|
//! ```
//!
//! k is the least height at which F^k lines hold metadata and headers, and at most F - 1 sub-DAGs cover the payload. So
//! building a packet costs O(height) new lines whatever its size, at whatever byte it begins.

use crate::nic::METADATA_BYTES;

/// Most bytes of headers that a packet reserves room for (DESIGN.md section 3).
pub(super) const HEADER_ROOM: u64 = 138;

/// The layout of one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes of the header sub-DAG, and of each payload sub-DAG: F^k lines.
    pub(super) unit: u64,
    /// First byte of the sender's segment that is taken over: a multiple of `unit`.
    pub(super) from: u64,
    /// Payload sub-DAGs.
    pub(super) children: u64,
}

impl Layout {
    /// The layout for payload bytes `offset..offset + len` of a segment, with lines of `line` bytes.
    pub(super) fn new(line: u32, offset: u64, len: u64) -> Self {
        let (line, fan_out) = (u64::from(line), u64::from(line / 4));
        let mut unit = line;
        loop {
            let from = offset / unit * unit;
            let children = if len == 0 { 0 } else { (offset + len).div_ceil(unit) - offset / unit };
            if unit >= METADATA_BYTES as u64 + HEADER_ROOM && children < fan_out {
                return Self { unit, from, children };
            }
            unit *= fan_out;
        }
    }

    /// Bytes of the packet's segment.
    pub(super) fn length(&self) -> u64 {
        (1 + self.children) * self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_frame_takes_two_sub_dags_at_64_bytes_a_line() {
        assert_eq!(Layout::new(64, 0, 1448), Layout { unit: 1024, from: 0, children: 2 });
        assert_eq!(Layout::new(64, 1460, 1460), Layout { unit: 1024, from: 1024, children: 2 });
        assert_eq!(Layout::new(64, 0, 0), Layout { unit: 1024, from: 0, children: 0 });
    }

    #[test]
    fn small_lines_need_higher_sub_dags() {
        assert_eq!(Layout::new(32, 0, 1460), Layout { unit: 256, from: 0, children: 6 });
        assert_eq!(Layout::new(16, 0, 700), Layout { unit: 256, from: 0, children: 3 });
        assert_eq!(Layout::new(16, 0, 1460), Layout { unit: 1024, from: 0, children: 2 });
    }

    #[test]
    fn the_sub_dags_cover_the_range_and_are_fewer_than_the_fan_out() {
        for line in [16u32, 32, 64] {
            for offset in (0..70_000).step_by(733) {
                for len in [0u64, 1, 63, 64, 65, 1448, 1460, 9000, 65_000] {
                    let layout = Layout::new(line, offset, len);
                    assert!(layout.from <= offset);
                    assert!(len == 0 || layout.from + layout.children * layout.unit >= offset + len);
                    assert!(layout.children < u64::from(line / 4));
                    assert!(layout.unit >= 186);
                }
            }
        }
    }
}
