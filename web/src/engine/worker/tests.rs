//! Answers as a page gets them, without a browser: in quanta that end when the test's clock says so.

use snapstack::buffers::Scheme;
use snapstack::sim::{Config, Event, Kind, Setup, Stage, Workload};
use xxhash_rust::xxh3::xxh3_64;

use super::answers::{Questions, Told};
use super::lanes::seeking;
use super::running::{Finished, too_long};
use crate::dag::Forest;
use crate::engine::protocol::{Answer, Asking, DagOf, Moment, Question};

const RUN: u32 = 7;

/// A crowded run: threads that share a slow link over several queues, so that packets wait long in their rings, the link loses
/// some, and much happens at once.
fn crowded() -> Setup {
    let config = Config {
        workload: Workload::Bulk,
        threads: 24,
        bytes: 40_000,
        queues: 4,
        doorbell_every: 1,
        megabits: 100,
        loss: 5_000,
        ..Config::default()
    };
    Setup::new(config, None)
}

/// A run that is over, and the events of its lanes.
fn finished(setup: &Setup) -> (Finished, Vec<Vec<Event>>) {
    let mut lanes: Vec<_> = Scheme::ALL.iter().map(|scheme| seeking(*scheme, setup).unwrap()).collect();
    let mut events = Vec::new();
    for lane in &mut lanes {
        let mut told = Vec::new();
        while !lane.is_over() {
            lane.advance(128).unwrap();
            told.extend(lane.take_events());
        }
        events.push(told.as_chunks().0.iter().filter_map(Event::decode).collect());
    }
    (Finished { run: RUN, setup: setup.clone(), lanes }, events)
}

fn ask(questions: &mut Questions, ask: u32, question: Question) {
    questions.take(Asking::Ask { run: RUN, ask, question });
}

/// What the page is told until nothing waits any more; a quantum ends at every look at the clock.
fn all_told(questions: &mut Questions, finished: &mut Finished) -> Vec<Told> {
    let mut told = Vec::new();
    while questions.is_waiting() {
        told.extend(questions.go_on(Ok(finished), &mut || true));
    }
    told
}

/// The answer to one question, and how many quanta it took.
fn answer(finished: &mut Finished, question: Question) -> (Answer, Option<Vec<u32>>, u32) {
    let mut questions = Questions::default();
    ask(&mut questions, 1, question);
    let mut quanta = 0;
    loop {
        quanta += 1;
        match questions.go_on(Ok(finished), &mut || true) {
            Some((answered, words)) if !matches!(answered.answer, Answer::Progress { .. }) => {
                return (answered.answer, words, quanta);
            }
            _ => {}
        }
    }
}

/// The last event of a stage before `at`, of the right lane: index, packet.
fn last_of(events: &[Event], stage: Stage, at: usize) -> (u32, u32) {
    let is = |event: &Event| matches!(event.kind, Kind::Stage { stage: entered, .. } if entered == stage);
    let index = events[..at].iter().rposition(is).unwrap();
    (index as u32, events[index].packet)
}

#[test]
fn every_packet_s_frame_is_found_and_is_the_one_on_the_wire() {
    let (mut finished, lanes) = finished(&crowded());
    for (lane, events) in (0..).zip(&lanes) {
        let mut hashes = std::collections::HashMap::new();
        for event in events {
            if let Kind::Frame { len, hash } = event.kind {
                hashes.entry(event.packet).or_insert((len, hash));
            }
        }
        let (mut sent, mut arrived) = (0, 0);
        for (index, event) in (0..).zip(events) {
            let Kind::Stage { stage, len, .. } = event.kind else { continue };
            if !matches!(stage, Stage::Dma | Stage::WireIn) {
                continue;
            }
            let packet = event.packet;
            let question = Question::Frame { lane, packet, event: index };
            let (found, ..) = answer(&mut finished, question);
            let Answer::Frame { packet: of, bytes, .. } = found else {
                panic!("packet {packet} of lane {lane}: {found:?}")
            };
            assert_eq!(of, packet);
            let bytes = hex::decode(bytes).unwrap();
            if stage == Stage::Dma {
                let frame = (bytes.len() as u32, xxh3_64(&bytes));
                assert_eq!(Some(&frame), hashes.get(&packet), "packet {packet} of lane {lane}");
                sent += 1;
            } else {
                assert_eq!(bytes.len() as u32, len, "frame {packet} of lane {lane}");
                arrived += 1;
            }
        }
        assert_eq!(sent, hashes.len());
        assert!(sent > 500 && arrived > 200, "{sent} sent, {arrived} arrived");
    }
    let (none, ..) = answer(&mut finished, Question::Frame { lane: 0, packet: 1, event: u32::MAX });
    assert!(matches!(none, Answer::Nothing { why } if why.contains("never on the wire")));
}

