//! Which plots there are: their curves, how these are scaled, and what a range of one adds up to.

use super::{Axis, Curve, Scale};
use crate::scene::{Ink, grouped};
use crate::timeline::{LaneSeries, Series, Timeline};

/// One curve of a plot.
pub struct CurveSpec {
    /// Its name in the legend.
    pub label: &'static str,
    /// Its colour.
    pub ink: Ink,
    /// Its class in the legend.
    pub class: &'static str,
    series: fn(&[LaneSeries; 2]) -> &Series,
}

impl CurveSpec {
    /// Its values.
    pub fn series<'t>(&self, lanes: &'t [LaneSeries; 2]) -> &'t Series {
        (self.series)(lanes)
    }
}

/// One plot.
pub struct Spec {
    /// Name that does not change.
    pub key: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// Unit of its values, in CSV and behind sums.
    pub unit: &'static str,
    /// Whether its values are ratios, from 1 on, rather than counts.
    pub ratio: bool,
    /// Its curves: those of the lanes, left and right, and what else there is.
    pub curves: &'static [CurveSpec],
}

/// A count in both lanes; the left one in the colour of copies where it counts copies.
macro_rules! both {
    ($field:ident) => {
        both!($field, Text, "plain")
    };
    ($field:ident, $ink:ident, $class:literal) => {
        &[
            CurveSpec { label: "left", ink: Ink::$ink, class: $class, series: |lanes| &lanes[0].$field },
            CurveSpec {
                label: "right",
                ink: Ink::Reference,
                class: "right",
                series: |lanes| &lanes[1].$field,
            },
        ]
    };
}

/// All plots.
pub static PLOTS: [Spec; 7] = [
    Spec {
        key: "copies",
        title: "Bytes copied",
        unit: "B",
        ratio: false,
        curves: both!(copied, Copy, "left"),
    },
    Spec {
        key: "allocations",
        title: "Software allocations",
        unit: "",
        ratio: false,
        curves: both!(allocations),
    },
    Spec {
        key: "dedup",
        title: "Dedup ratio",
        unit: "",
        ratio: true,
        curves: &[
            CurveSpec { label: "left", ink: Ink::Text, class: "plain", series: |lanes| &lanes[0].held },
            CurveSpec { label: "held", ink: Ink::Reference, class: "right", series: |lanes| &lanes[1].held },
            CurveSpec {
                label: "cumulative",
                ink: Ink::Dim,
                class: "cumulative",
                series: |lanes| &lanes[1].cumulative,
            },
        ],
    },
    Spec { key: "entries", title: "Map entries written", unit: "", ratio: false, curves: both!(map_entries) },
    Spec { key: "footprint", title: "Footprint", unit: "B", ratio: false, curves: both!(footprint) },
    Spec { key: "bus", title: "Bus requests", unit: "", ratio: false, curves: both!(bus) },
    Spec { key: "accesses", title: "Memory accesses", unit: "", ratio: false, curves: both!(accesses) },
];

impl Spec {
    /// The curves over the `end` events of the run with this clock, with at most four points a column.
    pub fn curves(
        &self,
        lanes: &[LaneSeries; 2],
        (clock, end): (&Series, u32),
        axis: &Axis,
        columns: u32,
    ) -> Vec<Curve> {
        let place = |at: u32| axis.x(clock, f64::from(at));
        let curve = |curve: &CurveSpec| Curve {
            points: curve.series(lanes).decimate(end, columns, axis.end(), &place),
            ink: curve.ink,
            faint: false,
        };
        // Of the lanes' the right one is drawn last: where both are alike it is seen, and the left one is not missed.
        self.curves.iter().skip(2).chain(self.curves.iter().take(2)).map(curve).collect()
    }

    /// The scale that holds curves over an axis.
    pub fn scale(&self, axis: &Axis, curves: &[Curve]) -> Scale {
        let (end, folds) = (axis.end(), axis.folds());
        let top = curves.iter().flat_map(|curve| &curve.points).map(|point| point.1).fold(0.0, f64::max);
        // Ratios start at 1; counts at 0; with a little room below so that what is flat there stays visible.
        let (least, most) = if self.ratio { (1.0, top.max(1.5)) } else { (0.0, top.max(1.0)) };
        let room = most - least;
        Scale { low: least - 0.03 * room, high: most + 0.06 * room, end, folds }
    }

    /// A value in words.
    pub fn value(&self, value: f64) -> String {
        if self.ratio { format!("{value:.2}") } else { grouped(value as u64) }
    }

    /// What each curve adds up to over a range of positions: the increase of a count, and its rate; least, mean and
    /// greatest of a ratio.
    pub fn aggregates(
        &self,
        timeline: &Timeline,
        (from, to): (u32, u32),
    ) -> Vec<(&'static str, &'static str, String)> {
        let ms = timeline.time_ns(to).saturating_sub(timeline.time_ns(from)) as f64 / 1e6;
        let text = |series: &Series| {
            if self.ratio {
                let (least, mean, greatest) = series.spread(from, to);
                return format!("{least:.2} to {greatest:.2}, mean {mean:.2}");
            }
            let sum = series.value(to) - series.value(from);
            let unit = if self.unit.is_empty() { String::new() } else { format!(" {}", self.unit) };
            let rate = if ms > 0.0 {
                format!(", {}{unit}/ms", grouped((sum / ms).round() as u64))
            } else {
                String::new()
            };
            format!("+{}{unit}{rate}", grouped(sum as u64))
        };
        self.curves
            .iter()
            .map(|curve| (curve.class, curve.label, text(curve.series(&timeline.series))))
            .collect()
    }
}
