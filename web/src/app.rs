//! The shell: routes and what stands around every page.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::components::{Help, Notices, Palette, Top};
use crate::pages::{Explore, Figures, Memory};
use crate::session::{Over, Provider, Session};

/// Pages by hash route.
#[derive(Clone, Debug, PartialEq, Eq, Routable)]
pub enum Route {
    /// The lanes.
    #[at("/explore")]
    Explore,
    /// The lab.
    #[at("/memory")]
    Memory,
    /// The paper's figures.
    #[at("/figures")]
    Figures,
    /// One of them.
    #[at("/figures/:figure")]
    Figure {
        /// Which.
        figure: String,
    },
    /// The start page is Explore.
    #[at("/")]
    Start,
    /// Anything else is answered in words on the start page.
    #[not_found]
    #[at("/404")]
    NotFound,
}

/// The application.
#[component]
pub fn App() -> Html {
    html! {
        <HashRouter>
            <Provider><Shell /></Provider>
        </HashRouter>
    }
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
        <div class={classes!("shell", session.page.name().to_lowercase())}>
            <Top />
            <Switch<Route> render={switch} />
            <Notices />
            { match session.over {
                Some(Over::Palette) => html! { <Palette /> },
                Some(Over::Help) => html! { <Help /> },
                None => html! {},
            } }
            if session.state.dragging {
                <div class="drop" aria-hidden="true"><p>{ "Drop a pcap or pcapng file: it stays on this machine" }</p></div>
            }
        </div>
    }
}

fn switch(route: Route) -> Html {
    match route {
        Route::Explore | Route::Start | Route::NotFound => html! { <Explore /> },
        Route::Memory => html! { <Memory /> },
        Route::Figures | Route::Figure { .. } => html! { <Figures /> },
    }
}
