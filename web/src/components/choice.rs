//! A choice of several with its name before it.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

/// Properties of [`Choice`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Its name in the document.
    pub id: &'static str,
    /// What is chosen.
    pub label: &'static str,
    /// What there is, in words.
    pub options: Vec<&'static str>,
    /// Which of them is chosen.
    pub chosen: usize,
    /// Another one was.
    pub onchoose: Callback<usize>,
}

/// The choice.
#[component]
pub fn Choice(props: &Props) -> Html {
    let onchoose = props.onchoose.clone();
    let onchange = Callback::from(move |event: Event| {
        let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
        onchoose.emit(usize::try_from(index).unwrap_or(0));
    });
    html! {
        <span class="field"><span class="name">{ props.label }</span>
            <select id={props.id} {onchange} aria-label={props.label}>
                { for props.options.iter().enumerate().map(|(i, option)| html! { <option selected={i == props.chosen}>{ *option }</option> }) }
            </select>
        </span>
    }
}
