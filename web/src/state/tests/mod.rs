use snapstack::sim::{Change, Config, MODEL_VERSION, Workload};

mod runs;
mod selection;

use super::*;

fn capture(sha256: &str) -> CaptureInfo {
    CaptureInfo { name: "some.pcap".to_owned(), sha256: sha256.to_owned(), ..CaptureInfo::default() }
}

fn results() -> [LaneResult; 2] {
    ["0123456789abcdef0", "fedcba98765432100"]
        .map(|digest| LaneResult { frames: [1, 0], digest: digest.to_owned() })
}

/// A state with a finished run of the demo on screen.
fn running() -> State {
    let mut state = State::default();
    state.apply(Action::Address(String::new()));
    state.apply(Action::EngineStarted);
    state.apply(Action::Read);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    finish(&mut state);
    state
}

/// The run that is asked for begins and ends.
fn finish(state: &mut State) -> Vec<Effect> {
    state.apply(Action::Started(state.spec.clone()));
    state.apply(Action::Done(results()))
}

/// The user opens a file, and the worker has read it.
fn open(state: &mut State, sha256: &str) -> Vec<Effect> {
    state.apply(Action::Reading("some.pcap".to_owned()));
    state.apply(Action::Read);
    state.apply(Action::Loaded(capture(sha256)))
}

fn file(sha256: &str) -> File {
    File { sha256: sha256.to_owned(), name: "some.pcap".to_owned() }
}

/// A link to a moment of that file's run.
fn link_about(sha256: &str) -> Link {
    let File { sha256, name } = file(sha256);
    Link {
        capture: Some(sha256),
        name: Some(name),
        at: Some(5),
        digest: running().digest,
        model: Some(MODEL_VERSION),
        ..Link::default()
    }
}

fn line(line_size: u32) -> Config {
    Config { line_size, ..Config::for_capture() }
}

fn lines(line_size: u32) -> Spec {
    Spec { config: line(line_size), ..Spec::default() }
}

#[test]
fn the_demo_is_fetched_run_and_opened() {
    let mut state = State::default();
    assert_eq!(state.apply(Action::Address("#/explore".to_owned())), []);
    assert!(state.apply(Action::EngineStarted).contains(&Effect::Fetch(File::default())));
    assert_eq!(state.loading.as_deref(), Some(DEMO_NAME));
    state.apply(Action::Read);
    let asked = state.apply(Action::Loaded(capture(DEMO_SHA256)));
    assert_eq!(asked, [Effect::Mark(false), Effect::Run(Spec::default())]);
    assert_eq!((state.run, &state.loading), (2, &None));
    state.apply(Action::Started(Spec::default()));
    assert_eq!(state.apply(Action::Done(results())), [Effect::Open, Effect::Mark(true)]);
    assert_eq!(state.digest.as_deref(), Some("0123456789abcdeffedcba9876543210"));
}

#[test]
fn another_configuration_runs_and_comes_back_to_the_moment() {
    let mut state = running();
    let asked = state.apply(Action::Configure(line(16)));
    assert!(asked.contains(&Effect::Run(lines(16))));
    state.apply(Action::Started(lines(16)));
    assert_eq!(state.apply(Action::Done(results())), [Effect::Restore, Effect::Mark(true)]);
}

#[test]
fn an_answer_about_a_moment_goes_with_it_and_other_notices_stay() {
    let mut state = running();
    let status = state.status.clone();
    state.apply(Action::Answer("There is no fault after this moment.".to_owned()));
    state.apply(Action::JumpTo(Jump::Drop));
    assert!(matches!(&state.notice, Some(Notice::Here(text)) if text.contains("no fault")));
    state.apply(Action::Status(status.clone()));
    assert_eq!(state.notice, None, "the player was told to go somewhere else");
    let other = Notice::Info("The link is on the clipboard.".to_owned());
    state.apply(Action::Inform("The link is on the clipboard.".to_owned()));
    state.apply(Action::Status(status));
    assert_eq!(state.notice, Some(other));
}

