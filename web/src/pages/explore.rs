//! The start page: two lanes in lockstep on the same bytes, a time bar, three plots, an inspector.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Uint8Array, Uint32Array};
use snapstack::sim::{Config, MODEL_VERSION};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DragEvent, File, KeyboardEvent, Window};
use yew::prelude::*;

use crate::components::{Controls, ControlsEvent, Icon, IconName, Inspector, Lane, Plot, TimeBar, TimeEvent};
use crate::engine::{CaptureInfo, Engine, Message, PacketInfo, Reply};
use crate::player::{Anchor, Player, Status, Unit};
use crate::share::{Link, short_digest};
use crate::timeline::{SendInfo, Side, Timeline, Traffic, columns};
use crate::{theme, tour};

const DEMO_NAME: &str = "demo-web.pcap";
const DEMO_SHA256: &str = "335086a7645d74b208ceac3799264a4264b4e85e5b75756308dda2c41dd5d069";

/// Properties of [`Explore`].
#[derive(Properties, PartialEq)]
pub struct Props {
    /// Whether the address named a page that does not exist.
    pub unknown: bool,
}

/// What happens on the page.
pub enum Msg {
    /// From the worker.
    Engine(Message),
    /// From the controls.
    Controls(ControlsEvent),
    /// From the time bar.
    Time(TimeEvent),
    /// A file's bytes are there, or a sentence about why not.
    Bytes(Result<(String, Uint8Array), String>),
    /// Clicked in a lane.
    Pick(Side, f64, f64),
    /// Pressed in a plot.
    PlotSeek(usize, f64),
    /// Which plot is shown where only one fits.
    Tab(usize),
    /// Go to a position.
    Seek(u32),
    /// Close the inspector.
    Close,
    /// Playing, or the tour, has come to another state.
    Status(Status),
    /// A key.
    Key(KeyboardEvent),
    /// The address has changed under us.
    Hash,
    /// Files are dragged over the page, or no longer.
    Dragging(bool),
    /// Make a link.
    Share,
    /// Light or dark.
    Theme,
    /// The notice is read.
    Dismiss,
    /// The other way round: start the worker again.
    Restart,
}

#[derive(Clone, Debug, PartialEq)]
enum Notice {
    Info(String),
    Problem(String),
    Broken(String),
}

/// The page's state; what moves with every frame is the player's.
pub struct Explore {
    engine: Option<Engine>,
    player: Rc<RefCell<Player>>,
    capture: Option<CaptureInfo>,
    config: Config,
    /// Configuration of the run on screen.
    shown: Config,
    run: u32,
    loading: Option<String>,
    results: Option<[crate::engine::LaneResult; 2]>,
    link: Link,
    verdict: Option<String>,
    opened: bool,
    /// Whether the next run is of a capture not shown before.
    fresh: bool,
    /// The moment to show once the run is there.
    anchor: Anchor,
    notice: Option<Notice>,
    status: Status,
    unit: Unit,
    tab: usize,
    dragging: bool,
    packet: Option<PacketInfo>,
    listeners: Vec<Listener>,
}

