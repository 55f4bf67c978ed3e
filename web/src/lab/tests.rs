use std::rc::Rc;

use super::*;
use crate::scene::Shape;

fn bytes(text: &str) -> std::sync::Arc<[u8]> {
    text.as_bytes().into()
}

fn empty() -> Lab {
    let mut lab = Lab::default();
    lab.take(Deed::Clear);
    lab
}

fn text(lab: &Lab, name: u32) -> String {
    String::from_utf8(lab.picture().segment(Name(name)).unwrap().bytes.clone()).unwrap()
}

#[test]
fn it_starts_as_figure_1_with_shared_lines_once() {
    let lab = Lab::default();
    let picture = lab.picture();
    assert_eq!(picture.segments.iter().map(|s| s.name.to_string()).collect::<Vec<_>>(), ["S1", "S2", "S3"]);
    assert_eq!(&text(&lab, 2)[..36], "D1 hello, world!D2 shared lines.D1 h");
    assert_eq!(&text(&lab, 1)[16..18], "D4", "S1 was overwritten");
    assert_eq!(picture.leaves(), 4, "D1 to D4, once each");
    let s2 = picture.segment(Name(2)).unwrap().root;
    let root = picture.line(picture.segment(Name(3)).unwrap().root).unwrap();
    let below: Vec<_> = root.children.iter().flatten().map(|i| picture.lines[*i].plid).collect();
    assert!(below.contains(&s2), "the root of S2 is a line within S3");
    let d1 = picture.lines.iter().find(|line| line.content.is_some_and(|c| c.starts_with(b"D1"))).unwrap();
    assert_eq!(d1.references, 4, "twice in the root of S1, twice in that of S2");
    assert!(picture.unshared > picture.lines.len() as u64);
}

#[test]
fn undo_goes_back_through_the_figure_and_redo_forward() {
    let mut lab = Lab::default();
    let whole = Rc::clone(lab.picture());
    lab.take(Deed::Undo);
    assert_eq!(lab.picture().segments.len(), 2);
    lab.take(Deed::Undo);
    assert_eq!(text(&lab, 1), text(&lab, 2), "before the overwrite");
    for _ in 0..9 {
        lab.take(Deed::Undo);
    }
    assert!(lab.picture().segments.is_empty());
    for _ in 0..9 {
        lab.take(Deed::Redo);
    }
    assert_eq!(lab.picture(), &whole, "the same PLIDs again");
}

#[test]
fn a_snapshot_keeps_its_bytes_when_the_segment_is_typed_into() {
    let mut lab = empty();
    lab.take(Deed::Step(Step::Create(bytes("some text"))));
    lab.take(Deed::Step(Step::Snapshot(Name(1))));
    lab.take(Deed::Step(Step::Assign(Name(1), bytes("some other text"))));
    assert_eq!([text(&lab, 1), text(&lab, 2)], ["some other text", "some text"]);
}

#[test]
fn typing_is_one_step_however_many_keys() {
    let mut lab = empty();
    lab.take(Deed::Step(Step::Create(bytes(""))));
    let steps = lab.steps();
    for end in 1..=5 {
        lab.take(Deed::Step(Step::Assign(Name(1), bytes(&"hello"[..end]))));
    }
    assert_eq!((text(&lab, 1).as_str(), lab.steps()), ("hello", steps + 1));
    lab.take(Deed::Undo);
    assert_eq!(text(&lab, 1), "");
}

#[test]
fn segments_are_appended_truncated_and_released() {
    let mut lab = empty();
    lab.take(Deed::Step(Step::Create(bytes("0123456789abcdef"))));
    lab.take(Deed::Step(Step::Append(Name(1), bytes("0123456789abcdef"))));
    assert_eq!(lab.picture().leaves(), 1, "the same line twice");
    lab.take(Deed::Step(Step::Truncate(Name(1), 4)));
    assert_eq!(text(&lab, 1), "0123");
    lab.take(Deed::Step(Step::Release(Name(1))));
    assert!(lab.picture().lines.is_empty());
    assert!(matches!(lab.said(), Said::Done(text) if text.contains("freed")));
}

#[test]
fn what_cannot_be_done_is_said_and_changes_nothing() {
    let mut lab = Lab::default();
    let before = Rc::clone(lab.picture());
    for step in [
        Step::Truncate(Name(1), MAX_BYTES + 1),
        Step::Overwrite(Name(1), u64::MAX, bytes("x")),
        Step::Snapshot(Name(99)),
    ] {
        lab.take(Deed::Step(step));
        assert!(matches!(lab.said(), Said::Problem(_)), "{:?}", lab.said());
        assert_eq!(lab.picture(), &before);
    }
    lab.take(Deed::LineSize(48));
    assert!(matches!(lab.said(), Said::Problem(text) if text.contains("16, 32 or 64")));
}

