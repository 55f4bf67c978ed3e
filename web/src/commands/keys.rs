//! Keys as text: `Ctrl+k`, `ArrowRight`, `?`. Command on a Mac counts as Ctrl.

use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// The chord of a key event; None for a bare modifier or one that is left to the browser.
pub fn chord(event: &KeyboardEvent) -> Option<String> {
    let key = event.key();
    // On many keyboards these are typed with Alt or AltGr, which some browsers tell as Ctrl and Alt.
    let typed = event.alt_key() && ["[", "]"].contains(&key.as_str());
    if event.alt_key() && !typed || event.is_composing() {
        return None;
    }
    if ["Control", "Meta", "Shift", "Alt"].contains(&key.as_str()) {
        return None;
    }
    let name = match key.as_str() {
        " " => "Space".to_owned(),
        single if single.chars().count() == 1 => single.to_ascii_lowercase(),
        _ => key,
    };
    let ctrl = !typed && (event.ctrl_key() || event.meta_key());
    // Shift matters where it does not make another character of the key.
    let shift = event.shift_key() && (ctrl || name.chars().count() > 1);
    Some(format!("{}{}{name}", if ctrl { "Ctrl+" } else { "" }, if shift { "Shift+" } else { "" }))
}

/// Whether a chord goes to the commands rather than to the element that has the focus: typing stays with fields, and
/// the keys that press, move or open stay with controls.
pub fn reaches(event: &KeyboardEvent, chord: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let Some(element) = target else { return true };
    if chord == "Escape" || ["Ctrl+k", "Ctrl+Shift+k"].contains(&chord) {
        return true;
    }
    let tag = element.tag_name();
    let kind = element.get_attribute("type").unwrap_or_default();
    match tag.as_str() {
        "TEXTAREA" => false,
        "INPUT" => !["", "text", "search", "number"].contains(&kind.as_str()) && chord.starts_with("Ctrl+"),
        "SELECT" => chord.starts_with("Ctrl+"),
        "BUTTON" | "A" | "SUMMARY" => !["Space", "Enter"].contains(&chord),
        _ => true,
    }
}

/// A chord as it is written on a page.
pub fn spoken(chord: &str) -> String {
    let name = |key: &str| match key {
        "ArrowLeft" => "←".to_owned(),
        "ArrowRight" => "→".to_owned(),
        "Escape" => "Esc".to_owned(),
        single if single.len() == 1 && chord.contains('+') => single.to_ascii_uppercase(),
        other => other.to_owned(),
    };
    chord.split('+').map(name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn chords_are_written_as_people_read_them() {
        let cases = [("Ctrl+k", "Ctrl K"), ("ArrowRight", "→"), ("c", "c"), ("Ctrl+Shift+z", "Ctrl Shift Z")];
        for (chord, text) in cases {
            assert_eq!(super::spoken(chord), text);
        }
    }
}
