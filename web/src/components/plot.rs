//! A plot: a canvas with the curves, one over it with the cursor, and the values at the cursor.

use web_sys::PointerEvent;
use yew::prelude::*;

/// Properties of [`Plot`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Key of its canvases.
    pub name: AttrValue,
    /// Its heading.
    pub title: AttrValue,
    /// What the values are.
    pub children: Html,
    /// Whether it is the one shown where only one fits.
    pub active: bool,
    /// Pressed or dragged at a point, in CSS pixels from its left.
    pub onseek: Callback<f64>,
}

/// A plot. The player draws on its canvases.
#[component]
pub fn Plot(props: &Props) -> Html {
    let seek = {
        let onseek = props.onseek.clone();
        Callback::from(move |event: PointerEvent| {
            if event.buttons() & 1 != 0 {
                onseek.emit(f64::from(event.offset_x()));
            }
        })
    };
    html! {
        <section class={classes!("plot", props.active.then_some("active"))} aria-label={props.title.clone()}>
            <header><h3>{ &props.title }</h3><span class="values">{ props.children.clone() }</span></header>
            <div class="canvases">
                <canvas id={format!("plot-{}", props.name)} />
                <canvas id={format!("cursor-{}", props.name)} class="cursor" onpointerdown={seek.clone()} onpointermove={seek} />
            </div>
        </section>
    }
}
