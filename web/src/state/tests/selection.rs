//! What is selected, and how the run is looked at: in links, in steps of the history, in the next visit.

use super::*;
use crate::timeline::{Ring, Side};

const SLOT: Place = Place::Slot { side: Side::Right, ring: Ring::Tx, queue: 0, slot: 18 };
const SOCKET: Place = Place::Socket { side: Side::Left, thread: 2 };
const VIEW: View = View { plots: [0, 5, 4], by_time: true, bottom: Bottom::Ledger };

/// Does what the session does with effects that select: the run has all that is asked for.
fn perform(state: &mut State, effects: &[Effect]) {
    for effect in effects {
        if let Effect::FindLine(hash) = effect {
            state.line_hash = Some(*hash);
        }
    }
}

/// Selects something of everything, and looks at it in a way of one's own.
fn selected(state: &mut State) {
    for action in [
        Action::Select(Some(22)),
        Action::Place(Some(SLOT)),
        Action::SelectLine(Some(7)),
        Action::Range(Some((1700, 10))),
        Action::MarkMoment(Some(12)),
        Action::Plot(1, 5),
        Action::Plot(2, 4),
        Action::TurnAxis,
        Action::Bottom(Bottom::Ledger),
    ] {
        state.apply(action);
    }
    state.line_hash = Some(0xbeef);
}

/// The selected packet, line, place and range.
type Selection = (Option<u32>, Option<u32>, Option<Place>, Option<(u32, u32)>);

fn selection(state: &State) -> Selection {
    (state.selected, state.line_hash, state.place, state.range)
}

const ALL: Selection = (Some(22), Some(0xbeef), Some(SLOT), Some((10, 1700)));
const NOTHING: Selection = (None, None, None, None);

fn filter(text: &str) -> PacketFilter {
    PacketFilter::parse(text).unwrap()
}

/// Types a filter, letter by letter, and leaves the field.
fn type_filter(state: &mut State, text: &str) {
    for end in 1..=text.len() {
        state.apply(Action::FilterPackets(text[..end].to_owned(), false));
    }
    state.apply(Action::FilterPackets(text.to_owned(), true));
}

#[test]
fn a_link_brings_everything_that_is_selected_and_how_it_is_looked_at() {
    let mut sender = running();
    selected(&mut sender);
    let link = sender.link_at(1700);
    assert_eq!((link.place, link.range, link.view), (Some(SLOT), Some((10, 1700)), VIEW));
    let mut state = running();
    let effects = state.apply(Action::Address(link.fragment()));
    assert!(
        effects.contains(&Effect::Plots(VIEW.plots)) && effects.contains(&Effect::Axis(true)),
        "{effects:?}"
    );
    let effects = finish(&mut state);
    assert_eq!(
        effects,
        [
            Effect::Moment(1700),
            Effect::MarkMoment(Some(12)),
            Effect::Select(Some(22)),
            Effect::Place(Some(SLOT)),
            Effect::Range(Some((10, 1700))),
            Effect::FindLine(0xbeef),
            Effect::LinkShown,
            Effect::Mark(true)
        ]
    );
    perform(&mut state, &effects);
    state.apply(Action::LinkShown(2000));
    assert_eq!((selection(&state), state.view(), &state.notice), (ALL, VIEW, &None));
    assert_eq!(state.link_at(1700), link, "it is the same link again");
}

#[test]
fn a_link_without_a_view_is_looked_at_as_at_first() {
    let mut state = running();
    selected(&mut state);
    state.apply(Action::Address("#/explore?v=2&at=5".to_owned()));
    finish(&mut state);
    assert_eq!((selection(&state), state.view()), (NOTHING, View::default()));
}

#[test]
fn what_the_run_of_a_link_does_not_have_is_told_one_by_one() {
    let mut state = running();
    let link = "#/explore?v=2&at=5&packet=4000000&place=left:rx:70000&range=1-4000000&evil=1";
    state.apply(Action::Address(link.to_owned()));
    assert!(finish(&mut state).contains(&Effect::LinkShown));
    // The session finds none of them.
    (state.selected, state.place, state.range) = (None, None, None);
    state.apply(Action::LinkShown(2000));
    let Some(Notice::Info(text)) = &state.notice else { panic!("{:?}", state.notice) };
    for part in ["“evil”", "no such packet", "no such slot or socket", "no such range"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("no such line"), "{text}");
}

