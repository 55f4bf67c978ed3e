//! The questions that wait, in the order in which they came, and the answer that is being worked on.

use std::collections::VecDeque;

use wasm_bindgen::JsValue;

use super::answer::{LongJob, nothing, reply};
use super::running::Finished;
use crate::engine::protocol::{Asking, Question};

/// A worker's ability to answer. Every question that is not cancelled gets its answer.
pub(super) trait Answers {
    /// Takes in what the page asks: an [`Asking`] as an object.
    fn hear(&mut self, asking: JsValue);
    /// Whether there is something to work on once nothing runs.
    fn waits(&self) -> bool;
    /// Works on answers about the run that is over, until a time; or answers why there is none.
    fn work(&mut self, finished: Result<&mut Finished, &str>, until: f64);
    /// The run that was asked about is gone.
    fn forget(&mut self);
}

/// The questions.
#[derive(Default)]
pub(super) struct Questions {
    /// Run, number, question.
    waiting: VecDeque<(u32, u32, Question)>,
    long: Option<Box<LongJob>>,
}

impl Answers for Questions {
    fn hear(&mut self, asking: JsValue) {
        match serde_wasm_bindgen::from_value(asking) {
            Ok(Asking::Ask { run, ask, question }) => self.waiting.push_back((run, ask, question)),
            Ok(Asking::Cancel { ask }) => {
                self.waiting.retain(|(_, number, _)| *number != ask);
                self.long = self.long.take().filter(|long| long.ask() != ask);
            }
            Err(_) => {}
        }
    }

    fn waits(&self) -> bool {
        self.long.is_some() || !self.waiting.is_empty()
    }

    fn work(&mut self, finished: Result<&mut Finished, &str>, until: f64) {
        if let Some(long) = &mut self.long {
            if long.work(until) {
                self.long = None;
            }
            return;
        }
        let Some((run, ask, question)) = self.waiting.pop_front() else { return };
        match finished {
            Ok(finished) if finished.run == run => {
                self.long = finished.answer(ask, &question).map(Box::new);
            }
            Ok(_) => reply(run, ask, nothing("Another run has taken its place."), &[]),
            Err(why) => reply(run, ask, nothing(why), &[]),
        }
    }

    fn forget(&mut self) {
        if let Some(long) = self.long.take() {
            reply(long.run(), long.ask(), nothing("Another run has taken its place."), &[]);
        }
    }
}
