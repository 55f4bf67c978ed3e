//! The figures page: the paper's figures as scenes in steps, run by the core in this page.

mod facts;
mod svg;

use snapstack::sim::{Config, MODEL_VERSION, Retention};
use wasm_bindgen::prelude::*;
use yew::prelude::*;

use self::facts::{Facts, InWords, Notes};
pub use self::svg::Svg;
use super::memory::use_size;
use crate::annex::{Annex, Msg};
use crate::browser::mark;
use crate::components::{IconName, icon, save};
use crate::figures::{Figure, Move, Place, Step, drawing};
use crate::plots::Format;
use crate::share::Link;
use crate::spec::Spec;
use crate::state::Page;

/// Widest drawing in CSS pixels; the style sheet says the same.
const LARGEST: f64 = 2240.0;
/// Time to look at a step, and to read a letter of its caption, in milliseconds.
const LOOK: usize = 1400;
const READ: usize = 32;

/// The page.
#[component]
pub fn Figures() -> Html {
    let Some(annex) = use_context::<Annex>() else { return html! {} };
    let frame = use_node_ref();
    let (width, height) = use_size(&frame);
    let (figure, steps, at) = annex.figures.borrow_mut().now();
    let playing = annex.figures.borrow().playing;
    use_effect_with((), |()| mark("data-ready", "true"));
    use_play(&annex, playing, at, &steps);
    let Some(step) = steps.get(at) else {
        return html! { <main class="figures"><p role="alert">{ "This figure cannot be shown: its script was refused. Reload the page, and if that does not help, tell us." }</p></main> };
    };
    let layout = width.min(widest(figure));
    // Above the widest layout the drawing is scaled, and so is its height.
    let scale = width.min(LARGEST) / layout;
    let drawing = drawing(figure, &steps, at, [layout, height / scale - 8.0]);
    let position = format!("Step {} of {}", at + 1, steps.len());
    let missing = annex.figures.borrow().missing();
    html! {
        <>
            <section class="controls" aria-label="Figure">
                <span class="field" role="group" aria-label="Figures">{ for Figure::ALL.into_iter().map(|other| html! {
                    <a class={classes!("button", "choice", (other == figure).then_some("on"))} href={Place { figure: other, step: 1 }.fragment()}
                        id={format!("figure-{}", other.slug())} aria-current={(other == figure).then_some("true")}>{ other.name() }</a>
                }) }</span>
                <span class="field title"><b>{ figure.title() }</b><span class="name">{ format!("section {}", figure.section()) }</span></span>
                <span class="space" />
                { elsewhere(&annex, figure) }
            </section>
            <main class="figures">
                <section class="scene" aria-label={figure.title()}>
                    if let Some(missing) = missing { <p class="problem" id="figure-missing" role="alert">{ missing }</p> }
                    <p class="said" id="figure-caption" role="status">
                        <b class="part">{ step.part }</b>{ &step.caption }
                    </p>
                    <div class="picture" ref={frame}>
                        <Svg {drawing} label={format!("{}, {}: {}", figure.name(), position.to_ascii_lowercase(), step.caption)} />
                    </div>
                    { controls(&annex, playing, &position, at, &steps) }
                </section>
                <aside class="panel" aria-label="Steps">
                    <ol class="steps">{ for steps.iter().enumerate().map(|(i, step)| entry(&annex, i, step, i == at)) }</ol>
                    <Facts step={step.clone()} />
                    <Notes {figure} steps={steps.clone()} />
                    <InWords step={step.clone()} />
                </aside>
            </main>
        </>
    }
}

/// Widest layout of a figure in CSS pixels: the fewer lines it has, the larger they can be.
fn widest(figure: Figure) -> f64 {
    match figure {
        Figure::Lines => 880.0,
        Figure::Packet | Figure::Transmit | Figure::Receive => 1280.0,
    }
}

fn go(annex: &Annex, go: Move) -> Callback<MouseEvent> {
    annex.on(move |_: MouseEvent| Msg::Go(go))
}

fn controls(annex: &Annex, playing: bool, position: &str, at: usize, steps: &[Step]) -> Html {
    let (sign, word) = if playing { (IconName::Pause, "Pause") } else { (IconName::Play, "Play") };
    let play = annex.on(|_: MouseEvent| Msg::Play);
    let last = at + 1 >= steps.len();
    html! {
        <div class="stepping" role="group" aria-label="Steps of the figure">
            <button id="figure-first" onclick={go(annex, Move::First)} disabled={at == 0} title="First step (Home)" aria-label="First step">{ icon(IconName::ToStart) }</button>
            <button id="figure-back" onclick={go(annex, Move::Back)} disabled={at == 0} title="Previous step (←)" aria-label="Previous step">{ icon(IconName::Back) }</button>
            <button id="figure-play" class="primary" onclick={play} title="Play or pause (space)">{ icon(sign) }<span>{ word }</span></button>
            <button id="figure-next" onclick={go(annex, Move::Next)} disabled={last} title="Next step (→)" aria-label="Next step">{ icon(IconName::Forward) }</button>
            <output id="figure-position">{ position }</output>
        </div>
    }
}

