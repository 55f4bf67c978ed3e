//! What can be set of a run: one list behind the controls, the links and the command line's arguments.

use snapstack::sim::{Config, ConfigError, Receive, Retention, Workload, parse_line_size, parse_seed};

use crate::scene::grouped;

/// What settings are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What runs.
    Traffic,
    /// HICAMP memory.
    Memory,
    /// NIC and rings.
    Nic,
    /// The link.
    Link,
}

impl Group {
    /// All, in the order of the controls.
    pub const ALL: [Self; 4] = [Self::Traffic, Self::Memory, Self::Nic, Self::Link];

    /// Its heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::Traffic => "Traffic",
            Self::Memory => "Memory",
            Self::Nic => "NIC and rings",
            Self::Link => "Link",
        }
    }
}

/// Which runs a setting matters to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// All.
    Every,
    /// Those of a capture.
    Capture,
    /// Those of two simulated hosts.
    Workload,
}

/// How a value is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of these.
    Choice(&'static [&'static str]),
    /// On or off: `1` or `0`.
    Switch,
    /// A whole number; of the field of this name, for its range.
    Number(&'static str),
    /// A share in percent, with up to four digits behind the point; of the field of this name, in millionths.
    Percent(&'static str),
}

/// A value of its own kind out of text.
type Set = fn(&mut Config, &str) -> Result<(), ConfigError>;

/// One setting.
pub struct Setting {
    /// Its name in links.
    pub key: &'static str,
    /// Its name on the page.
    pub label: &'static str,
    /// Argument of `snapstack run`.
    pub argument: &'static str,
    /// What it is, in plain words.
    pub help: &'static str,
    /// What it is grouped with.
    pub group: Group,
    /// What it matters to.
    pub applies: For,
    /// How it is chosen.
    pub kind: Kind,
    get: fn(&Config) -> String,
    set: Set,
}

fn whole<T: TryFrom<u64>>(text: &str, field: &'static str) -> Result<T, ConfigError> {
    let (least, most) = Config::range(field).unwrap_or((0, u64::MAX));
    let value = text.trim().parse::<u64>().map_err(|_| ConfigError::Number(text.trim().to_owned()))?;
    T::try_from(value).map_err(|_| ConfigError::Range { field, value, least, most })
}

fn millionths(text: &str) -> Result<u32, ConfigError> {
    let text = text.trim();
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + part.len() == 0 || !digits(part) {
        return Err(ConfigError::Number(text.to_owned()));
    }
    // Four digits of a percentage are millionths; what is behind them is cut off.
    let part = part.bytes().chain(std::iter::repeat(b'0')).take(4);
    let part = part.fold(0, |sum, digit| 10 * sum + u64::from(digit - b'0'));
    let whole = if whole.is_empty() {
        0
    } else {
        whole.parse::<u64>().map_err(|_| ConfigError::Number(text.to_owned()))?
    };
    let value = whole.saturating_mul(10_000).saturating_add(part);
    Ok(if value <= 1_000_000 && !text.starts_with('-') { value as u32 } else { u32::MAX })
}

/// Millionths as a percentage.
fn percentage(millionths: u32) -> String {
    let text = format!("{}.{:04}", millionths / 10_000, millionths % 10_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A setting that is a whole number of one field.
macro_rules! number {
    ($key:literal, $label:literal, $argument:literal, $field:ident, $group:ident, $applies:ident, $help:literal) => {
        Setting {
            key: $key,
            label: $label,
            argument: $argument,
            help: $help,
            group: Group::$group,
            applies: For::$applies,
            kind: Kind::Number(stringify!($field)),
            get: |config| config.$field.to_string(),
            set: |config, text| whole(text, stringify!($field)).map(|value| config.$field = value),
        }
    };
}

macro_rules! percent {
    ($key:literal, $label:literal, $argument:literal, $field:ident, $help:literal) => {
        Setting {
            key: $key,
            label: $label,
            argument: $argument,
            help: $help,
            group: Group::Link,
            applies: For::Every,
            kind: Kind::Percent(stringify!($field)),
            get: |config| percentage(config.$field),
            set: |config, text| millionths(text).map(|value| config.$field = value),
        }
    };
}

/// All settings.
pub static SETTINGS: [Setting; 25] = [
    Setting {
        key: "run",
        label: "traffic",
        argument: "--workload",
        help: "What runs: the capture, or two simulated hosts. bulk: each thread sends one long stream. web: a server sends a few pages to many clients. request: questions and answers of their own. fanout: one stream to every client. overwriter: as bulk, but each thread overwrites its buffer right after send().",
        group: Group::Traffic,
        applies: For::Every,
        kind: Kind::Choice(&["capture", "bulk", "web", "request", "fanout", "overwriter"]),
        get: |config| config.workload.name().to_owned(),
        set: |config, text| Workload::parse(text).map(|workload| config.workload = workload),
    },
    Setting {
        key: "retention",
        label: "buffers",
        argument: "--retention",
        help: "What becomes of applications' buffers once they are sent or received: kept, overwritten by the next one of the same thread, or freed. Dedup depends on it.",
        group: Group::Traffic,
        applies: For::Capture,
        kind: Kind::Choice(&["keep", "overwrite", "free"]),
        get: |config| config.retention.name().to_owned(),
        set: |config, text| {
            let found = Retention::ALL.into_iter().find(|retention| retention.name() == text);
            found
                .map(|retention| config.retention = retention)
                .ok_or_else(|| ConfigError::Retention(text.to_owned()))
        },
    },
    number!(
        "threads",
        "threads",
        "--threads",
        threads,
        Traffic,
        Workload,
        "Threads of each host, one connection each."
    ),
    number!(
        "bytes",
        "bytes a thread",
        "--bytes",
        bytes,
        Traffic,
        Workload,
        "Payload bytes of each thread's stream, or of its answers in all."
    ),
    number!(
        "message",
        "bytes at once",
        "--message",
        message,
        Traffic,
        Workload,
        "Bytes that an application writes at once: a piece of a stream, a page, an answer."
    ),
    Setting {
        key: "receive",
        label: "receive by",
        argument: "--contiguous",
        help: "How applications receive: as segments, which lie as the frames did, or into one contiguous buffer a call, where bytes that do not line up are re-lined, which is a copy.",
        group: Group::Traffic,
        applies: For::Every,
        kind: Kind::Choice(&["segments", "contiguous"]),
        get: |config| config.receive.name().to_owned(),
        set: |config, text| Receive::parse(text).map(|receive| config.receive = receive),
    },
    number!(
        "socket",
        "socket queue, B",
        "--socket-bytes",
        socket_bytes,
        Traffic,
        Workload,
        "Bytes of each of a socket's two queues; all of a host's together are bounded."
    ),
    Setting {
        key: "seed",
        label: "seed",
        argument: "--seed",
        help: "Everything that is drawn comes from it: the same seed gives the same run, anywhere.",
        group: Group::Traffic,
        applies: For::Every,
        kind: Kind::Number("seed"),
        get: |config| config.seed.to_string(),
        set: |config, text| parse_seed(text.trim()).map(|seed| config.seed = seed),
    },
    Setting {
        key: "line",
        label: "line",
        argument: "--line-size",
        help: "Bytes of a memory line, the unit that is held once.",
        group: Group::Memory,
        applies: For::Every,
        kind: Kind::Choice(&["16", "32", "64"]),
        get: |config| config.line_size.to_string(),
        set: |config, text| parse_line_size(text).map(|size| config.line_size = size),
    },
    number!(
        "delayed",
        "delayed free",
        "--delayed-free",
        delayed_free,
        Memory,
        Every,
        "Dead lines that wait, and are revived when the same content comes again (paper section 5)."
    ),
    number!(
        "memory",
        "memory, lines",
        "--memory-lines",
        memory_lines,
        Memory,
        Every,
        "Lines of HICAMP memory; 0 for as many as the run can need. With too few, requests are refused and frames dropped."
    ),
    number!(
        "reserve",
        "reserve, lines",
        "--reserve-lines",
        reserve_lines,
        Memory,
        Every,
        "Lines beside those that only arriving frames may take (paper section 5)."
    ),
    number!("ring", "ring slots", "--ring-slots", ring_slots, Nic, Every, "Slots of each ring."),
    number!(
        "queues",
        "queues",
        "--queues",
        queues,
        Nic,
        Every,
        "Pairs of rings; flows are spread over them by their hash."
    ),
    number!(
        "doorbell",
        "sends per doorbell",
        "--doorbell-every",
        doorbell_every,
        Nic,
        Every,
        "Sends that share a doorbell; the paper's figure is 10."
    ),
    Setting {
        key: "split",
        label: "header split",
        argument: "--no-header-split",
        help: "The NIC puts the payload of what arrives on a line of its own, so that its lines can equal those that were sent.",
        group: Group::Nic,
        applies: For::Every,
        kind: Kind::Switch,
        get: |config| u8::from(config.header_split).to_string(),
        set: |config, text| switch(text).map(|on| config.header_split = on),
    },
    number!(
        "tso",
        "TSO, B",
        "--tso",
        tso,
        Nic,
        Workload,
        "Most bytes of a send that the NIC cuts into segments; 0 has the stack cut."
    ),
    number!("mtu", "MTU, B", "--mtu", mtu, Nic, Workload, "Largest IP packet."),
    Setting {
        key: "timestamps",
        label: "timestamps",
        argument: "--no-timestamps",
        help: "TCP timestamps (RFC 7323): with them a segment carries 12 bytes less payload.",
        group: Group::Nic,
        applies: For::Workload,
        kind: Kind::Switch,
        get: |config| u8::from(config.timestamps).to_string(),
        set: |config, text| switch(text).map(|on| config.timestamps = on),
    },
    number!("rate", "rate, Mbit/s", "--rate", megabits, Link, Every, "The link's rate."),
    number!(
        "latency",
        "latency, ns",
        "--latency",
        latency_ns,
        Link,
        Every,
        "From a frame's departure to its arrival."
    ),
    percent!("loss", "loss, %", "--loss", loss, "Frames that the link loses, in each direction."),
    percent!("duplicate", "duplicates, %", "--duplicate", duplicate, "Frames that the link delivers twice."),
    percent!(
        "reorder",
        "late, %",
        "--reorder",
        reorder,
        "Frames that the link delivers late, behind others."
    ),
    percent!("corrupt", "corrupted, %", "--corrupt", corrupt, "Frames of which the link flips a bit."),
];

fn switch(text: &str) -> Result<bool, ConfigError> {
    match text {
        "1" => Ok(true),
        "0" => Ok(false),
        other => Err(ConfigError::Switch(other.to_owned())),
    }
}

impl Setting {
    /// The setting of that name in links.
    pub fn by_key(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// Its value, as links carry it.
    pub fn get(&self, config: &Config) -> String {
        (self.get)(config)
    }

    /// The configuration with another value.
    ///
    /// # Errors
    /// [`ConfigError`], with what is accepted.
    pub fn set(&self, config: &Config, text: &str) -> Result<Config, ConfigError> {
        let mut changed = *config;
        (self.set)(&mut changed, text)?;
        changed.check()?;
        Ok(changed)
    }

    /// Whether it matters to a run.
    pub fn applies_to(&self, config: &Config) -> bool {
        match self.applies {
            For::Every => true,
            For::Capture => config.workload == Workload::Capture,
            For::Workload => config.workload != Workload::Capture,
        }
    }

    /// Whether it has another value than at first.
    pub fn is_changed(&self, config: &Config) -> bool {
        self.get(config) != self.get(&Config::for_capture())
    }

    /// What is accepted, in words.
    pub fn accepts(&self) -> String {
        let range = |field: &str, scale: f64| {
            let (least, most) = Config::range(field).unwrap_or((0, u64::MAX));
            if scale == 1.0 {
                format!("{} to {}", grouped(least), grouped(most))
            } else {
                format!("{} to {}", least as f64 / scale, most as f64 / scale)
            }
        };
        match self.kind {
            Kind::Choice(values) => values.join(", "),
            Kind::Switch => "on or off".to_owned(),
            Kind::Number("memory_lines") => format!("0, or {}", range("memory_lines", 1.0)),
            Kind::Number(field) => range(field, 1.0),
            Kind::Percent(field) => range(field, 10_000.0),
        }
    }
}

/// The arguments of `snapstack run` that make the same run; of a capture, `file` is its name.
pub fn command_line(config: &Config, changes: &[snapstack::sim::Change], file: Option<&str>) -> String {
    let mut out = "snapstack run".to_owned();
    if let Some(file) = file.filter(|_| config.workload == Workload::Capture) {
        out += &format!(" --capture '{}'", file.replace('\'', r"'\''"));
    }
    for setting in SETTINGS.iter().filter(|s| s.applies_to(config) && s.is_changed(config)) {
        out += &format!(" {}", setting.argument);
        if !["--contiguous", "--no-header-split", "--no-timestamps"].contains(&setting.argument) {
            out += &format!(" {}", setting.get(config));
        }
    }
    for change in changes {
        out += &format!(" --change {change}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_takes_what_it_gives_and_refuses_nonsense_with_what_it_accepts() {
        let config = Config::for_capture();
        for setting in &SETTINGS {
            let value = setting.get(&config);
            assert_eq!(setting.set(&config, &value), Ok(config), "{}", setting.key);
            let error = setting.set(&config, "nonsense").unwrap_err().to_string();
            assert!(error.contains("nonsense"), "{}: {error}", setting.key);
            assert!(!setting.help.is_empty() && !setting.accepts().is_empty());
            if let Kind::Number(field) | Kind::Percent(field) = setting.kind
                && field != "seed"
            {
                assert!(Config::range(field).is_some(), "{field} has a range");
                assert!(setting.set(&config, "99999999999").is_err(), "{field}");
            }
        }
        let mut keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), SETTINGS.len());
    }

    #[test]
    fn shares_are_told_in_percent() {
        let loss = Setting::by_key("loss").unwrap();
        let config = loss.set(&Config::for_capture(), "2.5").unwrap();
        assert_eq!((config.loss, loss.get(&config)), (25_000, "2.5".to_owned()));
        assert!(loss.set(&config, "91").unwrap_err().to_string().contains("900000"));
        assert_eq!(loss.accepts(), "0 to 90");
    }

    #[test]
    fn the_command_line_names_what_differs() {
        let config = Config { line_size: 16, header_split: false, ..Config::for_capture() };
        let lose = "lose:out:7".parse().unwrap();
        assert_eq!(
            command_line(&config, &[lose], Some("my.pcap")),
            "snapstack run --capture 'my.pcap' --line-size 16 --no-header-split --change lose:out:7"
        );
        assert!(command_line(&config, &[], Some("it's.pcap")).contains(r"--capture 'it'\''s.pcap' "));
        let config = Config { threads: 8, mtu: 1280, timestamps: false, latency_ns: 9, ..config };
        let config = Config { workload: Workload::Web, ..config };
        assert_eq!(
            command_line(&config, &[], Some("my.pcap")),
            "snapstack run --workload web --threads 8 --line-size 16 --no-header-split --mtu 1280 --no-timestamps --latency 9"
        );
        assert!(SETTINGS.iter().all(|setting| setting.argument.starts_with("--")));
    }
}
