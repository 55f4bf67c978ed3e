//! A step's state in words: for those who do not see the drawing, and to look figures up.

use super::{Owner, Step};

/// Sentences about what the core holds.
pub fn words(step: &Step) -> Vec<String> {
    let state = &step.state;
    let mut out = Vec::new();
    for segment in state.segments.iter().filter(|segment| segment.length > 0) {
        let root = match segment.root {
            0 => "which is all zeros".to_owned(),
            root => format!("root line {root}"),
        };
        let name = step.name(segment.id);
        out.push(format!("Segment {} ({name}): {} bytes, {root}.", segment.id, segment.length));
    }
    let leaves = state.lines.values().filter(|line| line.content.is_some()).count();
    let shared = state.lines.values().filter(|line| line.references > 1).count();
    out.push(format!(
        "Lines held: {}, of them {leaves} with bytes and {} with line IDs; {shared} are referred to more than once.",
        state.lines.len(),
        state.lines.len() - leaves
    ));
    if let Some(ring) = &state.ring {
        let pointers = ring.pointers;
        let nic = ring.owned(Owner::Nic);
        let owned = match (nic.first(), nic.last()) {
            (Some(first), Some(last)) if nic.len() > 1 => format!("segments {first} to {last}"),
            (Some(first), _) => format!("segment {first}"),
            _ => "none of its segments".to_owned(),
        };
        out.push(format!("Ring: Head {}, Tail {}; the NIC owns {owned}.", pointers.head, pointers.tail));
    }
    if let Some(copied) = state.copied {
        out.push(format!(
            "Payload bytes copied so far: {copied}. Frames on the wire so far: {}.",
            state.frames.len()
        ));
    }
    out
}
