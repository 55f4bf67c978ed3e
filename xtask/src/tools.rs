//! The tools the commands need: where each is looked for, and which version is wanted.
//!
//! A tool of the right version on the `PATH` is used as it is; next comes the cache, a folder outside the checkout
//! with one folder per tool and version, so that a second checkout installs nothing; what is in neither is installed
//! into the cache (see [`crate::install`]).

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{install, sh};

/// Builds the page from index.html.
const TRUNK: &str = "0.21.14";

/// The release of binaryen whose wasm-opt makes the published page smaller and faster.
const BINARYEN: &str = "123";

/// Finds what keeps people from using a page; run by the tests of the whole page, never part of it.
const AXE: &str = "4.14.1";

/// Runs the fuzz targets.
const CARGO_FUZZ: &str = "0.13.2";

/// The target of everything that runs in the browser.
pub(crate) const WASM: &str = "wasm32-unknown-unknown";

/// The checkout, the cache, and the tools found so far.
pub(crate) struct Toolbox {
    /// Top folder of the checkout.
    pub(crate) root: PathBuf,
    /// Cargo's target folder.
    pub(crate) target: PathBuf,
    /// Folder with the tools installed by these commands.
    pub(crate) cache: PathBuf,
    path: Vec<PathBuf>,
    vars: Vec<(&'static str, OsString)>,
}

impl Toolbox {
    /// Finds the checkout, its target folder and the cache; looks for no tool yet.
    pub(crate) fn new() -> Result<Toolbox> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").context("run this as `cargo xtask`")?;
        let root = Path::new(&manifest).parent().context("xtask/ has no parent folder")?.to_owned();
        // Cargo ran this very program from <target>/debug, wherever its settings put the target folder.
        let exe = env::current_exe().context("cannot tell where this program lies")?;
        let target = exe.ancestors().nth(2).context("this program lies in no target folder")?.to_owned();
        Ok(Toolbox { root, target, cache: cache_dir()?, path: Vec::new(), vars: Vec::new() })
    }