fn entry(annex: &Annex, i: usize, step: &Step, here: bool) -> Html {
    html! {
        <li key={i}>
            <button class={classes!(here.then_some("on"))} aria-current={here.then_some("step")} onclick={go(annex, Move::To(i + 1))}>
                <span class="dim">{ i + 1 }</span>{ step.title }
            </button>
        </li>
    }
}

/// Where the same thing can be tried.
fn elsewhere(annex: &Annex, figure: Figure) -> Html {
    html! {
        <>
            if figure == Figure::Lines {
                <a class="button" id="figure-memory" href={Page::Memory.fragment()}>{ "Try it in Memory" }</a>
            }
            <a class="button" id="figure-elsewhere" href={moment(figure).fragment()}>{ "Open in Explore" }</a>
            { save("the figure", Format::PICTURES, &annex.on(Msg::SaveFigure)) }
            <output id="figure-copied">{ match annex.figures.borrow().copied {
                Some(true) => "The picture is on the clipboard.",
                Some(false) => "This browser lets the page put no picture on the clipboard: save it as PNG.",
                None => "",
            } }</output>
        </>
    }
}

/// The moment of the demo at which the same thing happens to a packet.
fn moment(figure: Figure) -> Link {
    let (retention, at, packet) = match figure {
        // Another client is sent a page that is in memory already.
        Figure::Lines => (Retention::Keep, 3375, 52),
        // The buffer is overwritten right after send(), and the packet has all its headers.
        Figure::Packet => (Retention::Overwrite, 877, 6),
        // The doorbell gives its slot to the NIC.
        Figure::Transmit => (Retention::Keep, 859, 6),
        // The NIC has filled a slot with the first frame that brings somebody payload.
        Figure::Receive => (Retention::Keep, 517, 0),
    };
    let config = Config { line_size: 16, retention, ..Config::for_capture() };
    let spec = Spec { config, ..Spec::default() };
    Link { spec, at: Some(at), packet: Some(packet), model: Some(MODEL_VERSION), ..Link::default() }
}

/// Goes on to the next step after a while, and stops at the last.
#[hook]
fn use_play(annex: &Annex, playing: bool, at: usize, steps: &[Step]) {
    let send = annex.send.clone();
    let last = at + 1 >= steps.len();
    let wait = steps.get(at).map_or(0, |step| LOOK + READ * step.caption.chars().count());
    use_effect_with((playing, at, wait), move |(playing, _, wait)| {
        let timer = playing.then(|| {
            let tick = Closure::<dyn FnMut()>::new(move || {
                send.emit(if last { Msg::Play } else { Msg::Follow(Move::Next) });
            });
            let id = web_sys::window().and_then(|window| {
                let wait = if last { 0 } else { *wait as i32 };
                window
                    .set_timeout_with_callback_and_timeout_and_arguments_0(
                        tick.as_ref().unchecked_ref(),
                        wait,
                    )
                    .ok()
            });
            (tick, id)
        });
        move || {
            if let (Some((_tick, Some(id))), Some(window)) = (timer, web_sys::window()) {
                window.clear_timeout_with_handle(id);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use snapstack::sim::Stage;

    use super::*;
    use crate::timeline::Side;
    use crate::timeline::tests::timeline;

    #[test]
    fn each_figure_opens_at_the_moment_of_its_subject() {
        let found = Figure::ALL.map(|figure| {
            let link = moment(figure);
            let timeline = timeline(*link.config(), 4096);
            let side = Side::Right;
            let sent = |frame| timeline.packet_of_frame(frame).unwrap();
            let first = |packet: &u32| {
                timeline.track(side, *packet).is_some_and(|track| track.up && track.has_payload())
            };
            let (packet, stage) = match figure {
                Figure::Lines => (sent(114), Stage::Socket),
                Figure::Packet => (sent(27), Stage::Driver),
                Figure::Transmit => (sent(27), Stage::Doorbell),
                Figure::Receive => ((0..timeline.packets(side)).find(first).unwrap(), Stage::DmaIn),
            };
            (timeline.track(side, packet).unwrap().at(stage), packet)
        });
        let linked = Figure::ALL.map(|figure| (moment(figure).at.unwrap(), moment(figure).packet.unwrap()));
        assert_eq!(linked, found);
    }
}
