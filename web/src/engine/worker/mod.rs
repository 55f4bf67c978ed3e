//! The worker: reads captures, runs both lanes in quanta short enough to hear the page in between, sends packed batches of
//! events, and answers questions about any moment.

mod answer;
mod capture;
mod catch;
mod numbering;
mod running;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use js_sys::{Array, Object, Reflect, Uint8Array};
use snapstack::buffers::Scheme;
use snapstack::sim::{Lane, MODEL_VERSION, RunError, Setup};
use snapstack::traffic::Traffic;
use wasm_bindgen::prelude::*;
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel, MessageEvent};

use self::answer::LongJob;
use self::capture::Reading;
use self::catch::Catcher;
use self::running::{Finished, Running};
use super::protocol::{ARRAYS, BODY, PROTOCOL, Question, Reply, Request};

pub use self::numbering::Numbering;

/// Longest time without hearing the page, in milliseconds.
const QUANTUM_MS: f64 = 8.0;

/// Whether this code runs in a worker.
pub fn is_worker() -> bool {
    js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>().is_ok()
}

/// A piece of work that is done in quanta.
enum Job {
    Reading(Box<Reading>),
    Running(Box<Running>),
    Long(Box<LongJob>),
}

/// How lanes are made: a module whose worker is not to run every setup is without the code for it.
pub type Make = fn(Scheme, &Setup, Catcher) -> Result<Lane<Catcher>, RunError>;

struct State {
    make: Make,
    job: Option<Job>,
    capture: Option<Arc<Traffic>>,
    /// The run that is over, to be asked about.
    finished: Option<Finished>,
    /// Questions that wait: run, number, question.
    questions: VecDeque<(u32, u32, Question)>,
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

/// Serves the page until it ends this worker, with lanes that `make` makes.
///
/// # Errors
/// When this is no worker.
pub fn serve(make: Make) -> Result<(), JsValue> {
    let global: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let scope = Rc::new(Scope { again: MessageChannel::new()?, global });
    let hear = Closure::<dyn FnMut(MessageEvent)>::new(|event: MessageEvent| hear(&event));
    scope.global.set_onmessage(Some(hear.as_ref().unchecked_ref()));
    hear.forget();
    let quantum = Closure::<dyn FnMut()>::new(quantum);
    scope.again.port1().set_onmessage(Some(quantum.as_ref().unchecked_ref()));
    quantum.forget();
    SCOPE.with(|slot| *slot.borrow_mut() = Some(scope));
    let state = State { make, job: None, capture: None, finished: None, questions: VecDeque::new() };
    STATE.with(|slot| *slot.borrow_mut() = Some(state));
    say(&Reply::Hello { protocol: PROTOCOL, model: MODEL_VERSION }, &[]);
    Ok(())
}

fn scope() -> Option<Rc<Scope>> {
    SCOPE.with(|slot| slot.borrow().clone())
}

/// Sends a reply with typed arrays, which move to the page.
fn say(reply: &Reply, arrays: &[JsValue]) {
    let Some(scope) = scope() else { return };
    // Maps become plain objects, and 64-bit numbers numbers: times of a run fit them.
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
    STATE.with_borrow_mut(|state| {
        let Some(state) = state else { return };
        match request {
            Request::Load { run, name } => {
                let arrays =
                    Reflect::get(&data, &ARRAYS.into()).map(|list| Array::from(&list)).unwrap_or_default();
                let bytes = Uint8Array::new(&arrays.get(0));
                state.job = Some(Job::Reading(Box::new(Reading::new(run, name, bytes))));
            }
            Request::Run { run, spec } => {
                state.questions.clear();
                state.finished = None;
                state.job = Running::start(run, spec, state.capture.clone(), state.make)
                    .map(|running| Job::Running(Box::new(running)));
            }
            Request::Stop => {
                state.questions.clear();
                state.finished = None;
                state.job = None;
            }
            Request::Ask { run, ask, question } => state.questions.push_back((run, ask, question)),
            Request::Cancel { ask } => state.cancel(ask),
        }
    });
    go_on();
}

/// Asks for another quantum, behind what the page has said in the meantime.
fn go_on() {
    let busy = STATE.with_borrow(|state| {
        state.as_ref().is_some_and(|state| {
            state.job.is_some() || (state.finished.is_some() && !state.questions.is_empty())
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
    fn work(&mut self, until: f64) {
        match self.job.take() {
            Some(Job::Reading(mut reading)) => match reading.work(until) {
                Some(Ok(capture)) => self.capture = Some(capture),
                Some(Err(())) => {}
                None => self.job = Some(Job::Reading(reading)),
            },
            Some(Job::Running(mut running)) => {
                if running.work(until) {
                    self.finished = running.finish();
                } else {
                    self.job = Some(Job::Running(running));
                }
            }
            Some(Job::Long(mut long)) => {
                if !long.work(until) {
                    self.job = Some(Job::Long(long));
                }
            }
            None => self.answer(),
        }
    }

    /// Answers the next question, or begins to.
    fn answer(&mut self) {
        let (Some(finished), Some((run, ask, question))) =
            (self.finished.as_mut(), self.questions.pop_front())
        else {
            return;
        };
        if run == finished.run {
            self.job = finished.answer(ask, &question, self.make).map(|long| Job::Long(Box::new(long)));
        }
    }

    fn cancel(&mut self, ask: u32) {
        self.questions.retain(|(_, number, _)| *number != ask);
        if let Some(Job::Long(long)) = &self.job
            && long.ask() == ask
        {
            self.job = None;
        }
    }
}
