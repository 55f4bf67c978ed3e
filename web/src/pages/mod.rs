//! Pages.

mod explore;
mod figures;
mod memory;

pub use explore::{Explore, covered};
pub use figures::{Figures, Svg as FigureSvg};
pub use memory::Memory;
