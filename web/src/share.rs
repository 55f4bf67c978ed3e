//! Links: configuration, moment and digest in the address's fragment, readable where they can be, versioned, and bounded
//! when read.
//!
//! Version 2: `#/explore?v=2&run=web&threads=8&left=sk_buff&right=snapshot&change=lose:out:7&at=2914&packet=5&mark=40
//! &content=<hash of a line>&place=right:tx:5&range=10-200&filter=thread%203&plots=copies,bus,footprint&axis=time&bottom=ledger
//! &capture=<sha256>&name=<file>&model=3&digest=<hex>&do=view-events`. What is as at first is left out; the settings' names are
//! those of [`crate::settings`]. Version 1 knew captures only, with `line`, `retention` and `seed`. Fields that came later in a
//! version are left out, with a note, by pages that do not know them.

use snapstack::sim::{Change, Config, MODEL_VERSION};

use crate::commands::for_links;
use crate::filter::PacketFilter;
use crate::spec::Spec;
use crate::state::View;
use crate::timeline::Place;

/// Version of the links made here.
pub const LINK_VERSION: u32 = 2;
/// Longest fragment that is read, in bytes.
const MAX_LINK: usize = 4_000;
/// Longest file name that is written, in bytes as they are encoded: a link with all changes and the longest filter is read
/// then, too.
const MAX_NAME: usize = 600;

/// Most commands that a link asks for.
const MOST_COMMANDS: usize = 4;

/// What a link carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// The run.
    pub spec: Spec,
    /// Position in the merged events.
    pub at: Option<u32>,
    /// The selected packet.
    pub packet: Option<u32>,
    /// The selected line: a hash of its bytes.
    pub line: Option<u32>,
    /// The selected slot or socket.
    pub place: Option<Place>,
    /// The moment to compare with.
    pub mark: Option<u32>,
    /// The range of positions that is marked in the plots, its lower end first.
    pub range: Option<(u32, u32)>,
    /// Which packets pass.
    pub filter: PacketFilter,
    /// How it is looked at.
    pub view: View,
    /// SHA-256 of the capture, in hex; None for the demo.
    pub capture: Option<String>,
    /// The capture's file name.
    pub name: Option<String>,
    /// Model version that made it.
    pub model: Option<u32>,
    /// Commands that are carried out once it is shown, by their names: such as choose what is looked at, and no others.
    pub commands: Vec<&'static str>,
    /// Digest of the result: the first 16 hex digits of the left lane's and of the right lane's.
    pub digest: Option<String>,
}

/// A fragment that is no link of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Made by a newer page.
    #[error(
        "This link has version {0}, and this page reads versions up to {LINK_VERSION}: a newer Snapstack made it. Open it there, or reload this page to get the newest."
    )]
    Newer(u32),
    /// Too long to be one.
    #[error(
        "This link is {0} bytes long and none of ours is over {MAX_LINK}: copy it again from where it was shared."
    )]
    TooLong(usize),
    /// No version.
    #[error(
        "This link carries no version, so it cannot be read: a link made by Share begins with #/explore?v=2."
    )]
    NoVersion,
}

/// The digest that a link carries.
pub fn short_digest(left: &str, right: &str) -> String {
    format!("{}{}", left.get(..16).unwrap_or(left), right.get(..16).unwrap_or(right))
}

impl Link {
    /// The fragment, from `#` on.
    pub fn fragment(&self) -> String {
        let mut out = format!("#/explore?v={LINK_VERSION}");
        let mut put = |key: &str, value: String| {
            out.push_str(&format!("&{key}={}", encode(&value)));
        };
        self.spec.put(&mut put);
        for (key, value) in [("at", self.at), ("packet", self.packet), ("mark", self.mark)] {
            if let Some(value) = value {
                put(key, value.to_string());
            }
        }
        if let Some(line) = self.line {
            put("content", format!("{line:08x}"));
        }
        if let Some(place) = self.place {
            put("place", place.write());
        }
        if let Some((from, to)) = self.range {
            put("range", format!("{from}-{to}"));
        }
        if !self.filter.is_empty() {
            put("filter", self.filter.to_string());
        }
        self.view.put(&mut put);
        if let Some(capture) = &self.capture {
            put("capture", capture.clone());
        }
        if let Some(name) = &self.name {
            let mut left = MAX_NAME;
            let fits = |c: &char| {
                left = left.saturating_sub(3 * c.len_utf8());
                left > 0
            };
            put("name", name.chars().take_while(fits).collect());
        }
        if let Some(model) = self.model {
            put("model", model.to_string());
        }
        if let Some(digest) = &self.digest {
            put("digest", digest.clone());
        }
        for command in &self.commands {
            put("do", (*command).to_owned());
        }
        out
    }

