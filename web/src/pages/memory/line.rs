//! The selected line: content, count, and why it is alive.

use snapstack::memory::Plid;
use yew::prelude::*;

use crate::annex::{Annex, Msg};
use crate::components::Term;
use crate::lab::{Deed, LineDetail, Name, Picture, Thing};

/// What is selected, told.
#[component]
pub(super) fn Line() -> Html {
    let Some(annex) = use_context::<Annex>() else { return html! {} };
    let lab = annex.lab.borrow();
    let told = match lab.selected() {
        None => {
            html! { <p class="dim">{ "Select a line or a segment in the drawing, or go there with the arrow keys." }</p> }
        }
        Some(Thing::Segment(name)) => segment(&annex, lab.picture(), name),
        Some(Thing::Line(plid)) => match lab.line(plid) {
            Some(detail) => line(&annex, &detail),
            None => html! {},
        },
    };
    html! { <div id="lab-selected" aria-live="polite">{ told }</div> }
}

fn go(annex: &Annex, thing: Thing, text: String) -> Html {
    let onclick = annex.on(move |_: MouseEvent| Msg::Lab(Deed::Select(Some(thing))));
    html! { <button class="link" {onclick}>{ text }</button> }
}

fn segment(annex: &Annex, picture: &Picture, name: Name) -> Html {
    let Some(segment) = picture.segment(name) else { return html! {} };
    let root = if segment.root.0 == 0 {
        html! { "PLID 0: only zeros, so no line at all" }
    } else {
        go(annex, Thing::Line(segment.root), format!("line {}", segment.root))
    };
    html! {
        <>
            <h2>{ format!("Segment {name}") }</h2>
            <dl class="fields">
                <dt>{ "length" }</dt><dd>{ format!("{} bytes", segment.length) }</dd>
                <dt>{ "root" }</dt><dd>{ root }</dd>
                <dt>{ "height" }</dt><dd>{ segment.height }</dd>
            </dl>
        </>
    }
}

fn line(annex: &Annex, detail: &LineDetail) -> Html {
    let kind = if detail.content.is_some() { "data" } else { "interior" };
    html! {
        <>
            <h2><Term word="line" capital={true} />{ format!(" {}", detail.plid) }<span class="dim">{ format!(" {kind}, ×{}", detail.references) }</span></h2>
            { content(annex, detail) }
            <h3>{ "Referred to by" }</h3>
            <ul class="plain">{ for detail.referrers.iter().map(|who| html! { <li>{ who }</li> }) }</ul>
            <h3>{ "Alive because of" }</h3>
            <ul class="plain">
                { for detail.reasons.iter().map(|(name, path)| html! {
                    <li>
                        { go(annex, Thing::Segment(*name), name.to_string()) }
                        { for path.iter().map(|plid| html! { <>{ " → " }{ step(annex, *plid, detail.plid) }</> }) }
                    </li>
                }) }
            </ul>
        </>
    }
}

fn step(annex: &Annex, plid: Plid, here: Plid) -> Html {
    if plid == here {
        html! { <b>{ plid.0 }</b> }
    } else {
        go(annex, Thing::Line(plid), plid.to_string())
    }
}

/// A leaf's bytes in hex and as text, or an interior line's words.
fn content(annex: &Annex, detail: &LineDetail) -> Html {
    match &detail.content {
        Some(bytes) => {
            let rows = bytes.chunks(8).map(|row| {
                let hex: Vec<String> = row.iter().map(|byte| format!("{byte:02x}")).collect();
                let text: String = row.iter().map(|byte| printable(*byte)).collect();
                format!("{}  {text}\n", hex.join(" "))
            });
            html! { <pre class="hex">{ for rows }</pre> }
        }
        None => html! {
            <table class="words">
                <thead><tr><th>{ "word" }</th><th>{ "tag" }</th><th>{ "holds" }</th></tr></thead>
                <tbody>
                    { for detail.words.iter().enumerate().map(|(i, word)| html! {
                        <tr>
                            <td>{ i }</td>
                            <td>{ if word.is_some() { "1" } else { "0" } }</td>
                            <td>{ match word {
                                Some(plid) => go(annex, Thing::Line(*plid), format!("line {plid}")),
                                None => html! { "zero" },
                            } }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
        },
    }
}

fn printable(byte: u8) -> char {
    if (0x20..0x7f).contains(&byte) { byte as char } else { '·' }
}
