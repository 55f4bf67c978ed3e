//! Where header bytes are read from: a frame in a scheme's memory, or header bytes that were kept.

use super::super::DropReason;
use crate::buffers::BufferError;

/// Why a frame goes no further.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::stack) enum Stop {
    /// It is dropped.
    Drop(DropReason),
    /// It is dropped and, where that is allowed, its sender told: an ICMPv6 parameter problem at that byte of the packet
    /// (RFC 4443 section 3.4).
    Problem {
        /// 0 erroneous field, 1 unknown next header, 2 unknown option.
        code: u8,
        /// From the start of the IPv6 header.
        pointer: u32,
        /// Whether also a packet to a multicast group is answered.
        multicast: bool,
    },
    /// The scheme's memory refused.
    Memory(BufferError),
}

impl From<BufferError> for Stop {
    fn from(error: BufferError) -> Self {
        Self::Memory(error)
    }
}

/// Header bytes of a frame.
pub(in crate::stack) trait HeaderSource {
    /// Bytes of the frame.
    fn len(&self) -> u32;

    /// Reads bytes that lie inside the frame.
    fn fill(&mut self, offset: u32, out: &mut [u8]) -> Result<(), BufferError>;

    /// Reads header bytes.
    ///
    /// # Errors
    /// [`DropReason::Truncated`] when the frame ends before.
    fn read(&mut self, offset: u32, out: &mut [u8]) -> Result<(), Stop> {
        if u64::from(offset) + out.len() as u64 > u64::from(self.len()) {
            return Err(Stop::Drop(DropReason::Truncated));
        }
        Ok(self.fill(offset, out)?)
    }

    /// Reads `N` header bytes.
    ///
    /// # Errors
    /// As [`HeaderSource::read`].
    fn array<const N: usize>(&mut self, offset: u32) -> Result<[u8; N], Stop> {
        let mut bytes = [0; N];
        self.read(offset, &mut bytes)?;
        Ok(bytes)
    }
}

impl HeaderSource for &[u8] {
    fn len(&self) -> u32 {
        <[u8]>::len(self) as u32
    }

    fn fill(&mut self, offset: u32, out: &mut [u8]) -> Result<(), BufferError> {
        for (to, from) in out.iter_mut().zip(&self[offset as usize..]) {
            *to = *from;
        }
        Ok(())
    }
}
