//! Pages.

mod explore;

pub use explore::Explore;
