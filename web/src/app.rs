//! The shell: the start page, the place of the others, and what stands around every page.

use web_sys::HtmlAnchorElement;
use yew::prelude::*;

use crate::components::{Palette, awaited, gallery, help, notices, top, verdict};
use crate::pages::{Explore, covered};
use crate::session::{Fetched, Over, Provider, Session};
use crate::state::Page;

/// The application.
#[component]
pub fn App() -> Html {
    html! { <Provider><Shell /></Provider> }
}

#[component]
fn Shell() -> Html {
    let Some(session) = use_context::<Session>() else { return html! {} };
    use_effect_with(session.page, |page| {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            document.set_title(&format!("{} · Snapstack", page.name()));
        }
    });
    html! {
        <div class={classes!("shell", session.page.name().to_ascii_lowercase(), session.embedded.then_some("embedded"), session.presents.then_some("presents"))}>
            if session.embedded { { open_full(&session) } } else { { top(&session) } }
            // Its content is the annex's own.
            <div class="annex" id="annex" />
            { page(&session) }
            <p class="unseen" id="out-live" aria-live="polite" />
            { notices(&session, session.page == Page::Explore && !covered(&session.state)) }
            { match session.over {
                Some(Over::Palette) => html! { <Palette /> },
                Some(Over::Help) => help(&session),
                Some(Over::Gallery) => gallery(&session),
                None => html! {},
            } }
            if session.state.dragging {
                <div class="dropping" aria-hidden="true"><p>{ "Drop a pcap or pcapng file: it stays on this machine" }</p></div>
            }
        </div>
    }
}

/// The start page, or what there is instead of a page of the annex until it is there.
fn page(session: &Session) -> Html {
    match (session.page, session.annex.fetched) {
        (Page::Explore, _) => html! { <Explore /> },
        (_, Fetched::There) => html! {},
        (page, _) => html! { <main>{ awaited(session, &format!("The page {}", page.name())) }</main> },
    }
}

/// Of an embedded page: to the whole one, at the moment that is shown.
fn open_full(session: &Session) -> Html {
    let href = {
        let session = session.clone();
        move || {
            let position = session.player.borrow().position();
            format!("./{}", session.state.link_at(position).fragment())
        }
    };
    // While it plays the moment moves on without a new picture of this bar: the press takes the one on screen.
    let renew = {
        let href = href.clone();
        Callback::from(move |event: MouseEvent| {
            if let Some(anchor) = event.target_dyn_into::<HtmlAnchorElement>() {
                anchor.set_href(&href());
            }
        })
    };
    html! {
        <header class="top">
            <h1>{ "Snapstack" }</h1>
            <span class="space" />
            { verdict(session) }
            <a class="button" id="open-full" href={href()} onmousedown={renew.clone()} onclick={renew} target="_blank" rel="noopener">{ "Open full" }</a>
        </header>
    }
}
