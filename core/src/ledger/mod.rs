//! The ledger: what was copied, allocated, written and moved, and why (DESIGN.md section 5).
//!
//! Payload is copied in one place only, [`Ledger::copy`], which moves the bytes and writes the entry in one step, so that
//! no copy goes uncounted and none is charged that did not happen. A clippy rule keeps other ways of copying out of the
//! floors above; [`Ledger::app_write_conventional`] is the application's own pen.

mod bus;

pub use bus::{Bus, BusCount, Transaction};

use serde::Serialize;

use crate::memory::LineCounts;

/// A packet: the index of a frame in the order in which the stack made them, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketId(pub u32);

/// Why payload was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum CopyCause {
    /// `send()`: from the application's buffer to the kernel's (FACTS.md section 2).
    UserToKernel = 0,
    /// Lines whose bytes had to shift against line boundaries (DESIGN.md 2.9).
    Reline = 1,
    /// `recv()`: from the kernel's buffer to the application's (FACTS.md section 2).
    KernelToUser = 2,
    /// Into or out of buffers that are mapped for the NIC for good (FACTS.md section 2, IOMMU).
    Shadow = 3,
    /// `splice()` into the pages of a conventional file system.
    SpliceToFile = 4,
}

impl CopyCause {
    /// All causes, in the order of their numbers.
    pub const ALL: [Self; 5] =
        [Self::UserToKernel, Self::Reline, Self::KernelToUser, Self::Shadow, Self::SpliceToFile];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::UserToKernel => "user_to_kernel",
            Self::Reline => "reline",
            Self::KernelToUser => "kernel_to_user",
            Self::Shadow => "shadow",
            Self::SpliceToFile => "splice_to_file",
        }
    }
}

/// What was allocated from a software allocator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum AllocationKind {
    /// The `sk_buff` object: 256 B (FACTS.md section 2).
    SkBuff = 0,
    /// The linear head with the headers: 640 B (FACTS.md section 2).
    Head = 1,
    /// A 4 KiB page for payload fragments.
    Page = 2,
    /// A buffer that the NIC receives into: 2 KiB (FACTS.md section 2).
    RxBuffer = 3,
}

impl AllocationKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::SkBuff, Self::Head, Self::Page, Self::RxBuffer];

    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::SkBuff => "sk_buff",
            Self::Head => "head",
            Self::Page => "page",
            Self::RxBuffer => "rx_buffer",
        }
    }
}

/// A number of things and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How many.
    pub count: u64,
    /// How many bytes in all.
    pub bytes: u64,
}

impl Count {
    /// One more, of `bytes` bytes.
    pub fn add(&mut self, bytes: u64) {
        self.count += 1;
        self.bytes += bytes;
    }
}

impl std::ops::Add for Count {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { count: self.count + other.count, bytes: self.bytes + other.bytes }
    }
}

impl std::iter::Sum for Count {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), |a, b| a + b)
    }
}

/// The application filling its own buffers: not a copy, in any scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AppWrite {
    /// Buffers filled.
    pub count: u64,
    /// Payload bytes written.
    pub bytes: u64,
    /// Payload lines looked up by content; 0 in conventional memory.
    pub lines_requested: u64,
    /// Of those, the ones that were not there.
    pub lines_new: u64,
}

/// One entry of the byte ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Payload was copied.
    Copy {
        /// Why.
        cause: CopyCause,
        /// Bytes moved.
        bytes: u32,
    },
    /// An allocator was called.
    Allocate {
        /// What for.
        kind: AllocationKind,
        /// Bytes asked for.
        bytes: u32,
    },
    /// Something went back to its allocator.
    Free {
        /// What it was.
        kind: AllocationKind,
        /// Its bytes.
        bytes: u32,
    },
}

/// Counters of one scheme and, if somebody asked for them, the entries that made them since they were last taken.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// Filling of application buffers.
    pub app_write: AppWrite,
    copies: [Count; CopyCause::ALL.len()],
    allocations: [Count; AllocationKind::ALL.len()],
    freed: [Count; AllocationKind::ALL.len()],
    /// Header and metadata bytes that software wrote.
    pub header: Count,
    /// Requests that the NIC made of memory (reads and write-backs), and their bytes.
    pub dma: Count,
    /// What crossed the bus between host and NIC.
    pub bus: Bus,
    entries: Vec<Entry>,
    keeps_entries: bool,
}

impl Ledger {
    /// From now on entries are kept, until [`Ledger::drain`] takes them: who asks for them has to. Otherwise there are the
    /// counters alone, however long it goes on.
    pub fn keep_entries(&mut self) {
        self.keeps_entries = true;
    }

    fn enter(&mut self, entry: Entry) {
        if self.keeps_entries {
            self.entries.push(entry);
        }
    }

