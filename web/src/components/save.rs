//! The formats in which a picture can be had.

use yew::prelude::*;

use super::{IconName, icon};
use crate::plots::Format;

/// A button that opens the formats in which something is saved.
pub fn save(label: &str, formats: &'static [Format], onsave: &Callback<Format>) -> Html {
    html! {
        <details class="export">
            <summary aria-label={format!("Save {label}")} title="Save as a file, or copy the picture">{ icon(IconName::Save) }</summary>
            <div>
                { for formats.iter().map(|format| {
                    let (onsave, format) = (onsave.clone(), *format);
                    let onclick = Callback::from(move |_: MouseEvent| onsave.emit(format));
                    html! { <button class="link" {onclick} title={format.title()}>{ format.name() }</button> }
                }) }
            </div>
        </details>
    }
}
