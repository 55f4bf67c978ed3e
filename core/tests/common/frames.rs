//! The frames that our side sends in tests, as pcapng in `frames/` of the tests' folder for temporary files: one file a
//! test, which `cargo xtask test --only frames` shows to tshark. They are recorded as they are sent, before a link's faults.
//!
//! A sample where a test sends a lot, so that looking at them takes seconds: the first [`CASE_BYTES`] of each case, and
//! [`TEST_BYTES`] of each test.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use snapstack::traffic::capture::PcapngWriter;

/// Bytes that are written of one case, from its beginning.
const CASE_BYTES: usize = 256 << 10;
/// Bytes that are written of one test.
const TEST_BYTES: usize = 4 << 20;

/// The file of the test that runs on this thread.
struct Recording {
    file: File,
    writer: PcapngWriter,
    /// Link types of the interfaces so far.
    link_types: Vec<u16>,
    case: usize,
    test: usize,
}

thread_local! {
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

impl Recording {
    fn open() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("frames");
        fs::create_dir_all(&folder).expect("a folder for frames");
        let test = std::thread::current().name().unwrap_or("unnamed").replace("::", ".");
        let path = folder.join(format!("{}.{test}.pcapng", env!("CARGO_CRATE_NAME")));
        let file = File::create(path).expect("a file for frames");
        Self { file, writer: PcapngWriter::new(), link_types: Vec::new(), case: 0, test: 0 }
    }

    fn record(&mut self, link_type: u16, now: u64, frame: &[u8]) {
        if self.case >= CASE_BYTES || self.test >= TEST_BYTES {
            return;
        }
        let interface = self.link_types.iter().position(|known| *known == link_type).unwrap_or_else(|| {
            self.link_types.push(link_type);
            self.writer.interface(link_type, env!("CARGO_CRATE_NAME")) as usize
        });
        self.writer.packet(interface as u32, now, frame).expect("a frame that a NIC can send");
        // Written at once: nothing may be left over in memory when a test's thread ends.
        self.file.write_all(self.writer.bytes()).expect("room for frames");
        self.writer.clear();
        self.case += frame.len();
        self.test += frame.len();
    }
}

/// Another case of the same test begins.
pub(crate) fn begin() {
    RECORDING.with_borrow_mut(|recording| {
        if let Some(recording) = recording {
            recording.case = 0;
        }
    });
}

/// Our side sends this.
pub(crate) fn record(link_type: u16, now: u64, frame: &[u8]) {
    RECORDING.with_borrow_mut(|recording| {
        recording.get_or_insert_with(Recording::open).record(link_type, now, frame);
    });
}
