//! A lane: one run with one scheme, whichever, behind one interface; and states of it that one can go back to.

use std::sync::Arc;

use super::book::Book;
use super::change::{Change, MOST_CHANGES};
use super::config::{Config, ConfigError, Workload};
use super::net::World;
use super::recorded::Recorded;
use super::replay::Replay;
use super::report::{Receipt, SchemeReport};
use super::wires::Tap;
use crate::buffers::{BufferError, Buffers, ContentLines, Scheme, SkBuff, Snapshot};
use crate::memory::{CheckpointId, Memory, MemoryConfig};
use crate::traffic::Traffic;

/// What can be asked of a run with one scheme.
pub(super) trait Run<B: Buffers>: Clone {
    /// What sees the frames.
    type Tap;

    fn step(&mut self) -> bool;
    fn next_time(&self) -> Option<u64>;
    fn now(&self) -> u64;
    fn frames(&self) -> [u64; 2];
    fn book(&self) -> &Book;
    fn book_mut(&mut self) -> &mut Book;
    fn recorded(&self) -> &Recorded<B>;
    fn recorded_mut(&mut self) -> &mut Recorded<B>;
    fn tap(&self) -> &Self::Tap;
    fn tap_mut(&mut self) -> &mut Self::Tap;
    /// Bytes beside the scheme that a clone at another time does not share.
    fn unshared(&self, other: &Self) -> u64;
    /// What arrived, and what became of it.
    fn receipt(&self) -> Receipt;
}

/// A run that could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The scheme could not be set up.
    #[error(transparent)]
    Setup(#[from] BufferError),
}

/// All that a run depends on.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The configuration.
    pub config: Config,
    /// Changes on the way.
    pub changes: Vec<Change>,
    /// The capture, of [`Workload::Capture`].
    pub traffic: Option<Arc<Traffic>>,
}

impl Setup {
    /// A run without changes.
    pub fn new(config: Config, traffic: Option<Arc<Traffic>>) -> Self {
        Self { config, changes: Vec::new(), traffic }
    }

    /// Whether it can be run.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn check(&self) -> Result<(), ConfigError> {
        self.config.check()?;
        if self.changes.len() > MOST_CHANGES {
            return Err(ConfigError::Changes(self.changes.len()));
        }
        if self.config.workload == Workload::Capture && self.traffic.is_none() {
            return Err(ConfigError::NoCapture);
        }
        Ok(())
    }

    /// The capture that is replayed, if one is.
    pub(super) fn capture(&self) -> Option<&Arc<Traffic>> {
        self.traffic.as_ref().filter(|_| self.config.workload == Workload::Capture)
    }
}

/// Bytes of a saved state, whatever it holds: its fixed fields and small lists.
const FIXED_BYTES: u64 = 16 << 10;

#[derive(Clone)]
enum Inner<T> {
    SkBuffReplay(Box<Replay<SkBuff, T>>),
    SnapshotReplay(Box<Replay<Snapshot, T>>),
    SkBuffWorld(Box<World<SkBuff, T>>),
    SnapshotWorld(Box<World<Snapshot, T>>),
}

/// One scheme's run.
pub struct Lane<T: Tap + Clone> {
    inner: Inner<T>,
}

macro_rules! each {
    ($inner:expr, $run:ident => $body:expr) => {
        match $inner {
            Inner::SkBuffReplay($run) => $body,
            Inner::SnapshotReplay($run) => $body,
            Inner::SkBuffWorld($run) => $body,
            Inner::SnapshotWorld($run) => $body,
        }
    };
}

/// A state of a lane.
pub struct LaneState<T> {
    /// All but HICAMP memory.
    rest: Inner<T>,
    /// That memory's state.
    memory: Option<CheckpointId>,
}

