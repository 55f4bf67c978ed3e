//! A buffer scheme for tests: payloads are plain bytes, and whoever releases one too often is told.

use snapstack::buffers::{Chunk, Holders, PayloadId};

#[derive(Clone, Default)]
pub(crate) struct Payloads {
    slots: Vec<Option<Payload>>,
    free: Vec<u32>,
}

#[derive(Clone)]
struct Payload {
    bytes: Vec<u8>,
    holders: u32,
}

impl Payloads {
    /// A payload with one holder, whole.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Chunk {
        let payload = Some(Payload { bytes: bytes.to_vec(), holders: 1 });
        let index = match self.free.pop() {
            Some(index) => {
                self.slots[index as usize] = payload;
                index
            }
            None => {
                self.slots.push(payload);
                self.slots.len() as u32 - 1
            }
        };
        Chunk { payload: PayloadId(index), offset: 0, len: bytes.len() as u32 }
    }

    pub(crate) fn bytes(&self, chunk: Chunk) -> &[u8] {
        let payload =
            self.slots[chunk.payload.0 as usize].as_ref().expect("a chunk of a payload that was released");
        &payload.bytes[chunk.offset as usize..][..chunk.len as usize]
    }

    /// Payloads that somebody holds.
    pub(crate) fn live(&self) -> usize {
        self.slots.iter().flatten().count()
    }

    fn slot(&mut self, payload: PayloadId) -> &mut Option<Payload> {
        let slot = &mut self.slots[payload.0 as usize];
        assert!(slot.is_some(), "{payload:?} was released too often");
        slot
    }
}

impl Holders for Payloads {
    fn hold(&mut self, payload: PayloadId) {
        self.slot(payload).as_mut().unwrap().holders += 1;
    }

    fn payload_len(&self, payload: PayloadId) -> u32 {
        self.slots[payload.0 as usize].as_ref().map_or(0, |payload| payload.bytes.len() as u32)
    }

    fn release(&mut self, payload: PayloadId) {
        let slot = self.slot(payload);
        let holders = &mut slot.as_mut().unwrap().holders;
        *holders -= 1;
        if *holders == 0 {
            *slot = None;
            self.free.push(payload.0);
        }
    }
}
