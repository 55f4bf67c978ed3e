//! `build`: the page as it is published, in dist/, for any static host and any path on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::files::Listing;
use crate::tools::Toolbox;
use crate::{files, names, publish, sh};

/// The features are those that rustc 1.91 and later turn on for
/// `wasm32-unknown-unknown`, and the SIMD of .cargo/config.toml.
const WASM_OPT: &[&str] = &[
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-call-indirect-overlong",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Builds the page into dist/, optimises its wasm where wasm-opt can be had, and lists its files.
pub(crate) fn build(tools: &mut Toolbox, public_url: &str) -> Result<Listing> {
    needs(tools)?;
    let optimiser = tools.wasm_opt();
    let dist = dist(tools);
    sh::run(
        trunk(tools, "build").arg("--release").arg("--dist").arg(&dist).args(["--public-url", public_url]),
    )?;
    if let Ok(program) = &optimiser {
        optimise(program, &dist)?;
    }
    names::shorten(&dist)?;
    publish::tighten_styles(&dist)?;
    publish::name_later(&dist)?;
    publish::add_to_head(&dist)?;
    let listing = files::list(&dist)?;
    publish::add_worker(&dist, &listing)?;
    println!("\nThe page is in {}; copy the folder to any static host.", dist.display());
    if let Err(reason) = optimiser {
        println!(
            "\nWARNING: built WITHOUT the optimiser wasm-opt, so it is larger and slower than it could be.\n{reason}"
        );
    }
    Ok(listing)
}

/// Folder of the built page.
pub(crate) fn dist(tools: &Toolbox) -> PathBuf {
    tools.root.join("dist")
}

/// Installs what Trunk needs to build the page.
pub(crate) fn needs(tools: &mut Toolbox) -> Result<()> {
    tools.wasm_target()?;
    tools.trunk()?;
    tools.wasm_bindgen()
}

/// A Trunk command that asks nobody for newer versions of itself.
pub(crate) fn trunk(tools: &Toolbox, command: &str) -> Command {
    let mut trunk = tools.command("trunk");
    trunk.arg(command).env("TRUNK_SKIP_VERSION_CHECK", "true");
    // Trunk 0.21 takes only "true" and "false" here, and refuses to start on the customary NO_COLOR=1.
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        trunk.env("NO_COLOR", "true");
    }
    trunk
}

/// Runs wasm-opt over each module in place: for size over the first, which everybody waits for, and for speed over the others.
///
/// Not left to Trunk, which would refuse to build where wasm-opt is missing; nothing in the page depends on the
/// modules' bytes, as Trunk.toml turns integrity hashes off.
fn optimise(program: &Path, dist: &Path) -> Result<()> {
    for entry in fs::read_dir(dist).context("cannot list the built page")? {
        let wasm = entry?.path();
        if wasm.extension().is_none_or(|extension| extension != "wasm") {
            continue;
        }
        let smaller = wasm.with_extension("wasm-opt");
        let before = fs::metadata(&wasm)?.len();
        let start = Instant::now();
        let first = wasm.file_name().is_some_and(|name| name.to_string_lossy().starts_with("snapstack-web"));
        let aims: &[&str] = if first { &["-Oz", "--converge"] } else { &["-O3"] };
        sh::run(Command::new(program).args(aims).args(WASM_OPT).arg(&wasm).arg("-o").arg(&smaller))?;
        fs::rename(&smaller, &wasm).context("cannot replace the module by its optimised form")?;
        let after = fs::metadata(&wasm)?.len();
        println!("wasm-opt: {before} to {after} bytes in {}", sh::seconds(start.elapsed()));
    }
    Ok(())
}
