//! The page's end of the engine: starts workers, hands requests to the right one, and replies on.
//!
//! There are two kinds of worker. One runs on the module that the page itself runs, and replays captures, forward: it is there
//! at once. The other runs whatever there is, faster, answers questions about any moment, and has a module of its own, which is
//! fetched when the first workload or large capture is wanted or the first question asked. From then on it runs everything; of a run that the first
//! worker tells about it makes its own copy, quietly, as a run is the same wherever it is run.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array, Uint32Array};
use serde::Serialize;
use serde::de::DeserializeOwned;
use snapstack::sim::Workload;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Blob, MessageEvent, Worker, WorkerOptions, WorkerType};
use yew::Callback;

use super::protocol::{ARRAYS, ASKED, Answered, Asking, BODY, PROTOCOL, Question, Reply, Request};
use super::watch::{Due, Watch};
use crate::spec::Spec;

/// Bytes of a capture from which on the second worker's speed is worth the wait for it.
const LARGE: u32 = 4 << 20;

/// What comes from a worker.
pub enum Message {
    /// A reply with its typed arrays.
    Reply(Reply, Vec<Uint32Array>),
    /// An answer with its typed arrays.
    Answered(Answered, Vec<Uint32Array>),
    /// The module of the worker that runs everything could not be fetched.
    Missing,
    /// A worker is gone, or speaks another protocol: why.
    Broken(String),
    /// A worker is gone, as it could get no more memory than these bytes.
    Full(f64),
}

/// Which worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Replays captures.
    First,
    /// Runs everything and answers.
    Whole,
}

/// A capture's file, for a worker that has not read it: what the browser may keep on disk.
struct Capture {
    name: String,
    blob: Blob,
}

/// The workers; they end when this is dropped.
pub struct Engine {
    replies: Callback<Message>,
    first: Option<Handle>,
    whole: Option<Handle>,
    /// The capture that is read, as which request, and by which worker.
    offered: Option<(u32, Kind, Rc<Capture>)>,
    /// The capture that was read last.
    capture: Option<Rc<Capture>>,
    /// The run that was asked of the first worker last.
    next: Option<Told>,
    /// The run that it tells about.
    told: Option<Told>,
}

/// A run of the first worker: what the whole one needs to make a copy of it.
struct Told {
    run: u32,
    spec: Spec,
    capture: Option<Rc<Capture>>,
    /// Whether it has been asked for one.
    copied: bool,
}

impl Engine {
    /// Starts the worker that a run like `spec` needs; replies go to `replies`.
    ///
    /// # Errors
    /// In words, when the browser starts no worker.
    pub fn start(spec: &Spec, replies: Callback<Message>) -> Result<Self, String> {
        let mut engine =
            Self { replies, first: None, whole: None, offered: None, capture: None, next: None, told: None };
        let kind = if spec.config.workload == Workload::Capture { Kind::First } else { Kind::Whole };
        engine.worker(kind)?;
        Ok(engine)
    }

    /// A worker, started if it is not there.
    fn worker(&mut self, kind: Kind) -> Result<&Handle, String> {
        let slot = match kind {
            Kind::First => &mut self.first,
            Kind::Whole => &mut self.whole,
        };
        match slot {
            Some(handle) => Ok(handle),
            empty => Ok(empty.insert(Handle::start(kind, self.replies.clone())?)),
        }
    }

    fn send(&mut self, kind: Kind, key: &str, request: &impl Serialize, bytes: Bytes) {
        match self.worker(kind) {
            Ok(worker) => worker.send(key, request, bytes),
            Err(message) => self.replies.emit(Message::Broken(message)),
        }
    }

    /// Reads a capture as request number `run`; its bytes move to the worker.
    pub fn load(&mut self, run: u32, name: &str, bytes: &Uint8Array) {
        let kind = if self.whole.is_some() || bytes.length() > LARGE { Kind::Whole } else { Kind::First };
        let blob = Blob::new_with_u8_array_sequence(&Array::of1(bytes)).ok();
        self.offered = blob.map(|blob| (run, kind, Rc::new(Capture { name: name.to_owned(), blob })));
        let request = Request::Load { run, name: name.to_owned(), quiet: false };
        self.send(kind, BODY, &request, Bytes::There(bytes.clone()));
    }

    /// The capture that was to be read has been ([`Reply::Loaded`]).
    pub fn loaded(&mut self, run: u32) {
        let Some((_, kind, capture)) = self.offered.take_if(|(of, ..)| *of == run) else { return };
        if let Some(worker) = self.there(kind) {
            worker.has.replace(Some(Rc::clone(&capture)));
        }
        self.capture = Some(capture);
    }

    fn there(&self, kind: Kind) -> Option<&Handle> {
        match kind {
            Kind::First => self.first.as_ref(),
            Kind::Whole => self.whole.as_ref(),
        }
    }

