//! The inspection interface as a user sees it: the paper's Figure 1, and random segments with snapshots against brute
//! force over their DAGs (DESIGN.md 2.3 to 2.8).

#![cfg(not(target_family = "wasm"))]

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;
use snapstack::memory::{Content, Dag, Memory, MemoryConfig, MemoryError, Plid, Referrer, SegmentId, Usage};

const ALL: usize = usize::MAX;

fn memory(line_size: u32, lines: u64, delayed_free: u32) -> Memory {
    Memory::new(MemoryConfig { line_size, lines, delayed_free, ..MemoryConfig::default() }).unwrap()
}

/// (exclusive leaves, exclusive interior, shared leaves, shared interior)
fn lines(usage: Usage) -> (u64, u64, u64, u64) {
    let Usage { exclusive, shared } = usage;
    (exclusive.leaves, exclusive.interior, shared.leaves, shared.interior)
}

/// Figure 1: S1 = D1 D2 D1 D3 of 16-byte lines, S2 its snapshot, then D2 of S1 overwritten by D4.
struct Figure1 {
    memory: Memory,
    s1: SegmentId,
    s2: SegmentId,
}

const D: [[u8; 16]; 5] = [[0; 16], [1; 16], [2; 16], [3; 16], [4; 16]];

impl Figure1 {
    fn before_overwrite() -> Self {
        let mut memory = memory(16, 64, 0);
        let s1 = memory.create(&[D[1], D[2], D[1], D[3]].concat(), Content::Data).unwrap();
        let s2 = memory.snapshot(s1).unwrap();
        Self { memory, s1, s2 }
    }

    fn after_overwrite() -> Self {
        let mut figure = Self::before_overwrite();
        figure.memory.overwrite(figure.s1, 16, &D[4], Content::Data).unwrap();
        figure
    }

    fn line(&self, i: usize) -> Plid {
        self.memory.find_content(&D[i]).unwrap()
    }
}

#[test]
fn figure_1_lists_d1_once_with_two_edges() {
    let figure = Figure1::before_overwrite();
    let dag = figure.memory.dag(figure.s1, ALL).unwrap();
    assert_eq!((dag.height, dag.length, dag.line_size, dag.left_out), (1, 64, 16, 0));

    let root = dag.nodes[0];
    assert_eq!((root.height, root.children, root.references), (1, 4, 2), "S1 and S2 refer to the root");
    assert_eq!((root.first_leaf, root.leaves, root.occurrences, root.content), (0, 4, 1, None));

    let leaves: Vec<_> = dag.nodes[1..]
        .iter()
        .map(|node| (node.content.unwrap()[0], node.first_leaf, node.occurrences, node.references))
        .collect();
    assert_eq!(leaves, [(1, 0, 2, 2), (2, 1, 1, 1), (3, 3, 1, 1)]);
    let edges: Vec<_> = dag.edges.iter().map(|e| (e.parent, e.child, e.slot, e.repeat)).collect();
    assert_eq!(edges, [(0, 1, 0, 0), (0, 2, 1, 0), (0, 1, 2, 1), (0, 3, 3, 0)]);
}

#[test]
fn figure_1_shares_everything_until_s1_is_overwritten() {
    let mut alone = memory(16, 64, 0);
    let s1 = alone.create(&[D[1], D[2], D[1], D[3]].concat(), Content::Data).unwrap();
    assert_eq!(lines(alone.usage(s1).unwrap()), (3, 1, 0, 0));
    assert_eq!(alone.usage(s1).unwrap().exclusive.bytes(), 64, "three leaves and the root");

    let Figure1 { memory, s1, s2 } = Figure1::before_overwrite();
    for segment in [s1, s2] {
        assert_eq!(lines(memory.usage(segment).unwrap()), (0, 0, 3, 1));
    }

    let Figure1 { memory, s1, s2 } = Figure1::after_overwrite();
    for segment in [s1, s2] {
        // D4 (in S2: D2) and the root of one's own; D1 and D3 in common.
        assert_eq!(lines(memory.usage(segment).unwrap()), (1, 1, 2, 0));
    }
    assert_eq!(memory.live_lines(), 2 + 2 + 2);
}

