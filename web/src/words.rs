//! Records in words: for the inspector, the list of events and those who do not see the picture.

use snapstack::sim::{DropPlace, Event, FaultKind, Kind, Stage, ThreadState};
use snapstack::{nic, stack};

use crate::scene::grouped;

/// A number of bytes.
pub fn bytes(count: u32) -> String {
    format!("{} B", grouped(u64::from(count)))
}

/// A record in words, with the class of what it means.
pub fn describe(kind: &Kind) -> (&'static str, String) {
    match *kind {
        Kind::Stage { stage, .. } => ("stage", stage_words(stage).to_owned()),
        Kind::AppWrite { bytes: written, requested: 0, .. } => {
            ("", format!("application fills its buffer, {}", bytes(written)))
        }
        Kind::AppWrite { bytes: written, requested, new } => {
            ("", format!("application fills its segment, {}: {requested} lines, {new} new", bytes(written)))
        }
        Kind::Copy { cause, bytes: copied } => ("copy", format!("copy {} ({})", bytes(copied), cause.name())),
        Kind::Allocate { kind, bytes: size } => {
            ("allocation", format!("allocate {}, {}", kind.name(), bytes(size)))
        }
        Kind::Free { kind, bytes: size } => ("", format!("free {}, {}", kind.name(), bytes(size))),
        Kind::MapEntries { count } => ("reference", format!("{count} segment map entries written")),
        Kind::Lines { requested, new, .. } => {
            ("", format!("{requested} header and interior lines looked up, {new} new"))
        }
        Kind::DataLines { requested, new, .. } => {
            ("reference", format!("{requested} data lines looked up, {new} new"))
        }
        Kind::Held { references, distinct } => {
            ("", format!("{} lines held as {}", grouped(references.into()), grouped(distinct.into())))
        }
        Kind::Content { origin, content, lines, .. } => {
            ("", format!("content {content} comes to be ({}), {lines} lines", origin.name()))
        }
        Kind::ContentGone { content } => ("", format!("nothing holds content {content} any more")),
        Kind::Gauges { footprint, .. } => ("", format!("footprint {}", bytes(footprint))),
        Kind::Ring { head, tail, owned, unposted } => {
            ("dma", format!("TX Head {head}, Tail {tail}: {owned} posted, {unposted} filled"))
        }
        Kind::RxRing { head, tail, owned, waiting } => {
            ("dma", format!("RX Head {head}, Tail {tail}: {owned} granted, {waiting} filled"))
        }
        Kind::Dma { requests, bytes: moved } => {
            ("dma", format!("DMA: {requests} requests, {}", bytes(moved)))
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
        Kind::Retransmission { len, .. } => ("drop", format!("{} are sent again", bytes(len))),
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
        FaultKind::Resized => format!("the driver uses {frame} slots of its rings"),
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
pub fn sentence(lane: &str, event: &Event) -> String {
    let (_, text) = describe(&event.kind);
    if event.packet == Event::NONE {
        format!("{lane}: {text}")
    } else {
        format!("{lane}, packet {}: {text}", event.packet)
    }
}

/// A time in the unit that suits it, to a thousandth of that.
pub fn duration(nanoseconds: u64) -> String {
    let (unit, name) = match nanoseconds {
        0..1_000_000 => (1_000, "µs"),
        1_000_000..1_000_000_000 => (1_000_000, "ms"),
        _ => (1_000_000_000, "s"),
    };
    format!("{}.{:03} {name}", grouped(nanoseconds / unit), nanoseconds % unit * 1000 / unit)
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_told_in_the_unit_that_suits_them() {
        let cases = [(41_208, "41.208 µs"), (94_536_075, "94.536 ms"), (1_680_958_042_211, "1,680.958 s")];
        for (nanoseconds, text) in cases {
            assert_eq!(super::duration(nanoseconds), text);
        }
    }
}
