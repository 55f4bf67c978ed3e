//! The DAG of memory lines as a picture that can be read from four lines to a hundred thousand (DESIGN.md section 2; paper
//! section 2.2): of one segment or of several, each distinct line once, and what is shared seen as shared.
//!
//! ```text
//! worker                       page
//! Memory ── Forest::of_segments ── to_words ──▶ Model::from_words
//!                                               Model + View ── scene ──▶ Scene, Layout
//!                                               Act ──▶ View::act            │
//!                                               point ◀── Layout::hit ◀──────┘
//! ```
//!
//! | what | in | cost |
//! |---|---|---|
//! | gather the lines of segments, at once or in parts | `gather.rs` | O(distinct lines of each) |
//! | give each line its place | `model.rs` | O(lines + references), once |
//! | cut the screen into things and bars | `spread.rs`, `layout.rs` | by the width of the screen, and log lines |
//! | draw | `draw.rs`, `items.rs`, `edges.rs` | the same |
//!
//! [`DagView`] puts it on a canvas with pointer, keyboard and words.

mod canvas;
mod compare;
mod component;
mod draw;
mod edges;
mod forest;
mod gather;
mod items;
mod layout;
mod model;
mod search;
mod spread;
#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
mod view;
mod words;

pub use compare::Shares;
pub use component::{DagView, Props as DagViewProps};
pub use draw::scene;
pub use forest::{Edge, FORMAT, Forest, ForestError, Line, MAX_LINES, Top, flag};
pub use gather::{ContentSearch, Found, Gathering, find_content};
pub use layout::{Layout, Row as LayoutRow, across, layout};
pub use model::{Model, Row};
pub use search::{Answer, Query, search};
pub use spread::{Item, Thing};
pub use view::{Act, Step, View};
pub use words::{compared, describe, overview};
