//! What lives as long as the page: state, engine and player, and the annex once it is there. It performs what the reducer asks
//! of the world; pages read [`Session`] and send it [`Msg`]s.

mod annex;
mod ask;
mod beat;
mod embed;
mod export;
mod files;
mod frames;
mod intent;
mod keep;
mod listen;
mod load;
mod moments;
mod update;
mod visit;

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Uint8Array, Uint32Array};
use snapstack::sim::Config;
use web_sys::KeyboardEvent;
use yew::prelude::*;

pub use self::annex::{Annex, Exports, Fetched};
pub use self::ask::Wanted;
use self::embed::Embedder;
use self::files::Files;
use self::moments::Moments;
use crate::browser::{embedded, hash, later, mark, window};
use crate::commands::{self, Intent};
use crate::components::{ControlsEvent, TimeEvent};
use crate::engine::{Answer, Answered, Engine, Message, NEEDS_LESS, Reply};
use crate::focus::Focus;
use crate::player::Player;
use crate::plots::Format;
use crate::state::{Action, Effect, Page, State};
use crate::timeline::{Place, Side, Timeline};
use crate::{theme, tour};

/// Milliseconds without a key after which a packet filter is applied.
const FILTER_MS: i32 = 150;

/// What happens.
pub enum Msg {
    /// For the state.
    Act(Action),
    /// From the worker.
    Engine(Message),
    /// From the controls.
    Controls(ControlsEvent),
    /// From the time bar.
    Time(TimeEvent),
    /// A file that was saved here carries this link.
    Reopen(String),
    /// A link of the page itself was clicked.
    Visit(String),
    /// The bytes of the file of this name are there, or not to be had.
    Bytes(String, Option<Uint8Array>),
    /// Clicked in a lane.
    Pick(Side, f64, f64),
    /// A slot or a socket is to be selected, with the packet in it.
    Place(Place),
    /// Pressed in a plot.
    PlotSeek(usize, f64),
    /// Dragged over a part of a plot.
    PlotRange(usize, f64, f64),
    /// A plot is to become a file.
    Export(usize, Format),
    /// Go to a position, and select the packet of its event.
    GoTo(u32),
    /// Something is to be asked about what is selected.
    Question(Wanted),
    /// The annex is to be fetched, if it is not there.
    Fetch,
    /// The annex is there, or has not come.
    Annex(Option<Exports>),
    /// From the page around: a command or what is wrong with it, and where it comes from.
    Embedder(Option<Result<TimeEvent, String>>, String),
    /// So many changes of the packet filter ago, it was to be applied.
    Filter(u32),
    /// A key.
    Key(KeyboardEvent),
    /// A command.
    Do(Intent),
    /// The lanes' page is there: its canvases can be drawn on.
    Attach,
    /// The lanes' page is gone.
    Detach,
    /// The address has changed.
    Moved,
    /// The worker is to be started again.
    Restart,
    /// What is known of its end is to be copied.
    Report,
    /// The system's theme has changed, or whether motion is wanted.
    Themed,
    /// The page may be about to go.
    Leaving,
    /// The newer build of the page is to take over.
    Renew,
    /// What takes long is not wanted any more.
    Cancel,
    /// What has changed is drawn.
    Drawn,
    /// While something is to come from the engine: the beat that was asked for at this time.
    Beat(f64),
}

/// A sheet over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The palette.
    Palette,
    /// Keys and words.
    Help,
    /// Runs that each make a point.
    Gallery,
}

/// What pages see; equal while nothing has changed.
#[derive(Clone)]
pub struct Session {
    /// The state.
    pub state: Rc<State>,
    /// The player.
    pub player: Rc<RefCell<Player>>,
    /// The page.
    pub page: Page,
    /// What lies over it.
    pub over: Option<Over>,
    /// The annex.
    pub annex: Annex,
    /// Whether the page is inside another one, which only looks.
    pub embedded: bool,
    /// Whether only the lanes and the time bar are shown, for an audience.
    pub presents: bool,
    /// Where to say what happens.
    pub send: Callback<Msg>,
    changes: u64,
}

