//! A word of the glossary: what it means appears when it is pointed at or has the focus.

use yew::prelude::*;

use crate::glossary::look_up;

/// Properties of [`Term`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The word, as in the glossary.
    pub word: AttrValue,
    /// What to write instead of it.
    #[prop_or_default]
    pub text: Option<AttrValue>,
    /// Whether to write its plural.
    #[prop_or_default]
    pub plural: bool,
    /// Whether it begins with a capital.
    #[prop_or_default]
    pub capital: bool,
}

/// The word, underlined by dots.
#[component]
pub fn Term(props: &Props) -> Html {
    let Some(entry) = look_up(&props.word) else { return html! { { &props.word } } };
    let word = if props.plural { entry.plural } else { entry.word };
    let mut text = props.text.as_deref().unwrap_or(word).to_owned();
    if props.capital || props.plural {
        // The glossary's words begin with ASCII.
        let first = text.chars().next().map_or(0, char::len_utf8);
        text[..first].make_ascii_uppercase();
    }
    html! {
        <span class="term" tabindex="0" role="note" aria-label={format!("{text}: {}", entry.meaning)}>
            { text }<span class="meaning" aria-hidden="true">{ entry.meaning }</span>
        </span>
    }
}
