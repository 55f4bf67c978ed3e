//! Records in words: for the inspector, the list of events and those who do not see the picture.

use snapstack::buffers::Scheme;
use snapstack::sim::{Change, DropPlace, Event, FaultKind, Kind, Stage, ThreadState};
use snapstack::{nic, stack};

use crate::scene::{counted, grouped};
use crate::timeline::Timeline;

/// A number of bytes.
pub fn bytes(count: u32) -> String {
    format!("{} B", grouped(u64::from(count)))
}

/// Bytes in hex and as text, eight a row.
pub fn dump(hex: &str) -> String {
    let mut out = String::new();
    for row in hex.as_bytes().chunks(16) {
        let mut text = String::new();
        for pair in row.chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok()) {
            out += pair;
            out.push(' ');
            text.push(match u8::from_str_radix(pair, 16) {
                Ok(byte @ 0x20..0x7f) => char::from(byte),
                _ => '·',
            });
        }
        out.extend(std::iter::repeat_n(' ', 25 - row.len() / 2 * 3));
        out += &text;
        out.push('\n');
    }
    out
}

/// A change in words; what the link loses goes by the number of the packet, where a timeline without that loss knows it.
pub fn change_words(change: &Change, timeline: Option<&Timeline>) -> String {
    match change {
        Change::Lose { from_peer, frame } => {
            match timeline.and_then(|timeline| timeline.on_link(*from_peer, *frame)) {
                Some((packet, _, 1)) => format!("packet {packet} lost on the link"),
                Some((packet, before, own)) => {
                    format!("frame {} of the {own} of packet {packet} lost on the link", before + 1)
                }
                None if *from_peer => format!("frame {frame} lost on its way in"),
                None => format!("frame {frame} lost on its way out"),
            }
        }
        Change::Flip { packet, offset, scheme } => {
            let whose = scheme.map_or(String::new(), |scheme| format!("{}'s ", scheme.name()));
            format!("byte {offset} of packet {packet} flipped in {whose}memory")
        }
        Change::Overwrite { thread, .. } => format!("buffer of thread {} overwritten", thread + 1),
        Change::Rings { slots, .. } => format!("{slots} slots in use of each ring"),
    }
}

/// A record in words, with the class of what it means. What a ring's pointers hold depends on the lane's scheme; whose ring it
/// is, is said where there are several queues.
pub fn describe(kind: &Kind, scheme: Option<Scheme>, queues: u32) -> (&'static str, String) {
    let of = |queue: u16| if queues > 1 { format!("queue {}: ", queue + 1) } else { String::new() };
    let unit = match scheme {
        Some(Scheme::Snapshot) => "segment ",
        Some(Scheme::SkBuff) => "descriptor ",
        None => "",
    };
    match *kind {
        Kind::Stage { stage, .. } => ("stage", stage_words(stage).to_owned()),
        Kind::AppWrite { bytes: written, requested: 0, .. } => {
            ("", format!("application fills its buffer, {}", bytes(written)))
        }
        Kind::AppWrite { bytes: written, requested, new } => {
            let lines = counted(requested.into(), "line");
            ("", format!("application fills its segment, {}: {lines}, {new} new", bytes(written)))
        }
        Kind::Copy { cause, bytes: copied } => ("copy", format!("copy {} ({})", bytes(copied), cause.name())),
        Kind::Allocate { kind, bytes: size } => {
            ("allocation", format!("allocate {}, {}", kind.name(), bytes(size)))
        }
        Kind::Free { kind, bytes: size } => ("", format!("free {}, {}", kind.name(), bytes(size))),
        Kind::MapEntries { count } => {
            ("reference", format!("{} written", counted(count.into(), "segment map entry")))
        }
        Kind::Lines { requested, new, .. } => {
            ("", format!("{} looked up, {new} new", counted(requested.into(), "header or interior line")))
        }
        Kind::DataLines { requested, new, .. } => {
            ("reference", format!("{} looked up, {new} new", counted(requested.into(), "data line")))
        }
        Kind::Held { references, distinct } => {
            ("", format!("{} held as {}", counted(references.into(), "line"), grouped(distinct.into())))
        }
        Kind::Content { origin, content, lines, .. } => (
            "",
            format!("content {content} comes to be ({}), {}", origin.name(), counted(lines.into(), "line")),
        ),
        Kind::ContentGone { content } => ("", format!("nothing holds content {content} any more")),
        Kind::Gauges { footprint, .. } => ("", format!("footprint {}", bytes(footprint))),
        Kind::Ring { queue, head, tail, owned, unposted } => {
            let of = of(queue);
            ("dma", format!("{of}TX Head {unit}{head}, Tail {unit}{tail}: {owned} posted, {unposted} filled"))
        }
        Kind::RxRing { queue, head, tail, owned, waiting } => {
            let of = of(queue);
            ("dma", format!("{of}RX Head {unit}{head}, Tail {unit}{tail}: {owned} granted, {waiting} filled"))
        }
        Kind::Dma { requests, bytes: moved } => {
            ("dma", format!("DMA: {}, {}", counted(requests.into(), "request"), bytes(moved)))
        }
        Kind::Frame { len, hash } => ("", format!("frame of {}, hash {hash:016x}", bytes(len))),
        Kind::Drop { place, reason, count } => {
            let reasons = match place {
                DropPlace::Nic => {
                    nic::DropReason::ALL.get(reason as usize).map_or("for an unknown reason", |r| r.name())
                }
                DropPlace::Stack => {
                    stack::DropReason::ALL.get(reason as usize).map_or("for an unknown reason", |r| r.name())
                }
            };
            ("drop", format!("{count} dropped: {}", reasons.replace('_', " ")))
        }
        Kind::Retransmission { len, .. } => ("drop", format!("{} sent again", bytes(len))),
        Kind::Fault { fault, from_peer, frame } => ("drop", fault_words(fault, from_peer, frame)),
        Kind::Thread { state, thread, .. } => {
            let state = match state {
                ThreadState::Runs => "runs",
                ThreadState::Blocks => "blocks",
                ThreadState::Ends => "ends",
                ThreadState::Fails => "fails",
            };
            ("", format!("thread {} {state}", thread + 1))
        }
    }
}

