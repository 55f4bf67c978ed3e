//! A run of both lanes, in quanta.

use std::sync::Arc;

use js_sys::Uint32Array;
use snapstack::sim::{RunError, SEEK_BYTES, Seeker, Setup, Workload};
use snapstack::stack::Endpoints;
use snapstack::traffic::{Flow, Traffic};
use wasm_bindgen::JsValue;

use super::catch::Catcher;
use super::numbering::Numbering;
use super::{Make, now, say};
use crate::engine::protocol::{LaneResult, Reply, Spec};

/// Steps between two looks at the clock.
const STEPS: u32 = 128;

/// A run that goes on.
pub(super) struct Running {
    run: u32,
    setup: Setup,
    lanes: Vec<Seeker<Catcher>>,
    numbering: Numbering,
    spent: f64,
}

/// A run that is over.
pub(super) struct Finished {
    pub(super) run: u32,
    pub(super) setup: Setup,
    pub(super) lanes: Vec<Seeker<Catcher>>,
}

fn words(list: &[u32]) -> JsValue {
    Uint32Array::from(list).into()
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
    /// Begins a run, and tells the page; None, with what is wrong told, when it cannot be made.
    pub(super) fn start(run: u32, spec: Spec, capture: Option<Arc<Traffic>>, make: Make) -> Option<Self> {
        let setup = Setup { changes: spec.changes.clone(), ..Setup::new(spec.config, capture) };
        let lanes: Result<Vec<_>, RunError> = spec
            .schemes
            .into_iter()
            .map(|scheme| {
                let mut lane = make(scheme, &setup, Catcher::default())?;
                lane.watch();
                Ok(Seeker::new(lane, SEEK_BYTES / 2)?)
            })
            .collect();
        let lanes = match lanes {
            Ok(lanes) => lanes,
            Err(error) => {
                say(&Reply::Refused { run, message: error.to_string() }, &[]);
                return None;
            }
        };
        let traffic = setup.traffic.as_ref().filter(|_| spec.config.workload == Workload::Capture);
        let threads = match traffic {
            Some(traffic) => traffic.flows.iter().map(flow_label).collect(),
            None => (1..=spec.config.threads).map(|n| format!("thread {n}")).collect(),
        };
        let captured: Vec<u32> =
            traffic.iter().flat_map(|traffic| &traffic.sends).map(|send| send.frame as u32).collect();
        say(&Reply::Started { run, spec, threads }, &[words(&captured)]);
        Some(Self { run, setup, lanes, numbering: Numbering::default(), spent: 0.0 })
    }

    /// Runs on until a time, and tells what happened; true when the run is over.
    pub(super) fn work(&mut self, until: f64) -> bool {
        let begun = now();
        while now() < until && self.lanes.iter().any(|lane| !lane.is_over()) {
            for lane in &mut self.lanes {
                if let Err(error) = lane.advance(STEPS) {
                    say(&Reply::Refused { run: self.run, message: error.to_string() }, &[]);
                    self.lanes.clear();
                    return true;
                }
            }
        }
        self.spent += now() - begun;
        for (lane, seeker) in self.lanes.iter_mut().enumerate() {
            let events = seeker.lane_mut().take_events();
            if !events.is_empty() {
                let contents = self.numbering.words(&seeker.lane_mut().take_lines());
                let glyphs = self.numbering.take_glyphs();
                let arrays = [words(&events), words(&contents), words(&glyphs)];
                say(&Reply::Events { run: self.run, lane: lane as u32 }, &arrays);
            }
        }
        self.lanes.iter().all(Seeker::is_over)
    }

    /// The run that is over; the page is told.
    pub(super) fn finish(self) -> Option<Finished> {
        let Self { run, setup, lanes, spent, .. } = self;
        let mut results = [LaneResult::default(), LaneResult::default()];
        for (seeker, result) in lanes.iter().zip(&mut results) {
            let lane = seeker.lane();
            *result = LaneResult { frames: lane.frames().map(|frames| frames as u32), digest: lane.digest() };
        }
        if lanes.is_empty() {
            return None;
        }
        say(&Reply::Done { run, results, milliseconds: spent }, &[]);
        Some(Finished { run, setup, lanes })
    }
}
