//! What the memory's tests share: a world that holds a memory against plain byte vectors, and seeded runs of it.

pub(crate) mod driver;
pub(crate) mod golden;
pub(crate) mod merge;
pub(crate) mod world;
