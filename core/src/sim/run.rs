//! A lane: one run with one scheme, whichever, behind one interface; and states of it that one can go back to.

use std::any::Any;
use std::sync::Arc;

use super::book::Book;
use super::change::{Change, MOST_CHANGES};
use super::config::{Config, ConfigError, Workload};
use super::net::World;
use super::recorded::Recorded;
use super::replay::Replay;
use super::report::{Receipt, SchemeReport};
use super::wires::Tap;
use crate::buffers::{AnyScheme, BufferError, Buffers, ContentLines, Scheme, SkBuff, Snapshot};
use crate::memory::{CheckpointId, Memory, MemoryConfig};
use crate::traffic::Traffic;

/// A scheme whose runs can be saved.
pub(super) trait Saved: Buffers + Clone + 'static {
    /// Bytes beside HICAMP memory that `other`, a clone at another time, does not share.
    fn unshared(&self, other: &Self) -> u64;

    /// The scheme with HICAMP memory, if this is it.
    fn snapshot(&self) -> Option<&Snapshot> {
        None
    }

    /// The scheme with HICAMP memory, if this is it.
    fn snapshot_mut(&mut self) -> Option<&mut Snapshot> {
        None
    }
}

impl Saved for SkBuff {
    fn unshared(&self, other: &Self) -> u64 {
        SkBuff::unshared(self, other)
    }
}

impl Saved for Snapshot {
    fn unshared(&self, other: &Self) -> u64 {
        Snapshot::unshared(self, other)
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        Some(self)
    }

    fn snapshot_mut(&mut self) -> Option<&mut Snapshot> {
        Some(self)
    }
}

impl Saved for AnyScheme {
    fn unshared(&self, other: &Self) -> u64 {
        match (self, other) {
            (Self::SkBuff(scheme), Self::SkBuff(other)) => Saved::unshared(scheme, other),
            (Self::Snapshot(scheme), Self::Snapshot(other)) => Saved::unshared(scheme, other),
            // Nothing is shared with another scheme, and no lane changes its own.
            _ => 0,
        }
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Self::SkBuff(_) => None,
            Self::Snapshot(scheme) => Some(scheme),
        }
    }

    fn snapshot_mut(&mut self) -> Option<&mut Snapshot> {
        match self {
            Self::SkBuff(_) => None,
            Self::Snapshot(scheme) => Some(scheme),
        }
    }
}

/// What can be asked of a run with one scheme.
pub(super) trait Run: Clone + 'static {
    /// The scheme.
    type Scheme: Saved;
    /// What sees the frames.
    type Tap: Tap;

    fn step(&mut self) -> bool;
    fn next_time(&self) -> Option<u64>;
    fn now(&self) -> u64;
    fn frames(&self) -> [u64; 2];
    fn book(&self) -> &Book;
    fn book_mut(&mut self) -> &mut Book;
    fn recorded(&self) -> &Recorded<Self::Scheme>;
    fn recorded_mut(&mut self) -> &mut Recorded<Self::Scheme>;
    fn tap(&self) -> &Self::Tap;
    fn tap_mut(&mut self) -> &mut Self::Tap;
    /// Bytes beside the scheme that a clone at another time does not share.
    fn unshared(&self, other: &Self) -> u64;
    /// What arrived, and what became of it.
    fn receipt(&self) -> Receipt;
}

/// A [`Run`] with whichever scheme. A program has the code of those runs only that it makes.
trait AnyRun<T> {
    fn scheme(&self) -> Scheme;
    fn step(&mut self) -> bool;
    fn step_many(&mut self, steps: u32) -> bool;
    fn next_time(&self) -> Option<u64>;
    fn now(&self) -> u64;
    fn steps(&self) -> u32;
    fn frames(&self) -> [u64; 2];
    fn book(&self) -> &Book;
    fn book_mut(&mut self) -> &mut Book;
    fn tap(&self) -> &T;
    fn tap_mut(&mut self) -> &mut T;
    fn watch(&mut self);
    fn unwatch(&mut self) -> bool;
    fn take_lines(&mut self) -> Vec<ContentLines>;
    fn take_ports(&mut self) -> Vec<(u32, [u16; 2])>;
    fn digest(&self) -> String;
    fn snapshot(&self) -> Option<&Snapshot>;
    fn snapshot_mut(&mut self) -> Option<&mut Snapshot>;
    fn as_any(&self) -> &dyn Any;
}

/// What a function says of a run, whichever it is. Not by [`AnyRun`]: the code is much, and not all programs that run lanes
/// report on them, or go back to saved states.
macro_rules! whichever {
    ($of:ident, $($run:expr),+) => {
        $of::<Replay<AnyScheme, T>>($(&*$run),+)
            .or_else(|| $of::<World<AnyScheme, T>>($(&*$run),+))
            .expect("a lane's run is one of these")
    };
}

fn report<R: Run>(run: &dyn AnyRun<R::Tap>) -> Option<SchemeReport> {
    run.as_any().downcast_ref::<R>().map(SchemeReport::new)
}

