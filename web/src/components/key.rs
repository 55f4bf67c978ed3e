//! What shapes and colours mean, in one row.

use yew::prelude::*;

/// Class, which the style sheet draws, and words.
const KEY: [(&str, &str); 8] = [
    ("content", "line by content"),
    ("copy", "copied"),
    ("reference", "referenced"),
    ("header", "headers"),
    ("dma", "DMA"),
    ("allocation", "allocation"),
    ("up", "arrives: notched"),
    ("drop", "lost or dropped"),
];

/// The key of the lanes.
pub fn key() -> Html {
    html! { <ul class="key" aria-label="Key of the lanes">{ for KEY.iter().map(|(class, text)| html! { <li class={*class}>{ *text }</li> }) }</ul> }
}
