//! The conventional heap of a process: what `malloc` and `free` give beside the segments of `halloc` and `hfree`
//! (DESIGN.md 2.12). Blocks are taken first-fit, lowest address first, and free neighbours join.

use std::collections::BTreeMap;

/// The first address of the heap: page 0 is never mapped.
const BASE: u64 = 4096;
/// Alignment of blocks in bytes, as C allocators give it.
const ALIGN: u64 = 16;

/// What the conventional heap refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeapError {
    /// No free block is large enough.
    #[error("the heap has no {needed} bytes in one piece: {free} are free, the largest piece has {largest}")]
    Full {
        /// Bytes asked for.
        needed: u64,
        /// Bytes free in all.
        free: u64,
        /// Bytes of the largest free piece.
        largest: u64,
    },
    /// The machine that runs the model has no room.
    #[error("this machine has no room for {bytes} bytes")]
    Host {
        /// Bytes asked for.
        bytes: u64,
    },
    /// Nothing was allocated at this address, or it was freed.
    #[error("no block begins at {address:#x}")]
    NotAllocated {
        /// The address.
        address: u64,
    },
    /// The bytes do not lie within one block.
    #[error("the {len} bytes at {address:#x} are not all in one block")]
    Unmapped {
        /// The first byte's address.
        address: u64,
        /// How many bytes.
        len: u64,
    },
}

/// A heap of a fixed number of bytes.
#[derive(Clone, Debug)]
pub(super) struct Heap {
    /// Bytes from [`BASE`] on, as far as any block ever reached.
    bytes: Vec<u8>,
    /// Free pieces by address, and their bytes.
    free: BTreeMap<u64, u64>,
    /// Blocks by address: bytes asked for, and bytes taken.
    blocks: BTreeMap<u64, (u64, u64)>,
}

impl Heap {
    pub(super) fn new(size: u32) -> Self {
        let size = u64::from(size) / ALIGN * ALIGN;
        let free = if size == 0 { BTreeMap::new() } else { BTreeMap::from([(BASE, size)]) };
        Self { bytes: Vec::new(), free, blocks: BTreeMap::new() }
    }

    /// A block of `len` zero bytes, or of one byte if `len` is 0, so that every block has an address of its own.
    pub(super) fn malloc(&mut self, len: u64) -> Result<u64, HeapError> {
        let taken = len.max(1).checked_next_multiple_of(ALIGN).unwrap_or(u64::MAX);
        let Some((address, size)) = self.free.iter().find(|(_, size)| **size >= taken).map(|(a, s)| (*a, *s))
        else {
            let largest = self.free.values().copied().max().unwrap_or(0);
            return Err(HeapError::Full { needed: len, free: self.free.values().sum(), largest });
        };
        let (start, end) = ((address - BASE) as usize, (address - BASE + taken) as usize);
        if self.bytes.try_reserve(end.saturating_sub(self.bytes.len())).is_err() {
            return Err(HeapError::Host { bytes: taken });
        }
        self.free.remove(&address);
        if size > taken {
            self.free.insert(address + taken, size - taken);
        }
        self.bytes.resize(self.bytes.len().max(end), 0);
        self.bytes[start..end].fill(0);
        self.blocks.insert(address, (len, taken));
        Ok(address)
    }

    pub(super) fn free(&mut self, address: u64) -> Result<(), HeapError> {
        let (_, mut size) = self.blocks.remove(&address).ok_or(HeapError::NotAllocated { address })?;
        let mut start = address;
        if let Some(after) = self.free.remove(&(address + size)) {
            size += after;
        }
        if let Some((before, length)) = self.free.range(..address).next_back().map(|(a, s)| (*a, *s))
            && before + length == address
        {
            start = before;
            size += length;
        }
        self.free.insert(start, size);
        Ok(())
    }

    pub(super) fn bytes(&mut self, address: u64, len: u64) -> Result<&mut [u8], HeapError> {
        let block = self.blocks.range(..=address).next_back();
        let inside = block.is_some_and(|(start, (size, _))| address.saturating_add(len) <= start + size);
        if !inside {
            return Err(HeapError::Unmapped { address, len });
        }
        let start = (address - BASE) as usize;
        Ok(&mut self.bytes[start..start + len as usize])
    }

    /// Blocks that are allocated, and the bytes asked for in them.
    pub(super) fn held(&self) -> (u64, u64) {
        (self.blocks.len() as u64, self.blocks.values().map(|(size, _)| size).sum())
    }
}
