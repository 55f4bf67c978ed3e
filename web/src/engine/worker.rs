//! The worker: reads captures, runs both lanes in quanta short enough to hear the page in between, and sends packed
//! batches of events.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Object, Reflect, Uint8Array, Uint32Array};
use snapstack::buffers::Scheme;
use snapstack::ledger::PacketId;
use snapstack::sim::{Config, Lane, MODEL_VERSION, Tap};
use snapstack::traffic::{Traffic, TrafficBuilder};
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

use super::protocol::{ARRAYS, BODY, CaptureInfo, LaneResult, PROTOCOL, PacketInfo, Reply, Request};
use super::{describe, headers};

/// Longest time without hearing the page, in milliseconds.
const QUANTUM_MS: f64 = 8.0;
/// Actions between two looks at the clock.
const ACTIONS: u32 = 256;
/// Bytes of a capture read between two looks at the clock.
const CHUNK: usize = 1 << 18;
/// Bytes of each frame kept for the inspector: more than any header the stack writes.
const HEADER_BYTES: usize = 80;

/// Whether this code runs in a worker.
pub fn is_worker() -> bool {
    js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>().is_ok()
}

/// Keeps the first bytes of every frame.
#[derive(Default)]
struct HeaderTap {
    bytes: Vec<u8>,
}

impl Tap for HeaderTap {
    fn frame(&mut self, packet: PacketId, frame: &[u8]) {
        let start = packet.0 as usize * HEADER_BYTES;
        self.bytes.resize(self.bytes.len().max(start + HEADER_BYTES), 0);
        let len = frame.len().min(HEADER_BYTES);
        self.bytes[start..start + len].copy_from_slice(&frame[..len]);
    }
}

/// A piece of work that is done in quanta.
enum Job {
    Reading { run: u32, name: String, bytes: Uint8Array, at: u32, builder: Box<TrafficBuilder> },
    Running { run: u32, lanes: Vec<Lane<HeaderTap>>, open: [bool; 2], spent: f64 },
}

#[derive(Default)]
struct State {
    job: Option<Job>,
    capture: Option<Arc<Traffic>>,
    config: Config,
    /// Contents of lines by send, for the inspector.
    described: crate::timeline::Traffic,
    /// First bytes of every frame of the finished run.
    headers: Vec<u8>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::new(State::default());
    static SCOPE: RefCell<Option<Rc<Scope>>> = const { RefCell::new(None) };
}

struct Scope {
    global: DedicatedWorkerGlobalScope,
    /// Messages to ourselves come back after those of the page that are already waiting.
    again: MessageChannel,
}

/// Serves the page until it ends this worker.
///
/// # Errors
/// When this is no worker.
pub fn serve() -> Result<(), JsValue> {
    let global: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let scope = Rc::new(Scope { again: MessageChannel::new()?, global });
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| hear(&event));
    scope.global.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget();
    let quantum = Closure::<dyn FnMut()>::new(quantum);
    scope.again.port1().set_onmessage(Some(quantum.as_ref().unchecked_ref()));
    quantum.forget();
    SCOPE.with(|slot| *slot.borrow_mut() = Some(scope));
    say(&Reply::Hello { protocol: PROTOCOL, model: MODEL_VERSION }, &[]);
    Ok(())
}

fn scope() -> Option<Rc<Scope>> {
    SCOPE.with(|slot| slot.borrow().clone())
}

/// Sends a reply with typed arrays, which move to the page.
fn say(reply: &Reply, arrays: &[JsValue]) {
    let Some(scope) = scope() else { return };
    let Ok(body) = serde_wasm_bindgen::to_value(reply) else { return };
    let message = Object::new();
    let list: Array = arrays.iter().collect();
    let buffers: Array =
        arrays.iter().filter_map(|array| Reflect::get(array, &"buffer".into()).ok()).collect();
    let _ = Reflect::set(&message, &BODY.into(), &body);
    let _ = Reflect::set(&message, &ARRAYS.into(), &list);
    let _ = scope.global.post_message_with_transfer(&message, &buffers);
}

fn now() -> f64 {
    let performance = Reflect::get(&js_sys::global(), &"performance".into());
    performance.ok().and_then(|p| p.dyn_into::<web_sys::Performance>().ok()).map_or(0.0, |p| p.now())
}

fn hear(event: &MessageEvent) {
    let data = event.data();
    let Ok(body) = Reflect::get(&data, &BODY.into()) else { return };
    let Ok(request) = serde_wasm_bindgen::from_value::<Request>(body) else { return };
    STATE.with(|state| {
        let mut state = state.borrow_mut();
        match request {
            Request::Load { run, name } => {
                let arrays =
                    Reflect::get(&data, &ARRAYS.into()).map(|list| Array::from(&list)).unwrap_or_default();
                let bytes = Uint8Array::new(&arrays.get(0));
                let builder = Box::new(TrafficBuilder::new());
                state.job = Some(Job::Reading { run, name, bytes, at: 0, builder });
            }
            Request::Run { run, config } => state.start(run, config),
            Request::Inspect { run, packet, send, offset, len } => {
                state.inspect(run, packet, send, offset..offset + len);
            }
        }
    });
    go_on();
}

/// Asks for another quantum, behind what the page has said in the meantime.
fn go_on() {
    let busy = STATE.with(|state| state.borrow().job.is_some());
    if busy && let Some(scope) = scope() {
        let _ = scope.again.port2().post_message(&JsValue::NULL);
    }
}

