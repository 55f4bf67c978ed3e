use snapstack::sim::{Config, Kind};

use super::*;
use crate::timeline::tests::{begun, timeline};
use crate::tour;

/// A player with the demo's run.
fn player(still: bool) -> Player {
    let mut player = Player { still, ..Player::default() };
    player.begin(timeline(Config::for_capture(), 4096));
    player
}

fn open(player: &mut Player) {
    let legs = player.timeline.as_ref().and_then(tour::journey).unwrap();
    player.tour(legs);
}

#[test]
fn the_opening_moves_where_motion_is_wanted() {
    let mut player = player(false);
    open(&mut player);
    assert_eq!((player.status().playing, player.status().still), (true, None));
    player.animate(50.0);
    let here = player.at;
    player.animate(50.0);
    assert!(player.at > here && player.end_tour() && !player.end_tour());
}

#[test]
fn without_motion_the_opening_is_four_stills_to_step_through() {
    let mut player = player(true);
    open(&mut player);
    let legs = player.timeline.as_ref().and_then(tour::journey).unwrap();
    let stills: Vec<Leg> = legs.into_iter().filter(|leg| leg.still.is_some()).collect();
    let told = |player: &Player| (player.status(), Some(player.position()));
    let still = |n: usize| {
        let Leg { still: at, caption, .. } = stills[n - 1].clone();
        (Status { playing: false, caption: Some(caption), still: Some((n, 4)) }, at)
    };
    assert_eq!(told(&player), still(1));
    player.step(false, Unit::Event);
    assert_eq!(told(&player), still(1), "nothing is before the first");
    let copied =
        |player: &Player| player.timeline.as_ref().map(|t| t.series[0].copied.value(player.position()));
    let before = copied(&player);
    for n in 2..=4 {
        player.animate(100.0);
        player.step(true, Unit::Event);
        assert_eq!(told(&player), still(n));
        assert!(copied(&player) > before, "what the second is about has happened in it");
    }
    player.step(false, Unit::Packet);
    assert_eq!(told(&player), still(3));
    player.step(true, Unit::Event);
    player.step(true, Unit::Event);
    assert_eq!(
        (player.status().caption, Some(player.position())),
        (None, stills[3].still),
        "over, and still there"
    );
    player.step(true, Unit::Event);
    assert_eq!(Some(player.position() - 1), stills[3].still, "steps are events again");
    open(&mut player);
    player.toggle();
    assert_eq!(player.status(), Status { playing: true, caption: None, still: None }, "play plays");
}

#[test]
fn the_memory_panels_have_room_for_the_whole_run_but_while_the_opening_looks_closely() {
    let mut player = player(true);
    let room = |player: &mut Player, at: u32| {
        player.jump(at);
        let timeline = player.timeline.take().unwrap();
        let room = player.room(&timeline);
        player.timeline = Some(timeline);
        room
    };
    let end = player.end();
    assert_eq!(room(&mut player, 900), end);
    open(&mut player);
    let stills: Vec<u32> = player.tour.iter().rev().filter_map(|leg| leg.still).collect();
    let [first, .., last] = stills[..] else { panic!("{stills:?}") };
    assert_eq!(room(&mut player, first), first);
    assert_eq!(room(&mut player, last), last);
    assert_eq!(room(&mut player, first), last, "what was seen keeps its scale");
    player.end_tour();
    assert_eq!(room(&mut player, first + 1), last, "who stops it looks on as closely");
    assert_eq!(room(&mut player, last + 1), end);
    assert_eq!(room(&mut player, first), end, "and from then on it is one scale");
}

#[test]
fn without_motion_playing_cuts_once_a_second() {
    let mut player = player(true);
    player.seek(1000);
    player.toggle();
    let mut seen = Vec::new();
    for _ in 0..32 {
        player.animate(100.0);
        if seen.last() != Some(&player.at) {
            seen.push(player.at);
        }
    }
    assert_eq!(seen, [1000.0, 1150.0, 1300.0, 1450.0]);
    assert_eq!(player.rate, 0.0, "nothing is on its way");
    player.seek(player.end() - 10);
    player.toggle();
    for _ in 0..10 {
        player.animate(100.0);
    }
    assert_eq!((player.position(), player.status().playing), (player.end(), false));
}

