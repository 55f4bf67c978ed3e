//! The page's end of the engine: starts the worker on the module the page itself runs, and hands replies on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::{Array, Object, Reflect, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;
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

/// A running worker; it ends when this is dropped.
pub struct Engine {
    worker: Worker,
    ready: Rc<Cell<bool>>,
    waiting: Rc<RefCell<Vec<(JsValue, Array)>>>,
    _hear: Closure<dyn FnMut(MessageEvent)>,
    _broken: Closure<dyn FnMut(web_sys::Event)>,
}

impl Engine {
    /// Starts the worker; replies go to `replies`.
    ///
    /// # Errors
    /// In words, when the browser starts no worker.
    pub fn start(replies: Callback<Message>) -> Result<Self, String> {
        let loaded = Reflect::get(&js_sys::global(), &"__snapstack".into())
            .ok()
            .filter(JsValue::is_object)
            .ok_or("The page was not started by its loader: reload it.")?;
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
        let broken = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
            let detail = event.dyn_ref::<web_sys::ErrorEvent>().map(web_sys::ErrorEvent::message);
            replies.emit(Message::Broken(detail.unwrap_or_else(|| "no detail is known".to_owned())));
        });
        worker.set_onerror(Some(broken.as_ref().unchecked_ref()));
        worker.post_message(&loaded).map_err(|_| "The worker cannot be reached: reload the page.")?;
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

    /// Reads a capture as request number `run`; its bytes move to the worker.
    pub fn load(&self, run: u32, name: &str, bytes: &Uint8Array) {
        self.send(&Request::Load { run, name: name.to_owned() }, Some(bytes));
    }

    /// Runs something as request number `run`; what runs now is given up.
    pub fn run(&self, run: u32, spec: Spec) {
        self.send(&Request::Run { run, spec }, None);
    }

    /// Asks something about run `run`, as question number `ask`.
    pub fn ask(&self, run: u32, ask: u32, question: Question) {
        self.send(&Request::Ask { run, ask, question }, None);
    }

    /// The answer to question number `ask` is not wanted any more.
    pub fn cancel(&self, ask: u32) {
        self.send(&Request::Cancel { ask }, None);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
