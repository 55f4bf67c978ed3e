//! Cursors, HICAMP's iterator registers (DESIGN.md 2.10; FACTS.md section 1, US9601199): a cursor keeps the root it was
//! opened on, holds its writes as transient lines, and commits them bottom-up in one step.

use super::build::intern_node;
use super::dag::{self, Root, Shape};
use super::hash::Place;
use super::store::{BATCH, Content, Full};
use super::{Memory, MemoryError, SegmentId};

/// An open cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CursorId(pub u32);

impl std::fmt::Display for CursorId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A line that was written and not yet looked up by content.
#[derive(Clone, Copy, Debug)]
struct Transient {
    bytes: [u8; 64],
    content: Content,
}

#[derive(Clone, Debug)]
pub(super) struct Cursor {
    segment: SegmentId,
    /// The DAG as it was when the cursor was opened or last committed; counted as a reference.
    pub(super) root: Root,
    /// Its length, and the length with the transient lines.
    base_length: u64,
    length: u64,
    /// By index of the line: most commits write a few, in order.
    transient: Vec<(u64, Transient)>,
}

impl Cursor {
    /// Bytes of the cursor and its transient lines.
    pub(super) fn bytes(&self) -> u64 {
        (size_of::<Self>() + self.transient.len() * size_of::<(u64, Transient)>()) as u64
    }
}

/// What a commit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Nothing was written.
    Unchanged,
    /// The root was still the one the cursor was opened on: it was swapped.
    Swapped,
    /// Somebody else had written elsewhere in the segment: both sets of changes are in it now.
    Merged,
}

impl Memory {
    /// Opens a cursor on a segment as it is now. It sees none of what others write later.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`].
    pub fn open_cursor(&mut self, segment: SegmentId) -> Result<CursorId, MemoryError> {
        let entry = self.entry(segment)?;
        self.store.retain(entry.root.plid);
        let cursor = Cursor {
            segment,
            root: entry.root,
            base_length: entry.length,
            length: entry.length,
            transient: Vec::new(),
        };
        let free = self.cursors.iter().position(Option::is_none);
        let index = free.unwrap_or(self.cursors.len());
        if free.is_none() {
            self.cursors.push(None);
        }
        self.cursors[index] = Some(cursor);
        Ok(CursorId(index as u32))
    }

    fn cursor(&mut self, id: CursorId) -> Result<&mut Cursor, MemoryError> {
        let slot = self.cursors.get_mut(id.0 as usize).and_then(Option::as_mut);
        slot.ok_or(MemoryError::UnknownCursor(id))
    }

    /// Bytes that the cursor sees.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCursor`].
    pub fn cursor_length(&mut self, id: CursorId) -> Result<u64, MemoryError> {
        Ok(self.cursor(id)?.length)
    }

    /// Reads through the cursor: its own writes, and behind them the segment as it was.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCursor`], [`MemoryError::OutOfRange`].
    pub fn cursor_read(&mut self, id: CursorId, offset: u64, out: &mut [u8]) -> Result<(), MemoryError> {
        let line = self.shape.line;
        let cursor = self.cursor(id)?;
        let end = offset.saturating_add(out.len() as u64);
        if end > cursor.length {
            return Err(MemoryError::OutOfRange {
                segment: cursor.segment,
                offset,
                end,
                length: cursor.length,
            });
        }
        let (root, covered) = (cursor.root, end);
        let lines = offset / line..covered.div_ceil(line);
        let transient = cursor.transient.iter().filter(|(i, _)| lines.contains(i));
        let written: Vec<(u64, [u8; 64])> = transient.map(|(i, t)| (*i, t.bytes)).collect();
        // Beyond the old DAG there is nothing but zeros and transient lines.
        let old = self.shape.span(root.height).min(end).saturating_sub(offset) as usize;
        let (head, tail) = out.split_at_mut(old);
        dag::read(&mut self.store, root, offset, head);
        tail.fill(0);
        for (index, bytes) in written {
            let start = index * line;
            let (from, to) = (start.max(offset), (start + line).min(end));
            let source = &bytes[(from - start) as usize..(to - start) as usize];
            out[(from - offset) as usize..(to - offset) as usize].copy_from_slice(source);
        }
        Ok(())
    }

    /// Writes through the cursor into transient lines: private until the commit, no line is looked up. Writing past the
    /// end extends.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCursor`], [`MemoryError::TooLong`].
    pub fn cursor_write(
        &mut self,
        id: CursorId,
        offset: u64,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), MemoryError> {
        let line = self.shape.line;
        let end = offset.saturating_add(bytes.len() as u64);
        self.cursor(id)?;
        if bytes.is_empty() {
            return Ok(());
        }
        self.growth(end)?;
        let Self { store, cursors, shape, .. } = self;
        let Some(Some(cursor)) = cursors.get_mut(id.0 as usize) else {
            return Err(MemoryError::UnknownCursor(id));
        };
        let root = cursor.root;
        cursor.transient.reserve((end.div_ceil(line) - offset / line) as usize);
        for index in offset / line..end.div_ceil(line) {
            let start = index * line;
            let (from, to) = (start.max(offset), (start + line).min(end));
            let at = match cursor.transient.last() {
                Some((last, _)) if *last >= index => cursor.transient.partition_point(|(i, _)| *i < index),
                _ => cursor.transient.len(),
            };
            if cursor.transient.get(at).is_none_or(|(i, _)| *i != index) {
                let mut fresh = Transient { bytes: [0; 64], content };
                if to - from < line && start < shape.span(root.height) {
                    dag::read(store, root, start, &mut fresh.bytes[..line as usize]);
                }
                cursor.transient.insert(at, (index, fresh));
            }
            let transient = &mut cursor.transient[at].1;
            transient.content = content;
            let source = &bytes[(from - offset) as usize..(to - offset) as usize];
            transient.bytes[(from - start) as usize..(to - start) as usize].copy_from_slice(source);
        }
        let cursor = self.cursor(id)?;
        cursor.length = cursor.length.max(end);
        Ok(())
    }

