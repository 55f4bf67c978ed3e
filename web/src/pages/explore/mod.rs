//! The start page: two lanes in lockstep on the same bytes, a time bar, three plots, an inspector.

mod selected;

use yew::prelude::*;

use self::selected::Selected;
use crate::components::{Controls, Lane, Plot, TimeBar};
use crate::session::{Msg, Session};
use crate::state::Action;
use crate::timeline::Side;

/// Key and heading of each plot.
const PLOTS: [(&str, &str); 3] =
    [("copies", "Bytes copied"), ("allocations", "Software allocations"), ("dedup", "Dedup ratio")];

/// The page.
#[component]
pub fn Explore() -> Html {
    let Some(session) = use_context::<Session>() else { return html! {} };
    let send = session.send.clone();
    use_effect_with((), move |()| {
        send.emit(Msg::Attach);
        move || send.emit(Msg::Detach)
    });
    let state = &session.state;
    let player = session.player.borrow();
    let threads = player.timeline.as_ref().map_or(0, |timeline| timeline.traffic.flows.len());
    html! {
        <>
            <Controls config={state.config} capture={state.capture.clone()} demo={state.demo()} {threads} onevent={session.on(Msg::Controls)} />
            <main>
                <div class="lanes">
                    { for Side::BOTH.into_iter().map(|side| html! {
                        <Lane {side} onpick={session.on(|(side, x, y)| Msg::Pick(side, x, y))} />
                    }) }
                    if let Some(caption) = &state.status.caption {
                        <p class="caption" id="caption" aria-live="polite">{ caption }</p>
                    }
                </div>
                <TimeBar playing={state.status.playing} speed={player.speed} unit={state.unit} onevent={session.on(Msg::Time)} />
                <div class="tabs" role="group" aria-label="Plots">
                    { for PLOTS.iter().enumerate().map(|(i, (_, title))| html! {
                        <button class={classes!((state.tab == i).then_some("on"))} aria-pressed={(state.tab == i).to_string()}
                            onclick={session.on(move |_: MouseEvent| Msg::Act(Action::Tab(i)))}>{ *title }</button>
                    }) }
                </div>
                <div class="plots">
                    { for PLOTS.iter().enumerate().map(|(i, (name, title))| html! {
                        <Plot name={*name} title={*title} active={state.tab == i} onseek={session.on(move |x| Msg::PlotSeek(i, x))}>{ legend(name) }</Plot>
                    }) }
                </div>
            </main>
            <Selected />
        </>
    }
}

/// What the curves of a plot are.
fn legend(name: &str) -> Html {
    if name == "dedup" {
        html! { <><i class="left">{ "sk_buff" }</i><i class="right">{ "held" }</i><i class="cumulative">{ "cumulative " }<span id="out-right-cumulative" /></i></> }
    } else {
        html! { <><i class="left">{ "sk_buff" }</i><i class="right">{ "snapshots" }</i></> }
    }
}
