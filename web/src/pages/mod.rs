//! The pages.

mod explore;

pub use explore::Explore;
