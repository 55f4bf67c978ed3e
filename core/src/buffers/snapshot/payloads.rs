//! The kernel's records of the payloads that its queues refer to: all that the scheme's software keeps of them. They lie in a
//! pool that is set up once and that grows by pages; a page more is an allocation (DESIGN.md section 5).

use std::ops::{Index, IndexMut};

use slab::Slab;

use super::Payload;
use crate::buffers::PayloadId;
use crate::ledger::{AllocationKind, Ledger};

/// Bytes of a page.
const PAGE: u32 = 4096;
/// Modelled bytes of a record: segment ID, first byte, length and holders, padded.
const RECORD: u32 = 32;
/// Records that there is room for from the beginning: 4 MiB of payload for a host even if all came in segments of 256 bytes.
const AT_SET_UP: usize = 1 << 14;

/// All records, by number.
#[derive(Clone)]
pub(super) struct Payloads {
    records: Slab<Payload>,
    places: usize,
}

impl Payloads {
    /// The pool as it is set up.
    pub(super) fn new() -> Self {
        Self { records: Slab::with_capacity(AT_SET_UP), places: AT_SET_UP }
    }

    /// One more; where there is no room for it, the pool takes another page.
    pub(super) fn insert(&mut self, payload: Payload, ledger: &mut Ledger) -> PayloadId {
        let index = self.records.insert(payload);
        if index >= self.places {
            self.places += (PAGE / RECORD) as usize;
            ledger.allocate(AllocationKind::Page, PAGE);
        }
        PayloadId(index as u32)
    }

    pub(super) fn get(&self, id: PayloadId) -> Option<&Payload> {
        self.records.get(id.0 as usize)
    }

    /// # Panics
    /// If there is no such payload.
    pub(super) fn remove(&mut self, id: PayloadId) -> Payload {
        self.records.remove(id.0 as usize)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (PayloadId, &Payload)> {
        self.records.iter().map(|(index, payload)| (PayloadId(index as u32), payload))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }
}

impl Index<PayloadId> for Payloads {
    type Output = Payload;

    fn index(&self, id: PayloadId) -> &Payload {
        &self.records[id.0 as usize]
    }
}

impl IndexMut<PayloadId> for Payloads {
    fn index_mut(&mut self, id: PayloadId) -> &mut Payload {
        &mut self.records[id.0 as usize]
    }
}