#[test]
fn figure_1_names_every_referrer() {
    let figure = Figure1::after_overwrite();
    let Figure1 { memory, s1, s2 } = &figure;
    let root = |segment: &SegmentId| memory.dag(*segment, 1).unwrap().nodes[0].plid;
    let word = |segment, word| Referrer::Line { plid: root(segment), word, waiting: false };

    assert_eq!(memory.referrers(root(s1)), [Referrer::Segment(*s1)]);
    assert_eq!(memory.referrers(root(s2)), [Referrer::Segment(*s2)]);
    assert_eq!(memory.referrers(figure.line(2)), [word(s2, 1)], "only the snapshot keeps D2");
    assert_eq!(memory.referrers(figure.line(4)), [word(s1, 1)]);
    let mut d1 = [word(s1, 0), word(s1, 2), word(s2, 0), word(s2, 2)];
    d1.sort();
    assert_eq!(memory.referrers(figure.line(1)), d1);
    assert_eq!(memory.references(figure.line(1)), Some(4));
}

#[test]
fn figure_1_says_why_a_line_is_alive() {
    let figure = Figure1::after_overwrite();
    let Figure1 { memory, s1, s2 } = &figure;
    let paths = |plid| -> Vec<_> {
        memory.reachable_from(plid).into_iter().map(|reach| (reach.segment, reach.path.len())).collect()
    };
    assert_eq!(paths(figure.line(1)), [(*s1, 2), (*s2, 2)]);
    assert_eq!(paths(figure.line(2)), [(*s2, 2)]);
    let reach = memory.reachable_from(figure.line(2)).remove(0);
    assert_eq!(reach.path, [memory.dag(*s2, 1).unwrap().nodes[0].plid, figure.line(2)]);
}

#[test]
fn zeros_need_no_nodes() {
    let mut memory = memory(16, 64, 0);
    for segment in [memory.create(b"", Content::Data), memory.create_zeroed(1 << 30)] {
        let segment = segment.unwrap();
        let dag = memory.dag(segment, ALL).unwrap();
        assert!(dag.nodes.is_empty() && dag.edges.is_empty() && dag.left_out == 0);
        assert_eq!(lines(memory.usage(segment).unwrap()), (0, 0, 0, 0));
    }
    assert_eq!(memory.find_content(b""), Some(Plid(0)));
    assert_eq!(memory.find_content(&[0; 16]), Some(Plid(0)));
    assert!(memory.referrers(Plid(0)).is_empty() && memory.reachable_from(Plid(0)).is_empty());
    assert_eq!(memory.references(Plid(0)), None);
}

#[test]
fn a_plid_without_a_line_has_no_answers() {
    let mut memory = memory(16, 64, 0);
    let segment = memory.create(b"short", Content::Data).unwrap();
    let plid = memory.find_content(b"short").unwrap();
    memory.release(segment).unwrap();
    let past_the_end = Plid(memory.capacity() as u32 + 1);
    for plid in [plid, past_the_end, Plid(u32::MAX)] {
        assert_eq!(memory.references(plid), None);
        assert!(memory.referrers(plid).is_empty() && memory.reachable_from(plid).is_empty());
    }
    assert_eq!(memory.dag(segment, ALL), Err(MemoryError::UnknownSegment(segment)));
    assert_eq!(memory.usage(segment), Err(MemoryError::UnknownSegment(segment)));
}

#[test]
fn content_is_found_padded_and_only_while_it_is_held() {
    let mut memory = memory(32, 64, 4);
    assert_eq!(memory.find_content(b"abc"), None);
    let segment = memory.create(b"abc", Content::Data).unwrap();
    let plid = memory.find_content(b"abc");
    assert!(plid.is_some());
    assert_eq!(memory.find_content(b"abc\0\0"), plid);
    assert_eq!(memory.find_content(&[1; 33]), None, "longer than a line");

    memory.release(segment).unwrap();
    assert_eq!(memory.find_content(b"abc"), plid, "a waiting line can be revived, so it is found");
    assert_eq!(memory.references(plid.unwrap()), Some(0));
    memory.drain_waiting();
    assert_eq!(memory.find_content(b"abc"), None);
}

#[test]
fn bytes_that_look_like_plids_do_not_find_interior_lines() {
    // One bucket, so that 1 in 255 of the forged lines has the signature of the real one.
    let mut memory = memory(64, 12, 0);
    for pattern in 0..2048u32 {
        let leaf = |word: u32| [1 + (pattern >> word & 1) as u8; 64];
        let bytes: Vec<u8> = (0..11).flat_map(leaf).collect();
        let segment = memory.create(&bytes, Content::Data).unwrap();
        let dag = memory.dag(segment, ALL).unwrap();
        let mut forged = [0; 64];
        for edge in &dag.edges {
            let at = 4 * usize::from(edge.slot);
            forged[at..at + 4].copy_from_slice(&dag.nodes[edge.child as usize].plid.0.to_le_bytes());
        }
        assert_eq!(memory.find_content(&forged), None, "pattern {pattern}");
        memory.release(segment).unwrap();
    }
}

