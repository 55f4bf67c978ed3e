//! The page's end of the engine: starts workers, hands requests to the right one, and replies on.
//!
//! There are two kinds of worker. One runs on the module that the page itself runs, and replays captures; the other runs
//! whatever there is, in a module of its own that is fetched when the first workload is wanted.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array, Uint32Array};
use snapstack::sim::Workload;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::Callback;

use super::protocol::{ARRAYS, BODY, PROTOCOL, Question, Reply, Request, Spec};

/// What comes from the worker.
pub enum Message {
    /// A reply with its typed arrays.
    Reply(Reply, Vec<Uint32Array>),
    /// The worker is gone, or speaks another protocol.
    Broken(String),
}

/// Which worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Captures,
    Hosts,
}

impl Kind {
    fn of(workload: Workload) -> Self {
        if workload == Workload::Capture { Self::Captures } else { Self::Hosts }
    }
}

/// The workers; they end when this is dropped.
pub struct Engine {
    replies: Callback<Message>,
    captures: Option<Handle>,
    hosts: Option<Handle>,
    /// Whose run is shown.
    current: Kind,
}

impl Engine {
    /// Starts the worker that a run like `spec` needs; replies go to `replies`.
    ///
    /// # Errors
    /// In words, when the browser starts no worker.
    pub fn start(spec: &Spec, replies: Callback<Message>) -> Result<Self, String> {
        let current = Kind::of(spec.config.workload);
        let mut engine = Self { replies, captures: None, hosts: None, current };
        engine.worker(current)?;
        Ok(engine)
    }

    /// A worker, started if it is not there.
    fn worker(&mut self, kind: Kind) -> Result<&Handle, String> {
        let slot = match kind {
            Kind::Captures => &mut self.captures,
            Kind::Hosts => &mut self.hosts,
        };
        match slot {
            Some(handle) => Ok(handle),
            empty => Ok(empty.insert(Handle::start(kind, self.replies.clone())?)),
        }
    }

    fn send(&mut self, kind: Kind, request: &Request, bytes: Option<&Uint8Array>) {
        match self.worker(kind) {
            Ok(worker) => worker.send(request, bytes),
            Err(message) => self.replies.emit(Message::Broken(message)),
        }
    }

    /// What another worker runs is given up. The worker for captures keeps the capture; the other one has nothing to keep.
    fn turn_to(&mut self, kind: Kind) {
        self.current = kind;
        match kind {
            Kind::Captures => self.hosts = None,
            Kind::Hosts => {
                if let Some(worker) = &self.captures {
                    worker.send(&Request::Stop, None);
                }
            }
        }
    }

    /// Reads a capture as request number `run`; its bytes move to the worker.
    pub fn load(&mut self, run: u32, name: &str, bytes: &Uint8Array) {
        self.send(Kind::Captures, &Request::Load { run, name: name.to_owned() }, Some(bytes));
    }

    /// Runs something as request number `run`; what runs now is given up.
    pub fn run(&mut self, run: u32, spec: Spec) {
        let kind = Kind::of(spec.config.workload);
        self.turn_to(kind);
        self.send(kind, &Request::Run { run, spec }, None);
    }

    /// Asks something about run `run`, as question number `ask`.
    pub fn ask(&mut self, run: u32, ask: u32, question: Question) {
        self.send(self.current, &Request::Ask { run, ask, question }, None);
    }

    /// The answer to question number `ask` is not wanted any more.
    pub fn cancel(&mut self, ask: u32) {
        self.send(self.current, &Request::Cancel { ask }, None);
    }
}

/// A running worker; it ends when this is dropped.
struct Handle {
    worker: Worker,
    ready: Rc<Cell<bool>>,
    waiting: Rc<RefCell<Vec<(JsValue, Array)>>>,
    _hear: Closure<dyn FnMut(MessageEvent)>,
    _broken: Closure<dyn FnMut(web_sys::Event)>,
}

