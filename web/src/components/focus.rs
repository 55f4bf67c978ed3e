//! The focus of what lies over the page: it takes it when it comes. Where it goes then is the session's to see to.

use yew::prelude::*;

use crate::browser::{focus_later, window};

/// Properties of [`Focus`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Name in the document of the element that takes the focus.
    pub on: &'static str,
}

/// Nothing to see: as long as it is there, the element has had the focus.
#[component]
pub fn Focus(props: &Props) -> Html {
    let on = props.on;
    use_effect_with((), move |()| {
        let document = window().and_then(|window| window.document());
        focus_later(document.and_then(|document| document.get_element_by_id(on)));
    });
    html! {}
}
