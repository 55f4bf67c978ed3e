//! Building DAGs bottom-up from bytes (DESIGN.md 2.5), in batches so that cache misses overlap.
//!
//! A level is put under nodes as soon as it fills a batch of them, while the counts of its lines are still in the nearest
//! caches of the machine that runs the model: each level keeps at most [`BATCH`] nodes' children.

use super::dag::{Shape, release_all};
use super::hash::Place;
use super::store::{BATCH, Content, Full, Store, Tags};

/// The lines of each level that have no node above them yet, lowest level first; empty between builds.
pub(super) type Scratch = Vec<Vec<u32>>;

/// Builds a sub-DAG of exactly `height` from `bytes`, zero-padded; `bytes` fit the height. Hands over one reference.
pub(super) fn build(
    store: &mut Store,
    scratch: &mut Scratch,
    bytes: &[u8],
    height: u8,
    content: Content,
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
    let result = build_leaves(store, scratch, bytes, content)
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
    content: Content,
) -> Result<(), Full> {
    let line = store.line_bytes();
    let whole = bytes.len() / line * line;
    let most = BATCH * line / 4;
    let mut places = [Place::default(); BATCH];
    for batch in bytes[..whole].chunks(BATCH * line) {
        store.prepare(batch, &[0; BATCH], &mut places);
        for (leaf, place) in batch.chunks_exact(line).zip(places) {
            let plid = store.intern_at(leaf, 0, content, place)?;
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
        scratch[0].push(store.intern(&last[..line], 0, content)?);
    }
    Ok(())
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
        store.prepare(&lines[..used * line], &tags, &mut places);
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
    let place = store.place(line, tags);
    adopt(store, line, tags, children, place)
}
