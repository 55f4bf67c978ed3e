//! What is kept in this browser's local storage: the theme, the last moment as a link, the lab's steps, the name of the
//! capture that is kept beside. Nothing else.

use web_sys::Storage;

/// Key of the chosen theme.
pub const THEME: &str = "snapstack-theme";
/// Key of the last moment, as a link's fragment.
pub const MOMENT: &str = "snapstack-moment";

/// Key of the memory page's steps.
pub const LAB: &str = "snapstack-lab";

/// Key of the name of the capture that is kept in the origin's private file system.
pub const CAPTURE: &str = "snapstack-capture";

/// Key of what was made beside that moment: steps to undo and redo, branches, bookmarks, plots.
pub const STEPS: &str = "snapstack-steps";

/// All keys, and what is kept under each in words.
pub const STORED: [(&str, &str); 5] = [
    (THEME, "whether you chose light or dark"),
    (
        MOMENT,
        "the configuration and the moment that were on screen last, with the SHA-256 and the name of the capture, as a link would carry them",
    ),
    (
        STEPS,
        "the last steps that Undo goes back to, with their branches, marks and bookmarks, and which plots were shown",
    ),
    (LAB, "the steps of the memory page, with what you typed there"),
    (CAPTURE, "the capture that you opened last, if it has at most 50 MB, in this site's private files"),
];

/// An embedded page has none: it neither reads nor writes.
fn storage() -> Option<Storage> {
    if crate::browser::embedded() {
        return None;
    }
    web_sys::window()?.local_storage().ok().flatten()
}

/// What is kept under a key.
pub fn get(key: &str) -> Option<String> {
    storage()?.get_item(key).ok().flatten()
}

/// Keeps a value; where the browser keeps none, nothing happens.
pub fn set(key: &str, value: &str) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(key, value);
    }
}

/// Forgets what is kept under a key.
pub fn remove(key: &str) {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(key);
    }
}

/// Forgets everything.
pub fn forget() {
    for (key, _) in STORED {
        remove(key);
    }
}
