//! What the tests of the whole page need: a static server under a path nobody would guess, a headless browser, and
//! waiting for a state instead of for a time.
//!
//! `cargo xtask test` builds the page and sets the variables read here: `SNAPSTACK_DIST` (folder of the built page),
//! `SNAPSTACK_CLI` (the command-line program), `CHROMEDRIVER` and `CHROMIUM`.

mod browser;
mod driver;
mod server;
mod wait;

pub use browser::{Browser, ColorScheme};
pub use server::{Served, StaticServer};
pub use wait::{READY, wait_for};

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The hashes of the page's addresses, one per page, of which pictures are taken.
pub const PAGES: &[&str] =
    &["#/explore", "#/memory", "#/figures/1", "#/figures/3", "#/figures/4", "#/figures/receive"];

/// The strictest policy the page works under; its code compiles wasm, hence the one exception. The built page has it as a
/// `<meta>`, too.
pub const CSP: &str = include_str!("../../static/content-security-policy.txt").trim_ascii_end();

/// Folder of the built page.
///
/// # Errors
///
/// When `SNAPSTACK_DIST` is not set: the tests want to be run by `cargo xtask test --only e2e`.
pub fn dist() -> Result<PathBuf> {
    path("SNAPSTACK_DIST")
}

/// The script of axe-core.
///
/// # Errors
///
/// When `SNAPSTACK_AXE` is not set: the tests want to be run by `cargo xtask test --only e2e`.
pub fn axe() -> Result<PathBuf> {
    path("SNAPSTACK_AXE")
}

/// The command-line program.
///
/// # Errors
///
/// When `SNAPSTACK_CLI` is not set: the tests want to be run by `cargo xtask test --only e2e`.
pub fn cli() -> Result<PathBuf> {
    path("SNAPSTACK_CLI")
}

fn path(variable: &str) -> Result<PathBuf> {
    let value = env::var_os(variable);
    value
        .map(PathBuf::from)
        .with_context(|| format!("{variable} is not set; run `cargo xtask test --only e2e`"))
}