#[test]
fn a_line_that_waits_is_named_as_the_one_that_keeps_its_children() {
    let mut memory = memory(16, 64, 8);
    let segment = memory.create(&[[1u8; 16], [2; 16]].concat(), Content::Data).unwrap();
    let root = memory.dag(segment, ALL).unwrap().nodes[0].plid;
    let other = memory.create(&[1; 16], Content::Data).unwrap();
    memory.release(segment).unwrap();

    let (one, two) = (memory.find_content(&[1; 16]).unwrap(), memory.find_content(&[2; 16]).unwrap());
    let waiting = |word| Referrer::Line { plid: root, word, waiting: true };
    assert_eq!(memory.referrers(one), [waiting(0), Referrer::Segment(other)]);
    assert_eq!(memory.referrers(two), [waiting(1)]);
    assert!(memory.reachable_from(two).is_empty());
    // The waiting root leaves in any case: releasing `other` is then what frees the line.
    assert_eq!(lines(memory.usage(other).unwrap()), (1, 0, 0, 0));
}

#[test]
fn an_open_cursor_is_named_and_keeps_what_it_was_opened_on() {
    let mut memory = memory(16, 64, 0);
    let segment = memory.create(&[9; 16], Content::Data).unwrap();
    let cursor = memory.open_cursor(segment).unwrap();
    let line = memory.find_content(&[9; 16]).unwrap();
    assert_eq!(memory.referrers(line), [Referrer::Segment(segment), Referrer::Cursor(cursor)]);
    assert_eq!(memory.references(line), Some(2));
    assert_eq!(
        lines(memory.usage(segment).unwrap()),
        (0, 0, 1, 0),
        "releasing the segment would not free it"
    );
    memory.release(segment).unwrap();
    assert_eq!(memory.referrers(line), [Referrer::Cursor(cursor)]);
    assert!(memory.reachable_from(line).is_empty());
    memory.close_cursor(cursor).unwrap();
    assert_eq!(memory.references(line), None);
}

#[test]
fn a_large_dag_is_cut_at_the_asked_number_of_nodes() {
    let mut memory = memory(16, 200_000, 0);
    let bytes: Vec<u8> = (0..100_000u32).flat_map(|i| [i, i, i, i].map(u32::to_le_bytes).concat()).collect();
    let segment = memory.create(&bytes, Content::Data).unwrap();
    let whole = memory.dag(segment, ALL).unwrap();
    assert_eq!((whole.nodes.len() as u64, whole.left_out), (memory.live_lines(), 0));
    // The first line, four times the word 0, is the zero line.
    assert_eq!(whole.nodes.iter().filter(|node| node.height == 0).count(), 99_999);

    for max_nodes in [0, 1, 2, 5, 500] {
        let cut = memory.dag(segment, max_nodes).unwrap();
        assert_eq!(cut.nodes, whole.nodes[..max_nodes]);
        assert_eq!(cut.left_out, (whole.nodes.len() - max_nodes) as u64);
        let kept = whole.edges.iter().filter(|edge| (edge.child as usize) < max_nodes);
        assert!(cut.edges.iter().eq(kept));
    }
}

#[test]
fn occupancy_sees_full_buckets_and_their_chains() {
    let mut memory = memory(16, 24, 4);
    let bytes: Vec<u8> = (1..=60u8).flat_map(|i| [i; 16]).collect();
    let segment = memory.create(&bytes, Content::Data).unwrap();
    let full = memory.occupancy();
    assert_eq!((full.ways, full.buckets.len(), full.live), (12, 2, memory.live_lines()));
    assert_eq!(full.by_ways_used[12], 2, "80 lines fill both buckets");
    assert_eq!(full.overflow_used, full.live - 24);
    assert_eq!(full.live + full.waiting + full.free, memory.capacity());
    assert_eq!(full.overflow_capacity + 24, memory.capacity());
    for (length, buckets) in full.by_chained.iter().enumerate() {
        let chained = full.buckets.iter().filter(|bucket| bucket.chained as usize == length).count();
        assert_eq!(*buckets, chained as u64);
    }
    let found: BTreeSet<_> = (1..=60).map(|i| memory.find_content(&[i; 16]).unwrap()).collect();
    assert_eq!(found.len(), 60, "lines in overflow entries are found too");

    memory.release(segment).unwrap();
    let after = memory.occupancy();
    assert_eq!((after.live, after.waiting), (memory.live_lines(), memory.waiting_lines()));
    let held: u64 = after.buckets.iter().map(|b| u64::from(b.ways_used) + u64::from(b.chained)).sum();
    assert_eq!(held, after.live + after.waiting);

    memory.drain_waiting();
    let empty = memory.occupancy();
    assert_eq!((empty.live, empty.waiting, empty.overflow_used), (0, 0, 0));
    assert_eq!((empty.by_ways_used[0], &empty.by_chained[..]), (2, &[2][..]));
}

