//! Changes made to a run on its way: from each on it is another run, with the same beginning.
//!
//! A change names what it is about in terms that hold whatever the scheme: frames and packets by their numbers, moments by
//! simulated time. As text: `lose:out:12`, `lose:in:12`, `flip:40:100`, `flip:40:100:snapshot`, `overwrite:1500000:2`,
//! `rings:1500000:64`.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::config::ConfigError;
use crate::buffers::Scheme;
use crate::order::sort_by_number;

/// Most changes of one run.
pub const MOST_CHANGES: usize = 32;

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Change {
    /// The link loses a frame.
    Lose {
        /// It comes from the peer; else from the shown host.
        from_peer: bool,
        /// Its index, of those that its sender has put on the link.
        frame: u32,
    },
    /// All bits of a payload byte are flipped in the shown host's memory, when the driver posts its packet; nothing happens
    /// to one that carries fewer bytes.
    Flip {
        /// The packet.
        packet: u32,
        /// The byte, from the payload's first.
        offset: u32,
        /// In this scheme's memory only; else in every one's.
        scheme: Option<Scheme>,
    },
    /// A thread of the shown host overwrites, with something else, the buffer that it sent from last.
    Overwrite {
        /// When, in nanoseconds.
        at_ns: u64,
        /// Which thread.
        thread: u32,
    },
    /// The driver uses this many slots of each ring, 2 at least.
    Rings {
        /// From when on, in nanoseconds.
        at_ns: u64,
        /// Slots.
        slots: u32,
    },
}

impl Change {
    /// When it happens, of a change that has a moment.
    pub fn at_ns(&self) -> Option<u64> {
        match self {
            Self::Overwrite { at_ns, .. } | Self::Rings { at_ns, .. } => Some(*at_ns),
            Self::Lose { .. } | Self::Flip { .. } => None,
        }
    }

    /// Fields in a fixed order, for the digest.
    pub(super) fn integers(&self) -> [u64; 4] {
        match *self {
            Self::Lose { from_peer, frame } => [1, from_peer.into(), frame.into(), 0],
            Self::Flip { packet, offset, scheme } => {
                [2, packet.into(), offset.into(), scheme.map_or(0, |scheme| scheme as u64 + 1)]
            }
            Self::Overwrite { at_ns, thread } => [3, at_ns, thread.into(), 0],
            Self::Rings { at_ns, slots } => [4, at_ns, slots.into(), 0],
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lose { from_peer, frame } => {
                write!(f, "lose:{}:{frame}", if *from_peer { "in" } else { "out" })
            }
            Self::Flip { packet, offset, scheme: None } => write!(f, "flip:{packet}:{offset}"),
            Self::Flip { packet, offset, scheme: Some(scheme) } => {
                write!(f, "flip:{packet}:{offset}:{}", scheme.name())
            }
            Self::Overwrite { at_ns, thread } => write!(f, "overwrite:{at_ns}:{thread}"),
            Self::Rings { at_ns, slots } => write!(f, "rings:{at_ns}:{slots}"),
        }
    }
}

impl From<Change> for String {
    fn from(change: Change) -> Self {
        change.to_string()
    }
}

impl TryFrom<String> for Change {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}

impl FromStr for Change {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let unknown = || ConfigError::Change(text.chars().take(80).collect());
        let fields: Vec<&str> = text.split(':').collect();
        let number = |field: &str| field.parse::<u32>().map_err(|_| unknown());
        let time = |field: &str| field.parse::<u64>().map_err(|_| unknown());
        Ok(match fields[..] {
            ["lose", "out", frame] => Self::Lose { from_peer: false, frame: number(frame)? },
            ["lose", "in", frame] => Self::Lose { from_peer: true, frame: number(frame)? },
            ["flip", packet, offset] => {
                Self::Flip { packet: number(packet)?, offset: number(offset)?, scheme: None }
            }
            ["flip", packet, offset, scheme] => {
                let scheme = Some(Scheme::from_name(scheme).ok_or_else(unknown)?);
                Self::Flip { packet: number(packet)?, offset: number(offset)?, scheme }
            }
            ["overwrite", at, thread] => Self::Overwrite { at_ns: time(at)?, thread: number(thread)? },
            ["rings", at, slots] => {
                let slots = number(slots)?;
                if slots < 2 {
                    return Err(ConfigError::Range {
                        field: "rings",
                        value: slots.into(),
                        least: 2,
                        most: 4096,
                    });
                }
                Self::Rings { at_ns: time(at)?, slots }
            }
            _ => return Err(unknown()),
        })
    }
}

