//! What is told of a selected slot or socket: facts at a position, the events that made them, and the places near it.

use snapstack::buffers::Scheme;
use snapstack::ledger::AllocationKind;
use snapstack::sim::{Event, Kind};

use crate::scene::{counted, duration, grouped};
use crate::timeline::{Call, NEVER, Place, Ring, Side, Slot, Slots, Timeline};
use crate::words::bytes;

/// Events that are looked back over for the buffer that a descriptor was given.
const LOOK_BACK: u32 = 4096;

/// A fact: what it is about, what it is, and the event that made or will make it so.
pub type Fact = (&'static str, String, Option<u32>);

/// Everything that is told of a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its name.
    pub title: String,
    /// Where it is.
    pub origin: String,
    /// What is known of it.
    pub facts: Vec<Fact>,
    /// What happened to it and will happen: position and words.
    pub events: Vec<(u32, String)>,
    /// Places near it.
    pub near: Vec<(String, Place)>,
}

/// What is told of a place at a position, where each lane runs a scheme.
pub fn told(timeline: &Timeline, schemes: [Scheme; 2], place: Place, position: u32) -> Told {
    match place {
        Place::Slot { side, ring, queue, slot } => {
            let segments = schemes[side as usize] == Scheme::Snapshot;
            of_slot(timeline, segments, side, Slots { ring, queue, first: slot, count: 1 }, position)
        }
        Place::Socket { side, thread } => of_socket(timeline, side, thread, position),
    }
}

/// A lane's name.
fn lane(side: Side) -> &'static str {
    ["left lane", "right lane"][side as usize]
}

fn other(side: Side) -> Side {
    Side::BOTH[1 - side as usize]
}

fn moment(timeline: &Timeline, at: u32) -> String {
    duration(timeline.time_ns(at))
}

/// A ring's name.
fn name(ring: Ring) -> &'static str {
    match ring {
        Ring::Tx => "TX",
        Ring::Rx => "RX",
    }
}

/// Which queue's it is, in a run with several; queues are counted from 1 on, as threads are.
fn of_queue(timeline: &Timeline, queue: u32) -> String {
    if timeline.queues > 1 { format!(" of queue {}", queue + 1) } else { String::new() }
}

/// The steps of a use in words, each with where it happens; those that never do are left out.
fn steps(ring: Ring, slot: &Slot) -> Vec<(u32, String)> {
    let packet = |of: u32| if of == Event::NONE { String::new() } else { format!(" with packet {of}") };
    let mut events = Vec::new();
    if let Some(now) = &slot.now {
        let (words, recycled) = match ring {
            Ring::Tx => (
                ["filled", "posted: the doorbell gives it to the NIC", "completed: the NIC is done with it"],
                slot.recycled,
            ),
            Ring::Rx => {
                (["granted: the NIC may fill it", "filled", "taken by the driver: free again"], NEVER)
            }
        };
        let text = |word: &str| {
            if word == "filled" { format!("filled{}", packet(now.packet)) } else { word.to_owned() }
        };
        events.extend(now.at.iter().zip(words).map(|(at, word)| (*at, text(word))));
        events.push((recycled, "recycled: the driver clears it".to_owned()));
    }
    if let Some(next) = &slot.next {
        let again = if slot.now.is_some() { " again" } else { "" };
        events.push(match ring {
            Ring::Tx => (next.at[0], format!("filled{again}{}", packet(next.packet))),
            Ring::Rx => (next.at[0], format!("granted{again}: the NIC may fill it")),
        });
    }
    events.retain(|(at, _)| *at != NEVER);
    events
}

/// Who owns a slot, and what it waits for.
fn owner(ring: Ring, slot: &Slot) -> &'static str {
    match (ring, slot.now.map_or(0, |_| slot.steps)) {
        (Ring::Tx, 0) => "the driver: not filled yet",
        (Ring::Tx, 1) => "the driver: filled, the doorbell is not rung",
        (Ring::Tx, 2) => "the NIC: posted, to be read",
        (Ring::Tx, _) if slot.packet.is_some() => "the driver: completed, to be recycled",
        (Ring::Rx, 0) => "the driver: not granted yet",
        (Ring::Rx, 1) => "the NIC: granted, to be filled",
        (Ring::Rx, 2) => "the driver: filled, to be taken",
        _ => "the driver: free",
    }
}

