//! Protection: who may do what with which segment (DESIGN.md 2.13).
//!
//! Every operation of the memory runs on behalf of a principal; the kernel where nothing else is said. Who makes a segment
//! owns it; others need a grant. What a principal may not do is a [`Fault`]: typed, counted, and without effect.
//!
//! ```
//! use snapstack::memory::{Content, Memory, MemoryConfig, Principal, Rights};
//!
//! let mut memory = Memory::new(MemoryConfig::default())?;
//! let page = memory.create(b"mine", Content::Data)?;
//! assert!(memory.on_behalf(Principal::Nic, |memory| memory.to_vec(page)).is_err());
//!
//! memory.grant(page, Principal::Nic, Rights::READ)?;
//! assert_eq!(memory.on_behalf(Principal::Nic, |memory| memory.to_vec(page))?, b"mine");
//! assert_eq!(memory.fault_counts().read, 1);
//! # Ok::<(), snapstack::memory::MemoryError>(())
//! ```

use serde::Serialize;

use super::map::{Entry, SegmentMap};
use super::{Memory, MemoryError, SegmentId};
use crate::order::NumberMap;

/// Who makes a request of the memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Principal {
    /// The operating system.
    #[default]
    Kernel,
    /// The network interface's DMA engine.
    Nic,
    /// A thread of an application.
    Thread(u32),
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Kernel => f.write_str("the kernel"),
            Self::Nic => f.write_str("the NIC"),
            Self::Thread(number) => write!(f, "thread {number}"),
        }
    }
}

/// A set of rights on a segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rights(u8);

impl Rights {
    /// No right at all.
    pub const NONE: Self = Self(0);
    /// To read bytes, length and differences, and to make snapshots.
    pub const READ: Self = Self(1);
    /// To change the content.
    pub const WRITE: Self = Self(2);
    /// To release the segment, set its flags, and grant rights on it.
    pub const OWN: Self = Self(4);
    /// All of them.
    pub const ALL: Self = Self(7);

    /// Whether all of `other` are among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl std::ops::BitOr for Rights {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::fmt::Display for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = [(Self::READ, "read"), (Self::WRITE, "write"), (Self::OWN, "own")];
        let held: Vec<_> =
            names.iter().filter(|(right, _)| self.contains(*right)).map(|(_, name)| *name).collect();
        f.write_str(if held.is_empty() { "nothing" } else { "" })?;
        f.write_str(&held.join(" and "))
    }
}

/// A request without the right to make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{principal} may not {needed} segment {segment}: it may {held}")]
pub struct Fault {
    /// Who asked.
    pub principal: Principal,
    /// The segment.
    pub segment: SegmentId,
    /// What the request takes.
    pub needed: Rights,
    /// What the principal has.
    pub held: Rights,
}

/// Faults so far, by the right that was missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FaultCounts {
    /// Reads without the right to.
    pub read: u64,
    /// Writes without the right to.
    pub write: u64,
    /// Releases, flags and grants without the right to.
    pub own: u64,
}

#[derive(Clone, Copy, Debug)]
struct Grant {
    rights: Rights,
    born: u64,
}

/// Rights on the segments `base..base + count`, which were made at once: the ring of a NIC in one entry.
#[derive(Clone, Copy, Debug)]
struct RangeGrant {
    base: SegmentId,
    count: u32,
    to: Principal,
    grant: Grant,
}

/// The acting principal, the grants, and the faults so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    pub(super) acting: Principal,
    /// Grants of single segments, by their IDs: few, as rings are granted by ranges.
    grants: NumberMap<Vec<(Principal, Grant)>>,
    ranges: Vec<RangeGrant>,
    faults: FaultCounts,
}

impl Guard {
    fn rights(&self, id: SegmentId, entry: &Entry, principal: Principal) -> Rights {
        if entry.owner == principal {
            return Rights::ALL;
        }
        let single = self.grants.get(id.0.into()).into_iter().flatten();
        let single = single.filter(|(to, grant)| *to == principal && grant.born == entry.born);
        let mut rights = single.fold(Rights::NONE, |rights, (_, grant)| rights | grant.rights);
        for range in self.ranges.iter().filter(|range| range.to == principal) {
            let within = id.0.checked_sub(range.base.0).filter(|i| *i < range.count);
            if within.is_some_and(|i| range.grant.born + u64::from(i) == entry.born) {
                rights = rights | range.grant.rights;
            }
        }
        rights
    }