fn quantum() {
    let until = now() + QUANTUM_MS;
    STATE.with(|state| {
        let mut state = state.borrow_mut();
        if let Some(job) = state.job.take() {
            match job {
                Job::Reading { run, name, bytes, at, builder } => {
                    state.read(run, name, bytes, at, builder, until);
                }
                Job::Running { run, lanes, open, spent } => state.advance(run, lanes, open, spent, until),
            }
        }
    });
    go_on();
}

impl State {
    fn read(
        &mut self,
        run: u32,
        name: String,
        bytes: Uint8Array,
        mut at: u32,
        mut builder: Box<TrafficBuilder>,
        until: f64,
    ) {
        while at < bytes.length() {
            if now() > until {
                self.job = Some(Job::Reading { run, name, bytes, at, builder });
                return;
            }
            let end = (at + CHUNK as u32).min(bytes.length());
            builder.push(&bytes.subarray(at, end).to_vec());
            at = end;
        }
        match builder.finish() {
            Ok(capture) => {
                let info = info(name, &capture);
                self.capture = Some(Arc::new(capture));
                say(&Reply::Loaded { run, info }, &[]);
            }
            Err(error) => say(&Reply::Refused { run, message: format!("{name}: {error}") }, &[]),
        }
    }

    fn start(&mut self, run: u32, config: Config) {
        let Some(capture) = self.capture.clone() else {
            let message = "There is no capture to run yet.".to_owned();
            return say(&Reply::Refused { run, message }, &[]);
        };
        let lanes: Result<Vec<_>, _> = Scheme::ALL
            .into_iter()
            .map(|scheme| Lane::new(scheme, &capture, config, HeaderTap::default(), None))
            .collect();
        match lanes {
            Ok(lanes) => {
                self.config = config;
                self.described = describe(&capture, config.line_size);
                let traffic = &self.described;
                let sends: Vec<u32> = traffic
                    .sends
                    .iter()
                    .flat_map(|send| [send.flow, send.frame, send.len, send.lines])
                    .collect();
                let arrays =
                    [&sends, &traffic.lines, &traffic.glyphs].map(|v| Uint32Array::from(&v[..]).into());
                let flows = traffic.flows.clone();
                say(&Reply::Started { run, config, flows }, &arrays);
                self.headers.clear();
                self.job = Some(Job::Running { run, lanes, open: [true; 2], spent: 0.0 });
            }
            Err(error) => say(&Reply::Refused { run, message: error.to_string() }, &[]),
        }
    }

    fn advance(
        &mut self,
        run: u32,
        mut lanes: Vec<Lane<HeaderTap>>,
        mut open: [bool; 2],
        mut spent: f64,
        until: f64,
    ) {
        let begun = now();
        while open.contains(&true) && now() < until {
            for (lane, open) in lanes.iter_mut().zip(&mut open) {
                if *open {
                    match lane.step_many(ACTIONS) {
                        Ok(more) => *open = more,
                        Err(error) => return say(&Reply::Refused { run, message: error.to_string() }, &[]),
                    }
                }
            }
        }
        spent += now() - begun;
        for (i, lane) in lanes.iter_mut().enumerate() {
            let words = lane.take_events();
            if !words.is_empty() {
                let lane = i as u32;
                say(&Reply::Events { run, lane }, &[Uint32Array::from(&words[..]).into()]);
            }
        }
        if open.contains(&true) {
            self.job = Some(Job::Running { run, lanes, open, spent });
            return;
        }
        let mut results = [LaneResult::default(), LaneResult::default()];
        for (lane, result) in lanes.into_iter().zip(&mut results) {
            let (report, tap) = lane.finish();
            *result = LaneResult { frames: report.frames as u32, digest: report.digest };
            self.headers = tap.bytes;
        }
        say(&Reply::Done { run, results, milliseconds: spent }, &[]);
    }

    fn inspect(&self, run: u32, packet: u32, send: u32, range: Range<u32>) {
        let Some(capture) = &self.capture else { return };
        let start = packet as usize * HEADER_BYTES;
        let kept = match &self.job {
            Some(Job::Running { lanes, .. }) => lanes.last().map_or(&self.headers, |lane| &lane.tap().bytes),
            _ => &self.headers,
        };
        let frame = kept.get(start..start + HEADER_BYTES).unwrap_or_default();
        let mut lines = Vec::new();
        if let (Some(sent), true) =
            (capture.sends.get(send as usize), self.described.sends.len() > send as usize)
        {
            let size = self.described.line_size;
            let contents = self.described.contents(send);
            let payload = capture.bytes(sent);
            for i in range.start / size..range.end.div_ceil(size) {
                let from = (i * size) as usize;
                let to = (from + size as usize).min(payload.len());
                if let (Some(content), Some(bytes)) = (contents.get(i as usize), payload.get(from..to)) {
                    lines.push((*content, hex::encode(bytes)));
                }
            }
        }
        let info = PacketInfo { packet, headers: headers::decode(frame), lines };
        say(&Reply::Inspected { run, info }, &[]);
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
    CaptureInfo {
        name,
        sha256: hex::encode(capture.sha256),
        packets: capture.summary.packets as u32,
        sends: capture.sends.len() as u32,
        skipped: reasons
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(reason, count)| (reason.to_owned(), count as u32))
            .collect(),
        warning: capture.warning(),
    }
}
