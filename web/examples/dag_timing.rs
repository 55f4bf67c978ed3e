//! Times a change of view of DAGs from four lines to a hundred thousand: `cargo run --release -p snapstack-web --example
//! dag_timing`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use snapstack::memory::{Content, Memory, MemoryConfig, SegmentId};
use snapstack_web::dag::{Act, Forest, Model, View, across, scene};

/// A screen in CSS pixels.
const SIZE: (f64, f64) = (1440.0, 560.0);

/// About so many lines: random data, a snapshot of it with changes, and blocks of it in another order.
fn memory(line_size: u32, lines: usize) -> (Memory, Vec<(SegmentId, String)>) {
    let config = MemoryConfig { line_size, lines: (lines * 2).max(1024) as u64, ..MemoryConfig::default() };
    let mut memory = Memory::new(config).expect("a memory of this size");
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let size = (lines * line_size as usize * 2 / 3).max(line_size as usize);
    let bytes: Vec<u8> = (0..size).map(|_| random() as u8).collect();
    let page = memory.create(&bytes, Content::Data).expect("room for the data");
    let changed = memory.snapshot(page).expect("room for a map entry");
    for _ in 0..lines / 50 {
        let at = random() % size as u64;
        memory.overwrite(changed, at, b"!", Content::Data).expect("room for changed lines");
    }
    let block = line_size as usize * 16;
    let mixed: Vec<u8> =
        bytes.chunks(block).rev().step_by(2).flat_map(|block| block.iter().copied()).collect();
    let mixed = memory.create(&mixed, Content::Data).expect("room for the blocks");
    let names = ["data", "changed", "blocks"].map(str::to_owned);
    (memory, [page, changed, mixed].into_iter().zip(names).collect())
}

fn main() {
    eprintln!("bytes a line, lines: gather, words, model; worst and mean of 200 views, most shapes");
    for (line_size, lines) in [(16, 4), (64, 1000), (64, 10_000), (64, 100_000), (16, 100_000)] {
        let (memory, segments) = memory(line_size, lines);
        let labels: Vec<String> = segments.iter().map(|(_, label)| label.clone()).collect();
        let start = Instant::now();
        let forest = Forest::of_segments(&memory, &segments, 200_000).expect("the segments exist");
        let gathered = start.elapsed();
        let words = forest.to_words();
        let wrote = start.elapsed() - gathered;
        let model = Model::from_words(&labels, &words).expect("words of a forest");
        let modelled = start.elapsed() - gathered - wrote;

        let (left, right) = across(SIZE.0);
        let mut view = View::new(&model, right - left);
        let (mut worst, mut sum, mut shapes) = (Duration::ZERO, Duration::ZERO, 0);
        // In at nine places, and out again.
        for i in 0..200 {
            let start = Instant::now();
            let (scene, _) = black_box(scene(&model, &view, SIZE));
            let took = start.elapsed();
            worst = worst.max(took);
            sum += took;
            shapes = shapes.max(scene.shapes.len());
            let act = match i % 22 {
                21 => Act::Fit,
                step if step % 2 == 0 => Act::Zoom { at: f64::from(i % 9) / 9.0, by: 2.0 },
                _ => Act::Pan(0.3),
            };
            view.act(&model, act);
        }
        eprintln!(
            "{line_size}, {}: {gathered:.1?}, {wrote:.1?}, {modelled:.1?}; {worst:.0?} and {:.0?}, {shapes}",
            model.lines(),
            sum / 200
        );
    }
}
