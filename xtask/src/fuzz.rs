//! `fuzz`: runs the fuzz targets of `fuzz/` for a while, with cargo-fuzz and the toolchain of everything else.

use std::fs;

use anyhow::{Context, Result};
use clap::ValueEnum;

use crate::sh;
use crate::tools::Toolbox;

/// A fuzz target.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Any frames at any times, into the stack over both schemes
    FrameInput,
    /// Any bytes in any chunks, into the capture reader
    CaptureReader,
}

impl Target {
    /// Its program's name, which is also the folder of its seeds.
    fn name(self) -> &'static str {
        match self {
            Target::FrameInput => "frame_input",
            Target::CaptureReader => "capture_reader",
        }
    }
}

/// Runs each of the targets, or all, for so many seconds, from the committed seeds and from what earlier runs found.
pub(crate) fn fuzz(tools: &mut Toolbox, seconds: u32, targets: &[Target]) -> Result<()> {
    tools.cargo_fuzz()?;
    for target in Target::value_variants() {
        if !targets.is_empty() && !targets.contains(target) {
            continue;
        }
        let name = target.name();
        // The first folder is where the fuzzer keeps inputs that reach something new.
        let found = tools.target.join("fuzz-corpus").join(name);
        fs::create_dir_all(&found).with_context(|| format!("cannot create {}", found.display()))?;
        // The crate has no unsafe code for a sanitizer to watch, and without one the stable compiler will do.
        let mut command = tools.cargo(["fuzz", "run", "--sanitizer", "none", "--target-dir"]);
        command.arg(tools.target.join("fuzz")).arg(name).arg(&found);
        command.arg(tools.root.join("fuzz/seeds").join(name));
        command.args(["--", &format!("-max_total_time={seconds}"), "-max_len=16384", "-timeout=20"]);
        command.args(["-print_final_stats=1", "-rss_limit_mb=2048"]);
        // What the fuzzer needs of the compiler has no stable option.
        sh::run(command.env("RUSTC_BOOTSTRAP", "1"))?;
    }
    Ok(())
}
