//! What is drawn: nothing overlaps, nothing is missing, everything can be hit, and never more shapes than the screen needs.

use proptest::prelude::*;

use super::super::*;
use super::{World, figure_1, packets, sharing};
use crate::scene::{Scene, Shape};

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0.0..1.0f64, 0.2..40.0f64).prop_map(|(at, by)| Act::Zoom { at, by }),
        (-2.0..2.0f64).prop_map(Act::Pan),
        Just(Act::Fit),
        (0u8..6).prop_map(Act::Fold),
        (0u8..3, 2u8..6).prop_map(|(low, high)| Act::Unfold(low, high)),
        any::<bool>().prop_map(Act::AllLevels),
        (0u32..400).prop_map(|line| Act::Select(Some(line))),
        prop_oneof![Just(Step::Left), Just(Step::Down), Just(Step::Up), Just(Step::Behind)].prop_map(Act::Go),
        (0u32..400, 1u32..90).prop_map(|(from, wide)| Act::Show(from, from + wide)),
    ];
    prop::collection::vec(act, 0..8)
}

/// Bytes a line, and lines; none are packets.
fn sizes() -> impl Strategy<Value = (u32, usize)> {
    prop_oneof![Just((16, 40)), Just((16, 900)), Just((32, 400)), Just((64, 3000)), Just((64, 0))]
}

fn model((line_size, lines): (u32, usize)) -> Model {
    if lines == 0 { packets(300).model() } else { sharing(line_size, lines).model() }
}

/// What must hold of any layout.
fn check(model: &Model, layout: &Layout) {
    for two in layout.rows.windows(2) {
        assert!(two[0].bottom() < two[1].y, "rows lie apart: {two:?}");
        assert_eq!(two[0].low, two[1].high + 1, "no level is lost: {:?}", layout.rows);
    }
    for row in &layout.rows {
        for two in row.items.windows(2) {
            assert!(two[0].x + two[0].w <= two[1].x + 1e-6, "{two:?}");
            assert!(row.folded || two[0].ranks.1 == two[1].ranks.0, "none is skipped: {two:?}");
        }
        let middle = row.y + row.h / 2.0;
        for item in &row.items {
            assert!(item.w > 0.0, "{item:?}");
            let seen = (item.x.max(layout.across.0), (item.x + item.w).min(layout.across.1));
            if seen.1 - seen.0 > 1.0 {
                assert_eq!(layout.hit(f64::midpoint(seen.0, seen.1), middle), Some(item.thing));
            }
        }
        if row.folded || row.items.is_empty() {
            continue;
        }
        let columns = (row.items[0].columns.0, row.items[row.items.len() - 1].columns.1);
        let level = usize::from(row.low);
        let inside = (0..model.row(level).len()).filter(|rank| {
            let (from, to) = model.row(level).span(*rank);
            columns.0 <= from && to <= columns.1
        });
        let counted: u32 = row.items.iter().map(Item::count).sum();
        assert_eq!(counted as usize, inside.count(), "what is drawn stands for all that is there");
    }
}

