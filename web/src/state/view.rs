//! How a run is looked at, apart from the moment and what is selected: which plots, by what, and what lies under the time
//! bar. Also as fields of links, where what is as at first is left out.

use super::{Bottom, Effect, State};
use crate::player::SLOTS;
use crate::plots::PLOTS;
use crate::share::Link;
use crate::spec::Spec;

/// How a run is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Which plots are shown.
    pub plots: [usize; SLOTS],
    /// Whether they go by time instead of by event.
    pub by_time: bool,
    /// What lies under the time bar.
    pub bottom: Bottom,
}

impl Default for View {
    fn default() -> Self {
        Self { plots: [0, 1, 2], by_time: false, bottom: Bottom::default() }
    }
}

impl View {
    /// Hands out every field that is not as at first: `plots=copies,bus,held`, `axis=time`, `bottom=ledger`.
    pub fn put(&self, mut put: impl FnMut(&str, String)) {
        let first = Self::default();
        if self.plots != first.plots {
            let [first, second, third] = self.plots.map(|plot| PLOTS[plot].key);
            put("plots", [first, ",", second, ",", third].concat());
        }
        if self.by_time {
            put("axis", "time".to_owned());
        }
        if self.bottom != first.bottom {
            put("bottom", self.bottom.key().to_owned());
        }
    }

    /// Takes a field in; None for a value that is none, which changes nothing.
    pub fn take(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "plots" => {
                let (mut plots, mut keys) = ([0; SLOTS], value.split(','));
                for plot in &mut plots {
                    let key = keys.next()?;
                    *plot = PLOTS.iter().position(|plot| plot.key == key)?;
                }
                if keys.next().is_some() {
                    return None;
                }
                self.plots = plots;
            }
            "axis" if ["event", "time"].contains(&value) => self.by_time = value == "time",
            "axis" => return None,
            _ => self.bottom = Bottom::ALL.into_iter().find(|bottom| bottom.key() == value)?,
        }
        Some(())
    }
}

impl State {
    /// How the run is looked at now.
    pub fn view(&self) -> View {
        View { plots: self.plots, by_time: self.by_time, bottom: self.bottom }
    }

    /// The link to a moment of a run that is on screen, or asked for: with all that is selected.
    pub(super) fn link_of(&self, spec: &Spec, at: u32) -> Link {
        Link {
            spec: spec.clone(),
            at: Some(at),
            packet: self.selected,
            line: self.line_hash,
            place: self.place,
            mark: self.mark,
            range: self.range,
            filter: self.packets.filter.clone(),
            view: self.view(),
            ..Link::default()
        }
    }

    /// Looks at it another way.
    pub(super) fn look(&mut self, view: View) -> Vec<Effect> {
        View { plots: self.plots, by_time: self.by_time, bottom: self.bottom } = view;
        vec![Effect::Plots(self.plots), Effect::Axis(self.by_time)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_plot_axis_and_tab_has_a_name_that_leads_back_to_it() {
        for plot in 0..PLOTS.len() {
            for (by_time, bottom) in [false, true].into_iter().flat_map(|by| Bottom::ALL.map(|of| (by, of))) {
                let view = View { plots: [plot, 0, plot], by_time, bottom };
                let mut read = View::default();
                view.put(|key, value| read.take(key, &value).unwrap_or_else(|| panic!("{key}={value}")));
                assert_eq!(read, view);
            }
        }
        View::default().put(|key, value| panic!("{key}={value} is as at first"));
    }

    #[test]
    fn what_is_no_view_changes_nothing() {
        let none = [
            ("plots", ""),
            ("plots", "copies"),
            ("plots", "copies,bus,nothing"),
            ("plots", "copies,bus,bus,bus"),
            ("axis", "space"),
            ("bottom", "Ledger"),
        ];
        let mut view = View::default();
        for (key, value) in none {
            assert_eq!((view.take(key, value), view), (None, View::default()), "{key}={value}");
        }
    }
}
