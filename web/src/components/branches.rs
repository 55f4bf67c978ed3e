//! Runs with the same beginning, side by side: what was changed, and what came of it.

use yew::prelude::*;

use crate::scene::grouped;

/// A branch with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number.
    pub id: u32,
    /// The number of the one that it was made from.
    pub from: Option<u32>,
    /// What was changed.
    pub text: String,
    /// Where in the run on screen.
    pub at: Option<u32>,
    /// Where in the run that it was made from, for one that is not known in the run on screen.
    pub origin_at: Option<u32>,
    /// Its totals, left and right, once it was run: bytes copied, allocations, dedup ratio held, footprint.
    pub totals: Option<[[f64; 4]; 2]>,
    /// Events of the run.
    pub events: u32,
    /// Whether both lanes put the same frames on the wire.
    pub identical: bool,
}

/// What [`branches`] shows, and whom it tells.
pub struct Props {
    /// All.
    pub rows: Vec<Row>,
    /// The one on screen.
    pub current: u32,
    /// The one whose curves are drawn beside.
    pub beside: Option<u32>,
    /// Go to one.
    pub ongo: Callback<u32>,
    /// Go to a position.
    pub onseek: Callback<u32>,
    /// Draw one's curves beside, or none's.
    pub onbeside: Callback<Option<u32>>,
}

/// The table.
pub fn branches(props: &Props) -> Html {
    html! {
        <div class="branches" tabindex="0" role="region" aria-label="Branches">
            if props.rows.len() == 1 {
                <p>{ "Select a packet, and the inspector offers what could be changed about it; or change the rings or a thread's buffer at the cursor from the palette (Ctrl K). Each change begins a branch that is kept here beside this run." }</p>
            }
            <table class="ledger">
                <thead>
                    <tr><th>{ "run" }</th><th>{ "events" }</th><th>{ "B copied, left · right" }</th><th>{ "allocations" }</th><th>{ "dedup, held" }</th><th>{ "footprint, B" }</th><th>{ "wire" }</th></tr>
                </thead>
                <tbody>{ for props.rows.iter().map(|row| entry(props, row)) }</tbody>
            </table>
        </div>
    }
}

/// Which run one was made from, and at which of its events.
fn made_from(from: u32, at: Option<u32>) -> String {
    at.map_or(format!(" from {from}"), |at| format!(" (event {} of run {from})", grouped(at.into())))
}

fn entry(props: &Props, row: &Row) -> Html {
    let id = row.id;
    let here = id == props.current;
    let beside = props.beside == Some(id);
    let go = {
        let ongo = props.ongo.clone();
        Callback::from(move |_: MouseEvent| ongo.emit(id))
    };
    // One that has no figures in this visit is run, with the curves of the one on screen beside.
    let known = row.totals.is_some();
    let words = match (known, beside) {
        (false, _) => "run and compare",
        (true, false) => "curves beside",
        (true, true) => "hide curves",
    };
    let compare = {
        let (ongo, onbeside, current) = (props.ongo.clone(), props.onbeside.clone(), props.current);
        Callback::from(move |_: MouseEvent| {
            if known {
                onbeside.emit((!beside).then_some(id));
            } else {
                ongo.emit(id);
                onbeside.emit(Some(current));
            }
        })
    };
    let origin = props.rows.iter().find(|other| Some(other.id) == row.from).and_then(|other| other.totals);
    let pair = |index: usize, ratio: bool| {
        let Some(lanes) = row.totals else { return html! { "…" } };
        let cell = |lane: usize| {
            let value = lanes[lane][index];
            let text = |value: f64| if ratio { format!("{value:.2}") } else { grouped(value as u64) };
            let change = value - origin.map_or(value, |origin| origin[lane][index]);
            match text(change.abs()) {
                same if same == text(0.0) => html! { { text(value) } },
                by => {
                    html! { <b>{ text(value) }{ if change > 0.0 { " (+" } else { " (−" } }{ by }{ ")" }</b> }
                }
            }
        };
        html! { <>{ cell(0) }{ " · " }{ cell(1) }</> }
    };
    let there = row.at.map(|at| {
        let onseek = props.onseek.clone();
        let onclick = Callback::from(move |_: MouseEvent| onseek.emit(at));
        html! { <>{ " at " }<button class="link" {onclick} title="Go there">{ format!("event {}", grouped(at.into())) }</button></> }
    });
    html! {
        <tr id={format!("branch-{id}")} tabindex="-1" class={classes!(here.then_some("on"))} aria-current={here.then_some("true")}>
            <td>
                if here { <b>{ &row.text }</b> } else { <button class="link" data-branch={id.to_string()} onclick={go}>{ &row.text }</button> }
                { there }
                if let Some(from) = row.from { <span class="dim">{ made_from(from, row.origin_at) }</span> }
                if !here { { " · " }<button class="link" data-beside={id.to_string()} aria-pressed={known.then(|| beside.to_string())} onclick={compare}>{ words }</button> }
            </td>
            <td>{ if known { grouped(row.events.into()) } else { "…".to_owned() } }</td>
            <td>{ pair(0, false) }</td>
            <td>{ pair(1, false) }</td>
            <td>{ pair(2, true) }</td>
            <td>{ pair(3, false) }</td>
            <td>if known { if row.identical { { "identical" } } else { <b>{ "≠ differs" }</b> } }</td>
        </tr>
    }
}