impl PartialEq for Session {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes
    }
}

impl Session {
    /// A callback that sends what `make` makes of its argument.
    pub fn on<T: 'static>(&self, make: impl Fn(T) -> Msg + 'static) -> Callback<T> {
        let send = self.send.clone();
        Callback::from(move |value| send.emit(make(value)))
    }
}

/// Properties of [`Provider`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// The pages.
    pub children: Html,
}

/// Holds the session and provides it to what is inside.
pub struct Provider {
    engine: Option<Engine>,
    session: Session,
    /// The moments to show once the run is there.
    moments: Moments,
    /// Captures that the user has opened.
    files: Files,
    /// Whether the moment is kept for the next visit.
    keeps: bool,
    /// The page around this one.
    embedder: Option<Embedder>,
    /// Whether a beat is on its way.
    beats: bool,
    /// What it has asked for before there was a first picture.
    early: Vec<TimeEvent>,
    /// Where the focus was.
    focus: Focus,
    /// Whether the page has settled: what can wait for the first picture has begun.
    settled: bool,
    /// Changes of the packet filter so far.
    filtered: u32,
    _listeners: Vec<listen::Listener>,
}

impl Component for Provider {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let player = Rc::new(RefCell::new(Player::default()));
        player.borrow_mut().still = theme::still();
        frames::run(Rc::downgrade(&player), ctx.link().callback(|status| Msg::Act(Action::Status(status))));
        let session = Session {
            state: Rc::new(State::new(embedded())),
            player,
            page: Page::of(&hash()).unwrap_or(Page::Explore),
            over: None,
            annex: Annex::default(),
            embedded: embedded(),
            presents: false,
            send: ctx.link().callback(|msg| msg),
            changes: 0,
        };
        let listeners = listen::listen(&session.send);
        let (embedded, session_send) = (session.embedded, session.send.clone());
        let mut provider = Self {
            engine: None,
            session,
            moments: Moments::default(),
            files: Files::default(),
            keeps: !embedded,
            embedder: if embedded { Embedder::listen(session_send) } else { None },
            beats: false,
            early: Vec::new(),
            focus: Focus::default(),
            settled: embedded,
            filtered: 0,
            _listeners: listeners,
        };
        provider.arrive();
        if provider.session.page != Page::Explore {
            provider.show_annex();
            provider.settle();
        }
        provider
    }

    fn update(&mut self, _: &Context<Self>, msg: Msg) -> bool {
        let changed = self.take(msg);
        if !self.beats {
            self.beat(None);
        }
        self.session.changes += u64::from(changed);
        if changed && self.focus.note() {
            // Once all has been drawn.
            let send = self.session.send.clone();
            later(0, move || send.emit(Msg::Drawn));
        }
        changed
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        html! {
            <ContextProvider<Session> context={self.session.clone()}>{ ctx.props().children.clone() }</ContextProvider<Session>>
        }
    }
}

