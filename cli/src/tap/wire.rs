//! The TAP device, with the faults that are injected on our side of it, and the capture of what passes.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use snapstack::nic::{Faults, Link, LinkConfig, LinkCounts};
use snapstack::traffic::capture::{ETHERNET, PcapngWriter};
use tun_rs::{DeviceBuilder, Layer, SyncDevice};

/// Longest frame that is read; the device's MTU is 1,500.
const MAX_FRAME: usize = 2048;
/// Longest sleep, so that a signal that comes just before it is not missed for long.
const MAX_WAIT: u64 = 100_000_000;

/// The device and what lies between it and the stack.
pub(super) struct Wire {
    device: SyncDevice,
    /// From the device to the stack, and back.
    links: [Link; 2],
    capture: Option<Capture>,
    buffer: Box<[u8; MAX_FRAME]>,
    /// Frames that the device did not take.
    refused: u64,
}

impl Wire {
    pub(super) fn open(
        name: &str,
        faults: Faults,
        [latency_ns, reorder_ns]: [u64; 2],
        seed: u64,
        pcapng: Option<&Path>,
    ) -> Result<Self, String> {
        let device = DeviceBuilder::new().name(name).layer(Layer::L2).build_sync().map_err(|e| {
            format!(
                "the TAP device {name} cannot be opened ({e}). It needs /dev/net/tun and the right to use it."
            )
        })?;
        device.set_nonblocking(true).map_err(|e| format!("{name}: {e}"))?;
        let link = |seed| {
            let bits_per_s = 100_000_000_000;
            Link::new(LinkConfig { bits_per_s, latency_ns, reorder_ns, faults, seed })
        };
        let capture = pcapng.map(|path| Capture::create(path, name)).transpose()?;
        Ok(Self {
            device,
            links: [link(seed), link(!seed)],
            capture,
            buffer: Box::new([0; MAX_FRAME]),
            refused: 0,
        })
    }

    /// The next frame for the stack.
    pub(super) fn receive(&mut self, now: u64) -> Result<Option<Arc<Vec<u8>>>, String> {
        loop {
            match self.device.recv(&mut self.buffer[..]) {
                Ok(len) => {
                    let frame = &self.buffer[..len];
                    record(&mut self.capture, frame)?;
                    self.links[0].send(now, frame);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(format!("the TAP device cannot be read: {error}")),
            }
            if self.links[0].next_time().is_some_and(|time| time <= now) {
                break;
            }
        }
        // A link sends no faster than its rate: what it has this instant counts as arrived.
        Ok(self.links[0].receive(now + 1_000))
    }

    /// The stack puts a frame on the wire.
    pub(super) fn send(&mut self, now: u64, frame: &[u8]) {
        self.links[1].send(now, frame);
    }

    /// Gives the device what has arrived there.
    pub(super) fn flush(&mut self, now: u64) -> Result<(), String> {
        while let Some(frame) = self.links[1].receive(now + 1_000) {
            record(&mut self.capture, &frame)?;
            match self.device.send(&frame) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(error.to_string()),
                // A full queue, or a device that is not up: a loss as on any wire.
                Err(_) => self.refused += 1,
            }
        }
        Ok(())
    }

    pub(super) fn next_time(&self) -> Option<u64> {
        self.links.iter().filter_map(Link::next_time).min()
    }

    /// Sleeps until the device has a frame, or for `time` nanoseconds.
    pub(super) fn wait(&self, time: Option<u64>) -> Result<(), String> {
        let time = time.unwrap_or(MAX_WAIT).min(MAX_WAIT);
        if time == 0 {
            return Ok(());
        }
        let mut fds = [PollFd::new(&self.device, PollFlags::IN)];
        let timeout = Timespec { tv_sec: 0, tv_nsec: time as _ };
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) => Ok(()),
            Err(error) if error == rustix::io::Errno::INTR => Ok(()),
            Err(error) => Err(format!("waiting for the TAP device failed: {error}")),
        }
    }

    /// What the links did, from and to the device.
    pub(super) fn counts(&self) -> [LinkCounts; 2] {
        self.links.each_ref().map(Link::counts)
    }

    /// Frames that the device did not take.
    pub(super) fn refused(&self) -> u64 {
        self.refused
    }

    /// Completes the capture.
    pub(super) fn finish(self) -> Result<(), String> {
        self.capture.map_or(Ok(()), Capture::finish)
    }
}

/// The capture of what passes the device.
struct Capture {
    path: PathBuf,
    file: BufWriter<File>,
    writer: PcapngWriter,
}

impl Capture {
    fn create(path: &Path, device: &str) -> Result<Self, String> {
        let problem = |e: std::io::Error| format!("{} cannot be written ({e}).", path.display());
        let mut file = BufWriter::new(File::create(path).map_err(problem)?);
        let mut writer = PcapngWriter::new();
        writer.interface(ETHERNET, device);
        file.write_all(writer.bytes()).map_err(problem)?;
        Ok(Self { path: path.to_owned(), file, writer })
    }

    fn record(&mut self, frame: &[u8]) -> Result<(), String> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        let time = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        self.writer.clear();
        self.writer.packet(0, time, frame).map_err(|e| self.problem(&e))?;
        self.file.write_all(self.writer.bytes()).map_err(|e| self.problem(&e))
    }

    fn finish(mut self) -> Result<(), String> {
        self.file.flush().map_err(|e| self.problem(&e))
    }

    fn problem(&self, error: &dyn std::error::Error) -> String {
        format!("{} cannot be written ({error}).", self.path.display())
    }
}

fn record(capture: &mut Option<Capture>, frame: &[u8]) -> Result<(), String> {
    capture.as_mut().map_or(Ok(()), |capture| capture.record(frame))
}
