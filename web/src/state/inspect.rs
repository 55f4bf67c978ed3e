//! What the worker has told about what is selected, and what is still asked.

use std::rc::Rc;

use crate::dag::Found;
use crate::engine::{Answer, DagOf, LineInfo};

/// A frame, as it was on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameInfo {
    /// The packet.
    pub packet: u32,
    /// Header fields: layer, field, value.
    pub headers: Vec<(String, String, String)>,
    /// Its bytes, in hex.
    pub bytes: String,
    /// First byte of the payload.
    pub payload: u32,
}

/// A moment of the run on screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct When {
    /// The position.
    pub position: u32,
    /// Its time, in nanoseconds.
    pub time_ns: u64,
}

/// Lines of segments at a moment, as the worker told them.
#[derive(Clone)]
pub struct DagInfo {
    /// The lane.
    pub lane: u32,
    /// Of what.
    pub of: DagOf,
    /// The moment.
    pub when: When,
    /// What each segment is, in words.
    pub labels: Rc<[String]>,
    /// The lines.
    pub words: Rc<[u32]>,
}

impl PartialEq for DagInfo {
    fn eq(&self, other: &Self) -> bool {
        // They are many: others are another allocation.
        Rc::ptr_eq(&self.words, &other.words)
    }
}

impl std::fmt::Debug for DagInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { lane, of, when, words, .. } = self;
        write!(f, "{of:?} of lane {lane} at {when:?}: {} words", words.len())
    }
}

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// A packet's frame.
    Frame,
    /// The bytes of the selected line: from where to where they stand in the payload of a frame that is asked for.
    Bytes(usize, usize),
    /// Lines of segments, of a lane, at a moment.
    Dag(u32, DagOf, When),
    /// All lines at the marked moment, which is this one.
    Marked(When),
    /// Why a line is alive.
    Line,
    /// Which lines hold some bytes.
    Find,
    /// How a line's count changes.
    History,
    /// All frames.
    Frames,
}

/// Everything that was told; what is asked last wins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inspect {
    /// The selected packet's frame.
    pub frame: Option<FrameInfo>,
    /// Why there is none.
    pub no_frame: Option<String>,
    /// The bytes of the line that is selected in the lanes, in hex, as far as a frame has them.
    pub bytes: Option<String>,
    /// Lines of segments.
    pub dag: Option<DagInfo>,
    /// Why there are none.
    pub no_dag: Option<String>,
    /// All lines at the marked moment, once they are there, to compare with.
    pub marked: Option<DagInfo>,
    /// Whether the lines on screen are to be compared with the marked moment.
    pub comparing: bool,
    /// The selected line of those.
    pub line: Option<LineInfo>,
    /// How its count changes: times in nanoseconds, and counts from then on.
    pub history: Option<Vec<(u64, u32)>>,
    /// What was looked for, and the lines that hold it.
    pub found: Option<Rc<Found>>,
    /// The line of the DAG that is selected: its PLID.
    pub plid: Option<u32>,
    /// What is done for an answer that takes long, and how much of it, of a hundred; the question's number.
    doing: Option<(u32, String, u32)>,
    /// Questions that have no answer yet: number and what.
    waiting: Vec<(u32, Asked)>,
    /// Bytes that are looked for.
    wanted: Vec<u8>,
    next: u32,
}

impl Inspect {
    /// Nothing is selected any more, of a run that goes on.
    pub fn clear(&mut self) {
        // A line stays selected beside packets.
        let waiting = self.waiting.iter().copied().filter(|(_, asked)| matches!(asked, Asked::Bytes(..)));
        let waiting = waiting.collect();
        *self = Self { next: self.next, bytes: self.bytes.take(), waiting, ..Self::default() };
    }

    /// No lines are shown any more.
    pub fn close_lines(&mut self) {
        (self.dag, self.no_dag, self.line, self.history) = (None, None, None, None);
        (self.found, self.plid) = (None, None);
        self.stop_comparing();
        self.waiting.retain(|(_, asked)| *asked == Asked::Frame);
    }

    /// The lines are shown by themselves again.
    pub fn stop_comparing(&mut self) {
        (self.marked, self.comparing) = (None, false);
    }

    /// What is done for an answer that takes long, and how much of it, of a hundred, once that is known.
    pub fn work(&self) -> Option<(String, Option<u32>)> {
        let (ask, _) = self.long()?;
        let told = self.doing.as_ref().filter(|(of, ..)| *of == ask);
        let waits = || ("Waiting for the simulation".to_owned(), None);
        Some(told.map_or_else(waits, |(_, what, percent)| (what.clone(), Some(*percent))))
    }