fn copy<R: Run>(run: &dyn AnyRun<R::Tap>) -> Option<Box<dyn AnyRun<R::Tap>>> {
    run.as_any().downcast_ref::<R>().map(|run| Box::new(run.clone()) as _)
}

/// Bytes beside HICAMP memory that `other`, a clone at another time, does not share.
fn unshared<R: Run>(run: &dyn AnyRun<R::Tap>, other: &dyn AnyRun<R::Tap>) -> Option<u64> {
    let run = run.as_any().downcast_ref::<R>()?;
    let Some(other) = other.as_any().downcast_ref::<R>() else { return Some(0) };
    let recorded = run.recorded().unshared(other.recorded(), Saved::unshared);
    Some(Run::book(run).bytes() + Run::unshared(run, other) + recorded)
}

impl<R: Run> AnyRun<R::Tap> for R {
    fn scheme(&self) -> Scheme {
        self.recorded().scheme()
    }

    fn step(&mut self) -> bool {
        Run::step(self)
    }

    fn step_many(&mut self, steps: u32) -> bool {
        (0..steps).all(|_| Run::step(self))
    }

    fn next_time(&self) -> Option<u64> {
        Run::next_time(self)
    }

    fn now(&self) -> u64 {
        Run::now(self)
    }

    fn steps(&self) -> u32 {
        self.recorded().journal.steps
    }

    fn frames(&self) -> [u64; 2] {
        Run::frames(self)
    }

    fn book(&self) -> &Book {
        Run::book(self)
    }

    fn book_mut(&mut self) -> &mut Book {
        Run::book_mut(self)
    }

    fn tap(&self) -> &R::Tap {
        Run::tap(self)
    }

    fn tap_mut(&mut self) -> &mut R::Tap {
        Run::tap_mut(self)
    }

    fn watch(&mut self) {
        self.recorded_mut().watch();
    }

    fn unwatch(&mut self) -> bool {
        self.recorded_mut().unwatch()
    }

    fn take_lines(&mut self) -> Vec<ContentLines> {
        self.recorded_mut().take_lines()
    }

    fn take_ports(&mut self) -> Vec<(u32, [u16; 2])> {
        self.recorded_mut().take_ports()
    }

    fn digest(&self) -> String {
        Run::book(self).digest(self.recorded())
    }

    fn snapshot(&self) -> Option<&Snapshot> {
        self.recorded().inner().snapshot()
    }

