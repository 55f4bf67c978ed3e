//! A step of the history: what was on screen, whole, so that to go back is to have it again. Also as a line of text, in which
//! the next visit finds it.

use std::rc::Rc;

use super::{Bottom, Branches, DEMO_NAME, DEMO_SHA256, History, State};
use crate::player::{SLOTS, SPEEDS, Unit};
use crate::plots::PLOTS;
use crate::share::Link;
use crate::spec::Spec;
use crate::timeline::Jump;

/// Steps before and after the present one that the next visit has.
const KEPT: usize = 20;

/// A capture: what it holds, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// SHA-256, in hex.
    pub sha256: String,
    /// The file's name.
    pub name: String,
}

impl Default for File {
    fn default() -> Self {
        Self { sha256: DEMO_SHA256.to_owned(), name: DEMO_NAME.to_owned() }
    }
}

impl File {
    /// Whether it is the demo.
    pub fn is_demo(&self) -> bool {
        self.sha256 == DEMO_SHA256
    }

    /// The one that a link is about.
    pub fn of(link: &Link) -> Self {
        let file = link.capture.as_ref().map(|sha256| {
            let name = link.name.clone().unwrap_or_else(|| "a capture".to_owned());
            Self { sha256: sha256.clone(), name }
        });
        file.unwrap_or_default()
    }
}

/// A run with what was made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The run.
    pub spec: Spec,
    /// The capture that a run of a capture is of.
    pub file: File,
    /// The run among those with the same beginning.
    pub branches: Branches,
    /// The cursor's position.
    pub at: u32,
    /// The moment to compare with.
    pub mark: Option<u32>,
    /// Moments to come back to.
    pub bookmarks: Vec<u32>,
}

impl Step {
    /// As a line: words with spaces between. First the link, then the bookmarks, then the first of the branches, as a link,
    /// and each other one as `number:from:position:change`.
    fn write(&self) -> String {
        let mut branches = self.branches.iter();
        let first = branches.next().map(|branch| branch.spec.clone()).unwrap_or_default();
        let own = (!self.file.is_demo()).then(|| self.file.clone());
        let link = Link {
            spec: self.spec.clone(),
            at: Some(self.at),
            mark: self.mark,
            capture: own.as_ref().map(|file| file.sha256.clone()),
            name: own.map(|file| file.name),
            ..Link::default()
        };
        let bookmarks = numbers(&self.bookmarks);
        let mut line =
            format!("{} {bookmarks} {}", link.fragment(), Link { spec: first, ..Link::default() }.fragment());
        for branch in branches {
            if let Some((from, change, at)) = branch.origin {
                line += &format!(" {}:{from}:{at}:{change}", branch.id);
            }
        }
        line
    }

    /// Reads a line, as tree number `tree`; None for what is none.
    fn read(line: &str, tree: u32) -> Option<Self> {
        let mut words = line.split(' ');
        let (link, _) = Link::read(words.next()?).ok()?;
        let bookmarks = words.next()?.split(',').filter_map(|word| word.parse().ok()).collect();
        let (first, _) = Link::read(words.next()?).ok()?;
        let mut branches = Branches::new(first.spec, tree);
        for word in words {
            let mut parts = word.splitn(4, ':');
            let mut number = || parts.next()?.parse::<u32>().ok();
            let (id, from, at) = (number()?, number()?, number()?);
            branches.add(id, (from, parts.next()?.parse().ok()?, at));
        }
        let here = branches.go_to(&link.spec);
        here.then(|| Self {
            file: File::of(&link),
            spec: link.spec,
            branches,
            at: link.at.unwrap_or(0),
            mark: link.mark,
            bookmarks,
        })
    }
}

fn numbers(list: &[u32]) -> String {
    list.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

impl State {
    /// What is on screen, or asked for.
    pub(super) fn step(&self) -> Rc<Step> {
        Rc::new(Step {
            spec: self.spec.clone(),
            file: self.file.clone(),
            branches: self.branches.clone(),
            at: self.here,
            mark: self.mark,
            bookmarks: self.bookmarks.clone(),
        })
    }

    /// What the next visit is to have beside the moment: a line of numbers - plots, tab, what lies under the time bar, what
    /// steps go by, the axis, what jumps go to, speed, and which of the following lines is the present one -, then steps.
    pub fn kept(&self, speed: f64) -> String {
        let present = self.step();
        let (past, future) = self.history.recent(KEPT);
        let place = |all: &[Bottom], one| all.iter().position(|other| *other == one).unwrap_or(0) as u32;
        let mut view = Vec::from(self.plots.map(|plot| plot as u32));
        view.extend([
            self.tab as u32,
            place(&Bottom::ALL, self.bottom),
            u32::from(self.unit == Unit::Packet),
            u32::from(self.by_time),
            Jump::ALL.iter().position(|jump| *jump == self.jump).unwrap_or(0) as u32,
            SPEEDS.iter().position(|(value, _)| *value == speed).unwrap_or(0) as u32,
            past.len() as u32,
        ]);
        let mut text = numbers(&view);
        for step in past.iter().chain([&present]).chain(future) {
            text += "\n";
            text += &step.write();
        }
        text
    }

    /// Takes that over; the speed. What cannot be read is as if it had not been kept.
    pub(super) fn restore(&mut self, text: &str) -> Option<f64> {
        let mut lines = text.lines();
        let view: Vec<usize> = lines.next()?.split(',').filter_map(|word| word.parse().ok()).collect();
        let (plots, [tab, bottom, packets, by_time, jump, speed, present]) = view
            .split_first_chunk::<SLOTS>()
            .and_then(|(plots, rest)| Some((plots, rest.first_chunk::<7>()?)))?;
        self.plots = plots.map(|plot| plot.min(PLOTS.len() - 1));
        self.tab = (*tab).min(SLOTS - 1);
        self.bottom = *Bottom::ALL.get(*bottom)?;
        self.unit = if *packets == 1 { Unit::Packet } else { Unit::Event };
        self.by_time = *by_time == 1;
        self.jump = *Jump::ALL.get(*jump)?;
        let (mut past, mut future) = (Vec::new(), Vec::new());
        for (index, line) in lines.enumerate() {
            self.trees += 1;
            let Some(step) = Step::read(line, self.trees).map(Rc::new) else { continue };
            match index.cmp(present) {
                std::cmp::Ordering::Less => past.push(step),
                std::cmp::Ordering::Greater => future.push(step),
                // Else it is not of this moment.
                std::cmp::Ordering::Equal if step.spec == self.spec && step.file == self.file => {
                    self.branches = step.branches.clone();
                    self.returns = Some(step);
                }
                std::cmp::Ordering::Equal => {}
            }
        }
        self.history = History::restored(past, future);
        SPEEDS.get(*speed).map(|(value, _)| *value)
    }
}
