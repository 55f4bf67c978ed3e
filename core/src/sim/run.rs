//! A lane: one host with one scheme, whichever, behind one interface; and the memory it is given.

use std::sync::Arc;

use super::config::Config;
use super::host::{Fault, Host, SimError, Tap};
use super::report::SchemeReport;
use crate::buffers::{BufferError, Buffers, Scheme, SkBuff, Snapshot};
use crate::memory::{LINE_SIZES, MemoryConfig, MemoryError};
use crate::nic::NicConfig;
use crate::traffic::Traffic;

enum Inner<T: Tap> {
    SkBuff(Box<Host<SkBuff, T>>),
    Snapshot(Box<Host<Snapshot, T>>),
}

/// One scheme's run.
pub struct Lane<T: Tap> {
    inner: Inner<T>,
}

macro_rules! each {
    ($lane:expr, $host:ident => $body:expr) => {
        match $lane {
            Inner::SkBuff($host) => $body,
            Inner::Snapshot($host) => $body,
        }
    };
}

impl<T: Tap> Lane<T> {
    /// A run before its first event. HICAMP memory is sized to hold all of the traffic at once.
    ///
    /// # Errors
    /// [`BufferError::Memory`] for a line size that is not supported.
    pub fn new(
        scheme: Scheme,
        traffic: &Arc<Traffic>,
        config: Config,
        tap: T,
        fault: Option<Fault>,
    ) -> Result<Self, BufferError> {
        if !LINE_SIZES.contains(&config.line_size) {
            return Err(MemoryError::LineSize(config.line_size).into());
        }
        let traffic = Arc::clone(traffic);
        let nic = NicConfig { tx_slots: config.ring_slots, ..NicConfig::default() };
        let inner = match scheme {
            Scheme::SkBuff => {
                let buffers = SkBuff::new(config.line_size, nic);
                Inner::SkBuff(Box::new(Host::new(traffic, config, buffers, tap, fault)))
            }
            Scheme::Snapshot => {
                let buffers = Snapshot::new(memory_for(&traffic, &config), nic)?;
                Inner::Snapshot(Box::new(Host::new(traffic, config, buffers, tap, fault)))
            }
        };
        Ok(Self { inner })
    }

    /// Carries out the next action; false when the run is over.
    ///
    /// # Errors
    /// [`SimError`].
    pub fn step(&mut self) -> Result<bool, SimError> {
        each!(&mut self.inner, host => host.step())
    }

    /// Carries out up to `actions` actions; false when the run is over.
    ///
    /// # Errors
    /// [`SimError`].
    pub fn step_many(&mut self, actions: u32) -> Result<bool, SimError> {
        for _ in 0..actions {
            if !self.step()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// See [`Host::take_events`].
    pub fn take_events(&mut self) -> Vec<u32> {
        each!(&mut self.inner, host => host.take_events())
    }

    /// See [`Host::discard_events`].
    pub fn discard_events(&mut self) {
        each!(&mut self.inner, host => host.discard_events());
    }

    /// Events recorded so far.
    pub fn events(&self) -> u64 {
        each!(&self.inner, host => host.events())
    }

    /// Frames on the wire so far.
    pub fn frames(&self) -> u64 {
        each!(&self.inner, host => host.frames())
    }

    /// What sees the frames.
    pub fn tap(&self) -> &T {
        each!(&self.inner, host => &host.tap)
    }

    /// The result, once [`Lane::step`] has returned false.
    pub fn finish(self) -> (SchemeReport, T) {
        each!(self.inner, host => finish(*host))
    }
}

fn finish<B: Buffers, T: Tap>(host: Host<B, T>) -> (SchemeReport, T) {
    let (frames, events) = (host.frames(), host.events());
    let (digest, buffers, tap) = host.finish();
    (SchemeReport::new(&buffers, frames, events, digest), tap)
}

/// Room for every payload with the nodes above it, were nothing ever shared, and for the packets under way.
fn memory_for(traffic: &Traffic, config: &Config) -> MemoryConfig {
    let fan_out = u64::from(config.line_size / 4);
    let data = traffic.lines(config.line_size);
    let nodes = data / (fan_out - 1) + 4 * traffic.sends.len() as u64;
    let packets = 64 * u64::from(config.ring_slots);
    MemoryConfig {
        line_size: config.line_size,
        lines: data + nodes + packets,
        delayed_free: config.delayed_free,
        ..MemoryConfig::default()
    }
}
