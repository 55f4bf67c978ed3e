//! What is kept in this browser's local storage: the theme, the last moment as a link, the lab's steps. Nothing else.

use web_sys::Storage;

/// Key of the chosen theme.
pub const THEME: &str = "snapstack-theme";
/// Key of the last moment, as a link's fragment.
pub const MOMENT: &str = "snapstack-moment";

/// Key of the memory page's steps.
pub const LAB: &str = "snapstack-lab";

/// All keys, and what is kept under each in words.
pub const STORED: [(&str, &str); 3] = [
    (THEME, "whether you chose light or dark"),
    (
        MOMENT,
        "the configuration and the moment that were on screen last, with the SHA-256 and the name of the capture, as a link would carry them; never the capture itself",
    ),
    (LAB, "the steps of the memory page, with what you typed there"),
];

fn storage() -> Option<Storage> {
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
