//! Segments as canonical DAGs of lines (DESIGN.md 2.4, 2.5, 2.7, 2.9; paper section 2.2, Figure 1).
//!
//! A DAG of height h over lines with fan-out F = line size / 4 covers F^h leaves. Zero sub-DAGs are PLID 0, the height
//! is the least that holds the length, and bytes past the length are zero, so equal content means an equal root.
//!
//! Every function that returns a PLID hands its caller one reference; every function that fails has given back what it
//! had taken.

use std::collections::BTreeMap;
use std::ops::Range;

use super::build::{Scratch, build, data_from, intern_node};
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

    /// Most interior lines over `length` bytes that begin anywhere.
    pub(super) fn nodes(self, length: u64) -> u64 {
        self.worst_case(length) - length.div_ceil(self.line).max(1) + u64::from(self.height_for(length)) + 1
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
    match (node.height, store.line_bytes()) {
        (0, _) => {
            let at = offset as usize;
            return out.copy_from_slice(&store.line(node.plid)[at..at + out.len()]);
        }
        (1, 16) => return read_leaves::<16>(store, node.plid, offset as usize, out),
        (1, 32) => return read_leaves::<32>(store, node.plid, offset as usize, out),
        (1, _) => return read_leaves::<64>(store, node.plid, offset as usize, out),
        _ => {}
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

/// [`read`] of a node right above leaves of `N` bytes.
fn read_leaves<const N: usize>(store: &mut Store, plid: u32, offset: usize, out: &mut [u8]) {
    let children = store.children(plid);
    let (mut i, within) = (offset / N, offset % N);
    let mut rest = out;
    if within > 0 || rest.len() < N {
        let (part, tail) = rest.split_at_mut(rest.len().min(N - within));
        store.access.data_read(children[i]);
        part.copy_from_slice(&store.line(children[i])[within..within + part.len()]);
        (rest, i) = (tail, i + 1);
    }
    let (lines, last) = rest.as_chunks_mut::<N>();
    let whole = &children[i..i + lines.len()];
    for (line, child) in lines.iter_mut().zip(whole) {
        store.access.data_read(*child);
        *line = *store.sized_line::<N>(*child);
    }
    if !last.is_empty() {
        let child = children[i + whole.len()];
        store.access.data_read(child);
        last.copy_from_slice(&store.line(child)[..last.len()]);
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
        if node.height == 0 {
            return store.intern(bytes, 0, content);
        }
        return build(store, scratch, bytes, node.height, data_from(content));
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

/// A node like `node` whose children in `changed` are what `each` returns for the present ones. Somebody else holds `node`
/// all the while, and with it the children that the new node is going to share.
pub(super) fn rebuild(
    store: &mut Store,
    node: Root,
    changed: Range<usize>,
    mut each: impl FnMut(&mut Store, usize, Root) -> Result<u32, Full>,
) -> Result<u32, Full> {
    let fan_out = store.line_bytes() / 4;
    let mut children = store.children(node.plid);
    let children = &mut children[..fan_out];
    // Their counts arrive while the levels below are made.
    store.fetch_counts(&children[..changed.start]);
    store.fetch_counts(&children[changed.end..]);
    for i in changed.clone() {
        match each(store, i, Root { plid: children[i], height: node.height - 1 }) {
            Ok(plid) => children[i] = plid,
            Err(full) => {
                release_all(store, &children[changed.start..i]);
                return Err(full);
            }
        }
    }
    store.retain_all(&children[..changed.start]);
    store.retain_all(&children[changed.end..]);
    intern_node(store, children)
}

/// Sub-DAGs already put together in one graft, by the two nodes that they straddle and their height: within a graft all
/// windows of one height are shifted by the same number of leaves. Nodes that occur often are so visited once.
type Windows = BTreeMap<(u32, u32, u8), u32>;

/// A sub-DAG of `height` over the leaves of `node` from leaf `start`: shared where `start` lines up with that height,
/// put together from leaf PLIDs where it does not. Leaves past the end of `node` are zero. No data line is touched.
fn sub_dag(
    store: &mut Store,
    windows: &mut Windows,
    node: Root,
    start: u64,
    height: u8,
) -> Result<u32, Full> {
    let shape = Shape::new(store.line_bytes());
    if node.plid == 0 || start >= shape.leaves(node.height) {
        return Ok(0);
    }
    if height > node.height {
        let step = shape.leaves(height - 1);
        return collect(store, |store, i| sub_dag(store, windows, node, start + i as u64 * step, height - 1));
    }
    let (index, shift) = (start / shape.leaves(height), start % shape.leaves(height));
    let left = descendant(store, node, height, index);
    let right = if shift == 0 { 0 } else { descendant(store, node, height, index + 1) };
    window(store, windows, left, right, shift, height)
}

/// Fills `out`, which is all zeros, with the sub-DAGs of `height` of `node` from number `first` on: shared, raised with zeros
/// where `node` is lower, zero past its end.
pub(super) fn share(
    store: &mut Store,
    node: Root,
    first: u64,
    height: u8,
    out: &mut [u32],
) -> Result<(), Full> {
    let shape = Shape::new(store.line_bytes());
    if node.height <= height {
        // There is no other than the first.
        if first == 0 && !out.is_empty() {
            out[0] = sub_dag(store, &mut Windows::new(), node, 0, height)?;
        }
        return Ok(());
    }
    let (fan_out, there) = (shape.fan_out(), shape.leaves(node.height - height));
    let mut filled = 0;
    while filled < out.len() && first.saturating_add(filled as u64) < there {
        // Those of one parent at once.
        let index = first + filled as u64;
        let parent = descendant(store, node, height + 1, index / fan_out as u64);
        store.access.data_read(parent);
        let from = (index % fan_out as u64) as usize;
        let count = (fan_out - from).min(out.len() - filled);
        out[filled..filled + count].copy_from_slice(&store.children(parent)[from..from + count]);
        filled += count;
    }
    store.retain_all(out);
    Ok(())
}

/// The node of `height` at `index` among those under `node`; 0 past its end.
fn descendant(store: &mut Store, node: Root, height: u8, index: u64) -> u32 {
    let shape = Shape::new(store.line_bytes());
    if index >= shape.leaves(node.height - height) {
        return 0;
    }
    let (mut at, mut index) = (node, index);
    while at.height > height && at.plid != 0 {
        store.access.data_read(at.plid);
        let below = shape.leaves(at.height - 1 - height);
        at = Root { plid: store.child(at.plid, (index / below) as usize), height: at.height - 1 };
        index %= below;
    }
    at.plid
}

/// The sub-DAG that begins `shift` leaves into `left` and ends in its right neighbour, all of one height.
fn window(
    store: &mut Store,
    windows: &mut Windows,
    left: u32,
    right: u32,
    shift: u64,
    height: u8,
) -> Result<u32, Full> {
    if shift == 0 {
        store.retain(left);
        return Ok(left);
    }
    if left == 0 && right == 0 {
        return Ok(0);
    }
    if let Some(known) = windows.get(&(left, right, height)) {
        store.retain(*known);
        return Ok(*known);
    }
    let shape = Shape::new(store.line_bytes());
    let fan_out = shape.fan_out();
    let step = shape.leaves(height - 1);
    let (skip, shift) = ((shift / step) as usize, shift % step);
    store.access.data_read(left);
    store.access.data_read(right);
    let made = collect(store, |store, i| {
        let child = |at: usize| {
            if at < fan_out { store.child(left, at) } else { store.child(right, at - fan_out) }
        };
        let (near, far) = (child(skip + i), if shift == 0 { 0 } else { child(skip + i + 1) });
        window(store, windows, near, far, shift, height - 1)
    })?;
    windows.insert((left, right, height), made);
    Ok(made)
}

/// The node over as many children as the fan-out, each made by `each`.
pub(super) fn collect(
    store: &mut Store,
    mut each: impl FnMut(&mut Store, usize) -> Result<u32, Full>,
) -> Result<u32, Full> {
    let fan_out = store.line_bytes() / 4;
    let mut children = [0u32; 16];
    for i in 0..fan_out {
        match each(store, i) {
            Ok(plid) => children[i] = plid,
            Err(full) => {
                release_all(store, &children[..i]);
                return Err(full);
            }
        }
    }
    intern_node(store, &children[..fan_out])
}

/// Which leaves a graft moves, in leaves: `count` from `from` of the source to `to` of the destination.
#[derive(Clone, Copy)]
pub(super) struct Move {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) count: u64,
}

/// A new DAG equal to `node` with the leaves that `moved` names taken from `source` by reference. Takes time in
/// proportion to the distinct lines above the leaves moved, not to their number.
pub(super) fn graft(store: &mut Store, node: Root, source: Root, moved: Move) -> Result<u32, Full> {
    graft_under(store, &mut Windows::new(), node, 0, source, moved)
}

fn graft_under(
    store: &mut Store,
    windows: &mut Windows,
    node: Root,
    base: u64,
    source: Root,
    moved: Move,
) -> Result<u32, Full> {
    let shape = Shape::new(store.line_bytes());
    let leaves = shape.leaves(node.height);
    if moved.to >= base + leaves || moved.to + moved.count <= base {
        store.retain(node.plid);
        return Ok(node.plid);
    }
    if moved.to <= base && base + leaves <= moved.to + moved.count {
        return sub_dag(store, windows, source, moved.from + (base - moved.to), node.height);
    }
    let step = shape.leaves(node.height - 1);
    store.access.data_read(node.plid);
    let (first, end) = (moved.to.max(base), (moved.to + moved.count).min(base + leaves));
    let changed = ((first - base) / step) as usize..(end - base).div_ceil(step) as usize;
    rebuild(store, node, changed, |store, i, child| {
        graft_under(store, windows, child, base + i as u64 * step, source, moved)
    })
}

/// Calls `each` with the byte offset and the content of every leaf of `node` that begins before byte `end`; the node's
/// first byte is byte `start`.
pub(super) fn for_each_leaf(
    store: &mut Store,
    node: Root,
    start: u64,
    end: u64,
    each: &mut impl FnMut(u64, &[u8]),
) {
    if start >= end {
        return;
    }
    store.access.data_read(node.plid);
    if node.height == 0 {
        return each(start, store.line(node.plid));
    }
    let shape = Shape::new(store.line_bytes());
    let span = shape.span(node.height - 1);
    for i in 0..shape.fan_out() {
        let child = Root { plid: store.child(node.plid, i), height: node.height - 1 };
        for_each_leaf(store, child, start + i as u64 * span, end, each);
    }
}

/// The first bytes that are not zero from byte `from` of a node's span on: from the first to the last of one line.
pub(super) fn first_content(store: &mut Store, node: Root, from: u64) -> Option<Range<u64>> {
    let shape = Shape::new(store.line_bytes());
    if node.plid == 0 || from >= shape.span(node.height) {
        return None;
    }
    store.access.data_read(node.plid);
    if node.height == 0 {
        let line = store.line(node.plid);
        let first = (from as usize..line.len()).find(|i| line[*i] != 0)?;
        let last = line.iter().rposition(|byte| *byte != 0)?;
        return Some(first as u64..last as u64 + 1);
    }
    let span = shape.span(node.height - 1);
    (0..shape.fan_out()).find_map(|i| {
        let start = i as u64 * span;
        let child = Root { plid: store.child(node.plid, i), height: node.height - 1 };
        let within = from.saturating_sub(start);
        first_content(store, child, within).map(|found| start + found.start..start + found.end)
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
    rebuild(store, node, kept..shape.fan_out(), |store, i, child| {
        clear_behind(store, child, keep.saturating_sub(i as u64 * span), shape)
    })
}
