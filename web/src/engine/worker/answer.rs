//! Answers about moments of a run that is over.

use js_sys::Uint32Array;
use snapstack::buffers::{Holding, Snapshot};
use snapstack::memory::{Plid, Referrer, SegmentId};
use snapstack::nic::payload_start;
use snapstack::sim::{Lane, Seeker};
use wasm_bindgen::JsValue;

use super::catch::Catcher;
use super::running::Finished;
use super::{now, send};
use crate::dag::{Forest, find_content};
use crate::engine::headers;
use crate::engine::protocol::{ASKED, Answer, Answered, DagOf, LineInfo, Question};

/// Lines of a DAG that are sent at the most.
const MOST_LINES: usize = 120_000;
/// Ways to a line that are told, and referrers.
const MOST_WAYS: usize = 24;
/// Lines that a search tells.
const MOST_FOUND: usize = 1000;
/// Steps after the moment before a frame within which it is on the link.
const FRAME_STEPS: u32 = 4096;
/// How long before its event a frame is looked for, in nanoseconds: where much happens at once, the software's clock, which
/// stamps the event, is ahead of the step in which the NIC reads.
const FRAME_LEADS: [u64; 3] = [1, 100_000, 2_000_000];
/// Steps between two looks at the clock.
const STEPS: u32 = 64;

/// Work for an answer that takes more than a quantum: the run once more, looked at on the way.
pub(super) struct LongJob {
    run: u32,
    ask: u32,
    lane: Lane<Catcher>,
    /// Events of the whole run.
    all: u64,
    what: What,
}

enum What {
    /// The reference count of a content, as it changes.
    History { bytes: Vec<u8>, last: Option<u32>, words: Vec<u32> },
    /// All frames, into the lane's tap.
    Frames,
}

impl LongJob {
    /// Number of the run.
    pub(super) fn run(&self) -> u32 {
        self.run
    }

    /// Number of the question.
    pub(super) fn ask(&self) -> u32 {
        self.ask
    }

    /// Works on until a time; true when the answer was given.
    pub(super) fn work(&mut self, until: f64) -> bool {
        loop {
            let goes_on = match &mut self.what {
                What::Frames => self.lane.step_many(STEPS),
                What::History { bytes, last, words } => (0..STEPS).all(|_| {
                    let goes_on = self.lane.step();
                    let count = self.lane.snapshot().and_then(|snapshot| {
                        let memory = snapshot.memory();
                        memory.references(memory.find_content(bytes)?)
                    });
                    let count = count.unwrap_or(0);
                    if *last != Some(count) {
                        let time = self.lane.now();
                        words.extend([time as u32, (time >> 32) as u32, count]);
                        *last = Some(count);
                    }
                    goes_on
                }),
            };
            self.lane.discard_events();
            if !goes_on {
                break;
            }
            if now() > until {
                let percent = (self.lane.events() * 100 / self.all.max(1)).min(100) as u32;
                reply(self.run, self.ask, Answer::Progress { percent }, &[]);
                return false;
            }
        }
        let (run, ask) = (self.run, self.ask);
        match &self.what {
            What::History { words, .. } => {
                reply(run, ask, Answer::History, &[Uint32Array::from(&words[..]).into()]);
            }
            What::Frames => {
                let file = self.lane.tap().file();
                let mut padded = file.clone();
                padded.resize(file.len().next_multiple_of(4), 0);
                let words: Vec<u32> =
                    padded.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
                let answer = Answer::Frames { bytes: file.len() as u32 };
                reply(run, ask, answer, &[Uint32Array::from(&words[..]).into()]);
            }
        }
        true
    }
}

