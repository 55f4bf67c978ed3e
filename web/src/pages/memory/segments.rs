//! The segments: select, snapshot, release, and a new one.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::editor::Editor;
use crate::annex::{Annex, Msg};
use crate::components::Term;
use crate::lab::{Deed, Said, SegmentView, Step, Thing};
use crate::scene::grouped;

/// The list of segments with the editor of the selected one, and the field for a new one.
#[component]
pub(super) fn Segments() -> Html {
    let Some(annex) = use_context::<Annex>() else { return html! {} };
    let text = use_node_ref();
    let asked = use_mut_ref(|| false);
    let create = {
        let (text, send, asked) = (text.clone(), annex.send.clone(), asked.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if let Some(area) = text.cast::<HtmlTextAreaElement>() {
                *asked.borrow_mut() = true;
                send.emit(Msg::Lab(Deed::Step(Step::Create(area.value().into_bytes().into()))));
            }
        })
    };
    {
        let (text, lab) = (text.clone(), annex.lab.clone());
        use_effect(move || {
            // What was refused stays in the field.
            if asked.take()
                && matches!(lab.borrow().said(), Said::Done(_))
                && let Some(area) = text.cast::<HtmlTextAreaElement>()
            {
                area.set_value("");
            }
        });
    }
    let lab = annex.lab.borrow();
    let selected = lab.selected();
    html! {
        <section class="panel segments" aria-label="Segments">
            <h2><Term word="segment" plural={true} /></h2>
            <ul>
                { for lab.picture().segments.iter().map(|segment| {
                    let on = selected == Some(Thing::Segment(segment.name));
                    html! { <li key={segment.name.0} class={classes!(on.then_some("on"))}>{ row(&annex, segment, on) }</li> }
                }) }
            </ul>
            <form onsubmit={create}>
                <label for="lab-new">{ "New segment" }</label>
                <textarea id="lab-new" ref={text} rows="2" placeholder="type or paste" spellcheck="false" />
                <button id="lab-create">{ "Create" }</button>
            </form>
        </section>
    }
}

fn row(annex: &Annex, segment: &SegmentView, on: bool) -> Html {
    let name = segment.name;
    let act = |deed: Deed| annex.on(move |_: MouseEvent| Msg::Lab(deed.clone()));
    let choose = act(Deed::Select((!on).then_some(Thing::Segment(name))));
    html! {
        <>
            <div class="row">
                <button class="name" aria-expanded={on.to_string()} onclick={choose}>
                    <b>{ name.to_string() }</b><span class="dim">{ format!("{} B", grouped(segment.length)) }</span>
                </button>
                <button onclick={act(Deed::Step(Step::Snapshot(name)))} aria-label={format!("Snapshot {name}")} title={format!("A snapshot of {name}: one map entry")}>{ "Snapshot" }</button>
                <button onclick={act(Deed::Step(Step::Release(name)))} aria-label={format!("Release {name}")} title={format!("Release {name}: lines that nothing else refers to are freed")}>{ "Release" }</button>
            </div>
            if on {
                <Editor segment={segment.clone()} />
            }
        </>
    }
}
