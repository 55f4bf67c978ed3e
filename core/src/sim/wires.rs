//! Both directions of the link between the shown host and its peer, and what happened to frames on them.

use super::change::Change;
use super::config::Config;
use super::event::{FaultKind, Kind};
use crate::nic::{Link, LinkCounts};

/// Sees the frames of a run.
pub trait Tap {
    /// A frame, without FCS, leaves a NIC before anything happens to it on the link; its last bit does at `time_ns`.
    /// `packet` is the shown host's number of it, [`super::Event::NONE`] for a frame of the peer's.
    fn frame(&mut self, time_ns: u64, from_peer: bool, packet: u32, frame: &[u8]);

    /// A frame arrives at the shown host, as `packet`.
    fn arrival(&mut self, _time_ns: u64, _packet: u32, _frame: &[u8]) {}
}

impl Tap for () {
    fn frame(&mut self, _time_ns: u64, _from_peer: bool, _packet: u32, _frame: &[u8]) {}
}

/// The link: from the shown host, and to it.
#[derive(Clone)]
pub(super) struct Wires {
    pub(super) down: Link,
    pub(super) up: Link,
}

impl Wires {
    pub(super) fn new(config: &Config, changes: &[Change]) -> Self {
        let mut wires = Self { down: Link::new(config.link(false)), up: Link::new(config.link(true)) };
        wires.down.watch();
        wires.up.watch();
        for change in changes {
            if let Change::Lose { from_peer, frame } = *change {
                let link = if from_peer { &mut wires.up } else { &mut wires.down };
                link.plan_loss(frame.into());
            }
        }
        wires
    }

    /// What was done to frames of the shown host, and to those of its peer.
    pub(super) fn counts(&self) -> [LinkCounts; 2] {
        [self.down.counts(), self.up.counts()]
    }

    /// Bytes under way that `other`, a clone at a later time, does not share.
    pub(super) fn unshared(&self, other: &Self) -> u64 {
        self.down.unshared(&other.down) + self.up.unshared(&other.up)
    }

    /// The faults since the last call, each as it is recorded.
    pub(super) fn faults(&mut self) -> Vec<Kind> {
        let mut faults = Vec::new();
        for (link, from_peer) in [(&mut self.down, false), (&mut self.up, true)] {
            for (frame, fate) in link.take_touched() {
                let happened = [
                    (FaultKind::Lost, fate.lost),
                    (FaultKind::Duplicated, fate.duplicated),
                    (FaultKind::Late, fate.late),
                    (FaultKind::Corrupted, fate.corrupted.is_some()),
                ];
                let happened = happened.into_iter().filter(|(_, happened)| *happened);
                let frame = frame as u32;
                faults.extend(happened.map(|(fault, _)| Kind::Fault { fault, from_peer, frame }));
            }
        }
        faults
    }
}
