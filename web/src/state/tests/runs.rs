//! From one run to another, when something goes wrong on the way, and back again.

use super::*;

fn problem(state: &State) -> &str {
    match &state.notice {
        Some(Notice::Problem(text)) => text,
        other => panic!("no problem is told: {other:?}"),
    }
}

fn web() -> Config {
    Config { workload: Workload::Web, ..Config::for_capture() }
}

#[test]
fn a_refused_file_leaves_the_run_on_screen_to_be_asked_about() {
    let mut state = running();
    let shown = state.on_screen;
    state.apply(Action::Reading("letter.txt".to_owned()));
    state.apply(Action::Read);
    assert!(state.awaits(state.run) && state.awaits(shown.unwrap()) && !state.awaits(state.run + 1));
    let said = state.apply(Action::Refused(state.run, "no capture".to_owned()));
    assert_eq!((said, state.on_screen, problem(&state)), (vec![Effect::Mark(true)], shown, "no capture"));
    assert_eq!((&state.loading, state.history.has_past()), (&None, false));
}

#[test]
fn a_file_that_is_refused_while_something_runs_lets_it_run() {
    let mut state = running();
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Started(lines(16)));
    let running = state.on_screen.unwrap();
    state.apply(Action::Reading("letter.txt".to_owned()));
    state.apply(Action::Read);
    assert_eq!(state.apply(Action::Refused(state.run, "no".to_owned())), [Effect::Mark(false)]);
    assert!(state.awaits(running) && state.spec == lines(16));
    assert_eq!(state.apply(Action::Done(results())), [Effect::Restore, Effect::Mark(true)]);
}

#[test]
fn a_run_that_ends_when_another_is_asked_for_is_not_taken_for_that() {
    let mut state = running();
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Started(lines(16)));
    state.apply(Action::Address("#/explore?v=2&line=32&at=9".to_owned()));
    assert_eq!(state.apply(Action::Done(results())), []);
    assert!(!state.opened);
    assert!(finish(&mut state).contains(&Effect::Moment(9)));
}

#[test]
fn a_setting_changed_while_a_file_is_read_is_one_of_its_run_and_a_workload_stays() {
    let mut state = running();
    state.apply(Action::Reading("some.pcap".to_owned()));
    state.apply(Action::Read);
    let reading = state.run;
    state.apply(Action::Configure(line(16)));
    assert!(state.awaits(reading));
    assert!(state.apply(Action::Loaded(capture("00"))).contains(&Effect::Run(lines(16))));
    assert_eq!((&state.loading, &state.file), (&None, &file("00")));

    let mut state = State::default();
    state.apply(Action::EngineStarted);
    state.apply(Action::Read);
    state.apply(Action::Configure(web()));
    assert_eq!(state.apply(Action::Loaded(capture(DEMO_SHA256))), []);
    finish(&mut state);
    assert_eq!((state.shown.config.workload, &state.loading), (Workload::Web, &None));
    assert!(
        state.apply(Action::Configure(line(64))).contains(&Effect::Run(Spec::default())),
        "the demo is there"
    );
}

#[test]
fn the_end_of_the_worker_is_told_until_it_is_started_again() {
    let mut state = running();
    state.apply(Action::EngineBroken("it died".to_owned()));
    state.apply(Action::Newer);
    state.apply(Action::Shared(true));
    state.apply(Action::Dismiss);
    state.apply(Action::Configure(line(16)));
    assert_eq!((state.broken.as_deref(), state.newer), (Some("it died"), true));
    state.apply(Action::Bookmark(70));
    state.apply(Action::MarkMoment(Some(30)));
    state.apply(Action::Restart);
    assert_eq!((&state.broken, &state.capture, state.on_screen), (&None, &None, None));
    assert!(
        state.apply(Action::EngineStarted).contains(&Effect::Fetch(File::default())),
        "the new one has no capture"
    );
    assert!(
        state.apply(Action::Loaded(capture(DEMO_SHA256))).contains(&Effect::Run(lines(16))),
        "what was set stays"
    );
    assert!(state.finds_moments());
    assert_eq!(finish(&mut state), [Effect::Restore, Effect::Mark(true)]);
    state.apply(Action::Dismiss);
    assert!(!state.newer);
}