#[test]
fn moments_beyond_the_end_of_a_links_run_are_told_and_the_end_is_shown() {
    let mut state = running();
    state.apply(Action::Address("#/explore?v=2&at=4294967295&mark=999999999".to_owned()));
    assert!(finish(&mut state).contains(&Effect::LinkShown));
    assert_eq!(state.apply(Action::LinkShown(1234)), [Effect::MarkMoment(Some(1234))]);
    let Some(Notice::Info(text)) = &state.notice else { panic!("{:?}", state.notice) };
    for part in ["moment is event 4,294,967,295", "marked moment is event 999,999,999", "ends at event 1,234"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(state.mark, Some(1234));
    state.apply(Action::Address("#/explore?v=2&at=1234&mark=1234".to_owned()));
    finish(&mut state);
    assert_eq!(state.apply(Action::LinkShown(1234)), []);
    assert_eq!((&state.notice, state.mark), (&None, Some(1234)), "the end itself is there");
}

#[test]
fn a_change_that_never_happened_is_told_and_so_are_those_of_a_link() {
    let mut state = running();
    state.apply(Action::Address("#/explore?v=2&change=lose:out:3&change=lose:out:999999&evil=1".to_owned()));
    state.apply(Action::Started(state.spec.clone()));
    state.idle = vec![Change::Lose { from_peer: false, frame: 999_999 }];
    state.apply(Action::Done(results()));
    let Some(Notice::Info(text)) = &state.notice else { panic!("{:?}", state.notice) };
    for part in [
        "“evil”",
        "is changed: frame 3 lost on its way out. Branches",
        "never happens in this run",
        "moment: frame 999999",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    state.apply(Action::Undo);
    finish(&mut state);
    assert_eq!((&state.idle[..], &state.notice), (&[][..], &None), "it was another run's");
    state.apply(Action::Address("#/explore?v=2&change=lose:out:999999".to_owned()));
    state.apply(Action::Started(state.spec.clone()));
    state.idle = state.spec.changes.clone();
    state.apply(Action::Done(results()));
    assert!(matches!(&state.notice, Some(Notice::Info(text)) if text.starts_with("This never happens")));
}

#[test]
fn undo_goes_to_the_moment_of_its_step_and_a_change_keeps_the_moment_on_screen() {
    let mut state = running();
    let lose = |frame| Action::Change(Change::Lose { from_peer: false, frame }, 40);
    state.here = 9000;
    state.apply(lose(3));
    assert!(!finish(&mut state).contains(&Effect::Moment(9000)), "it is found by what happens there");
    state.here = 8988;
    state.apply(Action::Undo);
    assert!(finish(&mut state).contains(&Effect::Moment(9000)));
    state.here = 9000;
    state.apply(Action::Redo);
    assert!(finish(&mut state).contains(&Effect::Moment(8988)));
    // A run that was never on screen has no moment of its own.
    state.apply(lose(4));
    state.apply(lose(5));
    finish(&mut state);
    state.apply(Action::Undo);
    let effects = finish(&mut state);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Moment(_))), "{effects:?}");
}

#[test]
fn branches_that_go_for_those_of_a_link_are_told() {
    let mut state = running();
    let told =
        |state: &State| matches!(&state.notice, Some(Notice::Info(text)) if text.contains("had to go"));
    for frame in 1..=11 {
        state.apply(Action::Address(format!("#/explore?v=2&change=lose:out:{frame}")));
        finish(&mut state);
        assert!(!told(&state), "{frame}");
    }
    let before = state.branches.clone();
    assert_eq!(before.len(), 12);
    state.apply(Action::Address("#/explore?v=2&change=lose:out:12".to_owned()));
    finish(&mut state);
    assert!(told(&state) && state.branches.tree() != before.tree(), "{:?}", state.notice);
    state.apply(Action::Undo);
    assert_eq!(state.branches, before);
    state.apply(Action::Address("#/explore?v=2&line=16&change=lose:out:12".to_owned()));
    assert!(!told(&state), "another run has a tree of its own");
}

#[test]
fn undo_brings_back_what_was_selected_in_the_run_that_it_leads_to() {
    let mut state = running();
    selected(&mut state);
    state.apply(Action::Configure(line(16)));
    finish(&mut state);
    assert_eq!(selection(&state), NOTHING, "it was of another run");
    state.apply(Action::Select(Some(3)));
    state.apply(Action::Place(Some(SOCKET)));
    state.apply(Action::Plot(0, 6));
    state.apply(Action::Undo);
    let effects = finish(&mut state);
    assert!(effects.contains(&Effect::Restore), "the moment stays: {effects:?}");
    perform(&mut state, &effects);
    assert_eq!((selection(&state), state.plots), (ALL, [6, 5, 4]), "plots are not of the configuration");
    state.apply(Action::Redo);
    let effects = finish(&mut state);
    assert!(effects.contains(&Effect::Place(Some(SOCKET))), "{effects:?}");
    assert_eq!((state.selected, state.place), (Some(3), Some(SOCKET)));
}

