//! Receipt (paper section 3.3, which has no figure): the NIC fills ring segments, the driver snapshots them, `recv()` hands
//! the user a snapshot. Headers are split from payload, so that payload begins on a line.

use snapstack::buffers::{Buffers, Chunk, Holders, Snapshot};
use snapstack::memory::MemoryConfig;
use snapstack::nic::NicConfig;

use super::packet::PAYLOAD;
use super::sender::{FIRST, Layer, OBJECT, STACK, Sender, number};
use super::state::{Observer, Pointers, Ring};
use super::{FigureError, State, Step};

/// Slots of the TX ring, which lies before the RX ring as in Figure 4.
const TX: u32 = 12;
/// Slots of the RX ring.
const SLOTS: u32 = 8;
/// The second frame's stack segment.
pub(super) const SECOND: u32 = STACK + 1;
/// The leaf place at which payload begins: one line of metadata, four of headers.
pub(super) const PAYLOAD_PLACE: u64 = 5;
/// Frames that arrive.
const RECEIVED: u32 = 2;
/// Bytes of Ethernet, IPv4 and TCP headers.
const HEADERS: u32 = 54;
const QUEUE: u16 = 0;

/// What a peer sends: the same payload to two connections.
fn wire() -> Result<Vec<Vec<u8>>, FigureError> {
    let mut peer = Sender::new(FIRST, TX)?;
    let user = peer.write(PAYLOAD)?;
    let payload = peer.send(user, PAYLOAD.len() as u32)?;
    for _ in 0..RECEIVED {
        let mut packet = peer.packet(payload, 0, PAYLOAD.len() as u32)?;
        peer.push(&mut packet, &[Layer::Tcp, Layer::Ip, Layer::Ethernet])?;
        peer.post(packet)?;
    }
    peer.doorbell();
    while peer.transmit()? {}
    Ok(peer.frames())
}

/// The host that receives.
struct Receiver {
    buffers: Snapshot,
    arrived: Vec<Vec<u8>>,
    observer: Observer,
    steps: Vec<Step>,
}

impl Receiver {
    fn new() -> Result<Self, FigureError> {
        let memory = MemoryConfig { line_size: 16, lines: super::LINES, ..MemoryConfig::default() };
        let nic = NicConfig {
            tx_slots: TX,
            rx_slots: SLOTS,
            ring_base: FIRST - 1,
            header_split: true,
            ..NicConfig::default()
        };
        let mut buffers = Snapshot::new(memory, nic)?;
        number(buffers.memory_mut(), &[STACK, SECOND, OBJECT])?;
        let mut observer = Observer::default();
        observer.begin(buffers.memory());
        Ok(Self { buffers, arrived: Vec::new(), observer, steps: Vec::new() })
    }

    fn arrive(&mut self, frame: &[u8]) {
        self.buffers.deliver(frame);
        self.arrived.push(frame.to_vec());
    }

    fn step(&mut self, title: &'static str, caption: impl Into<String>) -> Result<(), FigureError> {
        let mut state: State = self.observer.look(self.buffers.memory())?;
        if let Some(ring) = self.buffers.nic().rx.first() {
            state.ring = Some(Ring::new(Pointers {
                base: ring.base(),
                slots: ring.slots(),
                head: ring.head(),
                tail: ring.tail(),
                owned_by_nic: ring.owned_by_nic(),
            }));
        }
        state.frames = self.arrived.clone();
        state.copied = Some(self.buffers.ledger().copied().bytes);
        let names = vec![(OBJECT, "user segment"), (STACK, "stack segment"), (SECOND, "stack segment")];
        self.steps.push(Step { part: "3.3", title, caption: caption.into(), names, state });
        Ok(())
    }
}