#[test]
fn the_page_waits_for_what_it_has_asked_for_and_for_nothing_else() {
    let mut state = State::default();
    state.apply(Action::Address(String::new()));
    assert!(!state.waits(), "nothing is asked for yet");
    state.apply(Action::EngineStarted);
    state.apply(Action::Read);
    assert!(state.waits(), "the capture is read");
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    assert!(state.waits(), "a run is asked for");
    state.apply(Action::Started(state.spec.clone()));
    assert!(state.waits(), "it goes on");
    state.apply(Action::Done(results()));
    assert!(!state.waits());
    let (ask, _) = state.inspect.ask(Asked::Frame);
    assert!(state.waits(), "a question is asked");
    state.apply(Action::Answered(ask, Answer::Nothing { why: String::new() }, Vec::new()));
    assert!(!state.waits());
    state.inspect.ask(Asked::Frame);
    state.apply(Action::EngineBroken("gone".to_owned()));
    assert!(!state.waits(), "nobody is there to answer");
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Started(state.spec.clone()));
    state.apply(Action::Refused(state.run, "too long".to_owned()));
    assert!(!state.waits() && state.halted && state.work().is_none(), "it has come to a halt");
    assert_eq!(state.notice, Some(Notice::Problem("too long".to_owned())));
}

#[test]
fn configurations_are_undone_and_redone() {
    let mut state = running();
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Configure(line(32)));
    assert!(state.apply(Action::Undo).contains(&Effect::Run(lines(16))));
    assert!(state.apply(Action::Undo).contains(&Effect::Run(lines(64))));
    assert_eq!(state.apply(Action::Undo), []);
    assert!(state.apply(Action::Redo).contains(&Effect::Run(lines(16))));
    state.apply(Action::Configure(line(64)));
    assert_eq!(state.apply(Action::Redo), [], "a new step ends what was undone");
}

#[test]
fn a_refused_configuration_leaves_what_was_there() {
    let mut state = running();
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Refused(state.run, "too large".to_owned()));
    assert_eq!(state.spec, Spec::default());
    assert_eq!(state.notice, Some(Notice::Problem("too large".to_owned())));
    assert!(!state.history.has_past());
}

#[test]
fn a_link_shows_its_moment_and_says_whether_it_was_reproduced() {
    let link = Link { packet: Some(3), ..running().link_at(77) };
    assert_eq!((link.model, link.capture.as_deref()), (Some(MODEL_VERSION), None));
    let mut state = running();
    assert!(state.apply(Action::Address(link.fragment())).contains(&Effect::Run(Spec::default())));
    state.apply(Action::Started(Spec::default()));
    let shown = state.apply(Action::Done(results()));
    assert_eq!(shown, [Effect::Moment(77), Effect::Select(Some(3)), Effect::LinkShown, Effect::Mark(true)]);
    assert!(state.verdict.is_some_and(|verdict| verdict.starts_with("reproduced")));
}

#[test]
fn an_embedded_page_speaks_of_nothing_that_it_lacks() {
    let mut state = State::new(true);
    let link = Link { capture: Some("ab".repeat(32)), name: Some("some.pcap".to_owned()), ..Link::default() };
    state.apply(Action::Address(link.fragment()));
    state.apply(Action::EngineStarted);
    state.apply(Action::Unreadable);
    let Some(Notice::Info(text)) = &state.notice else { panic!("{:?}", state.notice) };
    assert!(text.contains("open the full page and drop that file there"), "{text}");
    let mut state = running();
    state.embedded = true;
    state.apply(Action::Address("#/explore?v=2&change=lose:out:3".to_owned()));
    finish(&mut state);
    let Some(Notice::Info(text)) = &state.notice else { panic!("{:?}", state.notice) };
    assert!(text.ends_with("frame 3 lost on its way out."), "{text}");
}