    /// Copies payload and enters it under `cause`. This is the only place where payload bytes move.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn copy(&mut self, cause: CopyCause, from: &[u8], to: &mut [u8]) {
        to.copy_from_slice(from);
        self.copies[cause as usize].add(from.len() as u64);
        self.enter(Entry::Copy { cause, bytes: from.len() as u32 });
    }

    /// The application writes `from` into its own buffer in conventional memory: not a copy (DESIGN.md section 5).
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn app_write_conventional(&mut self, from: &[u8], to: &mut [u8]) {
        to.copy_from_slice(from);
        self.app_write.count += 1;
        self.app_write.bytes += from.len() as u64;
    }

    /// The application reads `from`, its own buffer in conventional memory: not a copy between buffers.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn app_read_conventional(from: &[u8], to: &mut [u8]) {
        to.copy_from_slice(from);
    }

    /// Enters a call to an allocator for `bytes` bytes.
    pub fn allocate(&mut self, kind: AllocationKind, bytes: u32) {
        self.allocations[kind as usize].add(u64::from(bytes));
        self.enter(Entry::Allocate { kind, bytes });
    }

    /// Enters the return of `bytes` bytes to their allocator.
    pub fn free(&mut self, kind: AllocationKind, bytes: u32) {
        self.freed[kind as usize].add(u64::from(bytes));
        self.enter(Entry::Free { kind, bytes });
    }

    /// The NIC reads `bytes` bytes of the host's memory in one request.
    pub fn nic_reads(&mut self, kind: Transaction, bytes: u64) {
        self.dma.add(bytes);
        self.bus.read(kind, bytes);
    }

    /// The NIC writes `bytes` bytes into the host's memory in one request.
    pub fn nic_writes(&mut self, kind: Transaction, bytes: u64) {
        self.dma.add(bytes);
        self.bus.write(kind, bytes);
    }

    /// Copies by cause.
    pub fn copies(&self, cause: CopyCause) -> Count {
        self.copies[cause as usize]
    }

    /// All copies.
    pub fn copied(&self) -> Count {
        self.copies.iter().copied().sum()
    }

    /// Allocations by kind.
    pub fn allocations(&self, kind: AllocationKind) -> Count {
        self.allocations[kind as usize]
    }

    /// All allocations.
    pub fn allocated(&self) -> Count {
        self.allocations.iter().copied().sum()
    }

    /// What is allocated and not freed, by kind.
    pub fn held(&self, kind: AllocationKind) -> Count {
        let (made, freed) = (self.allocations[kind as usize], self.freed[kind as usize]);
        Count { count: made.count - freed.count, bytes: made.bytes - freed.bytes }
    }

    /// Hands over the entries made since the last call; none unless they are kept.
    pub fn drain(&mut self) -> std::vec::Drain<'_, Entry> {
        self.entries.drain(..)
    }

    /// All counters as one list of integers in a fixed order: what the digest covers.
    pub fn integers(&self, map_entries: u64, lines: &LineCounts, data_lines: &LineCounts) -> Vec<u64> {
        let app = &self.app_write;
        let mut list = vec![app.count, app.bytes, app.lines_requested, app.lines_new];
        let counts = self.copies.iter().chain(&self.allocations).chain(&self.freed);
        for count in counts.chain([&self.header, &self.dma]) {
            list.push(count.count);
            list.push(count.bytes);
        }
        list.extend(self.bus.integers());
        list.push(map_entries);
        for lines in [lines, data_lines] {
            list.push(lines.requested);
            list.push(lines.new);
            list.push(lines.hits);
            list.push(lines.zero);
            list.push(lines.revived);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_moves_the_bytes_and_is_entered_once() {
        let mut ledger = Ledger::default();
        let mut to = [0; 5];
        ledger.keep_entries();
        ledger.copy(CopyCause::UserToKernel, b"bytes", &mut to);
        assert_eq!(&to, b"bytes");
        assert_eq!(ledger.copied(), Count { count: 1, bytes: 5 });
        assert_eq!(ledger.copies(CopyCause::Reline), Count::default());
        let entries: Vec<_> = ledger.drain().collect();
        assert_eq!(entries, [Entry::Copy { cause: CopyCause::UserToKernel, bytes: 5 }]);
    }

    #[test]
    fn entries_that_nobody_asked_for_are_not_kept() {
        let mut ledger = Ledger::default();
        ledger.allocate(AllocationKind::Page, 4096);
        ledger.free(AllocationKind::Page, 4096);
        ledger.copy(CopyCause::Reline, b"12", &mut [0; 2]);
        assert_eq!(ledger.drain().count(), 0);
        assert_eq!((ledger.allocated().count, ledger.copied().bytes), (1, 2), "but counted");
        ledger.keep_entries();
        ledger.allocate(AllocationKind::Head, 640);
        assert_eq!(ledger.drain().count(), 1);
    }

    #[test]
    fn held_is_what_was_not_freed() {
        let mut ledger = Ledger::default();
        ledger.allocate(AllocationKind::Page, 4096);
        ledger.allocate(AllocationKind::Page, 4096);
        ledger.free(AllocationKind::Page, 4096);
        assert_eq!(ledger.held(AllocationKind::Page), Count { count: 1, bytes: 4096 });
        assert_eq!(ledger.allocated(), Count { count: 2, bytes: 8192 });
    }
}
