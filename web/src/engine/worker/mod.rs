//! The worker: reads captures, runs both lanes in quanta short enough to hear the page in between, and sends packed batches of
//! events. One that has the abilities for it also answers questions about any moment.

mod again;
mod answer;
mod answers;
mod capture;
mod catch;
mod lanes;
mod moment;
mod numbering;
mod running;
#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
mod words;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Object, Reflect, Uint8Array};
use serde::Serialize;
use snapstack::buffers::Scheme;
use snapstack::sim::{MODEL_VERSION, RunError, Setup};
use snapstack::traffic::Traffic;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

use self::answers::{Answers, Questions};
use self::capture::Reading;
use self::lanes::Held;
use self::running::{Finished, Outcome, Running, refusal};
use super::protocol::{ARRAYS, ASKED, BODY, PROTOCOL, Reply, Request};
use crate::spec::Spec;

pub use self::numbering::{Numbering, ports_words};

/// Longest time without hearing the page, in milliseconds.
const QUANTUM_MS: f64 = 8.0;

/// Whether this code runs in a worker.
pub fn is_worker() -> bool {
    js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>().is_ok()
}

/// How the lanes of a run are made.
type Make = fn(Scheme, &Setup) -> Result<Box<dyn Held>, RunError>;

/// What a worker can do. Code that no ability refers to is not in its module.
pub struct Abilities {
    make: Make,
    answers: Option<Box<dyn Answers>>,
}

impl Abilities {
    /// Runs captures, forward.
    pub fn captures() -> Self {
        Self { make: lanes::forward, answers: None }
    }

    /// Runs everything, and answers questions about any moment of it.
    pub fn all() -> Self {
        Self { make: lanes::seeking, answers: Some(Box::<Questions>::default()) }
    }
}

struct State {
    abilities: Abilities,
    capture: Option<Arc<Traffic>>,
    /// The capture that is being read.
    reading: Option<Box<Reading>>,
    /// The run that waits for that: number, what, and whether it is quiet.
    next: Option<(u32, Spec, bool)>,
    running: Option<Box<Running>>,
    /// The run that is over, to be asked about, or why there is none.
    finished: Result<Finished, String>,
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
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
pub fn serve(abilities: Abilities) -> Result<(), JsValue> {
    let global: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let scope = Rc::new(Scope { again: MessageChannel::new()?, global });
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| hear(&event));
    scope.global.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget();
    let quantum = Closure::<dyn FnMut()>::new(quantum);
    scope.again.port1().set_onmessage(Some(quantum.as_ref().unchecked_ref()));
    quantum.forget();
    SCOPE.with(|slot| *slot.borrow_mut() = Some(scope));
    let state = State {
        abilities,
        capture: None,
        reading: None,
        next: None,
        running: None,
        finished: Err("Nothing has been run.".to_owned()),
    };
    STATE.with(|slot| *slot.borrow_mut() = Some(state));
    say(&Reply::Hello { protocol: PROTOCOL, model: MODEL_VERSION }, &[]);
    Ok(())
}

fn scope() -> Option<Rc<Scope>> {
    SCOPE.with(|slot| slot.borrow().clone())
}

/// Sends a reply with typed arrays, which move to the page.
fn say(reply: &Reply, arrays: &[JsValue]) {
    send(BODY, reply, arrays);
}

fn send(key: &str, body: &impl Serialize, arrays: &[JsValue]) {
    let Some(scope) = scope() else { return };
    // Maps become plain objects, and 64-bit numbers numbers: times of a run fit them.
    let Ok(body) = serde_wasm_bindgen::to_value(body) else { return };
    let message = Object::new();
    let list: Array = arrays.iter().collect();
    let buffers: Array =
        arrays.iter().filter_map(|array| Reflect::get(array, &"buffer".into()).ok()).collect();
    let _ = Reflect::set(&message, &key.into(), &body);
    let _ = Reflect::set(&message, &ARRAYS.into(), &list);
    let _ = scope.global.post_message_with_transfer(&message, &buffers);
}

fn now() -> f64 {
    let performance = Reflect::get(&js_sys::global(), &"performance".into());
    performance.ok().and_then(|p| p.dyn_into::<web_sys::Performance>().ok()).map_or(0.0, |p| p.now())
}

