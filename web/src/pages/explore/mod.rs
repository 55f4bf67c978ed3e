//! The start page: two lanes in lockstep on the same bytes, a time bar, three plots, an inspector.

mod selected;

use yew::prelude::*;

use self::selected::Selected;
use crate::components::{Aggregate, Controls, Lane, Plot, TimeBar};
use crate::plots::PLOTS;
use crate::session::{Msg, Session};
use crate::state::Action;
use crate::timeline::Side;

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
                    { for state.plots.iter().enumerate().map(|(i, plot)| html! {
                        <button class={classes!((state.tab == i).then_some("on"))} aria-pressed={(state.tab == i).to_string()}
                            onclick={session.on(move |_: MouseEvent| Msg::Act(Action::Tab(i)))}>{ PLOTS[*plot].title }</button>
                    }) }
                </div>
                <div class="plots">
                    { for state.plots.iter().enumerate().map(|(slot, plot)| html! {
                        <Plot {slot} plot={*plot} active={state.tab == slot} aggregates={aggregates(&session, *plot)}
                            onchoose={session.on(move |plot| Msg::Act(Action::Plot(slot, plot)))}
                            onseek={session.on(move |x| Msg::PlotSeek(slot, x))}
                            onrange={session.on(move |(from, to)| Msg::PlotRange(slot, from, to))}
                            onexport={session.on(move |format| Msg::Export(slot, format))} />
                    }) }
                </div>
            </main>
            <Selected />
        </>
    }
}

/// What the marked range adds up to in a plot.
fn aggregates(session: &Session, plot: usize) -> Vec<Aggregate> {
    let player = session.player.borrow();
    match (session.state.range, &player.timeline) {
        (Some(range), Some(timeline)) => PLOTS[plot].aggregates(timeline, range),
        _ => Vec::new(),
    }
}
