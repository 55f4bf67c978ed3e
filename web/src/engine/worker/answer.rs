//! Answers about a run that is over, in quanta.

use super::again::{self, Again};
use super::moment::{Visit, What};
use super::running::Finished;
use super::words::nothing;
use crate::engine::protocol::{Answer, Question};
use snapstack::memory::Plid;

/// Says whether a quantum's time is up.
pub(super) type Clock<'a> = &'a mut dyn FnMut() -> bool;

/// How far an answer is.
#[derive(Debug, PartialEq)]
pub(super) enum Progress {
    /// What is done, and how much of it, of a hundred.
    Open(&'static str, u32),
    /// The answer, and the words beside it.
    Over(Answer, Option<Vec<u32>>),
}

impl Progress {
    /// An answer with no words beside it.
    pub(super) fn answer(answer: Answer) -> Self {
        Self::Over(answer, None)
    }

    /// So much of all is done.
    pub(super) fn so_far(what: &'static str, done: u64, all: u64) -> Self {
        Self::Open(what, (done * 100 / all.max(1)).min(100) as u32)
    }
}

/// Work for an answer.
pub(super) enum Job {
    /// A moment is looked at.
    Visit(Box<Visit>),
    /// The run is made once more.
    Again(Box<Again>),
}

impl Job {
    /// Begins to answer a question.
    ///
    /// # Errors
    /// The answer, where there is nothing to work on.
    pub(super) fn new(finished: &mut Finished, question: &Question) -> Result<Self, Answer> {
        let (lane, what, at) = match question {
            Question::Frame { lane, packet, event } => {
                let seeker = finished.seeker(*lane).ok_or_else(|| nothing("There is no such lane."))?;
                let visit = Visit::before(seeker, *lane, *event, What::Frame { packet: *packet })?;
                return Ok(Self::Visit(Box::new(visit)));
            }
            Question::Dag { lane, of, at } => (*lane, What::Dag(*of), *at),
            Question::Line { lane, plid, at } => (*lane, What::Line(Plid(*plid)), *at),
            Question::Find { lane, of, bytes, at } => {
                (*lane, What::Find(*of, hex::decode(bytes).unwrap_or_default()), *at)
            }
            Question::History { lane, bytes, tags } => {
                let what = hex::decode(bytes).ok().map(|bytes| again::What::History { bytes, tags: *tags });
                let job = what.and_then(|what| Again::new(finished, *lane, what));
                let job = job.ok_or_else(|| nothing("The line cannot be followed."))?;
                return Ok(Self::Again(Box::new(job)));
            }
            Question::Frames { lane } => {
                let job = Again::new(finished, *lane, again::What::Frames);
                let job = job.ok_or_else(|| nothing("The run cannot be made again."))?;
                return Ok(Self::Again(Box::new(job)));
            }
        };
        let seeker = finished.seeker(lane).ok_or_else(|| nothing("There is no such lane."))?;
        Visit::at(seeker, lane, at, what).map(|visit| Self::Visit(Box::new(visit)))
    }

    /// Works on until time is up, or the answer is there. The clock is looked at at least once before long.
    pub(super) fn work(&mut self, finished: &mut Finished, clock: Clock<'_>) -> Progress {
        match self {
            Self::Again(again) => again.work(clock),
            Self::Visit(visit) => match finished.seeker(visit.lane()) {
                Some(seeker) => visit.work(seeker, clock),
                None => Progress::answer(nothing("There is no such lane.")),
            },
        }
    }
}
