//! Segments as canonical DAGs of lines (DESIGN.md 2.4, 2.5, 2.7, 2.9; paper section 2.2, Figure 1).
//!
//! A DAG of height h over lines with fan-out F = line size / 4 covers F^h leaves. Zero sub-DAGs are PLID 0, the height
//! is the least that holds the length, and bytes past the length are zero, so equal content means an equal root.
//!
//! Every function that returns a PLID hands its caller one reference; every function that fails has given back what it
//! had taken.

use super::build::{Scratch, build, intern_node};
use super::store::{Content, Full, Store};

/// A DAG: its root line and its height (0: the root is a leaf).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) plid: u32,
    pub(super) height: u8,
}

/// The geometry of DAGs for one line size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) line: u64,
    /// log2 of the fan-out.
    bits: u32,
}

impl Shape {
    pub(super) fn new(line_bytes: usize) -> Self {
        Self { line: line_bytes as u64, bits: (line_bytes / 4).trailing_zeros() }
    }

    pub(super) fn fan_out(self) -> usize {
        1 << self.bits
    }

    /// Leaves under a node of this height.
    pub(super) fn leaves(self, height: u8) -> u64 {
        1 << (self.bits * u32::from(height))
    }

    /// Bytes under a node of this height.
    pub(super) fn span(self, height: u8) -> u64 {
        self.line << (self.bits * u32::from(height))
    }

    /// The least height that holds `length` bytes.
    pub(super) fn height_for(self, length: u64) -> u8 {
        let mut height = 0;
        while self.span(height) < length {
            height += 1;
        }
        height
    }

    /// Most lines a build of `length` bytes can need: its leaves and the nodes above them.
    pub(super) fn worst_case(self, length: u64) -> u64 {
        let mut level = length.div_ceil(self.line).max(1);
        let mut total = level;
        while level > 1 {
            level = level.div_ceil(self.fan_out() as u64);
            total += level;
        }
        total
    }
}

pub(super) fn release_all(store: &mut Store, plids: &[u32]) {
    for plid in plids {
        store.release(*plid);
    }
}

/// Fills `out` with the bytes from `offset` of a node's span.
pub(super) fn read(store: &mut Store, node: Root, offset: u64, out: &mut [u8]) {
    let shape = Shape::new(store.line_bytes());
    if out.is_empty() {
        return;
    }
    if node.plid == 0 {
        out.fill(0);
        return;
    }
    store.access.data_read(node.plid);
    if node.height == 0 {
        let at = offset as usize;
        out.copy_from_slice(&store.line(node.plid)[at..at + out.len()]);
        return;
    }
    let span = shape.span(node.height - 1);
    let mut i = (offset / span) as usize;
    let mut within = offset % span;
    let mut rest = out;
    while !rest.is_empty() {
        let take = (span - within).min(rest.len() as u64) as usize;
        let (part, tail) = rest.split_at_mut(take);
        read(store, Root { plid: store.child(node.plid, i), height: node.height - 1 }, within, part);
        rest = tail;
        within = 0;
        i += 1;
    }
}

/// Calls `each` with the index and the content of the leaves under `node`, whose first leaf is `base`, that lie before
/// leaf `end`; zero leaves included.
pub(super) fn for_each_leaf(
    store: &mut Store,
    node: Root,
    base: u64,
    end: u64,
    each: &mut impl FnMut(u64, &[u8]),
) {
    if base >= end {
        return;
    }
    store.access.data_read(node.plid);
    if node.height == 0 {
        return each(base, store.line(node.plid));
    }
    let shape = Shape::new(store.line_bytes());
    let step = shape.leaves(node.height - 1);
    for (i, start) in (base..end).step_by(step as usize).take(shape.fan_out()).enumerate() {
        let child = Root { plid: store.child(node.plid, i), height: node.height - 1 };
        for_each_leaf(store, child, start, end, each);
    }
}

/// A new sub-DAG equal to `node` with `bytes` written from `offset` of its span; `node` keeps its reference.
pub(super) fn write(
    store: &mut Store,
    scratch: &mut Scratch,
    node: Root,
    offset: u64,
    bytes: &[u8],
    content: Content,
) -> Result<u32, Full> {
    let shape = Shape::new(store.line_bytes());
    if offset == 0 && bytes.len() as u64 == shape.span(node.height) {
        return build(store, scratch, bytes, node.height, content);
    }
    store.access.data_read(node.plid);
    if node.height == 0 {
        let mut line = [0u8; 64];
        let size = store.line_bytes();
        line[..size].copy_from_slice(store.line(node.plid));
        line[offset as usize..offset as usize + bytes.len()].copy_from_slice(bytes);
        return store.intern(&line[..size], 0, content);
    }
    let span = shape.span(node.height - 1);
    let end = offset + bytes.len() as u64;
    let changed = (offset / span) as usize..end.div_ceil(span) as usize;
    rebuild(store, node, changed, |store, i, child| {
        let start = i as u64 * span;
        let (from, to) = (offset.max(start), end.min(start + span));
        let part = &bytes[(from - offset) as usize..(to - offset) as usize];
        write(store, scratch, child, from - start, part, content)
    })
}