    /// A command that runs in the checkout and sees the tools found so far.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let inherited = env::var_os("PATH").unwrap_or_default();
        let path = self.path.iter().cloned().chain(env::split_paths(&inherited));
        command.current_dir(&self.root).envs(self.vars.iter().map(|(key, value)| (key, value)));
        if let Ok(path) = env::join_paths(path) {
            command.env("PATH", path);
        }
        command
    }

    /// `cargo` with these arguments.
    pub(crate) fn cargo<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = self.command("cargo");
        command.args(args);
        command
    }

    /// Makes sure that the formatter and the linter are there.
    pub(crate) fn components(&mut self) -> Result<()> {
        for (component, probe) in [("rustfmt", "fmt"), ("clippy", "clippy")] {
            if sh::output(&mut self.cargo([probe, "--version"])).is_none() {
                install::timed(component, || {
                    install::or_name(self.command("rustup").args(["component", "add", component]))
                })?;
            }
        }
        Ok(())
    }

    /// Makes sure that the standard library for wasm is there.
    pub(crate) fn wasm_target(&mut self) -> Result<()> {
        let libs = sh::output(self.command("rustc").args(["--print", "target-libdir", "--target", WASM]));
        if libs.is_some_and(|dir| Path::new(&dir).is_dir()) {
            return Ok(());
        }
        install::timed(WASM, || install::or_name(self.command("rustup").args(["target", "add", WASM])))
    }

    /// Makes sure that Trunk is there.
    pub(crate) fn trunk(&mut self) -> Result<()> {
        self.cargo_tool("trunk", "trunk", TRUNK)
    }

    /// Makes sure that cargo-fuzz is there.
    pub(crate) fn cargo_fuzz(&mut self) -> Result<()> {
        self.cargo_tool("cargo-fuzz", "cargo-fuzz", CARGO_FUZZ)
    }

    /// Makes sure that wasm-bindgen and its test runner are there, in exactly the version of the library in use.
    pub(crate) fn wasm_bindgen(&mut self) -> Result<()> {
        let lock = fs::read_to_string(self.root.join("Cargo.lock")).context("cannot read Cargo.lock")?;
        let version = locked_version(&lock, "wasm-bindgen").context("Cargo.lock names no wasm-bindgen")?;
        self.cargo_tool("wasm-bindgen-cli", "wasm-bindgen", version)?;
        // Tests that wait for the simulation take longer than the runner's default of 20 seconds.
        self.var("WASM_BINDGEN_TEST_TIMEOUT", "300");
        self.var("WASM_BINDGEN_USE_BROWSER", "1");
        Ok(())
    }

    /// Path of wasm-opt, installed where possible; the reason as text where it is not.
    pub(crate) fn wasm_opt(&mut self) -> std::result::Result<PathBuf, String> {
        let cached = self.cache.join(format!("binaryen-{BINARYEN}")).join("node_modules/.bin/wasm-opt");
        let right = |file: &PathBuf| has_version(file, BINARYEN);
        if let Some(found) = sh::which("wasm-opt").filter(right).or(Some(cached.clone()).filter(right)) {
            return Ok(found);
        }
        if sh::which("npm").is_none() {
            return Err(format!(
                "wasm-opt {BINARYEN} is not on the PATH and there is no npm to install it with; \
                 install binaryen {BINARYEN}, or nodejs and npm"
            ));
        }
        install::timed("wasm-opt", || install::npm(self, "binaryen", BINARYEN))
            .map_err(|error| format!("wasm-opt could not be installed: {error:#}"))?;
        if right(&cached) { Ok(cached) } else { Err("the installed wasm-opt does not run".to_owned()) }
    }

    /// Makes sure that axe-core is there, and tells later commands where, in `SNAPSTACK_AXE`.
    pub(crate) fn axe(&mut self) -> Result<()> {
        let script = self.cache.join(format!("axe-core-{AXE}")).join("node_modules/axe-core/axe.min.js");
        if !script.is_file() {
            install::timed("axe-core", || install::npm(self, "axe-core", AXE))?;
        }
        self.var("SNAPSTACK_AXE", script);
        Ok(())
    }

    /// Sets an environment variable for all commands run from now on.
    pub(crate) fn var(&mut self, key: &'static str, value: impl Into<OsString>) {
        self.vars.push((key, value.into()));
    }

    fn cargo_tool(&mut self, package: &str, program: &str, version: &str) -> Result<()> {
        if sh::which(program).is_some_and(|file| has_version(&file, version)) {
            return Ok(());
        }
        let bin = self.cache.join(format!("{package}-{version}")).join("bin");
        if !has_version(&bin.join(program), version) {
            install::timed(program, || install::cargo(self, package, version))?;
            if !has_version(&bin.join(program), version) {
                bail!("{program} was installed into {} but does not run there", bin.display());
            }
        }
        self.path.push(bin);
        Ok(())
    }
}

/// Whether a program is there and says that it is of this version.
fn has_version(program: &Path, version: &str) -> bool {
    sh::output(Command::new(program).arg("--version"))
        .is_some_and(|text| text.split_whitespace().any(|word| word == version))
}

/// Version of the one package of this name in the text of a Cargo.lock.
fn locked_version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')
}

fn cache_dir() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("SNAPSTACK_CACHE") {
        return std::path::absolute(dir).context("SNAPSTACK_CACHE is no usable path");
    }
    let base = match env::var_os("XDG_CACHE_HOME") {
        Some(dir) => PathBuf::from(dir),
        None => env::home_dir()
            .context("no home folder; set SNAPSTACK_CACHE to a folder for tools")?
            .join(".cache"),
    };
    Ok(base.join("snapstack-tools"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locked_version_reads_the_package_of_exactly_that_name() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.126\"\nsource = \"x\"\n";
        assert_eq!(locked_version(lock, "wasm-bindgen"), Some("0.2.126"));
        assert_eq!(locked_version(lock, "wasm"), None);
    }
}