#[test]
fn a_new_worker_that_refuses_what_was_set_runs_what_was_there() {
    let mut state = running();
    state.apply(Action::EngineBroken("it died".to_owned()));
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Restart);
    state.apply(Action::EngineStarted);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    let asked = state.apply(Action::Refused(state.run, "too large".to_owned()));
    assert_eq!(asked, [Effect::Mark(false), Effect::Run(Spec::default())]);
    assert_eq!(state.apply(Action::Refused(state.run, "too large".to_owned())), [Effect::Mark(true)], "once");
}

#[test]
fn a_worker_that_dies_before_a_links_run_takes_nothing_of_the_link() {
    let mut state = State::default();
    let link = "#/explore?v=2&run=web&threads=3&at=77&packet=5";
    state.apply(Action::Address(link.to_owned()));
    state.apply(Action::EngineStarted);
    state.apply(Action::EngineBroken("not fetched".to_owned()));
    assert!(state.link_at(0).fragment().starts_with(link), "a report names it");
    state.apply(Action::Restart);
    let asked = state.apply(Action::EngineStarted);
    assert!(matches!(&asked[..], [_, Effect::Run(spec)] if spec.config.threads == 3), "{asked:?}");
    let shown = finish(&mut state);
    assert!(shown.contains(&Effect::Moment(77)) && shown.contains(&Effect::Select(Some(5))));
}

#[test]
fn a_link_whose_run_cannot_be_made_opens_with_defaults() {
    let mut state = State::default();
    state.apply(Action::Address("#/explore?v=2&run=web&memory=100&at=5".to_owned()));
    state.apply(Action::EngineStarted);
    let asked = state.apply(Action::Refused(state.run, "too small".to_owned()));
    assert!(asked.contains(&Effect::Fetch(File::default())), "{asked:?}");
    assert_eq!(problem(&state), "too small");
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    assert!(finish(&mut state).contains(&Effect::Open));
    assert_eq!(problem(&state), "too small");
}

#[test]
fn undo_leads_back_over_files_links_and_the_demo_with_what_was_made_there() {
    let mut state = running();
    state.apply(Action::Bookmark(40));
    state.apply(Action::MarkMoment(Some(12)));
    state.here = 33;
    open(&mut state, "00");
    state.apply(Action::Started(Spec::default()));
    assert_eq!((&state.bookmarks[..], state.mark), (&[][..], None), "they were of other packets");
    state.apply(Action::Done(results()));
    state.apply(Action::Configure(line(16)));
    finish(&mut state);
    state.apply(Action::Demo);
    assert_eq!(state.file, File::default());
    assert!(state.apply(Action::Loaded(capture(DEMO_SHA256))).contains(&Effect::Run(lines(16))));
    finish(&mut state);
    state.apply(Action::Address("#/explore?v=2&run=web&at=3".to_owned()));
    finish(&mut state);
    state.apply(Action::Undo);
    assert_eq!(state.spec, lines(16));
    finish(&mut state);
    assert!(state.apply(Action::Undo).contains(&Effect::Fetch(file("00"))), "the file is wanted again");
    state.apply(Action::Loaded(capture("00")));
    finish(&mut state);
    state.apply(Action::Undo);
    finish(&mut state);
    assert_eq!(state.spec, Spec::default());
    state.apply(Action::Undo);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    state.apply(Action::Started(Spec::default()));
    let shown = state.apply(Action::Done(results()));
    assert!(
        shown.contains(&Effect::Moment(33)) && shown.contains(&Effect::MarkMoment(Some(12))),
        "{shown:?}"
    );
    assert_eq!(state.bookmarks, [40]);
    assert!(state.apply(Action::Redo).contains(&Effect::Fetch(file("00"))));
}