/// The buffers that a descriptor's lane has allocated for what is in it.
fn buffers(timeline: &Timeline, side: Side, ring: Ring, slot: &Slot) -> Option<String> {
    let allocated = |event: &Event| match event.kind {
        Kind::Allocate { kind, bytes } => Some((kind, bytes)),
        _ => None,
    };
    match (ring, slot.packet) {
        (Ring::Tx, Some(packet)) => {
            let events = timeline.events_of(packet);
            let own = events.iter().filter(|(_, of, _)| *of == Some(side));
            let texts: Vec<String> = own
                .filter_map(|(.., event)| allocated(event))
                .map(|(kind, size)| format!("{} {}", kind.name(), bytes(size)))
                .collect();
            Some(format!("a part of what was allocated for the packet: {}", texts.join(", ")))
                .filter(|_| !texts.is_empty())
        }
        (Ring::Rx, _) if (1..3).contains(&slot.steps) => {
            let granted = slot.now?.at[0];
            let size = (granted.saturating_sub(LOOK_BACK)..=granted).rev().find_map(|at| {
                let (_, event) = timeline.event(at).filter(|(of, _)| *of == Some(side))?;
                allocated(&event).filter(|(kind, _)| *kind == AllocationKind::RxBuffer)
            })?;
            Some(format!("one of {}, allocated before it was granted", bytes(size.1)))
        }
        _ => None,
    }
}

fn of_slot(timeline: &Timeline, segments: bool, side: Side, of: Slots, position: u32) -> Told {
    let Slots { ring, queue, first: number, .. } = of;
    let slot = timeline.slot(side, ring, (queue, number), position);
    let events = steps(ring, &slot);
    let mut facts: Vec<Fact> = Vec::new();
    let id = if segments { "segment ID" } else { "descriptor" };
    facts.push((id, slot.id.to_string(), None));
    facts.push(("owned by", owner(ring, &slot).to_owned(), None));
    let (past, to_come): (Vec<_>, Vec<_>) = events.iter().partition(|(at, _)| *at <= position);
    facts.push(match past.last() {
        Some((at, _)) => ("since", moment(timeline, *at), Some(*at)),
        None => ("since", "the beginning".to_owned(), None),
    });
    let track = slot.packet.and_then(|packet| timeline.track(side, packet));
    facts.push(match (slot.packet, segments, slot.part) {
        (None, ..) => ("packet in it", "none".to_owned(), None),
        (Some(packet), true, _) => ("packet in it", format!("{packet}, as the segment's content"), None),
        (Some(packet), false, (part, 2..)) => {
            ("packet in it", format!("{packet}, by descriptor {part} of its {}", slot.part.1), None)
        }
        (Some(packet), false, _) => ("packet in it", packet.to_string(), None),
    });
    if let Some(track) = track.filter(|track| track.len > 0) {
        facts.push((
            if track.up && !track.has_payload() { "its frame" } else { "its payload" },
            bytes(track.len),
            None,
        ));
    }
    if !segments && let Some(text) = buffers(timeline, side, ring, &slot) {
        facts.push(("buffer", text, None));
    }
    facts.push(match to_come.first() {
        Some((at, text)) => ("next", text.clone(), Some(*at)),
        None if timeline.is_complete() => ("next", "nothing more in this run".to_owned(), None),
        None if timeline.goes_on() => ("next", "not known yet: the run goes on".to_owned(), None),
        None => ("next", "not known: the run was stopped here".to_owned(), None),
    });
    let slots = timeline.slots;
    let at = |slot: u32| Slots { first: slot % slots, ..of }.place(side);
    let mut near =
        vec![("Slot before".to_owned(), at(number + slots - 1)), ("Slot after".to_owned(), at(number + 1))];
    let queues = timeline.queues;
    if queues > 1 {
        let to = |queue: u32| timeline.next_place(side, ring, queue % queues, position);
        near.push(("Queue before".to_owned(), to(queue + queues - 1)));
        near.push(("Queue after".to_owned(), to(queue + 1)));
    }
    if let Some(slots) = timeline.linked(other(side), of.place(side), position) {
        near.push((format!("In the {}", lane(other(side))), slots.place(other(side))));
    }
    if let Some(thread) = track.map(|track| track.thread).filter(|thread| *thread != Event::NONE) {
        near.push((format!("Socket of thread {}", thread + 1), Place::Socket { side, thread }));
    }
    Told {
        title: format!("{} slot {number}{}", name(ring), of_queue(timeline, queue)),
        origin: match queues {
            1 => format!("{} · one of {slots} slots of the {} ring", lane(side), name(ring)),
            _ => format!(
                "{} · one of {slots} slots of the {} ring of queue {} of {queues}",
                lane(side),
                name(ring),
                queue + 1
            ),
        },
        facts,
        events,
        near,
    }
}