#[test]
fn undo_of_a_link_brings_back_the_moment_and_the_view_before_it() {
    let mut state = running();
    selected(&mut state);
    state.apply(Action::Bookmark(8));
    state.here = 555;
    state.apply(Action::Address("#/explore?v=2&at=9&filter=udp&bottom=events".to_owned()));
    finish(&mut state);
    let linked = View { bottom: Bottom::Events, ..View::default() };
    assert_eq!((state.view(), &state.packets.filter), (linked, &filter("udp")));
    let effects = state.apply(Action::Undo);
    assert!(
        effects.contains(&Effect::Plots(VIEW.plots)) && effects.contains(&Effect::Axis(true)),
        "{effects:?}"
    );
    assert!(effects.contains(&Effect::FilterPackets(PacketFilter::default())), "{effects:?}");
    let effects = finish(&mut state);
    perform(&mut state, &effects);
    assert!(effects.contains(&Effect::Moment(555)), "{effects:?}");
    assert_eq!((selection(&state), state.view(), &state.bookmarks[..]), (ALL, VIEW, &[8][..]));
    state.here = 700;
    state.apply(Action::Redo);
    finish(&mut state);
    assert_eq!((state.view(), &state.packets.text[..]), (linked, "udp"));
}

#[test]
fn a_filter_that_was_typed_is_one_step_that_is_undone_without_a_run() {
    let mut state = running();
    type_filter(&mut state, "thread 3");
    type_filter(&mut state, "thread 3 len > 1000");
    state.apply(Action::Select(Some(22)));
    let run = state.run;
    let mut undone = Vec::new();
    for action in [Action::Undo, Action::Undo, Action::Undo, Action::Redo, Action::Redo, Action::Redo] {
        let effects = state.apply(action);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Run(_))), "{effects:?}");
        undone.push((state.packets.text.clone(), effects.len()));
    }
    let (three, long) = ("thread 3".to_owned(), "thread 3 len > 1000".to_owned());
    let none = String::new();
    assert_eq!(
        undone,
        [(three.clone(), 2), (none.clone(), 2), (none, 0), (three, 2), (long.clone(), 2), (long, 0)],
        "each filter by one step, and nothing beyond"
    );
    assert_eq!((state.run, state.selected), (run, Some(22)), "the run is not touched");
}

#[test]
fn filters_and_configurations_are_undone_in_the_order_in_which_they_were_made() {
    let mut state = running();
    type_filter(&mut state, "tcp");
    state.apply(Action::Configure(line(16)));
    finish(&mut state);
    type_filter(&mut state, "udp");
    let now = |state: &State| (state.spec.config.line_size, state.packets.text.clone());
    let mut seen = vec![now(&state)];
    for _ in 0..3 {
        if state.apply(Action::Undo).iter().any(|effect| matches!(effect, Effect::Run(_))) {
            finish(&mut state);
        }
        seen.push(now(&state));
    }
    let all = [(16, "udp"), (16, "tcp"), (64, "tcp"), (64, "")].map(|(line, text)| (line, text.to_owned()));
    assert_eq!(seen, all);
    assert!(!state.history.has_past());
}

#[test]
fn a_filter_that_is_as_it_was_when_the_field_is_left_is_no_step_and_a_wrong_one_hides_none() {
    let mut state = running();
    for text in ["t", "tcp", "tc", ""] {
        state.apply(Action::FilterPackets(text.to_owned(), false));
    }
    state.apply(Action::FilterPackets(String::new(), true));
    assert!(!state.history.has_past());
    state.apply(Action::FilterPackets("tcp".to_owned(), false));
    state.apply(Action::FilterPackets("tcp le".to_owned(), true));
    assert!(state.packets.wrong && state.packets.filter == filter("tcp"));
    state.apply(Action::Undo);
    assert_eq!((&state.packets.text[..], state.packets.wrong), ("", false));
}

#[test]
fn a_refused_run_leaves_the_steps_of_the_filter_and_a_refused_link_its_own_filter() {
    let mut state = running();
    type_filter(&mut state, "tcp");
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Refused(state.run, "no".to_owned()));
    assert_eq!((&state.packets.text[..], state.history.has_past()), ("tcp", true));
    state.apply(Action::Address("#/explore?v=2&line=32&filter=udp".to_owned()));
    let effects = state.apply(Action::Refused(state.run, "no".to_owned()));
    assert!(effects.contains(&Effect::FilterPackets(filter("tcp"))), "{effects:?}");
    state.apply(Action::Undo);
    assert_eq!((&state.packets.text[..], state.history.has_past()), ("", false));
}

