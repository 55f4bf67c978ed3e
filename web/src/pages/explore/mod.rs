//! The start page: two lanes in lockstep on the same bytes, a time bar, plots and lists under it, an inspector.

mod bottom;
mod drawing;
mod lines;
mod offers;
mod selected;

use snapstack::buffers::Scheme;
use yew::prelude::*;

use self::bottom::under;
use self::lines::lines;
pub use self::lines::open as covered;
use self::selected::selected;
use crate::commands::Intent;
use crate::components::{
    ControlsProps, IconName, LaneProps, PacketFilterProps, TimeBarProps, TimeEvent, choice, controls, icon,
    key, lane, packet_filter, scheme_words, time_bar, work,
};
use crate::player::Unit;
use crate::session::{Msg, Session};
use crate::state::{Action, Bottom};
use crate::timeline::{Jump, Side};

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
    let threads = player.timeline.as_ref().map_or(0, |timeline| timeline.threads.len());
    let looping = player.looping;
    // What the sheet of lines lies over is out of reach.
    let covered = lines::open(state);
    html! {
        <>
        <div class="whole" inert={covered}>
            if !session.embedded {
                { controls(&ControlsProps {
                    config: state.spec.config,
                    capture: state.capture.clone(),
                    demo: state.demo(),
                    threads,
                    all: state.settings,
                    steps: (state.history.has_past(), state.history.has_future()),
                    children: choices(&session),
                    onevent: session.on(Msg::Controls),
                }) }
            }
            <main>
                <div class="lanes">
                    { for Side::BOTH.into_iter().map(|side| html! {
                        { lane(&LaneProps {
                            side,
                            scheme: state.spec.schemes[side as usize],
                            fixed: session.embedded,
                            onpick: session.on(|(side, x, y)| Msg::Pick(side, x, y)),
                            onsave: session.on(move |format| Msg::Do(Intent::SaveLane(side, format))),
                            onscheme: session.on(move |scheme| Msg::Act(Action::Compare(side as usize, scheme))),
                        }) }
                    }) }
                    { caption(&session) }
                </div>
                { time_bar(&TimeBarProps {
                    playing: state.status.playing,
                    speed: player.speed,
                    unit: state.unit,
                    jump: state.jump,
                    range: (state.range.is_some(), looping),
                    onjump: session.on(|jump| Msg::Act(Action::JumpTo(jump))),
                    children: if covered { html! {} } else { work(&session, "") },
                    onevent: session.on(Msg::Time),
                }) }
                <div class={classes!("tabs", "views", (state.bottom == Bottom::Events || !state.packets.text.is_empty()).then_some("filters"))} role="group" aria-label="Under the time bar">
                    { for Bottom::ALL.into_iter().map(|bottom| {
                        let on = state.bottom == bottom;
                        let name = match bottom {
                            Bottom::Branches if state.branches.len() > 1 => format!("{} · {}", bottom.name(), state.branches.len()),
                            _ => bottom.name().to_owned(),
                        };
                        html! {
                            <button id={format!("view-{}", bottom.name().split(' ').next().unwrap_or_default().to_ascii_lowercase())}
                                class={classes!(on.then_some("on"))} aria-pressed={on.to_string()}
                                onclick={session.on(move |_: MouseEvent| Msg::Act(Action::Bottom(bottom)))}>{ name }</button>
                        }
                    }) }
                    { packet_filter(&PacketFilterProps {
                        typed: state.packets.clone(),
                        count: player.passing.as_ref().map(|passing| passing.count),
                        onfilter: session.on(|(text, left)| Msg::Act(Action::FilterPackets(text, left))),
                    }) }
                    { key() }
                    if state.bottom == Bottom::Plots {
                        if let Some(other) = state.branches.compared { <span class="dim">{ format!("dashed: run {other}") }</span> }
                        <button id="axis" class="axis" aria-pressed={state.by_time.to_string()} onclick={session.on(|_: MouseEvent| Msg::Act(Action::TurnAxis))}
                            title="What the plots go by: every event alike, or simulated time with idle stretches folded (a)">
                            <span>{ "plots go " }</span>{ if state.by_time { "by time" } else { "by event" } }
                            if state.by_time { <span>{ ", idle stretches folded" }</span> }
                        </button>
                    }
                </div>
                { under(&session) }
            </main>
            if !session.embedded {
                { selected(&session) }
            }
        </div>
        if !session.embedded {
            { lines(&session) }
        }
        </>
    }
}

/// What small screens have no room for elsewhere.
fn choices(session: &Session) -> Html {
    let state = &session.state;
    let lane = |side: Side, names| {
        let chosen = usize::from(state.spec.schemes[side as usize] == Scheme::ALL[1]);
        let onchoose =
            session.on(move |index: usize| Msg::Act(Action::Compare(side as usize, Scheme::ALL[index])));
        choice(names, &Scheme::ALL.map(|scheme| scheme_words(scheme).1), chosen, onchoose)
    };
    let unit =
        session.on(|index| Msg::Time(TimeEvent::Unit(if index == 1 { Unit::Packet } else { Unit::Event })));
    let jump = session.on(|index: usize| Msg::Act(Action::JumpTo(Jump::ALL[index])));
    let chosen = Jump::ALL.into_iter().position(|jump| jump == state.jump).unwrap_or(0);
    html! {
        <fieldset>
            <legend>{ "Lanes and steps" }</legend>
            { lane(Side::Left, ("choose-left", "left lane")) }
            { lane(Side::Right, ("choose-right", "right lane")) }
            { choice(("choose-unit", "steps go by"), &["event", "packet"], usize::from(state.unit == Unit::Packet), unit) }
            { choice(("choose-jump", "jump to"), &Jump::ALL.map(Jump::name), chosen, jump) }
        </fieldset>
    }
}

/// What the tour says; of its stills also which it is, and the ways to the others.
fn caption(session: &Session) -> Html {
    let status = &session.state.status;
    let Some(caption) = &status.caption else { return html! {} };
    let Some((still, all)) = status.still else {
        return html! { <p class="caption" id="caption" aria-live="polite">{ caption }</p> };
    };
    let step = |forward: bool| session.on(move |_: MouseEvent| Msg::Time(TimeEvent::Step(forward)));
    let (sign, next) = if still < all {
        (IconName::Forward, "Next picture (→)")
    } else {
        (IconName::Close, "End the opening (→)")
    };
    html! {
        <div class="caption stills" role="group" aria-label="The opening, in pictures">
            <button id="still-back" onclick={step(false)} disabled={still == 1} title="Previous picture (←)" aria-label="Previous picture">{ icon(IconName::Back) }</button>
            <p id="caption" aria-live="polite"><b>{ format!("{still}/{all}") }</b>{ " " }{ caption }</p>
            <button id="still-next" onclick={step(true)} title={next} aria-label={next}>{ icon(sign) }</button>
        </div>
    }
}
