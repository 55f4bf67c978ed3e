//! A tap that catches the frame that is wanted, or writes all into a file; clones share what was caught.

use std::cell::RefCell;
use std::rc::Rc;

use snapstack::sim::Tap;
use snapstack::traffic::capture::{ETHERNET, PcapngWriter};

#[derive(Default)]
struct Caught {
    /// The packet whose frame is wanted.
    wanted: Option<u32>,
    frame: Option<Vec<u8>>,
    file: Option<PcapngWriter>,
}

/// The tap.
#[derive(Clone, Default)]
pub(super) struct Catcher(Rc<RefCell<Caught>>);

impl Catcher {
    /// A tap that writes all frames into a file, as `interface`.
    pub(super) fn to_file(interface: &str) -> Self {
        let catcher = Self::default();
        let mut writer = PcapngWriter::new();
        writer.interface(ETHERNET, interface);
        catcher.0.borrow_mut().file = Some(writer);
        catcher
    }

    /// From now on this packet's frame is wanted, or none.
    pub(super) fn want(&self, packet: Option<u32>) {
        let mut caught = self.0.borrow_mut();
        (caught.wanted, caught.frame) = (packet, None);
    }

    /// The frame that was caught.
    pub(super) fn take(&self) -> Option<Vec<u8>> {
        self.0.borrow_mut().frame.take()
    }

    /// The file so far.
    pub(super) fn file(&self) -> Vec<u8> {
        self.0.borrow().file.as_ref().map(|file| file.bytes().to_vec()).unwrap_or_default()
    }

    fn see(&self, packet: u32, frame: &[u8]) {
        let mut caught = self.0.borrow_mut();
        if caught.wanted == Some(packet) && caught.frame.is_none() {
            caught.frame = Some(frame.to_vec());
        }
    }
}

impl Tap for Catcher {
    fn frame(&mut self, time_ns: u64, _from_peer: bool, packet: u32, frame: &[u8]) {
        self.see(packet, frame);
        if let Some(file) = &mut self.0.borrow_mut().file {
            // No frame of a run is longer than a capture's packet may be.
            let _ = file.packet(0, time_ns, frame);
        }
    }

    fn arrival(&mut self, _time_ns: u64, packet: u32, frame: &[u8]) {
        self.see(packet, frame);
    }
}
