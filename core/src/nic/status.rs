//! How completions become visible to the host: written back a few at a time (FACTS.md section 2: the 82599 writes back 8
//! descriptors at a time).

/// Completions that one write-back covers.
const WRITE_BACK: u32 = 8;

/// Completions of one ring that are not yet written back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Status {
    unreported: u32,
}

impl Status {
    /// `count` more completions; `now` when no more can follow. `write` is called with the completions of each write-back.
    pub(super) fn complete(&mut self, count: u32, now: bool, mut write: impl FnMut(u32)) {
        self.unreported += count;
        while self.unreported >= WRITE_BACK {
            write(WRITE_BACK);
            self.unreported -= WRITE_BACK;
        }
        if now {
            self.flush(write);
        }
    }

    /// Writes back what is left.
    pub(super) fn flush(&mut self, mut write: impl FnMut(u32)) {
        if self.unreported > 0 {
            write(std::mem::take(&mut self.unreported));
        }
    }
}