impl Provider {
    /// Takes a message in; true when pages are to be drawn again.
    fn take(&mut self, msg: Msg) -> bool {
        if self.session.embedded && embed::refuses(&msg) {
            return false;
        }
        match msg {
            Msg::Act(action) => {
                let status = matches!(action, Action::Status(_));
                let changed = self.act(action);
                if status {
                    self.tell_moment();
                }
                changed
            }
            Msg::Engine(Message::Reply(reply, arrays)) => self.hear(reply, &arrays),
            Msg::Engine(Message::Answered(answered, arrays)) => self.hear_answer(answered, &arrays),
            Msg::Engine(Message::Missing) => {
                if let Some(engine) = &mut self.engine {
                    engine.missing();
                }
                let changed = self.act(Action::Missing);
                if self.session.state.broken.is_some() {
                    self.engine = None;
                }
                changed
            }
            Msg::Engine(Message::Broken(detail)) => {
                self.engine = None;
                self.act(Action::EngineBroken(format!("The simulation has stopped: {detail}.")))
            }
            Msg::Engine(Message::Full(bytes)) => {
                self.engine = None;
                let mib = (bytes / 1_048_576.0).ceil();
                self.act(Action::EngineBroken(format!(
                    "This run needs more memory than the {mib} MiB that the browser gave its simulation. {NEEDS_LESS}"
                )))
            }
            Msg::Controls(ControlsEvent::Config(config)) => self.act(Action::Configure(config)),
            Msg::Controls(ControlsEvent::Rejected(message)) => self.act(Action::Rejected(message)),
            Msg::Controls(ControlsEvent::File(file)) => self.load_file(file),
            Msg::Controls(ControlsEvent::Demo) => self.act(Action::Demo),
            Msg::Controls(ControlsEvent::Undo(back)) => {
                self.act(if back { Action::Undo } else { Action::Redo })
            }
            Msg::Controls(ControlsEvent::All(all)) => self.act(Action::Settings(all)),
            Msg::Time(event) => self.time(event),
            Msg::Bytes(name, bytes) => self.pass_on(&name, bytes),
            Msg::Reopen(link) => {
                self.act(Action::Opened);
                self.visit(&link);
                if let Some(window) = window() {
                    let _ = window.location().set_hash(&link);
                }
                true
            }
            Msg::Visit(link) => {
                self.session.over = None;
                self.visit(&link);
                true
            }
            Msg::Pick(side, x, y) => self.pick(side, x, y),
            Msg::Place(place) => self.place(place),
            Msg::PlotSeek(plot, x) => {
                let position = self.session.player.borrow().plot_position(plot, x);
                self.act(Action::Range(None));
                self.time(TimeEvent::Seek(position));
                self.select_at(position)
            }
            Msg::GoTo(position) => {
                self.time(TimeEvent::Seek(position));
                self.select_at(position)
            }
            Msg::Question(question) => self.question(question),
            Msg::PlotRange(plot, from, to) => {
                let player = self.session.player.borrow();
                let range = (player.plot_position(plot, from), player.plot_position(plot, to));
                drop(player);
                self.act(Action::Range(Some(range)))
            }
            Msg::Export(plot, format) => {
                self.export(plot, format);
                false
            }
            Msg::Fetch => self.fetch_annex(),
            Msg::Annex(exports) => self.admit_annex(exports),
            Msg::Embedder(command, origin) => self.obey(command, origin),
            Msg::Filter(change) => {
                let last = change == self.filtered;
                if last {
                    self.session.player.borrow_mut().filter(&self.session.state.packets.filter);
                }
                last
            }
            Msg::Key(event) => self.key(&event),
            Msg::Do(intent) => self.carry_out(intent),
            Msg::Attach => self.attach(),
            Msg::Detach => {
                self.session.player.borrow_mut().detach();
                false
            }
            Msg::Moved => {
                let hash = hash();
                self.session.page = Page::of(&hash).unwrap_or(Page::Explore);
                self.session.over = None;
                self.session.annex.moved();
                if self.session.page != Page::Explore {
                    self.show_annex();
                }
                self.act(Action::Address(hash));
                true
            }
            Msg::Restart => self.restart(),
            Msg::Report => self.copy_report(),
            Msg::Themed => {
                let mut player = self.session.player.borrow_mut();
                let still = theme::still();
                if player.still != still {
                    player.end_tour();
                    player.still = still;
                }
                player.repaint();
                drop(player);
                self.session.annex.themed();
                true
            }
            Msg::Leaving => {
                self.keep_moment();
                self.keep_annex();
                false
            }
            Msg::Cancel => self.cancel(),
            Msg::Beat(asked) => self.beat(Some(asked)),
            Msg::Drawn => {
                self.focus.mend();
                false
            }
            Msg::Renew => {
                update::renew();
                false
            }
        }
    }

    fn act(&mut self, action: Action) -> bool {
        let here = self.session.player.borrow().position();
        let state = Rc::make_mut(&mut self.session.state);
        state.here = here;
        let before = state.clone();
        let effects = state.apply(action);
        let changed = *state != before;
        for effect in effects {
            self.perform(effect);
        }
        changed
    }

