//! A run's configuration: one serialisable value with a version (DESIGN.md section 6).

use serde::{Deserialize, Serialize};

use crate::memory::{LINE_SIZES, MemoryConfig};
use crate::nic::{Faults, LinkConfig, NicConfig};
use crate::random::mix;
use crate::stack::{self, Address, HardwareAddress, tcp};
use crate::traffic::Traffic;

/// Version of [`Config`]'s fields.
pub const CONFIG_VERSION: u32 = 2;

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
    /// Not a number.
    #[error("A value of {0:?} is no number: give one without signs or units.")]
    Number(String),
    /// Neither on nor off.
    #[error("A value of {0:?} is neither on nor off: give 1 or 0.")]
    Switch(String),
    /// Not a workload.
    #[error("A workload of {0:?} is not known: choose capture, bulk, web, request, fanout or overwriter.")]
    Workload(String),
    /// Not a way to receive.
    #[error("Receiving by {0:?} is not known: choose segments or contiguous.")]
    Receive(String),
    /// Not a change.
    #[error(
        "A change of {0:?} is not known: choose lose:out:FRAME, lose:in:FRAME, flip:PACKET:BYTE, flip:PACKET:BYTE:SCHEME, \
         overwrite:TIME_NS:THREAD or rings:TIME_NS:SLOTS."
    )]
    Change(String),
    /// More changes than are kept.
    #[error("{0} changes are more than the {most} that one run takes.", most = super::change::MOST_CHANGES)]
    Changes(usize),
    /// A run of a capture without one.
    #[error("The workload is a capture, and there is none: open a pcap or pcapng file.")]
    NoCapture,
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

/// What the threads do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Workload {
    /// The host of a capture that sent most payload: its payloads are sent, all others arrive.
    Capture,
    /// Each thread of the shown host sends one long stream to a thread of the peer.
    #[default]
    Bulk,
    /// The shown host serves a few pages, which each of the peer's threads asks for again and again.
    Web,
    /// The shown host's threads ask, the peer answers each request with bytes of its own.
    Request,
    /// The shown host sends the same stream to every thread of the peer, from one place in its memory.
    Fanout,
    /// As bulk, but each thread overwrites its buffer with something else as soon as `send()` has returned.
    Overwriter,
}

impl Workload {
    /// All workloads.
    pub const ALL: [Self; 6] =
        [Self::Capture, Self::Bulk, Self::Web, Self::Request, Self::Fanout, Self::Overwriter];

    /// Those that two simulated hosts run.
    pub const SIMULATED: [Self; 5] = [Self::Bulk, Self::Web, Self::Request, Self::Fanout, Self::Overwriter];

    /// The name in results and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Bulk => "bulk",
            Self::Web => "web",
            Self::Request => "request",
            Self::Fanout => "fanout",
            Self::Overwriter => "overwriter",
        }
    }

    /// The workload of that name.
    ///
    /// # Errors
    /// [`ConfigError::Workload`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let found = Self::ALL.into_iter().find(|workload| workload.name() == text);
        found.ok_or_else(|| ConfigError::Workload(text.to_owned()))
    }
}

/// How applications receive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receive {
    /// `recv_segments()`: buffers that lie as the frames did.
    #[default]
    Segments,
    /// `recv()`: one contiguous buffer a call.
    Contiguous,
}

impl Receive {
    /// Both ways.
    pub const ALL: [Self; 2] = [Self::Segments, Self::Contiguous];

    /// The name in results and links.
    pub fn name(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::Contiguous => "contiguous",
        }
    }

    /// The way of that name.
    ///
    /// # Errors
    /// [`ConfigError::Receive`].
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let found = Self::ALL.into_iter().find(|receive| receive.name() == text);
        found.ok_or_else(|| ConfigError::Receive(text.to_owned()))
    }
}

