//! The records of a run: taken over from the host's journal in the order of time, hashed, and handed out as words.

use super::change::Change;
use super::config::Config;
use super::digest::RunDigest;
use super::event::{EVENT_WORDS, Event};
use super::recorded::Recorded;
use crate::buffers::{Buffers, Scheme};

/// The records.
#[derive(Clone)]
pub(super) struct Book {
    events: u64,
    words: Vec<u32>,
    /// Of each record in `words`, the step that made it.
    steps: Vec<u32>,
    hashed: usize,
    digest: RunDigest,
}

impl Book {
    /// No record yet of a run of this configuration; `capture` is the SHA-256 of its capture, if it has one.
    pub(super) fn new(
        config: &Config,
        changes: &[Change],
        scheme: Scheme,
        capture: Option<&[u8; 32]>,
    ) -> Self {
        let integers = config.integers().into_iter().chain(changes.iter().flat_map(Change::integers));
        let digest = RunDigest::new(integers, scheme, capture);
        Self { events: 0, words: Vec::new(), steps: Vec::new(), hashed: 0, digest }
    }

    /// Records so far.
    pub(super) fn events(&self) -> u64 {
        self.events
    }

    /// Takes over what was recorded before `time`: nothing earlier can come any more.
    pub(super) fn collect<B: Buffers>(&mut self, host: &mut Recorded<B>, time: u64) {
        while let Some((event, step)) = host.journal.next(time) {
            self.events += 1;
            self.words.extend(event.encode());
            self.steps.push(step);
        }
    }

    /// Hands over the records made since the last call, as words ([`Event::encode`]).
    pub(super) fn take(&mut self) -> Vec<u32> {
        self.digest.events(&self.words[self.hashed..]);
        self.hashed = 0;
        self.steps.clear();
        std::mem::take(&mut self.words)
    }

    /// Records are hashed and forgotten: for runs that need only the result.
    pub(super) fn discard(&mut self) {
        self.digest.events(&self.words[self.hashed..]);
        self.hashed = 0;
        self.words.clear();
        self.words.shrink_to(1024 * EVENT_WORDS);
        self.steps.clear();
        self.steps.shrink_to(1024);
    }

    /// Of each record that was not taken yet, the step that made it, counted from 1.
    pub(super) fn steps(&self) -> &[u32] {
        &self.steps
    }

    /// The records that were not taken yet.
    pub(super) fn pending(&self) -> impl Iterator<Item = Event> {
        self.words.as_chunks::<EVENT_WORDS>().0.iter().filter_map(Event::decode)
    }

    /// Bytes of records that were not taken yet.
    pub(super) fn bytes(&self) -> u64 {
        4 * (self.words.len() + self.steps.len()) as u64
    }

    /// The digest over what has happened so far.
    pub(super) fn digest<B: Buffers>(&self, buffers: &Recorded<B>) -> String {
        let mut digest = self.digest.clone();
        digest.events(&self.words[self.hashed..]);
        let seen = buffers.observe();
        digest.finish(&buffers.ledger().integers(seen.map_entries, &seen.lines, &seen.data_lines))
    }
}
