//! Where in the figures one is, as an address: `#/figures/4?step=7`.

use std::rc::Rc;

use super::{Figure, Step};

/// A figure and a step of it, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The figure.
    pub figure: Figure,
    /// The step; may lie past the last one.
    pub step: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self { figure: Figure::Lines, step: 1 }
    }
}

/// A way to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// One step on.
    Next,
    /// One step back.
    Back,
    /// To the first step.
    First,
    /// To the last step.
    Last,
    /// To a step, from 1.
    To(usize),
    /// To another figure's first step.
    Show(Figure),
}

impl Place {
    /// The place that a fragment names; what it does not name, or names wrongly, is the first.
    pub fn of(fragment: &str) -> Self {
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let slug = path.trim_start_matches("#/figures").trim_matches('/');
        let figure = Figure::ALL.into_iter().find(|figure| figure.slug() == slug).unwrap_or(Figure::Lines);
        let step = query
            .split('&')
            .filter_map(|field| field.strip_prefix("step="))
            .find_map(|step| step.parse().ok());
        Self { figure, step: step.unwrap_or(1).max(1) }
    }

    /// What a fragment names that is not there, and what is shown instead, of a figure of so many steps.
    pub fn missing(fragment: &str, steps: usize) -> Option<String> {
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let slug = path.strip_prefix("#/figures")?.trim_matches('/');
        let place = Self::of(fragment);
        let mut told = Vec::new();
        let short = |text: &str| text.chars().take(20).collect::<String>();
        if !slug.is_empty() && place.figure.slug() != slug {
            let instead = place.figure.name();
            told.push(format!("There is no figure “{}” here: this is {instead}.", short(slug)));
        }
        let step = query.split('&').find_map(|field| field.strip_prefix("step="));
        if let Some(step) = step.filter(|step| step.parse() != Ok(place.step) || place.step > steps) {
            let instead = place.step.min(steps);
            told.push(format!(
                "It has no step “{}”, but {steps} steps: this is step {instead}.",
                short(step)
            ));
        }
        (!told.is_empty()).then(|| told.join(" "))
    }

    /// Its address.
    pub fn fragment(self) -> String {
        format!("#/figures/{}?step={}", self.figure.slug(), self.step)
    }

    /// Where a move leads, in a figure of so many steps.
    pub fn moved(self, go: Move, steps: usize) -> Self {
        let here = self.step.min(steps);
        let step = match go {
            Move::Next => here + 1,
            Move::Back => here.saturating_sub(1),
            Move::First => 1,
            Move::Last => steps,
            Move::To(step) => step,
            Move::Show(figure) => return Self { figure, step: 1 },
        };
        Self { step: step.clamp(1, steps.max(1)), ..self }
    }
}

/// What the page shows: a place, whether it plays, and the figure's steps.
#[derive(Default)]
pub struct Show {
    place: Place,
    address: String,
    /// Whether steps follow by themselves.
    pub playing: bool,
    /// Whether its picture came on the clipboard, once that was tried.
    pub copied: Option<bool>,
    ran: Option<(Figure, Rc<[Step]>)>,
}

impl Show {
    /// What an address names, standing still.
    pub fn at(fragment: &str) -> Self {
        Self { place: Place::of(fragment), address: fragment.to_owned(), ..Self::default() }
    }

    /// The figure and the step that are shown.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The address has changed.
    pub fn moved(&mut self, fragment: &str) {
        let place = Place::of(fragment);
        self.playing &= place.figure == self.place.figure && fragment.starts_with("#/figures");
        self.place = place;
        fragment.clone_into(&mut self.address);
        self.copied = None;
    }

    /// What the address names that is not there, and what is shown instead.
    pub fn missing(&self) -> Option<String> {
        Place::missing(&self.address, self.steps())
    }

    /// The figure, its steps, and which of them it is, from 0.
    pub fn now(&mut self) -> (Figure, Rc<[Step]>, usize) {
        let figure = self.place.figure;
        let steps = match &self.ran {
            Some((ran, steps)) if *ran == figure => steps.clone(),
            _ => {
                let steps: Rc<[Step]> = figure.run().unwrap_or_default().into();
                self.ran = Some((figure, steps.clone()));
                steps
            }
        };
        let at = self.place.step.min(steps.len()).saturating_sub(1);
        (figure, steps, at)
    }