/// A packet's slots in either lane, and its thread's socket.
pub fn near(timeline: &Timeline, packet: u32) -> Vec<(String, Place)> {
    let slots = Side::BOTH.into_iter().filter_map(|side| {
        let slots = timeline.slots_of(side, packet)?;
        let (name, first, more) =
            (name(slots.ring), slots.first, if slots.count > 1 { " and on" } else { "" });
        let queue = of_queue(timeline, slots.queue);
        Some((format!("{name} slot {first}{more}{queue}, {}", lane(side)), slots.place(side)))
    });
    let thread = timeline.track(Side::Right, packet).map(|track| track.thread);
    let socket = thread.filter(|thread| *thread != Event::NONE).map(|thread| {
        (format!("Socket of thread {}", thread + 1), Place::Socket { side: Side::Right, thread })
    });
    slots.chain(socket).collect()
}

fn of_socket(timeline: &Timeline, side: Side, thread: u32, position: u32) -> Told {
    let socket = timeline.socket(side, thread, position);
    let sum = |now: (u32, u64), all: (u32, u64), what: &str| {
        format!(
            "{} / {} B in {} / {}",
            grouped(now.1),
            grouped(all.1),
            grouped(now.0.into()),
            counted(all.0.into(), what)
        )
    };
    let call = |call: Option<Call>| match call {
        Some(call) => (format!("{}, {}", bytes(call.len), moment(timeline, call.at)), Some(call.at)),
        None => ("none".to_owned(), None),
    };
    let copied = Side::BOTH.map(|side| {
        let (count, bytes) = timeline.copied_by(side, thread, position);
        format!("{} {} B in {}", lane(side), grouped(bytes), counted(count.into(), "copy"))
    });
    let (last, next) = (call(socket.last), call(socket.next));
    let title = format!("Socket of thread {}", thread + 1);
    let label = timeline.threads.get(thread as usize).cloned().unwrap_or_default();
    let known = label != format!("thread {}", thread + 1);
    let mut facts: Vec<Fact> = Vec::new();
    if known {
        facts.push(("connection", label, None));
    }
    let (payloads, waiting) = (socket.waiting.0.into(), grouped(socket.waiting.1));
    facts.extend([
        ("sent", sum(socket.sent, socket.sent_all, "call"), None),
        ("received", sum(socket.received, socket.received_all, "payload"), None),
        ("under way", format!("{} from here to the NIC", counted(socket.under_way.into(), "packet")), None),
        ("in its queue", format!("{} for recv(), {waiting} B", counted(payloads, "payload")), None),
        ("copied for it", copied.join(", "), None),
        ("last send", last.0, last.1),
        ("next send", next.0, next.1),
    ]);
    let threads = timeline.threads.len().max(1) as u32;
    let of = |side: Side, thread: u32| Place::Socket { side, thread: thread % threads };
    let mut near = vec![(format!("In the {}", lane(other(side))), of(other(side), thread))];
    if threads > 1 {
        near.splice(
            0..0,
            [
                ("Thread before".to_owned(), of(side, thread + threads - 1)),
                ("Thread after".to_owned(), of(side, thread + 1)),
            ],
        );
    }
    Told {
        title,
        origin: format!("{} · at the cursor / whole run", lane(side)),
        facts,
        events: Vec::new(),
        near,
    }
}

#[cfg(test)]
mod tests {
    use snapstack::sim::{Config, Setup, Stage, Workload};

    use super::*;
    use crate::timeline::tests::{build, timeline};

    const SCHEMES: [Scheme; 2] = [Scheme::SkBuff, Scheme::Snapshot];

    fn fact(told: &Told, term: &str) -> String {
        told.facts.iter().find(|fact| fact.0 == term).map(|fact| fact.1.clone()).unwrap_or_default()
    }

