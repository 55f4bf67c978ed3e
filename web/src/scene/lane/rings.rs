//! The rings around their pointers.

use super::super::{Ink, Target};
use super::Artist;
use super::layout::{RX, TX};
use snapstack::sim::Stage;

const PITCH: f64 = 13.0;
const SLOT: (f64, f64) = (10.0, 14.0);

impl Artist<'_> {
    pub(super) fn rings(&mut self) {
        let series = &self.timeline.series[self.side() as usize];
        let tx = [0, 1, 2, 3].map(|i| series.tx[i].value(self.position));
        let rx = [0, 1, 2, 3].map(|i| series.rx[i].value(self.position));
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

    fn tx(&mut self, [head, tail, owned, unposted]: [f64; 4]) {
        let (x0, y) = (self.layout.gutter + 4.0, self.layout.rows[TX]);
        let reference = self.reference();
        let busy = owned + unposted;
        let next = tail + 1.0;
        let (first, slots) = self.window(next);
        let packets = self.in_slots();
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
            let packet = packets.get(distance.max(0.0) as usize).copied().filter(|_| distance >= 0.0);
            if let Some(packet) = packet.filter(|packet| distance < busy && !self.passes(*packet)) {
                self.select(packet, (x, top, w, h));
            } else if let Some(packet) = packet.filter(|_| distance < busy) {
                if self.view.selected == Some(packet) {
                    self.scene.outline(x - 3.0, top - 3.0, w + 6.0, h + 6.0, Ink::Text, 1.5);
                }
                self.scene.targets.push(Target { x, y: top, w, h, packet });
            }
        }
        if self.layout.compact || tail + head == 0.0 {
            return;
        }
        let label = |slot: f64| x0 + (slot - first) * PITCH + 5.0;
        let (tail_x, head_x) = (label(tail), label(next + owned));
        let right = self.layout.content_right();
        self.scene.text((tail_x.max(x0 + 20.0), y + 18.0), 0, Ink::Dim, 10.0, format!("Tail {tail}"));
        let head_x = head_x.max(tail_x + 58.0).min(right - 30.0);
        self.scene.text((head_x, y + 18.0), 0, Ink::Dim, 10.0, format!("Head {head}"));
        if unposted > 0.0 && owned == 0.0 {
            let text = format!("{unposted} filled, doorbell not rung");
            self.scene.text((right, y - 11.0), 1, Ink::Dim, 10.0, text);
        } else if owned > 0.0 {
            self.scene.text((right, y - 11.0), 1, Ink::Dma, 10.0, format!("{owned} posted"));
        }
    }

    /// The packets in the TX ring, the NIC's next one first, of a scheme that takes one slot a packet.
    fn in_slots(&self) -> Vec<u32> {
        if !self.reference() {
            return Vec::new();
        }
        let (timeline, side) = (self.timeline, self.side());
        let packets = timeline.in_flight(side, self.position).filter(|packet| {
            let stage = timeline.track(side, *packet).and_then(|track| track.stage(self.position));
            matches!(stage, Some(Stage::Driver | Stage::Doorbell))
        });
        packets.collect()
    }

    fn rx(&mut self, [head, tail, owned, waiting]: [f64; 4]) {
        let (x0, y) = (self.layout.gutter + 4.0, self.layout.rows[RX]);
        let reference = self.reference();
        let next = tail + 1.0;
        let (first, slots) = self.window(next);
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
        }
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
