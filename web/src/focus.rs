//! Where the focus goes when what has it goes: back to what had it before, or to what stands nearest; never to nothing, from
//! which the keyboard would begin anew at the top of the page.

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlElement};

use crate::browser::window;

/// What lies over the page for a time.
const OVER: &str = "dialog, #lines";
/// The element that takes the focus where nothing else can.
const LAST: &str = "play";

/// An element that had the focus.
struct Place {
    element: Element,
    /// What lies over the page and it is in.
    over: Option<Element>,
    /// Names in the document: its own, and those of what it is in, the nearest first.
    names: Vec<String>,
}

impl Place {
    fn of(element: Element) -> Self {
        let mut names = Vec::new();
        let mut around = Some(element.clone());
        while let Some(next) = around {
            names.push(next.id());
            around = next.parent_element();
        }
        Self { over: element.closest(OVER).ok().flatten(), names, element }
    }
}

/// The places of the focus: one on the page, and one in each thing that lies over it.
#[derive(Default)]
pub struct Focus {
    places: Vec<Place>,
    /// Whether a look at who has lost it is due.
    due: bool,
}

fn document() -> Option<Document> {
    window()?.document()
}

/// What has the focus. What is disabled is about to lose it.
fn focused() -> Option<Element> {
    let can =
        |element: &Element| element.tag_name() != "BODY" && !element.matches(":disabled").unwrap_or(false);
    document()?.active_element().filter(can)
}

/// Gives an element the focus, if it takes it.
fn take(element: Option<Element>) -> bool {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let _ = element.focus();
    }
    focused().is_some()
}

impl Focus {
    /// The page is about to change. A look at the focus is due after that ([`Focus::mend`]); true if none was.
    pub fn note(&mut self) -> bool {
        let over =
            self.places.last().and_then(|place| place.over.as_ref()).is_some_and(|over| over.is_connected());
        match focused() {
            Some(element) if self.places.last().is_some_and(|place| place.element == element) => {}
            Some(element) => {
                let place = Place::of(element);
                if let Some(at) = self.places.iter().position(|other| other.over == place.over) {
                    self.places.truncate(at);
                }
                self.places.push(place);
            }
            // Its user has taken it away, but for what lies over the page, which is still to give it back.
            None if !self.due => self.places.retain(|_| over),
            None => {}
        }
        !std::mem::replace(&mut self.due, true)
    }

    /// The page has changed: if that has taken the focus away, it goes to the nearest of the places where it was.
    pub fn mend(&mut self) {
        self.due = false;
        if self.places.is_empty() || focused().is_some() {
            return;
        }
        let Some(document) = document() else { return };
        for place in self.places.iter().rev() {
            let mut named = place.names.iter().filter(|name| !name.is_empty());
            // By its side stands what does the contrary; and what is closed was opened by something.
            let beside = place.element.parent_element();
            let beside = beside.and_then(|around| around.query_selector("button:enabled").ok().flatten());
            let opener =
                |name: &str| document.query_selector(&format!("[aria-controls='{name}']")).ok().flatten();
            if take(Some(place.element.clone()))
                || take(beside)
                || named.any(|name| take(document.get_element_by_id(name)) || take(opener(name)))
            {
                return;
            }
        }
        take(document.get_element_by_id(LAST));
    }
}