struct Listener {
    target: web_sys::EventTarget,
    kind: &'static str,
    closure: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Listener {
    fn drop(&mut self) {
        let callback = self.closure.as_ref().unchecked_ref();
        let _ = self.target.remove_event_listener_with_callback(self.kind, callback);
    }
}

impl Component for Explore {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let mut page = Self {
            engine: None,
            player: Rc::default(),
            capture: None,
            config: Config::default(),
            shown: Config::default(),
            run: 0,
            loading: None,
            results: None,
            link: Link::default(),
            verdict: None,
            opened: false,
            fresh: true,
            anchor: Anchor::End,
            notice: None,
            status: Status { playing: false, caption: None },
            unit: Unit::Event,
            tab: 0,
            dragging: false,
            packet: None,
            listeners: Vec::new(),
        };
        if ctx.props().unknown {
            page.notice = Some(Notice::Problem(
                "There is no page at this address. This is Explore, the start page.".to_owned(),
            ));
        }
        page.read_link();
        page.start_engine(ctx);
        page
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if first {
            self.listen(ctx);
            let document = web_sys::window().and_then(|window| window.document());
            if let Some(document) = &document {
                self.player.borrow_mut().attach(document);
            }
            run_frames(Rc::downgrade(&self.player), ctx.link().callback(Msg::Status));
        }
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Engine(message) => self.hear(ctx, message),
            Msg::Controls(event) => self.control(ctx, event),
            Msg::Time(event) => self.time(event),
            Msg::Bytes(Ok((name, bytes))) => {
                if let Some(engine) = &self.engine {
                    self.run = engine.load(&name, &bytes);
                }
                true
            }
            Msg::Bytes(Err(message)) => {
                self.loading = None;
                self.notice = Some(Notice::Problem(message));
                true
            }
            Msg::Pick(side, x, y) => {
                let hit = self.player.borrow().hit(side, x, y);
                match hit {
                    Some(packet) => self.select(Some(packet)),
                    None => {
                        self.player.borrow_mut().end_tour();
                        false
                    }
                }
            }
            Msg::PlotSeek(plot, x) => {
                let position = self.player.borrow().plot_position(plot, x);
                self.seek(position)
            }
            Msg::Seek(position) => self.seek(position),
            Msg::Tab(tab) => {
                self.tab = tab;
                self.player.borrow_mut().repaint();
                true
            }
            Msg::Close => self.select(None),
            Msg::Status(status) => {
                let changed = self.status != status;
                self.status = status;
                changed
            }
            Msg::Key(event) => self.key(&event),
            Msg::Hash => {
                if self.read_link() {
                    self.opened = false;
                    self.run_again();
                }
                true
            }
            Msg::Dragging(dragging) => std::mem::replace(&mut self.dragging, dragging) != dragging,
            Msg::Share => self.share(),
            Msg::Theme => {
                theme::toggle();
                self.player.borrow_mut().repaint();
                false
            }
            Msg::Dismiss => self.notice.take().is_some(),
            Msg::Restart => {
                self.notice = None;
                self.start_engine(ctx);
                true
            }
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let link = ctx.link();
        let threads =
            self.player.borrow().timeline.as_ref().map_or(0, |timeline| timeline.traffic.flows.len());
        let demo = self.capture.as_ref().is_none_or(|capture| capture.sha256 == DEMO_SHA256);
        let plots = [
            (
                "copies",
                "Bytes copied",
                html! { <><i class="left">{ "sk_buff" }</i><i class="right">{ "snapshots" }</i></> },
            ),
            (
                "allocations",
                "Software allocations",
                html! { <><i class="left">{ "sk_buff" }</i><i class="right">{ "snapshots" }</i></> },
            ),
            (
                "dedup",
                "Dedup ratio",
                html! { <><i class="left">{ "sk_buff" }</i><i class="right">{ "held" }</i><i class="cumulative">{ "cumulative " }<span id="out-right-cumulative" /></i></> },
            ),
        ];
        html! {
            <div class={classes!("shell", self.inspected().is_some().then_some("inspecting"))}>
                <header class="top">
                    <h1>{ "Snapstack" }</h1>
                    <nav aria-label="Pages"><a href="#/explore" class="on" aria-current="page">{ "Explore" }</a></nav>
                    <span class="space" />
                    if let Some(verdict) = &self.verdict {
                        <span class="verdict" id="verdict">{ verdict }</span>
                    }
                    <button id="share" onclick={link.callback(|_| Msg::Share)}><Icon name={IconName::Share} /><span>{ "Share" }</span></button>
                    <button id="theme" onclick={link.callback(|_| Msg::Theme)} title="Light or dark" aria-label="Light or dark"><Icon name={IconName::Theme} /></button>
                </header>
                <Controls config={self.config} capture={self.capture.clone()} {demo} {threads} onevent={link.callback(Msg::Controls)} />
                <main>
                    <div class="lanes">
                        { for Side::BOTH.into_iter().map(|side| html! {
                            <Lane {side} onpick={link.callback(|(side, x, y)| Msg::Pick(side, x, y))} />
                        }) }
                        if let Some(caption) = &self.status.caption {
                            <p class="caption" id="caption" aria-live="polite">{ caption }</p>
                        }
                    </div>
                    <TimeBar playing={self.status.playing} speed={self.player.borrow().speed} unit={self.unit} onevent={link.callback(Msg::Time)} />
                    <div class="tabs" role="group" aria-label="Plots">
                        { for plots.iter().enumerate().map(|(i, (_, title, _))| html! {
                            <button class={classes!((self.tab == i).then_some("on"))} aria-pressed={(self.tab == i).to_string()}
                                onclick={link.callback(move |_| Msg::Tab(i))}>{ *title }</button>
                        }) }
                    </div>
                    <div class="plots">
                        { for plots.into_iter().enumerate().map(|(i, (name, title, values))| html! {
                            <Plot {name} {title} active={self.tab == i} onseek={link.callback(move |x| Msg::PlotSeek(i, x))}>{ values }</Plot>
                        }) }
                    </div>
                </main>
                { self.view_inspector(ctx) }
                { self.view_notice(ctx) }
                if self.dragging {
                    <div class="drop" aria-hidden="true"><p>{ "Drop a pcap or pcapng file: it stays on this machine" }</p></div>
                }
            </div>
        }
    }
}

