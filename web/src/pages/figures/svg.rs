//! A figure's drawing as SVG: its parts keep their elements from step to step, and what moves, moves by the style sheet's
//! transitions.

use yew::prelude::*;

use crate::figures::{Drawing, Mark, Part};
use crate::scene::{Ink, Scene, Shape, content_cell};

/// Hues that contents are told apart by, as on the canvases.
const HUES: u32 = 24;

/// Properties of [`Svg`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to draw.
    pub drawing: Drawing,
    /// What it shows, in words.
    pub label: String,
}

/// The drawing.
#[component]
pub fn Svg(props: &Props) -> Html {
    let [w, h] = props.drawing.size;
    html! {
        <svg class="figure" id="figure" viewBox={format!("0 0 {w} {h}")} width={w.to_string()} height={h.to_string()} role="img" aria-label={props.label.clone()}>
            { for props.drawing.parts.iter().map(part) }
        </svg>
    }
}

fn part(part: &Part) -> Html {
    let [x, y] = part.at;
    html! {
        <g key={part.key.clone()} class={part.class.clone()} transform={format!("translate({x:.1} {y:.1})")}>
            if !part.title.is_empty() {
                <title>{ &part.title }</title>
            }
            { for part.marks.iter().map(mark) }
        </g>
    }
}

fn rect([x, y, w, h]: [f64; 4], class: String) -> Html {
    let [x, y, w, h] = [x, y, w, h].map(|value| format!("{value:.1}"));
    html! { <rect {class} {x} {y} width={w} height={h} /> }
}

fn mark(mark: &Mark) -> Html {
    match mark {
        Mark::Rect { at, class } => rect(*at, (*class).to_owned()),
        Mark::Path { d, class } => html! { <path class={*class} d={d.clone()} /> },
        Mark::Text { at: [x, y], anchor, class, text } => html! {
            <text class={*class} x={format!("{x:.1}")} y={format!("{y:.1}")} text-anchor={*anchor}>{ text }</text>
        },
        Mark::Content { at: [x, y, w, h], hash } => {
            let mut scene = Scene::default();
            content_cell(&mut scene, (*x, *y), (*w, *h), *hash, false);
            html! { <>{ for scene.shapes.iter().filter_map(shape) }</> }
        }
    }
}

/// A content cell's shapes: a ground in its hue, and a glyph.
fn shape(shape: &Shape) -> Option<Html> {
    match shape {
        Shape::Rect { x, y, w, h, ink: Ink::Content(hash), .. } => {
            Some(rect([*x, *y, *w, *h], format!("content hue-{}", hash % HUES)))
        }
        Shape::Rect { x, y, w, h, .. } => Some(rect([*x, *y, *w, *h], "glyph solid".to_owned())),
        Shape::Path { points, .. } => {
            let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            Some(html! { <polyline class="glyph" points={points.join(" ")} /> })
        }
        Shape::Text { .. } => None,
    }
}
