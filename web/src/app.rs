//! The shell: routes and what stands around every page.

use yew::prelude::*;
use yew_router::prelude::*;

use crate::pages::Explore;

/// Pages by hash route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Routable)]
pub enum Route {
    /// The lanes.
    #[at("/explore")]
    Explore,
    /// The start page is Explore.
    #[at("/")]
    Start,
    /// Anything else.
    #[not_found]
    #[at("/404")]
    NotFound,
}

/// The application.
#[component]
pub fn App() -> Html {
    html! {
        <HashRouter>
            <Switch<Route> render={switch} />
        </HashRouter>
    }
}

fn switch(route: Route) -> Html {
    match route {
        Route::Explore | Route::Start => html! { <Explore unknown={false} /> },
        Route::NotFound => html! { <Explore unknown={true} /> },
    }
}
