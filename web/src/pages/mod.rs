//! Pages.

mod explore;
mod memory;

pub use explore::Explore;
pub use memory::Memory;
