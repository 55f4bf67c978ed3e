//! A lane: its canvas, its name and its totals, which read "at the cursor / whole run".

use web_sys::MouseEvent;
use yew::prelude::*;

use crate::timeline::Side;

/// Properties of [`Lane`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Which lane.
    pub side: Side,
    /// Clicked at a point, in CSS pixels of the canvas.
    pub onpick: Callback<(Side, f64, f64)>,
}

/// A lane. The player draws on its canvas and writes its figures.
#[component]
pub fn Lane(props: &Props) -> Html {
    let side = props.side;
    let (key, name, detail) = match side {
        Side::Left => ("left", "Today", "sk_buff, descriptor NIC"),
        Side::Right => ("right", "Snapshots", "HICAMP memory, segment NIC"),
    };
    let onclick = {
        let onpick = props.onpick.clone();
        Callback::from(move |event: MouseEvent| {
            onpick.emit((side, f64::from(event.offset_x()), f64::from(event.offset_y())));
        })
    };
    let out = |name: &str| format!("out-{key}-{name}");
    html! {
        <section class={classes!("lane", key)} aria-label={format!("{name}: {detail}")}>
            <header>
                <h2>{ name }</h2>
                <span class="detail">{ detail }</span>
                <dl class="totals" title="at the cursor / whole run">
                    <div class="copied"><dt>{ "B copied" }</dt><dd id={out("copied")}>{ "0 / 0" }</dd></div>
                </dl>
                <dl class="totals rest" title="at the cursor / whole run">
                    <div class="allocated"><dt>{ "allocations" }</dt><dd id={out("allocations")}>{ "0 / 0" }</dd></div>
                    <div class="entries"><dt>{ "map entries" }</dt><dd id={out("map-entries")}>{ "0 / 0" }</dd></div>
                    <div class="deduped"><dt>{ "dedup" }</dt><dd id={out("held")}>{ "1.00 / 1.00" }</dd></div>
                </dl>
            </header>
            <canvas id={format!("lane-{key}")} {onclick} role="img"
                aria-label={format!("Packets on their way from user to wire: {detail}. Click a packet to inspect it.")} />
        </section>
    }
}
