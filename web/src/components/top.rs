//! The header of every page: name, pages, what the page offers to do.

use yew::prelude::*;

use super::{IconName, icon};
use crate::commands::Intent;
use crate::session::{Msg, Session};
use crate::state::Page;

/// The header.
pub fn top(session: &Session) -> Html {
    let act = |intent: Intent| session.on(move |_: MouseEvent| Msg::Do(intent));
    html! {
        <header class="top">
            <h1>{ "Snapstack" }</h1>
            <nav aria-label="Pages">
                { for Page::ALL.into_iter().map(|page| {
                    let here = page == session.page;
                    html! {
                        <a href={page.fragment()} class={classes!(here.then_some("on"))} aria-current={here.then_some("page")}>{ page.name() }</a>
                    }
                }) }
            </nav>
            <span class="space" />
            if session.page == Page::Explore {
                { verdict(session) }
                <button id="share" onclick={act(Intent::Share)} aria-label="Share">{ icon(IconName::Share) }<span>{ "Share" }</span></button>
            }
            <button id="gallery-button" onclick={act(Intent::Gallery)} title="Runs that each make a point (g)">{ "Gallery" }</button>
            <button id="find" class="quiet" onclick={act(Intent::Palette)} title="Find a command (Ctrl K)" aria-label="Find a command: Ctrl K">{ icon(IconName::Find) }<span>{ "Ctrl K" }</span></button>
            <button id="help-button" onclick={act(Intent::Help)} title="Help: keys and words (?)" aria-label="Help">{ "?" }</button>
            <button id="theme" onclick={act(Intent::Theme)} title="Light or dark" aria-label="Light or dark">{ icon(IconName::Theme) }</button>
        </header>
    }
}

/// Whether the link's result was reproduced, said to everybody.
pub fn verdict(session: &Session) -> Html {
    let text = session.state.verdict.clone().unwrap_or_default();
    let differs = text.starts_with("diverged");
    html! { <span class={classes!("verdict", differs.then_some("differs"))} id="verdict" role="status">{ text }</span> }
}