    /// Reads a fragment; fields that make no sense are dropped with a note each.
    ///
    /// # Errors
    /// [`LinkError`] when the whole is not to be read.
    pub fn read(fragment: &str) -> Result<(Self, Vec<String>), LinkError> {
        if fragment.len() > MAX_LINK {
            return Err(LinkError::TooLong(fragment.len()));
        }
        let query = fragment.split_once('?').map_or("", |(_, query)| query);
        let fields: Vec<(&str, String)> = query
            .split('&')
            .filter(|field| !field.is_empty())
            .map(|field| field.split_once('=').unwrap_or((field, "")))
            .map(|(key, value)| (key, decode(value)))
            .collect();
        let version =
            fields.iter().find(|(key, _)| *key == "v").and_then(|(_, value)| value.parse::<u32>().ok());
        match version {
            None => return Err(LinkError::NoVersion),
            Some(version) if version > LINK_VERSION => return Err(LinkError::Newer(version)),
            Some(_) => {}
        }
        let mut link = Self::default();
        let (mut taken, mut notes) = (Vec::new(), Vec::new());
        for (key, value) in fields {
            if taken.contains(&key) {
                notes.push(format!("“{key}” is in the link more than once: the first one holds."));
            } else if let Err(problem) = link.take(key, value) {
                notes.push(format!("{problem} The link's value was left out."));
            } else if key != "change" && key != "do" {
                taken.push(key);
            }
        }
        Ok((link, notes))
    }

    /// Takes a field in; what is wrong with it, in words.
    fn take(&mut self, key: &str, value: String) -> Result<(), String> {
        let whole = |value: &str| {
            value.parse::<u32>().map_err(|_| format!("“{key}” must be a whole number, not {value:?}."))
        };
        match key {
            "v" => {}
            "at" => self.at = Some(whole(&value)?),
            "packet" => self.packet = Some(whole(&value)?),
            "mark" => self.mark = Some(whole(&value)?),
            "content" if is_hex(&value, 8) => self.line = u32::from_str_radix(&value, 16).ok(),
            "filter" => self.filter = PacketFilter::parse(&value).map_err(|error| error.to_string())?,
            "model" => self.model = Some(whole(&value)?),
            "capture" if is_hex(&value, 64) => self.capture = Some(value.to_ascii_lowercase()),
            "digest" if is_hex(&value, 32) => self.digest = Some(value.to_ascii_lowercase()),
            "place" => match Place::read(&value) {
                Some(place) => self.place = Some(place),
                None => return Err("“place” must be such as left:tx:5 or right:socket:3.".to_owned()),
            },
            "range" => {
                let (from, to) = value.split_once('-').unwrap_or_default();
                let range = (whole(from)?, whole(to)?);
                if range.0 > range.1 {
                    return Err("“range” must go from a lower position to a higher one.".to_owned());
                }
                self.range = Some(range);
            }
            "plots" | "axis" | "bottom" if self.view.take(key, &value).is_some() => {}
            "plots" | "axis" | "bottom" => return Err(format!("“{key}” has a value that is not known.")),
            "capture" | "digest" | "content" => return Err(format!("“{key}” is no hexadecimal hash.")),
            "do" => match for_links(&value).filter(|_| self.commands.len() < MOST_COMMANDS) {
                Some(command) => self.commands.push(command.id),
                None => return Err("“do” is no command that a link may ask for.".to_owned()),
            },
            "change" if self.repeats(&value) => {
                return Err(format!("“change” has {value:?} twice, and the second does nothing."));
            }
            "name" => self.name = Some(value.chars().filter(|c| !c.is_control()).take(120).collect()),
            _ => self.spec.take(key, &value)?,
        }
        Ok(())
    }

    /// Whether a change is there already and does nothing more. A buffer that is overwritten twice is overwritten with
    /// something else each time.
    fn repeats(&self, change: &str) -> bool {
        let change = change.parse().ok().filter(|change| !matches!(change, Change::Overwrite { .. }));
        change.is_some_and(|change| self.spec.changes.contains(&change))
    }