#[test]
fn a_file_that_undo_needs_and_that_is_gone_leaves_what_is_on_screen() {
    let mut state = running();
    open(&mut state, "00");
    finish(&mut state);
    state.apply(Action::Demo);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    finish(&mut state);
    let before = (state.spec.clone(), state.file.clone(), state.history.clone());
    state.apply(Action::Undo);
    assert_eq!(state.apply(Action::Unreadable), [Effect::Mark(true)]);
    assert!(problem(&state).contains("some.pcap"), "{}", problem(&state));
    assert_eq!((state.spec.clone(), state.file.clone(), state.history.clone()), before);
}

#[test]
fn undo_and_a_refusal_bring_branches_back() {
    let mut state = running();
    let lose = |frame| Change::Lose { from_peer: false, frame };
    for frame in [3, 4] {
        state.apply(Action::Change(lose(frame), 40));
        finish(&mut state);
        state.apply(Action::Branch(0));
        finish(&mut state);
    }
    let branches = state.branches.clone();
    let key = state.shown_key();
    state.apply(Action::Configure(line(16)));
    assert_eq!(state.branches.len(), 1);
    state.apply(Action::Refused(state.run, "no".to_owned()));
    assert_eq!(state.branches, branches);
    state.apply(Action::Configure(line(16)));
    finish(&mut state);
    assert_ne!(state.shown_key(), key, "curves of one tree are not taken for those of another");
    state.apply(Action::Undo);
    assert_eq!(state.branches.len(), 3);
    finish(&mut state);
    assert_eq!(state.shown_key(), key);
    for frame in 5..15 {
        state.apply(Action::Change(lose(frame), 40));
        finish(&mut state);
        state.apply(Action::Branch(0));
        finish(&mut state);
        if frame == 14 {
            break;
        }
        assert_eq!(state.notice, None);
    }
    state.apply(Action::Change(lose(20), 40));
    assert!(
        matches!(&state.notice, Some(Notice::Info(text)) if text.starts_with("Branch 2 ")),
        "{:?}",
        state.notice
    );
}

#[test]
fn moments_that_are_found_again_join_those_made_in_the_meantime() {
    let mut state = running();
    state.apply(Action::Bookmark(50));
    state.apply(Action::Configure(line(16)));
    let begun = state.apply(Action::Started(lines(16)));
    assert_eq!(
        begun,
        [Effect::MarkMoment(None), Effect::Repaint],
        "positions of the other run are not drawn"
    );
    state.apply(Action::Bookmark(7));
    state.apply(Action::Done(results()));
    assert_eq!(
        state.apply(Action::Carried(Some(20), vec![61, 7])),
        [Effect::MarkMoment(Some(20)), Effect::Repaint]
    );
    assert_eq!((state.mark, &state.bookmarks[..]), (Some(20), &[7, 61][..]));
}

#[test]
fn a_link_without_a_moment_still_selects_marks_and_is_held_to_its_digest() {
    let mut state = running();
    let link = Link { at: None, packet: Some(4), mark: Some(6), ..state.link_at(0) };
    state.apply(Action::Address(link.fragment()));
    let shown = finish(&mut state);
    for effect in [Effect::Open, Effect::Select(Some(4)), Effect::MarkMoment(Some(6))] {
        assert!(shown.contains(&effect), "{effect:?}");
    }
    assert!(state.verdict.is_some_and(|verdict| verdict.starts_with("reproduced")));
}

