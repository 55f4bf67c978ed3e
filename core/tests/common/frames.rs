//! The frames that our side sends in tests. Each is checked as it is sent, before a link's faults, and written as pcapng
//! into `frames/` of the tests' folder for temporary files: one file a test, which `cargo xtask test --only frames` shows to
//! tshark. Runs that are many times as long as usual (`SNAPSTACK_SOAK`) write none.

mod verify;

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

use snapstack::traffic::capture::PcapngWriter;

pub(crate) use verify::verify;

/// Bytes that are collected before they are written.
const BATCH: usize = 1 << 20;

static SOAKING: LazyLock<bool> = LazyLock::new(|| std::env::var_os("SNAPSTACK_SOAK").is_some());

/// The file of the test that runs on this thread.
struct Recording {
    file: File,
    writer: PcapngWriter,
    /// Link types of the interfaces so far.
    link_types: Vec<u16>,
}

thread_local! {
    static RECORDING: RefCell<Option<Recording>> = const { RefCell::new(None) };
}

/// The file of the test of that name.
pub(crate) fn path(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("frames");
    folder.join(format!("{}.{}.pcapng", env!("CARGO_CRATE_NAME"), test.replace("::", ".")))
}

impl Recording {
    fn open() -> Self {
        let path = path(std::thread::current().name().unwrap_or("unnamed"));
        fs::create_dir_all(path.with_file_name("")).expect("a folder for frames");
        let file = File::create(path).expect("a file for frames");
        Self { file, writer: PcapngWriter::new(), link_types: Vec::new() }
    }

    fn record(&mut self, link_type: u16, now: u64, frame: &[u8]) {
        let interface = self.link_types.iter().position(|known| *known == link_type).unwrap_or_else(|| {
            self.link_types.push(link_type);
            self.writer.interface(link_type, env!("CARGO_CRATE_NAME")) as usize
        });
        self.writer.packet(interface as u32, now, frame).expect("a frame that a NIC can send");
        if self.writer.bytes().len() >= BATCH {
            self.flush().expect("room for frames");
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.write_all(self.writer.bytes())?;
        self.writer.clear();
        Ok(())
    }
}

/// A test's thread is joined after what belongs to it was dropped: so nothing stays unwritten.
impl Drop for Recording {
    fn drop(&mut self) {
        let flushed = self.flush();
        // Of a test that has failed, the first message counts.
        if !std::thread::panicking() {
            flushed.expect("room for frames");
        }
    }
}

/// Our side sends this.
///
/// # Panics
/// When a peer would find something wrong with it; see [`verify`].
pub(crate) fn record(link_type: u16, now: u64, frame: &[u8]) {
    if let Err(problem) = verify(link_type, frame) {
        panic!("a frame at {now} ns that no peer would take: {problem}: {frame:02x?}");
    }
    if *SOAKING {
        return;
    }
    RECORDING.with_borrow_mut(|recording| {
        recording.get_or_insert_with(Recording::open).record(link_type, now, frame);
    });
}