    fn perform(&mut self, effect: Effect) {
        let player = Rc::clone(&self.session.player);
        match effect {
            Effect::Run(spec) => {
                if let Some(engine) = &mut self.engine {
                    engine.run(self.session.state.run, spec);
                }
            }
            Effect::Fetch(file) => self.fetch_file(file),
            Effect::LeaveLink => self.leave_link(),
            Effect::Moment(position) => player.borrow_mut().seek(position),
            Effect::Open => self.open(),
            Effect::Restore => self.restore_moments(),
            Effect::Select(packet) => self.select(packet),
            Effect::SelectLine(line) => self.select_line(line),
            Effect::FindLine(hash) => _ = self.find_line(hash),
            Effect::Do(ids) => {
                for command in ids.into_iter().filter_map(commands::for_links) {
                    // An embedded page refuses what it would refuse its user.
                    self.take(Msg::Do(command.intent));
                }
            }
            Effect::Place(place) => self.select_place(place),
            Effect::MarkMoment(position) => {
                let mut player = player.borrow_mut();
                player.mark = position;
                player.repaint();
            }
            Effect::Beside(branch) => {
                let mut player = player.borrow_mut();
                player.beside = branch.map(|branch| self.session.state.branches.key(branch));
                player.repaint();
            }
            Effect::Answered(asked) => self.answered(asked),
            Effect::EndTour => {
                player.borrow_mut().end_tour();
            }
            Effect::Plots(plots) => {
                let mut player = player.borrow_mut();
                player.plots = plots;
                player.repaint();
            }
            Effect::Axis(by_time) => {
                let mut player = player.borrow_mut();
                player.by_time = by_time;
                player.repaint();
            }
            Effect::Speed(speed) => player.borrow_mut().speed = speed,
            Effect::Range(range) => self.mark_range(range),
            Effect::LinkShown => {
                let end = player.borrow().end();
                self.act(Action::LinkShown(end));
            }
            Effect::FilterPackets(_) => self.filter_later(),
            Effect::Repaint => {
                let mut player = player.borrow_mut();
                player.bookmarks.clone_from(&self.session.state.bookmarks);
                player.repaint();
            }
            Effect::Mark(ready) => mark("data-ready", if ready { "true" } else { "false" }),
        }
    }

    fn attach(&mut self) -> bool {
        if let Some(document) = window().and_then(|window| window.document()) {
            self.session.player.borrow_mut().attach(&document);
        }
        mark("data-ready", if self.session.state.digest.is_some() { "true" } else { "false" });
        self.engine.is_none() && self.session.state.broken.is_none() && self.start_engine()
    }

    fn start_engine(&mut self) -> bool {
        self.start_worker() && self.act(Action::EngineStarted)
    }

    fn start_worker(&mut self) -> bool {
        match Engine::start(&self.session.state.spec, self.session.on(Msg::Engine)) {
            Ok(engine) => self.engine = Some(engine),
            Err(message) => _ = self.act(Action::EngineBroken(message)),
        }
        self.engine.is_some()
    }

    fn restart(&mut self) -> bool {
        self.act(Action::Restart);
        self.start_engine();
        true
    }

