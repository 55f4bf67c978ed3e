//! A step of the history: what was on screen, whole, so that to go back is to have it again. Also as a line of text, in which
//! the next visit finds it.

use std::rc::Rc;

use super::runs::named;
use super::{Branches, DEMO_NAME, DEMO_SHA256, History, State};
use crate::filter::PacketFilter;
use crate::player::{SLOTS, SPEEDS, Unit};
use crate::share::Link;
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
    /// The run, the moment, what is selected and compared with, and the packet filter.
    pub link: Link,
    /// The capture that a run of a capture is of.
    pub file: File,
    /// The run among those with the same beginning.
    pub branches: Branches,
    /// Moments to come back to.
    pub bookmarks: Vec<u32>,
    /// Whether a link lies between this step and the next one: links bring a moment and a view of their own, which go with
    /// them.
    pub linked: bool,
}

/// Highest number of a tree that is read: it leaves room for those that follow.
const MOST_TREES: u32 = 1 << 30;
/// What stands before the number of the tree in a linked step.
const LINKED: &str = "link";

impl Step {
    /// As a line: words with spaces between. First the link, then number of the tree and bookmarks, then the first of the
    /// branches, as a link, and each other one as `number:from:position:change`.
    fn write(&self) -> String {
        let mut branches = self.branches.iter();
        let first = branches.next().map(|branch| branch.spec.clone()).unwrap_or_default();
        let own = (!self.file.is_demo()).then(|| self.file.clone());
        let mut link = self.link.clone();
        if let Some(file) = own {
            (link.capture, link.name) = (Some(file.sha256), Some(file.name));
        }
        let bookmarks = numbers(&self.bookmarks);
        let linked = if self.linked { LINKED } else { "" };
        let first = Link { spec: first, ..Link::default() };
        let tree = self.branches.tree();
        let mut line = format!("{} {linked}{tree},{bookmarks} {}", link.fragment(), first.fragment());
        for branch in branches {
            if let Some((from, change, at)) = branch.origin {
                line += &format!(" {}:{from}:{at}:{change}", branch.id);
            }
        }
        line
    }

    /// Reads a line, whose tree is numbered `before` trees later; None for what is none.
    fn read(line: &str, before: u32) -> Option<Self> {
        let mut words = line.split(' ');
        let (link, _) = Link::read(words.next()?).ok()?;
        let (linked, bookmarks) = words.next()?.split_once(',')?;
        let tree: u32 = linked.trim_start_matches(LINKED).parse().unwrap_or(0);
        let linked = linked.starts_with(LINKED);
        let bookmarks = bookmarks.split(',').filter_map(|word| word.parse().ok()).collect();
        let (first, _) = Link::read(words.next()?).ok()?;
        let mut branches = Branches::new(first.spec, before.saturating_add(tree).min(MOST_TREES));
        for word in words {
            let mut parts = word.splitn(4, ':');
            let mut number = || parts.next()?.parse::<u32>().ok();
            let (id, from, at) = (number()?, number()?, number()?);
            branches.add(id, (from, parts.next()?.parse().ok()?, at));
        }
        let here = branches.go_to(&link.spec);
        here.then(|| Self { file: File::of(&link), link, branches, bookmarks, linked })
    }
}

fn numbers(list: &[u32]) -> String {
    list.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

impl State {
    /// What is on screen, or asked for.
    pub(super) fn step(&self) -> Rc<Step> {
        Rc::new(self.step_of(self.packets.filter.clone(), false))
    }

    /// What is on screen, with another packet filter, before a link or not.
    pub(super) fn step_of(&self, filter: PacketFilter, linked: bool) -> Step {
        let shown = self.settled.as_ref().map(|(step, _)| (&step.link.spec, &step.file));
        // Before a run has come to its moment, the cursor is at none of it.
        let at_moment = self.digest.is_some() || self.here > 0;
        let there = linked || at_moment && shown == Some((&self.spec, &self.file));
        let link = self.link_of(&self.spec, self.here);
        Step {
            link: Link { filter, at: link.at.filter(|_| there), ..link },
            file: self.file.clone(),
            branches: self.branches.clone(),
            bookmarks: self.bookmarks.clone(),
            linked,
        }
    }

    /// What the next visit is to have beside the link: a line of numbers - tab, what steps go by, what jumps go to, speed, and
    /// which of the following lines is the present one - and of the link that waits for its capture, then steps.
    pub fn kept(&self, speed: f64) -> String {
        let present = self.step();
        let (past, future) = self.history.recent(KEPT);
        let mut text = numbers(&[
            self.tab as u32,
            u32::from(self.unit == Unit::Packet),
            Jump::ALL.iter().position(|jump| *jump == self.jump).unwrap_or(0) as u32,
            SPEEDS.iter().position(|(value, _)| *value == speed).unwrap_or(0) as u32,
            past.len() as u32,
        ]);
        if let Some(link) = &self.pending {
            text.push(' ');
            text += &link.fragment();
        }
        for step in past.iter().chain([&present]).chain(future) {
            text += "\n";
            text += &step.write();
        }
        text
    }

    /// Takes that over; the speed. What cannot be read is as if it had not been kept.
    pub(super) fn restore(&mut self, text: &str) -> Option<f64> {
        let mut lines = text.lines();
        let mut words = lines.next()?.split(' ');
        let numbers: Vec<usize> = words.next()?.split(',').filter_map(|word| word.parse().ok()).collect();
        let [tab, packets, jump, speed, present] = &numbers[..] else { return None };
        self.tab = (*tab).min(SLOTS - 1);
        self.unit = if *packets == 1 { Unit::Packet } else { Unit::Event };
        self.jump = *Jump::ALL.get(*jump)?;
        let (mut past, mut future) = (Vec::new(), Vec::new());
        let before = self.trees + 1;
        for (index, line) in lines.enumerate() {
            let Some(step) = Step::read(line, before).map(Rc::new) else { continue };
            self.trees = self.trees.max(step.branches.tree());
            match index.cmp(present) {
                std::cmp::Ordering::Less => past.push(step),
                std::cmp::Ordering::Greater => future.push(step),
                // Else it is not of this moment.
                std::cmp::Ordering::Equal if step.link.spec == self.spec && step.file == self.file => {
                    self.branches = step.branches.clone();
                    self.returns = Some((step, true));
                }
                std::cmp::Ordering::Equal => {}
            }
        }
        self.history = History::restored(past, future);
        let pending = words.next().and_then(|link| Link::read(link).ok()).map(|(link, _)| link);
        if let Some(link) = pending.filter(|link| link.capture.is_some() && link.capture != self.link.capture)
        {
            self.tell(&format!(
                "{} is waited for still: drop it here to open its link in full.",
                named(&File::of(&link))
            ));
            self.pending = Some(link);
        }
        SPEEDS.get(*speed).map(|(value, _)| *value)
    }
}
