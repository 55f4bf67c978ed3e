//! Moving about: zoom, pan, steps from line to line, search, and what is said of a line.

use proptest::prelude::*;

use super::super::*;
use super::{World, figure_1, packets, sharing};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn zooming_keeps_the_column_under_the_pointer(at in 0.2..0.8f64, by in 1.05..8.0f64, before in 1.0..50.0f64) {
        for model in [sharing(64, 3000).model(), packets(300).model()] {
            let mut view = View::new(&model, 900.0);
            view.act(&model, Act::Zoom { at: 0.5, by: before });
            let column = view.column(&model, at * view.room);
            view.act(&model, Act::Zoom { at, by });
            // Near the ends there is nothing to show beyond; and where lines give way to bars, places jump by some pixels.
            let edge = view.from <= 0.0 || view.from + view.columns >= f64::from(model.columns()) - 1e-6;
            let off = view.place(&model, column) - at * view.room;
            prop_assert!(edge || off.abs() < 6.0, "{column} is {off} pixels off");
        }
    }

    #[test]
    fn columns_are_found_where_they_are(part in 0.0..1.0f64, by in 1.0..4000.0f64) {
        for model in [sharing(64, 3000).model(), packets(300).model(), figure_1().model()] {
            let mut view = View::new(&model, 900.0);
            view.act(&model, Act::Zoom { at: part, by });
            let mut before = f64::NEG_INFINITY;
            for column in (0..=model.columns()).step_by(3) {
                let place = view.place(&model, f64::from(column));
                prop_assert!(place > before, "column {column} is right of the one before");
                before = place;
            }
            let column = part * f64::from(model.columns());
            let again = view.column(&model, view.place(&model, column));
            prop_assert!((again - column).abs() < 1e-3, "{column}, {again}");
        }
    }

    #[test]
    fn the_view_never_leaves_the_columns(parts in prop::collection::vec((-3.0..3.0f64, 0.0..1.0f64, 0.01..100.0f64), 1..12)) {
        let model = sharing(16, 400).model();
        let mut view = View::new(&model, 900.0);
        for (part, at, by) in parts {
            view.act(&model, Act::Pan(part));
            view.act(&model, Act::Zoom { at, by });
            prop_assert!(view.from >= -1e-9 && view.from + view.columns <= f64::from(model.columns()) + 1e-6);
            prop_assert!(view.columns >= 900.0 / 160.0 - 1e-9);
        }
        view.act(&model, Act::Fit);
        prop_assert!(view.is_whole(&model));
    }

    #[test]
    fn a_selected_line_is_in_view(picks in prop::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        for (model, zoom) in [(sharing(64, 3000), 1e6), (packets(300), 1e6), (packets(300), 12.0)] {
            let model = model.model();
            let mut view = View::new(&model, 900.0);
            view.act(&model, Act::Zoom { at: 0.3, by: zoom });
            for pick in &picks {
                let line = pick.index(model.lines() as usize) as u32;
                view.act(&model, Act::Select(Some(line)));
                let layout = layout(&model, &view, (994.0, 900.0));
                let row = layout.row(usize::from(model.line(line).height)).unwrap();
                let item = row.of(model.rank(line)).expect("it is drawn");
                let (left, right) = layout.across;
                prop_assert!(item.is_bar() || item.x >= left - 1.0 && item.x + item.w <= right + 1.0, "{item:?}");
                let (from, to) = model.span(line);
                let place = left + view.place(&model, f64::midpoint(f64::from(from), f64::from(to)));
                prop_assert!((left..=right).contains(&place) || to - from > 3, "{line} is at {place}");
            }
        }
    }
}

#[test]
fn a_view_of_fewer_columns_than_fit_has_them_in_the_middle() {
    let model = figure_1().model();
    let view = View::new(&model, 1600.0);
    assert_eq!((view.columns, view.from), (10.0, -3.0), "160 pixels a column are enough");
}

#[test]
fn steps_follow_words_rows_and_the_way_back() {
    let model = figure_1().model();
    let mut view = View::new(&model, 800.0);
    let roots: Vec<u32> = model.forest().segments.iter().filter_map(|top| top.root).collect();
    let leaves = &model.row(0).ids;
    let [d1, d4, d3, d2] = leaves[..] else { panic!("{leaves:?}") };
    let walk = [
        (Step::Right, roots[0]),
        (Step::Right, roots[1]),
        (Step::Down, d1),
        // Met first under the other root, but this is where the walk came from.
        (Step::Behind, d2),
        (Step::Behind, d1),
        (Step::Up, roots[1]),
        (Step::Down, d1),
        (Step::Right, d4),
        (Step::Up, roots[0]),
        (Step::Down, d1),
        (Step::Behind, d4),
        (Step::Before, d1),
        (Step::Last, d2),
        (Step::Left, d3),
        (Step::First, d1),
    ];
    for (i, (step, line)) in walk.into_iter().enumerate() {
        view.act(&model, Act::Go(step));
        assert_eq!(view.selected, Some(line), "step {i}: {step:?}");
    }
    view.act(&model, Act::Go(Step::Left));
    assert_eq!(view.selected, Some(d1), "at the end a step leads nowhere");
}

