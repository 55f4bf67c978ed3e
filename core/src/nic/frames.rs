//! Frames that left a NIC: one, or the cuts of a segmented send, in one reusable buffer.

/// Frames in the order of the wire, without FCS.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TxFrames {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl TxFrames {
    /// Forgets the frames and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The frames.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start as usize..*end as usize])
    }

    /// A new last frame of `len` zero bytes, to be filled.
    pub(super) fn add(&mut self, len: usize) -> &mut [u8] {
        let start = self.bytes.len();
        self.bytes.resize(start + len, 0);
        self.ends.push(self.bytes.len() as u32);
        &mut self.bytes[start..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_in_order_and_apart() {
        let mut frames = TxFrames::default();
        frames.add(2).fill(7);
        frames.add(0);
        frames.add(3).fill(9);
        let all: Vec<_> = frames.iter().collect();
        assert_eq!(all, [&[7, 7][..], &[], &[9, 9, 9]]);
        frames.clear();
        assert!(frames.is_empty());
        assert_eq!(frames.iter().count(), 0);
    }
}