/// Runs the player on animation frames as long as the page holds it.
fn run_frames(player: std::rc::Weak<RefCell<Player>>, onstatus: Callback<Status>) {
    type Frame = Closure<dyn FnMut(f64)>;
    let slot: Rc<RefCell<Option<Frame>>> = Rc::default();
    let again = Rc::clone(&slot);
    let mut last: Option<Status> = None;
    let request = |frame: &Frame| {
        if let Some(window) = web_sys::window() {
            let _ = window.request_animation_frame(frame.as_ref().unchecked_ref());
        }
    };
    *slot.borrow_mut() = Some(Closure::new(move |now: f64| {
        let Some(player) = player.upgrade() else {
            again.borrow_mut().take();
            return;
        };
        player.borrow_mut().frame(now);
        let status = player.borrow().status();
        if last.as_ref() != Some(&status) {
            last = Some(status.clone());
            onstatus.emit(status);
        }
        if let Some(frame) = &*again.borrow() {
            request(frame);
        }
    }));
    if let Some(frame) = &*slot.borrow() {
        request(frame);
    }
}

fn window() -> Option<Window> {
    web_sys::window()
}

/// Marks the page for tests and screenshots: what is on screen belongs to a finished run.
fn mark(ready: bool) {
    if let Some(root) = window().and_then(|w| w.document()).and_then(|d| d.document_element()) {
        let _ = root.set_attribute("data-ready", if ready { "true" } else { "false" });
    }
}

impl Explore {
    fn start_engine(&mut self, ctx: &Context<Self>) {
        match Engine::start(ctx.link().callback(Msg::Engine)) {
            Ok(engine) => {
                self.engine = Some(engine);
                self.load_demo(ctx);
            }
            Err(message) => self.notice = Some(Notice::Broken(message)),
        }
    }

