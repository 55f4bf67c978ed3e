//! A run of both lanes, in quanta.

use js_sys::Uint32Array;
use snapstack::buffers::BufferError;
use snapstack::memory::MemoryError;
use snapstack::sim::{RunError, Seeker, Setup, Workload};
use snapstack::stack::Endpoints;
use snapstack::traffic::Flow;
use wasm_bindgen::JsValue;

use super::catch::Catcher;
use super::lanes::Held;
use super::numbering::{Numbering, ports_words};
use super::{Make, now, say};
use crate::engine::protocol::{LaneResult, NEEDS_LESS, Reply};
use crate::scene::grouped;
use crate::spec::Spec;

/// Steps between two looks at the clock.
const STEPS: u32 = 128;
/// Events of both lanes that a page is sent at the most: it holds all of them.
const MOST_EVENTS: u64 = 8_000_000;

/// A run that goes on.
pub(super) struct Running {
    run: u32,
    setup: Setup,
    lanes: Vec<Box<dyn Held>>,
    numbering: Numbering,
    spent: f64,
    quiet: bool,
}

/// A run that is over.
pub(super) struct Finished {
    pub(super) run: u32,
    pub(super) setup: Setup,
    pub(super) lanes: Vec<Box<dyn Held>>,
}

impl Finished {
    /// A lane, to go to any moment.
    pub(super) fn seeker(&mut self, lane: u32) -> Option<&mut Seeker<Catcher>> {
        self.lanes.get_mut(lane as usize)?.seeker()
    }
}

/// What a run comes to once it goes on no longer.
pub(super) enum Outcome {
    /// It goes on.
    Open,
    /// It is over.
    Over,
    /// It cannot go on, and why.
    Failed(String),
}

fn words(list: &[u32]) -> JsValue {
    Uint32Array::from(list).into()
}

/// Why a run cannot be made, in the page's words.
pub(super) fn refusal(error: &RunError) -> String {
    match error {
        RunError::Setup(BufferError::Memory(MemoryError::Host { bytes })) => format!(
            "This run needs a memory of {} MiB, which the browser does not give this page. {NEEDS_LESS}",
            bytes.div_ceil(1 << 20)
        ),
        other => other.to_string(),
    }
}

/// Why a run ends that has more events than a page can hold, in the page's words and numbers.
pub(super) fn too_long() -> String {
    format!(
        "The two lanes of this run have more than {} events, which is all that a page can hold: what is shown ends here. The \
         time bar counts fewer, as what both lanes do alike is one event there. Fewer threads or bytes make the run shorter; \
         the command line has no such limit.",
        grouped(MOST_EVENTS)
    )
}

/// A connection in one line.
fn flow_label(flow: &Flow) -> String {
    let protocol = if flow.tcp { "TCP" } else { "UDP" };
    match flow.endpoints {
        Endpoints::V4 { src, dst } => format!("{protocol} {}:{} ↔ {}:{}", src.0, src.1, dst.0, dst.1),
        Endpoints::V6 { src, dst } => format!("{protocol} [{}]:{} ↔ [{}]:{}", src.0, src.1, dst.0, dst.1),
    }
}

impl Running {
    /// Begins a run, and tells the page.
    ///
    /// # Errors
    /// When it cannot be made, why.
    pub(super) fn start(
        run: u32,
        setup: Setup,
        spec: Spec,
        quiet: bool,
        make: Make,
    ) -> Result<Self, RunError> {
        let lanes = spec.schemes.into_iter().map(|scheme| make(scheme, &setup));
        let lanes = lanes.collect::<Result<Vec<_>, RunError>>()?;
        let running = Self { run, setup, lanes, numbering: Numbering::default(), spent: 0.0, quiet };
        if !quiet {
            running.tell(spec);
        }
        Ok(running)
    }

    /// Tells the page what begins.
    fn tell(&self, spec: Spec) {
        let Self { run, setup, .. } = self;
        let traffic = setup.traffic.as_ref().filter(|_| spec.config.workload == Workload::Capture);
        let threads = match traffic {
            Some(traffic) => traffic.flows.iter().map(flow_label).collect(),
            None => (1..=spec.config.threads).map(|n| format!("thread {n}")).collect(),
        };
        let captured: Vec<u32> =
            traffic.iter().flat_map(|traffic| &traffic.sends).map(|send| send.frame as u32).collect();
        say(&Reply::Started { run: *run, spec, threads }, &[words(&captured)]);
    }

    /// Runs on until a time, and tells what happened.
    pub(super) fn work(&mut self, until: f64) -> Outcome {
        let begun = now();
        while now() < until && self.lanes.iter().any(|lane| !lane.is_over()) {
            for lane in &mut self.lanes {
                if let Err(error) = lane.advance(STEPS) {
                    return Outcome::Failed(error.to_string());
                }
            }
        }
        self.spent += now() - begun;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let events = lane.take_events();
            if events.is_empty() {
                continue;
            }
            let (lines, ports) = (lane.take_lines(), lane.take_ports());
            if !self.quiet {
                let contents = self.numbering.words(&lines);
                let glyphs = self.numbering.take_glyphs();
                let arrays = [words(&events), words(&contents), words(&glyphs), words(&ports_words(&ports))];
                say(&Reply::Events { run: self.run, lane: index as u32 }, &arrays);
            }
        }
        if self.lanes.iter().map(|lane| lane.events()).sum::<u64>() > MOST_EVENTS {
            return Outcome::Failed(too_long());
        }
        if self.lanes.iter().all(|lane| lane.is_over()) { Outcome::Over } else { Outcome::Open }
    }

    /// How much of a capture a run that tells nothing has come through, of a hundred.
    pub(super) fn quiet_percent(&self) -> Option<u32> {
        let traffic = self.setup.traffic.as_ref().filter(|_| self.quiet)?;
        let now = self.lanes.iter().map(|lane| lane.now()).min()?;
        let come = traffic.sends.partition_point(|send| send.time_ns <= now);
        Some((come * 100 / traffic.sends.len().max(1)) as u32)
    }

    /// The run cannot go on; the page is told.
    pub(super) fn fail(&self, message: &str) {
        if !self.quiet {
            say(&Reply::Refused { run: self.run, message: message.to_owned() }, &[]);
        }
    }

    /// The run that is over; the page is told.
    pub(super) fn finish(self) -> Finished {
        let Self { run, setup, lanes, spent, quiet, .. } = self;
        if !quiet {
            let mut results = [LaneResult::default(), LaneResult::default()];
            for (lane, result) in lanes.iter().zip(&mut results) {
                *result =
                    LaneResult { frames: lane.frames().map(|frames| frames as u32), digest: lane.digest() };
            }
            say(&Reply::Done { run, results, milliseconds: spent }, &[]);
        }
        Finished { run, setup, lanes }
    }
}
