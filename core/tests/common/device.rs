//! smoltcp's device, where smoltcp is the other host: what has arrived for it, and what it has sent.

use std::collections::VecDeque;

use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

/// One end of a link: Ethernet frames, or bare IP packets.
pub(crate) struct Wire {
    medium: Medium,
    pub(crate) received: VecDeque<Vec<u8>>,
    pub(crate) sent: Vec<Vec<u8>>,
}

impl Wire {
    pub(crate) fn new(medium: Medium) -> Self {
        Self { medium, received: VecDeque::new(), sent: Vec::new() }
    }
}

pub(crate) struct Received(Vec<u8>);
pub(crate) struct Sent<'a>(&'a mut Vec<Vec<u8>>);

impl phy::RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, f: F) -> R {
        f(&self.0)
    }
}

impl phy::TxToken for Sent<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, len: usize, f: F) -> R {
        let mut frame = vec![0; len];
        let result = f(&mut frame);
        self.0.push(frame);
        result
    }
}

impl Device for Wire {
    type RxToken<'a> = Received;
    type TxToken<'a> = Sent<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received, Sent<'_>)> {
        Some((Received(self.received.pop_front()?), Sent(&mut self.sent)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sent<'_>> {
        Some(Sent(&mut self.sent))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = self.medium;
        // smoltcp counts the link's header, of which bare IP has none.
        capabilities.max_transmission_unit = if self.medium == Medium::Ethernet { 1514 } else { 1500 };
        capabilities
    }
}

/// The simulated time as smoltcp has it: whole microseconds.
pub(crate) fn instant(now: u64) -> Instant {
    Instant::from_micros((now / 1_000) as i64)
}
