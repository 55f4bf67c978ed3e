//! Links: configuration, moment and digest in the address's fragment, readable where they can be, versioned, and bounded
//! when read.
//!
//! Version 1: `#/explore?v=1&line=64&retention=keep&seed=1&at=2914&packet=5&capture=<sha256>&name=<file>&model=1&digest=<hex>`

use snapstack::sim::{
    CONFIG_VERSION, Config, ConfigError, MODEL_VERSION, parse_line_size, parse_retention, parse_seed,
};

/// Version of the links made here.
pub const LINK_VERSION: u32 = 1;
/// Longest fragment that is read, in bytes.
const MAX_LINK: usize = 2_000;

/// What a link carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    /// The configuration.
    pub config: Config,
    /// Position in the merged events.
    pub at: Option<u32>,
    /// The selected packet.
    pub packet: Option<u32>,
    /// SHA-256 of the capture, in hex; None for the demo.
    pub capture: Option<String>,
    /// The capture's file name.
    pub name: Option<String>,
    /// Model version that made it.
    pub model: Option<u32>,
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
        "This link carries no version, so it cannot be read: a link made by Share begins with #/explore?v=1."
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
        let Config { line_size, retention, seed, .. } = self.config;
        let mut out =
            format!("#/explore?v={LINK_VERSION}&line={line_size}&retention={}&seed={seed}", retention.name());
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                out.push_str(&format!("&{key}={}", js_encode(&value)));
            }
        };
        put("at", self.at.map(|at| at.to_string()));
        put("packet", self.packet.map(|packet| packet.to_string()));
        put("capture", self.capture.clone());
        put("name", self.name.clone());
        put("model", self.model.map(|model| model.to_string()));
        put("digest", self.digest.clone());
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
            .filter_map(|field| field.split_once('='))
            .map(|(key, value)| (key, js_decode(value)))
            .collect();
        let version =
            fields.iter().find(|(key, _)| *key == "v").and_then(|(_, value)| value.parse::<u32>().ok());
        match version {
            None => return Err(LinkError::NoVersion),
            Some(version) if version > LINK_VERSION => return Err(LinkError::Newer(version)),
            Some(_) => {}
        }
        let mut link =
            Self { config: Config { version: CONFIG_VERSION, ..Config::default() }, ..Self::default() };
        let mut notes = Vec::new();
        let mut drop = |error: String| notes.push(format!("{error} The link's value was left out."));
        for (key, value) in fields {
            let config = &mut link.config;
            let number = |value: &str| value.parse::<u32>().ok();
            let done: Result<(), ConfigError> = match key {
                "v" => Ok(()),
                "line" => parse_line_size(&value).map(|size| config.line_size = size),
                "retention" => parse_retention(&value).map(|retention| config.retention = retention),
                "seed" => parse_seed(&value).map(|seed| config.seed = seed),
                "at" | "packet" | "model" => {
                    let target = match key {
                        "at" => &mut link.at,
                        "packet" => &mut link.packet,
                        _ => &mut link.model,
                    };
                    *target = number(&value);
                    if target.is_none() {
                        drop(format!("“{key}” must be a whole number, not {value:?}."));
                    }
                    Ok(())
                }
                "capture" if is_hex(&value, 64) => {
                    link.capture = Some(value);
                    Ok(())
                }
                "digest" if is_hex(&value, 32) => {
                    link.digest = Some(value);
                    Ok(())
                }
                "capture" | "digest" => {
                    drop(format!("“{key}” is no hexadecimal hash."));
                    Ok(())
                }
                "name" => {
                    link.name = Some(value.chars().filter(|c| !c.is_control()).take(120).collect());
                    Ok(())
                }
                other => {
                    drop(format!("“{}” is not known.", other.chars().take(20).collect::<String>()));
                    Ok(())
                }
            };
            if let Err(error) = done {
                drop(error.to_string());
            }
        }
        Ok((link, notes))
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
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Percent-encodes all but letters, digits and `-_.~` (RFC 3986 section 2.3).
fn js_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn js_decode(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use snapstack::sim::Retention;

    /// One link per version, as it was shared: later versions must still read it.
    const GOLDEN_1: &str = "#/explore?v=1&line=32&retention=overwrite&seed=18446744073709551615&at=2914&packet=5&capture=335086a7645d74b208ceac3799264a4264b4e85e5b75756308dda2c41dd5d069&name=my%20file%20%C3%A9.pcap&model=1&digest=00112233445566778899aabbccddeeff";

    fn golden() -> Link {
        Link {
            config: Config {
                line_size: 32,
                retention: Retention::Overwrite,
                seed: u64::MAX,
                ..Config::default()
            },
            at: Some(2914),
            packet: Some(5),
            capture: Some("335086a7645d74b208ceac3799264a4264b4e85e5b75756308dda2c41dd5d069".to_owned()),
            name: Some("my file é.pcap".to_owned()),
            model: Some(1),
            digest: Some("00112233445566778899aabbccddeeff".to_owned()),
        }
    }

    #[test]
    fn golden_links_of_every_version_are_read() {
        assert_eq!(Link::read(GOLDEN_1), Ok((golden(), Vec::new())));
        assert_eq!(golden().fragment(), GOLDEN_1);
    }

    #[test]
    fn newer_and_foreign_links_are_refused_in_words() {
        assert_eq!(Link::read("#/explore?v=2&line=64"), Err(LinkError::Newer(2)));
        assert_eq!(Link::read("#/explore?line=64"), Err(LinkError::NoVersion));
        let long = format!("#/explore?v=1&name={}", "x".repeat(3000));
        assert_eq!(Link::read(&long), Err(LinkError::TooLong(long.len())));
    }

    #[test]
    fn bad_fields_are_dropped_one_by_one_with_a_note() {
        let (link, notes) =
            Link::read("#/explore?v=1&line=48&seed=7&at=x&retention=keep&digest=zz&evil=%3Cscript%3E")
                .unwrap();
        assert_eq!(link, Link { config: Config { seed: 7, ..Config::default() }, ..Link::default() });
        assert_eq!(notes.len(), 4, "{notes:?}");
        assert!(notes[0].contains("16, 32 or 64"));
    }

    #[test]
    fn a_link_says_whether_it_was_reproduced() {
        let link = Link { model: Some(MODEL_VERSION), ..golden() };
        assert!(link.verdict("00112233445566778899aabbccddeeff").unwrap().starts_with("reproduced"));
        assert!(link.verdict("ff112233445566778899aabbccddeeff").unwrap().starts_with("diverged"));
        let older = Link { model: Some(MODEL_VERSION + 1), ..link };
        assert!(older.verdict("").unwrap().starts_with("made by model"));
        assert_eq!(Link::default().verdict(""), None);
    }
}