#[test]
fn a_link_about_another_file_asks_for_it_until_it_is_there() {
    let mut state = State::default();
    let wanted = "ab".repeat(32);
    let link = link_about(&wanted);
    state.apply(Action::Address(format!("{}&evil=1", link.fragment())));
    state.apply(Action::EngineStarted);
    assert_eq!((&state.loading, &state.file), (&Some("some.pcap".to_owned()), &file(&wanted)));
    assert!(state.apply(Action::Unreadable).contains(&Effect::Fetch(File::default())), "the demo instead");
    assert!(
        matches!(&state.notice, Some(Notice::Info(text)) if text.contains("evil") && text.contains("drop that file"))
    );
    state.apply(Action::Read);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    assert!(finish(&mut state).contains(&Effect::Open));
    state.apply(Action::Dismiss);
    state.apply(Action::Configure(line(16)));
    assert_eq!(finish(&mut state), [Effect::Restore, Effect::Mark(true)], "the cursor stays where it is");
    assert_eq!(state.notice, None);
    open(&mut state, &wanted);
    assert_eq!(state.spec, Spec::default(), "it is the link's run");
    assert!(finish(&mut state).contains(&Effect::Moment(5)));
    assert!(
        state.verdict.as_deref().is_some_and(|verdict| verdict.starts_with("reproduced")),
        "{:?}",
        state.verdict
    );
    state.apply(Action::Undo);
    assert_eq!((&state.spec, &state.file), (&lines(16), &File::default()));
}

#[test]
fn a_file_that_a_link_waits_for_is_waited_for_after_a_reload_too() {
    let mut state = State::default();
    let (wanted, other) = ("ab".repeat(32), "cd".repeat(32));
    let link = link_about(&wanted);
    state.apply(Action::Address(link.fragment()));
    state.apply(Action::EngineStarted);
    state.apply(Action::Unreadable);
    state.apply(Action::Read);
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    finish(&mut state);
    open(&mut state, &other);
    finish(&mut state);
    // Twice: it is kept again.
    for _ in 0..2 {
        let (moment, kept) = (state.link_at(70).fragment(), state.kept(25.0));
        state = State::default();
        state.apply(Action::Resume(moment, kept));
        state.apply(Action::EngineStarted);
        state.apply(Action::Read);
        state.apply(Action::Loaded(capture(&other)));
        let shown = finish(&mut state);
        assert!(shown.contains(&Effect::Moment(70)), "what was there meanwhile is there: {shown:?}");
        let Some(Notice::Info(text)) = &state.notice else { panic!("{:?}", state.notice) };
        assert!(text.contains("some.pcap (SHA-256 abababababababab…) is waited for still"), "{text}");
    }
    // What was there meanwhile may not be stored.
    let mut again = State::default();
    again.apply(Action::Resume(state.link_at(70).fragment(), state.kept(25.0)));
    again.apply(Action::EngineStarted);
    again.apply(Action::Unreadable);
    let Some(Notice::Info(text)) = &again.notice else { panic!("{:?}", again.notice) };
    assert!(text.contains("is waited for still") && text.contains("is not stored"), "{text}");
    assert_eq!(again.pending.and_then(|link| link.capture), Some(wanted.clone()));
    open(&mut state, &"ef".repeat(32));
    let Some(Notice::Info(text)) = &state.notice else { panic!("{:?}", state.notice) };
    assert!(text.contains("is not the file that the link asks for"), "{text}");
    finish(&mut state);
    open(&mut state, &wanted);
    assert!(finish(&mut state).contains(&Effect::Moment(5)));
    assert!(state.verdict.as_deref().is_some_and(|verdict| verdict.starts_with("reproduced")));
    assert!(!state.kept(25.0).lines().next().is_some_and(|line| line.contains(' ')), "nothing is waited for");
}

#[test]
fn the_last_visit_is_resumed_and_a_spoiled_one_is_not() {
    let mut state = State::default();
    state.apply(Action::Resume("nonsense".to_owned(), String::new()));
    assert_eq!(state, State::default());
    let kept = Link { spec: lines(32), ..running().link_at(55) };
    state.apply(Action::Resume(kept.fragment(), "nonsense".to_owned()));
    state.apply(Action::EngineStarted);
    assert!(state.apply(Action::Loaded(capture(DEMO_SHA256))).contains(&Effect::Run(lines(32))));
    assert!(finish(&mut state).contains(&Effect::Moment(55)));
    assert_eq!(state.verdict, None);
}

