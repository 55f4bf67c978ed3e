//! Forests out of the memory, as words, and from words that mean harm.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::super::*;
use super::{World, figure_1, sharing};

/// Segments of a few different blocks, some with snapshots that are then overwritten.
fn worlds() -> impl Strategy<Value = World> {
    let blocks = prop::collection::vec(0u8..12, 0..60);
    let segment = (blocks, prop::option::of((any::<prop::sample::Index>(), 0u8..12)));
    (0..3usize, prop::collection::vec(segment, 1..5)).prop_map(|(size, segments)| {
        let line_size = [16, 32, 64][size];
        let mut world = World::new(line_size, 4096);
        for (i, (blocks, snapshot)) in segments.into_iter().enumerate() {
            // Block 0 is zeros.
            let bytes: Vec<u8> = blocks.iter().flat_map(|block| vec![*block; line_size as usize]).collect();
            let id = world.create(&format!("segment {i}"), &bytes);
            if let Some((at, block)) = snapshot.filter(|_| !bytes.is_empty()) {
                world.snapshot(&format!("snapshot {i}"), id);
                world.overwrite(id, at.index(bytes.len()) as u64, &[block]);
            }
        }
        world
    })
}

proptest! {
    #[test]
    fn every_line_has_columns_of_its_own_within_those_of_the_line_above(world in worlds()) {
        let model = world.model();
        for level in 0..=model.levels() {
            let row = model.row(level);
            let spans: Vec<_> = (0..row.len()).map(|rank| row.span(rank)).collect();
            prop_assert!(spans.iter().all(|(from, to)| from < to && *to <= model.columns()));
            prop_assert!(spans.windows(2).all(|two| two[0].1 <= two[1].0), "{spans:?}");
        }
        for line in 0..model.lines() {
            let (from, to) = model.span(line);
            if let Some(parent) = model.parent(line) {
                let (low, high) = model.span(parent);
                prop_assert!(low <= from && to <= high);
            }
            prop_assert_eq!(model.row(usize::from(model.line(line).height)).ids[model.rank(line) as usize], line);
            prop_assert_eq!(model.find(model.line(line).plid), Some(line));
        }
    }

    #[test]
    fn lines_are_kept_by_whom_the_memory_says(world in worlds()) {
        let all = world.forest();
        for (id, name) in &world.segments {
            let usage = world.memory.usage(*id).unwrap();
            let one = Forest::of_segments(&world.memory, &[(*id, name.clone())], usize::MAX).unwrap();
            let exclusive = one.lines.iter().filter(|line| line.flags & flag::EXCLUSIVE != 0).count() as u64;
            prop_assert_eq!(exclusive, usage.exclusive.lines());
            prop_assert_eq!(one.lines.len() as u64, usage.exclusive.lines() + usage.shared.lines());
            // Together, a line is exclusive if it is so in one of them.
            for line in one.lines.iter().filter(|line| line.flags & flag::EXCLUSIVE != 0) {
                let same = all.lines.iter().find(|other| other.plid == line.plid).unwrap();
                prop_assert!(same.flags & flag::EXCLUSIVE != 0);
            }
        }
        let model = world.model();
        let distinct: BTreeSet<u32> = all.lines.iter().map(|line| line.plid).collect();
        prop_assert_eq!(distinct.len() as u64, world.memory.live_lines());
        for line in 0..model.lines() {
            let shared = model.line(line).flags & flag::SHARED != 0;
            prop_assert_eq!(shared, model.occurrences(line) > 1, "all that keeps lines is drawn");
        }
    }

    #[test]
    fn words_come_back_as_the_same_forest(world in worlds()) {
        let mut forest = world.forest();
        forest.mark(flag::HELD, |line| line.plid % 3 == 0);
        let labels: Vec<String> = forest.segments.iter().map(|top| top.label.clone()).collect();
        prop_assert_eq!(&Forest::from_words(&labels, &forest.to_words()).unwrap(), &forest);
    }

    #[test]
    fn hostile_words_are_refused_or_drawn_but_never_a_panic(
        world in worlds(),
        harm in prop::collection::vec((any::<prop::sample::Index>(), harms()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let forest = world.forest();
        let labels: Vec<String> = forest.segments.iter().map(|top| top.label.clone()).collect();
        let mut words = forest.to_words();
        for (at, (kind, value)) in harm {
            let at = at.index(words.len());
            words[at] = match kind {
                0 => value,
                1 => words[at].wrapping_add(value % 3),
                2 => words[at] ^ 1 << (value % 32),
                _ => words[at].wrapping_sub(1),
            };
        }
        if let Some(cut) = cut {
            words.truncate(cut.index(words.len() + 1));
        }
        if let Ok(model) = Model::from_words(&labels, &words) {
            let view = View::new(&model, 600.0);
            let _ = scene(&model, &view, (640.0, 400.0));
            for line in 0..model.lines() {
                prop_assert!(describe(&model, line).starts_with("line "));
            }
        }
    }

    #[test]
    fn content_is_found_where_it_is(world in worlds(), needle in prop::collection::vec(1u8..12, 1..4), times in 1usize..40) {
        let needle: Vec<u8> = needle.iter().flat_map(|byte| vec![*byte; times]).collect();
        let ids: Vec<_> = world.segments.iter().map(|(id, _)| *id).collect();
        let found = find_content(&world.memory, &ids, &needle, usize::MAX).unwrap();
        let mut memory = world.memory.clone();
        let size = memory.line_size() as usize;
        let mut expected = BTreeSet::new();
        for id in ids {
            let mut bytes = memory.to_vec(id).unwrap();
            bytes.resize(bytes.len().next_multiple_of(size), 0);
            for at in 0..(bytes.len() + 1).saturating_sub(needle.len()) {
                if bytes[at..].starts_with(&needle) {
                    for line in at / size..=(at + needle.len() - 1) / size {
                        expected.insert(memory.find_content(&bytes[line * size..][..size]).unwrap().0);
                    }
                }
            }
        }
        prop_assert_eq!(found.plids.iter().copied().collect::<BTreeSet<_>>(), expected);
        prop_assert!(!found.more);
    }
}

fn harms() -> impl Strategy<Value = (u8, u32)> {
    (0u8..4, prop_oneof![any::<u32>(), 0u32..64, Just(u32::MAX)])
}

#[test]
fn what_is_wrong_with_words_is_said() {
    let forest = figure_1().forest();
    let labels: Vec<String> = forest.segments.iter().map(|top| top.label.clone()).collect();
    let words = forest.to_words();
    let with = |at: usize, value: u32| {
        let mut words = words.clone();
        words[at] = value;
        Model::from_words(&labels, &words).map(|_| ())
    };
    let (lines, edges) = (7 + 5 * 2, words.len() - 8);
    let cases = [
        (with(0, 7), "load the page again"),
        (with(1, 48), "lines have 16, 32 or 64"),
        (with(3, 1000), "ask for it again"),
        (with(4, u32::MAX), "ask for it again"),
        (with(7 + 4, 9), "segment 0"),
        (with(7 + 1, 6), "segment 0"),
        (with(lines + 3, 0x0004_0063), "line 0"),
        (with(edges, 1), "line 0 of the DAG refers"),
        (with(edges, 2 | 5 << 28), "line 0 of the DAG refers"),
        (with(7 + 1, 2), "line 0 of the DAG is not part of any segment"),
        (Model::from_words(&labels[1..], &words).map(|_| ()), "2 segments but 1 labels"),
        (Model::from_words(&labels, &words[..3]).map(|_| ()), "3 words where 7"),
    ];
    for (result, said) in cases {
        let error = result.expect_err(said).to_string();
        assert!(error.contains(said), "{error} should say {said}");
    }
}

#[test]
fn figure_1_has_six_lines_and_shares_two() {
    let model = figure_1().model();
    assert_eq!((model.lines(), model.levels(), model.columns()), (6, 2, 4));
    let roots: Vec<_> = model.forest().segments.iter().map(|top| model.span(top.root.unwrap())).collect();
    assert_eq!(roots, [(0, 3), (3, 4)], "D1, D4 and D3 under S1′, only D2 is new under S2");
    let leaves = &model.row(0).ids;
    let flags: Vec<u8> = leaves.iter().map(|line| model.line(*line).flags).collect();
    assert_eq!(flags, [flag::SHARED, flag::EXCLUSIVE, flag::SHARED, flag::EXCLUSIVE]);
    assert_eq!(leaves.iter().map(|line| model.occurrences(*line)).collect::<Vec<_>>(), [4, 1, 2, 1]);
}

#[test]
fn a_forest_too_large_keeps_roots_and_higher_lines_and_says_what_is_missing() {
    let world = sharing(16, 2000);
    let whole = world.forest();
    for most in [0, 1, 7, 100, 1000, whole.lines.len(), usize::MAX] {
        let forest = Forest::of_segments(&world.memory, &world.segments, most).unwrap();
        assert!(forest.segments.iter().all(|top| top.root.is_some()));
        assert!(forest.lines.len() <= most.max(forest.segments.len()));
        assert!(forest.left_out as usize >= whole.lines.len() - forest.lines.len());
        assert_eq!(forest.left_out == 0, forest.lines.len() == whole.lines.len());
        let roots: Vec<u32> = forest.segments.iter().filter_map(|top| top.root).collect();
        let rest = (0..).zip(&forest.lines).filter(|(line, _)| !roots.contains(line));
        let lowest = rest.map(|(_, line)| line.height).min();
        let missing =
            whole.lines.iter().filter(|line| forest.lines.iter().all(|kept| kept.plid != line.plid));
        let highest = missing.map(|line| line.height).max();
        assert!(lowest.is_none() || highest <= lowest, "{highest:?} is missing, {lowest:?} is there");
        let model = Model::new(forest).unwrap();
        assert_eq!(overview(&model).contains("not drawn"), model.forest().left_out > 0);
    }
}

#[test]
fn a_search_that_ends_at_its_limit_says_so() {
    let world = sharing(16, 1000);
    let ids: Vec<_> = world.segments.iter().map(|(id, _)| *id).collect();
    let all = find_content(&world.memory, &ids, b"changed", 1000).unwrap();
    assert_eq!((all.plids.len(), all.more), (25, false));
    let some = find_content(&world.memory, &ids, b"changed", 7).unwrap();
    assert_eq!((some.plids.as_slice(), some.more), (&all.plids[..7], true));
    assert_eq!(find_content(&world.memory, &ids, b"", 7).unwrap(), Found::default());
}

#[test]
fn compared_models_share_the_lines_that_hold_the_same() {
    let before = figure_1();
    let mut after = figure_1();
    let there = before.model();
    // D4 of S1′ goes: its leaf and the line above it are new, everything of S2 stays.
    let s1 = after.segments[0].0;
    after.overwrite(s1, 16, &[9; 16]);
    let here = after.model();
    let (marked, shares) = here.compared(&there).unwrap();
    let held = |model: &Model| {
        let lines = 0..model.lines();
        lines.filter(|line| model.line(*line).flags & flag::HELD != 0).count() as u32
    };
    assert_eq!((held(&marked), shares.both + shares.here), (shares.both, here.lines()));
    assert!(marked.compares() && !here.compares());
    assert!(shares.here > 0 && shares.there > 0 && !shares.partial);
    for line in 0..marked.lines() {
        let fresh = |line: u32| marked.line(line).flags & flag::HELD == 0;
        // Who refers to a new line is new.
        assert!(!fresh(line) || marked.parents(line).all(|edge| fresh(edge.parent)));
    }
    let (same, shares) = here.compared(&here).unwrap();
    assert_eq!((held(&same), shares.here, shares.there), (here.lines(), 0, 0));
    // The way back: without anything to share, nothing is marked.
    let other = World::new(16, 256).model();
    let (none, shares) = same.compared(&other).unwrap();
    assert_eq!((held(&none), shares.both, none.forest()), (0, 0, here.forest()));
}

#[test]
fn a_plid_that_names_another_line_is_not_the_same_line() {
    let world = figure_1();
    let there = world.model();
    let mut forest = world.forest();
    let leaf = forest.lines.iter().position(|line| line.height == 0).unwrap();
    forest.lines[leaf].hash ^= 1;
    let (marked, shares) = Model::new(forest).unwrap().compared(&there).unwrap();
    let fresh = |line: u32| marked.line(line).flags & flag::HELD == 0;
    assert!(fresh(leaf as u32) && marked.parents(leaf as u32).all(|edge| fresh(edge.parent)));
    assert!(shares.here > 1 && shares.both > 0);
}

#[test]
fn what_moments_share_is_said_in_words() {
    let shares = Shares { both: 1204, here: 1, there: 12, partial: false };
    let text = compared(&shares, (12_300_000, 9_900_000), true);
    let start = "Compared with the marked moment, 9.900 ms";
    assert_eq!(text, format!("{start}: 1,204 lines held at both, 1 line new, 12 lines freed since."));
    let text = compared(&Shares { partial: true, ..shares }, (8_000_000, 9_900_000), false);
    let end = "Lines that are not drawn are not compared.";
    assert_eq!(
        text,
        format!("{start}, which is later: 1,204 lines held at both, 1 line freed by then. {end}")
    );
}
