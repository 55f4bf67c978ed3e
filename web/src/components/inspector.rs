//! The inspector: a packet's headers, its lines, and its ledger.

use snapstack::sim::{Event as Record, Kind, Stage};
use yew::prelude::*;

use super::{Icon, IconName};
use crate::engine::PacketInfo;
use crate::scene::grouped;
use crate::timeline::Side;

/// A line of the packet: content number, bytes in hex, and how often the content is held at the cursor.
pub(super) type LineRow = (u32, String, u32);

/// Properties of [`Inspector`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The packet.
    pub packet: u32,
    /// Captured packet's number, and the flow it belongs to.
    pub origin: (u32, AttrValue),
    /// Payload bytes.
    pub len: u32,
    /// What the worker said about it.
    pub info: Option<PacketInfo>,
    /// Its lines.
    pub lines: Vec<LineRow>,
    /// Its events: position, lane, record.
    pub events: Vec<(u32, Option<Side>, Record)>,
    /// Close.
    pub onclose: Callback<()>,
    /// Go to a position.
    pub onseek: Callback<u32>,
}

/// The inspector.
#[component]
pub fn Inspector(props: &Props) -> Html {
    let close = {
        let onclose = props.onclose.clone();
        Callback::from(move |_: MouseEvent| onclose.emit(()))
    };
    let shared = props.lines.iter().filter(|line| line.2 > 1).count();
    html! {
        <aside class="inspector" aria-label="Inspector" id="inspector">
            <header>
                <h2>{ format!("Packet {}", props.packet) }</h2>
                <button id="close-inspector" onclick={close} title="Close (Esc)" aria-label="Close"><Icon name={IconName::Close} /></button>
            </header>
            <p class="origin">{ format!("captured as packet {} · {}", props.origin.0, props.origin.1) }</p>
            <h3>{ "Headers" }</h3>
            { headers(props.info.as_ref()) }
            <h3>{ "Payload" }</h3>
            <p>{ format!("{} B in {} lines; at the cursor {} of them are shared.", grouped(u64::from(props.len)), props.lines.len(), shared) }</p>
            <ol class="lines" tabindex="0" aria-label="Lines">{ for props.lines.iter().map(line) }</ol>
            <h3>{ "Ledger" }</h3>
            { ledger(props) }
        </aside>
    }
}

fn headers(info: Option<&PacketInfo>) -> Html {
    let Some(info) = info else { return html! { <p class="dim">{ "…" }</p> } };
    if info.headers.is_empty() {
        return html! { <p class="dim">{ "The frame is not on the wire yet in what was computed so far." }</p> };
    }
    let rows = info.headers.iter().map(|(layer, field, value)| {
        html! { <><dt>{ format!("{layer} {field}") }</dt><dd>{ value }</dd></> }
    });
    html! { <dl class="fields">{ for rows }</dl> }
}

fn line((content, hex, count): &LineRow) -> Html {
    let bytes = hex
        .as_bytes()
        .chunks(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let text: String =
        bytes.map(|byte| if (0x20..0x7f).contains(&byte) { byte as char } else { '·' }).collect();
    let shared = *count > 1;
    html! {
        <li class={classes!(shared.then_some("shared"))} title={hex.clone()}>
            <code>{ text }</code>
            <span>{ if shared { format!("line {content} ×{count}") } else { format!("line {content}") } }</span>
        </li>
    }
}

fn ledger(props: &Props) -> Html {
    let rows = props.events.iter().filter_map(|(position, side, record)| {
        let (class, text) = describe(&record.kind)?;
        let position = *position;
        let onseek = props.onseek.clone();
        let go = Callback::from(move |_: MouseEvent| onseek.emit(position));
        let lane = match side {
            None => "both",
            Some(Side::Left) => "left",
            Some(Side::Right) => "right",
        };
        Some(html! {
            <tr class={class}>
                <td><button class="link" onclick={go} title="Go there">{ position }</button></td>
                <td>{ lane }</td>
                <td>{ text }</td>
            </tr>
        })
    });
    html! {
        <table class="ledger">
            <thead><tr><th>{ "event" }</th><th>{ "lane" }</th><th>{ "what" }</th></tr></thead>
            <tbody>{ for rows }</tbody>
        </table>
    }
}

/// A record in words, with the class of its row.
fn describe(kind: &Kind) -> Option<(&'static str, String)> {
    let bytes = |bytes: u32| format!("{} B", grouped(u64::from(bytes)));
    Some(match kind {
        Kind::Stage { stage, .. } => ("stage", stage_words(*stage).to_owned()),
        Kind::AppWrite { bytes: written, requested: 0, .. } => {
            ("", format!("application fills its buffer, {}", bytes(*written)))
        }
        Kind::AppWrite { bytes: written, requested, new } => {
            ("", format!("application fills its segment, {}: {requested} lines, {new} new", bytes(*written)))
        }
        Kind::Copy { cause, bytes: copied } => {
            ("copy", format!("copy {} ({})", bytes(*copied), cause.name()))
        }
        Kind::Allocate { kind, bytes: size } => {
            ("allocation", format!("allocate {} {}", kind.name(), bytes(*size)))
        }
        Kind::Free { kind, bytes: size } => ("", format!("free {} {}", kind.name(), bytes(*size))),
        Kind::MapEntries { count } => ("reference", format!("{count} segment map entries written")),
        Kind::Lines { requested, new, .. } => {
            ("", format!("{requested} header and interior lines looked up, {new} new"))
        }
        Kind::Dma { requests, bytes: read } => ("dma", format!("DMA: {requests} requests, {}", bytes(*read))),
        Kind::Frame { len, hash } => ("", format!("frame of {}, hash {hash:016x}", bytes(*len))),
        Kind::PayloadDead { .. } => ("", "nothing holds the payload any more".to_owned()),
        Kind::Drop { count, .. } => ("", format!("{count} dropped")),
        Kind::Retransmission { len, .. } => ("", format!("{} are sent again", bytes(*len))),
        Kind::Fault { fault, .. } => ("", format!("the frame is {} on the link", fault.name())),
        Kind::Held { .. } | Kind::Ring { .. } | Kind::RxRing { .. } | Kind::Thread { .. } => return None,
    })
}

fn stage_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Send => "send() is called",
        Stage::Socket => "enters the socket layer",
        Stage::Transport => "transport header",
        Stage::Ip => "IP header",
        Stage::Driver => "Ethernet header, metadata, TX slot",
        Stage::Doorbell => "doorbell: the NIC owns it",
        Stage::Dma => "the NIC reads it",
        Stage::Wire => "on the wire",
        Stage::Completion => "completed, slot recycled",
        Stage::WireIn => "arrives at the NIC",
        Stage::DmaIn => "the NIC writes it into memory",
        Stage::DriverIn => "the driver takes it from its RX slot",
        Stage::IpIn => "IP header",
        Stage::TransportIn => "transport header",
        Stage::SocketIn => "in the socket's queue",
        Stage::Recv => "recv() hands it over",
    }
}