/// Runs the scene.
pub(super) fn run() -> Result<Vec<Step>, FigureError> {
    let mut host = Receiver::new()?;
    let base = FIRST - 1 + TX;
    host.buffers.refill(QUEUE)?;
    host.step("Granted", format!("The driver has granted the NIC all slots of the RX ring but the one that always stays empty: segments {base} to {}.", base + SLOTS - 2))?;
    let frames = wire()?;
    let mut frames = frames.iter();
    if let Some(frame) = frames.next() {
        host.arrive(frame);
    }
    host.step("Arrival", format!("A frame arrives: the NIC writes metadata, headers and payload into segment {base}, and moves Tail to it."))?;
    for frame in frames {
        host.arrive(frame);
    }
    host.step("The same again", "Another frame brings the same payload: its lines are found by their content, only metadata and headers are new.")?;
    host.buffers.interrupt(QUEUE);
    let (Some(frame), Some(second)) = (host.buffers.poll_rx(QUEUE)?, host.buffers.poll_rx(QUEUE)?) else {
        return Ok(host.steps);
    };
    host.step("Snapshots", format!("RX interrupt: the driver takes a snapshot of each slot, stack segments {STACK} and {SECOND}: two map entries, and no buffer is allocated."))?;
    host.buffers.refill(QUEUE)?;
    host.step("Granted again", format!("At once the driver grants two slots more and moves Head: segment {base}, emptied for it, is the NIC's again, and its lines live on in {STACK}."))?;
    let len = host.buffers.frame_len(&frame);
    let mut headers = [0; HEADERS as usize];
    host.buffers.read_header(&frame, 0, &mut headers)?;
    let payload = host.buffers.keep_payload(frame, HEADERS..len)?;
    host.buffers.keep_payload(second, HEADERS..len)?;
    host.step(
        "Up the stack",
        "The layers read the headers and queue what follows them at the sockets: nothing is written.",
    )?;
    let parts = [Chunk { payload, offset: 0, len: len - HEADERS }];
    let users = host.buffers.recv_segments(&parts)?;
    host.step(
        "recv()",
        format!("recv(): the user gets a snapshot of its own, segment {OBJECT}, and again not a byte moves."),
    )?;
    host.buffers.release(payload);
    host.step("Recycled", format!("Stack segment {STACK} is given up for the next receipt; the user's segment keeps its lines, and {SECOND} still waits at its own socket."))?;
    debug_assert_eq!(users.len(), 1, "one piece, one segment");
    Ok(host.steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{Line, Owner};

    fn titled<'s>(steps: &'s [Step], title: &str) -> &'s State {
        &steps.iter().find(|step| step.title == title).unwrap().state
    }

    fn pointers(state: &State) -> (u32, u32, u32) {
        let pointers = state.ring.as_ref().unwrap().pointers;
        (pointers.tail, pointers.head, pointers.owned_by_nic)
    }

    fn payload_lines(state: &State, id: u32) -> Vec<&Line> {
        let found = state.places(id);
        found
            .into_iter()
            .filter(|(line, place)| line.height == 0 && *place >= PAYLOAD_PLACE)
            .map(|(line, _)| line)
            .collect()
    }

    #[test]
    fn the_nic_writes_tail_and_the_driver_grants_the_slot_again_at_once() {
        let steps = run().unwrap();
        assert_eq!(pointers(titled(&steps, "Granted")), (1077, 1077, 7));
        assert_eq!(pointers(titled(&steps, "Arrival")), (1070, 1077, 6));
        assert_eq!(pointers(titled(&steps, "The same again")), (1071, 1077, 5));
        assert_eq!(pointers(titled(&steps, "Granted again")), (1071, 1071, 7));
        let ring = titled(&steps, "Granted again").ring.clone().unwrap();
        assert_eq!(ring.owned(Owner::Os), [1071]);
        assert_eq!(titled(&steps, "Granted again").segment(1070).unwrap().length, 0, "the slot is empty");
    }

    #[test]
    fn payload_begins_on_a_line_and_equal_payload_is_held_once() {
        let steps = run().unwrap();
        let state = titled(&steps, "The same again");
        let (first, second) = (payload_lines(state, 1070), payload_lines(state, 1071));
        let bytes: Vec<u8> = first.iter().flat_map(|line| line.content.unwrap().to_vec()).collect();
        assert_eq!(bytes, PAYLOAD);
        assert_eq!(first, second);
        assert!(state.counts.found >= 8);
    }

    #[test]
    fn snapshots_up_the_stack_write_no_line() {
        let steps = run().unwrap();
        for (title, entries) in [("Snapshots", 2), ("recv()", 1)] {
            let state = titled(&steps, title);
            assert_eq!((state.counts.entries, state.counts.written), (entries, 0), "{title}");
        }
        assert_eq!(titled(&steps, "Up the stack").counts.written, 0);
        let state = titled(&steps, "recv()");
        assert_eq!(state.segment(OBJECT).unwrap().root, state.segment(STACK).unwrap().root);
    }

    #[test]
    fn the_user_keeps_the_bytes_when_slot_and_stack_segment_are_gone() {
        let state = run().unwrap().pop().unwrap().state;
        assert!(state.segment(STACK).is_none());
        let bytes: Vec<u8> =
            payload_lines(&state, OBJECT).iter().flat_map(|line| line.content.unwrap().to_vec()).collect();
        assert_eq!(bytes, PAYLOAD);
        assert_eq!(state.copied, Some(0));
    }
}
