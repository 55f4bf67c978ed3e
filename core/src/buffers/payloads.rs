//! Which payloads are alive: how many handles (application buffer, socket, stack segment, ring slot) hold each, and how
//! many data lines they would fill if each were stored by itself.

use super::SendId;

/// A payload: the content that one `app_write` made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PayloadId(u32);

struct Payload {
    send: SendId,
    holders: u32,
    lines: u32,
    zero_lines: u32,
}

#[derive(Default)]
pub(super) struct Payloads {
    all: Vec<Payload>,
    free: Vec<u32>,
    dead: Vec<SendId>,
    /// Lines of all live payloads.
    pub(super) lines: u64,
    /// Of those, all-zero ones.
    pub(super) zero_lines: u64,
}

impl Payloads {
    /// A payload with one holder.
    pub(super) fn add(&mut self, send: SendId, lines: u32, zero_lines: u32) -> PayloadId {
        self.lines += u64::from(lines);
        self.zero_lines += u64::from(zero_lines);
        let payload = Payload { send, holders: 1, lines, zero_lines };
        match self.free.pop() {
            Some(index) => {
                self.all[index as usize] = payload;
                PayloadId(index)
            }
            None => {
                self.all.push(payload);
                PayloadId(self.all.len() as u32 - 1)
            }
        }
    }

    pub(super) fn hold(&mut self, id: PayloadId) -> PayloadId {
        self.all[id.0 as usize].holders += 1;
        id
    }

    pub(super) fn drop_holder(&mut self, id: PayloadId) {
        let payload = &mut self.all[id.0 as usize];
        payload.holders -= 1;
        if payload.holders == 0 {
            self.lines -= u64::from(payload.lines);
            self.zero_lines -= u64::from(payload.zero_lines);
            self.dead.push(payload.send);
            self.free.push(id.0);
        }
    }

    pub(super) fn take_dead(&mut self) -> Vec<SendId> {
        std::mem::take(&mut self.dead)
    }
}
