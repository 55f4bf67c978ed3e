//! From one run to another: settings, captures, links, undo, a new worker. Until another run has begun the one on screen
//! stays, and when it cannot be had everything is again as it was set for the one on screen.

use std::rc::Rc;

use snapstack::sim::{Change, Config, Workload};

use super::{Branches, Effect, File, Notice, State};
use crate::engine::{CaptureInfo, LaneResult};
use crate::filter::PacketFilter;
use crate::scene::grouped;
use crate::share::{Link, short_digest};
use crate::spec::Spec;
use crate::words::change_words;

/// What decides of which packets a run consists.
fn traffic<'a>(spec: &Spec, file: &'a File) -> (Workload, u32, Option<&'a str>) {
    let Config { workload, threads, .. } = spec.config;
    (workload, threads, (workload == Workload::Capture).then_some(&*file.sha256))
}

/// A file as notices tell it: with the beginning of its hash.
pub(super) fn named(File { sha256, name }: &File) -> String {
    format!("{name} (SHA-256 {}…)", sha256.get(..16).unwrap_or(sha256))
}

/// Changes in words.
fn names(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        if !text.is_empty() {
            text += ", ";
        }
        text += &change_words(change, None);
    }
    text
}

impl State {
    /// Whether what comes in answer to request number `run` is about something that is still waited for, or on screen.
    pub fn awaits(&self, run: u32) -> bool {
        [self.awaited, self.on_screen, self.reading].contains(&Some(run))
    }

    /// The capture that the run on screen is of, if it is of one.
    pub fn shown_file(&self) -> Option<&File> {
        let (step, _) = self.settled.as_ref()?;
        (self.shown.config.workload == Workload::Capture).then_some(&step.file)
    }

    /// That, unless it is the demo.
    pub fn own_file(&self) -> Option<&File> {
        self.shown_file().filter(|file| !file.is_demo())
    }

    /// Number of the run on screen among the branches of all trees.
    pub fn shown_key(&self) -> u64 {
        self.settled.as_ref().map_or(0, |(step, _)| step.branches.key(step.branches.current))
    }

    /// Whether moments on screen are to be found in the run that is asked for: it has the same packets, and no link brings a
    /// moment of its own.
    pub fn finds_moments(&self) -> bool {
        let shown = self.settled.as_ref().map(|(step, _)| traffic(&step.link.spec, &step.file));
        self.opened && shown == Some(traffic(&self.spec, &self.file))
    }

    /// Whether it is known what is to be selected in the run that is asked for: what was so in the step that is gone back to, or
    /// what is so on screen, as packets have the same numbers there.
    pub fn has_selection(&self) -> bool {
        self.returns.is_some()
    }

    /// Another configuration or capture. Changes speak of packets and moments of the traffic that was there.
    pub(super) fn configure(&mut self, config: Config, file: File) -> Vec<Effect> {
        let mut spec = Spec { config, ..self.spec.clone() };
        if traffic(&spec, &file) != traffic(&self.spec, &self.file) {
            spec.changes.clear();
        }
        self.turn(spec, file)
    }

    /// To another run, as a step that can be undone.
    pub(super) fn turn(&mut self, spec: Spec, file: File) -> Vec<Effect> {
        self.history.push(self.step());
        self.keep_selected(&spec.config, &file);
        if self.file != file {
            self.link = Link::default();
        }
        self.enter_tree(&spec, &file);
        self.go(spec, file)
    }

    /// What is selected is to be so in the run that is asked for, if packets have the numbers there that they have on screen.
    pub(super) fn keep_selected(&mut self, config: &Config, file: &File) {
        let shown = self.settled.as_ref().map(|(step, _)| (&step.link.spec.config, &step.file));
        // Of a run that is not over it is still to be selected.
        let before = self.returns.take().filter(|_| self.digest.is_none());
        self.returns = (self.opened && shown == Some((config, file))).then(|| {
            before.unwrap_or_else(|| {
                let mut step = self.step_of(self.packets.filter.clone(), false);
                step.link.range = None;
                (Rc::new(step), false)
            })
        });
    }

    /// To the branch that a run is, or to a tree of its own.
    pub(super) fn enter_tree(&mut self, spec: &Spec, file: &File) {
        if self.file != *file || !self.branches.enter(spec) {
            self.trees += 1;
            self.branches = Branches::of(spec, self.trees);
        }
    }

