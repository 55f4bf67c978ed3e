//! What is kept in this browser's local storage: the theme, and the last moment as a link. Nothing else.

use web_sys::Storage;

/// Key of the chosen theme.
pub const THEME: &str = "snapstack-theme";
/// Key of the last moment, as a link's fragment.
pub const MOMENT: &str = "snapstack-moment";

/// All keys, and what is kept under each in words.
pub const STORED: [(&str, &str); 2] = [
    (THEME, "whether you chose light or dark"),
    (
        MOMENT,
        "the configuration and the moment that were on screen last, with the SHA-256 and the name of the capture, as a link would carry them; never the capture itself",
    ),
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

/// Forgets everything.
pub fn forget() {
    if let Some(storage) = storage() {
        for (key, _) in STORED {
            let _ = storage.remove_item(key);
        }
    }
}