/// A node like `node` whose children in `changed` are what `each` returns for the present ones.
fn rebuild(
    store: &mut Store,
    node: Root,
    changed: std::ops::Range<usize>,
    mut each: impl FnMut(&mut Store, usize, Root) -> Result<u32, Full>,
) -> Result<u32, Full> {
    let fan_out = store.line_bytes() / 4;
    let mut children = store.children(node.plid);
    let children = &mut children[..fan_out];
    store.retain_all(&children[..changed.start]);
    store.retain_all(&children[changed.end..]);
    for i in changed.clone() {
        match each(store, i, Root { plid: children[i], height: node.height - 1 }) {
            Ok(plid) => children[i] = plid,
            Err(full) => {
                release_all(store, &children[..i]);
                release_all(store, &children[changed.end..]);
                return Err(full);
            }
        }
    }
    intern_node(store, children)
}

/// A sub-DAG of `height` over the leaves of `node` from leaf `start`: shared where `start` lines up with that height,
/// put together from leaf PLIDs where it does not. Leaves past the end of `node` are zero. No data line is touched.
pub(super) fn sub_dag(store: &mut Store, node: Root, start: u64, height: u8) -> Result<u32, Full> {
    let shape = Shape::new(store.line_bytes());
    if node.plid == 0 || start >= shape.leaves(node.height) {
        return Ok(0);
    }
    if height <= node.height && start.is_multiple_of(shape.leaves(height)) {
        let mut at = node;
        let mut start = start;
        while at.height > height {
            store.access.data_read(at.plid);
            let leaves = shape.leaves(at.height - 1);
            at = Root { plid: store.child(at.plid, (start / leaves) as usize), height: at.height - 1 };
            start %= leaves;
        }
        store.retain(at.plid);
        return Ok(at.plid);
    }
    // Higher than the node, or not lined up: put the children together.
    let step = shape.leaves(height - 1);
    let mut children = [0u32; 16];
    for i in 0..shape.fan_out() {
        match sub_dag(store, node, start + i as u64 * step, height - 1) {
            Ok(plid) => children[i] = plid,
            Err(full) => {
                release_all(store, &children[..i]);
                return Err(full);
            }
        }
    }
    if children.iter().all(|plid| *plid == 0) {
        return Ok(0);
    }
    intern_node(store, &children[..shape.fan_out()])
}

/// Which leaves a graft moves, in leaves: `count` from `from` of the source to `to` of the destination.
#[derive(Clone, Copy)]
pub(super) struct Move {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) count: u64,
}

/// A new sub-DAG equal to `node`, whose first leaf is the destination's leaf `base`, with the leaves that `moved` names
/// taken from `source` by reference.
pub(super) fn graft(
    store: &mut Store,
    node: Root,
    base: u64,
    source: Root,
    moved: Move,
) -> Result<u32, Full> {
    let shape = Shape::new(store.line_bytes());
    let leaves = shape.leaves(node.height);
    if moved.to <= base && base + leaves <= moved.to + moved.count {
        return sub_dag(store, source, moved.from + (base - moved.to), node.height);
    }
    if moved.to >= base + leaves || moved.to + moved.count <= base {
        store.retain(node.plid);
        return Ok(node.plid);
    }
    let step = shape.leaves(node.height - 1);
    store.access.data_read(node.plid);
    let (first, end) = (moved.to.max(base), (moved.to + moved.count).min(base + leaves));
    let changed = ((first - base) / step) as usize..(end - base).div_ceil(step) as usize;
    rebuild(store, node, changed, |store, i, child| {
        graft(store, child, base + i as u64 * step, source, moved)
    })
}

/// A root of `height` over `root`, taking over its reference: zeros are added to its right.
pub(super) fn grow(store: &mut Store, mut root: Root, height: u8) -> Result<Root, Full> {
    while root.height < height {
        root = if root.plid == 0 {
            Root { plid: 0, height: root.height + 1 }
        } else {
            Root { plid: intern_node(store, &[root.plid])?, height: root.height + 1 }
        };
    }
    Ok(root)
}

/// The first `length` bytes of `root` as an owned DAG of the least height that holds them, `height`: bytes behind are zero.
pub(super) fn cut(store: &mut Store, root: Root, length: u64, height: u8) -> Result<Root, Full> {
    let shape = Shape::new(store.line_bytes());
    let mut node = root;
    while node.height > height {
        store.access.data_read(node.plid);
        node = Root { plid: store.child(node.plid, 0), height: node.height - 1 };
    }
    let plid = clear_behind(store, node, length, shape)?;
    grow(store, Root { plid, height: node.height }, height)
}

/// A node like `node` with zeros from byte `keep` of its span on.
fn clear_behind(store: &mut Store, node: Root, keep: u64, shape: Shape) -> Result<u32, Full> {
    if keep >= shape.span(node.height) {
        store.retain(node.plid);
        return Ok(node.plid);
    }
    if keep == 0 || node.plid == 0 {
        return Ok(0);
    }
    store.access.data_read(node.plid);
    if node.height == 0 {
        let size = store.line_bytes();
        let mut line = [0u8; 64];
        line[..keep as usize].copy_from_slice(&store.line(node.plid)[..keep as usize]);
        let content = if store.is_data(node.plid) { Content::Data } else { Content::Other };
        return store.intern(&line[..size], 0, content);
    }
    let span = shape.span(node.height - 1);
    let kept = (keep / span) as usize;
    let fan_out = shape.fan_out();
    rebuild(store, node, kept..fan_out, |store, i, child| {
        clear_behind(store, child, keep.saturating_sub(i as u64 * span), shape)
    })
}
