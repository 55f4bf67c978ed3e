//! Pages.

mod explore;
mod figures;
mod memory;

pub use explore::Explore;
pub use figures::Figures;
pub use memory::Memory;
