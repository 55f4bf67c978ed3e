//! What an answer says in words: segments by what holds them, and why a line is alive.

use std::collections::HashMap;

use snapstack::buffers::{Holding, Snapshot};
use snapstack::memory::{Plid, Reach, Referrer, SegmentId};

use crate::engine::protocol::{Answer, DagOf, LineInfo};

/// Ways to a line that are told, and referrers.
pub(super) const MOST_WAYS: usize = 24;

pub(super) fn nothing(why: &str) -> Answer {
    Answer::Nothing { why: why.to_owned() }
}

/// What holds a segment, in words; slots by their numbers in their rings.
fn name(snapshot: &Snapshot, holding: Holding) -> String {
    let nic = snapshot.nic();
    match holding {
        Holding::App { user } => format!("application's buffer {user}"),
        Holding::Queue { payload } => format!("socket's queue, payload {payload}"),
        Holding::TxSlot { queue, slot, packet } => {
            let base = nic.tx.get(usize::from(queue)).map_or(0, |ring| ring.base());
            format!("TX slot {}, packet {packet}", slot - base)
        }
        Holding::RxSlot { queue, slot } => {
            let base = nic.rx.get(usize::from(queue)).map_or(0, |ring| ring.base());
            format!("RX slot {}", slot - base)
        }
    }
}

/// What holds segments with content, in the order of segments.
fn named(snapshot: &Snapshot) -> impl Iterator<Item = (SegmentId, String)> {
    snapshot.holdings().into_iter().map(|(id, holding)| (id, name(snapshot, holding)))
}

/// The segments that are meant, each with what holds it.
///
/// # Errors
/// Why there are none, in words.
pub(super) fn chosen(snapshot: &Snapshot, of: DagOf) -> Result<Vec<(SegmentId, String)>, &'static str> {
    Ok(match of {
        DagOf::Segment(segment) => {
            let found = named(snapshot).find(|(id, _)| id.0 == segment);
            vec![found.ok_or("Nothing holds that segment at this moment.")?]
        }
        DagOf::Packet(packet) => {
            let segment = snapshot.slot_of(packet).ok_or("The packet is in no ring at this moment.")?;
            vec![(segment, format!("packet {packet}"))]
        }
        DagOf::All => named(snapshot).collect(),
    })
}

/// Why a line is alive, by what was found to refer to it and to lead to it.
pub(super) fn line(snapshot: &Snapshot, plid: Plid, referrers: &[Referrer], ways: &[Reach]) -> Answer {
    let memory = snapshot.memory();
    let Some(references) = memory.references(plid) else {
        return nothing("There is no such line at this moment: it was freed, or is yet to come.");
    };
    let names: HashMap<SegmentId, String> = named(snapshot).collect();
    let segment = |id: SegmentId| {
        let holder = names.get(&id).map_or("a stack segment", String::as_str);
        format!("segment {}: {holder}", id.0)
    };
    let referrers = referrers.iter().take(MOST_WAYS).map(|referrer| match *referrer {
        Referrer::Line { plid, word, waiting: false } => format!("line {plid}, word {word}"),
        Referrer::Line { plid, word, waiting: true } => {
            format!("line {plid}, word {word}, which is dead and waits")
        }
        Referrer::Segment(id) => segment(id),
        Referrer::Cursor(_) => "an open cursor".to_owned(),
    });
    let ways = ways.iter().take(MOST_WAYS).map(|reach| {
        let path: Vec<String> = reach.path.iter().map(|plid| plid.to_string()).collect();
        format!("{} → {}", segment(reach.segment), path.join(" → "))
    });
    Answer::Line(LineInfo {
        plid: plid.0,
        bytes: memory.peek(plid).map(|bytes| hex::encode(&*bytes)).unwrap_or_default(),
        tags: memory.tags(plid).unwrap_or(0),
        references,
        referrers: referrers.collect(),
        ways: ways.collect(),
    })
}
