//! The rings around their pointers.

use super::super::{Ink, PlaceTarget};
use super::Artist;
use super::layout::{RX, TX};
use crate::timeline::{Place, Ring};

const PITCH: f64 = 13.0;
const SLOT: (f64, f64) = (10.0, 14.0);

impl Artist<'_> {
    pub(super) fn rings(&mut self) {
        let (timeline, side, position) = (self.timeline, self.side(), self.position);
        let pointers = |ring| timeline.pointers(side, ring, position).unwrap_or_default().map(f64::from);
        let (tx, rx) = (pointers(Ring::Tx), pointers(Ring::Rx));
        self.tx(tx);
        self.rx(rx);
    }

    /// The first slot of a window that moves by half its width, so that slots stand still while they fill; and how many fit.
    fn window(&self, next: f64) -> (f64, f64) {
        let x0 = self.layout.gutter + 4.0;
        let slots = ((self.layout.content_right() - x0) / PITCH).floor().max(4.0);
        let half = (slots / 2.0).floor();
        ((next / half).floor() * half - 2.0, slots)
    }

    /// Makes a slot, named by an ID that goes on where the ring begins anew, one that can be selected; and shows it if it is.
    fn slot(&mut self, ring: Ring, id: f64, (x, top): (f64, f64), [linked, holding]: [(u32, u32); 2]) {
        let side = self.side();
        let slots = self.timeline.slots;
        let number = (id - f64::from(self.timeline.base(side, ring))).rem_euclid(f64::from(slots)) as u32;
        let (w, h) = SLOT;
        let place = Place::Slot { side, ring, slot: number };
        self.scene.places.push(PlaceTarget { x: x - 1.5, y: top - 2.0, w: PITCH, h: h + 4.0, place });
        if self.view.passing.is_some()
            && let Some(packet) = self.timeline.slot(side, ring, number, self.position).packet
            && !self.passes(packet)
        {
            self.scene.fill(x - 1.5, top - 1.5, w + 3.0, h + 3.0, Ink::Ground, 0.8);
        }
        let among = |(first, count): (u32, u32)| (number + slots - first) % slots < count;
        if among(linked) || among(holding) {
            let width = if among(linked) { 2.0 } else { 1.5 };
            self.scene.outline(x - 2.5, top - 3.0, w + 5.0, h + 6.0, Ink::Text, width);
        }
        if among(linked) {
            self.scene.fill(x - 2.5, top + h + 5.0, w + 5.0, 2.0, Ink::Text, 1.0);
        }
    }

    /// Says which slot is selected where it lies beyond those that are drawn, from an ID on.
    fn beyond(
        &mut self,
        ring: Ring,
        (first, count): (f64, f64),
        at: (f64, f64),
        [(slot, some), _]: [(u32, u32); 2],
    ) {
        let from = first - f64::from(self.timeline.base(self.side(), ring));
        let distance = (f64::from(slot) - from).rem_euclid(f64::from(self.timeline.slots));
        if some > 0 && distance >= count && !self.layout.compact {
            self.scene.text(at, -1, Ink::Text, 10.0, format!("slot {slot} is selected, beyond these"));
        }
    }

    /// The slots of a ring that are selected, or stand for one that is in the other lane, and those that hold the selected
    /// packet: the first, and how many.
    fn shown(&self, ring: Ring) -> [(u32, u32); 2] {
        let (timeline, side, position) = (self.timeline, self.side(), self.position);
        let linked = self.view.place.and_then(|place| timeline.linked(side, place, position));
        let holding = self.view.selected.and_then(|packet| {
            let slots = timeline.slots_of(side, packet)?;
            let holds = timeline.slot(side, slots.0, slots.1, position).packet == Some(packet);
            holds.then_some(slots)
        });
        [linked, holding].map(|slots| match slots {
            Some((of, first, count)) if of == ring => (first, count),
            _ => (0, 0),
        })
    }

    /// What the pointers of the lane's rings hold.
    fn unit(&self) -> &'static str {
        if self.reference() { "segment" } else { "descriptor" }
    }

    fn tx(&mut self, [head, tail, owned, unposted]: [f64; 4]) {
        let (x0, y) = (self.layout.gutter + 4.0, self.layout.rows[TX]);
        let reference = self.reference();
        let busy = owned + unposted;
        let next = tail + 1.0;
        let (first, slots) = self.window(next);
        let shown = self.shown(Ring::Tx);
        for i in 0..slots as u32 {
            let slot = first + f64::from(i);
            let (x, top, (w, h)) = (x0 + f64::from(i) * PITCH, y - SLOT.1 / 2.0, SLOT);
            let distance = slot - next;
            let (ink, width) = if (0.0..owned).contains(&distance) {
                self.scene.fill(x, top, w, h, Ink::Dma, 0.3);
                (if reference { Ink::Reference } else { Ink::Dma }, 1.5)
            } else if (owned..busy).contains(&distance) {
                (if reference { Ink::Reference } else { Ink::Dim }, 1.5)
            } else {
                (Ink::Faint, 1.0)
            };
            self.scene.outline(x, top, w, h, ink, width);
            self.slot(Ring::Tx, slot, (x, top), shown);
        }
        self.beyond(Ring::Tx, (first, slots), (x0, y - 11.0), shown);
        if self.layout.compact || tail + head == 0.0 {
            return;
        }
        let label = |slot: f64| x0 + (slot - first) * PITCH + 5.0;
        let (tail_x, head_x) = (label(tail), label(next + owned));
        let right = self.layout.content_right();
        let unit = self.unit();
        let tail_x = tail_x.clamp(x0 + 50.0, (right - 168.0).max(x0 + 50.0));
        self.scene.text((tail_x, y + 22.0), 0, Ink::Dim, 10.0, format!("Tail: {unit} {tail}"));
        let head_x = head_x.clamp(tail_x + 114.0, (right - 54.0).max(tail_x + 114.0));
        self.scene.text((head_x, y + 22.0), 0, Ink::Dim, 10.0, format!("Head: {unit} {head}"));
        if unposted > 0.0 && owned == 0.0 {
            let text = format!("{unposted} filled, doorbell not rung");
            self.scene.text((right, y - 11.0), 1, Ink::Dim, 10.0, text);
        } else if owned > 0.0 {
            self.scene.text((right, y - 11.0), 1, Ink::Dma, 10.0, format!("{owned} posted"));
        }
    }

    fn rx(&mut self, [head, tail, owned, waiting]: [f64; 4]) {
        let (x0, y) = (self.layout.gutter + 4.0, self.layout.rows[RX]);
        let reference = self.reference();
        let next = tail + 1.0;
        let (first, slots) = self.window(next);
        let shown = self.shown(Ring::Rx);
        for i in 0..slots as u32 {
            let slot = first + f64::from(i);
            let (x, top, (w, h)) = (x0 + f64::from(i) * PITCH, y - SLOT.1 / 2.0, SLOT);
            let distance = slot - next;
            if (-waiting..0.0).contains(&distance) {
                self.scene.fill(x, top, w, h, Ink::Dma, 0.3);
                let ink = if reference { Ink::Reference } else { Ink::Dma };
                self.scene.outline(x, top, w, h, ink, 1.5);
            } else if (0.0..owned).contains(&distance) {
                // Granted: the NIC may fill it. In a conventional ring a whole buffer waits there.
                if reference {
                    self.scene.outline(x, top, w, h, Ink::Hair, 1.0);
                } else {
                    self.scene.fill(x, top, w, h, Ink::Allocation, 0.16);
                    self.scene.outline(x, top, w, h, Ink::Hair, 1.0);
                }
            } else {
                self.scene.outline(x, top, w, h, Ink::Faint, 1.0);
            }
            self.slot(Ring::Rx, slot, (x, top), shown);
        }
        self.beyond(Ring::Rx, (first, slots), (x0, y + 18.0), shown);
        if self.layout.compact || head + tail == 0.0 {
            return;
        }
        let right = self.layout.content_right();
        let what = if reference { "granted, empty" } else { "granted, a buffer in each" };
        let text = if waiting > 0.0 {
            format!("{waiting} filled · {owned} {what}")
        } else {
            format!("{owned} {what}")
        };
        self.scene.text((right, y + 18.0), 1, Ink::Dim, 10.0, text);
    }
}