/// Whether all of a scene lies on the screen, and has a place.
fn sound(scene: &Scene, size: (f64, f64)) {
    for shape in &scene.shapes {
        let fine = match shape {
            Shape::Rect { x, y, w, h, .. } => {
                [*x, *y, *w, *h].iter().all(|v| v.is_finite()) && *w >= 0.0 && *h >= 0.0
            }
            Shape::Path { points, .. } => {
                points.iter().all(|(x, y)| x.is_finite() && (0.0..=size.1).contains(y))
            }
            Shape::Text { x, y, text, .. } => x.is_finite() && (0.0..=size.1).contains(y) && !text.is_empty(),
        };
        assert!(fine, "{shape:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_view_shows_all_there_is_without_overlaps(
        size in sizes(),
        acts in acts(),
        width in 240.0..2200.0f64,
        height in 420.0..900.0f64,
    ) {
        let model = model(size);
        let (left, right) = across(width);
        let mut view = View::new(&model, right - left);
        for act in acts {
            view.act(&model, act);
        }
        let (scene, layout) = scene(&model, &view, (width, height));
        check(&model, &layout);
        sound(&scene, (width, height));
        prop_assert!(scene.shapes.len() < 6000, "{} shapes", scene.shapes.len());
    }

    #[test]
    fn at_fit_every_line_is_counted(size in sizes(), width in 240.0..2200.0f64) {
        let model = model(size);
        let (left, right) = across(width);
        let layout = layout(&model, &View::new(&model, right - left), (width, 700.0));
        let drawn: u32 = layout.rows.iter().flat_map(|row| &row.items).map(Item::count).sum();
        prop_assert_eq!(drawn as usize, model.lines() as usize + model.forest().segments.len());
    }
}

#[test]
fn four_lines_are_drawn_singly_with_all_that_is_said_of_them() {
    let mut world = World::new(16, 256);
    world.create("S1", &[[1; 16], [2; 16], [1; 16], [3; 16]].concat());
    let model = world.model();
    let view = View::new(&model, 800.0);
    let (scene, layout) = scene(&model, &view, (894.0, 400.0));
    let things: Vec<Vec<Thing>> =
        layout.rows.iter().map(|row| row.items.iter().map(|item| item.thing).collect()).collect();
    let leaves: Vec<Thing> = model.row(0).ids.iter().map(|line| Thing::Line(*line)).collect();
    assert_eq!(things, [vec![Thing::Segment(0)], vec![Thing::Line(0)], leaves]);
    assert_eq!(layout.map, None, "nothing is out of view");
    let texts = texts(&scene);
    for line in &model.forest().lines {
        assert!(texts.contains(&line.plid.to_string()), "{texts:?}");
    }
    assert!(texts.contains(&"×2".to_owned()) && texts.contains(&"S1".to_owned()), "{texts:?}");
}

#[test]
fn segments_say_what_they_are_however_narrow_they_are() {
    use super::super::spread::Item;

    let mut world = World::new(16, 4096);
    let names = ["application's buffer 4", "socket's queue, payload 17", "TX slot 5, packet 12", "RX slot 3"];
    for (i, name) in (1..).zip(names) {
        world.create(name, &[i; 16]);
    }
    let model = world.model();
    let named = |width: f64| {
        let view = View::new(&model, width - 94.0);
        let (scene, layout) = scene(&model, &view, (width, 500.0));
        let items = &layout.rows[0].items;
        let said = |item: &Item| {
            let inside = |shape: &&Shape| {
                matches!(shape, Shape::Text { x, .. } if (item.x..item.x + item.w).contains(x))
                    && matches!(shape, Shape::Text { y, .. } if *y < layout.rows[0].bottom())
            };
            let shapes: Vec<Shape> = scene.shapes.iter().filter(inside).cloned().collect();
            texts(&Scene { shapes, ..Scene::default() }).join(" ")
        };
        items.iter().map(said).collect::<Vec<_>>()
    };
    let wide = named(1400.0);
    let kinds = ["buffer 4", "payload 17", "TX slot 5", "RX slot 3"];
    assert!(wide.iter().zip(kinds).all(|(said, kind)| said.starts_with(kind)), "{wide:?}");
    for width in [320.0, 240.0, 160.0] {
        let numbered = |(said, number): (&String, &str)| {
            said.len() > number.len() && said.split(' ').any(|word| word.ends_with(number))
        };
        let said = named(width);
        assert!(said.iter().zip(["4", "17", "5", "3"]).all(numbered), "{said:?} in {width}");
    }
}

fn texts(scene: &Scene) -> Vec<String> {
    let text = |shape: &Shape| match shape {
        Shape::Text { text, .. } => Some(text.clone()),
        _ => None,
    };
    scene.shapes.iter().filter_map(text).collect()
}

#[test]
fn figure_1_draws_a_segments_later_references_to_where_lines_were_met_before() {
    let model = figure_1().model();
    let view = View::new(&model, 800.0);
    let (scene, layout) = scene(&model, &view, (894.0, 400.0));
    let row = layout.row(0).unwrap();
    let d1 = row.of(0).unwrap();
    let ends = |ink| {
        let to_d1 = |shape: &&Shape| match shape {
            Shape::Path { points, ink: other, .. } => {
                let (x, y) = points[points.len() - 1];
                *other == ink && y == row.y && (x - d1.middle()).abs() < 1.0
            }
            _ => false,
        };
        scene.shapes.iter().filter(to_d1).count()
    };
    assert_eq!(ends(crate::scene::Ink::Dim), 1, "once from where it is first met");
    assert_eq!(ends(crate::scene::Ink::Reference), 2, "S1′ refers to it again, and S2: once for both words");
}

#[test]
fn the_larger_the_dag_the_more_a_bar_stands_for_but_never_more_shapes() {
    let counts = [(16, 1000), (64, 1000), (16, 100_000), (64, 100_000)].map(|(line_size, lines)| {
        let model = sharing(line_size, lines).model();
        assert!(model.lines() as usize >= lines * 3 / 4);
        let mut view = View::new(&model, 1346.0);
        let mut most = 0;
        for at in [0.1, 0.5, 0.9] {
            view.act(&model, Act::Fit);
            for _ in 0..14 {
                let (scene, layout) = scene(&model, &view, (1440.0, 560.0));
                check(&model, &layout);
                most = most.max(scene.shapes.len());
                view.act(&model, Act::Zoom { at, by: 2.5 });
            }
            let deep = layout(&model, &view, (1440.0, 560.0));
            let leaves = deep.row(0).unwrap();
            assert!(leaves.items.iter().all(|item| !item.is_bar()), "in the end every line is drawn singly");
        }
        most
    });
    assert!(counts.iter().all(|count| *count < 5000), "{counts:?}");
}

#[test]
fn levels_are_folded_only_where_bars_repeat_themselves_and_open_when_asked() {
    let model = sharing(16, 20_000).model();
    let mut view = View::new(&model, 1000.0);
    let size = (1094.0, 700.0);
    let folded = layout(&model, &view, size);
    let row = folded.rows.iter().find(|row| row.folded).expect("a DAG of eight levels repeats itself");
    let count: u32 = (row.low..=row.high).map(|level| model.row(usize::from(level)).len()).sum();
    assert_eq!(row.items.iter().map(Item::count).sum::<u32>(), count);
    let (low, high) = (row.low, row.high);
    assert_eq!(folded.hit(row.items[0].middle(), row.y + 5.0), Some(Thing::Levels(low, high)));
    view.act(&model, Act::Unfold(low, high));
    assert!(layout(&model, &view, size).rows.iter().all(|row| !row.folded));
    view.act(&model, Act::Fold(high));
    let again = layout(&model, &view, size);
    assert_eq!(
        again.rows.iter().filter(|row| row.folded).map(|row| (row.low, row.high)).collect::<Vec<_>>(),
        [(high, high)]
    );
    view.act(&model, Act::AllLevels(false));
    assert_eq!(layout(&model, &view, size), folded);
}

#[test]
fn in_a_low_drawer_everything_still_has_its_place() {
    let model = sharing(16, 5000).model();
    for height in [150.0, 200.0, 300.0] {
        let view = View::new(&model, 288.0);
        let (scene, layout) = scene(&model, &view, (328.0, height));
        check(&model, &layout);
        let last = layout.rows.last().unwrap();
        assert!(last.low == 0 && last.bottom() <= layout.map.unwrap(), "{height}: {last:?}");
        sound(&scene, (328.0, height));
    }
}

#[test]
fn a_selected_line_in_a_bar_is_named_there() {
    let model = sharing(64, 5000).model();
    let mut view = View::new(&model, 1000.0);
    let line = model.row(0).ids[1234];
    view.act(&model, Act::Select(Some(line)));
    let (scene, layout) = scene(&model, &view, (1094.0, 500.0));
    let item = layout.row(0).unwrap().of(model.rank(line)).unwrap();
    assert!(item.is_bar() && item.ranks.0 <= 1234 && 1234 < item.ranks.1);
    let name = format!("line {}", model.line(line).plid);
    assert!(texts(&scene).contains(&name));

    let inner = model.row(1).ids[7];
    let name = format!("line {}", model.line(inner).plid);
    view.act(&model, Act::Select(Some(inner)));
    view.act(&model, Act::Fold(1));
    let (scene, folded) = super::super::scene(&model, &view, (1094.0, 500.0));
    assert!(folded.row(1).is_none() && texts(&scene).contains(&name), "in a folded level, too");
}

#[test]
fn a_view_of_another_model_is_drawn_without_what_is_not_there() {
    let (large, small) = (sharing(64, 500).model(), figure_1().model());
    let mut view = View::new(&large, 800.0);
    view.act(&large, Act::Hits(vec![300, 310, 320]));
    let (scene, layout) = scene(&small, &view, (894.0, 400.0));
    check(&small, &layout);
    sound(&scene, (894.0, 400.0));
}

#[test]
fn lines_found_are_marked_where_they_are() {
    let model = figure_1().model();
    let mut view = View::new(&model, 800.0);
    let hits = [model.row(0).ids[1], model.row(0).ids[3]];
    view.act(&model, Act::Hits(hits.to_vec()));
    let (scene, layout) = scene(&model, &view, (894.0, 400.0));
    let row = layout.row(0).unwrap();
    for (rank, found) in [(0, false), (1, true), (2, false), (3, true)] {
        let item = row.of(rank).unwrap();
        let mark = Shape::Rect {
            x: item.x,
            y: row.y - 6.0,
            w: item.w,
            h: 4.0,
            ink: crate::scene::Ink::Text,
            outline: 0.0,
            alpha: 1.0,
        };
        assert_eq!(scene.shapes.contains(&mark), found, "rank {rank}");
    }
}