fn hear(event: &MessageEvent) {
    let data = event.data();
    STATE.with_borrow_mut(|state| {
        let Some(state) = state else { return };
        let part = |key: &str| Reflect::get(&data, &key.into()).ok().filter(|part| !part.is_undefined());
        if let (Some(answers), Some(asked)) = (&mut state.abilities.answers, part(ASKED)) {
            answers.hear(asked);
        }
        if let Some(Ok(request)) = part(BODY).map(serde_wasm_bindgen::from_value::<Request>) {
            let bytes = || part(ARRAYS).map(|list| Uint8Array::new(&Array::from(&list).get(0)));
            state.take(request, bytes);
        }
    });
    go_on();
}

/// Asks for another quantum, behind what the page has said in the meantime.
fn go_on() {
    let busy = STATE.with_borrow(|state| {
        state.as_ref().is_some_and(|state| {
            let asked = state.abilities.answers.as_ref().is_some_and(|answers| answers.waits());
            state.reading.is_some() || state.running.is_some() || asked
        })
    });
    if busy && let Some(scope) = scope() {
        let _ = scope.again.port2().post_message(&JsValue::NULL);
    }
}

fn quantum() {
    let until = now() + QUANTUM_MS;
    STATE.with_borrow_mut(|state| {
        if let Some(state) = state {
            state.work(until);
        }
    });
    go_on();
}

impl State {
    fn take(&mut self, request: Request, bytes: impl FnOnce() -> Option<Uint8Array>) {
        match request {
            Request::Load { run, name, quiet } => {
                self.next = None;
                self.reading = bytes().map(|bytes| Box::new(Reading::new(run, name, bytes, quiet)));
            }
            Request::Run { run, spec, quiet } if self.reading.is_some() => {
                self.next = Some((run, spec, quiet));
            }
            Request::Run { run, spec, quiet } => self.start(run, spec, quiet),
            Request::Stop => {
                self.next = None;
                self.give_up("It was stopped.");
            }
            Request::Ping => say(&Reply::Pong, &[]),
            Request::Cancel => match (self.reading.take(), self.running.take()) {
                (Some(reading), running) => {
                    self.running = running;
                    reading.cancel();
                    self.start_next();
                }
                (None, Some(running)) => {
                    let why = "The run was cancelled: what is shown ends here.";
                    running.fail(why);
                    self.finished = Err(why.to_owned());
                }
                (None, None) => {}
            },
        }
    }

    /// What runs and what is over are not to be asked about any more.
    fn give_up(&mut self, why: &str) {
        self.running = None;
        self.finished = Err(why.to_owned());
        if let Some(answers) = &mut self.abilities.answers {
            answers.forget();
        }
    }

    /// Begins the run that waited for a capture.
    fn start_next(&mut self) {
        if let Some((run, spec, quiet)) = self.next.take() {
            self.start(run, spec, quiet);
        }
    }

    fn start(&mut self, run: u32, spec: Spec, quiet: bool) {
        let setup = Setup { changes: spec.changes.clone(), ..Setup::new(spec.config, self.capture.clone()) };
        let refused = |message: String| {
            if !quiet {
                say(&Reply::Refused { run, message: message.clone() }, &[]);
            }
            message
        };
        // What is refused must not cost what is there; but there is no memory for two runs at a time.
        if let Err(error) = setup.check() {
            let message = refused(error.to_string());
            if quiet {
                self.give_up(&message);
            }
            return;
        }
        self.give_up("Another run has taken its place.");
        match Running::start(run, setup, spec, quiet, self.abilities.make) {
            Ok(running) => self.running = Some(Box::new(running)),
            Err(error) => self.finished = Err(refused(refusal(&error))),
        }
    }

    /// Tells who asked what is done before the answer.
    fn tell(&mut self, what: &str, percent: Option<u32>) {
        if let (Some(answers), Some(percent)) = (&mut self.abilities.answers, percent) {
            answers.tell(what, percent);
        }
    }

    fn work(&mut self, until: f64) {
        if let Some(reading) = &mut self.reading {
            let Some(read) = reading.work(until) else {
                let percent = reading.quiet_percent();
                return self.tell("Reading the capture again", percent);
            };
            self.reading = None;
            if let Ok(capture) = read {
                self.capture = Some(capture);
            }
            self.start_next();
        } else if let Some(running) = &mut self.running {
            match running.work(until) {
                Outcome::Open => {
                    let percent = running.quiet_percent();
                    self.tell("Making the run again", percent);
                }
                Outcome::Over => {
                    if let Some(running) = self.running.take() {
                        self.finished = Ok(running.finish());
                    }
                }
                Outcome::Failed(message) => {
                    running.fail(&message);
                    self.running = None;
                    self.finished = Err(message);
                }
            }
        } else if let Some(answers) = &mut self.abilities.answers {
            answers.work(self.finished.as_mut().map_err(|why| why.as_str()), until);
        }
    }
}