    pub(super) fn go(&mut self, spec: Spec, file: File) -> Vec<Effect> {
        (self.spec, self.file) = (spec, file);
        self.verdict = None;
        self.notice = None;
        // What has been changed since is not what a link that is still to be shown was about.
        self.link.digest = None;
        let mut effects = vec![Effect::EndTour, Effect::LeaveLink];
        effects.extend(self.start());
        effects
    }

    /// The packet filter was another one until now: a step that can be undone.
    pub(super) fn filtered(&mut self, before: PacketFilter) {
        self.history.push(Rc::new(self.step_of(before, false)));
        self.resettle();
    }

    /// The packet filter is to be this one.
    fn pass(&mut self, filter: &PacketFilter) -> Vec<Effect> {
        if self.packets.filter == *filter {
            return Vec::new();
        }
        self.packets = filter.clone().into();
        vec![Effect::FilterPackets(filter.clone())]
    }

    /// One step back, or forward again.
    pub(super) fn step_back(&mut self, forward: bool) -> Vec<Effect> {
        let linked = self.history.next(forward).is_some_and(|step| step.linked);
        let present = Rc::new(self.step_of(self.packets.filter.clone(), linked));
        let step = if forward { self.history.forward(present) } else { self.history.back(present) };
        let Some(step) = step else { return Vec::new() };
        let mut effects = self.pass(&step.link.filter);
        if linked {
            effects.extend(self.look(step.link.view));
        } else if (&step.link.spec, &step.file) == (&self.spec, &self.file) {
            // Only the filter was another one.
            self.resettle();
            effects.push(Effect::EndTour);
            return effects;
        }
        // What has grown of the same tree since then stays.
        if !step.branches.is_part_of(&self.branches) || !self.branches.go_to(&step.link.spec) {
            self.branches = step.branches.clone();
        }
        let (spec, file) = (step.link.spec.clone(), step.file.clone());
        self.returns = Some((step, linked));
        effects.extend(self.go(spec, file));
        effects
    }

    /// To what a link is about.
    pub(super) fn follow(&mut self, link: Link) -> Vec<Effect> {
        let mut effects = self.take_link(link);
        effects.extend(self.start());
        effects
    }

    fn take_link(&mut self, link: Link) -> Vec<Effect> {
        let spec = link.spec.clone();
        // A workload leaves the capture where it is.
        let captures = spec.config.workload == Workload::Capture;
        let file = if captures { File::of(&link) } else { self.file.clone() };
        let now = (&self.spec, &self.file, &self.packets.filter, self.view());
        if self.settled.is_some() && (&spec, &file, &link.filter, link.view) != now {
            self.history.push(Rc::new(self.step_of(self.packets.filter.clone(), true)));
        }
        let full = self.settled.is_some() && self.file == file && self.branches.has_no_room(&spec);
        self.enter_tree(&spec, &file);
        if full {
            self.tell("What was in Branches had to go, as there is no room beside it for this link's run: Undo brings it back.");
        }
        (self.spec, self.file) = (spec, file);
        self.returns = None;
        self.pending = None;
        self.verdict = None;
        self.packets = link.filter.clone().into();
        let effects = self.look(link.view);
        self.link = link;
        self.resumed = false;
        self.opened = false;
        effects
    }

    /// Whether the worker has all that a run needs.
    fn at_hand(&self, spec: &Spec, file: &File) -> bool {
        let captures = spec.config.workload == Workload::Capture;
        !captures || self.capture.as_ref().is_some_and(|capture| capture.sha256 == file.sha256)
    }

    /// Has run what is asked for, once its capture is there.
    pub(super) fn start(&mut self) -> Vec<Effect> {
        if self.at_hand(&self.spec, &self.file) {
            self.run += 1;
            self.awaited = Some(self.run);
            return vec![Effect::Mark(false), Effect::Run(self.spec.clone())];
        }
        if self.loading.is_some() {
            // When that is there it is seen what is still wanted.
            return Vec::new();
        }
        self.loading = Some(self.file.name.clone());
        self.fetched = true;
        vec![Effect::Mark(false), Effect::Fetch(self.file.clone())]
    }