    /// Converts the transient lines bottom-up and puts the result into the segment: by swapping the root if nobody else
    /// has, else by a merge-update. The cursor stays open, on the segment as it is then.
    ///
    /// # Errors
    /// [`MemoryError::Conflict`] when others changed the same bytes, [`MemoryError::Exhausted`],
    /// [`MemoryError::ReadOnly`], [`MemoryError::UnknownSegment`] when the segment is gone. The transient lines are kept.
    pub fn cursor_commit(&mut self, id: CursorId) -> Result<Commit, MemoryError> {
        let transient = std::mem::take(&mut self.cursor(id)?.transient);
        let result = self.commit(id, &transient);
        if result.is_err() {
            self.cursor(id)?.transient = transient;
        }
        result
    }

    fn commit(&mut self, id: CursorId, transient: &[(u64, Transient)]) -> Result<Commit, MemoryError> {
        let cursor = self.cursor(id)?;
        let (root, length) = (cursor.root, cursor.length);
        let (segment, base_length) = (cursor.segment, cursor.base_length);
        let current = self.writable(segment)?;
        if transient.is_empty() {
            return Ok(Commit::Unchanged);
        }
        let height = self.growth(length)?;
        let needed = transient.len() as u64 * (1 + u64::from(height)) + 1;
        let mine = self.convert(root, transient, height).map_err(|Full| self.exhausted(needed))?;
        let swapped = current.root == root && current.length == base_length;
        let merged = if swapped {
            self.put_root(segment, mine, length);
            Ok(())
        } else {
            let result = self.merge_roots(segment, (root, base_length), (mine, length));
            self.store.release(mine.plid);
            result
        };
        merged?;
        let now = self.entry(segment)?;
        self.store.retain(now.root.plid);
        let cursor = self.cursor(id)?;
        let former = std::mem::replace(&mut cursor.root, now.root);
        cursor.base_length = now.length;
        cursor.length = now.length;
        self.store.release(former.plid);
        Ok(if swapped { Commit::Swapped } else { Commit::Merged })
    }

    /// The DAG of a cursor with its transient lines, as an owned root.
    fn convert(&mut self, base: Root, lines: &[(u64, Transient)], height: u8) -> Result<Root, Full> {
        self.store.retain(base.plid);
        let mut root = dag::grow(&mut self.store, base, height)?;
        let plid = overlay(self, root, 0, lines);
        self.store.release(root.plid);
        root.plid = plid?;
        Ok(root)
    }

    /// Closes a cursor; what was not committed is gone.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCursor`].
    pub fn close_cursor(&mut self, id: CursorId) -> Result<(), MemoryError> {
        let root = self.cursor(id)?.root;
        self.cursors[id.0 as usize] = None;
        self.store.release(root.plid);
        Ok(())
    }
}

/// A node like `node`, whose first leaf is `base`, with `lines` in place of its own: each node is made once.
fn overlay(memory: &mut Memory, node: Root, base: u64, lines: &[(u64, Transient)]) -> Result<u32, Full> {
    let Some((_, first)) = lines.first() else {
        memory.store.retain(node.plid);
        return Ok(node.plid);
    };
    if node.height == 0 {
        let size = memory.store.line_bytes();
        return memory.store.intern(&first.bytes[..size], 0, first.content);
    }
    let shape: Shape = memory.shape;
    let step = shape.leaves(node.height - 1);
    let mut kept = [0u32; 16];
    if node.plid != 0 {
        memory.store.access.data_read(node.plid);
        kept = memory.store.children(node.plid);
    }
    let mut made = [0u32; 16];
    let overlaid = if node.height == 1 {
        intern_leaves(memory, base, lines, &mut made, &mut kept)
    } else {
        let of = |(index, _): &(u64, Transient)| ((index - base) / step) as usize;
        let children = lines.chunk_by(|a, b| of(a) == of(b));
        children.map(|mine| (of(&mine[0]), mine)).try_for_each(|(i, mine)| {
            let child = Root { plid: std::mem::take(&mut kept[i]), height: node.height - 1 };
            made[i] = overlay(memory, child, base + i as u64 * step, mine)?;
            Ok(())
        })
    };
    if let Err(full) = overlaid {
        dag::release_all(&mut memory.store, &made);
        return Err(full);
    }
    memory.store.retain_all(&kept);
    for (made, kept) in made.iter_mut().zip(kept) {
        *made |= kept;
    }
    intern_node(&mut memory.store, &made[..shape.fan_out()])
}

/// Looks up the leaves of one node together, so that their misses overlap; those made are no longer `kept`.
fn intern_leaves(
    memory: &mut Memory,
    base: u64,
    lines: &[(u64, Transient)],
    made: &mut [u32; 16],
    kept: &mut [u32; 16],
) -> Result<(), Full> {
    let size = memory.store.line_bytes();
    let mut bytes = [0; 16 * 64];
    for ((_, line), to) in lines.iter().zip(bytes.chunks_exact_mut(size)) {
        to.copy_from_slice(&line.bytes[..size]);
    }
    let mut places = [Place::default(); BATCH];
    memory.store.prepare(&bytes[..lines.len() * size], &[0; BATCH], &mut places);
    for (((index, line), bytes), place) in lines.iter().zip(bytes.chunks_exact(size)).zip(places) {
        let i = (index - base) as usize;
        kept[i] = 0;
        made[i] = memory.store.intern_at(bytes, 0, line.content, place)?;
    }
    Ok(())
}