#[test]
fn the_next_visit_has_steps_branches_bookmarks_and_what_was_shown() {
    let mut state = running();
    state.apply(Action::Configure(line(16)));
    finish(&mut state);
    state.apply(Action::Change(Change::Lose { from_peer: false, frame: 3 }, 40));
    finish(&mut state);
    state.apply(Action::Configure(Config { seed: 9, ..line(16) }));
    finish(&mut state);
    state.apply(Action::Undo);
    finish(&mut state);
    for action in [
        Action::Bookmark(8),
        Action::Bookmark(5),
        Action::MarkMoment(Some(6)),
        Action::Plot(1, 4),
        Action::TurnAxis,
        Action::Bottom(Bottom::Ledger),
        Action::Unit(Unit::Packet),
        Action::JumpTo(Jump::Fault),
    ] {
        state.apply(action);
    }
    let (moment, kept) = (state.link_at(90).fragment(), state.kept(25.0));

    let mut next = State::default();
    let effects = next.apply(Action::Resume(moment, kept));
    assert_eq!(effects, [Effect::Plots(state.plots), Effect::Axis(true), Effect::Speed(25.0)]);
    next.apply(Action::EngineStarted);
    next.apply(Action::Loaded(capture(DEMO_SHA256)));
    let shown = finish(&mut next);
    assert!(shown.contains(&Effect::Moment(90)) && shown.contains(&Effect::MarkMoment(Some(6))), "{shown:?}");
    assert_eq!((&next.bookmarks[..], next.bottom, next.unit), (&[5, 8][..], Bottom::Ledger, Unit::Packet));
    assert_eq!((next.jump, next.branches.len(), next.branches.current), (Jump::Fault, 2, 1));
    assert_eq!(next.spec, state.spec);
    assert!(
        next.apply(Action::Redo)
            .contains(&Effect::Run(Spec { config: Config { seed: 9, ..line(16) }, ..state.spec }))
    );
    next.apply(Action::Undo);
    assert!(next.apply(Action::Undo).contains(&Effect::Run(lines(16))));
    assert!(next.apply(Action::Undo).contains(&Effect::Run(Spec::default())));
}

#[test]
fn undo_after_a_reload_keeps_the_rows_of_the_tree_as_before_it() {
    let mut state = running();
    state.apply(Action::Change(Change::Lose { from_peer: false, frame: 3 }, 40));
    finish(&mut state);
    state.apply(Action::Configure(line(16)));
    finish(&mut state);
    state.apply(Action::Configure(Config { seed: 9, ..line(16) }));
    finish(&mut state);
    state.apply(Action::Undo);
    state.apply(Action::Undo);
    finish(&mut state);
    for _ in 0..3 {
        let (moment, kept) = (state.link_at(90).fragment(), state.kept(25.0));
        state = State::default();
        state.apply(Action::Resume(moment, kept));
        state.apply(Action::EngineStarted);
        state.apply(Action::Loaded(capture(DEMO_SHA256)));
        finish(&mut state);
    }
    assert_eq!((state.branches.len(), state.branches.current), (2, 1));
    let key = state.shown_key();
    assert!(state.apply(Action::Undo).contains(&Effect::Run(Spec::default())));
    finish(&mut state);
    assert_eq!((state.branches.len(), state.branches.current), (2, 0), "the branch is there still");
    state.apply(Action::Redo);
    finish(&mut state);
    assert_eq!(state.shown_key(), key, "and has the curves that it had");
    state.apply(Action::Redo);
    finish(&mut state);
    assert_ne!(state.shown_key() >> 32, key >> 32, "another configuration's tree is another one");
    state.apply(Action::Undo);
    assert_eq!(state.branches.len(), 2);
}

#[test]
fn what_is_kept_of_trees_is_bounded_and_older_steps_are_read() {
    let mut state = running();
    state.apply(Action::Configure(line(16)));
    finish(&mut state);
    let (moment, kept) = (state.link_at(90).fragment(), state.kept(25.0));
    for (from, to) in [(" 1,", " 4294967295,"), (" 1,", " ,"), (" 1,", " link,")] {
        let spoiled = kept.replace(from, to);
        assert_ne!(spoiled, kept);
        let mut next = State::default();
        next.apply(Action::Resume(moment.clone(), spoiled));
        next.apply(Action::EngineStarted);
        next.apply(Action::Loaded(capture(DEMO_SHA256)));
        finish(&mut next);
        assert!(next.apply(Action::Undo).contains(&Effect::Run(Spec::default())));
        finish(&mut next);
        next.apply(Action::Configure(line(32)));
        assert_eq!(next.spec, lines(32));
    }
}