    fn snapshot_mut(&mut self) -> Option<&mut Snapshot> {
        self.recorded_mut().inner_mut().snapshot_mut()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
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

/// One scheme's run.
pub struct Lane<T> {
    run: Box<dyn AnyRun<T>>,
}

/// A state of a lane.
pub struct LaneState<T> {
    /// All but HICAMP memory.
    rest: Box<dyn AnyRun<T>>,
    /// That memory's state.
    memory: Option<CheckpointId>,
}

impl<T: Tap + Clone + 'static> Lane<T> {
    /// A run before its first event.
    ///
    /// # Errors
    /// [`RunError`].
    pub fn new(scheme: Scheme, setup: &Setup, tap: T) -> Result<Self, RunError> {
        setup.check()?;
        if setup.capture().is_some() {
            return Self::replay(scheme, setup, tap);
        }
        let Setup { config, changes, .. } = setup;
        Ok(Self { run: Box::new(World::new(*config, changes, buffers(scheme, config, None)?, tap)) })
    }

    /// A run of a capture before its first event: what [`Lane::new`] makes of such a setup, for programs that are to be
    /// without the simulated hosts and their TCP.
    ///
    /// # Errors
    /// [`RunError`]; [`ConfigError::NoCapture`] for a setup without one.
    pub fn replay(scheme: Scheme, setup: &Setup, tap: T) -> Result<Self, RunError> {
        setup.check()?;
        let Setup { config, changes, .. } = setup;
        let traffic = setup.capture().ok_or(ConfigError::NoCapture)?;
        let copy = Arc::clone(traffic);
        Ok(Self {
            run: Box::new(Replay::new(copy, *config, changes, buffers(scheme, config, Some(traffic))?, tap)),
        })
    }

    /// Which scheme it runs.
    pub fn scheme(&self) -> Scheme {
        self.run.scheme()
    }

    /// Carries out what happens next; false when the run is over.
    pub fn step(&mut self) -> bool {
        self.run.step()
    }

    /// Carries out up to `steps` steps; false when the run is over.
    pub fn step_many(&mut self, steps: u32) -> bool {
        self.run.step_many(steps)
    }

    /// When the next step happens, in nanoseconds; None when the run is over.
    pub fn next_time(&self) -> Option<u64> {
        self.run.next_time()
    }

    /// Nanoseconds since the beginning.
    pub fn now(&self) -> u64 {
        self.run.now()
    }

    /// Steps carried out since the beginning.
    pub fn steps(&self) -> u32 {
        self.run.steps()
    }

    /// Of each record since records were last taken or discarded, the step that made it, counted from 1. Records come in the
    /// order of their times, and all that software does in a step is done at once, while its clock goes on: so a later record
    /// may be of an earlier step.
    pub fn made(&self) -> &[u32] {
        self.run.book().steps()
    }

    /// From now on, new contents tell their lines ([`Lane::take_lines`]), and packets their ports ([`Lane::take_ports`]).
    pub fn watch(&mut self) {
        self.run.watch();
    }

    /// From now on, new contents do not, and what they told and was not taken is forgotten; whether they did.
    pub fn unwatch(&mut self) -> bool {
        self.run.unwatch()
    }

    /// The lines of the contents recorded since the last call.
    pub fn take_lines(&mut self) -> Vec<ContentLines> {
        self.run.take_lines()
    }

    /// Source and destination port of each packet of TCP or UDP, sent or received, that is new since the last call, by its
    /// number. A fragment may have none.
    pub fn take_ports(&mut self) -> Vec<(u32, [u16; 2])> {
        self.run.take_ports()
    }

    /// Hands over the records made since the last call, as words ([`super::Event::encode`]).
    pub fn take_events(&mut self) -> Vec<u32> {
        self.run.book_mut().take()
    }

    /// Records are hashed and forgotten: for runs that need only the result.
    pub fn discard_events(&mut self) {
        self.run.book_mut().discard();
    }

    /// Events recorded so far.
    pub fn events(&self) -> u64 {
        self.run.book().events()
    }

    /// Frames that the shown host has sent, and that its peer has.
    pub fn frames(&self) -> [u64; 2] {
        self.run.frames()
    }

    /// What sees the frames.
    pub fn tap(&self) -> &T {
        self.run.tap()
    }

    /// What sees the frames.
    pub fn tap_mut(&mut self) -> &mut T {
        self.run.tap_mut()
    }

    /// The digest over what has happened so far.
    pub fn digest(&self) -> String {
        self.run.digest()
    }

    /// The result so far.
    pub fn report(&self) -> SchemeReport {
        whichever!(report, self.run)
    }

    /// The snapshot scheme, to look into its memory; None of a conventional lane.
    pub fn snapshot(&self) -> Option<&Snapshot> {
        self.run.snapshot()
    }

    /// Takes the memory out, so that what is left can be cloned without it.
    fn take_memory(&mut self) -> Result<Option<Memory>, BufferError> {
        let Some(snapshot) = self.run.snapshot_mut() else { return Ok(None) };
        let line_size = snapshot.memory().line_size();
        let stand_in = Memory::new(MemoryConfig { line_size, lines: 1, ..MemoryConfig::default() })?;
        Ok(Some(std::mem::replace(snapshot.memory_mut(), stand_in)))
    }

    fn put_memory(&mut self, memory: Option<Memory>) {
        if let (Some(snapshot), Some(memory)) = (self.run.snapshot_mut(), memory) {
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
        let rest = whichever!(copy, self.run);
        self.put_memory(memory);
        let memory = self.run.snapshot_mut().map(|snapshot| snapshot.memory_mut().checkpoint());
        Ok(LaneState { rest, memory })
    }

    /// Makes the state exactly what it was when `state` was saved, of this lane.
    ///
    /// # Errors
    /// [`BufferError::Memory`] for a state that was forgotten.
    pub fn restore(&mut self, state: &LaneState<T>) -> Result<(), BufferError> {
        if let (Some(snapshot), Some(id)) = (self.run.snapshot_mut(), state.memory) {
            snapshot.memory_mut().restore(id)?;
        }
        let memory = self.take_memory()?;
        self.run = whichever!(copy, state.rest);
        self.put_memory(memory);
        Ok(())
    }

    /// Gives up a saved state.
    pub fn forget(&mut self, state: LaneState<T>) {
        if let (Some(snapshot), Some(id)) = (self.run.snapshot_mut(), state.memory) {
            let dropped = snapshot.memory_mut().drop_checkpoint(id);
            debug_assert_eq!(dropped, Ok(()), "a state is forgotten once");
        }
    }

    /// Bytes of what changed in HICAMP memory since the last state was saved or restored: fewer once another one is saved.
    pub fn pending_checkpoint_bytes(&mut self) -> u64 {
        self.run.snapshot_mut().map_or(0, |snapshot| snapshot.memory_mut().pending_checkpoint_bytes())
    }

    /// Bytes that checkpoints of the HICAMP memory hold together.
    pub fn memory_checkpoint_bytes(&mut self) -> u64 {
        self.run.snapshot_mut().map_or(0, |snapshot| snapshot.memory_mut().checkpoint_bytes())
    }
}

impl<T: Tap + Clone + 'static> LaneState<T> {
    /// Bytes beside HICAMP memory that this state does not share with the one saved after it.
    pub fn unshared(&self, next: &Self) -> u64 {
        whichever!(unshared, self.rest, next.rest) + FIXED_BYTES
    }
}

/// A scheme, as a configuration says; its memory is large enough for the capture, if there is one.
fn buffers(scheme: Scheme, config: &Config, traffic: Option<&Traffic>) -> Result<AnyScheme, BufferError> {
    Ok(match scheme {
        Scheme::SkBuff => AnyScheme::SkBuff(SkBuff::new(config.line_size, config.nic())),
        Scheme::Snapshot => AnyScheme::Snapshot(Snapshot::new(config.memory(traffic), config.nic())?),
    })
}
