//! Pieces of pages: small, and without logic of their own.

mod controls;
mod icon;
mod inspector;
mod lane;
mod notices;
mod plot;
mod time_bar;
mod top;

pub use controls::{Controls, ControlsEvent};
pub use icon::{Icon, IconName};
pub use inspector::Inspector;
pub use lane::Lane;
pub use notices::Notices;
pub use plot::Plot;
pub use time_bar::{TimeBar, TimeEvent};
pub use top::Top;
