//! The picture of memory lines: an element for the annex, and what is to be drawn in it.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::Element;
use yew::prelude::*;

use crate::components::awaited;
use crate::dag::Found;
use crate::session::{Fetched, Msg, Session, Wanted};
use crate::state::DagInfo;

/// Properties of [`Drawing`].
#[derive(Properties, PartialEq)]
pub(super) struct Props {
    /// The lines.
    pub(super) dag: DagInfo,
    /// Those to compare them with.
    pub(super) marked: Option<DagInfo>,
    /// Those that hold what was looked for.
    pub(super) found: Option<Rc<Found>>,
}

/// The picture, or what there is instead until the annex is there.
#[component]
pub(super) fn Drawing(props: &Props) -> Html {
    let Some(session) = use_context::<Session>() else { return html! {} };
    if session.annex.fetched != Fetched::There {
        return html! { <div class="drawing">{ awaited(&session, "The picture of lines") }</div> };
    }
    let Props { dag, marked, found } = props;
    html! { <Host dag={dag.clone()} marked={marked.clone()} found={found.clone()} /> }
}

/// The annex's element.
#[component]
fn Host(props: &Props) -> Html {
    let session = use_context::<Session>();
    let host = use_node_ref();
    let Some(session) = session else { return html! {} };
    let annex = session.annex.clone();
    {
        let (annex, host, send) = (annex.clone(), host.clone(), session.send.clone());
        use_effect_with((), move |()| {
            let select = {
                let send = send.clone();
                Closure::<dyn FnMut(JsValue, JsValue)>::new(move |plid: JsValue, hash: JsValue| {
                    let [plid, hash] = [plid, hash].map(|word| word.as_f64().map(|word| word as u32));
                    send.emit(Msg::Question(Wanted::Line(plid, hash)));
                })
            };
            let find = Closure::<dyn FnMut(Uint8Array)>::new(move |bytes: Uint8Array| {
                send.emit(Msg::Question(Wanted::Find(bytes.to_vec())));
            });
            if let Some(host) = host.cast::<Element>() {
                annex.open_lines(&host, select.as_ref().unchecked_ref(), find.as_ref().unchecked_ref());
            }
            let held = RefCell::new(Some((select, find)));
            move || {
                annex.close_lines();
                held.take();
            }
        });
    }
    {
        let (annex, hash) = (annex.clone(), session.state.line_hash);
        use_effect_with(props.dag.clone(), move |dag| annex.show_lines(dag, hash));
    }
    {
        let annex = annex.clone();
        use_effect_with(props.marked.clone(), move |marked| annex.compare_lines(marked.as_ref()));
    }
    use_effect_with(props.found.as_ref().map(Rc::as_ptr), {
        let found = props.found.clone();
        move |_| {
            if let Some(found) = &found {
                annex.found_lines(found);
            }
        }
    });
    html! { <div class="drawing" ref={host} /> }
}
