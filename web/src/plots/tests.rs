use snapstack::sim::Config;

use super::*;
use crate::scene::Palette;
use crate::timeline::{Timeline, tests::timeline};

fn about() -> About {
    About { caption: "demo.pcap & co".to_owned(), link: "#/explore?v=1&line=64".to_owned() }
}

fn run() -> Timeline {
    timeline(Config::for_capture(), 4096)
}

#[test]
fn a_range_adds_up_to_what_the_curves_say_at_its_ends() {
    let timeline = run();
    let end = timeline.len();
    let whole = PLOTS[0].aggregates(&timeline, (0, end));
    let copied = crate::scene::grouped(timeline.series[0].copied.last() as u64);
    assert!(whole[0].2.starts_with(&format!("+{copied} B, ")), "{whole:?}");
    assert!(whole[1].2.starts_with("+0 B"), "{whole:?}");
    let nothing = PLOTS[0].aggregates(&timeline, (end, end));
    assert_eq!(nothing[0].2, "+0 B");
    let ratio = PLOTS[2].aggregates(&timeline, (0, end));
    assert!(ratio[1].2.contains(", mean "), "{ratio:?}");
}

#[test]
fn csv_has_a_row_for_every_change_and_says_what_it_is() {
    let timeline = run();
    let text = csv(&PLOTS[1], &timeline, &Axis::events(timeline.len()), &about());
    let (notes, rows): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
    assert_eq!(notes[2], "# #/explore?v=1&line=64");
    assert_eq!(rows[0], "event,time_ns,left,right");
    let last: Vec<f64> = rows[rows.len() - 1].split(',').map(|cell| cell.parse().unwrap()).collect();
    let [left, right] = &*timeline.series;
    assert_eq!(
        [last[0], last[2], last[3]],
        [f64::from(timeline.len()), left.allocations.last(), right.allocations.last()]
    );
    assert!(rows.len() > left.allocations.changes().len());
}

#[test]
fn svg_carries_heading_legend_curves_and_link_and_is_well_formed() {
    let timeline = run();
    for spec in &PLOTS {
        let text = svg(spec, &timeline, &Axis::events(timeline.len()), &about(), &Palette::default());
        for part in [spec.title, "demo.pcap &amp; co", "#/explore?v=1&amp;line=64"] {
            assert!(text.contains(part), "{part} in the SVG of {}", spec.key);
        }
        for curve in spec.curves {
            assert!(text.contains(&format!(
                ">{} {}",
                curve.label,
                spec.value(curve.series(&timeline.series).last())
            )));
        }
        let long = text.lines().filter(|line| line.starts_with("<polyline") && line.len() > 200).count();
        assert!(long >= 1, "curves of {}", spec.key);
        assert!(!text.contains("& ") && text.matches("<g").count() == text.matches("</g>").count());
    }
}

#[test]
fn files_by_time_go_by_the_folded_axis_and_say_so() {
    let timeline = run();
    let axis = Axis::time(&timeline.clock, None);
    let text = csv(&PLOTS[0], &timeline, &axis, &about());
    let rows: Vec<Vec<&str>> = text.lines().skip(3).map(|row| row.split(',').collect()).collect();
    assert_eq!(rows[0], ["event", "time_ns", "folded_ns", "left", "right"]);
    let x: Vec<f64> = rows[1..].iter().map(|row| row[2].parse().unwrap()).collect();
    assert!(x.is_sorted() && x[x.len() - 1] == axis.end() && axis.end() * 10.0 < timeline.clock.last());
    let text = svg(&PLOTS[0], &timeline, &axis, &about(), &Palette::default());
    assert!(text.contains("over 94.536 ms, idle stretches folded; demo.pcap"));
}

#[test]
fn bursts_have_more_than_a_third_of_a_folded_axis() {
    let timeline = run();
    let axis = Axis::time(&timeline.clock, None);
    let folded: f64 = axis.folds().iter().map(|(from, to)| to - from).sum();
    assert!(folded < axis.end() * 0.6 && axis.folds().len() > 10, "{folded} of {}", axis.end());
}

#[test]
fn curves_that_lie_on_one_another_show_the_right_lane_and_a_flat_ratio_is_not_the_axis() {
    let timeline = run();
    let axis = Axis::events(timeline.len());
    for spec in &PLOTS {
        let curves = spec.curves(&timeline.series, (&timeline.clock, timeline.len()), &axis, 400);
        assert_eq!(curves.len(), spec.curves.len());
        assert_eq!(curves.last().map(|curve| curve.ink), Some(crate::scene::Ink::Reference), "{}", spec.key);
        let copies = curves.iter().any(|curve| curve.ink == crate::scene::Ink::Copy);
        assert_eq!(copies, spec.key == "copies", "{}: the colour of copies is for copies", spec.key);
        let scale = spec.scale(&axis, &curves);
        let least = f64::from(u8::from(spec.ratio));
        let below = (least - scale.low) / (scale.high - scale.low);
        assert!((0.01..0.05).contains(&below), "{}: from {}", spec.key, scale.low);
    }
}