#[test]
fn other_pages_leave_the_run_alone_and_unknown_ones_are_answered() {
    let mut state = running();
    let before = state.clone();
    assert_eq!(state.apply(Action::Address("#/memory".to_owned())), []);
    assert_eq!(state.apply(Action::Address("#/explore".to_owned())), []);
    assert_eq!(state, before);
    state.apply(Action::Address("#/nowhere".to_owned()));
    assert!(matches!(&state.notice, Some(Notice::Problem(text)) if text.contains("no page at this address")));
}

#[test]
fn a_link_of_a_file_names_it_and_that_of_the_demo_does_not() {
    let mut state = running();
    assert_eq!(state.link_at(1).capture, None);
    open(&mut state, "00");
    assert_eq!(state.link_at(1).capture, None, "the demo is on screen still");
    finish(&mut state);
    assert_eq!(state.link_at(1).capture.as_deref(), Some("00"));
}

#[test]
fn a_change_begins_a_branch_that_is_kept_beside_the_run() {
    let mut state = running();
    let lose = Change::Lose { from_peer: false, frame: 3 };
    let asked = state.apply(Action::Change(lose, 40));
    let changed = Spec { changes: vec![lose], ..Spec::default() };
    assert!(asked.contains(&Effect::Run(changed.clone())) && asked.contains(&Effect::Beside(Some(0))));
    state.apply(Action::Started(changed.clone()));
    state.apply(Action::Done(results()));
    assert_eq!((state.branches.len(), state.branches.current, state.bottom), (2, 1, Bottom::Branches));
    assert_eq!(state.link_at(5).spec, changed, "a link carries the change");
    assert!(state.apply(Action::Branch(0)).contains(&Effect::Run(Spec::default())));
    assert_eq!(state.branches.len(), 2, "the branch is kept");
    assert!(state.apply(Action::Undo).contains(&Effect::Run(changed.clone())));
    assert!(state.apply(Action::Undo).contains(&Effect::Run(Spec::default())));
    assert_eq!(state.branches.len(), 2, "the branch outlives that it was gone to");
    assert!(state.apply(Action::Redo).contains(&Effect::Run(changed)));
    state.apply(Action::Configure(line(16)));
    assert_eq!(state.spec.changes, [lose], "the same packets are there with other lines");
    let web = Config { workload: Workload::Web, ..line(16) };
    state.apply(Action::Configure(web));
    assert_eq!((state.spec.changes.len(), state.branches.len()), (0, 1), "other traffic has other packets");
}

#[test]
fn a_workload_needs_no_capture_and_a_capture_is_fetched_when_it_is_wanted() {
    let mut state = State::default();
    let web = Spec { config: Config { workload: Workload::Web, ..Config::for_capture() }, ..Spec::default() };
    let link = Link { spec: web.clone(), ..Link::default() };
    assert!(state.apply(Action::Address(link.fragment())).contains(&Effect::Run(web.clone())));
    let asked = state.apply(Action::EngineStarted);
    assert!(asked.contains(&Effect::Run(web)) && state.loading.is_none());
    let asked = state.apply(Action::Configure(Config::for_capture()));
    assert!(asked.contains(&Effect::Fetch(File::default())), "{asked:?}");
}

#[test]
fn bookmarks_are_kept_in_order_and_taken_away_again() {
    let mut state = running();
    for position in [50, 10, 30, 10] {
        state.apply(Action::Bookmark(position));
    }
    assert_eq!(state.bookmarks, [30, 50]);
    state.apply(Action::Filter(Filter::Bookmarks));
    assert_eq!(state.bottom, Bottom::Events, "they are listed among the events");
}

#[test]
fn a_link_s_commands_are_carried_out_once_when_it_is_shown() {
    let mut state = State::default();
    state.apply(Action::Address("#/explore?v=2&at=3&do=view-ledger".to_owned()));
    state.apply(Action::Loaded(capture(DEMO_SHA256)));
    state.apply(Action::Started(Spec::default()));
    let carried = Effect::Do(vec!["view-ledger"]);
    assert!(state.apply(Action::Done(results())).contains(&carried));
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Started(lines(16)));
    assert!(!state.apply(Action::Done(results())).contains(&carried));
}