    fn hear(&mut self, reply: Reply, arrays: &[Uint32Array]) -> bool {
        if let (Reply::Loaded { run, .. }, Some(engine)) = (&reply, &mut self.engine) {
            engine.loaded(*run);
        }
        if reply.run().is_some_and(|run| !self.session.state.awaits(run)) {
            return false;
        }
        match reply {
            Reply::Hello { .. } | Reply::Pong | Reply::Ended { .. } => false,
            Reply::Progress { percent, .. } => self.act(Action::Progress(percent)),
            Reply::Loaded { info, .. } => {
                self.admit_file(&info);
                self.act(Action::Loaded(info))
            }
            Reply::Refused { run, message } => {
                let changed = self.act(Action::Refused(run, message));
                if self.session.state.halted {
                    self.session.player.borrow_mut().stop();
                }
                self.obey_early();
                changed
            }
            Reply::Started { run, spec, threads } => {
                if let Some(engine) = &mut self.engine {
                    engine.started(run);
                }
                // Another run of the same traffic is shown at the same moment.
                self.take_moments(&spec);
                let mut player = self.session.player.borrow_mut();
                player.expected = f64::from(spec.config.threads) * spec.config.bytes as f64;
                let captured = arrays.first().map(Uint32Array::to_vec).unwrap_or_default();
                player.schemes = spec.schemes;
                let Config { line_size, queues, ring_slots, .. } = spec.config;
                player.begin(Timeline::new(line_size, (queues.into(), ring_slots), threads, captured));
                player.filter(&self.session.state.packets.filter);
                drop(player);
                self.act(Action::Started(spec));
                let branches = &self.session.state.branches;
                let mut player = self.session.player.borrow_mut();
                player.beside = branches.compared.map(|branch| branches.key(branch));
                player.keep_some(|key| branches.holds(key));
                true
            }
            Reply::Events { lane, .. } => {
                let side = if lane == 0 { Side::Left } else { Side::Right };
                let mut player = self.session.player.borrow_mut();
                let (Some(timeline), [words, contents, glyphs, ports]) = (player.timeline.as_mut(), arrays)
                else {
                    return false;
                };
                timeline.tell_ports(side, &ports.to_vec());
                timeline.push(side, &words.to_vec(), &contents.to_vec(), &glyphs.to_vec());
                player.grow();
                player.filter_on()
            }
            Reply::Done { results, milliseconds, .. } => {
                let mut player = self.session.player.borrow_mut();
                if let Some(timeline) = player.timeline.as_mut() {
                    timeline.finish();
                }
                player.keep(self.session.state.shown_key());
                player.filter_on();
                player.repaint();
                let state = Rc::make_mut(&mut self.session.state);
                if let Some(timeline) = &player.timeline {
                    state.idle = state.shown.changes.clone();
                    for lane in &results {
                        state.idle.retain(|change| !timeline.happened(change, lane.frames));
                    }
                }
                drop(player);
                let frames: u32 = results.iter().flat_map(|result| result.frames).sum();
                let rate = f64::from(frames) / milliseconds.max(0.001) * 1000.0;
                mark("data-packets-per-second", &format!("{rate:.0}"));
                self.act(Action::Done(results));
                self.tell_ready();
                self.obey_early();
                mark("data-digest", self.session.state.digest.as_deref().unwrap_or_default());
                self.settle();
                true
            }
        }
    }

    fn hear_answer(&mut self, answered: Answered, arrays: &[Uint32Array]) -> bool {
        let Answered { run, ask, answer } = answered;
        if Some(run) != self.session.state.on_screen {
            return false;
        }
        let words = arrays.first().map(Uint32Array::to_vec).unwrap_or_default();
        if let Answer::Frames { bytes } = answer {
            // Of a question that was cancelled meanwhile, nothing is wanted.
            let asked = Rc::make_mut(&mut self.session.state).inspect.take(ask, answer, &[]);
            let wanted = asked.is_some();
            if wanted {
                self.save_frames(bytes, &words);
            }
            return wanted;
        }
        self.act(Action::Answered(ask, answer, words))
    }

    /// Does what the page around asks for.
    fn obey(&mut self, command: Option<Result<TimeEvent, String>>, origin: String) -> bool {
        if let Some(embedder) = &mut self.embedder {
            embedder.comes_from(origin);
        }
        match command {
            Some(Ok(event)) if !self.opened() => {
                self.early.push(event);
                false
            }
            Some(Ok(event)) => {
                let changed = self.time(event);
                self.tell_moment();
                changed
            }
            Some(Err(message)) => {
                if let Some(embedder) = &self.embedder {
                    embedder.tell("error", &[("message", message.into())]);
                }
                false
            }
            None => false,
        }
    }