#[test]
fn the_next_visit_has_the_selection_and_the_filters_before() {
    let mut state = running();
    type_filter(&mut state, "tcp");
    selected(&mut state);
    state.apply(Action::Address("#/explore?v=2&line=16&at=9".to_owned()));
    finish(&mut state);
    state.apply(Action::Place(Some(SOCKET)));
    state.apply(Action::Range(Some((3, 4))));
    let (moment, kept) = (state.link_at(90).fragment(), state.kept(25.0));

    let mut next = State::default();
    next.apply(Action::Resume(moment, kept));
    next.apply(Action::EngineStarted);
    next.apply(Action::Loaded(capture(DEMO_SHA256)));
    finish(&mut next);
    assert_eq!((next.place, next.range, next.view()), (Some(SOCKET), Some((3, 4)), View::default()));
    next.apply(Action::Undo);
    let effects = finish(&mut next);
    perform(&mut next, &effects);
    assert_eq!((selection(&next), next.view()), (ALL, VIEW));
    next.apply(Action::Undo);
    assert_eq!((&next.packets.text[..], next.history.has_past()), ("", false));
}

#[test]
fn what_is_on_screen_is_found_again_in_the_same_traffic_unless_a_step_or_a_link_says_what_is_to_be_seen() {
    let mut state = running();
    selected(&mut state);
    let finds = |state: &State| (state.finds_moments(), state.has_selection());
    state.apply(Action::Configure(line(16)));
    assert_eq!(finds(&state), (true, false));
    finish(&mut state);
    state.apply(Action::Compare(0, Scheme::Snapshot));
    assert_eq!(finds(&state), (true, true), "its packets have the same numbers");
    finish(&mut state);
    state.apply(Action::Undo);
    assert_eq!(finds(&state), (true, true), "the step has its own selection");
    finish(&mut state);
    state.apply(Action::Address("#/explore?v=2&line=32".to_owned()));
    assert_eq!(finds(&state), (false, false), "the link has its own moment");
    finish(&mut state);
    let web = Config { workload: Workload::Web, ..Config::default() };
    state.apply(Action::Configure(web));
    assert_eq!(finds(&state), (false, false), "other packets");
}

/// What is selected but for the range, which is of positions, and those are another run's.
const KEPT: Selection = (Some(22), Some(0xbeef), Some(SLOT), None);

#[test]
fn a_branch_shows_what_was_selected_and_so_does_the_way_back() {
    let mut state = running();
    selected(&mut state);
    for action in [Action::Change(Change::Lose { from_peer: false, frame: 3 }, 40), Action::Branch(0)] {
        state.apply(action);
        state.apply(Action::Started(state.spec.clone()));
        assert_eq!(state.selected, Some(22), "also on the way there");
        let effects = state.apply(Action::Done(results()));
        assert!(
            effects.contains(&Effect::Restore) && effects.contains(&Effect::Select(Some(22))),
            "{effects:?}"
        );
        perform(&mut state, &effects);
        assert_eq!(selection(&state), KEPT);
    }
    // Who does not wait for a run to be over loses nothing, either.
    state.apply(Action::Compare(0, Scheme::Snapshot));
    state.apply(Action::Started(state.spec.clone()));
    state.apply(Action::Change(Change::Lose { from_peer: false, frame: 4 }, 40));
    let effects = finish(&mut state);
    perform(&mut state, &effects);
    assert_eq!(selection(&state), KEPT);
}

#[test]
fn a_worker_that_dies_on_the_way_to_a_branch_takes_no_selection() {
    let mut state = running();
    selected(&mut state);
    state.apply(Action::Change(Change::Lose { from_peer: false, frame: 3 }, 40));
    state.apply(Action::Started(state.spec.clone()));
    state.apply(Action::EngineBroken("it died".to_owned()));
    assert_eq!(state.link_at(7).packet, Some(22), "a report has it");
    state.apply(Action::Restart);
    state.apply(Action::EngineStarted);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    let effects = finish(&mut state);
    perform(&mut state, &effects);
    assert_eq!(selection(&state), KEPT);
}

#[test]
fn another_worker_shows_what_was_selected() {
    let mut state = running();
    selected(&mut state);
    state.apply(Action::EngineBroken("it died".to_owned()));
    state.apply(Action::Restart);
    state.apply(Action::EngineStarted);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    let effects = finish(&mut state);
    perform(&mut state, &effects);
    assert!(effects.contains(&Effect::Restore));
    assert_eq!(selection(&state), ALL);
}
