//! A run as text, `key=value` by `key=value`: as links and messages between page and worker carry it. Settings that are as at
//! first are left out; their names are those of [`crate::settings`].

use serde::{Deserialize, Serialize};
use snapstack::buffers::Scheme;
use snapstack::sim::{Change, Config, ConfigError, MOST_CHANGES};

use crate::settings::{SETTINGS, Setting};

/// A run: configuration, changes on the way, and the scheme of each lane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Spec {
    /// The configuration.
    pub config: Config,
    /// Changes on the way.
    pub changes: Vec<Change>,
    /// The scheme of the left lane, and of the right one.
    pub schemes: [Scheme; 2],
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            config: Config::for_capture(),
            changes: Vec::new(),
            schemes: [Scheme::SkBuff, Scheme::Snapshot],
        }
    }
}

impl Spec {
    /// Hands out every field that is not as at first, in the order in which they are to be read.
    pub fn put(&self, mut put: impl FnMut(&str, String)) {
        for setting in SETTINGS.iter().filter(|setting| setting.is_changed(&self.config)) {
            put(setting.key, setting.get(&self.config));
        }
        if self.schemes != Self::default().schemes {
            for (key, scheme) in ["left", "right"].into_iter().zip(self.schemes) {
                put(key, scheme.name().to_owned());
            }
        }
        for change in &self.changes {
            put("change", change.to_string());
        }
    }

    /// Takes a field in.
    ///
    /// # Errors
    /// In words, for a field that is not known or a value that is none; it changes nothing.
    pub fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "left" | "right" => {
                self.schemes[usize::from(key == "right")] = Scheme::from_name(value).ok_or_else(|| {
                    format!("A scheme of {value:?} is not known: choose sk_buff or snapshot.")
                })?;
            }
            "change" => {
                if self.changes.len() >= MOST_CHANGES {
                    return Err(ConfigError::Changes(self.changes.len() + 1).to_string());
                }
                self.changes.push(value.parse().map_err(|error: ConfigError| error.to_string())?);
            }
            other => match Setting::by_key(other) {
                Some(setting) => {
                    self.config = setting.set(&self.config, value).map_err(|error| error.to_string())?;
                }
                None => {
                    return Err(format!("“{}” is not known.", other.chars().take(20).collect::<String>()));
                }
            },
        }
        Ok(())
    }
}

impl From<Spec> for String {
    fn from(spec: Spec) -> Self {
        let mut text = Self::new();
        spec.put(|key, value| {
            for part in [key, "=", &value, "&"] {
                text.push_str(part);
            }
        });
        text
    }
}

impl TryFrom<String> for Spec {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut spec = Self::default();
        for field in text.split('&').filter(|field| !field.is_empty()) {
            let (key, value) = field.split_once('=').unwrap_or((field, ""));
            spec.take(key, value)?;
        }
        Ok(spec)
    }
}

#[cfg(test)]
mod tests {
    use snapstack::sim::{Receive, Retention, Workload};

    use super::*;

    #[test]
    fn every_field_of_a_run_is_in_its_text() {
        // A field that is added is not forgotten: this names all of them.
        let config = Config {
            version: Config::for_capture().version,
            workload: Workload::Overwriter,
            threads: 7,
            bytes: 9_001,
            message: 501,
            receive: Receive::Contiguous,
            line_size: 16,
            seed: u64::MAX,
            delayed_free: 3,
            socket_bytes: 70_001,
            ring_slots: 77,
            queues: 3,
            doorbell_every: 4,
            header_split: false,
            tso: 4_001,
            mtu: 1_281,
            timestamps: false,
            megabits: 101,
            latency_ns: 1_003,
            loss: 10_001,
            duplicate: 20_002,
            reorder: 30_003,
            corrupt: 40_004,
            layer_ns: Config::for_capture().layer_ns,
            retention: Retention::Overwrite,
            memory_lines: 123_457,
            reserve_lines: 99,
        };
        config.check().unwrap();
        let changes = vec![
            Change::Lose { from_peer: true, frame: 3 },
            Change::Flip { packet: 40, offset: 100, scheme: Some(Scheme::Snapshot) },
        ];
        let spec = Spec { config, changes, schemes: [Scheme::Snapshot, Scheme::SkBuff] };
        assert_eq!(Spec::try_from(String::from(spec.clone())), Ok(spec));
        assert_eq!(String::from(Spec::default()), "");
    }

    #[test]
    fn a_text_with_a_field_that_is_none_is_no_run() {
        for text in ["line=48", "line", "left=netmap", "change=explode", "evil=1"] {
            assert!(Spec::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
