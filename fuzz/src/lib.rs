//! What the fuzz targets do with their input. The tests of the core run the committed seeds through the same functions.

pub mod capture_reader;
pub mod frame_input;
pub mod repair;
pub mod victim;