    fn listen(&mut self, ctx: &Context<Self>) {
        let Some(window) = window() else { return };
        let mut on = |kind: &'static str, handle: Box<dyn FnMut(web_sys::Event)>| {
            let closure = Closure::wrap(handle);
            let target: web_sys::EventTarget = window.clone().into();
            if target.add_event_listener_with_callback(kind, closure.as_ref().unchecked_ref()).is_ok() {
                self.listeners.push(Listener { target, kind, closure });
            }
        };
        let link = ctx.link().clone();
        on(
            "keydown",
            Box::new(move |event| {
                if let Ok(event) = event.dyn_into::<KeyboardEvent>() {
                    link.send_message(Msg::Key(event));
                }
            }),
        );
        let link = ctx.link().clone();
        on("hashchange", Box::new(move |_| link.send_message(Msg::Hash)));
        for (kind, dragging) in [("dragover", true), ("dragleave", false)] {
            let link = ctx.link().clone();
            on(
                kind,
                Box::new(move |event| {
                    event.prevent_default();
                    // Leaving for a child of the page is no leaving.
                    let inside =
                        event.dyn_ref::<DragEvent>().is_some_and(|drag| drag.related_target().is_some());
                    link.send_message(Msg::Dragging(dragging || inside));
                }),
            );
        }
        let link = ctx.link().clone();
        on(
            "drop",
            Box::new(move |event| {
                event.prevent_default();
                link.send_message(Msg::Dragging(false));
                let files = event
                    .dyn_ref::<DragEvent>()
                    .and_then(DragEvent::data_transfer)
                    .and_then(|data| data.files());
                if let Some(file) = files.and_then(|files| files.get(0)) {
                    link.send_message(Msg::Controls(ControlsEvent::File(file)));
                }
            }),
        );
    }

    /// Takes over the address; true when it carries a link.
    fn read_link(&mut self) -> bool {
        let hash = window().and_then(|window| window.location().hash().ok()).unwrap_or_default();
        if !hash.contains('?') {
            return false;
        }
        match Link::read(&hash) {
            Ok((link, notes)) => {
                self.config = link.config;
                self.verdict = None;
                if !notes.is_empty() {
                    self.notice = Some(Notice::Info(notes.join(" ")));
                }
                self.link = link;
                true
            }
            Err(error) => {
                self.notice = Some(Notice::Problem(error.to_string()));
                false
            }
        }
    }

    fn load_demo(&mut self, ctx: &Context<Self>) {
        self.loading = Some(DEMO_NAME.to_owned());
        let link = ctx.link().clone();
        spawn_local(async move {
            let bytes = fetch(&format!("captures/{DEMO_NAME}")).await;
            link.send_message(Msg::Bytes(bytes.map(|bytes| (DEMO_NAME.to_owned(), bytes)).ok_or_else(
                || "The demo capture could not be loaded: reload the page, or drop a pcap file.".to_owned(),
            )));
        });
    }

    fn load_file(&mut self, ctx: &Context<Self>, file: &File) {
        let name = file.name();
        self.loading = Some(name.clone());
        self.notice = None;
        let link = ctx.link().clone();
        let buffer = file.array_buffer();
        spawn_local(async move {
            let bytes = JsFuture::from(buffer).await.map(|buffer| Uint8Array::new(&buffer));
            link.send_message(Msg::Bytes(
                bytes.map(|bytes| (name.clone(), bytes)).map_err(|_| format!("{name} could not be read.")),
            ));
        });
    }

    fn run_again(&mut self) {
        if let (Some(engine), Some(_)) = (&self.engine, &self.capture) {
            mark(false);
            self.run = engine.run(self.config);
        }
    }

    fn hear(&mut self, ctx: &Context<Self>, message: Message) -> bool {
        let (reply, arrays) = match message {
            Message::Reply(reply, arrays) => (reply, arrays),
            Message::Broken(detail) => {
                self.engine = None;
                self.notice = Some(Notice::Broken(format!("The simulation has stopped: {detail}.")));
                return true;
            }
        };
        match reply {
            Reply::Hello { .. } => false,
            Reply::Loaded { run, info } if run == self.run => {
                self.loading = None;
                self.notice = info.warning.clone().map(Notice::Info).or(self.notice.take());
                self.capture = Some(info);
                self.fresh = true;
                self.run_again();
                true
            }
            Reply::Refused { run, message } if run == self.run => {
                self.loading = None;
                self.notice = Some(Notice::Problem(message));
                // What was there stays, with its own settings.
                self.config = self.shown;
                mark(true);
                true
            }
            Reply::Started { run, config, flows } if run == self.run => {
                self.shown = config;
                self.results = None;
                self.packet = None;
                let mut player = self.player.borrow_mut();
                // Another configuration of the same traffic is shown at the same moment.
                self.anchor = if self.fresh { Anchor::End } else { player.anchor() };
                self.fresh = false;
                player.begin(Timeline::new(traffic(config.line_size, flows, &arrays)));
                true
            }
            Reply::Events { run, lane } if run == self.run => {
                self.take_events(lane, &arrays);
                false
            }
            Reply::Done { run, results, milliseconds } if run == self.run => {
                self.done(results, milliseconds);
                let _ = ctx;
                true
            }
            Reply::Inspected { run, info } if run == self.run => {
                self.packet = Some(info);
                true
            }
            _ => false,
        }
    }

    fn take_events(&mut self, lane: u32, arrays: &[Uint32Array]) {
        let side = if lane == 0 { Side::Left } else { Side::Right };
        let mut player = self.player.borrow_mut();
        if let (Some(words), Some(timeline)) = (arrays.first(), player.timeline.as_mut()) {
            timeline.push(side, &words.to_vec());
            player.repaint();
        }
    }

    fn done(&mut self, results: [crate::engine::LaneResult; 2], milliseconds: f64) {
        let mut player = self.player.borrow_mut();
        if let Some(timeline) = player.timeline.as_mut() {
            timeline.finish();
        }
        player.repaint();
        if let Some(root) = window().and_then(|w| w.document()).and_then(|d| d.document_element()) {
            let frames: u32 = results.iter().map(|result| result.frames).sum();
            let rate = f64::from(frames) / milliseconds.max(0.001) * 1000.0;
            let _ = root.set_attribute("data-packets-per-second", &format!("{rate:.0}"));
            let digests = short_digest(&results[0].digest, &results[1].digest);
            let _ = root.set_attribute("data-digest", &digests);
        }
        self.results = Some(results);
        drop(player);
        if !self.opened {
            self.opened = true;
            self.open();
        } else {
            self.player.borrow_mut().restore(self.anchor);
        }
        mark(true);
    }

    /// The first picture: the link's moment, or the demo's opening.
    fn open(&mut self) {
        let Some(results) = &self.results else { return };
        let digest = short_digest(&results[0].digest, &results[1].digest);
        let capture = self.capture.clone().unwrap_or_default();
        let wanted = self.link.capture.clone().unwrap_or_else(|| DEMO_SHA256.to_owned());
        if wanted != capture.sha256 {
            // The link is about another file; it stays wanted until that is dropped.
            self.opened = false;
            let name = self.link.name.clone().unwrap_or_else(|| "a capture".to_owned());
            let text = format!(
                "This link is about {name} (SHA-256 {}…), which never travels in a link: drop that file here to see it. \
                 Until then this is {}.",
                &wanted[..16],
                capture.name
            );
            self.notice = Some(Notice::Info(text));
        } else if let Some(at) = self.link.at {
            self.verdict = self.link.verdict(&digest);
            self.player.borrow_mut().seek(at);
            let packet = self.link.packet;
            self.select(packet);
            return;
        }
        let mut player = self.player.borrow_mut();
        let Some(opening) = player.timeline.as_ref().and_then(tour::opening) else {
            player.jump(0);
            player.toggle();
            return;
        };
        player.seek(opening);
        let still =
            window().is_some_and(|window| theme::prefers(&window, "(prefers-reduced-motion: reduce)"));
        if !still && let Some(legs) = player.timeline.as_ref().and_then(tour::journey) {
            player.tour(legs);
        }
    }

    fn control(&mut self, ctx: &Context<Self>, event: ControlsEvent) -> bool {
        self.player.borrow_mut().end_tour();
        match event {
            ControlsEvent::Config(config) => {
                self.config = config;
                self.verdict = None;
                self.notice = None;
                self.run_again();
            }
            ControlsEvent::Rejected(message) => self.notice = Some(Notice::Problem(message)),
            ControlsEvent::File(file) => {
                self.verdict = None;
                self.load_file(ctx, &file);
            }
            ControlsEvent::Demo => self.load_demo(ctx),
        }
        true
    }

    fn time(&mut self, event: TimeEvent) -> bool {
        let mut player = self.player.borrow_mut();
        match event {
            TimeEvent::ToStart => player.seek(0),
            TimeEvent::Toggle => player.toggle(),
            TimeEvent::Step(forward) => player.step(forward, self.unit),
            TimeEvent::NextCopy => player.next_copy(),
            TimeEvent::Seek(position) => player.seek(position),
            TimeEvent::Speed(speed) => player.speed = speed,
            TimeEvent::Unit(unit) => self.unit = unit,
        }
        self.status = player.status();
        true
    }

    fn seek(&mut self, position: u32) -> bool {
        let mut player = self.player.borrow_mut();
        player.seek(position);
        self.status = player.status();
        true
    }

    fn select(&mut self, packet: Option<u32>) -> bool {
        let mut player = self.player.borrow_mut();
        let touring = player.end_tour();
        let packet = packet.filter(|packet| {
            player.timeline.as_ref().is_some_and(|timeline| (*packet as usize) < timeline.packets.len())
        });
        player.selected = packet;
        player.repaint();
        if touring {
            let here = player.position();
            player.seek(here);
        }
        if let (Some(packet), Some(engine), Some(timeline)) = (packet, &self.engine, &player.timeline) {
            let track = timeline.packets[packet as usize];
            engine.inspect(self.run, packet, track.send, track.offset, track.len);
        }
        true
    }

    fn key(&mut self, event: &KeyboardEvent) -> bool {
        let typing = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let typing = typing.is_some_and(|element| {
            ["INPUT", "SELECT", "BUTTON", "TEXTAREA"].contains(&element.tag_name().as_str())
        });
        if typing && event.key() != "Escape" || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return false;
        }
        let time = match event.key().as_str() {
            " " => TimeEvent::Toggle,
            "ArrowRight" => TimeEvent::Step(true),
            "ArrowLeft" => TimeEvent::Step(false),
            "Home" => TimeEvent::ToStart,
            "End" => TimeEvent::Seek(u32::MAX),
            "c" => TimeEvent::NextCopy,
            "Escape" => return self.select(None),
            _ => return false,
        };
        event.prevent_default();
        self.time(time)
    }

    fn share(&mut self) -> bool {
        let (Some(window), Some(capture)) = (window(), &self.capture) else { return false };
        let player = self.player.borrow();
        let demo = capture.sha256 == DEMO_SHA256;
        let link = Link {
            config: self.shown,
            at: Some(player.position()),
            packet: player.selected,
            capture: (!demo).then(|| capture.sha256.clone()),
            name: (!demo).then(|| capture.name.clone()),
            model: Some(MODEL_VERSION),
            digest: self.results.as_ref().map(|results| short_digest(&results[0].digest, &results[1].digest)),
        };
        drop(player);
        let fragment = link.fragment();
        let history = window.history();
        if let Ok(history) = history {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&fragment));
        }
        let address = window.location().href().unwrap_or(fragment);
        // Where the clipboard is denied, the address bar has it all the same.
        let _ = window.navigator().clipboard().write_text(&address);
        self.link = link;
        let file =
            if demo { "" } else { " The capture itself stays here: whoever opens the link is asked for it." };
        self.notice = Some(Notice::Info(format!(
            "The link to this moment is in the address bar and on the clipboard.{file}"
        )));
        true
    }

    fn inspected(&self) -> Option<u32> {
        self.player.borrow().selected
    }

    fn view_inspector(&self, ctx: &Context<Self>) -> Html {
        let player = self.player.borrow();
        let (Some(packet), Some(timeline)) = (player.selected, &player.timeline) else { return html! {} };
        let Some(track) = timeline.packets.get(packet as usize) else { return html! {} };
        let send = timeline.traffic.sends[track.send as usize];
        let info = self.packet.clone().filter(|info| info.packet == packet);
        let held = player.held();
        let lines = info
            .iter()
            .flat_map(|info| &info.lines)
            .map(|(content, hex)| (*content, hex.clone(), held.get(*content as usize).copied().unwrap_or(0)));
        let flow: AttrValue = timeline.traffic.flows[send.flow as usize].clone().into();
        html! {
            <Inspector {packet} origin={(send.frame, flow)} len={track.len} lines={lines.collect::<Vec<_>>()} {info}
                events={timeline.events_of(packet)} onclose={ctx.link().callback(|()| Msg::Close)} onseek={ctx.link().callback(Msg::Seek)} />
        }
    }

    fn view_notice(&self, ctx: &Context<Self>) -> Html {
        let dismiss = ctx.link().callback(|_: MouseEvent| Msg::Dismiss);
        let (class, text) = match (&self.notice, &self.loading) {
            (Some(Notice::Info(text)), _) => ("info", text.clone()),
            (Some(Notice::Problem(text)), _) => ("problem", text.clone()),
            (Some(Notice::Broken(text)), _) => {
                let restart = ctx.link().callback(|_: MouseEvent| Msg::Restart);
                return html! {
                    <div class="notice problem" id="notice" role="alert"><p>{ text }</p><button onclick={restart}>{ "Restart" }</button></div>
                };
            }
            (None, Some(name)) => {
                return html! { <div class="notice info" role="status"><p>{ format!("Reading {name}…") }</p></div> };
            }
            (None, None) => return html! {},
        };
        html! {
            <div class={classes!("notice", class)} id="notice" role={if class == "problem" { "alert" } else { "status" }}>
                <p>{ text }</p><button onclick={dismiss} aria-label="Dismiss"><Icon name={IconName::Close} /></button>
            </div>
        }
    }
}

async fn fetch(url: &str) -> Option<Uint8Array> {
    let response = JsFuture::from(window()?.fetch_with_str(url)).await.ok()?;
    let response: web_sys::Response = response.dyn_into().ok()?;
    if !response.ok() {
        return None;
    }
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(Uint8Array::new(&buffer))
}

/// The traffic from the typed arrays that come with [`Reply::Started`].
fn traffic(line_size: u32, flows: Vec<String>, arrays: &[Uint32Array]) -> Traffic {
    let array = |i: usize| arrays.get(i).map(Uint32Array::to_vec).unwrap_or_default();
    let mut first_line = 0;
    let sends: Vec<SendInfo> = array(0)
        .as_chunks::<4>()
        .0
        .iter()
        .map(|[flow, frame, len, lines]| {
            let info = SendInfo { flow: *flow, frame: *frame, len: *len, first_line, lines: *lines };
            first_line += lines;
            info
        })
        .collect();
    let columns = columns(flows.len(), sends.iter().map(|send| send.flow));
    Traffic { sends, flows, lines: array(1), glyphs: array(2), line_size, columns }
}
