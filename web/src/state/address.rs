//! The address's fragment: which page it names, and the link it may carry.

use super::{Effect, Notice, State};
use crate::share::Link;

/// A page of the explorer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    /// Two lanes on the same bytes; the start page.
    Explore,
    /// Segments and lines by hand.
    Memory,
    /// The paper's figures in steps.
    Figures,
}

impl Page {
    /// All, in the order of the navigation.
    pub const ALL: [Self; 3] = [Self::Explore, Self::Memory, Self::Figures];

    /// The name in the navigation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Explore => "Explore",
            Self::Memory => "Memory",
            Self::Figures => "Figures",
        }
    }

    /// Its address.
    pub fn fragment(self) -> &'static str {
        match self {
            Self::Explore => "#/explore",
            Self::Memory => "#/memory",
            Self::Figures => "#/figures",
        }
    }

    /// The page that a fragment names; None if there is none of that name.
    pub fn of(fragment: &str) -> Option<Self> {
        let path = fragment.split('?').next().unwrap_or_default();
        if ["", "#", "#/"].contains(&path) {
            return Some(Self::Explore);
        }
        if path.starts_with("#/figures/") {
            return Some(Self::Figures);
        }
        Self::ALL.into_iter().find(|page| page.fragment() == path)
    }
}

impl State {
    pub(super) fn address(&mut self, fragment: &str) -> Vec<Effect> {
        match Page::of(fragment) {
            None => {
                let text = "There is no page at this address. This is Explore, the start page.";
                self.notice = Some(Notice::Problem(text.to_owned()));
            }
            Some(Page::Explore) if fragment.contains('?') => match Link::read(fragment) {
                Ok((link, notes)) => {
                    self.notice = (!notes.is_empty()).then(|| Notice::Info(notes.join(" ")));
                    let mut effects = self.follow(link);
                    // What lay over the run before was not its sender's.
                    self.settings = false;
                    self.inspect.close_lines();
                    effects.extend(self.place.take().map(|_| Effect::Place(None)));
                    return effects;
                }
                Err(error) => self.notice = Some(Notice::Problem(error.to_string())),
            },
            Some(_) => {}
        }
        Vec::new()
    }
}
