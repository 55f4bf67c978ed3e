//! The frames that the tests recorded, as tshark sees them: none may be malformed, no checksum may be wrong.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context, Result, bail};

use crate::sh;
use crate::tools::Toolbox;

/// What may not be in a frame of ours.
const BAD: &str = "_ws.malformed || _ws.expert.severity == error || ip.checksum.status == 0 \
                   || tcp.checksum.status == 0 || udp.checksum.status == 0 \
                   || icmp.checksum.status == 0 || icmpv6.checksum.status == 0";
/// Answers to hostile frames quote them, and tshark looks into the quote.
const ICMP_ERROR: &str = "icmp.type in {3,11,12} || icmpv6.type in {1..4}";
/// Payloads are random bytes: no protocol is to be looked for in them.
const PAYLOADS: [&str; 2] = ["tcp.port==1-65535,data", "udp.port==1-65535,data"];
/// tshark verifies checksums only where it is asked to. What it says about the order of TCP segments is never more than a
/// warning, of which the tests' lossy links give many, and takes most of its time.
const SETTINGS: [&str; 7] = [
    "ip.check_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "tcp.analyze_sequence_numbers:FALSE",
    "tcp.calculate_timestamps:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "tcp.track_bytes_in_flight:FALSE",
];

/// Where the tests leave their frames.
fn folder(tools: &Toolbox) -> PathBuf {
    tools.target.join("tmp/frames")
}

/// Removes what earlier runs have recorded.
pub(crate) fn forget(tools: &Toolbox) -> Result<()> {
    let folder = folder(tools);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

/// Shows all recorded frames to tshark; says so where there is none.
pub(crate) fn judge(tools: &Toolbox) -> Result<()> {
    if sh::which("tshark").is_none() {
        println!("skipped: tshark is not installed; the frames are in {}", folder(tools).display());
        return Ok(());
    }
    let captures = captures(&folder(tools))?;
    if captures.is_empty() {
        bail!("the tests have recorded no frames; run `cargo xtask test --only native` first");
    }
    let (next, problems) = (Mutex::new(captures.iter()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    // A statement of its own: in the head of the loop, the lock would be held while tshark looks.
                    let capture = lock(&next).next();
                    let Some((_, capture)) = capture else { break };
                    if let Err(problem) = look(tools, capture) {
                        lock(&problems).push(format!("{problem:#}"));
                    }
                }
            });
        }
    });
    let problems = problems.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    let bytes: u64 = captures.iter().map(|(bytes, _)| bytes).sum();
    println!("tshark has nothing against {} MB of frames of {} tests", bytes >> 20, captures.len());
    Ok(())
}

/// A thread that panicked has spoilt nothing that is kept behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The captures of a folder with their bytes, the largest first: whoever takes the next one then never ends much later than
/// the others.
fn captures(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut captures = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pcapng") {
            let bytes = path.metadata().with_context(|| format!("cannot look at {}", path.display()))?.len();
            captures.push((bytes, path));
        }
    }
    captures.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    Ok(captures)
}

/// Errors when tshark objects to a frame.
fn look(tools: &Toolbox, capture: &Path) -> Result<()> {
    let output = tshark(tools, capture).output().context("cannot start tshark")?;
    let found = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        bail!("tshark cannot read {}: {}", capture.display(), String::from_utf8_lossy(&output.stderr).trim());
    }
    if !found.is_empty() {
        let some: Vec<_> = found.lines().take(5).collect();
        let count = found.lines().count();
        bail!("tshark objects to {count} frames in {}:\n{}", capture.display(), some.join("\n"));
    }
    Ok(())
}

fn tshark(tools: &Toolbox, capture: &Path) -> Command {
    let mut tshark = tools.command("tshark");
    tshark.arg("-n").arg("-r").arg(capture).args(["-Y", &filter(capture)]);
    for payload in PAYLOADS {
        tshark.args(["-d", payload]);
    }
    for setting in SETTINGS {
        tshark.args(["-o", setting]);
    }
    tshark
}

fn filter(capture: &Path) -> String {
    let hostile = capture.file_name().is_some_and(|name| name.to_string_lossy().contains(".hostile."));
    if hostile { format!("({BAD}) && !({ICMP_ERROR})") } else { BAD.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_answers_to_hostile_frames_may_quote_bad_ones() {
        assert_eq!(filter(Path::new("frames/stack.pairs.x.pcapng")), BAD);
        let hostile = filter(Path::new("frames/stack.hostile.x.pcapng"));
        assert!(hostile.contains(BAD) && hostile.contains(ICMP_ERROR));
    }

    #[test]
    fn captures_are_found_with_the_largest_first_and_nothing_else_is() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("snapstack-frames-{}", std::process::id()));
        assert!(captures(&folder)?.is_empty(), "a folder that is not there has none");
        fs::create_dir_all(&folder)?;
        for (name, bytes) in [("b.pcapng", "1"), ("a.pcapng", "1"), ("c.pcapng", "22"), ("notes.txt", "333")]
        {
            fs::write(folder.join(name), bytes)?;
        }
        let found = captures(&folder)?;
        fs::remove_dir_all(&folder)?;
        let expected = [(2, "c.pcapng"), (1, "a.pcapng"), (1, "b.pcapng")];
        assert_eq!(found, expected.map(|(bytes, name)| (bytes, folder.join(name))));
        Ok(())
    }
}
