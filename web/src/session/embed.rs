//! The page inside another one (`?embed`): it takes a few commands from the page that embeds it and tells that page where it
//! is. The messages are described in docs/embed.md; nobody else is heard or told, and nothing is stored.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Window};
use yew::Callback;

use super::Msg;
use crate::browser::window;
use crate::components::TimeEvent;
use crate::state::Action;

/// Version of the messages.
const VERSION: f64 = 1.0;

/// Whether an embedded page lets a message be: it looks, and changes nothing but the moment.
pub(super) fn refuses(msg: &Msg) -> bool {
    match msg {
        Msg::Act(action) => {
            !matches!(action, Action::Status(_) | Action::JumpTo(_) | Action::Reported(_) | Action::Dismiss)
        }
        Msg::Do(intent) => !intent.only_looks(),
        Msg::Controls(_) | Msg::Reopen(_) | Msg::Question(_) | Msg::Export(..) => true,
        _ => false,
    }
}

/// The page around this one, if there is one.
fn parent() -> Option<Window> {
    let window = window()?;
    let parent = window.parent().ok()??;
    (!Object::is(&parent, &window)).then_some(parent)
}

/// The other page's end.
pub(super) struct Embedder {
    /// Where it comes from: told by its messages, or by the browser before the first.
    origin: Option<String>,
    _hear: Closure<dyn FnMut(MessageEvent)>,
}

impl Embedder {
    /// Listens to the page around this one; None if there is none.
    pub(super) fn listen(send: Callback<Msg>) -> Option<Self> {
        let parent = parent()?;
        let hear = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            // From the page that embeds this one, and no other.
            if Object::is(&Reflect::get(&event, &"source".into()).unwrap_or_default(), &parent) {
                send.emit(Msg::Embedder(read(&event.data()), event.origin()));
            }
        });
        let window = window()?;
        window.add_event_listener_with_callback("message", hear.as_ref().unchecked_ref()).ok()?;
        Some(Self { origin: ancestor(&window), _hear: hear })
    }

    /// Its messages come from there.
    pub(super) fn comes_from(&mut self, origin: String) {
        self.origin = Some(origin);
    }

    /// Tells it something: `is`, and fields with their values.
    pub(super) fn tell(&self, is: &str, fields: &[(&str, JsValue)]) {
        let (Some(origin), Some(parent)) = (&self.origin, parent()) else { return };
        let message = Object::new();
        let all = [("snapstack", VERSION.into()), ("is", is.into())];
        for (key, value) in all.iter().chain(fields) {
            let _ = Reflect::set(&message, &(*key).into(), value);
        }
        let _ = parent.post_message(&message, origin);
    }
}

/// Where the page around comes from, as far as the browser tells: a sandbox may hide it.
fn ancestor(window: &Window) -> Option<String> {
    let ancestors = Reflect::get(&window.location(), &"ancestorOrigins".into()).ok()?;
    let first = Reflect::get_u32(&ancestors, 0).ok()?.as_string();
    first.or_else(|| {
        let referrer = window.document()?.referrer();
        web_sys::Url::new(&referrer).ok().map(|url| url.origin())
    })
}

/// A command, or what is wrong with the message; None for what is no message of ours.
fn read(data: &JsValue) -> Option<Result<TimeEvent, String>> {
    let get = |key: &str| Reflect::get(data, &key.into()).unwrap_or_default();
    let version = get("snapstack").as_f64()?;
    if version != VERSION {
        return Some(Err(format!(
            "Messages of version {version} are not understood; this page speaks version 1."
        )));
    }
    Some(match get("do").as_string().as_deref() {
        Some("play") => Ok(TimeEvent::Play(true)),
        Some("pause") => Ok(TimeEvent::Play(false)),
        Some("seek") => match get("at").as_f64() {
            Some(at) if at >= 0.0 && at <= f64::from(u32::MAX) => Ok(TimeEvent::Seek(at as u32)),
            _ => Err("To seek, give “at”: an event's number, from 0.".to_owned()),
        },
        other => Err(format!("{:?} is not known: do play, pause or seek.", other.unwrap_or_default())),
    })
}