    #[test]
    fn a_slot_tells_its_owner_its_packet_and_what_comes_next_in_either_lane() {
        let timeline = timeline(Config::for_capture(), 512);
        let packet = timeline.packet_of_frame(27).unwrap();
        let track = timeline.track(Side::Right, packet).unwrap();
        let there = track.at(Stage::Completion) - 1;
        let place = |side| timeline.slots_of(side, packet).unwrap().place(side);
        let right = told(&timeline, SCHEMES, place(Side::Right), there);
        assert_eq!(right.title, "TX slot 2");
        assert_eq!(fact(&right, "segment ID"), (timeline.base(Side::Right, Ring::Tx, 0) + 2).to_string());
        assert_eq!(fact(&right, "owned by"), "the driver: completed, to be recycled");
        assert_eq!(fact(&right, "packet in it"), format!("{packet}, as the segment's content"));
        assert_eq!(fact(&right, "its payload"), "1,448 B");
        assert_eq!(fact(&right, "next"), "recycled: the driver clears it");
        assert_eq!(fact(&right, "buffer"), "", "a segment has no buffer");
        let left = told(&timeline, SCHEMES, place(Side::Left), there);
        assert!(fact(&left, "packet in it").starts_with(&format!("{packet}, by descriptor 1 of its ")));
        assert!(fact(&left, "buffer").contains("head 640 B"), "{left:?}");
        assert!(right.near.iter().any(|(_, near)| *near == place(Side::Left)), "{right:?}");
        // Every event that is told is one of the timeline, in order.
        assert!(right.events.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(right.events[0].1, format!("filled with packet {packet}"));
        let before = told(&timeline, SCHEMES, place(Side::Right), 0);
        assert_eq!(fact(&before, "owned by"), "the driver: not filled yet");
        assert_eq!(fact(&before, "next"), format!("filled with packet {packet}"));
        let granted = Place::Slot { side: Side::Left, ring: Ring::Rx, queue: 0, slot: 300 };
        let granted = told(&timeline, SCHEMES, granted, track.start());
        assert_eq!(fact(&granted, "owned by"), "the NIC: granted, to be filled");
        assert_eq!(fact(&granted, "buffer"), "one of 2,048 B, allocated before it was granted");
    }

    #[test]
    fn in_a_run_of_several_queues_a_slot_tells_its_queue_and_leads_to_the_others() {
        let config = Config {
            workload: Workload::Web,
            queues: 3,
            threads: 12,
            bytes: 20_000,
            message: 10_000,
            ..Config::default()
        };
        let timeline = build(&Setup::new(config, None), 512);
        let of_second = |packet: &u32| {
            let track = timeline.track(Side::Right, *packet).unwrap();
            !track.up && track.queue == 1 && track.at(Stage::Completion) != NEVER
        };
        let packet = (0..timeline.packets(Side::Right)).find(of_second).unwrap();
        let at = timeline.track(Side::Right, packet).unwrap().at(Stage::Completion) - 1;
        let slots = timeline.slots_of(Side::Right, packet).unwrap();
        let slot = told(&timeline, SCHEMES, slots.place(Side::Right), at);
        assert_eq!(slot.title, format!("TX slot {} of queue 2", slots.first));
        assert_eq!(slot.origin, "right lane · one of 512 slots of the TX ring of queue 2 of 3");
        assert_eq!(fact(&slot, "packet in it"), format!("{packet}, as the segment's content"));
        let to = |told: &Told, name: &str| told.near.iter().find(|near| near.0 == name).map(|near| near.1);
        let (before, after) = (to(&slot, "Queue before").unwrap(), to(&slot, "Queue after").unwrap());
        assert_eq!((before.queue(), after.queue()), (Some(0), Some(2)));
        let round = told(&timeline, SCHEMES, after, at);
        assert_eq!(to(&round, "Queue after").and_then(Place::queue), Some(0));
        assert_eq!(to(&slot, "In the left lane").and_then(Place::queue), Some(1));
        let names: Vec<String> = near(&timeline, packet).into_iter().map(|near| near.0).collect();
        let name = format!("TX slot {} of queue 2, right lane", slots.first);
        assert!(names.contains(&name), "{names:?}");
    }

    #[test]
    fn whatever_place_a_link_names_can_be_told_of_if_the_run_has_it() {
        let timeline = timeline(Config::for_capture(), 512);
        let (slots, threads) = (timeline.slots, timeline.threads.len() as u32);
        let mut told_of = 0;
        for side in ["left", "right"] {
            for (what, number, there) in [
                ("tx", 0, true),
                ("tx", slots - 1, true),
                ("tx", slots, false),
                ("rx", slots - 1, true),
                ("rx", u32::MAX, false),
                ("socket", 1, true),
                ("socket", threads, true),
                ("socket", threads + 1, false),
            ] {
                let name = format!("{side}:{what}:{number}");
                let place = Place::read(&name).unwrap();
                assert_eq!(timeline.has_place(place), there, "{name}");
                for position in [0, 1, timeline.len() / 2, timeline.len()] {
                    if there {
                        assert!(told(&timeline, SCHEMES, place, position).origin.starts_with(side), "{name}");
                        told_of += 1;
                    }
                }
            }
        }
        assert_eq!(told_of, 40);
    }

    #[test]
    fn a_socket_tells_what_went_through_it() {
        let timeline = timeline(Config::for_capture(), 512);
        let call = timeline.called(Side::Left, timeline.len() / 2).next().copied().unwrap();
        let place = Place::Socket { side: Side::Left, thread: call.thread };
        let told = told(&timeline, SCHEMES, place, call.at);
        assert_eq!(told.title, format!("Socket of thread {}", call.thread + 1));
        let last = told.facts.iter().find(|fact| fact.0 == "last send").unwrap();
        assert_eq!(last.2, Some(call.at));
        assert!(
            fact(&told, "sent").contains(" / ")
                && fact(&told, "copied for it").contains("right lane 0 B in 0 copies")
        );
    }
}