#[test]
fn lines_of_another_size_share_other_things() {
    let mut lab = Lab::default();
    lab.take(Deed::LineSize(32));
    assert_eq!(lab.picture().line_size, 32);
    assert_eq!(lab.picture().leaves(), 4, "D1 D2, D1 D3, D1 D4 and D4");
    lab.take(Deed::Undo);
    assert_eq!(lab.picture().line_size, 16);
}

#[test]
fn a_line_says_who_refers_to_it_and_why_it_is_alive() {
    let lab = Lab::default();
    let s2 = lab.picture().segment(Name(2)).unwrap().root;
    let detail = lab.line(s2).unwrap();
    assert_eq!(detail.references as usize, detail.referrers.len());
    assert!(detail.referrers.iter().any(|who| who.contains("root of S2")));
    assert!(detail.referrers.iter().any(|who| who.starts_with("word 0 of line")));
    let names: Vec<_> = detail.reasons.iter().map(|(name, _)| name.0).collect();
    assert_eq!(names, [2, 3]);
    assert_eq!(detail.words.iter().flatten().count(), 4);
}

#[test]
fn segments_are_compared_by_their_roots() {
    let mut lab = Lab::default();
    lab.take(Deed::Compare(Name(1), Name(2)));
    let (_, _, unlike) = lab.comparison().unwrap();
    assert!(!unlike.equal);
    assert_eq!(unlike.differences, std::iter::once(16..32).collect::<Vec<_>>());
    assert_eq!(unlike.common, 2, "D1 and D3");
    lab.take(Deed::Step(Step::Snapshot(Name(3))));
    lab.take(Deed::Compare(Name(3), Name(4)));
    assert!(lab.comparison().unwrap().2.equal);
}

#[test]
fn what_was_kept_comes_back_with_its_steps_and_the_figure_is_not_kept() {
    assert_eq!(Lab::default().keep(), None);
    let mut lab = Lab::default();
    lab.take(Deed::Step(Step::Append(Name(2), bytes("more"))));
    lab.take(Deed::LineSize(32));
    let kept = lab.keep().unwrap();
    let mut again = Lab::restore(&kept).unwrap();
    assert_eq!(again.picture(), lab.picture());
    again.take(Deed::Undo);
    assert_eq!(again.picture().segment(Name(2)).unwrap().length, 64);
    for spoiled in ["1;16;s9", "1;48", "nonsense"] {
        assert!(Lab::restore(spoiled).is_none(), "{spoiled}");
    }
}