/// Bytes that all socket queues of a host take together, so that a thousand threads fit a page's memory.
const SOCKET_BYTES: u32 = 16 << 20;
/// Least bytes of one socket's queue: a few segments.
const LEAST_SOCKET_BUFFER: u32 = 8 << 10;
/// Fewest and most lines of a memory whose size is chosen.
const LEAST_MEMORY: u64 = 64;
const MOST_MEMORY: u64 = 1 << 24;
/// Fields that are numbers, with their least and greatest values.
const RANGES: [(&str, u64, u64); 19] = [
    ("threads", 1, 1000),
    ("bytes", 0, 1 << 30),
    ("message", 1, 1 << 16),
    ("delayed_free", 0, 1 << 20),
    ("socket_bytes", LEAST_SOCKET_BUFFER as u64, 1 << 20),
    ("ring_slots", 64, 4096),
    ("queues", 1, 16),
    ("doorbell_every", 1, 64),
    ("tso", 0, 1 << 16),
    ("mtu", 1280, 2034),
    ("megabits", 1, 1_000_000),
    ("latency_ns", 0, 10_000_000_000),
    ("loss", 0, 900_000),
    ("duplicate", 0, 900_000),
    ("reorder", 0, 900_000),
    ("corrupt", 0, 900_000),
    ("layer_ns", 1, 1_000_000),
    ("memory_lines", LEAST_MEMORY, MOST_MEMORY),
    ("reserve_lines", 0, MOST_MEMORY),
];
/// Different pages of the web workload.
pub(in crate::sim) const PAGES: u64 = 4;

/// Everything a run depends on, but for a capture's traffic and the changes made on the way. A capture knows no threads, bytes,
/// message, sockets, segmentation, MTU and timestamps but its own; only a capture knows retention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// [`CONFIG_VERSION`].
    pub version: u32,
    /// What the threads do.
    pub workload: Workload,
    /// Threads of the shown host, and as many of the peer: 1 to 1,000.
    pub threads: u32,
    /// Payload bytes of each thread's streams or answers in all: up to 1 GiB.
    pub bytes: u64,
    /// Bytes that an application writes at once: a piece of a stream, a page, an answer; 1 to 65,536.
    pub message: u32,
    /// How applications receive.
    pub receive: Receive,
    /// Bytes a memory line: 16, 32 or 64.
    pub line_size: u32,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Dead lines that wait to be revived (paper section 5).
    pub delayed_free: u32,
    /// Bytes of each of a socket's two queues, less where many threads share [`Config::socket_buffer`].
    pub socket_bytes: u32,
    /// Slots of each ring: 64 to 4,096 (FACTS.md section 2).
    pub ring_slots: u32,
    /// Pairs of rings: 1 to 16.
    pub queues: u16,
    /// Sends that share a doorbell (paper section 3.2: 10).
    pub doorbell_every: u32,
    /// The NIC puts received payload on a line of its own.
    pub header_split: bool,
    /// Most bytes of a send that the NIC cuts; 0 has the stack cut.
    pub tso: u32,
    /// Largest IP packet: 1,280 to 2,034.
    pub mtu: u16,
    /// TCP timestamps.
    pub timestamps: bool,
    /// The link's bits a second, in millions.
    pub megabits: u32,
    /// From departure to arrival.
    pub latency_ns: u64,
    /// Frames lost, per million, in each direction.
    pub loss: u32,
    /// Frames delivered twice, per million.
    pub duplicate: u32,
    /// Frames delivered late, per million.
    pub reorder: u32,
    /// Frames with a flipped bit, per million.
    pub corrupt: u32,
    /// Nominal time of a layer in nanoseconds, in every scheme: it orders what happens and is no estimate of a cost.
    pub layer_ns: u64,
    /// What becomes of the applications' buffers, of a capture.
    pub retention: Retention,
    /// Lines of HICAMP memory; 0 for as many as the run can need.
    pub memory_lines: u64,
    /// Of those, lines kept for what arrives (paper section 5).
    pub reserve_lines: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            version: CONFIG_VERSION,
            workload: Workload::Bulk,
            threads: 1,
            bytes: 1 << 20,
            message: 16 << 10,
            receive: Receive::Segments,
            line_size: 64,
            seed: 1,
            delayed_free: 0,
            socket_bytes: 128 << 10,
            ring_slots: 512,
            queues: 1,
            doorbell_every: 10,
            header_split: true,
            tso: 0,
            mtu: 1500,
            timestamps: true,
            megabits: 10_000,
            latency_ns: 5_000,
            loss: 0,
            duplicate: 0,
            reorder: 0,
            corrupt: 0,
            layer_ns: 100,
            retention: Retention::Keep,
            memory_lines: 0,
            reserve_lines: 0,
        }
    }
}