#[test]
fn a_link_with_changes_has_the_run_without_them_beside_it() {
    let flip = "#/explore?v=2&line=32&change=flip:40:100:snapshot&change=lose:in:2&at=5";
    let mut state = running();
    state.apply(Action::Address(flip.to_owned()));
    finish(&mut state);
    assert_eq!((state.branches.len(), state.branches.current), (3, 2));
    assert!(state.apply(Action::Branch(0)).contains(&Effect::Run(lines(32))));
    assert_eq!(state.apply(Action::Beside(Some(2))), [Effect::Beside(Some(2))]);
    finish(&mut state);
    assert_eq!((state.branches.current, state.branches.compared, state.branches.len()), (0, Some(2), 3));
    // A change of the run that is on screen is a branch of that.
    state.apply(Action::Address("#/explore?v=2&line=32&change=lose:out:7".to_owned()));
    finish(&mut state);
    assert_eq!((state.branches.len(), state.branches.current), (4, 3));
    let origin = state.branches.get(3).and_then(|branch| branch.origin);
    assert_eq!(origin, Some((0, Change::Lose { from_peer: false, frame: 7 }, 0)));
}

#[test]
fn a_file_that_is_not_the_one_a_link_waits_for_is_run_and_told_apart() {
    let wanted = "ab".repeat(32);
    let mut state = State::default();
    state.apply(Action::Address(format!("#/explore?v=2&line=32&at=5&capture={wanted}&name=mine.pcap")));
    state.apply(Action::EngineStarted);
    state.apply(Action::Unreadable);
    state.apply(Action::Read);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    finish(&mut state);
    state.apply(Action::Dismiss);
    let other = "cd".repeat(32);
    assert!(open(&mut state, &other).contains(&Effect::Run(lines(32))), "it is run");
    finish(&mut state);
    let Some(Notice::Info(text)) = &state.notice else { panic!("{:?}", state.notice) };
    for part in [
        "some.pcap (SHA-256 cdcdcdcdcdcdcdcd…) is not the file that the link asks for, mine.pcap (SHA-256 abababababababab…)",
        "waited for still",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(state.link_at(7).capture, Some(other));
    state.apply(Action::Configure(line(16)));
    finish(&mut state);
    open(&mut state, &wanted);
    assert!(finish(&mut state).contains(&Effect::Moment(5)), "the link opens in full");
    assert_eq!((&state.spec, &state.pending, &state.notice), (&lines(32), &None, &None));
    state.apply(Action::Undo);
    assert_eq!(state.spec, lines(16), "nothing of the other file is lost");
}

#[test]
fn a_run_that_comes_to_a_halt_shows_the_link_s_moment_or_the_one_before() {
    let link = Link { packet: Some(3), ..running().link_at(77) };
    let mut state = running();
    state.apply(Action::Address(link.fragment()));
    state.apply(Action::Started(Spec::default()));
    let shown = state.apply(Action::Refused(state.run, "too long".to_owned()));
    assert_eq!(shown, [Effect::Moment(77), Effect::Select(Some(3)), Effect::LinkShown, Effect::Mark(true)]);
    assert_eq!((problem(&state), &state.verdict), ("too long", &None));
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Started(state.spec.clone()));
    let shown = state.apply(Action::Refused(state.run, "too long".to_owned()));
    assert_eq!((shown.first(), shown.last()), (Some(&Effect::Restore), Some(&Effect::Mark(true))));
}
