//! The memory controller: loads and stores at virtual addresses in both partitions, and `halloc` and `hfree` beside `malloc`
//! and `free` (DESIGN.md 2.12; paper section 2.2, Figure 2).
//!
//! ```
//! use snapstack::memory::{Controller, MemoryConfig, Principal};
//!
//! let thread = Principal::Thread(1);
//! let mut controller = Controller::new(MemoryConfig::default(), 1 << 20)?;
//! let page = controller.halloc(thread, 4096)?;
//! let field = page.checked_add(61).expect("61 is in the page");
//! controller.store(thread, field, 8, 0x0123_4567_89ab_cdef)?; // over two lines
//! assert_eq!(controller.load(thread, field, 8)?, 0x0123_4567_89ab_cdef);
//! assert!(controller.load(Principal::Nic, page, 8).is_err());
//! # Ok::<(), snapstack::memory::AccessError>(())
//! ```
//!
//! The conventional heap belongs to the process: its threads and the kernel may use it, the NIC may not.

use serde::Serialize;

use super::heap::Heap;
use super::{
    Address, Content, HeapError, MAX_LENGTH, Memory, MemoryConfig, MemoryError, Partition, Principal,
    SegmentId,
};

/// What a controller refuses. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A refusal of the HICAMP partition.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// A refusal of the conventional partition.
    #[error(transparent)]
    Heap(#[from] HeapError),
    /// Loads and stores move 1 to 8 bytes.
    #[error("a load or store of {0} bytes is not supported: choose 1 to 8")]
    Width(u32),
    /// The NIC asked for conventional memory; it may use segments of its rings only.
    #[error("{principal} may not use conventional memory, asked at {address}")]
    Conventional {
        /// Who asked.
        principal: Principal,
        /// The address.
        address: Address,
    },
    /// `hfree` of an address that `halloc` cannot have returned.
    #[error("{address} is not the first byte of a segment")]
    NotSegment {
        /// The address.
        address: Address,
    },
}

/// Accesses that the controller itself refused; for those on segments see [`Memory::fault_counts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AccessFaults {
    /// Bytes of the conventional partition that are in no block.
    pub unmapped: u64,
    /// Requests for conventional memory by who may not use it.
    pub conventional: u64,
    /// Bytes past the end of a segment, and segments that do not exist.
    pub segment: u64,
}

/// A memory and a conventional heap in one address space.
pub struct Controller {
    memory: Memory,
    heap: Heap,
    faults: AccessFaults,
}

impl Controller {
    /// An empty memory beside a conventional heap of `heap_bytes`.
    ///
    /// # Errors
    /// Those of [`Memory::new`].
    pub fn new(config: MemoryConfig, heap_bytes: u32) -> Result<Self, MemoryError> {
        Ok(Self::over(Memory::new(config)?, heap_bytes))
    }

    /// A controller over a memory that exists.
    pub fn over(memory: Memory, heap_bytes: u32) -> Self {
        Self { memory, heap: Heap::new(heap_bytes), faults: AccessFaults::default() }
    }

    /// The HICAMP memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The HICAMP memory, for requests on whole segments; it checks rights itself.
    pub fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Accesses that were refused here.
    pub fn faults(&self) -> AccessFaults {
        self.faults
    }

    /// Blocks of conventional memory that are allocated, and the bytes asked for in them.
    pub fn heap_held(&self) -> (u64, u64) {
        self.heap.held()
    }

    fn counted<T>(&mut self, result: Result<T, AccessError>) -> Result<T, AccessError> {
        let faults = &mut self.faults;
        match &result {
            Err(AccessError::Heap(HeapError::Unmapped { .. })) => faults.unmapped += 1,
            Err(AccessError::Conventional { .. }) => faults.conventional += 1,
            Err(AccessError::Memory(MemoryError::OutOfRange { .. } | MemoryError::UnknownSegment(_))) => {
                faults.segment += 1;
            }
            _ => {}
        }
        result
    }

    fn conventional(&mut self, principal: Principal, address: Address) -> Result<&mut Heap, AccessError> {
        if principal == Principal::Nic {
            return self.counted(Err(AccessError::Conventional { principal, address }));
        }
        Ok(&mut self.heap)
    }

    /// A block of `length` zero bytes in conventional memory, on a 16-byte boundary.
    ///
    /// # Errors
    /// [`HeapError::Full`]; [`AccessError::Conventional`] for the NIC.
    pub fn malloc(&mut self, principal: Principal, length: u64) -> Result<Address, AccessError> {
        Ok(Address(self.conventional(principal, Address(0))?.malloc(length)?))
    }

