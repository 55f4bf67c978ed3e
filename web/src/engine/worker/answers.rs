//! The questions that wait, in the order in which they came, and the answer that is being worked on.

use std::collections::VecDeque;

use js_sys::Uint32Array;
use wasm_bindgen::JsValue;

use super::answer::{Clock, Job, Progress};
use super::running::Finished;
use super::words::nothing;
use super::{now, send};
use crate::engine::protocol::{ASKED, Answer, Answered, Asking, Question};

/// A worker's ability to answer. Every question that is not cancelled gets its answer.
pub(super) trait Answers {
    /// Takes in what the page asks: an [`Asking`] as an object.
    fn hear(&mut self, asking: JsValue);
    /// Whether there is something to work on once nothing runs.
    fn waits(&self) -> bool;
    /// Works on answers about the run that is over, until a time; or answers why there is none.
    fn work(&mut self, finished: Result<&mut Finished, &str>, until: f64);
    /// Tells who waits what is done meanwhile, and how much of it, of a hundred.
    fn tell(&mut self, what: &str, percent: u32);
    /// The run that was asked about is gone.
    fn forget(&mut self);
}

/// The questions.
#[derive(Default)]
pub(super) struct Questions {
    /// Run, number, question.
    waiting: VecDeque<(u32, u32, Question)>,
    /// Run, number, and what is done for the answer.
    job: Option<(u32, u32, Job)>,
    /// The progress that was told last: number, what, of a hundred.
    told: Option<(u32, String, u32)>,
}

/// Something to tell, with the words beside it.
pub(super) type Told = (Answered, Option<Vec<u32>>);

impl Questions {
    /// Takes in what the page asks.
    pub(super) fn take(&mut self, asking: Asking) {
        match asking {
            Asking::Ask { run, ask, question } => self.waiting.push_back((run, ask, question)),
            Asking::Cancel { ask } => {
                self.waiting.retain(|(_, number, _)| *number != ask);
                self.job.take_if(|(_, number, _)| *number == ask);
            }
        }
    }

    /// Whether there is a question without its answer.
    pub(super) fn is_waiting(&self) -> bool {
        self.job.is_some() || !self.waiting.is_empty()
    }

    /// Works on the first question until time is up; what there is to tell of it.
    pub(super) fn go_on(&mut self, finished: Result<&mut Finished, &str>, clock: Clock<'_>) -> Option<Told> {
        let answer = |run, ask, answer| Some((Answered { run, ask, answer }, None));
        let finished = match finished {
            Ok(finished) => finished,
            Err(why) => {
                let (run, ask, _) = self.waiting.pop_front()?;
                return answer(run, ask, nothing(why));
            }
        };
        if self.job.is_none() {
            let (run, ask, question) = self.waiting.pop_front()?;
            if finished.run != run {
                return answer(run, ask, nothing("Another run has taken its place."));
            }
            match Job::new(finished, &question) {
                Ok(job) => self.job = Some((run, ask, job)),
                Err(instead) => return answer(run, ask, instead),
            }
        }
        let (run, ask, job) = self.job.as_mut()?;
        let (run, ask) = (*run, *ask);
        match job.work(finished, clock) {
            Progress::Open(what, percent) => self.progress(run, ask, what, percent),
            Progress::Over(answer, words) => {
                self.job = None;
                Some((Answered { run, ask, answer }, words))
            }
        }
    }

    /// How far a question is, unless that was told.
    fn progress(&mut self, run: u32, ask: u32, what: &str, percent: u32) -> Option<Told> {
        let news = (ask, what.to_owned(), percent);
        if self.told.as_ref() == Some(&news) {
            return None;
        }
        self.told = Some(news);
        Some((Answered { run, ask, answer: Answer::Progress { what: what.to_owned(), percent } }, None))
    }

    /// What is told of the first question that waits.
    pub(super) fn meanwhile(&mut self, what: &str, percent: u32) -> Option<Told> {
        let (run, ask, _) = self.waiting.front()?;
        self.progress(*run, *ask, what, percent)
    }

    /// The job is given up, as its run is gone.
    fn give_up(&mut self) -> Option<Told> {
        let (run, ask, _) = self.job.take()?;
        Some((Answered { run, ask, answer: nothing("Another run has taken its place.") }, None))
    }
}

/// Sends what there is to tell; words move to the page.
fn post(told: Option<Told>) {
    if let Some((answered, words)) = told {
        let words = words.map(|words| Uint32Array::from(&words[..]).into());
        send(ASKED, &answered, words.as_slice());
    }
}

impl Answers for Questions {
    fn hear(&mut self, asking: JsValue) {
        if let Ok(asking) = serde_wasm_bindgen::from_value(asking) {
            self.take(asking);
        }
    }

    fn waits(&self) -> bool {
        self.is_waiting()
    }

    fn work(&mut self, finished: Result<&mut Finished, &str>, until: f64) {
        post(self.go_on(finished, &mut || now() > until));
    }

    fn tell(&mut self, what: &str, percent: u32) {
        post(self.meanwhile(what, percent));
    }

    fn forget(&mut self) {
        post(self.give_up());
    }
}