/// Changes that wait for their moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Pending(VecDeque<(u64, Change)>);

impl Pending {
    /// The timed ones of a run's changes, earliest first.
    pub(super) fn new(changes: &[Change]) -> Self {
        let mut timed: Vec<_> =
            changes.iter().filter_map(|change| Some((change.at_ns()?, *change))).collect();
        sort_by_number(&mut timed, |(at, _)| *at);
        Self(timed.into())
    }

    /// When the next one happens.
    pub(super) fn next_time(&self) -> Option<u64> {
        self.0.front().map(|(at, _)| *at)
    }

    /// The next one that is due.
    pub(super) fn due(&mut self, now: u64) -> Option<Change> {
        self.next_time().filter(|at| *at <= now)?;
        self.0.pop_front().map(|(_, change)| change)
    }
}

/// What an application scribbles over its buffer, over which it has scribbled `before` times: every byte is another one than
/// before, and than it was at first.
pub(super) fn scribble(bytes: &mut [u8], before: u32) {
    // What the first content differs by after so many times: never nothing, and never twice the same in a row.
    let differs = |times: u32| times.checked_sub(1).map_or(0, |times| 255 - (times % 255) as u8);
    let mask = differs(before) ^ differs(before + 1);
    bytes.iter_mut().for_each(|byte| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_read_back_as_written() {
        let changes = [
            Change::Lose { from_peer: false, frame: 12 },
            Change::Lose { from_peer: true, frame: 0 },
            Change::Flip { packet: 40, offset: 100, scheme: None },
            Change::Flip { packet: 40, offset: 100, scheme: Some(Scheme::SkBuff) },
            Change::Overwrite { at_ns: 1_500_000, thread: 2 },
            Change::Rings { at_ns: u64::MAX, slots: 2 },
        ];
        for change in changes {
            assert_eq!(change.to_string().parse(), Ok(change));
        }
        for text in
            ["", "lose", "lose:up:1", "flip:1", "flip:1:2:nobody", "overwrite:-1:2", "rings:1:x", "a:b:c:d:e"]
        {
            assert_eq!(text.parse::<Change>(), Err(ConfigError::Change(text.to_owned())));
        }
        assert!("rings:5:1".parse::<Change>().unwrap_err().to_string().contains("choose 2 to"));
    }

    #[test]
    fn whatever_is_scribbled_over_is_never_what_it_was() {
        let first: Vec<u8> = (0..=255).collect();
        let mut bytes = first.clone();
        let mut seen = vec![first.clone()];
        for times in 0..600 {
            let before = bytes.clone();
            scribble(&mut bytes, times);
            let same = |other: &[u8]| bytes.iter().zip(other).filter(|(a, b)| a == b).count();
            assert_eq!((same(&before), same(&first)), (0, 0), "after {} times", times + 1);
            assert!(times >= 255 || !seen.contains(&bytes), "after {} times", times + 1);
            seen.push(bytes.clone());
        }
        assert_eq!(seen[1], first.iter().map(|byte| !byte).collect::<Vec<_>>());
    }

    #[test]
    fn timed_changes_come_in_the_order_of_time() {
        let (late, early) = (Change::Rings { at_ns: 9, slots: 4 }, Change::Overwrite { at_ns: 3, thread: 0 });
        let mut pending = Pending::new(&[late, Change::Lose { from_peer: true, frame: 1 }, early]);
        assert_eq!((pending.next_time(), pending.due(2)), (Some(3), None));
        assert_eq!((pending.due(10), pending.due(10), pending.due(10)), (Some(early), Some(late), None));
    }
}
