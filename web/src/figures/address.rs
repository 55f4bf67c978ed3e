//! Where in the figures one is, as an address: `#/figures/4?step=7`.

use super::Figure;

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
        let step = query.split('&').filter_map(|field| field.strip_prefix("step=")).find_map(|step| step.parse().ok());
        Self { figure, step: step.unwrap_or(1).max(1) }
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
        for fragment in ["#/figures", "#/figures/", "#/figures/9", "#/figures/1?step=0", "#/figures/1?step=x&y"] {
            assert_eq!(Place::of(fragment), first, "{fragment}");
        }
        assert_eq!(Place::of("#/figures/3"), Place { figure: Figure::Packet, step: 1 });
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