    /// The question that takes long: what its worker says is worked on, or else one that takes the whole run again.
    fn long(&self) -> Option<(u32, Asked)> {
        let told = |(ask, _): &(u32, Asked)| self.doing.as_ref().is_some_and(|(of, ..)| of == ask);
        let long = |(_, asked): &(u32, Asked)| matches!(asked, Asked::Frames | Asked::History);
        let mut waiting = self.waiting.iter();
        waiting.clone().find(|one| told(one)).or_else(|| waiting.find(|one| long(one))).copied()
    }

    /// What takes long is not wanted any more: the number of the question, if there is one.
    pub fn cancel_long(&mut self) -> Option<u32> {
        let (ask, asked) = self.long()?;
        self.waiting.retain(|(number, _)| *number != ask);
        match asked {
            Asked::Frame => self.no_frame = Some("It was cancelled.".to_owned()),
            Asked::Marked(_) => self.stop_comparing(),
            Asked::Line => self.plid = None,
            _ => {}
        }
        Some(ask)
    }

    /// What is asked will not be answered.
    pub fn give_up(&mut self) {
        self.waiting.clear();
        self.comparing &= self.marked.is_some();
    }

    /// A question is asked: its number, and that of an older one of its kind, which is not wanted any more.
    pub fn ask(&mut self, what: Asked) -> (u32, Option<u32>) {
        let same = |(_, other): &(u32, Asked)| std::mem::discriminant(other) == std::mem::discriminant(&what);
        let older = self.waiting.iter().position(same).map(|index| self.waiting.remove(index).0);
        self.next += 1;
        self.waiting.push((self.next, what));
        match what {
            Asked::Dag(..) => self.no_dag = None,
            Asked::Marked(_) => self.comparing = true,
            Asked::Line => self.history = None,
            Asked::Frame => self.no_frame = None,
            Asked::Bytes(..) => self.bytes = None,
            Asked::Find | Asked::History | Asked::Frames => {}
        }
        (self.next, older)
    }

    /// Bytes are looked for.
    pub fn look_for(&mut self, bytes: &[u8]) -> (u32, Option<u32>) {
        self.wanted = bytes.to_vec();
        self.ask(Asked::Find)
    }

    /// Whether a question of a kind waits for its answer.
    pub fn waits(&self, what: impl Fn(&Asked) -> bool) -> bool {
        self.waiting.iter().any(|(_, asked)| what(asked))
    }

