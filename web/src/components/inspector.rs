//! The inspector: a packet's headers, its lines, what can be changed about it, and its ledger.

use snapstack::sim::{Change, Event as Record, Kind};
use yew::prelude::*;

use super::{IconName, icon};
use crate::scene::{counted, grouped};
use crate::state::FrameInfo;
use crate::timeline::{Place, Side};
use crate::words::describe;

/// A line of the packet: its number, bytes in hex as far as they are known, and how often it is held at the cursor.
pub(super) type LineRow = (u32, String, u32);

/// What can be changed about a packet, in words; the change; where it begins to matter.
pub type Offer = (String, Change, u32);

/// What [`inspector`] shows, and whom it tells.
pub struct Props {
    /// The packet.
    pub packet: u32,
    /// Where it comes from.
    pub origin: AttrValue,
    /// Whether it was sent: the NIC has then completed its checksum.
    pub sent: bool,
    /// Payload bytes.
    pub len: u32,
    /// Its frame, once the worker has told.
    pub frame: Option<FrameInfo>,
    /// Why there is none.
    pub no_frame: Option<AttrValue>,
    /// Its lines.
    pub lines: Vec<LineRow>,
    /// The selected line.
    pub line: Option<u32>,
    /// Its events: position, lane, record.
    pub events: Vec<(u32, Option<Side>, Record)>,
    /// Its slots and its socket.
    pub near: Vec<(String, Place)>,
    /// What can be changed.
    pub offers: Vec<Offer>,
    /// Close.
    pub onclose: Callback<()>,
    /// Go to a position.
    pub onseek: Callback<u32>,
    /// Select a line.
    pub online: Callback<u32>,
    /// Select a place.
    pub onplace: Callback<Place>,
    /// Change something, at a position.
    pub onchange: Callback<(Change, u32)>,
    /// Show its segment's lines.
    pub ondag: Callback<()>,
}

/// The inspector.
pub fn inspector(props: &Props) -> Html {
    let close = {
        let onclose = props.onclose.clone();
        Callback::from(move |_: MouseEvent| onclose.emit(()))
    };
    let dag = {
        let ondag = props.ondag.clone();
        Callback::from(move |_: MouseEvent| ondag.emit(()))
    };
    let shared = props.lines.iter().filter(|line| line.2 > 1).count();
    html! {
        <section class="packet" aria-label={format!("Packet {}", props.packet)}>
            <header>
                <h2>{ format!("Packet {}", props.packet) }</h2>
                <button id="close-inspector" onclick={close} title="Close (Esc)" aria-label="Close">{ icon(IconName::Close) }</button>
            </header>
            <p class="origin">{ &props.origin }</p>
            <p class="near">
                { for props.near.iter().map(|(text, place)| {
                    let (onplace, place) = (props.onplace.clone(), *place);
                    let onclick = Callback::from(move |_: MouseEvent| onplace.emit(place));
                    html! { <button {onclick}>{ text }</button> }
                }) }
            </p>
            <h3>{ "Headers" }</h3>
            { headers(props) }
            <h3>{ "Payload" }</h3>
            if props.lines.is_empty() {
                <p class="dim">{ if props.len == 0 { "none" } else { "its lines are not known yet" } }</p>
            } else {
                <p>{ format!("{} B in {}; at the cursor {shared} of them held more than once.", grouped(u64::from(props.len)), counted(props.lines.len() as u64, "line")) }</p>
                <ol class="lines" tabindex="0" aria-label="Lines">{ for props.lines.iter().map(|row| line(props, row)) }</ol>
            }
            <button id="show-dag" onclick={dag}>{ "Show its segment's lines" }</button>
            { offers(props) }
            <h3>{ "Ledger" }</h3>
            { ledger(props) }
        </section>
    }
}

fn headers(props: &Props) -> Html {
    if let Some(why) = &props.no_frame {
        return html! { <p class="dim">{ why }</p> };
    }
    let Some(frame) = &props.frame else { return html! { <p class="dim">{ "…" }</p> } };
    let rows = frame.headers.iter().map(|(layer, field, value)| {
        let completed = props.sent && field == "checksum" && layer != "IPv4";
        html! { <><dt>{ format!("{layer} {field}") }</dt><dd>{ value }if completed { { ", completed by the NIC" } }</dd></> }
    });
    html! { <dl class="fields">{ for rows }</dl> }
}

fn line(props: &Props, (number, hex, count): &LineRow) -> Html {
    let bytes = hex
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let text: String =
        bytes.map(|byte| if (0x20..0x7f).contains(&byte) { byte as char } else { '·' }).collect();
    let shared = *count > 1;
    let (number, online) = (*number, props.online.clone());
    let onclick = Callback::from(move |_: MouseEvent| online.emit(number));
    let on = props.line == Some(number);
    html! {
        <li class={classes!(shared.then_some("shared"), on.then_some("on"))} title={hex.clone()}>
            <button class="line" {onclick} aria-pressed={on.to_string()}>
                <code>{ text }</code>
                <span>{ if shared { format!("line {number} ×{count}") } else { format!("line {number}") } }</span>
            </button>
        </li>
    }
}

fn offers(props: &Props) -> Html {
    if props.offers.is_empty() {
        return html! {};
    }
    let buttons = props.offers.iter().map(|(text, change, at)| {
        let (change, at, onchange) = (*change, *at, props.onchange.clone());
        let onclick = Callback::from(move |_: MouseEvent| onchange.emit((change, at)));
        html! { <li><button {onclick} data-change={change.to_string()}>{ text }</button></li> }
    });
    html! {
        <>
            <h3>{ "What if" }</h3>
            <p class="dim">{ "Each begins a branch there; this run is kept beside it." }</p>
            <ul class="offers">{ for buttons }</ul>
        </>
    }
}

fn ledger(props: &Props) -> Html {
    let told = props.events.iter().filter(|(_, _, record)| {
        !matches!(
            record.kind,
            Kind::Held { .. }
                | Kind::Ring { .. }
                | Kind::RxRing { .. }
                | Kind::Thread { .. }
                | Kind::Gauges { .. }
        )
    });
    let rows = told.map(|(position, side, record)| {
        let (class, text) = describe(&record.kind, None, 1);
        let position = *position;
        let onseek = props.onseek.clone();
        let go = Callback::from(move |_: MouseEvent| onseek.emit(position));
        let lane = match side {
            None => "both",
            Some(Side::Left) => "left",
            Some(Side::Right) => "right",
        };
        html! {
            <tr class={class}>
                <td><button class="link" onclick={go} title="Go there">{ position }</button></td>
                <td>{ lane }</td>
                <td>{ text }</td>
            </tr>
        }
    });
    html! {
        <table class="ledger">
            <thead><tr><th>{ "event" }</th><th>{ "lane" }</th><th>{ "what" }</th></tr></thead>
            <tbody>{ for rows }</tbody>
        </table>
    }
}
