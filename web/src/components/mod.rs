//! Pieces of pages: small, and without logic of their own.

mod branches;
mod byte_ledger;
mod controls;
mod events;
mod gallery;
mod help;
mod icon;
mod inspector;
mod lane;
mod notices;
mod packet_filter;
mod palette;
mod place;
mod plot;
mod sheet;
mod term;
mod time_bar;
mod top;

pub use branches::{Branches, Row as BranchRow};
pub use byte_ledger::{ByteLedger, Copied};
pub use controls::{Controls, ControlsEvent};
pub use events::{Events, Row as EventRow};
pub use gallery::Gallery;
pub use help::Help;
pub use icon::{Icon, IconName};
pub use inspector::{Inspector, Offer};
pub use lane::Lane;
pub use notices::Notices;
pub use packet_filter::PacketFilter;
pub use palette::Palette;
pub use place::PlaceView;
pub use plot::{Aggregate, Plot};
pub use sheet::Sheet;
pub use term::Term;
pub use time_bar::{TimeBar, TimeEvent};
pub use top::Top;
