//! The annex: the pages Memory and Figures and the picture of memory lines, which are a wasm module of their own, fetched when
//! one of them is opened. The shell keeps an element for the pages, tells of addresses, themes and commands, and asks what to
//! keep; for the picture see [`lines`].

mod commands;
mod export;
mod figure;
pub mod lines;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use web_sys::Element;
use yew::prelude::*;

pub use commands::by_id;

use crate::browser::{hash, window};
use crate::figures::{Move, Show};
use crate::lab::{self, Deed, Lab};
use crate::pages::{Figures, Memory};
use crate::plots::Format;
use crate::state::Page;
use crate::storage;

/// What happens.
pub enum Msg {
    /// Something of the memory lab.
    Lab(Deed),
    /// To another step or figure, chosen by the user.
    Go(Move),
    /// To another step, as it plays.
    Follow(Move),
    /// Plays the figure, or pauses.
    Play,
    /// The lab's drawing is to become a file, or to be copied.
    SaveLab(Format),
    /// It has been copied, or could not be.
    Copied(bool),
    /// The figure is to become a file, or to be copied.
    SaveFigure(Format),
    /// It has been copied, or could not be.
    FigureCopied(bool),
    /// The address has changed.
    Moved,
    /// The theme has changed.
    Themed,
}

/// What the pages see; equal while nothing has changed.
#[derive(Clone)]
pub struct Annex {
    /// The memory lab.
    pub lab: Rc<RefCell<Lab>>,
    /// The figures.
    pub figures: Rc<RefCell<Show>>,
    /// Where to say what happens.
    pub send: Callback<Msg>,
    page: Option<Page>,
    changes: u64,
}

impl PartialEq for Annex {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes
    }
}

impl Annex {
    /// A callback that sends what `make` makes of its argument.
    pub fn on<T: 'static>(&self, make: impl Fn(T) -> Msg + 'static) -> Callback<T> {
        let send = self.send.clone();
        Callback::from(move |value| send.emit(make(value)))
    }
}

/// The annex as an application: the page that the address names, or nothing where that is the shell's own.
pub struct Root {
    annex: Annex,
}

impl Component for Root {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        // The lab of the last visit.
        let lab = storage::get(storage::LAB).and_then(|text| Lab::restore(&text)).unwrap_or_default();
        let hash = hash();
        let annex = Annex {
            lab: Rc::new(RefCell::new(lab)),
            figures: Rc::new(RefCell::new(Show::at(&hash))),
            send: ctx.link().callback(|msg| msg),
            page: Page::of(&hash),
            changes: 0,
        };
        let root = Self { annex };
        root.open_lab(&hash);
        root
    }

    fn update(&mut self, _: &Context<Self>, msg: Msg) -> bool {
        let changed = self.take(msg);
        self.annex.changes += u64::from(changed);
        changed
    }

    fn view(&self, _: &Context<Self>) -> Html {
        let page = match self.annex.page {
            Some(Page::Memory) => html! { <Memory /> },
            Some(Page::Figures) => html! { <Figures /> },
            Some(Page::Explore) | None => return html! {},
        };
        html! { <ContextProvider<Annex> context={self.annex.clone()}>{ page }</ContextProvider<Annex>> }
    }
}

impl Root {
    /// Takes a message in; true when the page is to be drawn again.
    fn take(&mut self, msg: Msg) -> bool {
        match msg {
            Msg::Lab(deed) => {
                self.annex.lab.borrow_mut().take(deed);
                true
            }
            Msg::Go(go) => {
                self.annex.figures.borrow_mut().playing = false;
                self.go(go);
                true
            }
            Msg::Follow(go) => {
                self.go(go);
                false
            }
            Msg::Play => {
                let go = self.annex.figures.borrow_mut().toggle();
                if let Some(go) = go {
                    self.go(go);
                }
                true
            }
            Msg::SaveLab(format) => {
                let send = self.annex.send.clone();
                export::save(&self.annex.lab.borrow(), format, move |copied| send.emit(Msg::Copied(copied)));
                false
            }
            Msg::Copied(copied) => {
                self.annex.lab.borrow_mut().take(Deed::Copied(copied));
                true
            }
            Msg::SaveFigure(format) => {
                let send = self.annex.send.clone();
                let told = move |copied| send.emit(Msg::FigureCopied(copied));
                export::save_figure(&mut self.annex.figures.borrow_mut(), format, told);
                false
            }
            Msg::FigureCopied(copied) => {
                self.annex.figures.borrow_mut().copied = Some(copied);
                true
            }
            Msg::Moved => {
                let hash = hash();
                self.annex.page = Page::of(&hash);
                self.annex.figures.borrow_mut().moved(&hash);
                self.open_lab(&hash);
                true
            }
            Msg::Themed => true,
        }
    }

    /// Takes over the lab that an address carries; it then is in the address no longer, as it will be changed.
    fn open_lab(&self, hash: &str) {
        if let Some(text) = hash.strip_prefix(lab::LINK) {
            self.annex.lab.borrow_mut().take(Deed::Open(text.to_owned()));
            if let Some(window) = window() {
                let _ = window.location().replace(Page::Memory.fragment());
            }
        }
    }

    /// To another step or figure: the address names it, and another figure is a place to come back from.
    fn go(&self, go: Move) {
        let to = self.annex.figures.borrow().to(go);
        if let Some(window) = window() {
            let fragment = to.fragment();
            let _ = match go {
                Move::Show(_) => window.location().set_hash(&fragment),
                _ => window.location().replace(&fragment),
            };
        }
    }
}

/// An application of nothing.
#[component]
fn Nothing() -> Html {
    html! {}
}

thread_local! {
    static ROOT: RefCell<Option<AppHandle<Root>>> = const { RefCell::new(None) };
}

/// Yew marks elements with the number of the application that they belong to, and each module counts from 1. The shell is the
/// first of its module; were the first of ours in the page, the shell would take its events for its own.
fn take_first_number(near: &Element) {
    thread_local! {
        static TAKEN: Cell<bool> = const { Cell::new(false) };
    }
    if !TAKEN.replace(true)
        && let Some(aside) = near.owner_document().and_then(|document| document.create_element("div").ok())
    {
        yew::Renderer::<Nothing>::with_root(aside).render();
    }
}

/// Shows the annex in an element of the shell, from now on.
pub fn mount(host: Element) {
    take_first_number(&host);
    let root = yew::Renderer::<Root>::with_root(host).render();
    ROOT.set(Some(root));
}

/// Tells the annex what happens.
pub fn tell(msg: Msg) {
    ROOT.with_borrow(|root| {
        if let Some(root) = root {
            root.send_message(msg);
        }
    });
}

/// The lab as text, to be kept for the next visit; None if there is nothing to keep.
pub fn kept() -> Option<String> {
    ROOT.with_borrow(|root| root.as_ref()?.get_component()?.annex.lab.borrow().keep())
}
