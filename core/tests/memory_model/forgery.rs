//! Data that looks like references is data (DESIGN.md 2.1).

use snapstack::memory::{Content, Memory, MemoryConfig, SegmentId};

/// The bytes of every interior line under a segment, as someone who can see PLIDs could write them.
fn interior_lines(memory: &Memory, segment: SegmentId) -> Vec<Vec<u8>> {
    let dag = memory.dag(segment, 10_000).unwrap();
    let mut lines = vec![vec![0; memory.line_size() as usize]; dag.nodes.len()];
    for edge in &dag.edges {
        let at = 4 * usize::from(edge.slot);
        let plid = dag.nodes[edge.child as usize].plid;
        lines[edge.parent as usize][at..at + 4].copy_from_slice(&plid.0.to_le_bytes());
    }
    lines.into_iter().zip(&dag.nodes).filter(|(_, node)| node.height > 0).map(|(line, _)| line).collect()
}

#[test]
fn data_equal_to_live_interior_lines_is_other_lines() {
    for line_size in [16, 32, 64] {
        let config = MemoryConfig { line_size, delayed_free: 10, ..MemoryConfig::default() };
        let mut memory = Memory::new(config).unwrap();
        let secret: Vec<u8> = (0..5000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let real = memory.create(&secret, Content::Data).unwrap();
        let live = memory.live_lines();
        let patterns = interior_lines(&memory, real);
        assert!(patterns.len() > 5);
        let mut forged = Vec::new();
        for pattern in &patterns {
            let before = memory.line_counts();
            forged.push(memory.create(pattern, Content::Data).unwrap());
            assert_eq!(memory.line_counts().since(&before).new, 1, "no interior line answers to data");
            assert_eq!(memory.to_vec(*forged.last().unwrap()).unwrap(), *pattern);
        }
        memory.check().unwrap();
        // The real lines die: what looks like references to them keeps nothing alive.
        memory.release(real).unwrap();
        memory.drain_waiting();
        assert_eq!(memory.live_lines(), patterns.len() as u64);
        for (segment, pattern) in forged.into_iter().zip(&patterns) {
            assert_eq!(memory.to_vec(segment).unwrap(), *pattern);
            memory.release(segment).unwrap();
        }
        memory.check().unwrap();
        assert!(memory.live_lines() == 0 && live > 0);
    }
}

#[test]
fn a_forged_segment_built_of_patterns_reads_as_the_patterns() {
    for line_size in [16, 32, 64] {
        let mut memory = Memory::new(MemoryConfig { line_size, ..MemoryConfig::default() }).unwrap();
        let real = memory.create(&[7; 900], Content::Data).unwrap();
        let patterns = interior_lines(&memory, real).concat();
        let forged = memory.create(&patterns, Content::Data).unwrap();
        memory.overwrite(forged, 0, &patterns[4..8], Content::Data).unwrap();
        memory.check().unwrap();
        let read = memory.to_vec(forged).unwrap();
        assert_eq!((&read[..4], &read[4..]), (&patterns[4..8], &patterns[4..]));
        assert_eq!(memory.to_vec(real).unwrap(), [7; 900]);
    }
}
