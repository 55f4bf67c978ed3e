//! Cursors, HICAMP's iterator registers (DESIGN.md 2.10; FACTS.md section 1, US9601199): a cursor keeps the root it was
//! opened on, holds its writes as transient lines, and commits them bottom-up in one step.

use std::collections::BTreeMap;

use super::dag::{self, Root, Shape};
use super::merge::Clash;
use super::store::{Content, Full, Store};
use super::update::{State, conflict, merged, merged_length};
use super::{Memory, MemoryError, Principal, Rights, SegmentId};

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
    /// Which of the segments that had this ID.
    born: u64,
    /// Who opened it: a register belongs to one principal.
    principal: Principal,
    /// The DAG as it was when the cursor was opened or last committed; counted as a reference.
    pub(super) root: Root,
    /// Its length, and the length with the transient lines.
    base_length: u64,
    length: u64,
    transient: BTreeMap<u64, Transient>,
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
    /// Opens a cursor on a segment as it is now, for the acting principal. It sees none of what others write later.
    ///
    /// # Errors
    /// [`MemoryError::UnknownSegment`], [`MemoryError::Fault`].
    pub fn open_cursor(&mut self, segment: SegmentId) -> Result<CursorId, MemoryError> {
        let entry = self.entry(segment)?;
        self.store.retain(entry.root.plid);
        let cursor = Cursor {
            segment,
            born: entry.born,
            principal: self.guard.acting,
            root: entry.root,
            base_length: entry.length,
            length: entry.length,
            transient: BTreeMap::new(),
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
        let cursor = slot.ok_or(MemoryError::UnknownCursor(id))?;
        if cursor.principal != self.guard.acting {
            return Err(self.guard.fault(cursor.segment, Rights::READ, Rights::NONE).into());
        }
        Ok(cursor)
    }

    /// Bytes that the cursor sees.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCursor`], [`MemoryError::Fault`] on another principal's cursor.
    pub fn cursor_length(&mut self, id: CursorId) -> Result<u64, MemoryError> {
        Ok(self.cursor(id)?.length)
    }

    /// Reads through the cursor: its own writes, and behind them the segment as it was.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCursor`], [`MemoryError::Fault`] on another principal's cursor, [`MemoryError::OutOfRange`].
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
        let written: Vec<(u64, [u8; 64])> = cursor
            .transient
            .range(offset / line..covered.div_ceil(line))
            .map(|(i, t)| (*i, t.bytes))
            .collect();
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
    /// [`MemoryError::UnknownCursor`], [`MemoryError::Fault`] on another principal's cursor, [`MemoryError::TooLong`].
    pub fn cursor_write(
        &mut self,
        id: CursorId,
        offset: u64,
        bytes: &[u8],
        content: Content,
    ) -> Result<(), MemoryError> {
        let line = self.shape.line;
        let end = offset.saturating_add(bytes.len() as u64);
        let root = self.cursor(id)?.root;
        if bytes.is_empty() {
            return Ok(());
        }
        self.growth(end)?;
        for index in offset / line..end.div_ceil(line) {
            let start = index * line;
            let (from, to) = (start.max(offset), (start + line).min(end));
            let mut fresh = Transient { bytes: [0; 64], content };
            let known = self.cursor(id)?.transient.get(&index).copied();
            match known {
                Some(transient) => fresh.bytes = transient.bytes,
                None if start < self.shape.span(root.height) => {
                    dag::read(&mut self.store, root, start, &mut fresh.bytes[..line as usize]);
                }
                None => {}
            }
            let source = &bytes[(from - offset) as usize..(to - offset) as usize];
            fresh.bytes[(from - start) as usize..(to - start) as usize].copy_from_slice(source);
            self.cursor(id)?.transient.insert(index, fresh);
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
    /// [`MemoryError::Delayed`], [`MemoryError::ReadOnly`], [`MemoryError::UnknownCursor`], [`MemoryError::Fault`],
    /// [`MemoryError::UnknownSegment`] when the segment is gone. The transient lines are kept.
    pub fn cursor_commit(&mut self, id: CursorId) -> Result<Commit, MemoryError> {
        let cursor = self.cursor(id)?;
        let (segment, born, length) = (cursor.segment, cursor.born, cursor.length);
        let base = State { root: cursor.root, length: cursor.base_length };
        // Another segment may have the ID by now.
        if self.map.get(segment).is_none_or(|entry| entry.born != born) {
            return Err(MemoryError::UnknownSegment(segment));
        }
        let current = self.writable(segment)?;
        // Out of the cursor while the store is changed, and back into it if that fails.
        let transient = std::mem::take(&mut self.cursor(id)?.transient);
        if transient.is_empty() {
            return Ok(Commit::Unchanged);
        }
        let swapped = State::from(current) == base;
        let result = self.converted(base, length, &transient, current.into());
        let result = result.and_then(|state| state.map_err(|clash| conflict(segment, clash)));
        let State { root, length } = match result {
            Ok(state) => state,
            Err(error) => {
                self.cursor(id)?.transient = transient;
                return Err(error);
            }
        };
        // Two references: the map's and the cursor's.
        self.store.retain(root.plid);
        self.put_root(segment, current, root, length);
        let cursor = self.cursor(id)?;
        cursor.root = root;
        cursor.base_length = length;
        cursor.length = length;
        self.store.release(base.root.plid);
        Ok(if swapped { Commit::Swapped } else { Commit::Merged })
    }

    /// `current` with the transient lines that were written over `base`, as an owned root.
    fn converted(
        &mut self,
        base: State,
        length: u64,
        transient: &BTreeMap<u64, Transient>,
        current: State,
    ) -> Result<Result<State, Clash>, MemoryError> {
        let height = self.growth(length)?;
        let lines: Vec<(u64, Transient)> = transient.iter().map(|(index, line)| (*index, *line)).collect();
        let mut needed = lines.len() as u64 * (1 + u64::from(height)) + u64::from(height);
        if current != base {
            needed += self.merge_needs(base, State { length, ..base });
        }
        self.attempt(needed, |store, _| {
            store.retain(base.root.plid);
            let grown = dag::grow(store, base.root, height)?;
            let made = overlay(store, grown, 0, &lines);
            store.release(grown.plid);
            let mine = State { root: Root { plid: made?, height }, length };
            if current == base {
                return Ok(Ok(mine));
            }
            let length = match merged_length(store, base, mine, current) {
                Ok(length) => length,
                Err(clash) => {
                    store.discard(mine.root.plid);
                    store.unmark();
                    return Ok(Err(clash));
                }
            };
            let root = merged(store, base, mine, current, length);
            store.release(mine.root.plid);
            Ok(Ok(State { root: root?, length }))
        })
    }

    /// Closes a cursor; what was not committed is gone.
    ///
    /// # Errors
    /// [`MemoryError::UnknownCursor`], [`MemoryError::Fault`] on another principal's cursor.
    pub fn close_cursor(&mut self, id: CursorId) -> Result<(), MemoryError> {
        let root = self.cursor(id)?.root;
        self.cursors[id.0 as usize] = None;
        self.store.release(root.plid);
        Ok(())
    }
}

/// A node like `node`, whose first leaf is `base`, with `lines` in place of its own: each node is made once.
fn overlay(store: &mut Store, node: Root, base: u64, lines: &[(u64, Transient)]) -> Result<u32, Full> {
    let Some((_, first)) = lines.first() else {
        store.retain(node.plid);
        return Ok(node.plid);
    };
    let shape = Shape::new(store.line_bytes());
    if node.height == 0 {
        return store.intern(&first.bytes[..shape.line as usize], 0, first.content);
    }
    store.access.data_read(node.plid);
    let step = shape.leaves(node.height - 1);
    let place = |line: &(u64, Transient)| ((line.0 - base) / step) as usize;
    let changed = lines.first().map_or(0, place)..lines.last().map_or(0, |line| place(line) + 1);
    let mut rest = lines;
    dag::rebuild(store, node, changed, |store, i, child| {
        let start = base + i as u64 * step;
        let (mine, after) = rest.split_at(rest.partition_point(|(index, _)| *index < start + step));
        rest = after;
        overlay(store, child, start, mine)
    })
}