#[derive(Clone, Debug)]
enum Op {
    Create(Vec<u8>),
    Snapshot(usize),
    Release(usize),
    Overwrite(usize, u64, Vec<u8>),
}

/// Words of few values, so that lines and whole sub-DAGs repeat within and across segments.
fn bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(0u8..3, 0..max / 8)
            .prop_map(|runs| runs.into_iter().flat_map(|b| [b; 8]).collect()),
        (0..max, 0u8..4).prop_map(|(n, byte)| vec![byte; n]),
        prop::collection::vec(any::<u8>(), 0..max / 4),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let any = 0usize..16;
    prop_oneof![
        3 => bytes(1500).prop_map(Op::Create),
        3 => any.clone().prop_map(Op::Snapshot),
        1 => any.clone().prop_map(Op::Release),
        4 => (any, 0u64..2000, bytes(200)).prop_map(|(s, at, b)| Op::Overwrite(s, at, b)),
    ]
}

fn apply(memory: &mut Memory, segments: &mut Vec<SegmentId>, op: &Op) {
    let count = segments.len();
    match op {
        Op::Create(bytes) => segments.push(memory.create(bytes, Content::Data).unwrap()),
        _ if count == 0 => {}
        Op::Snapshot(i) => segments.push(memory.snapshot(segments[i % count]).unwrap()),
        Op::Release(i) => memory.release(segments.swap_remove(i % count)).unwrap(),
        Op::Overwrite(i, at, bytes) => {
            memory.overwrite(segments[i % count], *at, bytes, Content::Data).unwrap();
        }
    }
}

/// All places of all nodes of a DAG by walking every path from the root: node to first leaves.
fn unfold(dag: &Dag) -> HashMap<u32, Vec<u64>> {
    let fan_out = u64::from(dag.line_size / 4);
    let mut by_parent: HashMap<u32, Vec<_>> = HashMap::new();
    for edge in &dag.edges {
        by_parent.entry(edge.parent).or_default().push(edge);
    }
    let mut places: HashMap<u32, Vec<u64>> = HashMap::new();
    let mut stack = Vec::new();
    if !dag.nodes.is_empty() {
        stack.push((0, 0, u32::from(dag.height)));
    }
    while let Some((node, first_leaf, height)) = stack.pop() {
        assert_eq!(u32::from(dag.nodes[node as usize].height), height);
        places.entry(node).or_default().push(first_leaf);
        for edge in by_parent.get(&node).into_iter().flatten() {
            stack.push((edge.child, first_leaf + u64::from(edge.slot) * fan_out.pow(height - 1), height - 1));
        }
    }
    places
}

