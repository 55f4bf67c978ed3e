//! A plot: a canvas with the curves, one over it with cursor and range, and the values at the cursor.

use web_sys::{HtmlElement, HtmlSelectElement, PointerEvent};
use yew::prelude::*;

use super::save;
use crate::plots::{Format, PLOTS};

/// CSS pixels from which on a press is a drag.
const DRAG: f64 = 4.0;

/// What a marked range adds up to in one curve: class, label, text.
pub type Aggregate = (&'static str, &'static str, String);

/// Properties of [`Plot`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Its place on the page: key of its canvases.
    pub slot: usize,
    /// Which of [`PLOTS`] it is.
    pub plot: usize,
    /// What a marked range adds up to; empty without one.
    pub aggregates: Vec<Aggregate>,
    /// Whether it is the one shown where only one fits.
    pub active: bool,
    /// Another plot was chosen.
    pub onchoose: Callback<usize>,
    /// Pressed at a point, in CSS pixels from its left.
    pub onseek: Callback<f64>,
    /// Dragged from one point to another.
    pub onrange: Callback<(f64, f64)>,
    /// To become a file.
    pub onexport: Callback<Format>,
}

/// A plot. The player draws on its canvases and writes the values.
#[component]
pub fn Plot(props: &Props) -> Html {
    let slot = props.slot;
    let spec = &PLOTS[props.plot.min(PLOTS.len() - 1)];
    // Where the press began, and whether it has become a drag.
    let press = use_mut_ref(|| None::<(f64, bool)>);
    let down = {
        let press = press.clone();
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                *press.borrow_mut() = Some((f64::from(event.offset_x()), false));
                if let Some(element) = event.target_dyn_into::<HtmlElement>() {
                    let _ = element.set_pointer_capture(event.pointer_id());
                }
            }
        })
    };
    let moved = {
        let (press, onrange) = (press.clone(), props.onrange.clone());
        Callback::from(move |event: PointerEvent| {
            let x = f64::from(event.offset_x());
            let mut press = press.borrow_mut();
            if let Some((from, dragged)) = &mut *press {
                *dragged |= (x - *from).abs() > DRAG;
                if *dragged {
                    onrange.emit((*from, x));
                }
            }
        })
    };
    let up = {
        let onseek = props.onseek.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some((_, false)) = press.borrow_mut().take() {
                onseek.emit(f64::from(event.offset_x()));
            }
        })
    };
    let choose = {
        let onchoose = props.onchoose.clone();
        Callback::from(move |event: Event| {
            let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
            onchoose.emit(usize::try_from(index).unwrap_or(0));
        })
    };
    html! {
        <section class={classes!("plot", props.active.then_some("active"))} aria-label={spec.title}>
            <header>
                <select class="heading" onchange={choose} aria-label={format!("Plot {}", slot + 1)}>
                    { for PLOTS.iter().enumerate().map(|(i, other)| html! { <option selected={i == props.plot}>{ other.title }</option> }) }
                </select>
                if props.aggregates.is_empty() {
                    <span class="values">
                        { for spec.curves.iter().enumerate().map(|(i, curve)| html! {
                            <i class={curve.class}>{ curve.label }{ " " }<b id={format!("out-plot-{slot}-{i}")} /></i>
                        }) }
                    </span>
                } else {
                    <ul class="values aggregates" id={format!("range-{slot}")} aria-label="In the marked range">
                        { for props.aggregates.iter().map(|(class, label, text)| html! { <li><i class={*class}>{ *label }{ " " }<b>{ text }</b></i></li> }) }
                    </ul>
                }
                { save(spec.title, Format::ALL, &props.onexport) }
            </header>
            <div class="canvases">
                <canvas id={format!("plot-{slot}")} />
                <canvas id={format!("cursor-{slot}")} class="cursor" onpointerdown={down} onpointermove={moved} onpointerup={up} />
            </div>
        </section>
    }
}
