//! A choice of several with its name before it.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// A choice, by its name in the document and its label: what there is, in words, which of it is chosen, and who hears of
/// another.
pub fn choice(
    (id, label): (&'static str, &'static str),
    options: &[&'static str],
    chosen: usize,
    onchoose: Callback<usize>,
) -> Html {
    let onchange = Callback::from(move |event: Event| {
        let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
        onchoose.emit(usize::try_from(index).unwrap_or(0));
    });
    html! {
        <div class="setting"><span class="field"><span class="name">{ label }</span>
            <select {id} {onchange} aria-label={label}>
                { for options.iter().enumerate().map(|(i, option)| html! { <option selected={i == chosen}>{ *option }</option> }) }
            </select>
        </span></div>
    }
}
