//! Plots of counters over event order, drawn by plotters through a canvas backend of our own.

mod backend;
mod chart;

pub use chart::{Curve, MARGIN, Scale, draw, format_value};
