//! Figure 1 of the paper: memory lines, segments and the segment map (section 2.2).

use snapstack::memory::{Content, Memory, MemoryConfig, SegmentId};

use super::state::Observer;
use super::{FigureError, Step};

/// The data lines of the figure, and the one that overwrites.
pub(super) const D: [&[u8; 16]; 4] =
    [b"D1: it is stored", b"D2: once and for", b"D3: all to share", b"D4: written over"];
/// What the paper calls S1 once it is overwritten.
const OVERWRITTEN: &str = "S1′";
/// Segments S1, S2 and S3.
pub(super) const S: [SegmentId; 3] = [SegmentId(1), SegmentId(2), SegmentId(3)];

/// Runs the figure.
pub(super) fn run() -> Result<Vec<Step>, FigureError> {
    let [d1, d2, d3, d4] = D;
    let [s1, s2, s3] = S;
    let mut memory =
        Memory::new(MemoryConfig { line_size: 16, lines: super::LINES, ..MemoryConfig::default() })?;
    // Segments get the figure's numbers: the latest released are handed out first.
    memory.create_range(s1, 3)?;
    for id in [s3, s2, s1] {
        memory.release(id)?;
    }
    let mut observer = Observer::default();
    observer.begin(&memory);
    let mut steps = Vec::new();
    let mut names = [(s1.0, "S1"), (s2.0, "S2"), (s3.0, "S3")];
    let mut step = |memory: &Memory, title, caption: &str| -> Result<(), FigureError> {
        let first = if title == "Overwrite" { OVERWRITTEN } else { names[0].1 };
        names[0].1 = first;
        let (caption, names) = (caption.to_owned(), names.to_vec());
        steps.push(Step { part: "1", title, caption, names, state: observer.look(memory)? });
        Ok(())
    };

    step(
        &memory,
        "Lines and a map",
        "Memory consists of lines that never change once written, and a segment map says at which line each object begins.",
    )?;
    memory.create(d1, Content::Data)?;
    step(
        &memory,
        "One line",
        "An object of one line is written: segment S1 maps to that line, which is its own root.",
    )?;
    memory.append(s1, d2, Content::Data)?;
    step(
        &memory,
        "A parent",
        "D2 is appended: a parent line appears that holds the IDs of both lines, and D1 stays as it is.",
    )?;
    memory.append(s1, d1, Content::Data)?;
    step(
        &memory,
        "The same again",
        "D1 is appended once more: memory finds it by its content, so only a new parent is written and D1 is referred to twice.",
    )?;
    memory.append(s1, d3, Content::Data)?;
    step(
        &memory,
        "D1, D2, D1, D3",
        "With D3 the object is complete: four places of data, three lines that hold it.",
    )?;
    memory.snapshot(s1)?;
    step(
        &memory,
        "Snapshot",
        "S2 becomes a snapshot of S1: one more entry in the map, with the same root, and not one line is written.",
    )?;
    memory.overwrite(s1, 16, d4, Content::Data)?;
    step(
        &memory,
        "Overwrite",
        "D2 is overwritten in S1, which becomes S1′: one new leaf and a new root, while S2 still reads D1, D2, D1, D3.",
    )?;
    let whole = [&d1[..], d2, d1, d3].concat();
    memory.create(&whole, Content::Data)?;
    step(
        &memory,
        "Found by content",
        "Another program writes D1, D2, D1, D3 from scratch as S3: every line is found, up to the root, so equal objects have equal roots.",
    )?;
    memory.release(s2)?;
    memory.release(s3)?;
    step(
        &memory,
        "Released",
        "S2 and S3 are released: lines that nothing refers to any more are free again, those that S1′ shares stay.",
    )?;
    Ok(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::State;

    fn leaf<'s>(state: &'s State, bytes: &[u8; 16]) -> &'s crate::figures::Line {
        state.lines.values().find(|line| line.content.as_deref() == Some(&bytes[..])).unwrap()
    }

    fn titled<'s>(steps: &'s [Step], title: &str) -> &'s State {
        &steps.iter().find(|step| step.title == title).unwrap().state
    }

    #[test]
    fn a_line_that_occurs_twice_is_stored_once_and_referred_to_twice() {
        let steps = run().unwrap();
        let state = titled(&steps, "D1, D2, D1, D3");
        let root = state.root(1).unwrap();
        let [d1, d2, d3] = [0, 1, 2].map(|i| leaf(state, D[i]));
        assert_eq!(root.children, [d1, d2, d1, d3].map(|line| Some(line.plid)));
        assert_eq!((d1.references, d2.references, d3.references), (2, 1, 1));
        assert_eq!(state.lines.len(), 4, "three leaves and their parent");
        assert_eq!(titled(&steps, "The same again").counts.found, 1);
    }

    #[test]
    fn a_snapshot_is_one_map_entry_and_no_line() {
        let steps = run().unwrap();
        let state = titled(&steps, "Snapshot");
        assert_eq!((state.counts.entries, state.counts.written), (1, 0));
        assert_eq!(state.segment(1).unwrap().root, state.segment(2).unwrap().root);
        assert_eq!(state.root(2).unwrap().references, 2, "one for each entry");
    }

    #[test]
    fn overwriting_writes_a_leaf_and_a_root_and_leaves_the_snapshot_as_it_was() {
        let steps = run().unwrap();
        let (before, after) = (titled(&steps, "Snapshot"), titled(&steps, "Overwrite"));
        assert_eq!(after.counts.written, 2);
        assert_eq!(after.root(2).unwrap().children, before.root(2).unwrap().children);
        let shared = after.root(1).unwrap().children.iter().zip(&after.root(2).unwrap().children);
        assert_eq!(shared.map(|(a, b)| a == b).collect::<Vec<_>>(), [true, false, true, true]);
        assert_eq!(leaf(after, D[0]).references, 4, "twice from each root");
    }

    #[test]
    fn equal_bytes_written_anew_get_the_same_root_without_a_new_line() {
        let steps = run().unwrap();
        let state = titled(&steps, "Found by content");
        assert_eq!((state.counts.written, state.counts.found), (0, 5));
        assert_eq!(state.segment(2).unwrap().root, state.segment(3).unwrap().root);
    }

    #[test]
    fn releasing_frees_only_what_nothing_refers_to() {
        let steps = run().unwrap();
        let (before, after) = (titled(&steps, "Found by content"), titled(&steps, "Released"));
        assert_eq!((before.counts.held, after.counts.held), (6, 4));
        assert_eq!(after.segments.len(), 1);
        let held: Vec<_> = [0, 2, 3].map(|i| leaf(after, D[i]).references).into();
        assert_eq!(held, [2, 1, 1]);
    }
}
