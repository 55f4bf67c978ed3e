//! Figure 3 of the paper: a packet for transmission (section 3.1). Payload goes to a leaf offset by reference, headers
//! fill the space before it on the way down, and the application may change its object meanwhile.

use super::sender::{FIRST, Layer, OBJECT, STACK, Sender};
use super::{FigureError, Step};

/// What the application sends: eight lines of 16 bytes.
pub(super) const PAYLOAD: &[u8; 128] = b"No copy is made of these bytes: the packet refers to the lines that hold them, and the lines never change once they are written.";
/// What it writes over the third line of its object while the packet is on its way.
const CHANGE: &[u8; 16] = b"something else: ";
/// Where it writes that.
const AT: usize = 32;

/// The application's object once it was changed.
pub(super) fn changed() -> Vec<u8> {
    [&PAYLOAD[..AT], CHANGE, &PAYLOAD[AT + CHANGE.len()..]].concat()
}

/// Runs the figure.
pub(super) fn run() -> Result<Vec<Step>, FigureError> {
    let mut host = Sender::new(FIRST, 12)?;
    let user = host.write(PAYLOAD)?;
    host.step(
        "3a",
        "Object",
        format!("The application has written {} bytes into its object, segment {OBJECT}.", PAYLOAD.len()),
    )?;
    let payload = host.send(user, PAYLOAD.len() as u32)?;
    let mut packet = host.packet(payload, 0, PAYLOAD.len() as u32)?;
    host.step("3a", "Append", format!("send() takes a snapshot and appends it to stack segment {STACK} at a leaf offset that leaves room for headers: the room is zero and takes no line."))?;
    host.push(&mut packet, &[Layer::Tcp])?;
    host.step("3b", "TCP", "TCP writes its header right before the payload: only lines of the header space and those above them are new.")?;
    host.push(&mut packet, &[Layer::Ip])?;
    host.step("3b", "IP", "IP writes its header before that, and the payload is not touched.")?;
    host.overwrite(user, &changed())?;
    host.step("3c", "Change", format!("The application changes its object at once: {OBJECT} gets a new line and a new path to it, the packet keeps every byte."))?;
    host.push(&mut packet, &[Layer::Ethernet])?;
    host.step("3b", "Ethernet", "The driver adds the Ethernet header, again in front.")?;
    host.post(packet)?;
    host.step("3b", "Metadata", format!("The driver writes metadata for the NIC at the start and maps ring segment {FIRST} to the packet: stack segment {STACK} is free for the next one."))?;
    host.doorbell();
    host.transmit()?;
    host.step("3c", "Wire", "The NIC reads headers and payload through the ring segment: on the wire are the bytes as they were at send().")?;
    // The ring is Figure 4's.
    Ok(host
        .steps()
        .into_iter()
        .map(|mut step| {
            step.state.ring = None;
            step
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::super::sender::KERNEL;
    use super::*;
    use crate::figures::State;

    fn titled<'s>(steps: &'s [Step], title: &str) -> &'s State {
        &steps.iter().find(|step| step.title == title).unwrap().state
    }

    /// PLIDs of a segment's leaves from a leaf place on.
    fn leaves(state: &State, id: u32, from: u64) -> Vec<u32> {
        let found = state.places(id);
        let leaves = found.iter().filter(|(line, place)| line.height == 0 && *place >= from);
        leaves.map(|(line, _)| line.plid).collect()
    }

    #[test]
    fn the_segments_have_the_papers_numbers() {
        let steps = run().unwrap();
        let ids = |state: &State| {
            let named = state.segments.iter().filter(|segment| segment.length > 0);
            named.map(|segment| segment.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(titled(&steps, "Append")), [KERNEL, STACK, OBJECT]);
        assert_eq!(ids(titled(&steps, "Metadata")), [KERNEL, FIRST, OBJECT]);
    }

    #[test]
    fn payload_is_appended_by_reference_and_the_header_space_takes_no_line() {
        let steps = run().unwrap();
        let (before, after) = (titled(&steps, "Object"), titled(&steps, "Append"));
        let packet = after.root(STACK).unwrap();
        let object = before.root(OBJECT).unwrap().plid;
        assert_eq!(packet.children, [None, Some(object), None, None], "zeros, then the object's own root");
        assert_eq!(after.counts.written, 1, "the packet's root");
        assert_eq!(leaves(after, STACK, 0), leaves(before, OBJECT, 0));
        assert_eq!(after.root(OBJECT).unwrap().references, 3, "object, snapshot and packet");
    }

    #[test]
    fn layers_write_header_lines_only() {
        let steps = run().unwrap();
        let payload = leaves(titled(&steps, "Object"), OBJECT, 0);
        for title in ["TCP", "IP", "Ethernet"] {
            assert_eq!(leaves(titled(&steps, title), STACK, 16), payload, "{title}");
        }
        assert_eq!(leaves(titled(&steps, "Metadata"), FIRST, 16), payload);
        let places = |title, id| {
            let state = titled(&steps, title);
            let leaves = state.places(id).into_iter().filter(|(line, place)| line.height == 0 && *place < 16);
            leaves.map(|(_, place)| place).collect::<Vec<_>>()
        };
        assert_eq!(places("TCP", STACK), [14, 15], "20 bytes");
        assert_eq!(places("IP", STACK), [13, 14, 15], "40 bytes");
        assert_eq!(places("Ethernet", STACK), [12, 13, 14, 15], "54 bytes");
        assert_eq!(
            places("Metadata", FIRST),
            [0, 1, 12, 13, 14, 15],
            "metadata, whose unused ranges are zero"
        );
    }

    #[test]
    fn changing_the_object_leaves_the_packet_as_it_was() {
        let steps = run().unwrap();
        let (before, after) = (titled(&steps, "IP"), titled(&steps, "Change"));
        assert_eq!(after.segment(STACK).unwrap().root, before.segment(STACK).unwrap().root);
        assert_ne!(after.segment(OBJECT).unwrap().root, before.segment(OBJECT).unwrap().root);
        let (old, new) = (leaves(after, KERNEL, 0), leaves(after, OBJECT, 0));
        let differ: Vec<_> = (0..8).filter(|i| old[*i] != new[*i]).collect();
        assert_eq!(differ, [AT / 16], "all other lines are shared");
        assert_eq!(after.counts.written, 3, "a leaf, its parent and the root");
    }

    #[test]
    fn the_wire_carries_what_was_sent_and_nothing_was_copied() {
        let state = run().unwrap().pop().unwrap().state;
        assert_eq!(state.frames.len(), 1);
        assert_eq!(state.frames[0][54..], PAYLOAD[..]);
        assert_eq!(state.copied, Some(0));
    }
}