    /// Runs something as request number `run`; what runs now is given up.
    pub fn run(&mut self, run: u32, spec: Spec) {
        let replays = spec.config.workload == Workload::Capture;
        let kind = if self.whole.is_none() && replays { Kind::First } else { Kind::Whole };
        if replays {
            self.hand_over(kind, self.capture.clone());
        }
        if kind == Kind::First {
            let capture = self.capture.clone();
            self.next = Some(Told { run, spec: spec.clone(), capture, copied: false });
        }
        self.send(kind, BODY, &Request::Run { run, spec, quiet: false }, Bytes::None);
    }

    /// The run has begun ([`Reply::Started`]): what ran before is not told about any more.
    pub fn started(&mut self, run: u32) {
        self.told = self.next.take_if(|next| next.run == run);
        if self.told.is_none()
            && let Some(first) = &self.first
        {
            first.send(BODY, &Request::Stop, Bytes::None);
        }
    }

    /// Gives a capture to a worker, unless it has it.
    fn hand_over(&mut self, kind: Kind, capture: Option<Rc<Capture>>) {
        let Some(capture) = capture else { return };
        let has = |worker: &Handle| worker.has.borrow().as_ref().is_some_and(|has| Rc::ptr_eq(has, &capture));
        if self.there(kind).is_some_and(has) {
            return;
        }
        let request = Request::Load { run: 0, name: capture.name.clone(), quiet: true };
        self.send(kind, BODY, &request, Bytes::Coming(capture.blob.array_buffer()));
        if let Some(worker) = self.there(kind) {
            worker.has.replace(Some(capture));
        }
    }

    /// Asks something about run `run`, as question number `ask`.
    pub fn ask(&mut self, run: u32, ask: u32, question: Question) {
        if let Some(told) = self.told.as_mut().filter(|told| told.run == run && !told.copied) {
            told.copied = true;
            let (spec, capture) = (told.spec.clone(), told.capture.clone());
            self.hand_over(Kind::Whole, capture);
            self.send(Kind::Whole, BODY, &Request::Run { run, spec, quiet: true }, Bytes::None);
        }
        self.send(Kind::Whole, ASKED, &Asking::Ask { run, ask, question }, Bytes::None);
    }

    /// The whole worker's module could not be fetched ([`Message::Missing`]): it may be tried again.
    pub fn missing(&mut self) {
        self.whole = None;
        for told in [&mut self.told, &mut self.next].into_iter().flatten() {
            told.copied = false;
        }
    }

    /// What is being read, or else what runs, is to end where it is ([`Request::Cancel`]).
    pub fn cancel_work(&mut self) {
        let reads = self.offered.as_ref().map(|(_, kind, _)| *kind);
        let runs = if self.told.is_some() { Kind::First } else { Kind::Whole };
        if let Some(worker) = self.there(reads.unwrap_or(runs)) {
            worker.send(BODY, &Request::Cancel, Bytes::None);
        }
    }

    /// A beat of a page that waits for something; from one that was late the counting begins anew. True if a worker does not
    /// live.
    pub fn beat(&self, late: bool) -> bool {
        [&self.first, &self.whole].into_iter().flatten().any(|worker| worker.beat(late))
    }

    /// The answer to question number `ask` is not wanted any more.
    pub fn cancel(&mut self, ask: u32) {
        if let Some(worker) = &self.whole {
            worker.send(ASKED, &Asking::Cancel { ask }, Bytes::None);
        }
    }
}

/// Bytes beside a message.
enum Bytes {
    None,
    /// They move to the worker.
    There(Uint8Array),
    /// A promise of an array buffer; what is sent later waits for it.
    Coming(Promise),
}

/// A running worker; it ends when this is dropped.
struct Handle {
    post: Rc<Post>,
    /// The capture that it has read, or was sent.
    has: RefCell<Option<Rc<Capture>>>,
    _hear: Closure<dyn FnMut(MessageEvent)>,
    _broken: Closure<dyn FnMut(web_sys::Event)>,
}

/// What a worker is sent, in order: held back until it is there, and until bytes have come.
struct Post {
    worker: Worker,
    ready: Cell<bool>,
    /// Whether its module is there: else that is waited for, and not the worker.
    given: Cell<bool>,
    watch: Watch,
    /// Messages that wait, each with what moves.
    waiting: RefCell<VecDeque<(Object, Waits)>>,
}

/// What a message waits for.
enum Waits {
    /// Nothing of its own; with it moves this.
    No(Array),
    /// Bytes that are coming.
    Bytes,
}

impl Post {
    fn flush(&self) {
        while self.ready.get()
            && matches!(self.waiting.borrow().front(), Some((_, Waits::No(_))))
            && let Some((message, Waits::No(transfer))) = self.waiting.borrow_mut().pop_front()
        {
            let _ = self.worker.post_message_with_transfer(&message, &transfer);
        }
    }

    /// The bytes of the first message that waits for some are there, or are not to be had.
    fn supply(&self, bytes: Option<&Uint8Array>) {
        let mut waiting = self.waiting.borrow_mut();
        if let Some((message, waits)) = waiting.iter_mut().find(|(_, waits)| matches!(waits, Waits::Bytes)) {
            *waits = Waits::No(attach(message, bytes));
        }
        drop(waiting);
        self.flush();
    }
}