    fn steps(&self) -> usize {
        match &self.ran {
            Some((ran, steps)) if *ran == self.place.figure => steps.len(),
            _ => self.place.figure.steps(),
        }
    }

    /// Where a move leads.
    pub fn to(&self, go: Move) -> Place {
        self.place.moved(go, self.steps())
    }

    /// Plays or pauses; from the last step it plays from the first on again.
    pub fn toggle(&mut self) -> Option<Move> {
        self.playing = !self.playing;
        (self.playing && self.place.step >= self.steps()).then_some(Move::First)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_back_to_where_they_were_made() {
        for figure in Figure::ALL {
            for step in [1, 2, 9] {
                let place = Place { figure, step };
                assert_eq!(Place::of(&place.fragment()), place);
            }
        }
    }

    #[test]
    fn what_an_address_does_not_say_is_the_first() {
        let first = Place::default();
        for fragment in
            ["#/figures", "#/figures/", "#/figures/9", "#/figures/1?step=0", "#/figures/1?step=x&y"]
        {
            assert_eq!(Place::of(fragment), first, "{fragment}");
        }
        assert_eq!(Place::of("#/figures/3"), Place { figure: Figure::Packet, step: 1 });
    }

    #[test]
    fn what_an_address_names_in_vain_is_told() {
        let told = |fragment: &str| Show::at(fragment).missing().unwrap_or_default();
        for figure in Figure::ALL {
            for step in 1..=figure.steps() {
                assert_eq!(told(&Place { figure, step }.fragment()), "");
            }
        }
        for fragment in ["#/figures", "#/figures/", "#/figures?step=2", "#/figures/3", "#/explore?step=x"] {
            assert_eq!(told(fragment), "", "{fragment}");
        }
        let both = told("#/figures/99?step=-4");
        assert!(
            both.contains("no figure “99” here: this is Figure 1") && both.contains("no step “-4”"),
            "{both}"
        );
        assert!(told("#/figures/4?step=0").contains("this is step 1"));
        let last = Figure::Transmit.steps();
        assert!(told("#/figures/4?step=77").contains(&format!("but {last} steps: this is step {last}.")));
        let mut show = Show::at("#/figures/9");
        show.moved("#/figures/3");
        assert_eq!(show.missing(), None, "another address is no longer wrong");
    }

    #[test]
    fn playing_goes_on_within_a_figure_and_ends_with_it() {
        let mut show = Show::default();
        show.moved("#/figures/3?step=2");
        assert_eq!(show.toggle(), None);
        show.moved("#/figures/3?step=3");
        assert!(show.playing);
        show.moved("#/figures/4");
        assert!(!show.playing);
        show.moved("#/figures/4?step=99");
        assert_eq!(show.toggle(), Some(Move::First), "from the end it begins again");
        show.moved("#/explore");
        assert!(!show.playing);
    }

    #[test]
    fn a_step_past_the_last_is_the_last() {
        let mut show = Show::default();
        show.moved("#/figures/1?step=99");
        let (figure, steps, at) = show.now();
        assert_eq!((figure, at + 1), (Figure::Lines, steps.len()));
        assert_eq!(show.to(Move::Back).step, steps.len() - 1);
    }

    #[test]
    fn moves_stay_within_the_figure() {
        let at = |step| Place { figure: Figure::Transmit, step };
        assert_eq!(at(1).moved(Move::Back, 5), at(1));
        assert_eq!(at(4).moved(Move::Next, 5), at(5));
        assert_eq!(at(5).moved(Move::Next, 5), at(5));
        assert_eq!(at(99).moved(Move::Back, 5), at(4), "an address may say too much");
        assert_eq!(at(2).moved(Move::Last, 5), at(5));
        assert_eq!(at(2).moved(Move::To(7), 5), at(5));
        assert_eq!(at(3).moved(Move::Show(Figure::Lines), 5), Place::default());
    }
}