#[test]
fn a_link_names_the_selected_line_by_its_bytes() {
    let mut state = running();
    state.apply(Action::SelectLine(Some(7)));
    state.line_hash = Some(0xbeef);
    let link = state.link_at(9);
    assert_eq!(link.line, Some(0xbeef));
    state.apply(Action::Address(link.fragment()));
    state.apply(Action::Started(Spec::default()));
    assert_eq!((state.line, state.line_hash), (None, None), "numbers are another run's");
    assert!(state.apply(Action::Done(results())).contains(&Effect::FindLine(0xbeef)));
}

#[test]
fn the_line_s_bytes_are_told_again_once_the_sheet_is_closed() {
    let mut state = running();
    state.apply(Action::SelectLine(Some(7)));
    assert_eq!(state.apply(Action::CloseLines), [Effect::SelectLine(Some(7))]);
    let answer =
        Answer::Frame { packet: 3, headers: Vec::new(), bytes: "ffff0102030405".to_owned(), payload: 2 };
    let (ask, _) = state.inspect.ask(Asked::Bytes(1, 4));
    state.apply(Action::Select(Some(3)));
    state.apply(Action::Answered(ask, answer, Vec::new()));
    assert_eq!(state.inspect.bytes.as_deref(), Some("020304"), "selecting a packet leaves the line");
    assert!(state.inspect.frame.is_none(), "the frame was asked for the line's sake");
}

#[test]
fn plots_go_by_time_and_back_and_stay_so_for_other_runs() {
    let mut state = running();
    assert_eq!(state.apply(Action::TurnAxis), [Effect::Axis(true)]);
    state.apply(Action::Configure(line(16)));
    state.apply(Action::Started(lines(16)));
    assert!(state.by_time);
    assert_eq!(state.apply(Action::TurnAxis), [Effect::Axis(false)]);
}

#[test]
fn a_packet_filter_holds_as_it_is_typed_and_the_last_good_one_stays() {
    let mut state = running();
    let thread = PacketFilter::parse("thread 3").unwrap();
    assert!(
        state
            .apply(Action::FilterPackets("thread 3".to_owned(), false))
            .contains(&Effect::FilterPackets(thread.clone()))
    );
    assert_eq!(state.apply(Action::FilterPackets("thread 3 le".to_owned(), false)), []);
    assert_eq!(
        (&state.packets.filter, state.notice.is_some()),
        (&thread, false),
        "there may be more to come"
    );
    assert_eq!(state.apply(Action::FilterPackets("thread 3 le".to_owned(), true)), []);
    assert!(
        matches!(&state.notice, Some(Notice::Problem(text)) if text.contains("“le”") && text.contains("len > 1000"))
    );
    assert!(state.packets.wrong && state.packets.filter == thread);
    state.apply(Action::FilterPackets("thread 3 len > 5".to_owned(), true));
    assert_eq!((state.packets.wrong, &state.notice), (false, &None));
    let link = state.link_at(7).fragment();
    assert!(link.contains("&filter=thread%203%20len%20%3E%205"), "{link}");
    state.apply(Action::FilterPackets(String::new(), false));
    assert!(!state.link_at(7).fragment().contains("filter"));
    state.apply(Action::Address(link));
    assert_eq!(state.packets.text, "thread 3 len > 5");
    state.apply(Action::Address("#/explore?v=2&filter=nonsense".to_owned()));
    assert!(state.packets.filter.is_empty() && state.notice.is_some());
}

#[test]
fn a_new_link_closes_what_lay_over_the_run_before() {
    let mut state = running();
    state.apply(Action::Settings(true));
    state.apply(Action::Place(Some(Place::Socket { side: crate::timeline::Side::Left, thread: 0 })));
    let effects = state.apply(Action::Address("#/explore?v=2&at=3".to_owned()));
    assert!(effects.contains(&Effect::Place(None)), "{effects:?}");
    assert_eq!((state.settings, state.place), (false, None));
}