impl<T: Tap + Clone> Lane<T> {
    /// A run before its first event.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn new(scheme: Scheme, setup: &Setup, tap: T) -> Result<Self, RunError> {
        setup.check()?;
        let Setup { config, changes, .. } = setup;
        let nic = config.nic();
        let capture = setup.capture();
        let snapshot = || Snapshot::new(config.memory(capture.map(|traffic| &**traffic)), nic);
        let sk_buff = || SkBuff::new(config.line_size, nic);
        let inner = match (scheme, capture) {
            (Scheme::SkBuff, Some(traffic)) => {
                let replay = Replay::new(Arc::clone(traffic), *config, changes, sk_buff(), tap);
                Inner::SkBuffReplay(Box::new(replay))
            }
            (Scheme::Snapshot, Some(traffic)) => {
                let replay = Replay::new(Arc::clone(traffic), *config, changes, snapshot()?, tap);
                Inner::SnapshotReplay(Box::new(replay))
            }
            (Scheme::SkBuff, None) => {
                Inner::SkBuffWorld(Box::new(World::new(*config, changes, sk_buff(), tap)))
            }
            (Scheme::Snapshot, None) => {
                Inner::SnapshotWorld(Box::new(World::new(*config, changes, snapshot()?, tap)))
            }
        };
        Ok(Self { inner })
    }

    /// Which scheme it runs.
    pub fn scheme(&self) -> Scheme {
        match &self.inner {
            Inner::SkBuffReplay(_) | Inner::SkBuffWorld(_) => Scheme::SkBuff,
            Inner::SnapshotReplay(_) | Inner::SnapshotWorld(_) => Scheme::Snapshot,
        }
    }

    /// Carries out what happens next; false when the run is over.
    pub fn step(&mut self) -> bool {
        each!(&mut self.inner, run => Run::step(&mut **run))
    }

    /// Carries out up to `steps` steps; false when the run is over.
    pub fn step_many(&mut self, steps: u32) -> bool {
        each!(&mut self.inner, run => (0..steps).all(|_| Run::step(&mut **run)))
    }

    /// When the next step happens, in nanoseconds; None when the run is over.
    pub fn next_time(&self) -> Option<u64> {
        each!(&self.inner, run => Run::next_time(&**run))
    }

    /// Nanoseconds since the beginning.
    pub fn now(&self) -> u64 {
        each!(&self.inner, run => Run::now(&**run))
    }

    /// From now on, new contents tell their lines ([`Lane::take_lines`]).
    pub fn watch(&mut self) {
        each!(&mut self.inner, run => run.recorded_mut().watch());
    }

    /// The lines of the contents recorded since the last call.
    pub fn take_lines(&mut self) -> Vec<ContentLines> {
        each!(&mut self.inner, run => run.recorded_mut().take_lines())
    }

    /// Hands over the records made since the last call, as words ([`super::Event::encode`]).
    pub fn take_events(&mut self) -> Vec<u32> {
        each!(&mut self.inner, run => run.book_mut().take())
    }

    /// Records are hashed and forgotten: for runs that need only the result.
    pub fn discard_events(&mut self) {
        each!(&mut self.inner, run => run.book_mut().discard());
    }

    /// Events recorded so far.
    pub fn events(&self) -> u64 {
        each!(&self.inner, run => run.book().events())
    }

    /// Frames that the shown host has sent, and that its peer has.
    pub fn frames(&self) -> [u64; 2] {
        each!(&self.inner, run => Run::frames(&**run))
    }

    /// What sees the frames.
    pub fn tap(&self) -> &T {
        each!(&self.inner, run => Run::tap(&**run))
    }

    /// What sees the frames.
    pub fn tap_mut(&mut self) -> &mut T {
        each!(&mut self.inner, run => Run::tap_mut(&mut **run))
    }

    /// The digest over what has happened so far.
    pub fn digest(&self) -> String {
        each!(&self.inner, run => run.book().digest(run.recorded()))
    }

    /// The result so far.
    pub fn report(&self) -> SchemeReport {
        each!(&self.inner, run => SchemeReport::new(&**run))
    }

    /// The snapshot scheme, to look into its memory; None of a conventional lane.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        match &self.inner {
            Inner::SnapshotReplay(run) => Some(run.recorded().inner()),
            Inner::SnapshotWorld(run) => Some(run.recorded().inner()),
            _ => None,
        }
    }

    fn snapshot_mut(&mut self) -> Option<&mut Snapshot> {
        match &mut self.inner {
            Inner::SnapshotReplay(run) => Some(run.recorded_mut().inner_mut()),
            Inner::SnapshotWorld(run) => Some(run.recorded_mut().inner_mut()),
            _ => None,
        }
    }

    /// Takes the memory out, so that what is left can be cloned without it.
    fn take_memory(&mut self) -> Result<Option<Memory>, BufferError> {
        let Some(snapshot) = self.snapshot_mut() else { return Ok(None) };
        let line_size = snapshot.memory().line_size();
        let stand_in = Memory::new(MemoryConfig { line_size, lines: 1, ..MemoryConfig::default() })?;
        Ok(Some(std::mem::replace(snapshot.memory_mut(), stand_in)))
    }

    fn put_memory(&mut self, memory: Option<Memory>) {
        if let (Some(snapshot), Some(memory)) = (self.snapshot_mut(), memory) {
            *snapshot.memory_mut() = memory;
        }
    }

    /// Makes the present state one that can be restored: a copy of what is not HICAMP memory, sharing what does not change,
    /// and a checkpoint of that.
    ///
    /// # Errors
    /// [`BufferError::Memory`] when the machine has no room.
    pub fn save(&mut self) -> Result<LaneState<T>, BufferError> {
        let memory = self.take_memory()?;
        let rest = self.inner.clone();
        self.put_memory(memory);
        let memory = self.snapshot_mut().map(|snapshot| snapshot.memory_mut().checkpoint());
        Ok(LaneState { rest, memory })
    }

    /// Makes the state exactly what it was when `state` was saved, of this lane.
    ///
    /// # Errors
    /// [`BufferError::Memory`] for a state that was forgotten.
    pub fn restore(&mut self, state: &LaneState<T>) -> Result<(), BufferError> {
        if let (Some(snapshot), Some(id)) = (self.snapshot_mut(), state.memory) {
            snapshot.memory_mut().restore(id)?;
        }
        let memory = self.take_memory()?;
        self.inner = state.rest.clone();
        self.put_memory(memory);
        Ok(())
    }

    /// Gives up a saved state.
    pub fn forget(&mut self, state: LaneState<T>) {
        if let (Some(snapshot), Some(id)) = (self.snapshot_mut(), state.memory) {
            let dropped = snapshot.memory_mut().drop_checkpoint(id);
            debug_assert_eq!(dropped, Ok(()), "a state is forgotten once");
        }
    }

    /// Bytes that checkpoints of the HICAMP memory hold together.
    pub fn memory_checkpoint_bytes(&mut self) -> u64 {
        self.snapshot_mut().map_or(0, |snapshot| snapshot.memory_mut().checkpoint_bytes())
    }
}

impl<T: Tap + Clone> LaneState<T> {
    /// Bytes beside HICAMP memory that this state does not share with the one saved after it.
    pub fn unshared(&self, next: &Self) -> u64 {
        macro_rules! compare {
            ($one:expr, $other:expr, $scheme:expr) => {
                $one.book().bytes()
                    + $one.unshared($other)
                    + $one.recorded().unshared($other.recorded(), $scheme)
            };
        }
        let own = |scheme: &Snapshot, _: &Snapshot| scheme.state_bytes();
        let bytes = match (&self.rest, &next.rest) {
            (Inner::SkBuffReplay(a), Inner::SkBuffReplay(b)) => compare!(a, b, SkBuff::unshared),
            (Inner::SkBuffWorld(a), Inner::SkBuffWorld(b)) => compare!(a, b, SkBuff::unshared),
            (Inner::SnapshotReplay(a), Inner::SnapshotReplay(b)) => compare!(a, b, own),
            (Inner::SnapshotWorld(a), Inner::SnapshotWorld(b)) => compare!(a, b, own),
            _ => 0,
        };
        bytes + FIXED_BYTES
    }
}
