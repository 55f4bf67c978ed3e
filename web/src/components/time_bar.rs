//! The time bar: play, steps, scrubbing, speed.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{IconName, icon};
use crate::player::{SPEEDS, Unit};
use crate::timeline::Jump;

/// What was asked of the time bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TimeEvent {
    /// To the beginning.
    ToStart,
    /// Play or pause.
    Toggle,
    /// Play (true), or pause.
    Play(bool),
    /// A step, forward or back.
    Step(bool),
    /// To the next (true) or the previous of something.
    Jump(Jump, bool),
    /// Plays the marked range again and again, or no longer.
    Loop,
    /// To a position.
    Seek(u32),
    /// Events a second.
    Speed(f64),
    /// What steps go by.
    Unit(Unit),
}

/// What [`time_bar`] shows, and whom it tells.
pub struct Props {
    /// Whether it plays.
    pub playing: bool,
    /// Events a second.
    pub speed: f64,
    /// What steps go by.
    pub unit: Unit,
    /// What jumps go to.
    pub jump: Jump,
    /// Whether a range is marked, and whether play goes round in it.
    pub range: (bool, bool),
    /// Something else is to be jumped to.
    pub onjump: Callback<Jump>,
    /// What takes long at the moment.
    pub children: Html,
    /// What was asked.
    pub onevent: Callback<TimeEvent>,
}

/// The time bar.
pub fn time_bar(props: &Props) -> Html {
    let send = |event: TimeEvent| {
        let onevent = props.onevent.clone();
        Callback::from(move |_: MouseEvent| onevent.emit(event))
    };
    let scrub = {
        let onevent = props.onevent.clone();
        Callback::from(move |event: InputEvent| {
            let value = event.target_unchecked_into::<HtmlInputElement>().value();
            onevent.emit(TimeEvent::Seek(value.parse().unwrap_or(0)));
        })
    };
    let speed = {
        let onevent = props.onevent.clone();
        Callback::from(move |event: Event| {
            let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
            if let Some((speed, _)) = usize::try_from(index).ok().and_then(|index| SPEEDS.get(index)) {
                onevent.emit(TimeEvent::Speed(*speed));
            }
        })
    };
    let unit = {
        let onevent = props.onevent.clone();
        Callback::from(move |event: Event| {
            let packet = event.target_unchecked_into::<HtmlSelectElement>().value() == "packet";
            onevent.emit(TimeEvent::Unit(if packet { Unit::Packet } else { Unit::Event }));
        })
    };
    let jump = {
        let onjump = props.onjump.clone();
        Callback::from(move |event: Event| {
            let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
            if let Some(what) = usize::try_from(index).ok().and_then(|index| Jump::ALL.get(index)) {
                onjump.emit(*what);
            }
        })
    };
    let (sign, word) = if props.playing { (IconName::Pause, "Pause") } else { (IconName::Play, "Play") };
    html! {
        <div class="time" role="group" aria-label="Time">
            <button id="to-start" onclick={send(TimeEvent::ToStart)} title="To the start (Home)" aria-label="To the start">{ icon(IconName::ToStart) }</button>
            <button id="back" onclick={send(TimeEvent::Step(false))} title="Step back (←)" aria-label="Step back">{ icon(IconName::Back) }</button>
            <button id="play" class="primary" onclick={send(TimeEvent::Toggle)} title="Play or pause (space)">{ icon(sign) }<span>{ word }</span></button>
            <button id="forward" onclick={send(TimeEvent::Step(true))} title="Step forward (→)" aria-label="Step forward">{ icon(IconName::Forward) }</button>
            <select id="unit" class="unit" onchange={unit} aria-label="Steps go by">
                <option value="event" selected={props.unit == Unit::Event}>{ "by event" }</option>
                <option value="packet" selected={props.unit == Unit::Packet}>{ "by packet" }</option>
            </select>
            <span class="jump">
                <button id="jump-back" onclick={send(TimeEvent::Jump(props.jump, false))} title={format!("To the previous {}", props.jump.name())} aria-label={format!("To the previous {}", props.jump.name())}>{ icon(IconName::JumpBack) }</button>
                <select id="jump-to" onchange={jump} aria-label="What to jump to">
                    { for Jump::ALL.into_iter().map(|what| html! { <option selected={what == props.jump}>{ what.name() }</option> }) }
                </select>
                <button id="next-copy" onclick={send(TimeEvent::Jump(props.jump, true))} title={format!("To the next {}", props.jump.name())} aria-label={format!("To the next {}", props.jump.name())}>{ icon(IconName::NextCopy) }</button>
            </span>
            if props.range.0 {
                <button id="loop" class={classes!(props.range.1.then_some("on"))} aria-pressed={props.range.1.to_string()} onclick={send(TimeEvent::Loop)} title="Play the marked range again and again">{ "loop" }</button>
            }
            <div class="track">
                <canvas id="track" aria-hidden="true" />
                <input id="scrub" type="range" min="0" step="1" oninput={scrub} aria-label="Position in the run" title="Above, the left lane's copies; below, its allocations" />
            </div>
            { props.children.clone() }
            <output id="out-moment" class="moment" />
            <select id="speed" onchange={speed} aria-label="Speed">
                { for SPEEDS.iter().map(|(speed, label)| html! { <option selected={*speed == props.speed}>{ *label }</option> }) }
            </select>
        </div>
    }
}
