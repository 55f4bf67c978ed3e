//! The rings around their pointers: of every queue, or where there is no room of the one that is looked at, with a bar for
//! each of all.

use super::super::{Ink, PlaceTarget, grouped};
use super::Artist;
use super::layout::{RX, TX};
use crate::timeline::{Place, Ring, Slots};

const PITCH: f64 = 13.0;
/// Width of a slot.
const WIDE: f64 = 10.0;
/// Width of a queue's bar with the space after it, and its height at the most.
const BAR: (f64, f64) = (8.0, 9.0);
/// Width of what says which queue's rings are drawn, and of what is said at the right of it.
const LABEL: f64 = 80.0;
const SAID: f64 = 160.0;

/// Head, Tail, slots that the NIC owns, and those that are filled and the driver's.
type Pointers = [f64; 4];

impl Artist<'_> {
    pub(super) fn rings(&mut self) {
        for ring in [Ring::Tx, Ring::Rx] {
            let shown = self.shown(ring);
            let mut windows = Vec::new();
            for queue in self.layout.queues(self.queue) {
                let pointers = self.pointers(ring, queue);
                windows.push(self.slots((ring, queue), pointers, shown));
                if self.layout.stacked > 1 {
                    self.number(ring, queue);
                }
            }
            if self.layout.stacked > 1 {
                self.say_all(ring, shown, &windows);
            } else {
                self.say(ring, shown, windows[0]);
            }
        }
        if self.layout.stacked == 1 && self.timeline.queues > 1 && !self.layout.compact {
            self.bars();
        }
    }

    fn pointers(&self, ring: Ring, queue: u32) -> Pointers {
        let pointers = self.timeline.pointers(self.side(), ring, queue, self.position);
        pointers.unwrap_or_default().map(f64::from)
    }

    /// Left edge of the slots.
    fn left(&self) -> f64 {
        self.layout.gutter + 4.0
    }

    /// The middle of a queue's slots; of a queue that is not drawn, of the row.
    pub(super) fn ring_at(&self, row: usize, queue: u32) -> f64 {
        if queue < self.timeline.queues { self.layout.ring(row, queue) } else { self.layout.rows[row] }
    }

    fn middle(&self, ring: Ring, queue: u32) -> f64 {
        self.layout.ring(if ring == Ring::Tx { TX } else { RX }, queue)
    }

    /// The first slot of a window that moves by half its width, so that slots stand still while they fill; and how many fit.
    fn window(&self, next: f64) -> (f64, f64) {
        let slots = ((self.layout.content_right() - self.left()) / PITCH).floor().max(4.0);
        let half = (slots / 2.0).floor();
        ((next / half).floor() * half - 2.0, slots)
    }

    /// Draws a ring's slots; returns the ID of the first, and how many there are.
    fn slots(&mut self, of: (Ring, u32), pointers: Pointers, shown: [Option<Slots>; 2]) -> (f64, f64) {
        let [_, tail, owned, filled] = pointers;
        let (x0, (h, _)) = (self.left(), self.layout.slot());
        let top = self.middle(of.0, of.1) - h / 2.0;
        let next = tail + 1.0;
        let (first, slots) = self.window(next);
        for i in 0..slots as u32 {
            let slot = first + f64::from(i);
            let (x, distance) = (x0 + f64::from(i) * PITCH, slot - next);
            match of.0 {
                Ring::Tx => self.tx(distance, (owned, filled), (x, top, h)),
                Ring::Rx => self.rx(distance, (owned, filled), (x, top, h)),
            }
            self.slot(of, slot, (x, top), shown);
        }
        (first, slots)
    }

    /// A slot of a transmit ring, so far behind Tail.
    fn tx(&mut self, distance: f64, (owned, unposted): (f64, f64), (x, top, h): (f64, f64, f64)) {
        let reference = self.reference();
        let (ink, width) = if (0.0..owned).contains(&distance) {
            self.scene.fill(x, top, WIDE, h, Ink::Dma, 0.3);
            (if reference { Ink::Reference } else { Ink::Dma }, 1.5)
        } else if (owned..owned + unposted).contains(&distance) {
            (if reference { Ink::Reference } else { Ink::Dim }, 1.5)
        } else {
            (Ink::Faint, 1.0)
        };
        self.scene.outline(x, top, WIDE, h, ink, width);
    }

    /// A slot of a receive ring, so far behind Tail.
    fn rx(&mut self, distance: f64, (owned, waiting): (f64, f64), (x, top, h): (f64, f64, f64)) {
        let reference = self.reference();
        if (-waiting..0.0).contains(&distance) {
            self.scene.fill(x, top, WIDE, h, Ink::Dma, 0.3);
            let ink = if reference { Ink::Reference } else { Ink::Dma };
            self.scene.outline(x, top, WIDE, h, ink, 1.5);
        } else if (0.0..owned).contains(&distance) {
            // Granted: the NIC may fill it. In a conventional ring a whole buffer waits there.
            if !reference {
                self.scene.fill(x, top, WIDE, h, Ink::Allocation, 0.16);
            }
            self.scene.outline(x, top, WIDE, h, Ink::Hair, 1.0);
        } else {
            self.scene.outline(x, top, WIDE, h, Ink::Faint, 1.0);
        }
    }

    /// Makes a slot, named by an ID that goes on where the ring begins anew, one that can be selected; and shows it if it is.
    fn slot(&mut self, (ring, queue): (Ring, u32), id: f64, (x, top): (f64, f64), shown: [Option<Slots>; 2]) {
        let side = self.side();
        let slots = self.timeline.slots;
        let base = self.timeline.base(side, ring, queue);
        let number = (id - f64::from(base)).rem_euclid(f64::from(slots)) as u32;
        let (w, (h, space)) = (WIDE, self.layout.slot());
        let place = Place::Slot { side, ring, queue, slot: number };
        self.scene.places.push(PlaceTarget {
            x: x - 1.5,
            y: top - space,
            w: PITCH,
            h: h + 2.0 * space,
            place,
        });
        if self.view.passing.is_some()
            && let Some(packet) = self.timeline.slot(side, ring, (queue, number), self.position).packet
            && !self.passes(packet)
        {
            self.scene.fill(x - 1.5, top - 1.5, w + 3.0, h + 3.0, Ink::Ground, 0.8);
        }
        let among = |of: Option<Slots>| {
            of.is_some_and(|of| of.queue == queue && (number + slots - of.first) % slots < of.count)
        };
        let [linked, holding] = shown.map(among);
        // Between the queues there is no room around a slot.
        let around = if self.layout.stacked > 1 { (1.5, 1.5) } else { (2.5, 3.0) };
        if linked || holding {
            let (x, y) = (x - around.0, top - around.1);
            let size = (w + 2.0 * around.0, h + 2.0 * around.1);
            self.scene.outline(x, y, size.0, size.1, Ink::Text, if linked { 2.0 } else { 1.5 });
        }
        if linked && self.layout.stacked > 1 {
            self.scene.fill(x + 2.0, top + h / 2.0 - 1.0, w - 4.0, 2.0, Ink::Text, 1.0);
        } else if linked {
            self.scene.fill(x - 2.5, top + h + 5.0, w + 5.0, 2.0, Ink::Text, 1.0);
        }
    }

    /// The slots of a ring that are selected, or stand for one that is in the other lane, and those that hold the selected
    /// packet.
    fn shown(&self, ring: Ring) -> [Option<Slots>; 2] {
        let (timeline, side, position) = (self.timeline, self.side(), self.position);
        let linked = self.view.place.and_then(|place| timeline.linked(side, place, position));
        let holding = self.view.selected.and_then(|packet| {
            let slots = timeline.slots_of(side, packet)?;
            let first = (slots.queue, slots.first);
            let holds = timeline.slot(side, slots.ring, first, position).packet == Some(packet);
            holds.then_some(slots)
        });
        [linked, holding].map(|slots| slots.filter(|slots| slots.ring == ring))
    }

    /// In words, which slot is selected where it lies beyond those that are drawn, from an ID on.
    fn beyond(&self, linked: Option<Slots>, (first, count): (f64, f64)) -> Option<String> {
        let Slots { ring, queue, first: slot, .. } = linked?;
        let from = first - f64::from(self.timeline.base(self.side(), ring, queue));
        let distance = (f64::from(slot) - from).rem_euclid(f64::from(self.timeline.slots));
        let drawn = self.layout.queues(self.queue).contains(&queue);
        (drawn && distance >= count).then(|| format!("slot {slot} is selected, beyond these"))
    }

    /// What the pointers of the lane's rings hold.
    fn unit(&self) -> &'static str {
        if self.reference() { "segment" } else { "descriptor" }
    }

    /// How much of transmit rings is busy.
    fn busy(&mut self, owned: f64, unposted: f64, y: f64, room: f64) {
        let at = (self.layout.content_right(), y);
        if unposted > 0.0 && owned == 0.0 {
            let text = format!("{} filled, doorbell not rung", grouped(unposted as u64));
            self.scene.label(at, 1, Ink::Dim, 10.0, false, room, text);
        } else if owned > 0.0 {
            self.scene.label(at, 1, Ink::Dma, 10.0, false, room, format!("{} posted", grouped(owned as u64)));
        }
    }

    /// What of receive rings is granted and filled.
    fn granted(&mut self, owned: f64, waiting: f64, y: f64) {
        let what = if self.reference() { "granted, empty" } else { "granted, a buffer in each" };
        let owned = grouped(owned as u64);
        let text = if waiting > 0.0 {
            format!("{} filled · {owned} {what}", grouped(waiting as u64))
        } else {
            format!("{owned} {what}")
        };
        self.scene.text((self.layout.content_right(), y), 1, Ink::Dim, 10.0, text);
    }

    /// Says what the pointers of the only ring that is drawn say.
    fn say(&mut self, ring: Ring, shown: [Option<Slots>; 2], (first, slots): (f64, f64)) {
        if self.layout.compact {
            return;
        }
        let [head, tail, owned, filled] = self.pointers(ring, self.queue);
        let (x0, y) = (self.left(), self.middle(ring, self.queue));
        let right = self.layout.content_right();
        // Above a transmit ring it says which of several queues' it is.
        let (after, said) = match ring {
            Ring::Tx if self.timeline.queues > 1 => (self.say_queue(), -11.0),
            Ring::Tx => (x0, -11.0),
            Ring::Rx => (x0, 18.0),
        };
        let room = if after > x0 { right - after } else { f64::INFINITY };
        let beyond = self.beyond(shown[0], (first, slots));
        let both = beyond.is_none() || after == x0;
        if let Some(text) = beyond {
            self.scene.label((after, y + said), -1, Ink::Text, 10.0, false, room, text);
        }
        if tail + head == 0.0 {
            return;
        }
        if ring == Ring::Rx {
            self.granted(owned, filled, y + 18.0);
            return;
        }
        let label = |slot: f64| x0 + (slot - first) * PITCH + 5.0;
        let (tail_x, head_x) = (label(tail), label(tail + 1.0 + owned));
        let unit = self.unit();
        let tail_x = tail_x.clamp(x0 + 50.0, (right - 168.0).max(x0 + 50.0));
        self.scene.text((tail_x, y + 22.0), 0, Ink::Dim, 10.0, format!("Tail: {unit} {tail}"));
        let head_x = head_x.clamp(tail_x + 114.0, (right - 54.0).max(tail_x + 114.0));
        self.scene.text((head_x, y + 22.0), 0, Ink::Dim, 10.0, format!("Head: {unit} {head}"));
        if both {
            self.busy(owned, filled, y + said, room);
        }
    }

    /// The number of a queue at the left of its slots.
    fn number(&mut self, ring: Ring, queue: u32) {
        let (x, y) = (self.left() - 6.0, self.middle(ring, queue) + 3.0);
        let at = queue == self.queue;
        let ink = if at { Ink::Text } else { Ink::Dim };
        self.scene.label((x, y), 1, ink, 9.0, at, f64::INFINITY, (queue + 1).to_string());
    }

    /// Says what the pointers of all queues' rings say together, and those of the one that is looked at.
    fn say_all(&mut self, ring: Ring, shown: [Option<Slots>; 2], windows: &[(f64, f64)]) {
        let last = self.timeline.queues - 1;
        let (above, below) = (self.middle(ring, 0) - 9.0, self.middle(ring, last) + 16.0);
        let mut sum = [0.0; 2];
        for queue in 0..=last {
            let [_, _, owned, filled] = self.pointers(ring, queue);
            sum = [sum[0] + owned, sum[1] + filled];
        }
        let (x0, right) = (self.left(), self.layout.content_right());
        let beyond = shown[0].and_then(|of| self.beyond(Some(of), *windows.get(of.queue as usize)?));
        let [head, tail, ..] = self.pointers(ring, self.queue);
        if ring == Ring::Rx {
            self.granted(sum[0], sum[1], below);
        } else {
            self.busy(sum[0], sum[1], above, right - x0);
            if head + tail > 0.0 && beyond.is_none() {
                let (number, unit) = (self.queue + 1, self.unit());
                let text = format!("queue {number} · Tail: {unit} {tail} · Head: {unit} {head}");
                // At the left there may be the arrow to the NIC.
                self.scene.label((right, below), 1, Ink::Dim, 10.0, false, right - x0 - 40.0, text);
            }
        }
        if let Some(text) = beyond {
            let room = right - x0 - if ring == Ring::Rx { SAID } else { 0.0 };
            self.scene.label((x0, below), -1, Ink::Text, 10.0, false, room.max(60.0), text);
        }
    }

    /// Height of the queues' bars, over their foot; None where there is no room for them.
    fn bars_height(&self) -> Option<(f64, f64)> {
        let foot = self.layout.rows[TX] - 12.0;
        let right = self.left() + self.bars_width() + LABEL + SAID;
        let height = (foot - self.layout.edges[TX] - 3.0).min(BAR.1);
        (right < self.layout.content_right() && height >= 4.0).then_some((height, foot))
    }

    fn bars_width(&self) -> f64 {
        f64::from(self.timeline.queues) * BAR.0
    }

    /// Which of several queues' rings are drawn; right edge of what says it.
    fn say_queue(&mut self) -> f64 {
        let (queue, queues) = (self.queue + 1, self.timeline.queues);
        let bars = self.bars_height().map_or(0.0, |_| self.bars_width() + 6.0);
        let at = (self.left() + bars, self.layout.rows[TX] - 11.0);
        self.scene.text(at, -1, Ink::Dim, 10.0, format!("queue {queue} of {queues}"));
        at.0 + LABEL
    }

    /// A bar for each queue, as high as there are packets in its rings: to see where they are, and to choose another queue.
    fn bars(&mut self) {
        let Some((height, foot)) = self.bars_height() else { return };
        let queues = self.timeline.queues;
        let counts: Vec<f64> = (0..queues)
            .map(|queue| {
                let [tx, rx] = [Ring::Tx, Ring::Rx].map(|ring| self.pointers(ring, queue));
                tx[2] + tx[3] + rx[3]
            })
            .collect();
        let most = counts.iter().copied().fold(4.0, f64::max);
        for (queue, count) in (0..).zip(counts) {
            let (x, w) = (self.left() + f64::from(queue) * BAR.0, BAR.0 - 3.0);
            self.scene.fill(x, foot - 1.0, w, 1.0, Ink::Dim, 1.0);
            let h = ((height - 1.0) * count / most).ceil();
            self.scene.fill(x, foot - 1.0 - h, w, h, Ink::Dma, 0.8);
            if queue == self.queue {
                self.scene.outline(x - 1.5, foot - height - 1.0, w + 3.0, height + 2.0, Ink::Text, 1.0);
            }
            let place = self.timeline.next_place(self.side(), Ring::Tx, queue, self.position);
            let target = PlaceTarget { x: x - 1.5, y: foot - height - 1.0, w: BAR.0, h: height + 2.0, place };
            self.scene.places.push(target);
        }
    }
}