    /// Lets the acting principal pass, or counts its fault.
    #[inline]
    pub(super) fn check(&mut self, id: SegmentId, entry: &Entry, needed: Rights) -> Result<(), Fault> {
        if entry.owner == self.acting {
            return Ok(());
        }
        let held = self.rights(id, entry, self.acting);
        if held.contains(needed) { Ok(()) } else { Err(self.fault(id, needed, held)) }
    }

    pub(super) fn fault(&mut self, segment: SegmentId, needed: Rights, held: Rights) -> Fault {
        let missing = Rights(needed.0 & !held.0);
        let count = match () {
            () if missing.contains(Rights::READ) => &mut self.faults.read,
            () if missing.contains(Rights::WRITE) => &mut self.faults.write,
            () => &mut self.faults.own,
        };
        *count += 1;
        Fault { principal: self.acting, segment, needed, held }
    }

    /// Forgets the grants on a segment that is released.
    pub(super) fn forget(&mut self, id: SegmentId) {
        self.grants.remove(id.0.into());
    }

    fn forget_dead_ranges(&mut self, map: &SegmentMap) {
        self.ranges.retain(|range| {
            (0..range.count).any(|i| {
                let born = map.get(SegmentId(range.base.0 + i)).map(|entry| entry.born);
                born == Some(range.grant.born + u64::from(i))
            })
        });
    }
}

impl Memory {
    /// Runs `requests` on behalf of `principal`.
    pub fn on_behalf<T>(&mut self, principal: Principal, requests: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.guard.acting, principal);
        let result = requests(self);
        self.guard.acting = before;
        result
    }

    /// On whose behalf requests are made now.
    pub fn acting(&self) -> Principal {
        self.guard.acting
    }

    /// What a principal may do with a segment.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn rights(&self, id: SegmentId, principal: Principal) -> Result<Rights, MemoryError> {
        let entry = self.map.get(id).ok_or(MemoryError::UnknownSegment(id))?;
        Ok(self.guard.rights(id, entry, principal))
    }

    /// Sets what `to` may do with a segment; [`Rights::NONE`] takes a former grant back. Grants end with the segment.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`]; [`MemoryError::Fault`] without the right to own it.
    pub fn grant(&mut self, id: SegmentId, to: Principal, rights: Rights) -> Result<(), MemoryError> {
        let entry = self.with_rights(id, Rights::OWN)?;
        let born = entry.born;
        let mut grants = self.guard.grants.remove(id.0.into()).unwrap_or_default();
        grants.retain(|(principal, _)| *principal != to);
        if rights != Rights::NONE {
            grants.push((to, Grant { rights, born }));
        }
        if !grants.is_empty() {
            self.guard.grants.insert(id.0.into(), grants);
        }
        Ok(())
    }

    /// Grants rights on the segments `base..base + count`, made by one [`Memory::create_range`], in one entry.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`] with the first segment that does not exist or was not made with the others;
    /// [`MemoryError::Fault`] without the right to own one.
    pub fn grant_range(
        &mut self,
        base: SegmentId,
        count: u32,
        to: Principal,
        rights: Rights,
    ) -> Result<(), MemoryError> {
        let born = self.with_rights(base, Rights::OWN)?.born;
        for i in 0..count {
            let id = SegmentId(base.0.saturating_add(i));
            if self.with_rights(id, Rights::OWN)?.born != born + u64::from(i) {
                return Err(MemoryError::UnknownSegment(id));
            }
        }
        self.guard.forget_dead_ranges(&self.map);
        self.guard.ranges.retain(|range| (range.base, range.count, range.to) != (base, count, to));
        if rights != Rights::NONE {
            self.guard.ranges.push(RangeGrant { base, count, to, grant: Grant { rights, born } });
        }
        Ok(())
    }

    /// Makes `to` the owner of a segment in place of whoever is.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`]; [`MemoryError::Fault`] without the right to own it.
    pub fn hand_over(&mut self, id: SegmentId, to: Principal) -> Result<(), MemoryError> {
        let entry = self.with_rights(id, Rights::OWN)?;
        self.map.set(id, Entry { owner: to, ..entry });
        Ok(())
    }

    /// Faults so far.
    pub fn fault_counts(&self) -> FaultCounts {
        self.guard.faults
    }
}