#[test]
fn a_run_that_is_stopped_looks_neither_whole_nor_as_if_it_went_on() {
    let run = |end: bool| {
        let mut player = Player::default();
        player.begin(begun(Config::for_capture(), end));
        player
    };
    let told = |player: &Player| {
        let timeline = player.timeline.as_ref().unwrap();
        (figures::so_far(timeline), player.computed(timeline).is_some())
    };
    assert_eq!(told(&run(true)), ("", false));
    let mut player = run(false);
    assert_eq!(told(&player), (" so far", true));
    player.toggle();
    player.seek(player.end());
    player.toggle();
    player.animate(50.0);
    assert!(player.status().playing, "more may come");
    player.stop();
    player.animate(50.0);
    assert!(!player.status().playing, "it ends there");
    assert_eq!(told(&player), (" at stop", false));
    let timeline = player.timeline.as_ref().unwrap();
    assert!(!timeline.is_complete() && !timeline.goes_on());
    assert!(
        timeline.recorded() > u64::from(timeline.len()),
        "what both lanes do is one event in the time bar"
    );
    player.begin(begun(Config::for_capture(), false));
    assert_eq!(told(&player), (" so far", true), "another run");
}

#[test]
fn a_moment_is_found_again_with_other_lines_where_the_same_stage_is_entered() {
    let mut player = player(false);
    let stage = |player: &Player, at: u32| player.timeline.as_ref().and_then(|timeline| timeline.event(at));
    let moments: Vec<u32> = (1..player.end()).step_by(997).collect();
    let anchors: Vec<Anchor> = moments.iter().map(|at| player.anchor(*at)).collect();
    let end = player.anchor(player.end());
    assert_eq!((player.anchor(0), &end), (Anchor::Start(0), &Anchor::End));
    let other = Config { line_size: 16, header_split: false, doorbell_every: 4, ..Config::for_capture() };
    player.begin(timeline(other, 4096));
    let mut moved = 0;
    for (before, anchor) in moments.iter().zip(&anchors) {
        let found = player.find(anchor);
        if let Anchor::Stage(event, after) = anchor {
            let since = (0..=*after).find_map(|since| {
                let (side, now) = stage(&player, found - since)?;
                (side.is_none() && matches!(now.kind, Kind::Stage { .. })).then_some((since, now))
            });
            let (_, now) = since.unwrap_or_else(|| panic!("{before} is not found behind its stage: {found}"));
            assert_eq!((now.kind, now.packet), (event.kind, event.packet));
        }
        moved += u32::from(found != *before);
    }
    assert!(moved > 3, "the same number is another moment there: {moved}");
    assert_eq!((player.find(&Anchor::Start(0)), player.find(&end)), (0, player.end()));
}

#[test]
fn every_moment_between_two_stages_is_itself_in_the_same_run_and_goes_no_further_than_the_next_stage() {
    let mut player = player(false);
    let run = |player: &Player, at| player.timeline.as_ref().and_then(|run| run.stage(at)).is_some();
    for at in (0..player.end()).step_by(7) {
        assert_eq!(player.find(&player.anchor(at)), at);
    }
    let at = (1..player.end()).rev().find(|at| run(&player, *at) && !run(&player, at + 1)).unwrap();
    let Anchor::Stage(event, 0) = player.anchor(at) else { panic!("{at} is a stage") };
    let next = (at + 1..=player.end()).find(|at| run(&player, *at)).unwrap_or(player.end() + 1);
    assert_eq!(player.find(&Anchor::Stage(event, u32::MAX)), next - 1);
    let first = player.timeline.as_ref().and_then(Timeline::first_stage).unwrap();
    assert_eq!(player.find(&Anchor::Start(u32::MAX)), first - 1);
    player.timeline = None;
    assert_eq!(player.find(&Anchor::Stage(event, 3)), 0);
}

#[test]
fn curves_of_other_trees_go_when_there_are_many() {
    let mut player = player(false);
    for key in 0..20 {
        player.keep(key);
    }
    player.keep_some(|key| key < 2);
    assert_eq!(player.kept.len(), CURVES);
    assert!(player.kept.get(1).is_some() && player.kept.get(2).is_none() && player.kept.get(19).is_some());
    player.keep_some(|_| true);
    assert_eq!(player.kept.len(), CURVES);
}