/// Puts bytes beside a message; what is to move with it.
fn attach(message: &Object, bytes: Option<&Uint8Array>) -> Array {
    let (arrays, transfer) = (Array::new(), Array::new());
    if let Some(bytes) = bytes {
        arrays.push(bytes);
        transfer.push(&bytes.buffer());
    }
    let _ = Reflect::set(message, &ARRAYS.into(), &arrays);
    transfer
}

/// A part of a message, if it is there.
fn part<T: DeserializeOwned>(data: &JsValue, key: &str) -> Option<Result<T, String>> {
    let body = Reflect::get(data, &key.into()).ok().filter(|body| !body.is_undefined())?;
    Some(serde_wasm_bindgen::from_value(body).map_err(|error| error.to_string()))
}

/// The module that a worker runs, as the loader hands it out.
fn module(kind: Kind) -> Result<Promise, String> {
    let none = "The page was not started by its loader: reload it.";
    let global = |name: &str| Reflect::get(&js_sys::global(), &name.into()).map_err(|_| none);
    match kind {
        Kind::First => {
            let loaded = global("__snapstack")?;
            if loaded.is_object() { Ok(Promise::resolve(&loaded)) } else { Err(none.to_owned()) }
        }
        Kind::Whole => {
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
        let post = Rc::new(Post {
            worker: worker.clone(),
            ready: Cell::new(false),
            given: Cell::new(false),
            watch: Watch::default(),
            waiting: RefCell::default(),
        });
        let hear = {
            let (post, replies) = (Rc::clone(&post), replies.clone());
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                post.watch.heard();
                let data = event.data();
                let arrays =
                    Reflect::get(&data, &ARRAYS.into()).map(|list| Array::from(&list)).unwrap_or_default();
                let arrays = arrays.iter().map(|array| Uint32Array::new(&array)).collect();
                replies.emit(match (part(&data, BODY), part(&data, ASKED)) {
                    (Some(Ok(Reply::Hello { protocol, .. })), _) if protocol != PROTOCOL => {
                        Message::Broken("A newer version of the page is there: reload it.".to_owned())
                    }
                    (Some(Ok(Reply::Ended { memory: Some(bytes), .. })), _) => Message::Full(bytes),
                    (Some(Ok(Reply::Ended { detail, .. })), _) => Message::Broken(detail),
                    (Some(Ok(reply)), _) => {
                        if matches!(reply, Reply::Hello { .. }) {
                            post.ready.set(true);
                            post.flush();
                        }
                        Message::Reply(reply, arrays)
                    }
                    (None, Some(Ok(answer))) => Message::Answered(answer, arrays),
                    (Some(Err(error)), _) | (_, Some(Err(error))) => Message::Broken(error),
                    (None, None) => return,
                });
            })
        };
        worker.set_onmessage(Some(hear.as_ref().unchecked_ref()));
        let failed = replies.clone();
        let broken = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            let detail = event.dyn_ref::<web_sys::ErrorEvent>().map(web_sys::ErrorEvent::message);
            replies.emit(Message::Broken(detail.unwrap_or_else(|| "no detail is known".to_owned())));
        });
        worker.set_onerror(Some(broken.as_ref().unchecked_ref()));
        let there = Rc::clone(&post);
        spawn_local(async move {
            match JsFuture::from(module).await {
                Ok(module) if there.worker.post_message(&module).is_ok() => there.given.set(true),
                Ok(_) => failed.emit(Message::Broken("the worker cannot be reached".to_owned())),
                Err(_) => failed.emit(Message::Missing),
            }
        });
        Ok(Self { post, has: RefCell::default(), _hear: hear, _broken: broken })
    }

    /// See [`Engine::beat`].
    fn beat(&self, late: bool) -> bool {
        let Post { ready, given, watch, waiting, .. } = &*self.post;
        let held_back = ready.get() && !waiting.borrow().is_empty();
        if late || !given.get() || held_back {
            watch.heard();
            return false;
        }
        match watch.beat(ready.get()) {
            Due::Nothing => false,
            Due::Ask => {
                self.send(BODY, &Request::Ping, Bytes::None);
                false
            }
            Due::Dead => true,
        }
    }

    fn send(&self, key: &str, body: &impl Serialize, bytes: Bytes) {
        let Ok(body) = serde_wasm_bindgen::to_value(body) else { return };
        let message = Object::new();
        let _ = Reflect::set(&message, &key.into(), &body);
        let waits = match bytes {
            Bytes::None => Waits::No(attach(&message, None)),
            Bytes::There(bytes) => Waits::No(attach(&message, Some(&bytes))),
            Bytes::Coming(promise) => {
                let post = Rc::clone(&self.post);
                spawn_local(async move {
                    let buffer = JsFuture::from(promise).await.ok();
                    post.supply(buffer.map(|buffer| Uint8Array::new(&buffer)).as_ref());
                });
                Waits::Bytes
            }
        };
        self.post.waiting.borrow_mut().push_back((message, waits));
        self.post.flush();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.post.worker.terminate();
    }
}
