//! Pieces of pages: small, and without logic of their own.

mod controls;
mod help;
mod icon;
mod inspector;
mod lane;
mod notices;
mod palette;
mod plot;
mod sheet;
mod term;
mod time_bar;
mod top;

pub use controls::{Controls, ControlsEvent};
pub use help::Help;
pub use icon::{Icon, IconName};
pub use inspector::Inspector;
pub use lane::Lane;
pub use notices::Notices;
pub use palette::Palette;
pub use plot::Plot;
pub use sheet::Sheet;
pub use term::Term;
pub use time_bar::{TimeBar, TimeEvent};
pub use top::Top;
