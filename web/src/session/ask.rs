//! Selecting, and asking the worker about what is selected.

use std::rc::Rc;

use snapstack::sim::{Event, Stage};

use super::Provider;
use crate::browser::{save_bytes, window};
use crate::engine::{DagOf, Moment, Question};
use crate::line;
use crate::state::{Action, Asked, When};
use crate::timeline::{NEVER, Place, Ring, Side, Timeline, Track};

/// What somebody wants to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// The lines of segments, as they are at the cursor.
    Dag(DagOf),
    /// Which lines of the DAG on screen the marked moment holds, too.
    Compare,
    /// Why a line of the DAG on screen is alive, by its PLID; with the hash of a data line's bytes.
    Line(Option<u32>, Option<u32>),
    /// Which lines of the DAG on screen hold some bytes.
    Find(Vec<u8>),
    /// How the count of the line that is looked at changes over the run.
    History,
    /// All frames of the run, as a file.
    Frames,
}

/// The lane whose lines are looked at: the right one, unless only the left one has any.
fn lane(schemes: [snapstack::buffers::Scheme; 2]) -> u32 {
    u32::from(schemes[1] == snapstack::buffers::Scheme::Snapshot)
}

/// The event of a lane with which the NIC reads a packet, or its frame arrives, by index; [`NEVER`] for one that it has not read.
/// None before it is the NIC's.
fn frame_event(timeline: &Timeline, side: Side, track: &Track) -> Option<u32> {
    let (given, read) = if track.up { (Stage::WireIn, Stage::WireIn) } else { (Stage::Doorbell, Stage::Dma) };
    let index = |at| if at == NEVER { NEVER } else { timeline.events(side, at) - 1 };
    (track.at(given) != NEVER).then(|| index(track.at(read)))
}

/// The position at which the lines of something are looked at: the cursor's, but for a packet that is in no ring then the one
/// at which it is handed to the NIC.
fn dag_position(timeline: &Timeline, side: Side, of: DagOf, position: u32) -> u32 {
    let posted = match of {
        DagOf::Packet(packet) => timeline.track(side, packet).filter(|track| !track.up).map(|track| {
            let (posted, done) = (track.at(Stage::Doorbell), track.at(Stage::Completion));
            if (posted..done).contains(&position) { position } else { posted }
        }),
        DagOf::Segment(_) | DagOf::All => None,
    };
    posted.filter(|at| *at != NEVER).unwrap_or(position)
}

/// A position as the worker understands it. A packet is looked at while it is in its slot, also where the step that empties the
/// slot has begun to show.
fn moment(timeline: &Timeline, side: Side, of: DagOf, position: u32) -> Moment {
    let done = match of {
        DagOf::Packet(packet) => timeline.track(side, packet).map(|track| track.at(Stage::Completion)),
        DagOf::Segment(_) | DagOf::All => None,
    };
    let before = done.filter(|at| (position + 1..NEVER).contains(at));
    Moment { events: timeline.events(side, position), before: before.map(|at| timeline.events(side, at) - 1) }
}

impl Provider {
    pub(super) fn pick(&mut self, side: Side, x: f64, y: f64) -> bool {
        let player = self.session.player.borrow();
        let (packet, line) = (player.hit(side, x, y), player.line_at(side, x, y));
        let place = player.place_at(side, x, y);
        drop(player);
        match (packet, line) {
            (Some(packet), _) => self.act(Action::Select(Some(packet))),
            (None, Some(line)) => {
                let again = self.session.state.line == Some(line);
                self.act(Action::SelectLine((!again).then_some(line)))
            }
            (None, None) => match place {
                Some(place) => self.place(place),
                None => {
                    self.session.player.borrow_mut().end_tour();
                    false
                }
            },
        }
    }

    /// Selects a slot or a socket, and the packet that is in it at the cursor.
    pub(super) fn place(&mut self, place: Place) -> bool {
        let player = self.session.player.borrow();
        let packet = match (place, &player.timeline) {
            (Place::Slot { side, ring, queue, slot }, Some(timeline)) => {
                timeline.slot(side, ring, (queue, slot), player.position()).packet
            }
            _ => None,
        };
        drop(player);
        self.act(Action::Select(packet));
        self.act(Action::Place(Some(place)))
    }

    /// Selects the slot of a ring that holds the selected packet, or the one with which something happens next in the queue
    /// that is looked at.
    pub(super) fn slot(&mut self, ring: Ring) -> bool {
        let player = self.session.player.borrow();
        let Some(timeline) = &player.timeline else { return false };
        let side = Side::Right;
        let own = player.selected.and_then(|packet| timeline.slots_of(side, packet));
        let place = match own.filter(|slots| slots.ring == ring) {
            Some(slots) => slots.place(side),
            None => {
                let position = player.position();
                let queue = timeline.queue_at_work(player.place, player.selected, position);
                timeline.next_place(side, ring, queue, position)
            }
        };
        drop(player);
        self.place(place)
    }