    /// The worker has read a capture.
    pub(super) fn loaded(&mut self, info: CaptureInfo) -> Vec<Effect> {
        let file = File { sha256: info.sha256.clone(), name: info.name.clone() };
        let later = self.reading.take() < self.awaited.or(self.on_screen);
        self.loading = None;
        let fetched = std::mem::take(&mut self.fetched);
        self.notice = info.warning.clone().map(Notice::Info).or(self.notice.take());
        self.capture = Some(info);
        let captures = self.spec.config.workload == Workload::Capture;
        let pending = self.pending.take_if(|link| link.capture.as_deref() == Some(&*file.sha256));
        if let Some(link) = pending {
            return self.follow(link);
        }
        if !fetched {
            self.tell_other(&file);
        }
        if fetched {
            if self.file.name == file.name && self.file != file {
                // What was fetched is not what it is called.
                if !self.file.is_demo() {
                    return self.missing();
                }
                self.file = file;
            }
            return if captures { self.start() } else { Vec::new() };
        }
        if captures && self.file == file {
            return self.start();
        }
        if later && !captures {
            // A workload was chosen while it was read: it is there when a capture is wanted.
            self.file = file;
            return Vec::new();
        }
        let config = Config { workload: Workload::Capture, ..self.spec.config };
        let notice = self.notice.take();
        let effects = self.configure(config, file);
        self.notice = notice;
        effects
    }

    /// A file was opened that is not the one that a link waits for.
    fn tell_other(&mut self, file: &File) {
        let Some(link) = &self.pending else { return };
        let visit = self.resumed && link.capture == self.link.capture;
        let of = if visit { "of the last visit" } else { "that the link asks for" };
        let text = format!(
            "{} is not the file {of}, {}: that one is waited for still. Drop it here to open it in full.",
            named(file),
            named(&File::of(link))
        );
        self.tell(&text);
    }

    /// A file is not to be had.
    pub(super) fn unreadable(&mut self) -> Vec<Effect> {
        let name = self.loading.take().unwrap_or_default();
        if !std::mem::take(&mut self.fetched) {
            self.notice = Some(Notice::Problem(format!("{name} could not be read.")));
            return self.go_on();
        }
        if !self.file.is_demo() {
            return self.missing();
        }
        let text = "The demo capture could not be loaded: reload the page, or drop a pcap file.";
        self.notice = Some(Notice::Problem(text.to_owned()));
        if self.settled.is_some() { self.stay() } else { Vec::new() }
    }

    /// A file is nothing to run: what was there goes on, or is fetched now.
    pub(super) fn go_on(&mut self) -> Vec<Effect> {
        match (self.awaited, self.on_screen) {
            (None, None) => self.start(),
            (None, Some(_)) => vec![Effect::Mark(self.digest.is_some())],
            _ => Vec::new(),
        }
    }

    /// The capture that is wanted is not here.
    fn missing(&mut self) -> Vec<Effect> {
        let name = named(&self.file);
        let before = match &self.notice {
            Some(Notice::Info(text)) if !self.opened => format!("{text} "),
            _ => String::new(),
        };
        if self.opened {
            let text = format!("{name} is not here any more: drop that file here to go on with it.");
            self.notice = Some(Notice::Problem(text));
            return self.stay();
        }
        let (about, why) = if self.resumed {
            ("The last visit was to", "is not stored")
        } else {
            ("This link is about", "never travels in a link")
        };
        let stand_in = self
            .capture
            .as_ref()
            .map(|capture| File { sha256: capture.sha256.clone(), name: capture.name.clone() });
        let stand_in = stand_in.unwrap_or_default();
        let where_to =
            if self.embedded { "open the full page and drop that file there" } else { "drop that file here" };
        self.notice = Some(Notice::Info(format!(
            "{before}{about} {name}, which {why}: {where_to} to see it. Until then this is {}.",
            stand_in.name
        )));
        // It stays wanted until that is dropped, unless another link waits since before the last visit's end.
        self.pending.get_or_insert_with(|| self.link.clone());
        self.returns = None;
        self.file = stand_in;
        self.start()
    }

    /// The worker could not do what was asked as request number `run`.
    pub(super) fn refused(&mut self, run: u32, message: String) -> Vec<Effect> {
        self.notice = Some(Notice::Problem(message));
        if self.reading == Some(run) {
            self.reading = None;
            self.loading = None;
            let fetched = std::mem::take(&mut self.fetched);
            return if fetched && !self.file.is_demo() { self.missing() } else { self.go_on() };
        }
        if self.awaited == Some(run) {
            self.awaited = None;
            return self.stay();
        }
        self.halted = true;
        if self.awaited.is_some() {
            // Another one is wanted already.
            return vec![Effect::Mark(false)];
        }
        let mut effects = self.land();
        effects.push(Effect::Mark(true));
        effects
    }

