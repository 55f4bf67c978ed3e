//! Building DAGs bottom-up from bytes (DESIGN.md 2.5), in batches so that cache misses overlap.
//!
//! A level is put under nodes as soon as it fills a batch of them, while the counts of its lines are still in the nearest
//! caches of the machine that runs the model: each level keeps at most [`BATCH`] nodes' children.

use super::dag::{Shape, release_all};
use super::hash::Place;
use super::store::{BATCH, Content, Full, Store, Tags};

/// The lines of each level that have no node above them yet, lowest level first; empty between builds.
pub(super) type Scratch = Vec<Vec<u32>>;

/// Builds a sub-DAG of exactly `height` from `bytes`, zero-padded; `bytes` fit the height. Lines that begin before byte
/// `data_from` do not count as application payload, the others do. Hands over one reference.
pub(super) fn build(
    store: &mut Store,
    scratch: &mut Scratch,
    bytes: &[u8],
    height: u8,
    data_from: usize,
) -> Result<u32, Full> {
    debug_assert!(bytes.len() as u64 <= Shape::new(store.line_bytes()).span(height));
    if bytes.is_empty() {
        return Ok(0);
    }
    let levels = usize::from(height) + 1;
    if scratch.len() < levels {
        scratch.resize_with(levels, Vec::new);
    }
    let scratch = &mut scratch[..levels];
    let result = build_leaves(store, scratch, bytes, data_from)
        .and_then(|()| (1..levels).try_for_each(|above| raise(store, scratch, above)));
    let root = match result {
        Ok(()) => Ok(scratch[levels - 1][0]),
        Err(full) => {
            scratch.iter().for_each(|level| release_all(store, level));
            Err(full)
        }
    };
    scratch.iter_mut().for_each(Vec::clear);
    root
}

fn build_leaves(
    store: &mut Store,
    scratch: &mut [Vec<u32>],
    bytes: &[u8],
    data_from: usize,
) -> Result<(), Full> {
    let line = store.line_bytes();
    let whole = bytes.len() / line * line;
    let most = BATCH * line / 4;
    // Three steps, each a batch ahead of the next, so that what one asks of the machine's memory arrives during the others.
    let size = BATCH * line;
    let batches = whole.div_ceil(size);
    let start = |i: usize| i * size;
    let batch = |i: usize| &bytes[start(i)..whole.min(start(i + 1))];
    let mut places = [[Place::default(); BATCH]; 3];
    for step in 0..batches + 2 {
        if step < batches {
            store.hash(batch(step), &[0; BATCH], &mut places[step % 3]);
        }
        if (1..=batches).contains(&step) {
            let count = batch(step - 1).len() / line;
            store.fetch(&places[(step - 1) % 3][..count]);
        }
        let Some(ready) = step.checked_sub(2).filter(|ready| *ready < batches) else { continue };
        for (i, leaf) in batch(ready).chunks_exact(line).enumerate() {
            let content = content_at(start(ready) + i * line, data_from);
            let plid = store.intern_at(leaf, 0, content, places[ready % 3][i])?;
            scratch[0].push(plid);
        }
        let mut above = 1;
        while above < scratch.len() && scratch[above - 1].len() >= most {
            raise(store, scratch, above)?;
            above += 1;
        }
    }
    if whole < bytes.len() {
        let mut last = [0u8; 64];
        last[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
        scratch[0].push(store.intern(&last[..line], 0, content_at(whole, data_from))?);
    }
    Ok(())
}

/// What a line that begins at byte `at` counts as.
#[inline(always)]
fn content_at(at: usize, data_from: usize) -> Content {
    if at < data_from { Content::Other } else { Content::Data }
}

/// From which byte on everything counts as application payload, where all has one content.
pub(super) fn data_from(content: Content) -> usize {
    match content {
        Content::Data => 0,
        Content::Other => usize::MAX,
    }
}

/// Puts the lines of the level below `above` under nodes of that level, which take over their references.
fn raise(store: &mut Store, scratch: &mut [Vec<u32>], above: usize) -> Result<(), Full> {
    let line = store.line_bytes();
    let fan_out = line / 4;
    let below = std::mem::take(&mut scratch[above - 1]);
    let mut result = Ok(());
    let mut places = [Place::default(); BATCH];
    let mut lines = [0u8; 64 * BATCH];
    let mut tags: [Tags; BATCH] = [0; BATCH];
    for batch in below.chunks(BATCH * fan_out) {
        let used = batch.len().div_ceil(fan_out);
        for ((children, node), tags) in batch.chunks(fan_out).zip(lines.chunks_exact_mut(line)).zip(&mut tags)
        {
            *tags = write_node(children, node);
        }
        store.hash(&lines[..used * line], &tags, &mut places);
        store.fetch(&places[..used]);
        for (i, children) in batch.chunks(fan_out).enumerate() {
            if result.is_err() {
                release_all(store, children);
                continue;
            }
            let node = &lines[i * line..][..line];
            match adopt(store, node, tags[i], children, places[i]) {
                Ok(plid) => scratch[above].push(plid),
                Err(full) => result = Err(full),
            }
        }
    }
    scratch[above - 1] = below;
    scratch[above - 1].clear();
    result
}

/// Writes the line over `children` (missing ones are zero) and returns its tags.
#[inline]
fn write_node(children: &[u32], line: &mut [u8]) -> Tags {
    line.fill(0);
    let mut tags = 0;
    for (i, (child, word)) in children.iter().zip(line.as_chunks_mut::<4>().0).enumerate() {
        *word = child.to_le_bytes();
        tags |= Tags::from(*child != 0) << i;
    }
    tags
}

/// Interns an interior line, which takes over the references of its maker to `children`.
#[inline]
fn adopt(store: &mut Store, node: &[u8], tags: Tags, children: &[u32], place: Place) -> Result<u32, Full> {
    let before = store.all.new;
    let result = store.intern_at(node, tags, Content::Other, place);
    settle(store, result, before, children)
}

/// The references to `children` after the line over them was interned, when `before` lines had been new.
#[inline(always)]
fn settle(store: &mut Store, result: Result<u32, Full>, before: u64, children: &[u32]) -> Result<u32, Full> {
    if result.is_err() || store.all.new == before {
        // The line exists and counts its children already (or there is none): ours are references too many.
        release_all(store, children);
    }
    result
}

/// Interns the interior line over `children` (at most the fan-out; missing ones are zero), taking over their references.
pub(super) fn intern_node(store: &mut Store, children: &[u32]) -> Result<u32, Full> {
    let mut line = [0u8; 64];
    let line = &mut line[..store.line_bytes()];
    let tags = write_node(children, line);
    let before = store.all.new;
    let result = store.intern(line, tags, Content::Other);
    settle(store, result, before, children)
}
