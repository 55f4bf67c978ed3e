//! Segments put together from sub-DAGs of one height: the first made of new bytes at its two ends, the others shared with
//! other segments. That is how a packet lies in memory (DESIGN.md section 3).
//!
//! ```text
//! | front, zeros, back | sub-DAG | sub-DAG | ... of other segments, by reference
//! |<----- unit ------->|<------->|
//! ```
//!
//! The new lines are those of the two ends with the nodes above them, and one root, whatever is shared.

use super::build::intern_node;
use super::dag::{self, Root, Shape, release_all};
use super::store::{Content, Full, Store};
use super::{Memory, MemoryError, SegmentId};

/// Sub-DAGs of a segment to be shared, all of the height of the segment that is put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Whose they are.
    pub source: SegmentId,
    /// The first of them, counted in sub-DAGs from the segment's start.
    pub first: u64,
    /// How many; past the source's end they are zero.
    pub count: u32,
}

impl Memory {
    /// Gives `id` a new content of sub-DAGs of `height`, each `unit` = line size * fan-out^height bytes long: one that begins
    /// with `front`, ends with `back` and is zero between them, and behind it those that `shares` name. Bytes of both ends
    /// count as [`Content::Other`].
    ///
    /// # Errors
    /// [`MemoryError::OutOfRange`] if the ends do not fit the first sub-DAG, [`MemoryError::FanOut`] for more sub-DAGs than a
    /// node has children, [`MemoryError::TooLong`], [`MemoryError::UnknownSegment`], [`MemoryError::Fault`],
    /// [`MemoryError::ReadOnly`], [`MemoryError::Exhausted`], [`MemoryError::Delayed`].
    pub fn compose(
        &mut self,
        id: SegmentId,
        height: u8,
        (front, back): (&[u8], &[u8]),
        shares: &[Share],
    ) -> Result<(), MemoryError> {
        let target = self.writable(id)?;
        let fan_out = self.shape.fan_out() as u64;
        let children = 1 + shares.iter().map(|share| u64::from(share.count)).sum::<u64>();
        if children > fan_out {
            return Err(MemoryError::FanOut { children, fan_out: fan_out as u32 });
        }
        let unit = self.shape.line.saturating_mul(fan_out.saturating_pow(height.into()));
        let length = unit.saturating_mul(children);
        self.growth(length)?;
        let ends = front.len() as u64 + back.len() as u64;
        if ends > unit {
            return Err(MemoryError::OutOfRange { segment: id, offset: 0, end: ends, length: unit });
        }
        // One node has at most 16 children.
        let mut sources = [Source::default(); 16];
        let mut used = 0;
        for share in shares.iter().filter(|share| share.count > 0) {
            let root = self.entry(share.source)?.root;
            sources[used] = Source { root, first: share.first, count: share.count as usize };
            used += 1;
        }
        let sources = &sources[..used];
        let worst = self.shape.worst_case(front.len() as u64) + self.shape.worst_case(back.len() as u64);
        let needed = worst + (1 + children) * (u64::from(height) + 1);
        let root = self.attempt(needed, |store, _| compose(store, height, front, back, sources))?;
        self.put_root(id, target, root, length);
        Ok(())
    }
}

/// A [`Share`] with its source looked up.
#[derive(Clone, Copy, Default)]
struct Source {
    root: Root,
    first: u64,
    count: usize,
}

fn compose(
    store: &mut Store,
    height: u8,
    front: &[u8],
    back: &[u8],
    sources: &[Source],
) -> Result<Root, Full> {
    let mut children = [0; 16];
    children[0] = ends(store, height, front, back)?;
    if sources.is_empty() {
        return Ok(Root { plid: children[0], height });
    }
    let mut filled = 1;
    for Source { root, first, count } in sources {
        let out = &mut children[filled..filled + count];
        if let Err(full) = dag::share(store, *root, *first, height, out) {
            release_all(store, &children[..filled]);
            return Err(full);
        }
        filled += count;
    }
    let plid = intern_node(store, &children[..filled])?;
    Ok(Root { plid, height: height + 1 })
}

/// A sub-DAG of `height` that begins with `front` and ends with `back`, which fit it together, with zeros between them.
fn ends(store: &mut Store, height: u8, front: &[u8], back: &[u8]) -> Result<u32, Full> {
    if front.is_empty() && back.is_empty() {
        return Ok(0);
    }
    let size = store.line_bytes();
    if height == 0 {
        let mut line = [0; 64];
        line[..front.len()].copy_from_slice(front);
        line[size - back.len()..size].copy_from_slice(back);
        return store.intern(&line[..size], 0, Content::Other);
    }
    let shape = Shape::new(size);
    let (span, total) = (shape.span(height - 1), shape.span(height));
    let zeros = total - back.len() as u64;
    let mut children = [0; 16];
    let fan_out = shape.fan_out();
    // The children that begin with bytes of the front, and those that end with bytes of the back: no others have content.
    let with_front = (front.len() as u64).div_ceil(span) as usize;
    let with_back = (zeros / span) as usize;
    for i in (0..with_front).chain(with_front.max(with_back)..fan_out) {
        let (start, end) = (i as u64 * span, (i as u64 + 1) * span);
        let in_front = |at: u64| at.min(front.len() as u64) as usize;
        let in_back = |at: u64| at.saturating_sub(zeros) as usize;
        let (front, back) = (&front[in_front(start)..in_front(end)], &back[in_back(start)..in_back(end)]);
        match ends(store, height - 1, front, back) {
            Ok(plid) => children[i] = plid,
            Err(full) => {
                release_all(store, &children[..i]);
                return Err(full);
            }
        }
    }
    intern_node(store, &children[..fan_out])
}