#[test]
fn the_moment_of_a_packet_has_it_in_its_slot_as_long_as_it_is_there_on_screen() {
    let (mut finished, lanes) = finished(&crowded());
    let events = &lanes[1];
    let mut late = 0;
    for (index, event) in (0..).zip(events) {
        let Kind::Stage { stage: Stage::Completion, .. } = event.kind else { continue };
        let packet = event.packet;
        // The last event on screen is the one before it leaves its slot.
        for before in [None, Some(index)] {
            let at = Moment { events: index, before };
            let (found, words, _) =
                answer(&mut finished, Question::Dag { lane: 1, of: DagOf::Packet(packet), at });
            match (before, found) {
                (_, Answer::Dag { labels }) => {
                    let forest = Forest::from_words(&labels, &words.unwrap()).unwrap();
                    assert_eq!(forest.segments[0].label, format!("packet {packet}"));
                    assert!(!forest.lines.is_empty());
                }
                // The step that empties its slot has made records that are on screen.
                (None, Answer::Nothing { .. }) => late += 1,
                (_, other) => panic!("packet {packet}: {other:?}"),
            }
        }
    }
    assert!(late > 0, "the moment alone would do");
}

#[test]
fn questions_are_answered_in_quanta_in_their_order_and_a_cancelled_one_is_not() {
    let (mut finished, lanes) = finished(&crowded());
    let events = &lanes[1];
    let at = |share: usize| Moment { events: (events.len() * share / 10) as u32, before: None };
    let (index, packet) = last_of(events, Stage::Dma, events.len() / 2);
    let dag = |share| Question::Dag { lane: 1, of: DagOf::All, at: at(share) };
    let mut questions = Questions::default();
    ask(&mut questions, 1, dag(3));
    ask(&mut questions, 2, Question::Frame { lane: 1, packet, event: index });
    ask(&mut questions, 3, dag(9));
    ask(&mut questions, 4, Question::Find { lane: 1, of: DagOf::All, bytes: "00ff".to_owned(), at: at(6) });
    ask(&mut questions, 5, Question::Line { lane: 1, plid: 1, at: at(8) });
    ask(&mut questions, 6, Question::Frames { lane: 0 });
    // The first one is on its way when it is cancelled, and so is one that waits.
    for _ in 0..3 {
        questions.go_on(Ok(&mut finished), &mut || true);
    }
    questions.take(Asking::Cancel { ask: 1 });
    questions.take(Asking::Cancel { ask: 3 });
    let told = all_told(&mut questions, &mut finished);
    let answers: Vec<u32> = told
        .iter()
        .filter(|(answered, _)| !matches!(answered.answer, Answer::Progress { .. }))
        .map(|(answered, _)| answered.ask)
        .collect();
    assert_eq!(answers, [2, 4, 5, 6]);
    assert!(told.is_sorted_by_key(|(answered, _)| answered.ask), "one after the other");
    for ask in [2, 4, 6] {
        let progress = told.iter().filter_map(|(answered, _)| match &answered.answer {
            Answer::Progress { percent, .. } if answered.ask == ask => Some(*percent),
            _ => None,
        });
        let progress: Vec<u32> = progress.collect();
        assert!(
            !progress.is_empty() && progress.iter().all(|percent| *percent <= 100),
            "{ask}: {progress:?}"
        );
    }
}