    /// Whether the first picture is there, or as much of it as there will be.
    fn opened(&self) -> bool {
        self.session.state.opened || self.session.state.halted
    }

    /// The first picture may be there: the page around is told, and what it has asked for by then is done.
    fn obey_early(&mut self) {
        if self.embedder.is_some() && self.opened() {
            for event in std::mem::take(&mut self.early) {
                self.time(event);
            }
            self.tell_moment();
        }
    }

    fn tell_ready(&self) {
        if let Some(embedder) = &self.embedder {
            let events = self.session.player.borrow().end();
            let digest = self.session.state.digest.clone().unwrap_or_default();
            embedder.tell("ready", &[("events", events.into()), ("digest", digest.into())]);
        }
    }

    fn tell_moment(&self) {
        if let Some(embedder) = &self.embedder {
            let player = self.session.player.borrow();
            let at = player.position();
            let time = player.timeline.as_ref().map_or(0.0, |timeline| timeline.time_ns(at) as f64);
            let playing = player.status().playing;
            embedder
                .tell("moment", &[("at", at.into()), ("time_ns", time.into()), ("playing", playing.into())]);
        }
    }

    /// Applies the packet filter once nobody types any more: each time, the whole run is looked through.
    fn filter_later(&mut self) {
        self.filtered += 1;
        let (send, change) = (self.session.send.clone(), self.filtered);
        later(FILTER_MS, move || send.emit(Msg::Filter(change)));
    }

    fn settle(&mut self) {
        if !std::mem::replace(&mut self.settled, true) {
            update::watch(self.session.send.clone());
        }
    }

    /// The demo's opening, or any other run from its start.
    fn open(&mut self) {
        let mut player = self.session.player.borrow_mut();
        let Some(opening) = player.timeline.as_ref().and_then(tour::opening) else {
            // Filling the rings is no news: it is there to be scrubbed back to.
            let first = player.timeline.as_ref().and_then(Timeline::first_stage);
            player.jump(first.map_or(0, |at| at.saturating_sub(1)));
            if !player.still {
                player.toggle();
            }
            return;
        };
        player.seek(opening);
        if let Some(legs) = player.timeline.as_ref().and_then(tour::journey) {
            player.tour(legs);
        }
    }

    fn time(&mut self, event: TimeEvent) -> bool {
        let unit = self.session.state.unit;
        let mut player = self.session.player.borrow_mut();
        match event {
            TimeEvent::ToStart => player.seek(0),
            TimeEvent::Toggle => player.toggle(),
            TimeEvent::Play(play) => player.play(play),
            TimeEvent::Step(forward) => {
                if !player.step(forward, unit) {
                    drop(player);
                    let side = if forward { "after" } else { "before" };
                    let text = format!("No packet {side} this moment passes the filter.");
                    return self.act(Action::Answer(text));
                }
            }
            TimeEvent::Jump(what, forward) => {
                if !player.jump_to(what, forward) {
                    drop(player);
                    let side = if forward { "after" } else { "before" };
                    let filtered = !self.session.state.packets.filter.is_empty();
                    let whose = if filtered { " of a packet that passes the filter" } else { "" };
                    let text = format!("There is no {}{whose} {side} this moment.", what.name());
                    return self.act(Action::Answer(text));
                }
            }
            TimeEvent::Loop => player.looping = !player.looping && player.range.is_some(),
            TimeEvent::Seek(position) => player.seek(position),
            TimeEvent::Speed(speed) => player.speed = speed,
            TimeEvent::Unit(_) => {}
        }
        let status = player.status();
        drop(player);
        if let TimeEvent::Unit(unit) = event {
            self.act(Action::Unit(unit));
        }
        let changed = self.act(Action::Status(status));
        let moves = matches!(
            event,
            TimeEvent::ToStart | TimeEvent::Step(_) | TimeEvent::Jump(..) | TimeEvent::Seek(_)
        );
        // What the player draws and writes needs no views.
        changed || !moves || self.session.state.tells_moment()
    }
}