    /// What is on screen stays, with its own settings; where there is nothing yet, the demo is to be seen.
    fn stay(&mut self) -> Vec<Effect> {
        let Some((step, history)) = self.settled.clone() else {
            if self.spec == Spec::default() && self.file.is_demo() {
                return vec![Effect::Mark(true)];
            }
            let (spec, file) = (Spec::default(), File::default());
            self.enter_tree(&spec, &file);
            (self.spec, self.file, self.link) = (spec, file, Link::default());
            return self.start();
        };
        // A new worker has nothing yet that could stay.
        let gone = self.on_screen.is_none();
        if gone && !self.at_hand(&step.link.spec, &step.file) {
            return Vec::new();
        }
        // What is on screen may have been given up for what is refused.
        let again =
            (gone || self.digest.is_none()) && (&self.spec, &self.file) != (&step.link.spec, &step.file);
        self.spec = step.link.spec.clone();
        self.file = step.file.clone();
        self.branches = step.branches.clone();
        self.history = history;
        self.returns = None;
        let mut effects = self.pass(&step.link.filter);
        if again {
            effects.extend(self.start());
            return effects;
        }
        self.opened = true;
        effects.push(Effect::Mark(true));
        effects
    }

    /// A run has begun.
    pub(super) fn started(&mut self, spec: Spec) -> Vec<Effect> {
        let found = self.finds_moments();
        if let Some((_, moments)) = &mut self.returns {
            // Else the moments on screen are found in it.
            *moments |= !found;
        }
        self.on_screen = self.awaited.take();
        self.shown = spec;
        self.digest = None;
        self.idle.clear();
        self.halted = false;
        self.selected = self.returns.as_ref().and_then(|(step, _)| step.link.packet);
        self.line = None;
        self.line_hash = None;
        self.place = None;
        self.range = None;
        self.mark = None;
        self.bookmarks.clear();
        self.inspect.clear();
        self.settle();
        vec![Effect::MarkMoment(None), Effect::Repaint]
    }

    /// What is set is what is on screen.
    fn settle(&mut self) {
        self.settled = Some((self.step(), self.history.clone()));
    }

    /// Something else than the run is set otherwise, of the run on screen.
    fn resettle(&mut self) {
        let shown = self.settled.as_ref().map(|(step, _)| (&step.link.spec, &step.file));
        if shown == Some((&self.spec, &self.file)) {
            self.settle();
        }
    }

    /// The run on screen is over.
    pub(super) fn done(&mut self, results: &[LaneResult; 2]) -> Vec<Effect> {
        let digest = short_digest(&results[0].digest, &results[1].digest);
        self.digest = Some(digest.clone());
        if self.awaited.is_some() {
            // Another one is wanted already.
            return Vec::new();
        }
        self.branches.finished(&digest);
        self.settle();
        let mut effects = self.land();
        if !self.idle.is_empty() {
            let text = names(&self.idle);
            self.tell(&format!(
                "This never happens in this run, which has no such frame, byte or moment: {text}."
            ));
        }
        effects.push(Effect::Mark(true));
        effects
    }

    /// To the moment of a run that has come as far as it goes: a link's, the one that is gone back to, or the one before.
    fn land(&mut self) -> Vec<Effect> {
        let returns = self.returns.take();
        let mut effects = match &returns {
            _ if !self.opened => self.open(),
            Some((step, moments)) => {
                let mut effects = match step.link.at {
                    Some(at) if *moments => {
                        self.mark = step.link.mark;
                        vec![Effect::Moment(at), Effect::MarkMoment(self.mark)]
                    }
                    // To go back to a run is to go back to its moment.
                    Some(at) if step.link.spec == self.shown => vec![Effect::Restore, Effect::Moment(at)],
                    _ => vec![Effect::Restore],
                };
                effects.extend(self.choose(&step.link));
                effects
            }
            None => vec![Effect::Restore],
        };
        if let Some((step, true)) = returns {
            self.bookmarks.clone_from(&step.bookmarks);
            effects.push(Effect::Repaint);
        }
        effects
    }