fn overlap(a: &Placed, b: &Placed) -> bool {
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

#[test]
fn nothing_overlaps_or_leaves_the_width_however_much_there_is() {
    for (amount, width) in [(3, 320.0), (3, 1200.0), (40, 700.0), (900, 700.0), (900, 320.0)] {
        let mut lab = empty();
        let content: Vec<u8> =
            (0..amount as u32).flat_map(|i| [i + 1; 4].map(u32::to_le_bytes).concat()).collect();
        lab.take(Deed::Step(Step::Create(content.into())));
        lab.take(Deed::Step(Step::Snapshot(Name(1))));
        let layout = layout(lab.picture(), width, 600.0);
        assert_eq!(layout.placed.len(), 2 + lab.picture().lines.len());
        for (i, a) in layout.placed.iter().enumerate() {
            assert!(a.x >= 0.0 && (a.x + a.w) * layout.scale <= width + 0.01, "{a:?} in {width}");
            assert!(layout.placed[..i].iter().all(|b| !overlap(a, b)), "{amount} in {width}");
        }
    }
}

#[test]
fn arrows_reach_everything() {
    let lab = Lab::default();
    let layout = layout(lab.picture(), 900.0, 600.0);
    let mut reached = std::collections::BTreeSet::new();
    let mut open = vec![layout.neighbour(None, Direction::Down).unwrap()];
    while let Some(thing) = open.pop() {
        if reached.insert(thing) {
            for direction in [Direction::Left, Direction::Right, Direction::Up, Direction::Down] {
                open.extend(layout.neighbour(Some(thing), direction));
            }
        }
    }
    assert_eq!(reached.len(), layout.placed.len());
}

/// The points of references: their heads have fewer.
fn curves(shapes: &[Shape]) -> impl Iterator<Item = &Vec<(f64, f64)>> {
    shapes.iter().filter_map(|shape| match shape {
        Shape::Path { points, .. } if points.len() >= 15 => Some(points),
        _ => None,
    })
}

#[test]
fn segments_stand_in_their_order_at_equal_distances() {
    let mut lab = Lab::default();
    lab.take(Deed::Step(Step::Create(bytes("something else entirely, of several lines"))));
    for width in [520.0, 820.0, 1300.0] {
        let layout = layout(lab.picture(), width, 700.0);
        let segments = &layout.placed[..layout.segments];
        let steps: Vec<f64> = segments.windows(2).map(|pair| pair[1].x - pair[0].x).collect();
        assert!(steps[0] >= segments[0].w, "{steps:?}");
        assert!(steps.iter().all(|step| (step - steps[0]).abs() < 0.01), "{steps:?} in {width}");
    }
}

#[test]
fn references_go_past_the_lines_between_them_and_their_root() {
    // S2 is a line within what S1 becomes: its reference passes a level.
    let mut lab = Lab::default();
    for text in ["0123456789abcdef", "the fifth and the sixth line, too"] {
        lab.take(Deed::Step(Step::Append(Name(1), bytes(text))));
    }
    for (width, height) in [(500.0, 400.0), (820.0, 700.0), (1300.0, 900.0)] {
        let layout = layout(lab.picture(), width, height);
        let scene = scene(lab.picture(), &layout, None);
        let (segments, lines) = layout.placed.split_at(layout.segments);
        let roots =
            lab.picture().segments.iter().map(|segment| lab.picture().line(segment.root).unwrap().height);
        assert!(roots.clone().min() < roots.max(), "some root lies lower than another");
        for points in curves(&scene.shapes) {
            let (from, to) = (points[0], points[points.len() - 1]);
            if !segments.iter().any(|place| from.1 == place.y + place.h) {
                continue;
            }
            for place in lines {
                let inside = |(x, y): &(f64, f64)| {
                    (place.x..=place.x + place.w).contains(x)
                        && (place.y + 1.0..=place.y + place.h).contains(y)
                };
                // From point to point, as it is drawn.
                let halves = points
                    .windows(2)
                    .map(|ends| (f64::midpoint(ends[0].0, ends[1].0), f64::midpoint(ends[0].1, ends[1].1)));
                assert!(
                    !points.iter().copied().chain(halves).any(|point| inside(&point)),
                    "{place:?} on the way to {to:?}"
                );
            }
        }
    }
}

#[test]
fn few_lines_are_large_where_there_is_room() {
    let lab = Lab::default();
    let scale = |width, height| layout(lab.picture(), width, height).scale;
    assert_eq!(scale(360.0, 700.0), 1.0, "three segments take the width");
    assert_eq!(scale(1300.0, 900.0), 1.6);
    let layout = layout(lab.picture(), 820.0, 780.0);
    let right = layout.placed.iter().map(|place| place.x + place.w).fold(0.0, f64::max) * layout.scale;
    assert!(right > 780.0 && right <= 820.0, "the leaves take the width: {right}");
    assert!(layout.size.1 * layout.scale <= 780.0 && layout.scale > 1.3, "{layout:?}");
}

#[test]
fn a_crowded_level_shows_only_the_ways_to_a_selected_line() {
    let mut lab = empty();
    let content: Vec<u8> = (1..=900u32).flat_map(|i| [i; 4].map(u32::to_le_bytes).concat()).collect();
    lab.take(Deed::Step(Step::Create(content.into())));
    let layout = layout(lab.picture(), 900.0, 600.0);
    let drawn = |selected| {
        let shapes = scene(lab.picture(), &layout, selected).shapes;
        curves(&shapes).count()
    };
    let few = drawn(Some(Thing::Segment(Name(1))));
    assert!(few < 300, "{few} edges among 900 leaves");
    let leaf = lab.picture().lines.last().unwrap().plid;
    assert!(drawn(Some(Thing::Line(leaf))) > few);
}

#[test]
fn an_edge_is_drawn_for_every_reference_and_none_looks_like_a_copy() {
    let lab = Lab::default();
    let layout = layout(lab.picture(), 900.0, 600.0);
    let scene = scene(lab.picture(), &layout, None);
    let references: u32 = lab.picture().lines.iter().map(|line| line.references).sum();
    assert_eq!(curves(&scene.shapes).count() as u32, references);
    let copies = |shape: &&Shape| match shape {
        Shape::Rect { ink, .. } | Shape::Path { ink, .. } | Shape::Text { ink, .. } => {
            *ink == crate::scene::Ink::Copy
        }
    };
    assert_eq!(scene.shapes.iter().filter(copies).count(), 0);
}
