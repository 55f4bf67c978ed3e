//! The inspector of the selected packet, with what timeline, worker and cursor know of it.

use yew::prelude::*;

use crate::components::{Inspector, TimeEvent};
use crate::session::{Msg, Session};
use crate::state::Action;

/// The inspector, if a packet is selected.
#[component]
pub(super) fn Selected() -> Html {
    let Some(session) = use_context::<Session>() else { return html! {} };
    let player = session.player.borrow();
    let (Some(packet), Some(timeline)) = (session.state.selected, &player.timeline) else { return html! {} };
    let Some(track) = timeline.packets.get(packet as usize) else { return html! {} };
    let send = timeline.traffic.sends[track.send as usize];
    let info = session.state.packet.clone().filter(|info| info.packet == packet);
    let held = player.held();
    let lines: Vec<_> = info
        .iter()
        .flat_map(|info| &info.lines)
        .map(|(content, hex)| (*content, hex.clone(), held.get(*content as usize).copied().unwrap_or(0)))
        .collect();
    let flow: AttrValue = timeline.traffic.flows[send.flow as usize].clone().into();
    html! {
        <Inspector {packet} origin={(send.frame, flow)} len={track.len} {lines} {info} events={timeline.events_of(packet)}
            onclose={session.on(|()| Msg::Act(Action::Select(None)))} onseek={session.on(|at| Msg::Time(TimeEvent::Seek(at)))} />
    }
}
