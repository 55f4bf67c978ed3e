//! Light and dark: the system's choice until the user makes one, which is kept.

use web_sys::Window;

use crate::storage::{self, THEME};

fn apply(window: &Window, theme: &str) {
    if let Some(root) = window.document().and_then(|document| document.document_element()) {
        let _ = root.set_attribute("data-theme", theme);
    }
}

/// Applies what was chosen on an earlier visit.
pub fn restore() {
    if let Some(window) = web_sys::window()
        && let Some(theme) = storage::get(THEME)
        && ["light", "dark"].contains(&theme.as_str())
    {
        apply(&window, &theme);
    }
}

/// Changes to the other theme, and keeps that.
pub fn toggle() {
    let Some(window) = web_sys::window() else { return };
    let root = window.document().and_then(|document| document.document_element());
    let chosen = root.and_then(|root| root.get_attribute("data-theme"));
    let dark = match chosen.as_deref() {
        Some(theme) => theme == "dark",
        None => prefers(&window, "(prefers-color-scheme: dark)"),
    };
    let theme = if dark { "light" } else { "dark" };
    apply(&window, theme);
    storage::set(THEME, theme);
}

/// The media query of those who want no motion.
pub const STILL: &str = "(prefers-reduced-motion: reduce)";

/// Whether the system asks for no motion.
pub fn still() -> bool {
    web_sys::window().is_some_and(|window| prefers(&window, STILL))
}

/// Whether a media query holds.
pub fn prefers(window: &Window, query: &str) -> bool {
    window.match_media(query).ok().flatten().is_some_and(|list| list.matches())
}