    /// The first picture: the link's moment, or the beginning.
    fn open(&mut self) -> Vec<Effect> {
        self.opened = true;
        // What is shown in place of the link's file has none of its moments.
        let captures = self.spec.config.workload == Workload::Capture;
        if captures && self.link.capture.as_ref().is_some_and(|sha256| *sha256 != self.file.sha256) {
            return vec![Effect::Open];
        }
        let link = self.link.clone();
        let Link { at, mark, .. } = link;
        self.verdict = self.digest.as_deref().and_then(|digest| self.link.verdict(digest));
        self.mark = mark;
        let mut effects = vec![at.map_or(Effect::Open, Effect::Moment)];
        if at.is_some() && link.packet.is_none() {
            effects.push(Effect::Select(None));
        }
        if mark.is_some() {
            effects.push(Effect::MarkMoment(mark));
        }
        let chosen = self.choose(&link);
        if !chosen.is_empty() || at.is_some() || mark.is_some() {
            effects.extend(chosen);
            effects.push(Effect::LinkShown);
        }
        let mut happened = self.shown.changes.clone();
        happened.retain(|change| !self.idle.contains(change));
        if !self.resumed && !happened.is_empty() {
            let text = names(&happened);
            let beside = if self.embedded { "" } else { " Branches has the run without it." };
            self.tell(&format!("This run is changed: {text}.{beside}"));
        }
        let commands = std::mem::take(&mut self.link.commands);
        if !commands.is_empty() {
            effects.push(Effect::Do(commands));
        }
        effects
    }

    /// Selects what a link names, of the run that has just begun.
    fn choose(&mut self, link: &Link) -> Vec<Effect> {
        (self.selected, self.place, self.range) = (link.packet, link.place, link.range);
        let mut effects = Vec::new();
        // To select a packet leaves the place.
        if link.packet.is_some() {
            effects.push(Effect::Select(link.packet));
        }
        if link.place.is_some() {
            effects.push(Effect::Place(link.place));
        }
        if link.range.is_some() {
            effects.push(Effect::Range(link.range));
        }
        if let Some(line) = link.line {
            effects.push(Effect::FindLine(line));
        }
        effects
    }

    /// Tells what a link was to select or to show and the run, which ends at position `end`, does not have.
    pub(super) fn tell_missing(&mut self, end: u32) -> Vec<Effect> {
        let Link { packet, line, place, range, at, mark, .. } = self.link;
        let parts = [
            ("packet", packet != self.selected),
            ("line", line != self.line_hash),
            ("slot or socket", place != self.place),
            ("range", range != self.range),
        ];
        for (part, missing) in parts {
            if missing {
                self.tell(&format!("This run has no such {part} as the link selects: it was left out."));
            }
        }
        for (what, asked) in [("moment", at), ("marked moment", mark)] {
            if let Some(asked) = asked.filter(|asked| *asked > end) {
                let (asked, end) = (grouped(asked.into()), grouped(end.into()));
                self.tell(&format!("The link's {what} is event {asked}, but this run ends at event {end}, which is shown instead."));
            }
        }
        if mark <= Some(end) {
            return Vec::new();
        }
        self.mark = Some(end);
        vec![Effect::MarkMoment(self.mark)]
    }

    /// Adds to what there is to tell.
    pub(super) fn tell(&mut self, more: &str) {
        match &mut self.notice {
            Some(Notice::Info(text) | Notice::Problem(text)) => {
                text.push(' ');
                text.push_str(more);
            }
            Some(Notice::Here(_)) | None => self.notice = Some(Notice::Info(more.to_owned())),
        }
    }

    /// Moments of the run before were found in this one.
    pub(super) fn carry(&mut self, mark: Option<u32>, bookmarks: &[u32]) -> Vec<Effect> {
        self.mark = self.mark.or(mark);
        for at in bookmarks {
            if let Err(index) = self.bookmarks.binary_search(at) {
                self.bookmarks.insert(index, *at);
            }
        }
        vec![Effect::MarkMoment(self.mark), Effect::Repaint]
    }

    /// Another worker is to be started: it knows nothing.
    pub(super) fn restart(&mut self) -> Vec<Effect> {
        self.broken = None;
        self.notice = None;
        self.loading = None;
        self.capture = None;
        (self.reading, self.awaited, self.on_screen) = (None, None, None);
        if self.opened && self.returns.is_none() {
            self.returns = Some((self.step(), false));
        }
        vec![Effect::Mark(false)]
    }

    /// Takes over what was kept of the last visit; what cannot be read is as if it had not been kept.
    pub(super) fn resume(&mut self, fragment: &str, kept: &str) -> Vec<Effect> {
        let Ok((link, _)) = Link::read(fragment) else { return Vec::new() };
        // It is shown again, not held against what it was.
        let mut effects = self.take_link(Link { digest: None, ..link });
        self.resumed = true;
        if let Some(speed) = self.restore(kept) {
            effects.push(Effect::Speed(speed));
        }
        effects
    }
}
