//! What is told of a selected line of memory: how often each lane holds it at a position, and in what (DESIGN.md section 2).

use snapstack::buffers::{Origin, Scheme};
use snapstack::sim::{Event, Stage};

use crate::places::{Fact, Told};
use crate::scene::{counted, grouped};
use crate::timeline::{Content, Panel, Side, Timeline, Track};

/// Holders of a lane, and packets, that are told one by one.
const MOST: usize = 6;

/// What is told of a line at a position, which is the panel's.
pub fn told(timeline: &Timeline, panel: &Panel, schemes: [Scheme; 2], line: u32, position: u32) -> Told {
    let mut facts: Vec<Fact> = Vec::new();
    for side in Side::BOTH {
        let held = panel.held(side);
        let times = held.counts().get(line as usize).copied().unwrap_or(0);
        let mut text = counted(times.into(), "time");
        if times > 0 && schemes[side as usize] == Scheme::Snapshot {
            text += ", stored once";
        }
        facts.push((["held, left lane", "held, right lane"][side as usize], text, None));
        let contents = timeline.contents(side);
        let mut all = 0;
        for content in held.alive().filter(|content| contents.lines(*content).contains(&line)) {
            all += 1;
            if let Some(content) = contents.get(content).filter(|_| all <= MOST) {
                let (text, since) = holder(timeline, side, content, position);
                facts.push(("in", text, Some(since)));
            }
        }
        if all > MOST {
            facts.push(("and in", format!("{} more", grouped((all - MOST) as u64)), None));
        }
    }
    Told {
        title: "Line of memory".to_owned(),
        origin: format!("{} bytes, the same in both lanes; number {line} of this run", timeline.line_size),
        facts,
        events: Vec::new(),
        near: Vec::new(),
    }
}

/// What holds a content at a position, in words, and since when.
fn holder(timeline: &Timeline, side: Side, content: &Content, position: u32) -> (String, u32) {
    let thread = timeline.write(side, content.write).map(|write| write.thread);
    let of = |thread: Option<u32>| match thread.filter(|thread| *thread != Event::NONE) {
        Some(thread) => format!(" of thread {}", thread + 1),
        None => String::new(),
    };
    let text = match content.origin {
        Some(Origin::Kernel) => "kernel memory, into which send() copied it".to_owned(),
        Some(Origin::Nic) => {
            let track = timeline.track(side, content.packet);
            let stage = track.and_then(|track| Some((track, track.stage(position)?)));
            let (place, since) = match stage {
                Some((track, stage @ Stage::Recv)) => {
                    ("handed to the application by recv()", track.at(stage))
                }
                Some((track, stage @ Stage::SocketIn)) => ("what its socket holds", track.at(stage)),
                Some((track, Stage::DriverIn | Stage::IpIn | Stage::TransportIn)) => {
                    ("the stack, on its way up", track.at(Stage::DriverIn))
                }
                _ => ("its RX slot", content.born),
            };
            return (format!("packet {} that arrived: {place}", content.packet), since);
        }
        Some(Origin::Recv) => format!("a buffer{} that recv() has filled", of(thread)),
        Some(Origin::App) | None => format!("the buffer{} that it sends from", of(thread)),
    };
    (text, content.born)
}

/// Packets under way at a position that carry a line, the latest first.
pub fn carriers(timeline: &Timeline, line: u32, position: u32) -> Vec<u32> {
    let side = Side::Right;
    let carries = |packet: &u32| {
        timeline.track(side, *packet).is_some_and(|track| timeline.lines_of(side, track).contains(&line))
    };
    let mut packets: Vec<u32> = timeline.in_flight(side, position).filter(carries).collect();
    packets.reverse();
    packets.truncate(MOST);
    packets
}

/// Which bytes of a packet's payload lie in each of its lines.
pub fn cuts(track: &Track, line: u32) -> impl Iterator<Item = (usize, usize)> {
    let (start, line) = (track.offset as usize, line as usize);
    let first = start / line;
    (0..).map(move |i| {
        let (from, to) = ((first + i) * line, (first + i + 1) * line);
        (from.saturating_sub(start), to - start)
    })
}