impl Finished {
    /// Answers a question at once, or begins work that takes longer.
    pub(super) fn answer(&mut self, ask: u32, question: &Question) -> Option<LongJob> {
        let run = self.run;
        let (answer, arrays) = match question {
            Question::Frame { lane, packet, time_ns } => (self.frame(*lane, *packet, *time_ns), Vec::new()),
            Question::Dag { lane, of, time_ns } => self.dag(*lane, *of, *time_ns),
            Question::Line { lane, plid, time_ns } => {
                (self.at(*lane, *time_ns, |snapshot| line(snapshot, Plid(*plid))), Vec::new())
            }
            Question::Find { lane, of, bytes, time_ns } => {
                (self.at(*lane, *time_ns, |snapshot| find(snapshot, *of, bytes)), Vec::new())
            }
            Question::History { lane, bytes } => {
                let what = hex::decode(bytes).ok().map(|bytes| What::History {
                    bytes,
                    last: None,
                    words: Vec::new(),
                });
                match what.and_then(|what| self.again(*lane, Catcher::default(), what, ask)) {
                    Some(job) => return Some(job),
                    None => (nothing("The line cannot be followed."), Vec::new()),
                }
            }
            Question::Frames { lane } => {
                let tap = Catcher::to_file("snapstack");
                match self.again(*lane, tap, What::Frames, ask) {
                    Some(job) => return Some(job),
                    None => (nothing("The run cannot be made again."), Vec::new()),
                }
            }
        };
        reply(run, ask, answer, &arrays);
        None
    }

    /// The same run from its beginning.
    fn again(&mut self, lane: u32, tap: Catcher, what: What, ask: u32) -> Option<LongJob> {
        let lane = self.lanes.get_mut(lane as usize)?;
        let seeker = lane.seeker()?;
        let all = seeker.reached();
        let lane = Lane::new(seeker.lane().scheme(), &self.setup, tap).ok()?;
        Some(LongJob { run: self.run, ask, lane, all, what })
    }

    /// A lane, to go to any moment.
    fn seeker(&mut self, lane: u32) -> Option<&mut Seeker<Catcher>> {
        self.lanes.get_mut(lane as usize)?.seeker()
    }

    /// Something about the snapshot scheme of a lane at a moment.
    fn at(&mut self, lane: u32, time_ns: u64, tell: impl FnOnce(&Snapshot) -> Answer) -> Answer {
        let Some(seeker) = self.seeker(lane) else {
            return nothing("There is no such lane.");
        };
        if let Err(error) = seeker.seek(time_ns) {
            return nothing(&error.to_string());
        }
        match seeker.lane().snapshot() {
            Some(snapshot) => tell(snapshot),
            None => nothing("A conventional stack has no lines: its memory is pages and buffers."),
        }
    }

    fn frame(&mut self, lane: u32, packet: u32, time_ns: u64) -> Answer {
        let Some(seeker) = self.seeker(lane) else {
            return nothing("There is no such lane.");
        };
        let tap = seeker.lane().tap().clone();
        let mut frame = None;
        for lead in FRAME_LEADS {
            if let Err(error) = seeker.seek(time_ns.saturating_sub(lead)) {
                return nothing(&error.to_string());
            }
            // Seeking passes frames too, and those are not the ones that were asked for.
            tap.want(Some(packet));
            for _ in 0..FRAME_STEPS {
                let goes_on = seeker.lane_mut().step();
                frame = tap.take();
                if frame.is_some() || !goes_on {
                    break;
                }
            }
            seeker.lane_mut().discard_events();
            tap.want(None);
            if frame.is_some() {
                break;
            }
        }
        let Some(frame) = frame else { return nothing("Its frame is never on the wire.") };
        Answer::Frame {
            packet,
            headers: headers::decode(&frame),
            payload: payload_start(&frame) as u32,
            bytes: hex::encode(&frame),
        }
    }

    fn dag(&mut self, lane: u32, of: DagOf, time_ns: u64) -> (Answer, Vec<JsValue>) {
        let mut arrays = Vec::new();
        let answer = self.at(lane, time_ns, |snapshot| {
            let memory = snapshot.memory();
            let chosen = match chosen(snapshot, of) {
                Ok(chosen) => chosen,
                Err(why) => return nothing(why),
            };
            match Forest::of_segments(memory, &chosen, MOST_LINES) {
                Ok(forest) => {
                    arrays.push(Uint32Array::from(&forest.to_words()[..]).into());
                    Answer::Dag { time_ns, labels: chosen.into_iter().map(|(_, name)| name).collect() }
                }
                Err(error) => nothing(&error.to_string()),
            }
        });
        (answer, arrays)
    }
}

