//! What is told of a selected line of memory: how often each lane holds it at a position, and in what (DESIGN.md section 2).

use snapstack::buffers::{Origin, Scheme};
use snapstack::sim::{Event, Stage};

use crate::places::{Fact, Told};
use crate::scene::{counted, grouped};
use crate::timeline::{Content, Panel, Side, Timeline, Track};

/// Holders of a lane, and packets, that are told one by one.
const MOST: usize = 6;

/// What is told of a line at the panel's position.
pub fn told(timeline: &Timeline, panel: &Panel, schemes: [Scheme; 2], line: u32) -> Told {
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
                facts.push(("in", holder(timeline, side, content), Some(content.born)));
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

/// What holds a content, in words.
fn holder(timeline: &Timeline, side: Side, content: &Content) -> String {
    let thread = timeline.write(side, content.write).map(|write| write.thread);
    let of = |thread: Option<u32>| match thread.filter(|thread| *thread != Event::NONE) {
        Some(thread) => format!(" of thread {}", thread + 1),
        None => String::new(),
    };
    match content.origin {
        Some(Origin::Kernel) => "kernel memory, into which send() copied it".to_owned(),
        Some(Origin::Nic) => {
            let track = timeline.track(side, content.packet);
            let read = track.is_some_and(|track| track.at(Stage::SocketIn) <= track.end());
            let place = if read { "what its socket holds" } else { "its RX slot" };
            format!("packet {} that arrived: {place}", content.packet)
        }
        Some(Origin::Recv) => format!("a buffer{} that recv() has filled", of(thread)),
        Some(Origin::App) | None => format!("the buffer{} that it sends from", of(thread)),
    }
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
        let told = told(&timeline, &panel, SCHEMES, line);
        let of = |term: &str| told.facts.iter().find(|fact| fact.0 == term).unwrap();
        let count = |side| panel.held(side).counts()[line as usize];
        assert!(count(Side::Left) > count(Side::Right), "send() has copied it");
        assert_eq!(of("held, left lane").1, counted(count(Side::Left).into(), "time"));
        assert!(of("held, right lane").1.ends_with(", stored once"), "{told:?}");
        assert!(told.facts.iter().any(|fact| fact.1.starts_with("kernel memory")), "{told:?}");
        assert!(told.facts.iter().filter_map(|fact| fact.2).all(|born| born <= at), "{told:?}");
        assert!(carriers(&timeline, line, at).contains(&packet));
        panel.seek(&timeline, 0);
        let before = super::told(&timeline, &panel, SCHEMES, line);
        assert!(before.facts.iter().all(|fact| fact.1 == "0 times"), "{before:?}");
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
