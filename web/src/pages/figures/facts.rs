//! What stands beside a figure: the core's counts, notes, and the state in words.

use std::rc::Rc;

use yew::prelude::*;

use crate::components::Term;
use crate::figures::{Figure, Owner, Step, notes, words};

/// Properties of [`Facts`] and [`InWords`].
#[derive(Properties, PartialEq)]
pub(super) struct Props {
    /// The step.
    pub(super) step: Step,
}

/// What the core counted.
#[component]
pub(super) fn Facts(props: &Props) -> Html {
    let state = &props.step.state;
    let counts = state.counts;
    let row = |name: Html, value: String| html! { <><dt>{ name }</dt><dd>{ value }</dd></> };
    html! {
        <>
            <h2>{ "Counted by the core in this step" }</h2>
            <dl class="fields" id="figure-facts">
                { row(html! { <><Term word="line" plural={true} />{ " written" }</> }, counts.written.to_string()) }
                { row(html! { "Lines found by content" }, counts.found.to_string()) }
                { row(html! { "Map entries written" }, counts.entries.to_string()) }
                { row(html! { "Lines held after it" }, counts.held.to_string()) }
                if let Some(copied) = state.copied {
                    { row(html! { "Payload bytes copied so far" }, copied.to_string()) }
                }
                if let Some(ring) = &state.ring {
                    { row(html! { "Tail, Head" }, format!("{}, {}", ring.pointers.tail, ring.pointers.head)) }
                    { row(html! { "Slots the NIC owns" }, ring.owned(Owner::Nic).len().to_string()) }
                }
            </dl>
        </>
    }
}

/// Properties of [`Notes`].
#[derive(Properties, PartialEq)]
pub(super) struct NotesProps {
    /// The figure.
    pub(super) figure: Figure,
    /// Its steps.
    pub(super) steps: Rc<[Step]>,
}

/// Where the figure departs from the paper.
#[component]
pub(super) fn Notes(props: &NotesProps) -> Html {
    html! {
        { for notes(props.figure, &props.steps).into_iter().map(|note| html! {
            <section class={classes!("note", note.title.to_ascii_lowercase().replace(' ', "-"))}>
                <h2>{ note.title }</h2>
                <p>{ note.text }</p>
            </section>
        }) }
    }
}

/// The state in words.
#[component]
pub(super) fn InWords(props: &Props) -> Html {
    html! {
        <details class="words" id="figure-words">
            <summary>{ "This step in words" }</summary>
            <ul>{ for words(&props.step).into_iter().map(|sentence| html! { <li>{ sentence }</li> }) }</ul>
        </details>
    }
}
