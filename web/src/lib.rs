//! The explorer, of which three wasm modules are made. One serves as the shell with the page Explore, which draws, and as the
//! worker that replays captures: all that the first screen needs. The annex has the other pages and the picture of memory lines.
//! The third is a worker that runs everything, simulated hosts and their TCP included, and answers questions about any moment.

pub mod annex;
pub mod app;
pub mod browser;
pub mod commands;
pub mod components;
pub mod dag;
pub mod engine;
pub mod figures;
pub mod filter;
pub mod focus;
pub mod gallery;
pub mod glossary;
pub mod lab;
pub mod line;
pub mod pages;
pub mod picture;
pub mod places;
pub mod player;
pub mod plots;
pub mod reopen;
pub mod scene;
pub mod session;
pub mod settings;
pub mod share;
pub mod spec;
pub mod state;
pub mod storage;
pub mod theme;
pub mod timeline;
pub mod tour;
pub mod words;

/// Starts whichever this is: the worker for captures, or the page.
pub fn start() {
    browser::note_panics();
    if engine::is_worker() {
        // The page hears of a worker that does not start through its error event.
        let _ = engine::serve(engine::Abilities::captures());
    } else {
        theme::restore();
        yew::Renderer::<app::App>::new().render();
    }
}

/// Starts the worker that runs everything and answers questions.
pub fn start_hosts() {
    browser::note_panics();
    let _ = engine::serve(engine::Abilities::all());
}
