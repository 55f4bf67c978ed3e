//! The inspector of what is selected, with what timeline, worker and cursor know of it.

use snapstack::buffers::Scheme;
use snapstack::sim::Event;
use yew::prelude::*;

use super::offers;
use crate::components::{InspectorProps, PlaceProps, TimeEvent, inspector, place};
use crate::engine::DagOf;
use crate::line;
use crate::places::{near, told};
use crate::session::{Msg, Session, Wanted};
use crate::state::Action;
use crate::timeline::{Place, Side, Timeline, Track};
use crate::words::dump;

/// The inspector, if a packet, a slot or a socket is selected.
pub(super) fn selected(session: &Session) -> Html {
    let player = session.player.borrow();
    let Some(timeline) = &player.timeline else { return html! {} };
    let about = session
        .state
        .selected
        .and_then(|packet| about(session, timeline, packet).or_else(|| coming(session, packet)));
    let position = player.position();
    let line = session.state.line.map(|line| {
        let told = line::told(timeline, player.panel(), player.schemes, line, position);
        let packets = line::carriers(timeline, line, position);
        let children = html! {
            <>
                if let Some(bytes) = &session.state.inspect.bytes { <pre class="hex">{ dump(bytes) }</pre> }
                <p class="near">
                    <button id="line-dag" onclick={session.on(|_: MouseEvent| Msg::Question(Wanted::Dag(DagOf::All)))}>{ "Why is it alive?" }</button>
                    { for packets.into_iter().map(|packet| html! {
                        <button onclick={session.on(move |_: MouseEvent| Msg::Act(Action::Select(Some(packet))))}>{ format!("Packet {packet}") }</button>
                    }) }
                </p>
            </>
        };
        place(&PlaceProps {
            told,
            id: "line",
            children,
            position,
            onclose: session.on(|()| Msg::Act(Action::SelectLine(None))),
            onseek: session.on(Msg::GoTo),
            onplace: session.on(Msg::Place),
        })
    });
    let slot = session.state.place.map(|chosen| {
        // A segment NIC's slot is a segment.
        let segment = match chosen {
            Place::Slot { side: Side::Right, ring, queue, slot } if player.schemes[1] == Scheme::Snapshot => {
                Some(timeline.base(Side::Right, ring, queue) + slot)
            }
            _ => None,
        };
        let children = html! {
            <>
                if let Some(segment) = segment {
                    <button id="slot-dag" onclick={session.on(move |_: MouseEvent| Msg::Question(Wanted::Dag(DagOf::Segment(segment))))}>{ "Show its segment's lines" }</button>
                }
            </>
        };
        place(&PlaceProps {
            told: told(timeline, player.schemes, chosen, position),
            id: "place",
            children,
            position,
            onclose: session.on(|()| Msg::Act(Action::Place(None))),
            onseek: session.on(|at| Msg::Time(TimeEvent::Seek(at))),
            onplace: session.on(Msg::Place),
        })
    });
    if about.is_none() && slot.is_none() && line.is_none() {
        return html! {};
    }
    html! { <aside class="inspector" aria-label="Inspector" id="inspector" tabindex="-1">{ line }{ slot }{ about }</aside> }
}

/// A packet of a run that has not come to it.
fn coming(session: &Session, packet: u32) -> Option<Html> {
    let runs = session.state.digest.is_none() && !session.state.halted;
    runs.then(|| html! { <section class="packet"><header><h2>{ format!("Packet {packet}") }</h2></header><p class="dim">{ "…" }</p></section> })
}

/// A packet, if a lane knows it.
fn about(session: &Session, timeline: &Timeline, packet: u32) -> Option<Html> {
    let player = session.player.borrow();
    let side = Side::BOTH.into_iter().rev().find(|side| timeline.track(*side, packet).is_some())?;
    let track = timeline.track(side, packet)?;
    let inspect = &session.state.inspect;
    let frame = inspect.frame.clone().filter(|frame| frame.packet == packet);
    let payload =
        frame.as_ref().and_then(|frame| frame.bytes.get(2 * frame.payload as usize..)).unwrap_or("");
    let counts = player.panel().held(side).counts();
    let lines: Vec<_> = timeline
        .lines_of(side, track)
        .iter()
        .zip(line::cuts(track, timeline.line_size))
        .map(|(line, (from, to))| {
            let hex = payload.get(2 * from..2 * to.min(payload.len() / 2)).unwrap_or_default();
            (*line, hex.to_owned(), counts.get(*line as usize).copied().unwrap_or(0))
        })
        .collect();
    Some(inspector(&InspectorProps {
        packet,
        origin: origin(timeline, track),
        sent: !track.up,
        len: if track.is_kept() && lines.is_empty() { 0 } else { track.len },
        frame,
        no_frame: inspect.no_frame.clone().map(AttrValue::from),
        lines,
        line: session.state.line,
        events: timeline.events_of(packet),
        offers: offers::about(timeline, packet, &session.state.shown),
        near: near(timeline, packet),
        onplace: session.on(Msg::Place),
        onclose: session.on(|()| Msg::Act(Action::Select(None))),
        onseek: session.on(|at| Msg::Time(TimeEvent::Seek(at))),
        online: session.on(|line| Msg::Act(Action::SelectLine(Some(line)))),
        onchange: session.on(|(change, at)| Msg::Act(Action::Change(change, at))),
        ondag: session.on(move |()| Msg::Question(Wanted::Dag(DagOf::Packet(packet)))),
    }))
}

fn origin(timeline: &Timeline, track: &Track) -> AttrValue {
    let thread = if track.thread == Event::NONE {
        "no thread in particular".to_owned()
    } else {
        timeline.threads.get(track.thread as usize).cloned().unwrap_or_default()
    };
    let captured = timeline.captured.get(track.write as usize);
    let what = match (track.up, captured) {
        (true, _) => "arrived".to_owned(),
        (false, Some(frame)) if track.len > 0 => format!("captured as packet {frame}"),
        (false, _) => "sent".to_owned(),
    };
    let again = if track.resent > 0 { " · carries bytes that were sent before" } else { "" };
    format!("{what} · {thread}{again}").into()
}
