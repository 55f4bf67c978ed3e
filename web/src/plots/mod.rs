//! Plots of counters over event order, drawn by plotters through a canvas backend of our own.

mod backend;
mod chart;
mod export;
mod spec;
mod surface;
mod svg;
#[cfg(test)]
mod tests;

pub use chart::{Curve, MARGIN, Scale, draw, format_value};
pub use export::{About, Format, csv, json, png, svg};
pub use spec::{CurveSpec, PLOTS, Spec};
pub(crate) use svg::escape;