impl Config {
    /// The configuration of a capture's run, as the explorer begins.
    pub fn for_capture() -> Self {
        Self { workload: Workload::Capture, ..Self::default() }
    }

    /// Whether every field is in its range.
    ///
    /// # Errors
    /// [`ConfigError`] for the first that is not.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.version > CONFIG_VERSION {
            return Err(ConfigError::Version(self.version));
        }
        if !LINE_SIZES.contains(&self.line_size) {
            return Err(ConfigError::LineSize(self.line_size.to_string()));
        }
        let values = [
            ("threads", self.threads.into()),
            ("bytes", self.bytes),
            ("message", self.message.into()),
            ("delayed_free", self.delayed_free.into()),
            ("socket_bytes", self.socket_bytes.into()),
            ("ring_slots", self.ring_slots.into()),
            ("queues", self.queues.into()),
            ("doorbell_every", self.doorbell_every.into()),
            ("tso", self.tso.into()),
            ("mtu", self.mtu.into()),
            ("megabits", self.megabits.into()),
            ("latency_ns", self.latency_ns),
            ("loss", self.loss.into()),
            ("duplicate", self.duplicate.into()),
            ("reorder", self.reorder.into()),
            ("corrupt", self.corrupt.into()),
            ("layer_ns", self.layer_ns),
            // A size that is chosen; 0 chooses none.
            ("memory_lines", if self.memory_lines == 0 { LEAST_MEMORY } else { self.memory_lines }),
            ("reserve_lines", self.reserve_lines.into()),
        ];
        for (field, value) in values {
            let (least, most) = Self::range(field).unwrap_or((0, u64::MAX));
            if !(least..=most).contains(&value) {
                return Err(ConfigError::Range { field, value, least, most });
            }
        }
        Ok(())
    }

    /// Least and greatest value of a field that is a number in a range, by its name.
    pub fn range(field: &str) -> Option<(u64, u64)> {
        RANGES.iter().find(|(name, ..)| *name == field).map(|(_, least, most)| (*least, *most))
    }

    /// Bytes of each of a socket's queues: all of a host's together are bounded.
    pub fn socket_buffer(&self) -> u32 {
        self.socket_bytes.min((SOCKET_BYTES / self.threads.max(1)).max(LEAST_SOCKET_BUFFER))
    }

    /// The NIC of either host.
    pub fn nic(&self) -> NicConfig {
        NicConfig {
            queues: self.queues,
            tx_slots: self.ring_slots,
            rx_slots: self.ring_slots,
            header_split: self.header_split,
            ..NicConfig::default()
        }
    }

    /// Memory of the shown host, unless its size is chosen: room for every buffer and queue at once, were nothing ever
    /// shared.
    pub fn memory(&self, traffic: Option<&Traffic>) -> MemoryConfig {
        let lines = match (self.memory_lines, traffic) {
            (0, Some(traffic)) => self.lines_for_capture(traffic),
            (0, None) => self.lines_for_workload(),
            (chosen, _) => chosen,
        };
        MemoryConfig {
            line_size: self.line_size,
            lines,
            delayed_free: self.delayed_free,
            reserve: self.reserve_lines,
            ..MemoryConfig::default()
        }
    }

    fn lines_for_workload(&self) -> u64 {
        let threads = u64::from(self.threads);
        let kept = match self.workload {
            Workload::Fanout => self.bytes,
            _ => PAGES * u64::from(self.message),
        };
        let bytes = kept + threads * (3 * u64::from(self.message) + 2 * u64::from(self.socket_buffer()));
        // Short frames take more than their bytes: metadata, headers and nodes, at the worst as much again.
        3 * bytes / u64::from(self.line_size) + self.lines_for_rings() + (1 << 14)
    }

    fn lines_for_rings(&self) -> u64 {
        let slots = 2 * u64::from(self.queues) * u64::from(self.ring_slots);
        slots * (u64::from(self.mtu) / u64::from(self.line_size) + 24)
    }

    /// Payloads with the nodes above them, as sent and as received with headers and metadata.
    fn lines_for_capture(&self, traffic: &Traffic) -> u64 {
        let fan_out = u64::from(self.line_size / 4);
        let data = traffic.lines(self.line_size);
        let nodes = data / (fan_out - 1) + 24 * traffic.sends.len() as u64;
        2 * (data + nodes) + self.lines_for_rings()
    }

    /// The stack of the shown host (1) or its peer (2): 10.0.0.n on 02:00:00:00:00:n.
    pub(in crate::sim) fn stack(&self, n: u8) -> stack::Config {
        // A send of the conventional scheme takes a descriptor a page, and rings must not fill in one scheme alone.
        let descriptors = self.tso / 4096 + 8;
        let tcp = tcp::Config {
            send_buffer: self.socket_buffer(),
            receive_buffer: self.socket_buffer(),
            timestamps: self.timestamps,
            tso: self.tso,
            ..tcp::Config::default()
        };
        let address = Address::new([10, 0, 0, n], 24);
        stack::Config {
            mtu: self.mtu,
            queues: self.queues,
            seed: mix(self.seed ^ u64::from(n)),
            posts_per_doorbell: self.doorbell_every,
            tx_in_flight: (self.ring_slots / descriptors).clamp(1, 64),
            tcp,
            ..stack::Config::new(HardwareAddress([2, 0, 0, 0, 0, n]), vec![address])
        }
    }

    /// One direction of the link.
    pub(in crate::sim) fn link(&self, from_peer: bool) -> LinkConfig {
        let Self { loss, duplicate, reorder, corrupt, .. } = *self;
        LinkConfig {
            bits_per_s: u64::from(self.megabits) * 1_000_000,
            latency_ns: self.latency_ns,
            faults: Faults { loss, duplicate, reorder, corrupt },
            seed: mix(self.seed ^ 0x6c69_6e6b).wrapping_add(u64::from(from_peer)),
            ..LinkConfig::default()
        }
    }

    /// All fields in a fixed order: what the digest begins with.
    pub(in crate::sim) fn integers(&self) -> [u64; 27] {
        let Self {
            version,
            workload,
            threads,
            bytes,
            message,
            receive,
            line_size,
            seed,
            delayed_free,
            socket_bytes,
            ring_slots,
            queues,
            doorbell_every,
            header_split,
            tso,
            mtu,
            timestamps,
            megabits,
            latency_ns,
            loss,
            duplicate,
            reorder,
            corrupt,
            layer_ns,
            retention,
            memory_lines,
            reserve_lines,
        } = *self;
        [
            version.into(),
            workload as u64,
            threads.into(),
            bytes,
            message.into(),
            receive as u64,
            line_size.into(),
            seed,
            delayed_free.into(),
            socket_bytes.into(),
            ring_slots.into(),
            queues.into(),
            doorbell_every.into(),
            header_split.into(),
            tso.into(),
            mtu.into(),
            timestamps.into(),
            megabits.into(),
            latency_ns,
            loss.into(),
            duplicate.into(),
            reorder.into(),
            corrupt.into(),
            layer_ns,
            retention as u64,
            memory_lines,
            reserve_lines.into(),
        ]
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
