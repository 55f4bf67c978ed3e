//! Plots of counters over event order or time, drawn by plotters through a canvas backend of our own.

mod axis;
mod backend;
mod chart;
mod export;
mod spec;
mod surface;
mod svg;
#[cfg(test)]
mod tests;

pub use axis::Axis;
pub use chart::{Curve, MARGIN, Scale, draw, format_value};
pub use export::{About, Format, csv, json, png, svg};
pub use spec::{CurveSpec, PLOTS, Spec};
pub(crate) use svg::escape;
