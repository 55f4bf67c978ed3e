//! Differences and three-way merges of DAGs (DESIGN.md 2.11; FACTS.md section 1: mCAS and merge-update, US9047334).
//!
//! Equal sub-DAGs have equal PLIDs, so both walk only where the DAGs differ: O(difference x height).

use super::dag::{self, Root, Shape};
use super::store::{Content, Full, Store};

/// A true conflict: both sides changed these bytes, and not to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clash {
    pub(super) offset: u64,
    pub(super) end: u64,
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

/// Which of the three a merge keeps as it is, because only one side changed, or both to the same.
fn kept(base: Root, ours: Root, theirs: Root) -> Option<Root> {
    if same(ours, base) || same(ours, theirs) {
        Some(theirs)
    } else if same(theirs, base) {
        Some(ours)
    } else {
        None
    }
}

/// Byte `i` of a line of both changes.
fn merged_byte(base: u8, ours: u8, theirs: u8) -> u8 {
    if ours == base { theirs } else { ours }
}

/// The first bytes that both sides changed to something else, within one line; makes no line.
pub(super) fn clash(
    store: &mut Store,
    base: Root,
    ours: Root,
    theirs: Root,
    height: u8,
    start: u64,
) -> Option<Clash> {
    if kept(base, ours, theirs).is_some() {
        return None;
    }
    let shape = Shape::new(store.line_bytes());
    read_nodes(store, [base, ours, theirs], height);
    if height == 0 {
        let [b, o, t] = [base, ours, theirs].map(|node| store.line(node.plid));
        let clashes = |i: &usize| o[*i] != b[*i] && t[*i] != b[*i] && o[*i] != t[*i];
        let first = (0..b.len()).find(clashes)?;
        let last = (0..b.len()).rfind(clashes)?;
        return Some(Clash { offset: start + first as u64, end: start + last as u64 + 1 });
    }
    let span = shape.span(height - 1);
    (0..shape.fan_out()).find_map(|i| {
        let [b, o, t] = [base, ours, theirs].map(|node| child(store, node, height, i));
        clash(store, b, o, t, height - 1, start + i as u64 * span)
    })
}

/// The first bytes that are not zero from byte `from` on in what the merge would give, within one line; makes no line.
pub(super) fn content_behind(
    store: &mut Store,
    [base, ours, theirs]: [Root; 3],
    height: u8,
    start: u64,
    from: u64,
) -> Option<Clash> {
    let shape = Shape::new(store.line_bytes());
    if start + shape.span(height) <= from {
        return None;
    }
    let within = from.saturating_sub(start);
    if let Some(node) = kept(base, ours, theirs) {
        let found = dag::first_content(store, node, within)?;
        return Some(Clash { offset: start + found.start, end: start + found.end });
    }
    read_nodes(store, [base, ours, theirs], height);
    if height == 0 {
        let [b, o, t] = [base, ours, theirs].map(|node| store.line(node.plid));
        let content = |i: &usize| merged_byte(b[*i], o[*i], t[*i]) != 0;
        let first = (within as usize..b.len()).find(content)?;
        let last = (within as usize..b.len()).rfind(content)?;
        return Some(Clash { offset: start + first as u64, end: start + last as u64 + 1 });
    }
    let span = shape.span(height - 1);
    (0..shape.fan_out()).find_map(|i| {
        let nodes = [base, ours, theirs].map(|node| child(store, node, height, i));
        content_behind(store, nodes, height - 1, start + i as u64 * span, from)
    })
}

/// The sub-DAG of `height` that has both what `ours` and what `theirs` changed since `base`, which do not clash.
pub(super) fn merge(
    store: &mut Store,
    base: Root,
    ours: Root,
    theirs: Root,
    height: u8,
) -> Result<u32, Full> {
    if let Some(node) = kept(base, ours, theirs) {
        store.retain(node.plid);
        return Ok(dag::grow(store, node, height)?.plid);
    }
    read_nodes(store, [base, ours, theirs], height);
    if height == 0 {
        return merge_leaf(store, base, ours, theirs);
    }
    dag::collect(store, |store, i| {
        let [b, o, t] = [base, ours, theirs].map(|node| child(store, node, height, i));
        merge(store, b, o, t, height - 1)
    })
}

fn merge_leaf(store: &mut Store, base: Root, ours: Root, theirs: Root) -> Result<u32, Full> {
    let size = store.line_bytes();
    let mut line = [0u8; 64];
    let [b, o, t] = [base, ours, theirs].map(|node| store.line(node.plid));
    for i in 0..size {
        line[i] = merged_byte(b[i], o[i], t[i]);
    }
    let data = store.is_data(ours.plid) || store.is_data(theirs.plid);
    let content = if data { Content::Data } else { Content::Other };
    store.intern(&line[..size], 0, content)
}
