//! A lane: its canvas, its scheme and its totals, which read "at the cursor / whole run".

use snapstack::buffers::Scheme;
use web_sys::{HtmlSelectElement, MouseEvent};
use yew::prelude::*;

use super::save;
use crate::plots::Format;
use crate::timeline::Side;

/// What [`lane`] shows, and whom it tells.
pub struct Props {
    /// Which lane.
    pub side: Side,
    /// Its scheme.
    pub scheme: Scheme,
    /// Whether that is not to be chosen.
    pub fixed: bool,
    /// Clicked at a point, in CSS pixels of the canvas.
    pub onpick: Callback<(Side, f64, f64)>,
    /// Its picture is wanted.
    pub onsave: Callback<Format>,
    /// Another scheme was chosen.
    pub onscheme: Callback<Scheme>,
}

/// A scheme in words: what it is, and with which memory and NIC.
pub fn words(scheme: Scheme) -> (&'static str, &'static str) {
    match scheme {
        Scheme::SkBuff => ("Today", "sk_buff, descriptor NIC"),
        Scheme::Snapshot => ("Snapshots", "HICAMP memory, segment NIC"),
    }
}

/// A lane. The player draws on its canvas and writes its figures.
pub fn lane(props: &Props) -> Html {
    let side = props.side;
    let key = match side {
        Side::Left => "left",
        Side::Right => "right",
    };
    let (name, detail) = words(props.scheme);
    let onclick = {
        let onpick = props.onpick.clone();
        Callback::from(move |event: MouseEvent| {
            onpick.emit((side, f64::from(event.offset_x()), f64::from(event.offset_y())));
        })
    };
    let onchange = {
        let onscheme = props.onscheme.clone();
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            if let Some(scheme) = Scheme::from_name(&value) {
                onscheme.emit(scheme);
            }
        })
    };
    let out = |name: &str| format!("out-{key}-{name}");
    html! {
        <section class={classes!("lane", key, props.scheme.name())} aria-label={format!("{key} lane: {name}, {detail}")}>
            <header>
                <h2>{ name }</h2>
                <select id={format!("scheme-{key}")} class="scheme" disabled={props.fixed} {onchange} aria-label={format!("Scheme of the {key} lane")}>
                    { for Scheme::ALL.into_iter().map(|scheme| html! { <option value={scheme.name()} selected={scheme == props.scheme}>{ words(scheme).1 }</option> }) }
                </select>
                <dl class="totals" title="at the cursor / whole run">
                    <div class="copied"><dt>{ "B copied" }</dt><dd id={out("copied")}>{ "0 / 0" }</dd></div>
                </dl>
                if !props.fixed {
                    { save(if side == Side::Left { "the left lane" } else { "the right lane" }, Format::PICTURES, &props.onsave) }
                }
                <dl class="totals rest" title="at the cursor / whole run">
                    <div class="allocated"><dt>{ "allocations" }</dt><dd id={out("allocations")}>{ "0 / 0" }</dd></div>
                    <div class="entries"><dt>{ "map entries" }</dt><dd id={out("map-entries")}>{ "0 / 0" }</dd></div>
                    <div class="deduped"><dt>{ "dedup" }</dt><dd id={out("held")}>{ "1.00 / 1.00" }</dd></div>
                </dl>
            </header>
            <canvas id={format!("lane-{key}")} {onclick} role="img"
                aria-label={format!("Packets on their way from user to wire, and frames on their way up: {detail}. Click a packet, a slot of a ring, a thread's socket or a line of memory to inspect it; the list of events says the same in words.")} />
        </section>
    }
}
