//! The explorer, of which two wasm modules are made: one serves as the shell with the page Explore, which draws, and as the
//! worker, which simulates; the other, the annex, has the other pages.

pub mod annex;
pub mod app;
pub mod browser;
pub mod commands;
pub mod components;
pub mod dag;
pub mod engine;
pub mod figures;
pub mod gallery;
pub mod glossary;
pub mod lab;
pub mod pages;
pub mod player;
pub mod plots;
pub mod reopen;
pub mod scene;
pub mod session;
pub mod settings;
pub mod share;
pub mod state;
pub mod storage;
pub mod theme;
pub mod timeline;
pub mod tour;
pub mod words;

/// Starts whichever this is: the worker, or the page.
pub fn start() {
    console_error_panic_hook::set_once();
    if engine::is_worker() {
        // The page hears of a worker that does not start through its error event.
        let _ = engine::serve();
    } else {
        theme::restore();
        yew::Renderer::<app::App>::new().render();
    }
}
