//! Which contents are alive: how many handles (application buffer, queue, stack segment, ring slot) hold each, and how
//! many data lines they would fill if each were stored by itself.

use super::SendId;

/// The content that one `app_write` or one received frame made, wherever references to it travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ContentId(u32);

#[derive(Clone)]
struct Content {
    send: Option<SendId>,
    holders: u32,
    lines: u32,
    zero_lines: u32,
}

#[derive(Clone, Default)]
pub(super) struct Contents {
    all: Vec<Content>,
    free: Vec<u32>,
    dead: Vec<SendId>,
    /// Lines of all live contents.
    pub(super) lines: u64,
    /// Of those, all-zero ones.
    pub(super) zero_lines: u64,
}

impl Contents {
    /// A content with one holder, of a `send()` or of none.
    pub(super) fn add(&mut self, send: Option<SendId>, lines: u32, zero_lines: u32) -> ContentId {
        self.lines += u64::from(lines);
        self.zero_lines += u64::from(zero_lines);
        let content = Content { send, holders: 1, lines, zero_lines };
        match self.free.pop() {
            Some(index) => {
                self.all[index as usize] = content;
                ContentId(index)
            }
            None => {
                self.all.push(content);
                ContentId(self.all.len() as u32 - 1)
            }
        }
    }

    /// All-zero lines of a content.
    pub(super) fn zero_lines_of(&self, id: ContentId) -> u32 {
        self.all[id.0 as usize].zero_lines
    }

    pub(super) fn hold(&mut self, id: ContentId) -> ContentId {
        self.all[id.0 as usize].holders += 1;
        id
    }

    pub(super) fn drop_holder(&mut self, id: ContentId) {
        let content = &mut self.all[id.0 as usize];
        content.holders -= 1;
        if content.holders == 0 {
            self.lines -= u64::from(content.lines);
            self.zero_lines -= u64::from(content.zero_lines);
            if let Some(send) = content.send {
                self.dead.push(send);
            }
            self.free.push(id.0);
        }
    }

    pub(super) fn take_dead(&mut self) -> Vec<SendId> {
        std::mem::take(&mut self.dead)
    }
}