/// The module that a worker runs, as the loader hands it out.
fn module(kind: Kind) -> Result<Promise, String> {
    let none = "The page was not started by its loader: reload it.";
    let global = |name: &str| Reflect::get(&js_sys::global(), &name.into()).map_err(|_| none);
    match kind {
        Kind::Captures => {
            let loaded = global("__snapstack")?;
            if loaded.is_object() { Ok(Promise::resolve(&loaded)) } else { Err(none.to_owned()) }
        }
        Kind::Hosts => {
            let fetch: Function = global("__snapstackHosts")?.dyn_into().map_err(|_| none)?;
            fetch
                .call0(&JsValue::NULL)
                .and_then(|value| value.dyn_into::<Promise>())
                .map_err(|_| none.to_owned())
        }
    }
}

impl Handle {
    fn start(kind: Kind, replies: Callback<Message>) -> Result<Self, String> {
        let module = module(kind)?;
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options("worker.js", &options)
            .map_err(|_| "This browser starts no worker: use a current Chrome, Firefox or Safari.")?;
        let ready = Rc::new(Cell::new(false));
        let waiting: Rc<RefCell<Vec<(JsValue, Array)>>> = Rc::default();
        let hear = {
            let (ready, waiting, worker, replies) =
                (Rc::clone(&ready), Rc::clone(&waiting), worker.clone(), replies.clone());
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                let data = event.data();
                let body = Reflect::get(&data, &BODY.into()).unwrap_or_default();
                let reply = match serde_wasm_bindgen::from_value::<Reply>(body) {
                    Ok(reply) => reply,
                    Err(error) => return replies.emit(Message::Broken(error.to_string())),
                };
                if let Reply::Hello { protocol, .. } = reply {
                    if protocol != PROTOCOL {
                        let text = "A newer version of the page is there: reload it.".to_owned();
                        return replies.emit(Message::Broken(text));
                    }
                    ready.set(true);
                    for (message, transfer) in waiting.borrow_mut().drain(..) {
                        let _ = worker.post_message_with_transfer(&message, &transfer);
                    }
                }
                let arrays =
                    Reflect::get(&data, &ARRAYS.into()).map(|list| Array::from(&list)).unwrap_or_default();
                let arrays = arrays.iter().map(|array| Uint32Array::new(&array)).collect();
                replies.emit(Message::Reply(reply, arrays));
            })
        };
        worker.set_onmessage(Some(hear.as_ref().unchecked_ref()));
        let failed = replies.clone();
        let broken = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            let detail = event.dyn_ref::<web_sys::ErrorEvent>().map(web_sys::ErrorEvent::message);
            replies.emit(Message::Broken(detail.unwrap_or_else(|| "no detail is known".to_owned())));
        });
        worker.set_onerror(Some(broken.as_ref().unchecked_ref()));
        let there = worker.clone();
        spawn_local(async move {
            let sent = match JsFuture::from(module).await {
                Ok(module) => there.post_message(&module).map_err(|_| "the worker cannot be reached"),
                Err(_) => Err("the part of the program that runs workloads could not be fetched"),
            };
            if let Err(message) = sent {
                failed.emit(Message::Broken(message.to_owned()));
            }
        });
        Ok(Self { worker, ready, waiting, _hear: hear, _broken: broken })
    }

    fn send(&self, request: &Request, bytes: Option<&Uint8Array>) {
        let Ok(body) = serde_wasm_bindgen::to_value(request) else { return };
        let message = Object::new();
        let (arrays, transfer) = (Array::new(), Array::new());
        if let Some(bytes) = bytes {
            arrays.push(bytes);
            transfer.push(&bytes.buffer());
        }
        let _ = Reflect::set(&message, &BODY.into(), &body);
        let _ = Reflect::set(&message, &ARRAYS.into(), &arrays);
        if self.ready.get() {
            let _ = self.worker.post_message_with_transfer(&message, &transfer);
        } else {
            self.waiting.borrow_mut().push((message.into(), transfer));
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
