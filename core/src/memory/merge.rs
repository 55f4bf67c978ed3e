//! Differences and three-way merges of DAGs (DESIGN.md 2.11; FACTS.md section 1: mCAS and merge-update, US9047334).
//!
//! Equal sub-DAGs have equal PLIDs, so both walk only where the DAGs differ: O(difference x height).

use super::build::intern_node;
use super::dag::{self, Root, Shape};
use super::store::{Content, Full, Store};

/// A true conflict: both sides changed these bytes, and not to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clash {
    pub(super) offset: u64,
    pub(super) end: u64,
}

pub(super) enum MergeError {
    Clash(Clash),
    Full,
}

impl From<Full> for MergeError {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// Child `i` of a node seen from `height`: a lower node is the first child of the nodes above it.
fn child(store: &Store, node: Root, height: u8, i: usize) -> Root {
    if node.height < height {
        return if i == 0 { node } else { Root { plid: 0, height: height - 1 } };
    }
    Root { plid: store.child(node.plid, i), height: height - 1 }
}

/// Counts the lines read of nodes seen from `height`: a lower node is not read yet.
fn read_nodes<const N: usize>(store: &mut Store, nodes: [Root; N], height: u8) {
    for node in nodes.iter().filter(|node| node.height == height) {
        store.access.data_read(node.plid);
    }
}

fn same(a: Root, b: Root) -> bool {
    a.plid == b.plid && (a.height == b.height || a.plid == 0)
}

/// Calls `each` with every run of bytes in lines that differ, in order; runs that touch are one.
pub(super) fn diff(store: &mut Store, a: Root, b: Root, each: &mut impl FnMut(u64, u64)) {
    let mut pending: Option<(u64, u64)> = None;
    let height = a.height.max(b.height);
    diff_nodes(store, a, b, height, 0, &mut |from, to| match &mut pending {
        Some(run) if run.1 == from => run.1 = to,
        _ => {
            if let Some((from, to)) = pending.replace((from, to)) {
                each(from, to);
            }
        }
    });
    if let Some((from, to)) = pending {
        each(from, to);
    }
}

fn diff_nodes(store: &mut Store, a: Root, b: Root, height: u8, start: u64, each: &mut impl FnMut(u64, u64)) {
    if same(a, b) {
        return;
    }
    let shape = Shape::new(store.line_bytes());
    if height == 0 {
        return each(start, start + shape.line);
    }
    read_nodes(store, [a, b], height);
    let span = shape.span(height - 1);
    for i in 0..shape.fan_out() {
        let (x, y) = (child(store, a, height, i), child(store, b, height, i));
        diff_nodes(store, x, y, height - 1, start + i as u64 * span, each);
    }
}

/// The sub-DAG of `height` that has both what `ours` and what `theirs` changed since `base`.
pub(super) fn merge(
    store: &mut Store,
    base: Root,
    ours: Root,
    theirs: Root,
    height: u8,
    start: u64,
) -> Result<u32, MergeError> {
    let keep = if same(ours, base) || same(ours, theirs) {
        Some(theirs)
    } else if same(theirs, base) {
        Some(ours)
    } else {
        None
    };
    if let Some(node) = keep {
        return Ok(dag::sub_dag(store, node, 0, height)?);
    }
    let shape = Shape::new(store.line_bytes());
    read_nodes(store, [base, ours, theirs], height);
    if height == 0 {
        return merge_leaf(store, base, ours, theirs, start);
    }
    let span = shape.span(height - 1);
    let mut children = [0u32; 16];
    for i in 0..shape.fan_out() {
        let [b, o, t] = [base, ours, theirs].map(|node| child(store, node, height, i));
        match merge(store, b, o, t, height - 1, start + i as u64 * span) {
            Ok(plid) => children[i] = plid,
            Err(error) => {
                dag::release_all(store, &children[..i]);
                return Err(error);
            }
        }
    }
    Ok(intern_node(store, &children[..shape.fan_out()])?)
}

fn merge_leaf(
    store: &mut Store,
    base: Root,
    ours: Root,
    theirs: Root,
    start: u64,
) -> Result<u32, MergeError> {
    let size = store.line_bytes();
    let mut line = [0u8; 64];
    let mut clash: Option<Clash> = None;
    let [b, o, t] = [base, ours, theirs].map(|node| store.line(node.plid));
    for i in 0..size {
        line[i] = if o[i] == b[i] || o[i] == t[i] { t[i] } else { o[i] };
        if o[i] != b[i] && t[i] != b[i] && o[i] != t[i] {
            let at = start + i as u64;
            let first = clash.map_or(at, |clash| clash.offset);
            clash = Some(Clash { offset: first, end: at + 1 });
        }
    }
    match clash {
        Some(clash) => Err(MergeError::Clash(clash)),
        None => {
            let content = if store.is_data(ours.plid) { Content::Data } else { Content::Other };
            Ok(store.intern(&line[..size], 0, content)?)
        }
    }
}
