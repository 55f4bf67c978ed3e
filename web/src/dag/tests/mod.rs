//! The view without a browser: forests of the real memory, their words, and what is drawn of them.

mod forests;
mod pictures;
mod walking;

use snapstack::memory::{Content, Memory, MemoryConfig, SegmentId};

use super::{Forest, Model};

/// A memory and its segments by name.
pub(super) struct World {
    pub(super) memory: Memory,
    pub(super) segments: Vec<(SegmentId, String)>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut memory = self.memory.clone();
        let bytes = self.segments.iter().map(|(id, name)| (name, memory.to_vec(*id)));
        f.debug_map().entries(bytes.collect::<Vec<_>>()).finish()
    }
}

impl World {
    pub(super) fn new(line_size: u32, lines: u64) -> Self {
        let memory = Memory::new(MemoryConfig { line_size, lines, ..MemoryConfig::default() }).unwrap();
        Self { memory, segments: Vec::new() }
    }

    pub(super) fn create(&mut self, name: &str, bytes: &[u8]) -> SegmentId {
        let id = self.memory.create(bytes, Content::Data).unwrap();
        self.segments.push((id, name.to_owned()));
        id
    }

    pub(super) fn snapshot(&mut self, name: &str, of: SegmentId) -> SegmentId {
        let id = self.memory.snapshot(of).unwrap();
        self.segments.push((id, name.to_owned()));
        id
    }

    pub(super) fn overwrite(&mut self, id: SegmentId, at: u64, bytes: &[u8]) {
        self.memory.overwrite(id, at, bytes, Content::Data).unwrap();
    }

    pub(super) fn forest(&self) -> Forest {
        Forest::of_segments(&self.memory, &self.segments, usize::MAX).unwrap()
    }

    pub(super) fn model(&self) -> Model {
        Model::new(self.forest()).unwrap()
    }
}

/// Figure 1 of the paper: S1 = D1 D2 D1 D3, its snapshot S2, and S1 overwritten.
pub(super) fn figure_1() -> World {
    let mut world = World::new(16, 256);
    let s1 = world.create("S1′", &[[1; 16], [2; 16], [1; 16], [3; 16]].concat());
    world.snapshot("S2", s1);
    world.overwrite(s1, 16, &[4; 16]);
    world
}

/// Segments of `lines` lines in all or so: text, its snapshot with changes, noise, and blocks of the text again.
pub(super) fn sharing(line_size: u32, lines: usize) -> World {
    let mut world = World::new(line_size, (lines as u64 * 2).max(1024));
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let line = line_size as usize;
    let mut some = |lines: usize| -> Vec<u8> { (0..lines * line).map(|_| random() as u8).collect() };
    let text = some(lines / 2);
    let page = world.create("page", &text);
    let edited = world.snapshot("edited", page);
    for i in 0..lines / 40 {
        world.overwrite(edited, (i * 29 % (lines / 2) * line) as u64, b"changed");
    }
    let noise = some(lines / 4);
    world.create("noise", &noise);
    let block = &text[..text.len() / 4 / line * line];
    let again = [block, &some(lines / 16), block, block].concat();
    world.create("blocks", &again);
    world.snapshot("snapshot", page);
    world
}

/// A page, and packets that begin with lines of their own and go on with lines of the page.
pub(super) fn packets(count: usize) -> World {
    let mut world = World::new(64, 16_384);
    let page: Vec<u8> = (0..64 * 1024u32).map(|i| (i / 64 * 7 + i % 61) as u8).collect();
    world.create("page", &page);
    for i in 0..count {
        let header: Vec<u8> = (0..192).map(|at| (at * i * 31 + i + i / 256 * at) as u8).collect();
        let from = i * 23 % (page.len() / 64 - 23) * 64;
        world.create(&format!("packet {i}"), &[&header, &page[from..from + 1472]].concat());
    }
    world
}