/// Where a line's bytes stand in a payload: lane, packet, from where to where. The whole line, if a packet has it whole.
pub fn carried(timeline: &Timeline, line: u32) -> Option<(Side, u32, (usize, usize))> {
    let mut best: Option<(Side, u32, (usize, usize))> = None;
    for side in [Side::Right, Side::Left] {
        for packet in 0..timeline.packets(side) {
            let Some(track) = timeline.track(side, packet) else { continue };
            let lines = timeline.lines_of(side, track).iter();
            let mut cuts = lines.zip(cuts(track, timeline.line_size));
            let Some((_, (from, to))) = cuts.find(|(found, _)| **found == line) else { continue };
            let to = to.min(track.len as usize);
            if best.is_none_or(|(.., (a, b))| b - a < to.saturating_sub(from)) {
                best = Some((side, packet, (from, to)));
            }
            if to.saturating_sub(from) == timeline.line_size as usize {
                return best;
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use snapstack::sim::Config;

    use super::*;
    use crate::timeline::tests::timeline;

    const SCHEMES: [Scheme; 2] = [Scheme::SkBuff, Scheme::Snapshot];

    #[test]
    fn a_line_tells_how_often_it_is_held_and_in_what() {
        let timeline = timeline(Config::for_capture(), 512);
        let packet = timeline.packet_of_frame(27).unwrap();
        let track = timeline.track(Side::Right, packet).unwrap();
        let line = timeline.lines_of(Side::Right, track)[1];
        let mut panel = Panel::default();
        let at = track.at(Stage::Driver);
        panel.seek(&timeline, at);
        let told = told(&timeline, &panel, SCHEMES, line, at);
        let of = |term: &str| told.facts.iter().find(|fact| fact.0 == term).unwrap();
        let count = |side| panel.held(side).counts()[line as usize];
        assert!(count(Side::Left) > count(Side::Right), "send() has copied it");
        assert_eq!(of("held, left lane").1, counted(count(Side::Left).into(), "time"));
        assert!(of("held, right lane").1.ends_with(", stored once"), "{told:?}");
        assert!(told.facts.iter().any(|fact| fact.1.starts_with("kernel memory")), "{told:?}");
        assert!(told.facts.iter().filter_map(|fact| fact.2).all(|born| born <= at), "{told:?}");
        assert!(carriers(&timeline, line, at).contains(&packet));
        panel.seek(&timeline, 0);
        let before = super::told(&timeline, &panel, SCHEMES, line, 0);
        assert!(before.facts.iter().all(|fact| fact.1 == "0 times"), "{before:?}");
    }

    #[test]
    fn a_line_that_arrived_is_in_what_holds_it_at_the_moment() {
        let timeline = timeline(Config::for_capture(), 512);
        let side = Side::Right;
        let arrived = (0..timeline.packets(side)).filter(|packet| {
            let track = timeline.track(side, *packet);
            track.is_some_and(|track| track.up && track.at(Stage::Recv) != crate::timeline::NEVER)
        });
        let words = [
            (Stage::DmaIn, "its RX slot"),
            (Stage::IpIn, "the stack, on its way up"),
            (Stage::SocketIn, "what its socket holds"),
            (Stage::Recv, "handed to the application by recv()"),
        ];
        let mut seen = [0; 4];
        for packet in arrived.take(20) {
            let track = *timeline.track(side, packet).unwrap();
            for ((stage, words), seen) in words.into_iter().zip(&mut seen) {
                let content = *timeline.contents(side).get(track.content).unwrap();
                // The NIC's writing is told first, and then what came of it.
                let at = track.at(stage).max(content.born);
                if content.gone <= at || track.stage(at) != Some(stage) {
                    continue;
                }
                *seen += 1;
                let (text, since) = holder(&timeline, side, &content, at);
                assert_eq!(text, format!("packet {packet} that arrived: {words}"));
                assert!(since <= at && since >= content.born, "{text}, event {since} at {at}");
            }
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }

    #[test]
    fn a_line_is_found_whole_in_a_payload_that_has_it_whole() {
        let timeline = timeline(Config::for_capture(), 512);
        let packet = timeline.packet_of_frame(27).unwrap();
        let track = timeline.track(Side::Right, packet).unwrap();
        for line in timeline.lines_of(Side::Right, track) {
            let (side, packet, (from, to)) = carried(&timeline, *line).unwrap();
            let track = timeline.track(side, packet).unwrap();
            assert!(from < to && to <= track.len as usize);
            let index = cuts(track, timeline.line_size).position(|(a, _)| a == from).unwrap();
            assert_eq!(timeline.lines_of(side, track)[index], *line);
        }
        assert_eq!(carried(&timeline, u32::MAX), None);
    }
}
