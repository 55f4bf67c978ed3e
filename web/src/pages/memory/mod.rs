//! The memory page: type, snapshot, overwrite, compare, and see which lines there are and who refers to them.

mod canvas;
mod compare;
mod editor;
mod line;
mod segments;

pub(super) use self::canvas::use_size;

use yew::prelude::*;

use self::canvas::Canvas;
use self::compare::Compare;
use self::line::Line;
use self::segments::Segments;
use crate::annex::{Annex, Msg};
use crate::browser::mark;
use crate::components::{Term, save};
use crate::lab::{Deed, Picture, Said};
use crate::plots::Format;
use crate::scene::grouped;

/// The page.
#[component]
pub fn Memory() -> Html {
    let Some(annex) = use_context::<Annex>() else { return html! {} };
    use_effect_with((), |()| mark("data-ready", "true"));
    let lab = annex.lab.borrow();
    let picture = lab.picture();
    let (undo, redo) = lab.can_undo_redo();
    let act = |deed: Deed| annex.on(move |_: MouseEvent| Msg::Lab(deed.clone()));
    let (class, said, role) = match lab.said() {
        Said::Done(text) => ("said", text.clone(), "status"),
        Said::Problem(text) => ("said problem", text.clone(), "alert"),
    };
    html! {
        <>
            <section class="controls" aria-label="Memory">
                <span class="field" role="group" aria-label="Line size">
                    <span class="name"><Term word="line" /></span>
                    { for [16, 32, 64].into_iter().map(|size| {
                        let on = picture.line_size == size;
                        html! { <button class={classes!("choice", on.then_some("on"))} aria-pressed={on.to_string()} onclick={act(Deed::LineSize(size))}>{ format!("{size} B") }</button> }
                    }) }
                </span>
                <span class="field">
                    <button id="lab-undo" disabled={!undo} onclick={act(Deed::Undo)} title="Undo (Ctrl+Z)">{ "Undo" }</button>
                    <button id="lab-redo" disabled={!redo} onclick={act(Deed::Redo)} title="Redo (Ctrl+Shift+Z)">{ "Redo" }</button>
                </span>
                <span class="field">
                    <button id="lab-figure" onclick={act(Deed::Figure1)} title="Start over with the paper's Figure 1; Undo then goes through it step by step">{ "Figure 1" }</button>
                    <button id="lab-clear" onclick={act(Deed::Clear)} title="Start over with an empty memory">{ "Empty" }</button>
                </span>
                { save("the drawing", Format::PICTURES, &annex.on(Msg::SaveLab)) }
                { totals(picture) }
            </section>
            <main class="lab">
                <Segments />
                <section class="drawing" aria-label="Lines">
                    <p class={class} id="lab-said" {role}>{ said }</p>
                    <Canvas />
                    if picture.left_out > 0 {
                        <p class="dim">{ format!("{} more lines are not drawn.", grouped(picture.left_out)) }</p>
                    }
                </section>
                <aside class="panel" aria-label="Selection">
                    <Line />
                    <Compare />
                </aside>
            </main>
        </>
    }
}

/// What the memory holds, and what one without sharing would.
fn totals(picture: &Picture) -> Html {
    let lines = picture.lines.len() as u64;
    let leaves = picture.leaves() as u64;
    let bytes = grouped(lines * u64::from(picture.line_size));
    let ratio = picture.data_references as f64 / leaves.max(1) as f64;
    html! {
        <span class="tally" id="lab-tally">
            <b>{ format!("{} lines", grouped(lines)) }</b>
            { format!(" held ({} data, {} interior, {bytes} B); without sharing {}; ", grouped(leaves), grouped(lines - leaves), grouped(picture.unshared)) }
            <Term word="dedup ratio" />{ format!(" of data lines {ratio:.2}") }
        </span>
    }
}