/// The bytes of a segment from its DAG alone.
fn content(dag: &Dag) -> Vec<u8> {
    let line = dag.line_size as usize;
    let mut bytes = vec![0; (dag.length as usize).next_multiple_of(line)];
    for (node, places) in unfold(dag) {
        if let Some(content) = dag.nodes[node as usize].content {
            for first_leaf in places {
                bytes[first_leaf as usize * line..][..line].copy_from_slice(&content);
            }
        }
    }
    bytes.truncate(dag.length as usize);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn answers_agree_with_brute_force(
        line_size in prop::sample::select(vec![16u32, 32, 64]),
        delayed_free in prop::sample::select(vec![0u32, 0, 6, 1000]),
        ops in prop::collection::vec(op(), 1..14),
    ) {
        let mut memory = memory(line_size, 4096, delayed_free);
        let mut segments = Vec::new();
        for op in &ops {
            apply(&mut memory, &mut segments, op);
        }
        let before = (memory.access_counts(), memory.line_counts());

        let mut dags = BTreeMap::new();
        for id in &segments {
            dags.insert(*id, memory.dag(*id, ALL).unwrap());
        }
        let mut holders: BTreeMap<Plid, BTreeSet<SegmentId>> = BTreeMap::new();
        for (id, dag) in &dags {
            let places = unfold(dag);
            for (i, node) in dag.nodes.iter().enumerate() {
                let places = &places[&(i as u32)];
                prop_assert_eq!(node.occurrences, places.len() as u64);
                prop_assert_eq!(Some(&node.first_leaf), places.iter().min());
                let edges = dag.edges.iter().filter(|edge| edge.parent == i as u32).count();
                prop_assert_eq!(usize::from(node.children), edges);
                prop_assert_eq!(Some(node.references), memory.references(node.plid));
                if let Some(content) = node.content {
                    prop_assert_eq!(memory.find_content(&content), Some(node.plid));
                }
                holders.entry(node.plid).or_default().insert(*id);
            }
            let order = dag.nodes.iter().map(|node| (u8::MAX - node.height, node.first_leaf));
            prop_assert!(order.is_sorted());
            let distinct: BTreeSet<_> = dag.nodes.iter().map(|node| node.plid).collect();
            prop_assert_eq!(distinct.len(), dag.nodes.len());
        }

        for (plid, expected) in &holders {
            let referrers = memory.referrers(*plid);
            prop_assert_eq!(Some(referrers.len() as u32), memory.references(*plid));
            prop_assert_eq!(referrers.iter().collect::<BTreeSet<_>>().len(), referrers.len());

            let reach = memory.reachable_from(*plid);
            let by: Vec<_> = reach.iter().map(|reach| reach.segment).collect();
            prop_assert!(by.iter().eq(expected), "{:?} instead of {:?}", by, expected);
            for reach in reach {
                let dag = &dags[&reach.segment];
                prop_assert_eq!(reach.path[0], dag.nodes[0].plid);
                prop_assert_eq!(reach.path.last(), Some(plid));
                for step in reach.path.windows(2) {
                    let mut edges = dag.edges.iter().map(|edge| [edge.parent, edge.child]);
                    prop_assert!(edges.any(|edge| edge.map(|i| dag.nodes[i as usize].plid) == step[..]));
                }
            }
        }

        let mut exclusive = 0;
        let mut usages = Vec::new();
        for (id, dag) in &dags {
            let mut expected = (0, 0, 0, 0);
            for node in &dag.nodes {
                *match (holders[&node.plid].len() == 1, node.height == 0) {
                    (true, true) => &mut expected.0,
                    (true, false) => &mut expected.1,
                    (false, true) => &mut expected.2,
                    (false, false) => &mut expected.3,
                } += 1;
            }
            let usage = memory.usage(*id).unwrap();
            prop_assert_eq!(lines(usage), expected);
            exclusive += usage.exclusive.lines();
            usages.push((*id, usage));
        }
        let shared = holders.values().filter(|segments| segments.len() > 1).count() as u64;
        prop_assert_eq!(exclusive + shared, holders.len() as u64);

        let occupancy = memory.occupancy();
        let ways: u64 = occupancy.buckets.iter().map(|bucket| u64::from(bucket.ways_used)).sum();
        prop_assert_eq!(ways + occupancy.overflow_used, occupancy.live + occupancy.waiting);
        prop_assert_eq!(occupancy.live + occupancy.waiting + occupancy.free, memory.capacity());
        prop_assert_eq!(occupancy.by_ways_used.iter().sum::<u64>(), occupancy.buckets.len() as u64);
        prop_assert_eq!(occupancy.by_chained.iter().sum::<u64>(), occupancy.buckets.len() as u64);

        prop_assert_eq!((memory.access_counts(), memory.line_counts()), before, "looking counts nothing");
        for (id, dag) in &dags {
            prop_assert_eq!(content(dag), memory.to_vec(*id).unwrap());
        }

        // What usage promised is what releasing gives back, for any one segment.
        memory.drain_waiting();
        prop_assert_eq!(memory.live_lines(), holders.len() as u64);
        prop_assert_eq!(exclusive + shared, memory.live_lines());
        if let Some((id, usage)) = usages.first() {
            let live = memory.live_lines();
            memory.release(*id).unwrap();
            memory.drain_waiting();
            prop_assert_eq!(live - memory.live_lines(), usage.exclusive.lines());
        }
    }
}