#[test]
fn hits_are_walked_in_a_ring_from_left_to_right() {
    let model = sharing(64, 1000).model();
    let mut view = View::new(&model, 800.0);
    let leaves = &model.row(0).ids;
    view.act(&model, Act::Hits(vec![leaves[70], leaves[3], leaves[500], leaves[3], u32::MAX]));
    assert_eq!(view.hits, [leaves[3], leaves[70], leaves[500]]);
    let mut seen = vec![view.selected.unwrap()];
    for step in [Step::NextHit, Step::NextHit, Step::NextHit, Step::LastHit] {
        view.act(&model, Act::Go(step));
        seen.push(view.selected.unwrap());
    }
    assert_eq!(seen, [3, 70, 500, 3, 500].map(|i| leaves[i]));
    assert_eq!(view.hit(), Some(2));
}

#[test]
fn another_model_keeps_the_line_by_its_plid() {
    let mut world = figure_1();
    let old = world.model();
    let mut view = View::new(&old, 800.0);
    let line = old.row(0).ids[1];
    view.act(&old, Act::Select(Some(line)));
    world.segments.remove(0);
    world.create("new", &[[4; 16], [7; 16]].concat());
    let new = world.model();
    view.adopt(&old, &new);
    let selected = view.selected.unwrap();
    assert_ne!(selected, line, "it stands elsewhere now");
    assert_eq!(new.line(selected).plid, old.line(line).plid);
    let gone = World::new(16, 256).model();
    view.adopt(&new, &gone);
    assert_eq!(view.selected, None);
    assert_eq!(scene(&gone, &view, (800.0, 300.0)).1.rows.len(), 1, "only the row of segments, without any");
}

#[test]
fn queries_are_read_as_they_are_meant() {
    let bytes = |text: &str| Ok(Some(Query::Bytes(text.as_bytes().to_vec())));
    let cases = [
        ("", Ok(None)),
        ("  ", Ok(None)),
        ("#1042", Ok(Some(Query::Plid(1042)))),
        ("plid 1,042", Ok(Some(Query::Plid(1042)))),
        ("Line 7", Ok(Some(Query::Plid(7)))),
        ("segment page A", Ok(Some(Query::Segment("page A".to_owned())))),
        ("seg 12", Ok(Some(Query::Segment("12".to_owned())))),
        ("0x48 69", bytes("Hi")),
        ("hex 4869", bytes("Hi")),
        ("\"plid 7\"", bytes("plid 7")),
        ("line of text", Ok(Some(Query::Any("line of text".to_owned())))),
        ("#", Ok(Some(Query::Any("#".to_owned())))),
        ("ä", Ok(Some(Query::Any("ä".to_owned())))),
    ];
    for (text, query) in cases {
        assert_eq!(Query::parse(text), query, "{text}");
    }
    for text in ["0x4", "hex zz"] {
        assert!(Query::parse(text).unwrap_err().contains("two hexadecimal digits"), "{text}");
    }
}

#[test]
fn a_search_finds_lines_and_segments_and_asks_for_content() {
    let mut world = figure_1();
    world.create("zeros", &[0; 64]);
    let model = world.model();
    let root = |top: u32| model.segment(top).root.unwrap();
    let plid = model.line(root(1)).plid;
    let id = model.segment(1).segment;
    assert_eq!(search(&model, &format!("#{plid}")).lines, [root(1)]);
    assert_eq!(search(&model, "segment s2").lines, [root(1)]);
    assert_eq!(search(&model, &format!("segment {id}")).lines, [root(1)]);
    assert_eq!(search(&model, "segment s").lines, [root(0), root(1)], "the names with it, if none is it");
    let any = search(&model, "S2");
    assert_eq!((any.lines, any.ask, any.problem), (vec![root(1)], Some(b"S2".to_vec()), None));
    assert_eq!(search(&model, "0x0102").ask, Some(vec![1, 2]));
    for (text, said) in [
        ("#5000000000", "asked as text, for it is no PLID"),
        ("#999999", "line 999999 is not part"),
        ("segment zeros", "only zeros"),
        ("segment none", "no segment “none”"),
        ("0x1", "two hexadecimal digits"),
    ] {
        let answer = search(&model, text);
        match answer.problem {
            Some(problem) => assert!(problem.contains(said), "{problem}"),
            None => assert_eq!(answer.ask, Some(text.as_bytes().to_vec())),
        }
    }
    assert_eq!(search(&model, " "), Answer::default());
}

#[test]
fn a_line_is_told_with_all_its_places() {
    let model = figure_1().model();
    let [d1, d4, ..] = model.row(0).ids[..] else { panic!() };
    let plid = |line: u32| model.line(line).plid;
    assert_eq!(
        describe(&model, d1),
        format!(
            "line {}: data, 4 references, places 0 and 2 of S1′ and places 0 and 2 of S2, held once",
            plid(d1)
        )
    );
    assert_eq!(
        describe(&model, d4),
        format!("line {}: data, 1 reference, place 1 of S1′, kept by this segment alone", plid(d4))
    );
    let root = model.segment(1).root.unwrap();
    assert_eq!(
        describe(&model, root),
        format!(
            "line {}: height 1, refers to 3 lines, 1 reference, places 0 to 3 of S2, kept by this segment alone",
            plid(root)
        )
    );
    let mut world = World::new(16, 256);
    world.create("many", &[7; 16 * 9]);
    let many = world.model();
    let line = many.row(0).ids[0];
    let told = describe(&many, line);
    assert!(told.ends_with("9 places, the first 0 of many, held once, kept by this segment alone"), "{told}");
}

#[test]
fn what_is_drawn_is_told() {
    let model = figure_1().model();
    assert_eq!(overview(&model), "2 segments, 6 lines (4 of data) of 16 bytes, 2 shared");
    let empty = World::new(16, 256).model();
    assert_eq!(overview(&empty), "0 segments, 0 lines (0 of data) of 16 bytes, 0 shared");
}
