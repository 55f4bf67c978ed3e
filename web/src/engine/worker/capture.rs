//! Reading a capture in quanta.

use std::sync::Arc;

use js_sys::Uint8Array;
use snapstack::traffic::{Traffic, TrafficBuilder};

use super::{now, say};
use crate::engine::protocol::{CaptureInfo, Reply};

/// Bytes read between two looks at the clock.
const CHUNK: u32 = 1 << 18;

/// A capture that is being read.
pub(super) struct Reading {
    run: u32,
    name: String,
    bytes: Uint8Array,
    at: u32,
    builder: Option<TrafficBuilder>,
    quiet: bool,
}

impl Reading {
    pub(super) fn new(run: u32, name: String, bytes: Uint8Array, quiet: bool) -> Self {
        Self { run, name, bytes, at: 0, builder: Some(TrafficBuilder::new()), quiet }
    }

    /// It is not wanted any more; the page is told.
    pub(super) fn cancel(&self) {
        if !self.quiet {
            let message = format!("{} is not read: it was cancelled.", self.name);
            say(&Reply::Refused { run: self.run, message }, &[]);
        }
    }

    fn percent(&self) -> u32 {
        (f64::from(self.at) / f64::from(self.bytes.length()) * 100.0) as u32
    }

    /// How much is read, of a hundred, if the page is told nothing of it.
    pub(super) fn quiet_percent(&self) -> Option<u32> {
        self.quiet.then(|| self.percent())
    }

    /// Reads on; the capture, or that there is none, once that is known. The page has been told.
    pub(super) fn work(&mut self, until: f64) -> Option<Result<Arc<Traffic>, ()>> {
        let builder = self.builder.as_mut()?;
        while self.at < self.bytes.length() {
            if now() > until {
                if !self.quiet {
                    say(&Reply::Progress { run: self.run, percent: self.percent() }, &[]);
                }
                return None;
            }
            let end = (self.at + CHUNK).min(self.bytes.length());
            builder.push(&self.bytes.subarray(self.at, end).to_vec());
            self.at = end;
        }
        let run = self.run;
        match self.builder.take()?.finish() {
            Ok(capture) => {
                if !self.quiet {
                    say(&Reply::Loaded { run, info: info(self.name.clone(), &capture) }, &[]);
                }
                Some(Ok(Arc::new(capture)))
            }
            Err(error) => {
                if !self.quiet {
                    say(&Reply::Refused { run, message: format!("{}: {error}", self.name) }, &[]);
                }
                Some(Err(()))
            }
        }
    }
}

fn info(name: String, capture: &Traffic) -> CaptureInfo {
    let skipped = &capture.skipped;
    let reasons = [
        ("without payload", skipped.no_payload),
        ("neither TCP nor UDP", skipped.not_tcp_or_udp),
        ("IP fragments", skipped.ip_fragment),
        ("cut by the snaplen", skipped.cut_by_snaplen),
        ("over the MTU", skipped.over_mtu),
        ("malformed", skipped.malformed),
    ];
    let arrivals = capture.sends.iter().filter(|send| send.arrives).count() as u32;
    CaptureInfo {
        name,
        sha256: hex::encode(capture.sha256),
        packets: capture.summary.packets as u32,
        shown: capture.shown.to_string(),
        sends: capture.sends.len() as u32 - arrivals,
        arrivals,
        skipped: reasons
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| (reason.to_owned(), count as u32))
            .collect(),
        warning: capture.warning(),
    }
}