#[test]
fn what_is_looked_at_in_parts_is_what_one_look_tells() {
    let (mut finished, lanes) = finished(&crowded());
    let at = Moment { events: lanes[1].len() as u32 / 2, before: None };
    let (found, words, quanta) = answer(&mut finished, Question::Dag { lane: 1, of: DagOf::All, at });
    let Answer::Dag { labels } = found else { panic!("{found:?}") };
    assert!(quanta > 100, "{quanta} quanta");
    let seeker = finished.seeker(1).unwrap();
    assert_eq!(seeker.lane().steps(), seeker.step_after(at.events.into()));
    let snapshot = seeker.lane().snapshot().unwrap();
    let segments: Vec<_> = snapshot.holdings().into_iter().map(|(id, _)| id).zip(labels.clone()).collect();
    let whole = Forest::of_segments(snapshot.memory(), &segments, 120_000).unwrap();
    assert_eq!(words.unwrap(), whole.to_words());

    let leaf = whole.lines.iter().filter(|line| line.height == 0).max_by_key(|line| line.references).unwrap();
    let plid = snapstack::memory::Plid(leaf.plid);
    let (referrers, ways) = (snapshot.memory().referrers(plid), snapshot.memory().reachable_from(plid));
    let bytes = hex::encode(&*snapshot.memory().peek(plid).unwrap());
    let (found, _, quanta) = answer(&mut finished, Question::Line { lane: 1, plid: plid.0, at });
    let Answer::Line(info) = found else { panic!("{found:?}") };
    assert_eq!((info.references, &info.bytes), (leaf.references, &bytes));
    assert_eq!((info.referrers.len(), info.ways.len()), (referrers.len().min(24), ways.len().min(24)));
    assert!(quanta > 1);

    let (found, _, quanta) = answer(&mut finished, Question::Find { lane: 1, of: DagOf::All, bytes, at });
    let Answer::Found { plids, more: false } = found else { panic!("{found:?}") };
    assert!(plids.contains(&plid.0) && quanta > 10, "{plids:?} in {quanta} quanta");
}

#[test]
fn references_are_counted_over_the_run_of_data_lines_and_of_those_above_them() {
    let (mut finished, lanes) = finished(&crowded());
    let at = Moment { events: lanes[1].len() as u32 / 2, before: None };
    let (found, words, _) = answer(&mut finished, Question::Dag { lane: 1, of: DagOf::All, at });
    let Answer::Dag { labels } = found else { panic!("{found:?}") };
    let forest = Forest::from_words(&labels, &words.unwrap()).unwrap();
    for height in [0, 1] {
        let lines = forest.lines.iter().filter(|line| line.height == height);
        let line = lines.max_by_key(|line| line.references).unwrap();
        let (found, ..) = answer(&mut finished, Question::Line { lane: 1, plid: line.plid, at });
        let Answer::Line(info) = found else { panic!("{found:?}") };
        assert_eq!(info.tags == 0, height == 0);
        let mut counts = |tags| {
            let history = Question::History { lane: 1, bytes: info.bytes.clone(), tags };
            let (_, words, _) = answer(&mut finished, history);
            words.unwrap().chunks(3).map(|point| point[2]).collect::<Vec<_>>()
        };
        let told = counts(info.tags);
        assert!(told.contains(&info.references), "height {height}: {} in {told:?}", info.references);
        assert!(height == 0 || counts(0) == [0], "no data line holds these bytes");
    }
}

#[test]
fn who_asks_before_the_run_is_there_hears_what_is_done_meanwhile() {
    let mut questions = Questions::default();
    assert!(questions.meanwhile("Making the run again", 0).is_none(), "nobody asks");
    ask(&mut questions, 1, Question::Frames { lane: 0 });
    ask(&mut questions, 2, Question::Frames { lane: 1 });
    let mut told = |percent| {
        questions.meanwhile("Making the run again", percent).map(|(told, _)| (told.ask, told.answer))
    };
    let progress = |percent| Answer::Progress { what: "Making the run again".to_owned(), percent };
    assert_eq!(told(4), Some((1, progress(4))));
    assert_eq!(told(4), None, "that is known");
    assert_eq!(told(5), Some((1, progress(5))));
    questions.take(Asking::Cancel { ask: 1 });
    let next = questions.meanwhile("Making the run again", 5).map(|(told, _)| told.ask);
    assert_eq!(next, Some(2));
}

#[test]
fn a_run_that_is_too_long_is_told_in_the_numbers_of_the_time_bar() {
    let text = too_long();
    assert!(
        text.contains("more than 8,000,000 events") && text.contains("what both lanes do alike"),
        "{text}"
    );
}