fn fault_words(fault: FaultKind, from_peer: bool, frame: u32) -> String {
    let whose = if from_peer { "that arrives" } else { "that was sent" };
    match fault {
        FaultKind::Flipped => format!("a byte of packet {frame} is flipped in memory"),
        FaultKind::Overwritten => format!("thread {} overwrites the buffer that it sent from", frame + 1),
        FaultKind::Resized => format!("the driver uses {} of its rings", counted(frame.into(), "slot")),
        other => format!("frame {frame} {whose} is {} on the link", other.name()),
    }
}

/// What a stage means.
pub fn stage_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Send => "send() is called",
        Stage::Socket => "a packet is made in the socket layer",
        Stage::Transport => "transport header",
        Stage::Ip => "IP header",
        Stage::Driver => "Ethernet header",
        Stage::Doorbell => "doorbell: the NIC owns it",
        Stage::Dma => "the NIC reads it",
        Stage::Wire => "on the wire",
        Stage::Completion => "completed, slot recycled",
        Stage::WireIn => "arrives at the NIC",
        Stage::DmaIn => "the NIC has written it into memory",
        Stage::DriverIn => "the driver takes it from its RX slot",
        Stage::IpIn => "IP reads its header",
        Stage::TransportIn => "transport reads its header",
        Stage::SocketIn => "its payload is in the socket's queue",
        Stage::Recv => "recv() hands it over",
    }
}

/// An event in a sentence: whose it is, and what happens.
pub fn sentence(lane: &str, event: &Event, scheme: Option<Scheme>, queues: u32) -> String {
    let (_, text) = describe(&event.kind, scheme, queues);
    if event.packet == Event::NONE {
        format!("{lane}: {text}")
    } else {
        format!("{lane}, packet {}: {text}", event.packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_told_with_what_their_numbers_count() {
        let ring = Kind::Ring { queue: 2, head: 1069, tail: 1058, owned: 10, unposted: 0 };
        let of = describe(&ring, Some(Scheme::Snapshot), 4).1;
        assert_eq!(of, "queue 3: TX Head segment 1069, Tail segment 1058: 10 posted, 0 filled");
        let cases = [
            (ring, Some(Scheme::Snapshot), "TX Head segment 1069, Tail segment 1058: 10 posted, 0 filled"),
            (
                ring,
                Some(Scheme::SkBuff),
                "TX Head descriptor 1069, Tail descriptor 1058: 10 posted, 0 filled",
            ),
            (Kind::MapEntries { count: 1 }, None, "1 segment map entry written"),
            (Kind::MapEntries { count: 2 }, None, "2 segment map entries written"),
            (Kind::Dma { requests: 1, bytes: 1550 }, None, "DMA: 1 request, 1,550 B"),
            (Kind::DataLines { requested: 1, new: 0, zero: 0 }, None, "1 data line looked up, 0 new"),
        ];
        for (kind, scheme, text) in cases {
            assert_eq!(describe(&kind, scheme, 1).1, text);
        }
    }
}