    /// Selects, of the queue after the one that is looked at, the slot with which something happens next, in the same ring.
    pub(super) fn next_queue(&mut self) -> bool {
        let player = self.session.player.borrow();
        let Some(timeline) = &player.timeline else { return false };
        if timeline.queues == 1 {
            drop(player);
            let text = "This run has one queue; the settings take up to 16.";
            return self.act(Action::Inform(text.to_owned()));
        }
        let position = player.position();
        let (side, ring) = match player.place {
            Some(Place::Slot { side, ring, .. }) => (side, ring),
            _ => (Side::Right, Ring::Tx),
        };
        let queue = timeline.queue_at_work(player.place, player.selected, position);
        let place = timeline.next_place(side, ring, (queue + 1) % timeline.queues, position);
        drop(player);
        self.place(place)
    }

    /// Selects the packet whose event brought the run to a position, if it has one.
    pub(super) fn select_at(&mut self, position: u32) -> bool {
        let player = self.session.player.borrow();
        let event = player.timeline.as_ref().and_then(|timeline| timeline.event(position));
        drop(player);
        match event {
            Some((_, event)) if event.packet != Event::NONE => self.act(Action::Select(Some(event.packet))),
            _ => true,
        }
    }

    pub(super) fn select(&mut self, packet: Option<u32>) {
        let mut player = self.session.player.borrow_mut();
        let touring = player.end_tour();
        let packet = packet.filter(|packet| {
            player.timeline.as_ref().is_some_and(|timeline| {
                Side::BOTH.iter().any(|side| timeline.track(*side, *packet).is_some())
            })
        });
        player.selected = packet;
        player.place = None;
        player.repaint();
        if touring {
            let here = player.position();
            player.seek(here);
        }
        let wanted = packet.zip(player.timeline.as_ref()).and_then(|(packet, timeline)| {
            let lane = Side::BOTH.into_iter().rev().find(|side| timeline.track(*side, packet).is_some())?;
            let event = frame_event(timeline, lane, timeline.track(lane, packet)?)?;
            Some(Question::Frame { lane: lane as u32, packet, event })
        });
        drop(player);
        Rc::make_mut(&mut self.session.state).selected = packet;
        if let Some(question) = wanted {
            self.ask(Asked::Frame, question);
        }
    }

    /// Shows a slot or a socket as selected, if the run has it.
    pub(super) fn select_place(&mut self, place: Option<Place>) {
        let mut player = self.session.player.borrow_mut();
        let place = place.filter(|place| player.timeline.as_ref().is_some_and(|run| run.has_place(*place)));
        player.place = place;
        player.repaint();
        drop(player);
        Rc::make_mut(&mut self.session.state).place = place;
    }

    /// Marks a range in the plots, if the run is as long.
    pub(super) fn mark_range(&mut self, range: Option<(u32, u32)>) {
        let mut player = self.session.player.borrow_mut();
        let range = range.filter(|(_, to)| *to <= player.end());
        player.range = range;
        player.repaint();
        drop(player);
        Rc::make_mut(&mut self.session.state).range = range;
    }

    /// Shows a line as selected; what its bytes are is asked for, unless the sheet tells.
    pub(super) fn select_line(&mut self, line: Option<u32>) {
        let mut player = self.session.player.borrow_mut();
        player.line = line;
        player.repaint();
        let of = line.zip(player.timeline.as_ref());
        let hash = of.and_then(|(line, timeline)| timeline.glyphs.get(line as usize).copied());
        let asks = of.filter(|_| self.session.state.inspect.dag.is_none()).and_then(|(line, timeline)| {
            let (side, packet, (from, to)) = line::carried(timeline, line)?;
            let event = frame_event(timeline, side, timeline.track(side, packet)?)?;
            Some((Asked::Bytes(from, to), Question::Frame { lane: side as u32, packet, event }))
        });
        drop(player);
        let state = Rc::make_mut(&mut self.session.state);
        state.line_hash = hash;
        state.inspect.bytes = None;
        if let Some((what, question)) = asks {
            self.ask(what, question);
        }
    }

    /// Selects the line whose bytes have this hash, if the run has one.
    pub(super) fn find_line(&mut self, hash: u32) -> bool {
        let player = self.session.player.borrow();
        let lines = player.timeline.as_ref().map_or(&[][..], |timeline| &timeline.glyphs);
        let line = lines.iter().position(|found| *found == hash).map(|line| line as u32);
        drop(player);
        line.is_some() && self.act(Action::SelectLine(line))
    }