    /// What to say once the run is over whose digest is `found`.
    pub fn verdict(&self, found: &str) -> Option<String> {
        let digest = self.digest.as_deref()?;
        Some(match self.model {
            Some(model) if model != MODEL_VERSION => {
                format!("made by model {model}; this is model {MODEL_VERSION}, so results may differ")
            }
            _ if digest == found => "reproduced: the link's digest and this run's are equal".to_owned(),
            _ => "diverged: this run's digest is not the link's".to_owned(),
        })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.spec.config
    }
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Percent-encodes all but letters, digits and `-_.~:,` (RFC 3986 section 2.3, and characters that a fragment may hold).
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~:,".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = if *first == b'%' { tail.get(..2) } else { None };
        let decoded = escaped.and_then(|pair| hex::decode(pair).ok());
        match decoded {
            Some(byte) => {
                bytes.extend(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests {
    use proptest::prelude::*;
    use snapstack::buffers::Scheme;
    use snapstack::sim::{MOST_CHANGES, Receive, Retention, Workload};

    use super::*;
    use crate::player::SLOTS;
    use crate::plots::PLOTS;
    use crate::settings::SETTINGS;
    use crate::state::Bottom;
    use crate::timeline::{Ring, Side};

    /// One link per version, as it was shared: later versions must still read it.
    const GOLDEN_1: &str = "#/explore?v=1&line=32&retention=overwrite&seed=18446744073709551615&at=2914&packet=5&capture=335086a7645d74b208ceac3799264a4264b4e85e5b75756308dda2c41dd5d069&name=my%20file%20%C3%A9.pcap&model=1&digest=00112233445566778899aabbccddeeff";
    const GOLDEN_2: &str = "#/explore?v=2&run=web&threads=8&receive=contiguous&line=16&split=0&loss=2.5&left=snapshot&right=sk_buff&change=lose:in:3&change=flip:40:100:snapshot&at=77&packet=5&mark=12&filter=thread%203%20len%20%3E%201000&model=3&digest=00112233445566778899aabbccddeeff";

    /// One with what later pages select and look at, too.
    const GOLDEN_2B: &str = "#/explore?v=2&at=1700&packet=22&content=0000beef&place=right:tx:18&range=10-1700&filter=tcp&plots=copies,bus,footprint&axis=time&bottom=ledger&model=4";

    fn golden_1() -> Link {
        Link {
            spec: Spec {
                config: Config {
                    line_size: 32,
                    retention: Retention::Overwrite,
                    seed: u64::MAX,
                    ..Config::for_capture()
                },
                ..Spec::default()
            },
            at: Some(2914),
            packet: Some(5),
            mark: None,
            filter: PacketFilter::default(),
            capture: Some("335086a7645d74b208ceac3799264a4264b4e85e5b75756308dda2c41dd5d069".to_owned()),
            name: Some("my file é.pcap".to_owned()),
            model: Some(1),
            digest: Some("00112233445566778899aabbccddeeff".to_owned()),
            ..Link::default()
        }
    }

    fn golden_2() -> Link {
        Link {
            spec: Spec {
                config: Config {
                    workload: Workload::Web,
                    threads: 8,
                    receive: Receive::Contiguous,
                    line_size: 16,
                    header_split: false,
                    loss: 25_000,
                    ..Config::for_capture()
                },
                changes: vec![
                    Change::Lose { from_peer: true, frame: 3 },
                    Change::Flip { packet: 40, offset: 100, scheme: Some(Scheme::Snapshot) },
                ],
                schemes: [Scheme::Snapshot, Scheme::SkBuff],
            },
            at: Some(77),
            packet: Some(5),
            mark: Some(12),
            filter: PacketFilter::parse("thread 3 len > 1000").unwrap(),
            model: Some(3),
            digest: Some("00112233445566778899aabbccddeeff".to_owned()),
            ..Link::default()
        }
    }

    fn golden_2b() -> Link {
        Link {
            at: Some(1700),
            packet: Some(22),
            line: Some(0xbeef),
            place: Some(Place::Slot { side: Side::Right, ring: Ring::Tx, queue: 0, slot: 18 }),
            range: Some((10, 1700)),
            filter: PacketFilter::parse("tcp").unwrap(),
            view: View { plots: [0, 5, 4], by_time: true, bottom: Bottom::Ledger },
            model: Some(4),
            ..Link::default()
        }
    }

    #[test]
    fn links_ask_for_few_commands_and_for_none_that_changes_something() {
        let (link, notes) = Link::read("#/explore?v=2&do=view-ledger&do=undo&do=tx-slot&do=forget").unwrap();
        assert_eq!((&link.commands[..], notes.len()), (&["view-ledger", "tx-slot"][..], 2), "{notes:?}");
        assert_eq!(Link::read(&link.fragment()), Ok((link, Vec::new())));
        let many = format!("#/explore?v=2{}", "&do=help".repeat(9));
        assert_eq!(Link::read(&many).unwrap().0.commands.len(), MOST_COMMANDS);
    }

    #[test]
    fn golden_links_of_every_version_are_read() {
        assert_eq!(Link::read(GOLDEN_1), Ok((golden_1(), Vec::new())));
        assert_eq!(Link::read(GOLDEN_2), Ok((golden_2(), Vec::new())));
        assert_eq!(golden_2().fragment(), GOLDEN_2);
        assert_eq!(Link::read(GOLDEN_2B), Ok((golden_2b(), Vec::new())));
        assert_eq!(golden_2b().fragment(), GOLDEN_2B);
    }

    #[test]
    fn newer_and_foreign_links_are_refused_in_words() {
        assert_eq!(Link::read("#/explore?v=3&line=64"), Err(LinkError::Newer(3)));
        assert_eq!(Link::read("#/explore?line=64"), Err(LinkError::NoVersion));
        let long = format!("#/explore?v=1&name={}", "x".repeat(5000));
        assert_eq!(Link::read(&long), Err(LinkError::TooLong(long.len())));
    }

    #[test]
    fn bad_fields_are_dropped_one_by_one_with_a_note() {
        let (link, notes) = Link::read(
            "#/explore?v=2&line=48&seed=7&at=x&threads=9999&retention=keep&digest=zz&evil=%3Cscript%3E&change=explode&left=netmap&filter=thred%203&place=left:tx&range=9-3&range=12&plots=copies,copies&axis=up&bottom=floor",
        )
        .unwrap();
        let spec = Spec { config: Config { seed: 7, ..Config::for_capture() }, ..Spec::default() };
        assert_eq!(link, Link { spec, ..Link::default() });
        assert_eq!(notes.len(), 14, "{notes:?}");
        assert!(notes[0].contains("16, 32 or 64"));
        let many: String = (0..MOST_CHANGES + 2).map(|frame| format!("&change=lose:in:{frame}")).collect();
        let many = format!("#/explore?v=2{many}");
        let (link, notes) = Link::read(&many).unwrap();
        assert_eq!((link.spec.changes.len(), notes.len()), (MOST_CHANGES, 2));
        for (field, says) in [
            ("at", "at"),
            ("threads=", "no number"),
            ("evil", "“evil” is not known"),
            ("place=left:tx", "“place”"),
            ("place=right:socket:0", "“place”"),
            ("range=9-3", "“range” must go from a lower"),
            ("range=9", "“range” must be a whole number"),
            ("range=1-2-3", "“range” must be a whole number"),
            ("range=-1-4294967296", "“range” must be a whole number"),
            ("plots=copies", "“plots” has a value"),
            ("plots=copies,bus,evil", "“plots” has a value"),
            ("axis=", "“axis” has a value"),
            ("bottom=floor", "“bottom” has a value"),
            ("line=32", "“line” is in the link more than once: the first one holds"),
            ("at=7&at=8", "“at” is in the link more than once"),
            ("v=2", "“v” is in the link more than once"),
        ] {
            let (_, notes) = Link::read(&format!("#/explore?v=2&&line=16&{field}&")).unwrap();
            assert!(notes.len() == 1 && notes[0].contains(says), "{field}: {notes:?}");
        }
    }

    #[test]
    fn of_a_field_that_is_there_twice_the_first_holds_unless_it_says_nothing() {
        let read = |fields: &str| Link::read(&format!("#/explore?v=2&{fields}")).unwrap();
        let (link, notes) = read("line=16&line=32&at=7&at=8");
        assert_eq!((link.config().line_size, link.at, notes.len()), (16, Some(7), 2), "{notes:?}");
        let (link, notes) = read("line=48&line=32");
        assert_eq!((link.config().line_size, notes.len()), (32, 1), "{notes:?}");
        let (link, notes) = read("change=lose:in:1&change=lose:in:2&do=view-ledger&do=tx-slot");
        assert_eq!((link.spec.changes.len(), link.commands.len(), notes.len()), (2, 2, 0), "{notes:?}");
    }

    #[test]
    fn of_two_equal_changes_the_second_is_left_out_if_it_does_nothing() {
        for change in ["lose:out:5", "lose:in:5", "flip:40:100", "flip:40:100:snapshot", "rings:9:8"] {
            let link = format!("#/explore?v=2&change={change}&change=lose:out:6&change={change}");
            let (link, notes) = Link::read(&link).unwrap();
            assert_eq!((link.spec.changes.len(), notes.len()), (2, 1), "{notes:?}");
            assert!(notes[0].contains(change) && notes[0].contains("twice"), "{notes:?}");
        }
        let (link, notes) = Link::read("#/explore?v=2&change=lose:out:5&change=lose:out:05").unwrap();
        assert_eq!((link.spec.changes.len(), notes.len()), (1, 1), "{notes:?}");
        let others =
            "#/explore?v=2&change=overwrite:9:1&change=overwrite:9:1&change=flip:4:1&change=flip:4:1:sk_buff";
        let (link, notes) = Link::read(others).unwrap();
        assert_eq!((link.spec.changes.len(), &notes[..]), (4, &[][..]));
    }

    #[test]
    fn hashes_are_the_same_in_upper_and_lower_case() {
        let upper =
            GOLDEN_1.replace("335086a7645d74b208ceac", "335086A7645D74B208CEAC").replace("aabbcc", "AABBCC");
        assert_ne!(upper, GOLDEN_1);
        let (link, notes) = Link::read(&upper).unwrap();
        assert_eq!((link, &notes[..]), (golden_1(), &[][..]));
        let (link, _) = Link::read(&GOLDEN_2B.replace("0000beef", "0000BEEF")).unwrap();
        assert_eq!(link, golden_2b());
    }

    #[test]
    fn the_longest_link_is_read() {
        let config = SETTINGS.iter().fold(Config::for_capture(), |config, setting| {
            let all = [
                "1000",
                "1073741824",
                "4096",
                "64",
                "16",
                "1",
                "0",
                "contiguous",
                "overwrite",
                "bulk",
                "33.3333",
            ];
            all.iter().filter_map(|value| setting.set(&config, value).ok()).next().unwrap_or(config)
        });
        let link = Link {
            spec: Spec {
                config: Config { seed: u64::MAX, ..config },
                changes: vec![Change::Overwrite { at_ns: u64::MAX, thread: u32::MAX }; MOST_CHANGES],
                schemes: [Scheme::Snapshot, Scheme::SkBuff],
            },
            at: Some(u32::MAX),
            packet: Some(u32::MAX),
            line: Some(u32::MAX),
            mark: Some(u32::MAX),
            place: Some(Place::Socket { side: Side::Right, thread: u32::MAX - 1 }),
            range: Some((u32::MAX, u32::MAX)),
            view: View { plots: [1; SLOTS], by_time: true, bottom: Bottom::Branches },
            filter: PacketFilter::parse(&"packet 4294967295 ".repeat(8)).unwrap(),
            capture: golden_1().capture,
            name: Some("網".repeat(500)),
            model: Some(u32::MAX),
            commands: vec!["view-branches"; MOST_COMMANDS],
            digest: golden_2().digest,
        };
        let (read, notes) = Link::read(&link.fragment()).unwrap();
        assert_eq!((&notes[..], &read.spec, &read.filter), (&[][..], &link.spec, &link.filter));
        assert_eq!((read.place, read.range, read.view), (link.place, link.range, link.view));
        assert!(
            read.name.as_ref().is_some_and(|name| link.name.unwrap().starts_with(name) && name.len() > 100)
        );
    }

    #[test]
    fn a_link_says_whether_it_was_reproduced() {
        let link = Link { model: Some(MODEL_VERSION), ..golden_2() };
        assert!(link.verdict("00112233445566778899aabbccddeeff").unwrap().starts_with("reproduced"));
        assert!(link.verdict("ff112233445566778899aabbccddeeff").unwrap().starts_with("diverged"));
        let older = Link { model: Some(MODEL_VERSION + 1), ..link };
        assert!(older.verdict("").unwrap().starts_with("made by model"));
        assert_eq!(Link::default().verdict(""), None);
    }

    /// Keys that say something.
    const KEYS: [&str; 19] = [
        "v", "run", "threads", "memory", "loss", "change", "at", "packet", "filter", "capture", "name",
        "digest", "left", "model", "place", "range", "plots", "axis", "bottom",
    ];

    /// Values that some field may have.
    const VALUES: [&str; 8] = [
        "left:tx:5",
        "right:socket:3",
        "left:rx",
        "10-200",
        "200-10",
        "copies,bus,held",
        "copies,bus,dedup",
        "time",
    ];

    fn places() -> impl Strategy<Value = Option<Place>> {
        let side = proptest::sample::select(Side::BOTH.to_vec());
        let slot = (side.clone(), any::<bool>(), 0..u32::MAX, any::<u32>());
        let slot = slot.prop_map(|(side, up, queue, slot)| Place::Slot {
            side,
            ring: if up { Ring::Rx } else { Ring::Tx },
            queue,
            slot,
        });
        let socket = (side, 0..u32::MAX).prop_map(|(side, thread)| Place::Socket { side, thread });
        proptest::option::of(prop_oneof![slot, socket])
    }

    fn views() -> impl Strategy<Value = View> {
        let bottom = proptest::sample::select(Bottom::ALL.to_vec());
        ([0..PLOTS.len(), 0..PLOTS.len(), 0..PLOTS.len()], any::<bool>(), bottom)
            .prop_map(|(plots, by_time, bottom)| View { plots, by_time, bottom })
    }

    fn changes() -> impl Strategy<Value = Vec<Change>> {
        let scheme = prop_oneof![Just(None), Just(Some(Scheme::SkBuff)), Just(Some(Scheme::Snapshot))];
        let one = prop_oneof![
            (any::<bool>(), any::<u32>()).prop_map(|(from_peer, frame)| Change::Lose { from_peer, frame }),
            (any::<u32>(), any::<u32>(), scheme).prop_map(|(packet, offset, scheme)| Change::Flip {
                packet,
                offset,
                scheme
            }),
            (any::<u64>(), any::<u32>()).prop_map(|(at_ns, thread)| Change::Overwrite { at_ns, thread }),
            (any::<u64>(), 2..u32::MAX).prop_map(|(at_ns, slots)| Change::Rings { at_ns, slots }),
        ];
        proptest::collection::vec(one, 0..8)
    }

    proptest! {
        #[test]
        fn links_read_back_as_written(
            (threads, seed, loss, split) in (1..=1000u32, any::<u64>(), 0..=900_000u32, any::<bool>()),
            workload in proptest::sample::select(Workload::ALL.to_vec()),
            changes in changes(),
            (at, packet, mark, line) in any::<(Option<u32>, Option<u32>, Option<u32>, Option<u32>)>(),
            (place, view) in (places(), views()),
            range in proptest::option::of(any::<(u32, u32)>()),
            name in "[^\\x00-\\x1f\\x7f-\\x9f]{0,40}",
        ) {
            let config = Config { threads, seed, loss, header_split: split, workload, ..Config::for_capture() };
            let spec = Spec { config, changes, ..Spec::default() };
            let range = range.map(|(a, b)| (a.min(b), a.max(b)));
            let link = Link { spec, at, packet, mark, line, place, range, view, name: Some(name), ..Link::default() };
            prop_assert_eq!(Link::read(&link.fragment()), Ok((link, Vec::new())));
        }

        #[test]
        fn whatever_a_fragment_holds_is_read_or_refused_and_what_is_read_is_a_link(
            fields in proptest::collection::vec(
                (prop_oneof!["[a-z]{0,9}", proptest::sample::select(KEYS.to_vec()).prop_map(str::to_owned)], "[=%]{0,2}", prop_oneof!["\\PC{0,40}", proptest::sample::select(VALUES.to_vec()).prop_map(str::to_owned)]),
                0..12,
            ),
        ) {
            let fields: String = fields.iter().map(|(key, sign, value)| format!("&{key}{sign}{value}")).collect();
            for start in ["", "#/explore?", "#/explore?v=1", "#/explore?v=2"] {
                if let Ok((link, _)) = Link::read(&format!("{start}{fields}")) {
                    prop_assert!(link.spec.config.check().is_ok());
                    let (again, notes) = Link::read(&link.fragment()).unwrap();
                    prop_assert_eq!((&again.spec, again.place, again.range, again.view, notes.len()), (&link.spec, link.place, link.range, link.view, 0));
                }
            }
        }

        #[test]
        fn no_fragment_breaks_the_reader(fragment in "#/explore\\?v=2(&[a-z]{1,9}=[ -~]{0,30}){0,20}") {
            let _ = Link::read(&fragment);
        }
    }
}
