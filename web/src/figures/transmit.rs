//! Figure 4 of the paper: zero-copy transmission (section 3.2), with its segment numbers, and its closing sentence put
//! right: Head 1069 and Tail 1068 (DESIGN.md section 4).

use super::sender::{FIRST, KERNEL, Layer, OBJECT, STACK, Sender};
use super::{FigureError, Step};

/// Packets that share a doorbell (paper section 3.2).
pub(super) const PACKETS: u32 = 10;
/// Payload bytes of each: 16 lines.
const SHARE: u32 = 256;
/// Slots of the ring: one that went before, the figure's ten, and the one that always stays empty.
const SLOTS: u32 = 12;

/// The application's object: no two of its lines are equal.
fn object() -> Vec<u8> {
    (0..PACKETS * SHARE / 16).flat_map(|line| format!("line {line:>4} of 160").into_bytes()).collect()
}

/// Runs the figure.
pub(super) fn run() -> Result<Vec<Step>, FigureError> {
    let last = FIRST + PACKETS - 1;
    let mut host = Sender::new(FIRST - 1, SLOTS)?;
    let bytes = object();
    let user = host.write(&bytes)?;
    let root = host.root(OBJECT)?;
    host.step("4", "Object", format!("The application's object is segment {OBJECT}, mapped to root line {root}; the ring is empty, with Tail at the slot sent last and Head at the next one to fill."))?;
    let payload = host.send(user, bytes.len() as u32)?;
    host.step("4", "send()", format!("send(): the kernel takes a snapshot, segment {KERNEL}, with the same root: one map entry for {} bytes.", bytes.len()))?;
    let mut first = host.packet(payload, 0, SHARE)?;
    host.step(
        "4",
        "Stack segment",
        format!(
            "The first {SHARE} bytes are appended to stack segment {STACK} by reference: 16 lines under one."
        ),
    )?;
    host.push(&mut first, &[Layer::Tcp, Layer::Ip, Layer::Ethernet])?;
    host.step("4", "Headers", "On the way through the stack TCP, IP and the driver write their headers into the space before the payload.")?;
    host.post(first)?;
    host.step("4", "Slot 1059", format!("The driver adds metadata and maps the slot at TX Head, segment {FIRST}, to the packet; {STACK} is free again, and Head waits for the doorbell."))?;
    for i in 1..PACKETS {
        let mut packet = host.packet(payload, i * SHARE, SHARE)?;
        host.push(&mut packet, &[Layer::Tcp, Layer::Ip, Layer::Ethernet])?;
        host.post(packet)?;
    }
    host.step("4", "Ten packets", format!("Nine more packets follow through segment {STACK}: slots {FIRST} to {last} are filled, and the NIC owns none of them yet."))?;
    host.doorbell();
    host.step("4", "Doorbell", format!("One doorbell posts all ten: Head moves to {}, so the NIC owns Tail + 1 to Head − 1, which is {FIRST} to {last}.", last + 1))?;
    host.transmit()?;
    host.step("4", "DMA", format!("The NIC asks for segment {FIRST}: one request brings metadata, headers and payload, the frame leaves, and Tail moves to {FIRST}."))?;
    while host.transmit()? {}
    host.step(
        "4",
        "Drained",
        format!("All ten are on the wire: Tail is {last}, Head is {}, and the NIC owns nothing.", last + 1),
    )?;
    host.recycle()?;
    host.step("4", "Recycled", format!("TX interrupt: the handler reads the status and clears the slots, so the header lines die; the payload lives on in {OBJECT} and {KERNEL}."))?;
    Ok(host.steps())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Owner, Ring, State};

    fn titled<'s>(steps: &'s [Step], title: &str) -> &'s State {
        &steps.iter().find(|step| step.title == title).unwrap().state
    }

    fn ring(state: &State) -> &Ring {
        state.ring.as_ref().unwrap()
    }

    fn pointers(state: &State) -> (u32, u32, u32) {
        let pointers = ring(state).pointers;
        (pointers.tail, pointers.head, pointers.owned_by_nic)
    }

    #[test]
    fn head_and_tail_go_as_the_papers_definition_of_ownership_says() {
        let steps = run().unwrap();
        assert_eq!(pointers(titled(&steps, "Object")), (1058, 1059, 0));
        assert_eq!(pointers(titled(&steps, "Ten packets")), (1058, 1059, 0), "before the doorbell");
        assert_eq!(pointers(titled(&steps, "Doorbell")), (1058, 1069, 10));
        assert_eq!(pointers(titled(&steps, "DMA")), (1059, 1069, 9));
        assert_eq!(pointers(titled(&steps, "Drained")), (1068, 1069, 0), "the consistent reading");
    }

    #[test]
    fn the_doorbell_gives_the_nic_1059_to_1068() {
        let steps = run().unwrap();
        let owned = ring(titled(&steps, "Doorbell")).owned(Owner::Nic);
        assert_eq!(owned, (1059..=1068).collect::<Vec<_>>());
        assert_eq!(ring(titled(&steps, "Drained")).owned(Owner::Nic), [] as [u32; 0]);
    }

    #[test]
    fn the_object_is_written_line_by_line_and_the_caption_names_its_root() {
        let steps = run().unwrap();
        let state = titled(&steps, "Object");
        assert_eq!(state.counts.written, 214, "160 lines of bytes and 54 above them");
        assert!(steps[0].caption.contains(&format!("root line {}", state.segment(OBJECT).unwrap().root)));
    }

    #[test]
    fn the_snapshot_is_one_entry_and_writes_no_line() {
        let steps = run().unwrap();
        let state = titled(&steps, "send()");
        assert_eq!((state.counts.entries, state.counts.written), (1, 0));
        assert_eq!(state.segment(KERNEL).unwrap().root, state.segment(OBJECT).unwrap().root);
    }

    #[test]
    fn each_slot_refers_to_its_sixteen_lines_of_the_object() {
        let steps = run().unwrap();
        let state = titled(&steps, "Doorbell");
        let shares: Vec<u32> = state
            .places(OBJECT)
            .iter()
            .filter(|(line, _)| line.height == 2)
            .map(|(line, _)| line.plid)
            .collect();
        assert_eq!(shares.len(), 10);
        for (slot, share) in (FIRST..).zip(&shares) {
            assert_eq!(state.root(slot).unwrap().children[1], Some(*share), "segment {slot}");
            assert_eq!(state.lines[share].references, 2, "the object's DAG and the packet");
        }
        assert_eq!(state.copied, Some(0));
    }

    #[test]
    fn the_frames_carry_the_object_in_order() {
        let steps = run().unwrap();
        let frames = &titled(&steps, "Drained").frames;
        assert_eq!(frames.len(), 10);
        let sent: Vec<u8> = frames.iter().flat_map(|frame| frame[54..].to_vec()).collect();
        assert_eq!(sent, object());
    }

    #[test]
    fn recycling_leaves_the_object_alone() {
        let steps = run().unwrap();
        let (before, after) = (titled(&steps, "send()"), titled(&steps, "Recycled"));
        assert_eq!(after.counts.held, before.counts.held, "what was there before the first packet");
        assert_eq!(after.segment(OBJECT).unwrap().root, before.segment(OBJECT).unwrap().root);
    }
}
