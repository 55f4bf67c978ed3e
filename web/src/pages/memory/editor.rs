//! The editor of one segment: type into it, or write at an offset, at its end, or cut it.

use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::annex::{Annex, Msg};
use crate::lab::{Deed, MAX_BYTES, SegmentView, Step};
use crate::scene::grouped;

/// Properties of [`Editor`].
#[derive(Properties, PartialEq)]
pub(super) struct Props {
    /// The segment.
    pub(super) segment: SegmentView,
}

/// The editor.
#[component]
pub(super) fn Editor(props: &Props) -> Html {
    let at = use_node_ref();
    let over = use_node_ref();
    let end = use_node_ref();
    let length = use_node_ref();
    let Some(annex) = use_context::<Annex>() else { return html! {} };
    let SegmentView { name, bytes, .. } = props.segment.clone();
    let text = String::from_utf8(bytes.clone()).ok();
    let typed = annex.on(move |event: InputEvent| {
        let value = event.target_unchecked_into::<HtmlTextAreaElement>().value();
        Msg::Lab(Deed::Step(Step::Assign(name, value.into_bytes().into())))
    });
    let form = |make: Box<dyn Fn() -> Option<Step>>| {
        let send = annex.send.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(step) = make() {
                send.emit(Msg::Lab(Deed::Step(step)));
            }
        })
    };
    let overwrite = {
        let (at, over) = (at.clone(), over.clone());
        form(Box::new(move || Some(Step::Overwrite(name, number(&at)?, value(&over)?.into_bytes().into()))))
    };
    let append = {
        let end = end.clone();
        form(Box::new(move || Some(Step::Append(name, value(&end)?.into_bytes().into()))))
    };
    let truncate = {
        let length = length.clone();
        form(Box::new(move || Some(Step::Truncate(name, number(&length)?))))
    };
    let most = MAX_BYTES.to_string();
    html! {
        <div class="editor">
            if let Some(text) = text {
                <textarea id="lab-text" rows="3" value={text} oninput={typed} spellcheck="false" aria-label={format!("Content of {name}")} />
            } else {
                <textarea id="lab-text" rows="3" value={String::from_utf8_lossy(&bytes).into_owned()} readonly={true} aria-label={format!("Content of {name}")} />
                <p class="dim">{ "Its bytes are no text, so they are not typed into: overwrite, append or truncate." }</p>
            }
            <form onsubmit={overwrite}>
                <label for="lab-at">{ "at byte" }</label>
                <input id="lab-at" ref={at} type="number" min="0" max={most.clone()} value="0" required={true} />
                <input ref={over} aria-label="Bytes to write" placeholder="text" size="8" required={true} />
                <button>{ "Overwrite" }</button>
            </form>
            <form onsubmit={append}>
                <label for="lab-end">{ "at the end" }</label>
                <input id="lab-end" ref={end} placeholder="text" size="8" required={true} />
                <button>{ "Append" }</button>
            </form>
            <form onsubmit={truncate}>
                <label for="lab-length">{ "to length" }</label>
                <input id="lab-length" ref={length} type="number" min="0" max={most} value={(props.segment.length / 2).to_string()} required={true} />
                <button>{ "Truncate" }</button>
            </form>
            <p class="dim" id="lab-range">{ format!("Bytes and lengths from 0 to {}, the most that a segment has here.", grouped(MAX_BYTES)) }</p>
        </div>
    }
}

fn value(node: &NodeRef) -> Option<String> {
    Some(node.cast::<HtmlInputElement>()?.value())
}

fn number(node: &NodeRef) -> Option<u64> {
    value(node)?.trim().parse().ok()
}