    /// Takes an answer in, with what came beside it; what it answers, if it is wanted.
    pub fn take(&mut self, ask: u32, answer: Answer, words: &[u32]) -> Option<Asked> {
        let index = self.waiting.iter().position(|(number, _)| *number == ask)?;
        if let Answer::Progress { what, percent } = answer {
            self.doing = Some((ask, what, percent));
            return None;
        }
        let (_, asked) = self.waiting.remove(index);
        match (asked, answer) {
            (Asked::Frame, Answer::Frame { packet, headers, bytes, payload }) => {
                self.frame = Some(FrameInfo { packet, headers, bytes, payload });
            }
            (Asked::Bytes(from, to), Answer::Frame { bytes, payload, .. }) => {
                let at = |byte: usize| 2 * (payload as usize + byte);
                self.bytes = bytes.get(at(from)..at(to)).map(str::to_owned);
            }
            (Asked::Dag(lane, of, when), Answer::Dag { labels }) => {
                self.dag = Some(DagInfo { lane, of, when, labels: labels.into(), words: words.into() });
                (self.line, self.history, self.found, self.plid) = (None, None, None, None);
                self.marked = None;
            }
            (Asked::Marked(when), Answer::Dag { labels }) => {
                self.marked = self.dag.as_ref().filter(|_| self.comparing).map(|dag| DagInfo {
                    lane: dag.lane,
                    of: DagOf::All,
                    when,
                    labels: labels.into(),
                    words: words.into(),
                });
            }
            (Asked::Line, Answer::Line(info)) => self.line = Some(info),
            (Asked::Find, Answer::Found { plids, more }) => {
                self.found = Some(Rc::new(Found { bytes: self.wanted.clone(), plids, more }));
            }
            (Asked::History, Answer::History) => {
                let points = words.as_chunks::<3>().0.iter();
                let point =
                    |[low, high, count]: &[u32; 3]| (u64::from(*low) | u64::from(*high) << 32, *count);
                self.history = Some(points.map(point).collect());
            }
            (Asked::Frame, Answer::Nothing { why }) => {
                self.frame = None;
                self.no_frame = Some(why);
            }
            (Asked::Dag(..), Answer::Nothing { why }) => {
                self.dag = None;
                self.no_dag = Some(why);
            }
            (Asked::Marked(_), Answer::Nothing { why }) => {
                self.stop_comparing();
                self.no_dag = Some(why);
            }
            (Asked::Line | Asked::History, Answer::Nothing { .. }) => self.line = None,
            (Asked::Find, Answer::Nothing { .. }) => self.found = None,
            _ => {}
        }
        Some(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(packet: u32) -> Answer {
        Answer::Frame { packet, headers: Vec::new(), bytes: "ff".to_owned(), payload: 0 }
    }

    #[test]
    fn only_the_latest_question_of_a_kind_is_answered() {
        let mut inspect = Inspect::default();
        assert_eq!(inspect.ask(Asked::Frame), (1, None));
        assert_eq!(inspect.ask(Asked::Line), (2, None));
        assert_eq!(inspect.ask(Asked::Frame), (3, Some(1)));
        assert_eq!(inspect.take(1, frame(7), &[]), None);
        assert_eq!(inspect.frame, None);
        assert_eq!(inspect.take(3, frame(8), &[]), Some(Asked::Frame));
        assert_eq!(inspect.frame.as_ref().map(|frame| frame.packet), Some(8));
        assert!(inspect.waits(|asked| *asked == Asked::Line));
        inspect.clear();
        assert_eq!(inspect.take(2, Answer::Found { plids: vec![1], more: false }, &[]), None);
        assert_eq!(inspect.ask(Asked::History), (4, None), "numbers are never used again");
        inspect.take(4, Answer::History, &[5, 1, 2]);
        assert_eq!(inspect.history, Some(vec![(5 | 1 << 32, 2)]));
    }

    #[test]
    fn the_marked_moment_stays_until_other_lines_are_shown_or_it_is_enough() {
        let told = || Answer::Dag { labels: vec!["page".to_owned()] };
        let when = |position| When { position, time_ns: 10 * u64::from(position) };
        let mut inspect = Inspect::default();
        let show = |inspect: &mut Inspect| {
            let (ask, _) = inspect.ask(Asked::Dag(1, DagOf::All, when(9)));
            inspect.take(ask, told(), &[1, 2]);
        };
        let compare = |inspect: &mut Inspect| {
            let (ask, _) = inspect.ask(Asked::Marked(when(4)));
            inspect.take(ask, told(), &[3])
        };
        show(&mut inspect);
        assert_eq!(compare(&mut inspect), Some(Asked::Marked(when(4))));
        let marked = inspect.marked.clone().unwrap();
        assert_eq!((marked.lane, marked.when, &*marked.words), (1, when(4), &[3][..]));
        show(&mut inspect);
        assert!(inspect.comparing && inspect.marked.is_none(), "it is to be told anew");
        compare(&mut inspect);
        inspect.stop_comparing();
        assert_eq!(inspect.marked, None);
        let (ask, _) = inspect.ask(Asked::Marked(when(4)));
        inspect.stop_comparing();
        inspect.take(ask, told(), &[3]);
        assert_eq!(inspect.marked, None, "an answer that is not wanted any more");
    }

    #[test]
    fn what_is_done_for_an_answer_is_told_and_can_be_cancelled_whatever_was_asked() {
        let progress = |percent| Answer::Progress { what: "Making the run again".to_owned(), percent };
        let mut inspect = Inspect::default();
        let (frame, _) = inspect.ask(Asked::Frame);
        assert_eq!((inspect.work(), inspect.cancel_long()), (None, None), "an answer comes soon");
        assert_eq!(inspect.take(frame, progress(40), &[]), None);
        assert_eq!(inspect.work(), Some(("Making the run again".to_owned(), Some(40))));
        assert_eq!(inspect.cancel_long(), Some(frame));
        assert_eq!((inspect.work(), inspect.no_frame.as_deref()), (None, Some("It was cancelled.")));
        let (history, _) = inspect.ask(Asked::History);
        assert_eq!(inspect.work().map(|(_, percent)| percent), Some(None), "the whole run is needed");
        inspect.take(frame, progress(50), &[]);
        assert_eq!(inspect.work().map(|(_, percent)| percent), Some(None), "that was another question's");
        inspect.take(history, progress(60), &[]);
        inspect.take(history, Answer::History, &[]);
        assert_eq!(inspect.work(), None);
    }
}