    fn ask(&mut self, what: Asked, question: Question) {
        let state = Rc::make_mut(&mut self.session.state);
        let (number, older) = state.inspect.ask(what);
        self.send_question(number, older, question);
    }

    fn send_question(&mut self, number: u32, older: Option<u32>, question: Question) {
        let (Some(engine), Some(run)) = (&mut self.engine, self.session.state.on_screen) else { return };
        if let Some(older) = older {
            engine.cancel(older);
        }
        engine.ask(run, number, question);
    }

    /// What there is to ask at a position about the lines of something in a lane.
    fn moment_of(&self, lane: u32, of: DagOf, position: u32) -> Moment {
        let side = Side::BOTH[lane as usize & 1];
        let player = self.session.player.borrow();
        let none = Moment { events: 0, before: None };
        player.timeline.as_ref().map_or(none, |timeline| moment(timeline, side, of, position))
    }

    pub(super) fn question(&mut self, wanted: Wanted) -> bool {
        let player = self.session.player.borrow();
        let lane = lane(player.schemes);
        drop(player);
        let shown = self.session.state.inspect.dag.clone();
        match wanted {
            Wanted::Dag(of) => {
                let player = self.session.player.borrow();
                let Some(timeline) = &player.timeline else { return false };
                let at = dag_position(timeline, Side::BOTH[lane as usize], of, player.position());
                let when = When { position: at, time_ns: timeline.time_ns(at) };
                drop(player);
                self.fetch_annex();
                let at = self.moment_of(lane, of, at);
                self.ask(Asked::Dag(lane, of, when), Question::Dag { lane, of, at });
            }
            Wanted::Compare => {
                let (Some(dag), Some(mark)) = (shown, self.session.state.mark) else {
                    let text = "To compare lines, mark a moment, then show the lines of another one.";
                    return self.act(Action::Inform(text.to_owned()));
                };
                let player = self.session.player.borrow();
                let time_ns = player.timeline.as_ref().map_or(0, |timeline| timeline.time_ns(mark));
                drop(player);
                // A line is shared with whatever held it then.
                let (lane, of) = (dag.lane, DagOf::All);
                let at = self.moment_of(lane, of, mark);
                self.ask(Asked::Marked(When { position: mark, time_ns }), Question::Dag { lane, of, at });
            }
            Wanted::Line(plid, hash) => {
                let Some(dag) = shown else { return false };
                let at = self.moment_of(dag.lane, dag.of, dag.when.position);
                let inspect = &mut Rc::make_mut(&mut self.session.state).inspect;
                inspect.plid = plid;
                inspect.line = None;
                inspect.history = None;
                if let Some(plid) = plid {
                    let question = Question::Line { lane: dag.lane, plid, at };
                    self.ask(Asked::Line, question);
                }
                if let Some(hash) = hash {
                    self.find_line(hash);
                }
            }
            Wanted::Find(bytes) => {
                let Some(dag) = shown else { return false };
                let (number, older) = Rc::make_mut(&mut self.session.state).inspect.look_for(&bytes);
                let (of, bytes) = (dag.of, hex::encode(&bytes));
                let at = self.moment_of(dag.lane, of, dag.when.position);
                let question = Question::Find { lane: dag.lane, of, bytes, at };
                self.send_question(number, older, question);
            }
            Wanted::History => {
                let Some(line) = self.session.state.inspect.line.clone() else { return false };
                let lane = shown.map_or(lane, |dag| dag.lane);
                self.ask(Asked::History, Question::History { lane, bytes: line.bytes, tags: line.tags });
            }
            Wanted::Frames => {
                self.ask(Asked::Frames, Question::Frames { lane: 1 });
            }
        }
        true
    }

    /// What takes long is not wanted any more: an answer, or else what is being read or run.
    pub(super) fn cancel(&mut self) -> bool {
        let asked = Rc::make_mut(&mut self.session.state).inspect.cancel_long();
        if let Some(engine) = &mut self.engine {
            match asked {
                Some(ask) => engine.cancel(ask),
                None => engine.cancel_work(),
            }
        }
        asked.is_some()
    }

    /// What an answer asks of the page beside showing it.
    pub(super) fn answered(&mut self, asked: Asked) {
        if let Asked::Dag(..) = asked
            && self.session.state.inspect.comparing
        {
            self.question(Wanted::Compare);
        }
    }

    /// Hands the frames that the worker wrote to the user, as a file.
    pub(super) fn save_frames(&mut self, bytes: u32, words: &[u32]) {
        let file: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).take(bytes as usize).collect();
        if let Some(document) = window().and_then(|window| window.document()) {
            save_bytes(&document, "snapstack.pcapng", "application/vnd.tcpdump.pcap", &file);
        }
    }
}