    /// Gives back a block.
    ///
    /// # Errors
    /// [`HeapError::NotAllocated`], for an address in the HICAMP partition too; [`AccessError::Conventional`] for the NIC.
    pub fn free(&mut self, principal: Principal, address: Address) -> Result<(), AccessError> {
        Ok(self.conventional(principal, address)?.free(address.0)?)
    }

    /// A segment of `length` zero bytes, owned by the principal; the address of its first byte. It takes no line before
    /// something is stored.
    ///
    /// # Errors
    /// [`MemoryError::TooLong`], [`MemoryError::MapFull`].
    pub fn halloc(&mut self, principal: Principal, length: u64) -> Result<Address, AccessError> {
        let segment = self.memory.on_behalf(principal, |memory| memory.create_zeroed(length))?;
        self.address_of(segment, 0)
    }

    /// Releases the segment that begins at `address`.
    ///
    /// # Errors
    /// [`AccessError::NotSegment`], [`MemoryError::UnknownSegment`]; [`MemoryError::Fault`] without the right to own it.
    pub fn hfree(&mut self, principal: Principal, address: Address) -> Result<(), AccessError> {
        let Partition::Hicamp { segment, offset: 0 } = address.partition() else {
            return Err(AccessError::NotSegment { address });
        };
        let released = self.memory.on_behalf(principal, |memory| memory.release(segment));
        self.counted(released.map_err(AccessError::from))
    }

    /// The address of a byte of a segment.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`] for an ID, [`MemoryError::TooLong`] for an offset that no segment has.
    pub fn address_of(&self, segment: SegmentId, offset: u64) -> Result<Address, AccessError> {
        Address::hicamp(segment, offset).ok_or_else(|| {
            let error = if offset < MAX_LENGTH {
                MemoryError::UnknownSegment(segment)
            } else {
                MemoryError::TooLong { length: offset.saturating_add(1) }
            };
            error.into()
        })
    }

    /// Fills `out` with the bytes from `address`, at any alignment.
    ///
    /// # Errors
    /// [`AccessError::Heap`] and [`AccessError::Memory`] for bytes that are not there or not the principal's to read,
    /// [`AccessError::Conventional`].
    pub fn load_bytes(
        &mut self,
        principal: Principal,
        address: Address,
        out: &mut [u8],
    ) -> Result<(), AccessError> {
        let result = match address.partition() {
            Partition::Conventional(at) => {
                let bytes = self.conventional(principal, address)?.bytes(at, out.len() as u64);
                bytes.map(|bytes| out.copy_from_slice(bytes)).map_err(AccessError::from)
            }
            Partition::Hicamp { segment, offset } => {
                let read = self.memory.on_behalf(principal, |memory| memory.read(segment, offset, out));
                read.map_err(AccessError::from)
            }
        };
        self.counted(result)
    }

    /// Stores `bytes` from `address`, at any alignment. A store never extends a segment.
    ///
    /// # Errors
    /// As of [`Controller::load_bytes`], and [`MemoryError::ReadOnly`], [`MemoryError::Exhausted`],
    /// [`MemoryError::Delayed`].
    pub fn store_bytes(
        &mut self,
        principal: Principal,
        address: Address,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), AccessError> {
        let result = match address.partition() {
            Partition::Conventional(at) => {
                let room = self.conventional(principal, address)?.bytes(at, bytes.len() as u64);
                room.map(|room| room.copy_from_slice(bytes)).map_err(AccessError::from)
            }
            Partition::Hicamp { segment, offset } => {
                let store = |memory: &mut Memory| memory.write_within(segment, offset, bytes, content);
                self.memory.on_behalf(principal, store).map_err(AccessError::from)
            }
        };
        self.counted(result)
    }

    /// Loads `width` bytes, 1 to 8, as a little-endian number, at any alignment.
    ///
    /// # Errors
    /// [`AccessError::Width`], and as of [`Controller::load_bytes`].
    pub fn load(&mut self, principal: Principal, address: Address, width: u32) -> Result<u64, AccessError> {
        let mut bytes = [0; 8];
        let part = bytes.get_mut(..width as usize).filter(|part| !part.is_empty());
        self.load_bytes(principal, address, part.ok_or(AccessError::Width(width))?)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// Stores the low `width` bytes, 1 to 8, of `value` little-endian, at any alignment, as application data.
    ///
    /// # Errors
    /// [`AccessError::Width`], and as of [`Controller::store_bytes`].
    pub fn store(
        &mut self,
        principal: Principal,
        address: Address,
        width: u32,
        value: u64,
    ) -> Result<(), AccessError> {
        let bytes = value.to_le_bytes();
        let part = bytes.get(..width as usize).filter(|part| !part.is_empty());
        self.store_bytes(principal, address, part.ok_or(AccessError::Width(width))?, Content::Data)
    }
}
