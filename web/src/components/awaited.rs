//! What stands where something of the annex is to be, until it is there.

use yew::prelude::*;

use crate::session::{Fetched, Msg, Session};

/// That something is coming, or that it did not come and how to try again.
pub fn awaited(session: &Session, what: &str) -> Html {
    match session.annex.fetched {
        Fetched::There => html! {},
        Fetched::Failed => html! {
            <div class="wait" id="wait">
                <p role="alert">{ format!("{what} could not be loaded. Is there a connection?") }</p>
                <button id="annex-again" onclick={session.on(|_: MouseEvent| Msg::Fetch)}>{ "Try again" }</button>
            </div>
        },
        Fetched::Not | Fetched::Coming => html! {
            <div class="wait" id="wait"><p role="status">{ format!("Loading {}…", what.trim_start_matches("The ")) }</p></div>
        },
    }
}
