//! A run's configuration: one serialisable value with a version (DESIGN.md section 6).

use serde::{Deserialize, Serialize};

use crate::memory::LINE_SIZES;

/// Version of [`Config`]'s fields.
pub const CONFIG_VERSION: u32 = 1;

/// What an application does with its buffer once `send()` has returned (DESIGN.md section 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retention {
    /// The buffer stays as it is: a page in a server's memory.
    #[default]
    Keep,
    /// One buffer a flow, overwritten by the next send.
    Overwrite,
    /// The buffer is freed.
    Free,
}

impl Retention {
    /// All settings.
    pub const ALL: [Self; 3] = [Self::Keep, Self::Overwrite, Self::Free];

    /// The name in results and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Overwrite => "overwrite",
            Self::Free => "free",
        }
    }
}

/// A value that a run cannot be configured with, with what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not 16, 32 or 64.
    #[error("A line size of {0} is not supported: choose 16, 32 or 64 bytes.")]
    LineSize(String),
    /// Not a retention.
    #[error("A retention of {0:?} is not known: choose keep, overwrite or free.")]
    Retention(String),
    /// Not a whole number of 64 bits.
    #[error("A seed of {0:?} is not usable: give a whole number from 0 to 18446744073709551615.")]
    Seed(String),
    /// Not a workload.
    #[error("A workload of {0:?} is not known: choose bulk, web, request, fanout or overwriter.")]
    Workload(String),
    /// A number out of its range.
    #[error("A value of {value} for {field} is out of range: choose {least} to {most}.")]
    Range {
        /// Which.
        field: &'static str,
        /// What it was.
        value: u64,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// Made by a newer program.
    #[error(
        "This configuration has version {0}; versions up to {max} are understood. A newer Snapstack made it: \
         open it there.",
        max = CONFIG_VERSION
    )]
    Version(u32),
}

/// Everything a run depends on but the traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Config {
    /// [`CONFIG_VERSION`].
    pub version: u32,
    /// Bytes a memory line: 16, 32 or 64.
    pub line_size: u32,
    /// What happens to buffers after `send()`.
    pub retention: Retention,
    /// Seed of everything drawn: initial sequence numbers.
    pub seed: u64,
    /// Slots of the TX ring (FACTS.md section 2).
    pub ring_slots: u32,
    /// Sends that share a doorbell (paper section 3.2: 10).
    pub doorbell_every: u32,
    /// Dead lines that wait to be revived (paper section 5).
    pub delayed_free: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: CONFIG_VERSION,
            line_size: 64,
            retention: Retention::Keep,
            seed: 1,
            ring_slots: 512,
            doorbell_every: 10,
            delayed_free: 0,
        }
    }
}

/// A line size in bytes from text.
///
/// # Errors
/// [`ConfigError::LineSize`].
pub fn parse_line_size(text: &str) -> Result<u32, ConfigError> {
    let error = || ConfigError::LineSize(text.to_owned());
    text.parse().ok().filter(|size| LINE_SIZES.contains(size)).ok_or_else(error)
}

/// A retention from its name.
///
/// # Errors
/// [`ConfigError::Retention`].
pub fn parse_retention(text: &str) -> Result<Retention, ConfigError> {
    let found = Retention::ALL.into_iter().find(|retention| retention.name() == text);
    found.ok_or_else(|| ConfigError::Retention(text.to_owned()))
}

/// A seed from text.
///
/// # Errors
/// [`ConfigError::Seed`].
pub fn parse_seed(text: &str) -> Result<u64, ConfigError> {
    text.parse().map_err(|_| ConfigError::Seed(text.to_owned()))
}