/// Sends an answer with typed arrays, which move to the page.
pub(super) fn reply(run: u32, ask: u32, answer: Answer, arrays: &[JsValue]) {
    send(ASKED, &Answered { run, ask, answer }, arrays);
}

pub(super) fn nothing(why: &str) -> Answer {
    Answer::Nothing { why: why.to_owned() }
}

/// What holds a segment, in words; slots by their numbers in their rings.
fn name(snapshot: &Snapshot, holding: Holding) -> String {
    let nic = snapshot.nic();
    match holding {
        Holding::App { user } => format!("application's buffer {user}"),
        Holding::Queue { payload } => format!("socket's queue, payload {payload}"),
        Holding::TxSlot { queue, slot, packet } => {
            let base = nic.tx.get(usize::from(queue)).map_or(0, |ring| ring.base());
            format!("TX slot {}, packet {packet}", slot - base)
        }
        Holding::RxSlot { queue, slot } => {
            let base = nic.rx.get(usize::from(queue)).map_or(0, |ring| ring.base());
            format!("RX slot {}", slot - base)
        }
    }
}

/// What holds segments with content, in the order of segments.
fn named(snapshot: &Snapshot) -> Vec<(SegmentId, String)> {
    snapshot.holdings().into_iter().map(|(id, holding)| (id, name(snapshot, holding))).collect()
}

fn line(snapshot: &Snapshot, plid: Plid) -> Answer {
    let memory = snapshot.memory();
    let Some(references) = memory.references(plid) else {
        return nothing("There is no such line at this moment: it was freed, or is yet to come.");
    };
    let names: std::collections::HashMap<SegmentId, String> = named(snapshot).into_iter().collect();
    let segment = |id: SegmentId| {
        let holder = names.get(&id).map_or("a stack segment", String::as_str);
        format!("segment {}: {holder}", id.0)
    };
    let referrers = memory.referrers(plid).into_iter().take(MOST_WAYS).map(|referrer| match referrer {
        Referrer::Line { plid, word, waiting: false } => format!("line {plid}, word {word}"),
        Referrer::Line { plid, word, waiting: true } => {
            format!("line {plid}, word {word}, which is dead and waits")
        }
        Referrer::Segment(id) => segment(id),
        Referrer::Cursor(_) => "an open cursor".to_owned(),
    });
    let ways = memory.reachable_from(plid).into_iter().take(MOST_WAYS).map(|reach| {
        let path: Vec<String> = reach.path.iter().map(|plid| plid.to_string()).collect();
        format!("{} → {}", segment(reach.segment), path.join(" → "))
    });
    Answer::Line(LineInfo {
        plid: plid.0,
        bytes: memory.peek(plid).map(|bytes| hex::encode(&*bytes)).unwrap_or_default(),
        references,
        referrers: referrers.collect(),
        ways: ways.collect(),
    })
}

/// The lines of segments that hold bytes, given in hex.
fn find(snapshot: &Snapshot, of: DagOf, bytes: &str) -> Answer {
    let segments: Vec<SegmentId> = match chosen(snapshot, of) {
        Ok(chosen) => chosen.into_iter().map(|(segment, _)| segment).collect(),
        Err(why) => return nothing(why),
    };
    let bytes = hex::decode(bytes).unwrap_or_default();
    match find_content(snapshot.memory(), &segments, &bytes, MOST_FOUND) {
        Ok(found) => Answer::Found { plids: found.plids, more: found.more },
        Err(error) => nothing(&error.to_string()),
    }
}

/// The segments that are meant, each with what holds it.
fn chosen(snapshot: &Snapshot, of: DagOf) -> Result<Vec<(SegmentId, String)>, &'static str> {
    let named = named(snapshot);
    Ok(match of {
        DagOf::Segment(segment) => {
            let found = named.into_iter().find(|(id, _)| id.0 == segment);
            vec![found.ok_or("Nothing holds that segment at this moment.")?]
        }
        DagOf::Packet(packet) => {
            let segment = snapshot.slot_of(packet).ok_or("The packet is in no ring at this moment.")?;
            vec![(segment, format!("packet {packet}"))]
        }
        DagOf::All => named,
    })
}
