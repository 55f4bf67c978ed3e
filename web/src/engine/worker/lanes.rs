//! The lanes of a run, as a worker holds them: by themselves, or with states to go back to.

use snapstack::buffers::{BufferError, ContentLines, Scheme};
use snapstack::sim::{Lane, RunError, SEEK_BYTES, Seeker, Setup};

use super::catch::Catcher;

/// A lane that goes forward, and tells what happens.
pub(super) trait Held {
    /// Goes forward by up to `steps` steps.
    ///
    /// # Errors
    /// [`BufferError::Memory`] when the machine has no room.
    fn advance(&mut self, steps: u32) -> Result<(), BufferError>;
    /// Whether the run's end has been reached.
    fn is_over(&self) -> bool;
    fn take_events(&mut self) -> Vec<u32>;
    fn take_lines(&mut self) -> Vec<ContentLines>;
    fn take_ports(&mut self) -> Vec<(u32, [u16; 2])>;
    /// Events recorded so far.
    fn events(&self) -> u64;
    /// Nanoseconds since the beginning.
    fn now(&self) -> u64;
    fn frames(&self) -> [u64; 2];
    fn digest(&self) -> String;
    /// The lane as one that can be asked about any moment, if it is one.
    fn seeker(&mut self) -> Option<&mut Seeker<Catcher>>;
}

/// A lane that goes forward only.
struct Forward {
    lane: Lane<()>,
    over: bool,
}

impl Held for Forward {
    fn advance(&mut self, steps: u32) -> Result<(), BufferError> {
        self.over = self.over || !self.lane.step_many(steps);
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.over
    }

    fn take_events(&mut self) -> Vec<u32> {
        self.lane.take_events()
    }

    fn take_lines(&mut self) -> Vec<ContentLines> {
        self.lane.take_lines()
    }

    fn take_ports(&mut self) -> Vec<(u32, [u16; 2])> {
        self.lane.take_ports()
    }

    fn events(&self) -> u64 {
        self.lane.events()
    }

    fn now(&self) -> u64 {
        self.lane.now()
    }

    fn frames(&self) -> [u64; 2] {
        self.lane.frames()
    }

    fn digest(&self) -> String {
        self.lane.digest()
    }

    fn seeker(&mut self) -> Option<&mut Seeker<Catcher>> {
        None
    }
}

impl Held for Seeker<Catcher> {
    fn advance(&mut self, steps: u32) -> Result<(), BufferError> {
        Seeker::advance(self, steps).map(drop)
    }

    fn is_over(&self) -> bool {
        Seeker::is_over(self)
    }

    fn take_events(&mut self) -> Vec<u32> {
        self.lane_mut().take_events()
    }

    fn take_lines(&mut self) -> Vec<ContentLines> {
        self.lane_mut().take_lines()
    }

    fn take_ports(&mut self) -> Vec<(u32, [u16; 2])> {
        self.lane_mut().take_ports()
    }

    fn events(&self) -> u64 {
        self.lane().events()
    }

    fn now(&self) -> u64 {
        self.lane().now()
    }

    fn frames(&self) -> [u64; 2] {
        self.lane().frames()
    }

    fn digest(&self) -> String {
        self.lane().digest()
    }

    fn seeker(&mut self) -> Option<&mut Seeker<Catcher>> {
        Some(self)
    }
}

/// The lane of a capture, forward only.
pub(super) fn forward(scheme: Scheme, setup: &Setup) -> Result<Box<dyn Held>, RunError> {
    let mut lane = Lane::replay(scheme, setup, ())?;
    lane.watch();
    Ok(Box::new(Forward { lane, over: false }))
}

/// Any lane, to be asked about any moment.
pub(super) fn seeking(scheme: Scheme, setup: &Setup) -> Result<Box<dyn Held>, RunError> {
    let mut lane = Lane::new(scheme, setup, Catcher::default())?;
    lane.watch();
    Ok(Box::new(Seeker::new(lane, SEEK_BYTES / 2)?))
}
